"""How the command line speaks: results on stdout, everything else on stderr."""

import json
import logging
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from stereo_spot.errors import ErrorKind, MachineError, StereoSpotError

log = logging.getLogger(__name__)
_CONTROLS = {sign: "\ufffd" for sign in (*range(9), *range(11, 32), *range(127, 160))}


def plain(text: str) -> str:
    """Text of others, such as the name of a file, that moves no cursor and changes no colour."""
    return text.translate(_CONTROLS)


class Terminal(Console):
    """A console that shows plain text where a person reads it; a program gets every sign."""

    def print(self, *objects: Any, **how: Any) -> None:
        """Print."""
        shown = [plain(text) if isinstance(text, str) else text for text in objects]
        super().print(*(shown if self.is_terminal else objects), **how)


notes = Terminal(stderr=True, highlight=False, soft_wrap=True)
results = Terminal(highlight=False, soft_wrap=True)


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def leave(error: StereoSpotError, *, as_json: bool) -> NoReturn:
    """Say what went wrong in one line, and leave with its exit code."""
    if as_json:
        print_json({"ok": False, "error_kind": error.kind, "message": error.message})
    else:
        notes.print(told(error))
    raise typer.Exit(error.exit_code)


def told(error: StereoSpotError) -> str:
    """An error as one line, with markup."""
    line = " ".join(error.message.split())
    return f"[bold red]{error.kind}[/]: {escape(line)}"


@contextmanager
def errors_told(*, as_json: bool = False) -> Iterator[None]:
    """Turn every error of ours, and the few the system raises, into one clear line."""
    try:
        yield
    except StereoSpotError as error:
        leave(error, as_json=as_json)
    except ModuleNotFoundError as error:
        message = f"the package {error.name} is not installed; see the extras in the README"
        leave(MachineError(ErrorKind.INTERNAL, message), as_json=as_json)
    except typer.Exit:
        raise
    except sqlite3.Error as error:
        text = f"the data folder cannot be used: {error}"
        leave(MachineError(_kind_of(error), text), as_json=as_json)
    except (KeyboardInterrupt, SystemExit) as stop:
        _stopped(getattr(stop, "code", 130), as_json=as_json)
    except BrokenPipeError:
        raise
    except Exception as error:
        log.exception("a command failed")
        text = f"{type(error).__name__}: {error}"
        leave(MachineError(ErrorKind.INTERNAL, text), as_json=as_json)


def _kind_of(error: sqlite3.Error) -> ErrorKind:
    if "full" in str(error):
        return ErrorKind.DISK_FULL
    return ErrorKind.DATA_IN_USE if "locked" in str(error) else ErrorKind.OUTPUT_UNWRITABLE


def _stopped(code: Any, *, as_json: bool) -> NoReturn:
    text = "Stopped. What was begun goes on from here when the same command is given again."
    if as_json:
        print_json({"ok": False, "error_kind": ErrorKind.CANCELLED, "message": text})
    else:
        notes.print(f"\n{text}")
    raise typer.Exit(code)


def bytes_text(count: float) -> str:
    """A size a person reads."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def seconds_text(seconds: float) -> str:
    """A duration a person reads."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
