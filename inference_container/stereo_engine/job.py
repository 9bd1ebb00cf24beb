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
    *("first_frame", "accept_licence"),
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
    """A folder for the depth maps of the frames written."""

    first_frame: int = 0
    """Where in its film the first frame read lies, pre-roll included; models' noise follows it."""
    accept_licence: frozenset[str] = frozenset()
    """Names of non-commercial models whose licences the user accepted for this job."""

    def __post_init__(self) -> None:
        fits = self.mezzanine is None or self.recipe.mode != Mode.RGBD
        _expect(fits, "a picture with its depth has no side-by-side mezzanine")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Read a job of the serve protocol; unknown names and wrong types are refused."""
        unknown = sorted(set(values) - set(FIELDS))
        _expect(not unknown, f"unknown job field: {', '.join(unknown)}")
        src, dst, mezzanine = (values.get(name) for name in ("src", "dst", "mezzanine"))
        _expect(isinstance(src, str) and isinstance(dst, str), "src and dst must be paths")
        _expect(mezzanine is None or isinstance(mezzanine, str), "mezzanine must be a path or null")
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
            src=Path(str(src)),
            dst=Path(str(dst)),
            recipe=Recipe.of(recipe),
            selection=selection,
            mezzanine=Path(mezzanine) if mezzanine is not None else None,
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


def _count(values: Mapping[str, Any], name: str) -> int | None:
    value = values.get(name)
    fits = value is None or (isinstance(value, int) and not isinstance(value, bool))
    _expect(fits, f"{name} must be a whole number or null: {value!r}")
    return value


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise EngineError("bad_request", message)
