"""Options that several commands share, and how they become job options."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from stereo_spot.conversion.comfort import check_strength
from stereo_spot.conversion.devices import FITS, Device
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import Container, JobOptions, Recipe, StereoMode, Tier
from stereo_spot.settings import Settings

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder for jobs and settings of this machine.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


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
        raise _refused(error) from error
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
        raise _refused(error) from error
    check_strength(options, force=force)
    return options


def _refused(error: ValidationError) -> RequestError:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "options"
    return RequestError(
        ErrorKind.BAD_REQUEST, f"{name} = {first['input']!r}: {first['msg'].lower()}"
    )


__all__ = ["Container", "DataOption", "Device", "JsonOption", "StereoMode", "Tier"]
