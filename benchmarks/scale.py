"""A simulation of many long films on AWS: wall time, cost, and calls per second against quotas.

    python -m benchmarks.scale [--films 1000] [--hours 2] [--gpus 1000] [--json FILE]

It plays the events that `template.yaml` makes, with the calls per segment that
`benchmarks.aws_calls` counts. What a GPU renders per second, prices and boot times are
assumptions, printed with the result; quotas are AWS's published defaults for us-east-1.
"""

import argparse
import heapq
import json
import random
from collections import Counter, deque
from dataclasses import asdict, dataclass
from pathlib import Path

QUOTAS = {
    "Batch SubmitJob": (50, "fixed, per account"),
    "EventBridge target invocations": (18_750, "us-east-1, adjustable"),
    "EventBridge PutEvents": (10_000, "us-east-1, adjustable"),
    "DynamoDB writes of one index key (status)": (1_000, "write units per partition"),
    "DynamoDB writes, ledger": (40_000, "write units per table, adjustable"),
    "S3 writes of one prefix": (3_500, "per second and prefix"),
    "S3 reads of one prefix": (5_500, "per second and prefix"),
    "Lambda concurrency": (1_000, "per account, adjustable"),
}
JOB_ROW_UNITS = 3 * 2
"""A write of a job's row of 2 KiB goes to the table, and to its indexes; units on the index key."""


@dataclass(frozen=True)
class Assumed:
    """What the simulation takes for granted."""

    frames_per_s: float
    """Rendered by one GPU."""
    usd_per_gpu_hour: float
    films: int = 1000
    hours: float = 2.0
    source_fps: float = 24.0
    segment_s: float = 30.0
    gpus: int = 1000
    chunkers: int = 100
    chunk_s: float = 180.0
    """Cutting one film: 7 GB read and written at 80 MB/s each."""
    boot_s: float = 240.0
    """Until a new instance renders: boot, image, weights."""
    gpus_per_minute: int = 100
    start_s: float = 15.0
    """A Batch job on a warm instance until it has looked at the rows."""
    warm_s: float = 20.0
    """Loading weights in a job that has a segment to render."""
    reassemble_s: float = 400.0
    go_on_s: float = 3 * 3600.0

    @property
    def segments(self):
        """Segments of one film."""
        return round(self.hours * 3600 / self.segment_s)

    @property
    def render_s(self):
        """One segment on one GPU."""
        return self.segment_s * self.source_fps / self.frames_per_s


class Cloud:
    """Events in time order; per-second counts of the calls that they make."""

    def __init__(self, given):
        self.given = given
        self.now, self.order = 0.0, 0
        self.events = []
        self.calls = {name: Counter() for name in QUOTAS}
        self.waiting = [deque(range(given.segments)) for _ in range(given.films)]
        self.stored = [0] * given.films
        self.left = [given.segments] * given.films
        self.queue, self.idle = deque(), 0
        self.busy_s, self.empty_jobs, self.jobs = 0.0, 0, 0
        self.next_submit = 0.0
        self.chance = random.Random(1)
        self.done_at = [0.0] * given.films

    def run(self):
        """Play it to the end."""
        given = self.given
        for film in range(given.films):
            start = (film // given.chunkers) * given.chunk_s
            for index in range(given.segments):
                share = (index + 1) / given.segments
                self.at(start + given.chunk_s * share, self.segment_stored, film)
            for second in range(int(start), int(start + given.chunk_s)):
                self.count("Lambda concurrency", second)
        for gpu in range(given.gpus):
            joined = given.boot_s + 60.0 * (gpu // given.gpus_per_minute)
            self.at(joined, self.gpu_free)
        while self.events:
            self.now, _, do, arguments = heapq.heappop(self.events)
            do(*arguments)
        return self

    def at(self, when, do, *arguments):
        self.order += 1
        heapq.heappush(self.events, (when, self.order, do, arguments))

    def count(self, what, when, by=1):
        self.calls[what][int(when)] += by

    def segment_stored(self, film):
        """S3 tells, the rule submits a Batch job: no faster than the quota, EventBridge waits."""
        self.stored[film] += 1
        self.count("S3 writes of one prefix", self.now)
        self.count("EventBridge target invocations", self.now)
        self.next_submit = max(self.now, self.next_submit) + 1 / QUOTAS["Batch SubmitJob"][0]
        self.count("Batch SubmitJob", self.next_submit)
        self.at(self.next_submit, self.submitted, film)

    def submitted(self, film):
        self.jobs += 1
        self.queue.append(film)
        if self.idle:
            self.idle -= 1
            self.gpu_free()

    def gpu_free(self):
        """The next job of the queue starts; late ones find nothing and leave."""
        if not self.queue:
            self.idle += 1
            return
        film = self.queue.popleft()
        self.busy_s += self.given.start_s
        self.count("S3 reads of one prefix", self.now)
        if self.taken(film):
            self.busy_s += self.given.warm_s
            began = self.now + self.given.start_s + self.given.warm_s
            self.render(film, began, began)
        else:
            self.empty_jobs += 1
            self.at(self.now + self.given.start_s, self.gpu_free)

    def taken(self, film):
        """Claim a stored segment of the film that nobody has."""
        done = self.given.segments - len(self.waiting[film])
        if not self.waiting[film] or done >= self.stored[film]:
            return False
        self.waiting[film].popleft()
        return True

    def render(self, film, when, began):
        takes = self.given.render_s * self.chance.uniform(0.8, 1.2)
        self.busy_s += takes
        for beat in range(0, int(takes), 30):
            self.count("DynamoDB writes, ledger", when + beat)
        self.at(when + takes, self.rendered, film, began)

    def rendered(self, film, began):
        """The object, the row, the count; then a further segment of the film, while it is warm."""
        self.count("S3 writes of one prefix", self.now)
        self.count("EventBridge target invocations", self.now)
        self.count("DynamoDB writes, ledger", self.now, 2)
        self.count("DynamoDB writes of one index key (status)", self.now, JOB_ROW_UNITS)
        self.left[film] -= 1
        if not self.left[film]:
            self.count("EventBridge PutEvents", self.now, 2)
            self.done_at[film] = self.now + self.given.reassemble_s
            for second in range(int(self.now), int(self.done_at[film])):
                self.count("Lambda concurrency", second)
        if self.now - began < self.given.go_on_s and self.taken(film):
            self.render(film, self.now, began)
        else:
            self.gpu_free()

    def report(self):
        """The figures of this run."""
        given = self.given
        frames = given.films * given.hours * 3600 * given.source_fps
        ideal = frames / given.frames_per_s / given.gpus
        wall = max(self.done_at)
        return {
            "wall_h": wall / 3600,
            "ideal_h": ideal / 3600,
            "gpu_hours": self.busy_s / 3600,
            "usd": self.busy_s / 3600 * given.usd_per_gpu_hour,
            "usd_per_film_minute": self.busy_s
            / 3600
            * given.usd_per_gpu_hour
            / (given.films * given.hours * 60),
            "batch_jobs": self.jobs,
            "batch_jobs_without_work": self.empty_jobs,
            "gpu_time_lost_to_them": self.empty_jobs * given.start_s / self.busy_s,
            "peak_per_s": {
                name: max(found.values(), default=0) for name, found in self.calls.items()
            },
        }


TIERS = {
    "fast": {"frames_per_s": 12.0, "usd_per_gpu_hour": 0.45},
    "quality": {"frames_per_s": 0.6, "usd_per_gpu_hour": 0.45},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--gpus", type=int, default=1000)
    parser.add_argument("--segment-seconds", type=float, default=30.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = {}
    for tier, speed in TIERS.items():
        given = Assumed(
            **speed,
            films=options.films,
            hours=options.hours,
            gpus=options.gpus,
            segment_s=options.segment_seconds,
        )
        found[tier] = {"assumed": asdict(given), **Cloud(given).run().report()}
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    print(
        "| tier | wall, h | all GPUs from the start, h | GPU h | USD | USD per film minute |"
        " Batch jobs | of them without work | GPU time these cost |\n|" + "---|" * 9
    )
    for tier, row in found.items():
        print(
            f"| {tier} | {row['wall_h']:.1f} | {row['ideal_h']:.1f} | {row['gpu_hours']:.0f} |"
            f" {row['usd']:.0f} | {row['usd_per_film_minute']:.4f} | {row['batch_jobs']} |"
            f" {row['batch_jobs_without_work']} | {row['gpu_time_lost_to_them']:.1%} |"
        )
    print(
        "\n| calls per second | "
        + " | ".join(found)
        + " | quota | |\n|"
        + "---|" * (len(found) + 3)
    )
    for name, (quota, note) in QUOTAS.items():
        peaks = " | ".join(str(row["peak_per_s"][name]) for row in found.values())
        print(f"| {name} | {peaks} | {quota} | {note} |")


if __name__ == "__main__":
    main()
