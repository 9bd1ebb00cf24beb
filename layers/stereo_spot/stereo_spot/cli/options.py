"""Options that several commands share, and how they become job options."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from stereo_spot.conversion.comfort import check_strength
from stereo_spot.conversion.devices import FITS, Device
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import Container, JobOptions, Recipe, StereoMode, Tier
from stereo_spot.settings.machine import Settings


def path(text: str) -> Path:
    """A place that was named; nothing is not this folder, as it is for `Path`."""
    if not text:
        raise typer.BadParameter("the name is empty")
    return Path(text)


_DATA_HELP = "Folder that keeps the jobs of this machine."
DataOption = Annotated[Path | None, typer.Option("--data", parser=path, help=_DATA_HELP)]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


class Codec(StrEnum):
    """How the result is coded."""

    H264 = "h264"
    HEVC = "hevc"


class Preset(StrEnum):
    """How much time the encoder takes for small files."""

    ULTRAFAST = "ultrafast"
    SUPERFAST = "superfast"
    VERYFAST = "veryfast"
    FASTER = "faster"
    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"
    SLOWER = "slower"
    VERYSLOW = "veryslow"


def settings_with(**given: Any) -> Settings:
    """The settings, with what was given on the command line on top.

    Raises:
        RequestError: `bad_request` naming the setting and its value.
    """
    try:
        settings = Settings()
        chosen = {name: value for name, value in given.items() if value is not None}
        made = Settings.model_validate(settings.model_dump(by_alias=True) | _by_alias(chosen))
        return made.model_copy(update={"data": made.data.expanduser()})
    except ValidationError as error:
        raise _refused(error, given) from error
    except RuntimeError as error:
        raise RequestError(ErrorKind.BAD_REQUEST, f"data: {str(error).lower()}") from error


def _by_alias(values: dict[str, Any]) -> dict[str, Any]:
    return {str(Settings.model_fields[name].validation_alias): v for name, v in values.items()}


def job_options(
    settings: Settings, device: Device | None, *, force: bool = False, **given: Any
) -> JobOptions:
    """The options of a job: a device's presets, then what was given on top.

    Raises:
        RequestError: `bad_request` naming the option and its value.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    values = {**(FITS[device].options() if device else {}), **chosen}
    recipe = {name: values[name] for name in Recipe.model_fields if name in values}
    rest = {name: values[name] for name in JobOptions.model_fields if name in values}
    defaults = {
        "segment_duration_s": settings.segment_duration_s,
        "scene_cuts": settings.scene_cuts,
        "container": Container.AUTO,
    }
    try:
        options = JobOptions(recipe=Recipe(**recipe), **{**defaults, **rest})
    except ValidationError as error:
        raise _refused(error, given) from error
    check_strength(options, force=force)
    return options


def _refused(error: ValidationError, given: dict[str, Any]) -> RequestError:
    """What is wrong, under the name a person used: the option, or the environment's variable."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "options"
    fields = {alias: field for field in Settings.model_fields for alias in _by_alias({field: 0})}
    field = fields.get(name, name)
    if given.get(field) is not None:
        name = "--" + field.removesuffix("_s").replace("_", "-")
    elif name in Settings.model_fields:
        (name,) = _by_alias({name: 0})
    value = first["input"]
    shown = value.value if isinstance(value, StrEnum) else value
    why = first["msg"].removeprefix("Value error, ")
    return RequestError(ErrorKind.BAD_REQUEST, f"{name} = {shown!r}: {why[:1].lower()}{why[1:]}")


__all__ = [
    "Codec",
    "Container",
    "DataOption",
    "Device",
    "JsonOption",
    "Preset",
    "StereoMode",
    "Tier",
]
