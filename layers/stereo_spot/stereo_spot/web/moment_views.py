"""Scenes, words and hits as the API answers them and the pages show them."""

from typing import Literal

from pydantic import Field

from stereo_spot.analysis.pipeline import STAGES, in_order
from stereo_spot.analysis.ports import Contents
from stereo_spot.analysis.records import Frame, StageState, VideoStatus
from stereo_spot.analysis.search import Found, Hit
from stereo_spot.model import Job
from stereo_spot.web.views import View

State = Literal["none", "waiting", "working", "ready", "failed"]
_STATES: dict[VideoStatus, State] = {
    VideoStatus.UPLOADED: "waiting",
    VideoStatus.PROCESSING: "working",
    VideoStatus.READY: "ready",
    VideoStatus.FAILED: "failed",
}
_AT = "Time in the 3D film, which may begin later than its source; null where it is cut off"


class SceneView(View):
    """A stretch of film without a cut."""

    index: int
    start: float
    end: float
    at: float | None = Field(description=_AT)
    picture: str | None = Field(description="Link to a JPEG; null where another scene looks alike")
    caption: str | None


class SpokenView(View):
    """Something said."""

    start: float
    end: float
    at: float | None = Field(description=_AT)
    text: str


class StageView(View):
    """A stage of the analysis that ended."""

    name: str
    state: StageState
    note: str


class AnalysisView(View):
    """What is known of a film; times count from the first frame of its source."""

    state: State
    error: str | None
    can_begin: bool
    """Whether its analysis can be asked for now."""
    stages: list[StageView]
    stages_total: int
    scenes: list[SceneView]
    transcript: list[SpokenView]


class HitView(View):
    """A moment that was found."""

    job_id: str
    title: str | None
    found_in: Found
    start: float
    end: float
    at: float
    score: float
    text: str
    picture: str | None
    like: str | None
    """What to search for to find pictures like this one."""
    page: str
    """The moment in the 3D film."""
    model: str
    """What compared it; `offline-...` knows words and looks, not meaning."""


def analysis_view(job: Job, contents: Contents | None, *, kept: bool) -> AnalysisView:
    """The view of a film; `kept` says whether its source can still be read."""
    if contents is None:
        return AnalysisView(
            state="none", error=None, can_begin=kept, stages=[], stages_total=len(STAGES),
            scenes=[], transcript=[],
        )  # fmt: skip
    state = _STATES[contents.video.status]
    return AnalysisView(
        state=state,
        error=contents.video.error,
        can_begin=kept and state == "failed",
        stages=[
            StageView(name=m.stage, state=m.state, note=m.note) for m in in_order(contents.marks)
        ],
        stages_total=len(STAGES),
        scenes=_scenes(job, contents),
        transcript=[
            SpokenView(start=s.t_start, end=s.t_end, at=shown_at(job, s.t_start), text=s.text)
            for s in contents.transcript
        ],
    )


def hit_view(hit: Hit, job: Job) -> HitView | None:
    """The view of a hit; None for a moment that the 3D film leaves out."""
    at = shown_at(job, hit.t_start)
    if at is None:
        return None
    number = scene_of(hit.frame_path)
    picture = picture_link(job.job_id, number) if number is not None else None
    like = f"{job.job_id}.{number}" if number is not None else None
    return HitView(
        job_id=job.job_id, title=job.title, found_in=hit.found_in, start=hit.t_start,
        end=hit.t_end, at=at, score=hit.score, text=hit.text, picture=picture, like=like,
        page=f"/jobs/{job.job_id}#t={at:.2f}", model=hit.model,
    )  # fmt: skip


def shown_at(job: Job, time: float) -> float | None:
    """When a moment of the source is on screen in the 3D film."""
    begin, end = job.options.start_s or 0.0, job.options.end_s
    if time < begin or (end is not None and time >= end):
        return None
    return round(time - begin, 3)


def picture_link(job_id: str, number: int) -> str:
    """Where the picture of a scene is."""
    return f"/v1/jobs/{job_id}/scenes/{number}/picture"


def scene_of(frame_path: str | None) -> int | None:
    """The number in the key of a picture (`frames/{film}/scene_012.jpg`)."""
    number = (frame_path or "").rpartition("_")[2].removesuffix(".jpg")
    return int(number) if number.isdigit() else None


def _scenes(job: Job, contents: Contents) -> list[SceneView]:
    frames: dict[str, Frame] = {frame.scene_id: frame for frame in contents.frames}
    said = {caption.frame_id: caption.caption for caption in contents.captions}
    made = []
    for scene in contents.scenes:
        frame = frames.get(scene.id)
        made.append(
            SceneView(
                index=scene.idx,
                start=scene.t_start,
                end=scene.t_end,
                at=shown_at(job, scene.t_start),
                picture=picture_link(job.job_id, scene.idx) if frame else None,
                caption=said.get(frame.id) if frame else None,
            )
        )
    return made
