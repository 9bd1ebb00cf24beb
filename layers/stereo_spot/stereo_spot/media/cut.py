"""Cut a source into the segments of its plan."""

import tempfile
from array import array
from collections.abc import Callable, Container
from pathlib import Path

from stereo_spot.media import sandbox
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.spooling import Scratch
from stereo_spot.model import CutSegment, Manifest, Plan, Window
from stereo_spot.ports import RangeReader

Store = Callable[[CutSegment, Path], None]


def cut(
    source: RangeReader,
    plan: Plan,
    *,
    scratch: Path,
    store: Store,
    have: Container[int] = (),
    limits: MediaLimits,
) -> Manifest:
    """Cut `source` in one pass; hand each segment to `store` as it closes.

    A segment file is gone once `store` returns. Segments in `have` are not written again, but
    counted for the manifest. At most two segments lie in `scratch` at a time, in a folder of
    their own that is removed however this ends.

    Raises:
        SourceError: the film is damaged or is not the one that was planned.
        MachineError: `disk_full`, `out_of_memory`.
    """
    request = {
        "windows": [window.model_dump() for window in plan.windows],
        "have": [window.index for window in plan.windows if window.index in have],
    }
    with (
        tempfile.TemporaryDirectory(dir=scratch, prefix="cut-") as folder,
        Scratch(Path(folder), source, limits) as files,
    ):
        clerk = _Clerk(plan, files, store)
        sandbox.run("cut", request, readers=files.reader, limits=limits, hear=clerk.hear)
    return Manifest(plan_digest=plan.digest(), time_base=plan.time_base, segments=clerk.in_order())


class _Clerk:
    """Writes what the guarded process sends, and keeps the books."""

    def __init__(self, plan: Plan, files: Scratch, store: Store) -> None:
        self._windows = plan.windows
        self._files = files
        self._store = store
        self._cut: dict[int, CutSegment] = {}

    def hear(self, head: sandbox.Head, block: bytes) -> None:
        match head["say"]:
            case "write":
                self._files.write(str(head["to"]), int(head["at"]), block)
            case "drop":
                self._files.drop(str(head["name"]))
            case "segment":
                self._close(head, block)

    def in_order(self) -> tuple[CutSegment, ...]:
        return tuple(self._cut[index] for index in sorted(self._cut))

    def _close(self, head: sandbox.Head, block: bytes) -> None:
        window = self._windows[int(head["index"])]
        segment = _segment(window, block, str(head.get("from_time", "0")))
        self._cut[window.index] = segment
        if not head["stored"]:
            name = f"segment:{window.index}"
            self._store(segment, self._files.close(name))
            self._files.drop(name)


def _segment(window: Window, block: bytes, from_time: str) -> CutSegment:
    times = array("q", block)
    for place in range(1, len(times)):
        times[place] = max(times[place], times[place - 1] + 1)
    return CutSegment(
        index=window.index,
        n_frames=window.n_frames,
        preroll_frames=window.preroll_frames,
        base_index=window.base_index,
        from_time=from_time,
        pts=tuple(times),
    )
