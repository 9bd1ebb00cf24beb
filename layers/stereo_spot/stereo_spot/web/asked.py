"""What a request to make a job may say, checked at the door."""

import unicodedata
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationInfo,
    field_validator,
)

from stereo_spot.conversion.comfort import check_strength
from stereo_spot.model import (
    PRESETS,
    AnaglyphMethod,
    Container,
    Fill,
    Job,
    JobOptions,
    PixelFormat,
    Recipe,
    StereoMode,
    Synth,
    Tier,
    fits_codec,
)

_NO_TEXT = ("Cc", "Cs", "Zl", "Zp")
_UNSEEN = "CZ"
"""Blanks, and signs that only say how others are set."""


def _one_line(title: str) -> str:
    kinds = [unicodedata.category(sign) for sign in title]
    if any(kind in _NO_TEXT for kind in kinds) or all(kind[0] in _UNSEEN for kind in kinds):
        raise ValueError("a title is one line of text")
    return title


Title = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line)]


class Asked(BaseModel):
    """A JSON body; it refuses what it does not know, and numbers that are none."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NewJob(Asked):
    """A film to convert; what is left out gets its default."""

    title: Title | None = None
    mode: StereoMode | None = None
    tier: Tier | None = None
    max_disparity: float | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=10,
        description="Strength in percent of the picture's width; above 5 only with `force`.",
    )
    convergence: float | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=1,
        description="The depth that lies on the screen: 0 puts all in front, 1 all behind.",
    )
    codec: str | None = Field(default=None, pattern="^(h264|hevc)$")
    crf: int | None = Field(default=None, strict=True, ge=0, le=51)
    preset: str | None = Field(default=None, pattern=PRESETS)
    max_width: int | None = Field(default=None, strict=True, ge=16, le=16384)
    seed: int | None = Field(default=None, strict=True, ge=0, lt=1 << 31)
    anaglyph: AnaglyphMethod | None = None
    swap_eyes: StrictBool | None = None
    synth: Synth | None = None
    fill: Fill | None = None
    floating_window: StrictBool | None = None
    pix_fmt: PixelFormat | None = None
    segment_duration_s: float | None = Field(default=None, strict=True, ge=0.5, le=300)
    scene_cuts: StrictBool | None = None
    start_s: float | None = Field(default=None, strict=True, ge=0, le=1e6)
    end_s: float | None = Field(default=None, strict=True, gt=0, le=1e6)
    container: Container | None = None
    autostart: StrictBool = Field(
        default=True,
        description="Whether the work begins when the film has arrived; else with `start`.",
    )
    force: StrictBool = False

    @field_validator("pix_fmt")
    @classmethod
    def _fits_the_codec(cls, pix_fmt: PixelFormat, info: ValidationInfo) -> PixelFormat:
        return fits_codec(pix_fmt, info.data.get("codec"))

    def options(self, defaults: JobOptions) -> JobOptions:
        """The options asked for, on top of `defaults`.

        Raises:
            RequestError: `bad_request` for a strength that hurts and was not forced.
        """
        said = self.model_dump(exclude_none=True)
        recipe = {**defaults.recipe.model_dump(), **_part(said, Recipe)}
        others = {**defaults.model_dump(exclude={"recipe"}), **_part(said, JobOptions)}
        options = JobOptions(recipe=Recipe(**recipe), **others)
        check_strength(options, force=self.force)
        return options

    def asks_for(self, job: Job, defaults: JobOptions) -> bool:
        """Whether `job` is what this request would have made."""
        started = job.start_requested_at == job.created_at
        return (
            job.options == self.options(defaults)
            and (job.renamed_at is not None or job.title == self.title)
            and (job.round > 1 or started == self.autostart)
        )


class JobChange(Asked):
    """What of a job can be changed."""

    title: Title


class PlainJobChange(JobChange):
    """The same, as clients of `/jobs/{id}` say it; how large the film is is measured."""

    source_file_size_bytes: int | None = Field(default=None, ge=1, le=10 << 30)


class UploadAsked(Asked):
    """How the film will be sent."""

    size_bytes: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=1 << 50,
        description="Length of the film; lets the server choose parts that are few enough.",
    )
    parts: StrictBool = Field(
        default=True,
        description="Whether to send it in parts; else the answer holds a link for one request.",
    )


class PartAsked(Asked):
    """A part as its PUT was answered."""

    number: int = Field(strict=True, ge=1, le=10_000)
    etag: str = Field(min_length=1, max_length=200)


class UploadDone(Asked):
    """What was sent; without a list, all that the store holds."""

    parts: list[PartAsked] | None = Field(default=None, min_length=1, max_length=10_000)
    size_bytes: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=1 << 50,
        description="Length of the film; a different sum of the parts is refused.",
    )


def _part(said: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name in model.model_fields}
