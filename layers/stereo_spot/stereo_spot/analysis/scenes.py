"""Stage 3: where scenes begin and end."""

from stereo_spot.analysis.records import Scene, scene_id
from stereo_spot.analysis.stages import Stage, Work, counted
from stereo_spot.media.detect import find_scenes


def _run(work: Work) -> str:
    with work.film() as film:
        found = find_scenes(
            film,
            duration_s=work.video().duration_sec or 0.0,
            limits=work.analyzer.limits,
            check=work.check,
        )
    work.check()
    scenes = [
        Scene(id=scene_id(work.video_id, i), video_id=work.video_id, idx=i, t_start=a, t_end=b)
        for i, (a, b) in enumerate(found.spans)
    ]
    work.analyzer.rows.replace(work.video_id, Scene, scenes)
    return counted(len(scenes), "scene")


STAGE = Stage("scenes", 1, ("normalize",), lambda analyzer: {"detector": "adaptive"}, _run)
