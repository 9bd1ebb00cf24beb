"""Join rendered segments with the source's timing and untouched sound into the finished film."""

import errno
from array import array
from collections.abc import Callable, Sequence

from stereo_spot.errors import ErrorKind, MachineError
from stereo_spot.media import sandbox
from stereo_spot.media.fit import container_for
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.process import Head
from stereo_spot.model import Container, Frozen, Manifest, Plan
from stereo_spot.ports import RangeReader, RangeWriter

Parts = Callable[[int], RangeReader]


class JoinReport(Frozen):
    """What the finished film is."""

    container: Container
    frames: int
    duration_s: float
    audio_tracks: int
    subtitle_tracks: int = 0
    av_offset_ms: float
    """Largest shift between a sound packet and the picture against the source."""
    stereo: str | None = None
    """The arrangement that the container was marked with."""
    notes: tuple[str, ...] = ()
    """What a person should know: a changed container, a track left out."""


def final_suffix(plan: Plan) -> str:
    """`.mp4` or `.mkv`: what the finished film of `plan` will be."""
    return f".{container_for(plan.facts, plan.options.container)}"


def join(
    source: RangeReader,
    manifest: Manifest,
    parts: Parts,
    out: RangeWriter,
    *,
    plan: Plan,
    limits: MediaLimits,
) -> JoinReport:
    """Write the finished film to `out`, front to back, index first.

    `out.head_bytes` is set before the first write; only so much is written twice.

    Raises:
        StepError: `assemble_failed`, naming the segment whose frames or parameters differ.
    """
    times = array("q")
    for segment in manifest.segments:
        times.extend(segment.pts)
    request = {
        "counts": [segment.n_frames for segment in manifest.segments],
        "end_pts": plan.windows[-1].end_pts,
        "time_base": manifest.time_base,
        "mode": plan.options.recipe.mode,
        "container": container_for(plan.facts, plan.options.container),
        "asked": plan.options.container,
        "trimmed": plan.options.start_s is not None or plan.options.end_s is not None,
        "audio_packets": [track.packets for track in plan.facts.audio],
    }
    readers, output = _Readers(source, parts), _Output(out)
    try:
        result = sandbox.run(
            "join",
            request,
            readers=readers.find,
            limits=limits,
            block=times.tobytes(),
            hear=output.hear,
            write=output.write,
        )
    finally:
        readers.close()
    return JoinReport.model_validate(result)


class _Readers:
    """The source, and one part after the other."""

    def __init__(self, source: RangeReader, parts: Parts) -> None:
        self._source = source
        self._parts = parts
        self._current: tuple[str, RangeReader] | None = None

    def find(self, name: str) -> RangeReader:
        if name == "source":
            return self._source
        if self._current is None or self._current[0] != name:
            self.close()
            self._current = (name, self._parts(int(name.partition(":")[2])))
        return self._current[1]

    def close(self) -> None:
        if self._current is not None:
            self._current[1].close()
            self._current = None


class _Output:
    """Passes what the guarded process makes on to the writer."""

    def __init__(self, out: RangeWriter) -> None:
        self._out = out

    def hear(self, head: Head, block: bytes) -> None:
        self._out.head_bytes = int(head["bytes"])

    def write(self, name: str, at: int, pieces: Sequence[memoryview]) -> None:
        try:
            self._out.write_at(at, b"".join(pieces))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise MachineError(
                    ErrorKind.DISK_FULL, "no space left for the finished film"
                ) from error
            raise
