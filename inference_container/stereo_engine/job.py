"""One piece of work: a source, a result, which frames, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from stereo_engine.errors import EngineError
from stereo_engine.recipe import Mode, Recipe
from stereo_engine.windows import Selection

FIELDS = (
    *("id", "src", "dst", "mezzanine", "skip_frames", "n_frames", "from_time", "recipe"),
    *("first_frame", "accept_licence", "depth_from", "export_depth"),
)


@dataclass(frozen=True)
class Job:
    """What one call of `render` does."""

    src: Path
    dst: Path
    recipe: Recipe = field(default_factory=Recipe)
    selection: Selection = field(default_factory=Selection)
    mezzanine: Path | None = None
    """Where the same frames go as full side-by-side as well."""

    depth_from: Path | None = None
    """Depth made elsewhere: a folder of PNG or NPY, or a grey video, a map for every frame."""
    export_depth: Path | None = None
    """A folder for the depth maps of the frames written, named by their place in the film."""

    first_frame: int = 0
    """Where in its film the first frame read lies, pre-roll included; models' noise follows it."""
    accept_licence: frozenset[str] = frozenset()
    """Names of non-commercial models whose licences the user accepted for this job."""

    def __post_init__(self) -> None:
        fits = self.mezzanine is None or self.recipe.mode != Mode.RGBD
        _expect(fits, "a picture with its depth has no side-by-side mezzanine")

    @property
    def first_shown(self) -> int:
        """Where in its film the first frame written lies."""
        return self.first_frame + self.selection.skip_frames

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Read a job of the serve protocol; unknown names and wrong types are refused."""
        unknown = sorted(set(values) - set(FIELDS))
        _expect(not unknown, f"unknown job field: {', '.join(unknown)}")
        src, dst = (_path(values, name) for name in ("src", "dst"))
        if src is None or dst is None:
            raise EngineError("bad_request", "src and dst must be paths")
        recipe = values.get("recipe", {})
        _expect(isinstance(recipe, Mapping), "recipe must be an object")
        names = values.get("accept_licence", [])
        fits = isinstance(names, list) and all(isinstance(name, str) for name in names)
        _expect(fits, "accept_licence must be a list of names")
        selection = Selection(
            skip_frames=_count(values, "skip_frames") or 0,
            n_frames=_count(values, "n_frames"),
            from_time=time_of(values.get("from_time")),
        )
        return cls(
            src=src,
            dst=dst,
            recipe=Recipe.of(recipe),
            selection=selection,
            mezzanine=_path(values, "mezzanine"),
            depth_from=_path(values, "depth_from"),
            export_depth=_path(values, "export_depth"),
            first_frame=_count(values, "first_frame") or 0,
            accept_licence=frozenset(names),
        )


def time_of(text: Any) -> Fraction | None:
    """Seconds from `num/den`, a decimal number, or nothing."""
    if text is None:
        return None
    try:
        return Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        raise EngineError("bad_request", f"not a time in seconds: {text!r}") from None


def _path(values: Mapping[str, Any], name: str) -> Path | None:
    value = values.get(name)
    _expect(value is None or isinstance(value, str), f"{name} must be a path or null")
    return None if value is None else Path(value)


def _count(values: Mapping[str, Any], name: str) -> int | None:
    value = values.get(name)
    fits = value is None or (isinstance(value, int) and not isinstance(value, bool))
    _expect(fits, f"{name} must be a whole number or null: {value!r}")
    return value


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise EngineError("bad_request", message)
