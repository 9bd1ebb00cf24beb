"""Depth maps that a person brings to a conversion, or takes from it."""

import hashlib
from pathlib import Path
from typing import Any

from stereo_spot.errors import ErrorKind, RequestError, SourceError
from stereo_spot.model import Job, Recipe
from stereo_spot.settings.machine import Settings

_MAPS = (".png", ".npy")


def depth_options(given: Path | None, wanted: Path | None) -> dict[str, Any]:
    """The fields of a recipe for depth read from `given` and written to `wanted`.

    Raises:
        SourceError: `source_missing` where there is nothing to read.
    """
    fields: dict[str, Any] = {}
    if given is not None:
        fields = {"depth_from": str(given.absolute()), "depth_version": _version(given)}
    if wanted is not None:
        fields["export_depth"] = str(wanted.absolute())
    return fields


def check_exported(job: Job) -> None:
    """Refuse to call a job done whose depth maps, asked for by the same command, are gone.

    Raises:
        RequestError: `conflict`.
    """
    folder = job.options.recipe.export_depth
    if folder is not None and not any(Path(folder).glob("*.png")):
        raise RequestError(
            ErrorKind.CONFLICT,
            f"the film is converted already, and its depth is no longer in {folder}; "
            f"`stereo-spot jobs delete {job.job_id}` forgets that, then ask again",
        )


def one_film_only(recipe: Recipe) -> None:
    """Refuse a recipe that reads or writes the depth of one film, for there are several.

    Raises:
        RequestError: `bad_request`.
    """
    if recipe.names_files:
        text = "depth files are those of one film; give that film instead of its folder"
        raise RequestError(ErrorKind.BAD_REQUEST, text)


def of_this_machine(recipe: Recipe, settings: Settings) -> None:
    """Refuse a recipe that reads or writes depth where a render server makes the segments.

    Raises:
        RequestError: `bad_request`.
    """
    if recipe.names_files and settings.inference_backend == "http":
        text = "a render server reads and writes no depth files; use the backend local"
        raise RequestError(ErrorKind.BAD_REQUEST, text)


def _version(given: Path) -> str:
    """Differs when a map is added, taken away or written anew."""
    try:
        files = (
            sorted(some for some in given.iterdir() if some.suffix in _MAPS)
            if (given.is_dir())
            else [given]
        )
        stats = [(some.name, some.stat()) for some in files]
    except OSError as error:
        raise SourceError(
            ErrorKind.SOURCE_MISSING, f"no depth in {given}: {error.strerror}"
        ) from error
    marks = "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)
    return hashlib.sha256(marks.encode(errors="surrogateescape")).hexdigest()[:16]
