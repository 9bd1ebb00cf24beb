"""Where the objects of an invocation lie: in buckets, or in a folder on a disk that we share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from stereo_spot.errors import ErrorKind, RequestError


@dataclass(frozen=True)
class Place:
    """One object; without a bucket it lies in the served folder."""

    bucket: str | None
    key: str


def place_of(uri: Any, folder: Path | None) -> Place:
    """Read `s3://bucket/key`, or `file://{folder}/{key}`.

    Which buckets may be used is up to the role. Files are opened below the one folder that
    whoever started the server named, and nowhere else.

    Raises:
        RequestError: `bad_request` for any other address.
    """
    parts = _split(uri)
    if parts is not None and parts.scheme == "s3" and parts.netloc and len(parts.path) > 1:
        return Place(parts.netloc, parts.path[1:])
    if parts is not None and parts.scheme == "file" and not parts.netloc:
        return Place(None, _key_of(Path(unquote(parts.path)), folder))
    raise RequestError(ErrorKind.BAD_REQUEST, f"expected s3://BUCKET/KEY, not {uri!r}")


def _split(uri: Any) -> SplitResult | None:
    try:
        return urlsplit(uri) if isinstance(uri, str) else None
    except ValueError:
        return None


def _key_of(path: Path, folder: Path | None) -> str:
    if folder is None or ".." in path.parts or not path.is_relative_to(folder):
        text = "this server opens no files there; OBJECTS_DIR names the folder that it serves"
        raise RequestError(ErrorKind.BAD_REQUEST, f"{path}: {text}")
    return path.relative_to(folder).as_posix()
