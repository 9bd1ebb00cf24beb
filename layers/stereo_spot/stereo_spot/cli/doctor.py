"""`stereo-spot doctor` and `config`: whether this machine can do the work, and how it is set."""

import platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import typer
from rich.markup import escape

from stereo_spot.cli.options import DataOption, JsonOption, settings_with
from stereo_spot.cli.output import bytes_text, errors_told, print_json, results
from stereo_spot.errors import ErrorKind, StereoSpotError
from stereo_spot.media.engine import Engine
from stereo_spot.runtime.local import open_machine
from stereo_spot.runtime.tiers import Readiness, readiness
from stereo_spot.settings.machine import Settings


def _python(_settings: Settings) -> str:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _packages(_settings: Settings) -> str:
    names = ("stereo-spot", "stereo-engine", "av", "opencv-python-headless", "numpy", "numba")
    return ", ".join(f"{name} {_version(name)}" for name in names)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _engine(_settings: Settings) -> str:
    engine = Engine()
    try:
        return f"answers, version {engine.hello().get('version', '?')}"
    finally:
        engine.close()


def _data(settings: Settings) -> str:
    open_machine(settings.data)
    free = shutil.disk_usage(settings.data).free
    return f"{settings.data}, {bytes_text(free)} free"


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "python": _python,
    "packages": _packages,
    "engine": _engine,
    "data folder": _data,
}


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check that this machine can convert films, and say what is missing."""
    with errors_told(as_json=as_json):
        settings = settings_with(data=data)
        found = {name: _checked(check, settings) for name, check in _CHECKS.items()}
    good = all(told is None for _text, told in found.values())
    tiers = readiness(settings.data) if good else []
    if as_json:
        checks = {
            name: {"ok": told is None, "text": text, "error_kind": told}
            for name, (text, told) in found.items()
        }
        told_tiers = [state.model_dump(mode="json") for state in tiers]
        print_json({"ok": good, "checks": checks, "tiers": told_tiers})
    else:
        for name, (text, told) in found.items():
            mark = "[green]ok[/]" if told is None else f"[red]{told}[/]"
            results.print(f"{mark:14} {name:12} {escape(text)}")
        for state in tiers:
            _print_tier(state)
    if not good:
        raise typer.Exit(1)


def _print_tier(state: Readiness) -> None:
    size = f", {bytes_text(state.download_bytes)} to download" if state.download_bytes else ""
    how = "measured" if state.measured else "estimated"
    speed = f", about {state.s_per_frame} s a frame of 1024x576, {how}" if state.s_per_frame else ""
    can = "runs here" if not state.missing else "cannot run here"
    results.print(f"tier {state.tier}: {can}{size}{speed}")
    for missing in state.missing:
        results.print(f"    lacks {missing}", markup=False)


def _checked(check: Callable[[Settings], str], settings: Settings) -> tuple[str, ErrorKind | None]:
    try:
        return check(settings), None
    except StereoSpotError as error:
        return error.message, error.kind


def config(data: DataOption = None, as_json: JsonOption = False) -> None:
    """The settings in force, with secrets masked."""
    with errors_told(as_json=as_json):
        settings = settings_with(data=data)
        values = settings.model_dump(mode="json")
        if as_json:
            print_json({"ok": True, "settings": values})
            return
        for name, value in values.items():
            alias = str(Settings.model_fields[name].validation_alias)
            results.print(f"{alias:30} {'' if value is None else value}", markup=False)
        results.print(f"{'python':30} {sys.executable}", markup=False)
