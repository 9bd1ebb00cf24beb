"""How a source is cut: a pure function of its bytes, the options and the scenes that are known."""

from collections.abc import Sequence

from stereo_spot.media import sandbox
from stereo_spot.media.detect import Lookout
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.process import Process
from stereo_spot.model import MAX_SEGMENTS, JobOptions, Plan
from stereo_spot.ports import RangeReader


def plan(
    source: RangeReader,
    *,
    source_etag: str,
    options: JobOptions,
    preroll_frames: int,
    limits: MediaLimits,
    scenes: Sequence[float] | None = None,
    guarded: Process | None = None,
) -> Plan:
    """Plan the presentation windows of `source`.

    Windows need not begin at keyframes. Each shows its engine up to `preroll_frames` earlier
    frames; none at the start and after a scene cut. Where the options want borders at cuts, those
    of `scenes` are taken, in seconds from the first frame; without it the film is looked at.

    Raises:
        SourceError: the film cannot be used.
        RequestError: the options leave nothing to do, or make too many segments.
    """
    request = {
        "start_s": options.start_s,
        "end_s": options.end_s,
        "segment_duration_s": options.segment_duration_s,
        "scene_cuts": options.scene_cuts,
        "preroll_frames": preroll_frames,
        "max_segments": MAX_SEGMENTS,
        "scenes": None if scenes is None else list(scenes),
    }
    result = sandbox.run(
        "plan",
        request,
        readers=sandbox.one(source),
        limits=limits,
        hear=Lookout().hear,
        guarded=guarded,
        source=source,
    )
    return Plan.model_validate({"source_etag": source_etag, "options": options, **result})
