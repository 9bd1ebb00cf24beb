"""The log: of one machine a file in the data folder, of a container or a worker standard error."""

import json
import logging
import os
from contextlib import suppress
from pathlib import Path

_NAME, _LARGEST_BYTES = "stereo-spot.log", 5 << 20
_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"
_ALWAYS = {*vars(logging.makeLogRecord({})), "message", "asctime"}
_LOUD = ("botocore", "urllib3")


class _WithFacts(logging.Formatter):
    """A line that ends with what its record has besides the text: `job_id="..." segment=3`."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, without a traceback."""
        facts = [
            f"{name}={json.dumps(value, default=str)}"
            for name, value in vars(record).items()
            if name not in _ALWAYS
        ]
        return " ".join([super().formatMessage(record), *facts])


class _LogFile(logging.FileHandler):
    """The file in the data folder; where it cannot be opened, the log is lost and nothing else."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        with suppress(OSError):
            super().emit(record)


def log_to_stderr(level: str) -> None:
    """Send the log to standard error, which whoever runs the process keeps."""
    _log_to(logging.StreamHandler(), level)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_to(data: Path, level: str) -> None:
    """Send the log to the file; a person sees one line on the terminal, never a traceback."""
    logging.raiseExceptions = False
    handler: logging.Handler
    try:
        data.mkdir(parents=True, exist_ok=True)
        _start_anew(data / _NAME)
        handler = _LogFile(data / _NAME, delay=True)
    except OSError:
        handler = logging.NullHandler()
    _log_to(handler, level)


def stderr_to_log(data: Path) -> None:
    """Send what this process and its children write to standard error to the log as well."""
    try:
        log = os.open(data / _NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 2)
    os.close(log)


def _log_to(handler: logging.Handler, level: str) -> None:
    handler.setFormatter(_WithFacts(_FORMAT))
    logging.basicConfig(level=level, handlers=[handler])


def _start_anew(path: Path) -> None:
    """Keep one older log when this one has grown large."""
    if path.exists() and path.stat().st_size > _LARGEST_BYTES:
        path.replace(path.with_suffix(".log.1"))
