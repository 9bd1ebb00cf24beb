"""Cutting a large film over HTTP ranges: ours, ffmpeg on the same URL, and download-split-upload.

    python -m benchmarks.media [--gigabytes 4] [--kind mp4|mkv|ts] [--ffmpeg PATH] [--runs 3]

Prints a table and writes benchmarks/results/media.json. Without ffmpeg its rows are left out.
"""

import argparse
import contextlib
import http.client
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from stereo_spot.media import starting
from stereo_spot.media.cut import cut
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.join import join
from stereo_spot.media.plan import plan
from stereo_spot.model import JobOptions

from benchmarks.media_film import make
from benchmarks.media_store import Discard, HttpReader, LocalReader, upload

FFMPEG = "ffmpeg on the URL"
READY = "ours, reader ready"
"""With the reading process started ahead, as a function on Lambda keeps it."""
READY_AFTER_S = 0.5
SEGMENT_S = 30.0
LIMITS = MediaLimits()


class Peak:
    """Samples memory (the children's, and what this process adds) and the size of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stop = threading.Event()
        self.rss = self.disk = 0
        self._before = _rss(os.getpid())
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            with contextlib.suppress(OSError):
                files = [p for p in self._folder.rglob("*") if p.is_file()]
                self.disk = max(self.disk, sum(p.stat().st_size for p in files))
            own = max(0, _rss(os.getpid()) - self._before)
            self.rss = max(self.rss, own + sum(map(_rss, _family(os.getpid()))))


def _family(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _family(int(child))


def _rss(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()
    return 0


def ours(port: int, size: int, work: Path) -> dict[str, float]:
    """Plan and cut, storing every segment."""
    started = time.monotonic()
    reader = HttpReader(port, size)
    options = JobOptions(segment_duration_s=SEGMENT_S)
    first: list[float] = []

    def store(_: object, path: Path) -> None:
        upload(port, path)
        first.append(time.monotonic() - started)

    with starting.started() as guarded:
        made = plan(
            reader,
            source_etag="e",
            options=options,
            preroll_frames=8,
            limits=LIMITS,
            guarded=guarded,
        )
        planned = time.monotonic() - started
        cut(reader, made, scratch=work, store=store, limits=LIMITS, guarded=guarded)
    return {"planned_s": planned, "first_s": first[0], "segments": len(first)}


def joined(port: int, size: int, work: Path) -> dict[str, float]:
    """Join segments as large as the source's own, so that the output is as large as the film."""
    reader = HttpReader(port, size)
    options = JobOptions(segment_duration_s=SEGMENT_S)
    made = plan(reader, source_etag="e", options=options, preroll_frames=0, limits=LIMITS)
    kept = work.parent / "parts"
    kept.mkdir()

    def store(segment: object, path: Path) -> None:
        shutil.copy(path, kept / str(segment.index))

    manifest = cut(reader, made, scratch=work, store=store, limits=LIMITS)
    out = Discard()
    with Peak(work) as peak:
        started = time.monotonic()
        join(reader, manifest, lambda i: LocalReader(kept / str(i)), out, plan=made, limits=LIMITS)
        took = time.monotonic() - started
    shutil.rmtree(kept)
    return {"wall_s": took, "rss_mb": peak.rss / 1e6, "disk_mb": 0.0, "out_mb": out.size / 1e6}


def ffmpeg_url(port: int, work: Path, ffmpeg: str, suffix: str) -> dict[str, float]:
    """ffmpeg's own segmenter reading the same URL, each segment stored as it is listed."""
    started = time.monotonic()
    first: list[float] = []
    command = [
        ffmpeg, "-nostdin", "-v", "error", "-i", f"http://127.0.0.1:{port}/film", "-map", "0:v:0",
        "-c", "copy", "-f", "segment", "-segment_time", str(SEGMENT_S), "-reset_timestamps", "1",
        "-segment_list", "pipe:1", "-segment_list_type", "csv", str(work / f"%05d{suffix}"),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            path = work / line.split(",")[0]
            upload(port, path)
            path.unlink()
            first.append(time.monotonic() - started)
    return {"first_s": first[0], "segments": len(first)}


def download_split_upload(port: int, work: Path, ffmpeg: str, suffix: str) -> dict[str, float]:
    """The naive way: the whole film to disk, split, then store."""
    started = time.monotonic()
    source = work / f"source{suffix}"
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/film")
    answer = connection.getresponse()
    with source.open("wb") as file:
        shutil.copyfileobj(answer, file, 1 << 20)
    connection.close()
    subprocess.run(
        [ffmpeg, "-nostdin", "-v", "error", "-i", source, "-map", "0:v:0", "-c", "copy", "-f",
         "segment", "-segment_time", str(SEGMENT_S), "-reset_timestamps", "1",
         work / f"part-%05d{suffix}"],
        check=True,
    )  # fmt: skip
    first: list[float] = []
    for part in sorted(work.glob("part-*")):
        upload(port, part)
        first.append(time.monotonic() - started)
    return {"first_s": first[0], "segments": len(first)}


def measured(
    folder: Path, call: Callable[[Path], dict[str, float]], *, ready: bool = False
) -> dict[str, float]:
    """Time, memory and disk of one way."""
    work = folder / "work"
    work.mkdir()
    with starting.one_ready() if ready else contextlib.nullcontext(), Peak(work) as peak:
        time.sleep(READY_AFTER_S)
        started, before = time.monotonic(), _cpu()
        result = call(work)
        took, cpu = time.monotonic() - started, _cpu() - before
    shutil.rmtree(work)
    figures = {"wall_s": took, "cpu_s": cpu, "rss_mb": peak.rss / 1e6, "disk_mb": peak.disk / 1e6}
    return {**figures, **result}


def _cpu() -> float:
    """Processor time of this process and its finished children."""
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


def main() -> None:
    """Make the film, run every way, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=4.0)
    parser.add_argument("--kind", default="mp4", choices=("mp4", "mkv", "ts"))
    parser.add_argument("--ffmpeg", default=shutil.which("ffmpeg"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        source = folder / f"film.{arguments.kind}"
        make(source, arguments.gigabytes)
        rows = run(folder, source, arguments)
    report(rows, source, arguments)


def run(folder: Path, source: Path, arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Every way in turn, round after round, so that noise falls on all alike."""
    server = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("media_store.py"), source],
        stdout=subprocess.PIPE,
        text=True,
    )
    port, size = int(server.stdout.readline()), source.stat().st_size
    ways: dict[str, Callable[[Path], dict[str, float]]] = {
        "ours": lambda work: ours(port, size, work),
        READY: lambda work: ours(port, size, work),
    }
    if arguments.ffmpeg:
        program, suffix = arguments.ffmpeg, source.suffix
        ways[FFMPEG] = lambda work: ffmpeg_url(port, work, program, suffix)
        ways["download, split, upload"] = lambda work: download_split_upload(
            port, work, program, suffix
        )
    rounds = [
        {way: measured(folder, call, ready=way == READY) for way, call in ways.items()}
        for _ in range(arguments.runs)
    ]
    rows = {way: _summed_up([turn[way] for turn in rounds]) for way in ways}
    if FFMPEG in ways:
        for way in ways:
            ratios = [turn[way]["wall_s"] / turn[FFMPEG]["wall_s"] for turn in rounds]
            rows[way]["x_ffmpeg"] = statistics.median(ratios)
    rows["our join"] = measured(folder, lambda work: joined(port, size, work))
    server.kill()
    server.communicate()
    return rows


def _summed_up(runs: list[dict[str, float]]) -> dict[str, float]:
    """The quickest run, and how much of a run passes before the first segment is stored."""
    share = statistics.median(run["first_s"] / run["wall_s"] for run in runs)
    return {**min(runs, key=lambda run: run["wall_s"]), "first_share": share}


def report(rows: dict[str, dict[str, float]], source: Path, arguments: argparse.Namespace) -> None:
    """Print and keep the figures."""
    columns = {
        "wall s": ("wall_s", ".2f"), "x ffmpeg": ("x_ffmpeg", ".2f"), "CPU s": ("cpu_s", ".2f"),
        "first s": ("first_s", ".2f"), "first %": ("first_share", ".0%"),
        "RSS MB": ("rss_mb", ".0f"), "disk MB": ("disk_mb", ".0f"), "segments": ("segments", ".0f"),
    }  # fmt: skip
    print(f"{arguments.gigabytes:g} GB {source.suffix}, best of {arguments.runs}; ratio and share")
    print("to ffmpeg in the same round and of the run: medians")
    print(f"{'':26}" + "".join(f"{name:>10}" for name in columns))
    for way, row in rows.items():
        values = (f"{row[key]:{form}}" if key in row else "" for key, form in columns.values())
        print(f"{way:26}" + "".join(f"{value:>10}" for value in values))
    target = Path(__file__).parent / "results" / "media.json"
    known = json.loads(target.read_text()) if target.exists() else {}
    known[f"{arguments.gigabytes:g} GB {arguments.kind}"] = rows
    target.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
