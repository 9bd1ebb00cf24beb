"""A recorder between the steps and their ports, and a stage without real media."""

from pathlib import Path
from types import SimpleNamespace

from stereo_spot.errors import ErrorKind, StepError
from stereo_spot.media.inspect import RenderedFacts
from stereo_spot.model import CutSegment, Manifest, Plan, SourceFacts, Window

FACTS = SourceFacts(
    frames=2, duration_s=1.0, width=16, height=16, frame_rate="2/1", time_base="1/2",
    start_pts=0, video_codec="h264", pixel_format="yuv420p", container="mp4",
)  # fmt: skip
REPORT = {"depth_source": "prior", "frames": 1}


class Recorder:
    """Passes calls on to an adapter and writes down which were made."""

    def __init__(self, adapter, name, calls):
        self._adapter, self._name, self._calls = adapter, name, calls

    def __getattr__(self, call):
        method = getattr(self._adapter, call)

        def recorded(*args, **named):
            result = method(*args, **named)
            self._calls.append(self._told(call, args, result))
            return result

        return recorded

    def _told(self, call, args, result):
        if call == "apply":
            made = {change.name for change in args if hasattr(change, "name")}
            refused = "" if result else " refused"
            return f"{self._name}: {min(made, key=len)}{refused}"
        if call == "publish":
            return f"{self._name}: {args[0].kind}"
        where = str(args[0]).rpartition("/")[2] if call in ("head", "create") else ""
        return f"{self._name}.{call} {where}".strip()


class FakeEngine:
    """Makes a file, or fails as often as it is told to."""

    def __init__(self, failures=0):
        self.failures = failures

    def render(self, job, progress):
        if self.failures:
            self.failures -= 1
            raise StepError(ErrorKind.OUT_OF_MEMORY, "no memory")
        Path(job.dst).write_bytes(b"stereo")
        return REPORT

    def stop(self):
        raise AssertionError("nothing should stop the engine")


def planned(source, *, source_etag, options, preroll_frames, limits, scenes, guarded):
    windows = tuple(
        Window(index=i, start_pts=i, end_pts=i + 1, n_frames=1, base_index=i) for i in range(2)
    )
    return Plan(
        source_etag=source_etag, facts=FACTS, options=options, time_base="1/2", windows=windows
    )


def cut(source, plan, *, scratch, store, have, limits, guarded=None):
    segments = [
        CutSegment(index=i, n_frames=1, preroll_frames=0, base_index=i, from_time="0/1", pts=(i,))
        for i in range(plan.total)
    ]
    for segment in segments:
        if segment.index not in have:
            path = scratch / f"{segment.index}.mp4"
            path.write_bytes(b"flat")
            store(segment, path)
    return Manifest(plan_digest=plan.digest(), time_base="1/2", segments=tuple(segments))


def joined(source, manifest, parts, out, *, plan, limits):
    for segment in manifest.segments:
        parts(segment.index).close()
    out.write_at(0, b"film")
    return SimpleNamespace(frames=plan.frames, model_dump=lambda mode: {})


def inspected(frames):
    return lambda source, *, limits: RenderedFacts(
        frames=frames, width=32, height=16, codec="h264", pixel_format="yuv420p",
        extradata_digest="", duration_s=1.0, start_s=0.0,
    )  # fmt: skip
