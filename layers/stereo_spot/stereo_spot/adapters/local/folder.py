"""Objects in a folder: bytes in `blobs/`, and one small index file per key in `keys/`.

An object appears when its index file is linked into place; link(2) fails if the key is taken, so
the first writer wins. A source may also be an index entry alone, pointing at a film where it is.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from stereo_spot.adapters.local.disk import disk_error, place, written
from stereo_spot.adapters.local.owner import new_owner, owner_is_dead
from stereo_spot.errors import ErrorKind, RequestError, SourceError
from stereo_spot.ports import ObjectInfo

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*", re.ASCII)
_SAMPLE = 1 << 20


def fingerprint(path: Path) -> str:
    """A name for this version of a file: its size, its time, and its first and last MiB."""
    status = path.stat()
    digest = hashlib.sha256(f"{status.st_size} {status.st_mtime_ns}\n".encode())
    with path.open("rb") as file:
        digest.update(file.read(_SAMPLE))
        file.seek(max(0, status.st_size - _SAMPLE))
        digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def film_id(version: str) -> str:
    """Under what a film is known that was analyzed where it lies."""
    return version[:32]


class FileVersion:
    """A file as a range reader; a linked film must stay as it was when it was linked."""

    def __init__(self, path: Path, stamp: tuple[int, int] | None, name: str) -> None:
        self._file = path.open("rb", buffering=0)
        self._stamp, self._name = stamp, name
        self.size = os.fstat(self._file.fileno()).st_size
        self._check()

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes from `offset`."""
        self._check()
        return os.pread(self._file.fileno(), length, offset)

    def read_into(self, offset: int, view: memoryview) -> int:
        """Fill `view` with the bytes from `offset`; how many came."""
        self._check()
        return os.preadv(self._file.fileno(), [view], offset)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _check(self) -> None:
        status = os.fstat(self._file.fileno())
        if self._stamp not in (None, (status.st_size, status.st_mtime_ns)):
            said = f"{self._name} was changed while it was being converted"
            raise SourceError(ErrorKind.SOURCE_CHANGED, said)


class NewFile:
    """A blob being written; nobody sees it before `commit`."""

    def __init__(self, store: "FolderObjectStore", key: str, metadata: Mapping[str, str]) -> None:
        self.head_bytes = 0
        self._store, self._key, self._metadata = store, key, dict(metadata)
        self.name = new_owner()
        self._path = store.blobs / self.name
        self._file = self._path.open("xb", buffering=0)
        self._committed = False

    def write_at(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`."""
        view = memoryview(data)
        try:
            while view:
                written = os.pwrite(self._file.fileno(), view, offset)
                view, offset = view[written:], offset + written
        except OSError as error:
            raise disk_error(error, self._store.blobs) from error

    def commit(self) -> ObjectInfo | None:
        """Make it appear unless the key is taken."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise disk_error(error, self._store.blobs) from error
        index = {"blob": self.name, "size": self._path.stat().st_size, "etag": self.name}
        info = self._store.link(self._key, index, self._metadata)
        self._committed = info is not None
        return info

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()
        if not self._committed:
            self._path.unlink(missing_ok=True)


class FolderObjectStore:
    """The folder; tells `on_stored` of each new key."""

    def __init__(self, root: Path, on_stored: Callable[[str], None]) -> None:
        self.keys, self.blobs = root / "keys", root / "blobs"
        self._on_stored = on_stored
        for folder in (self.keys, self.blobs):
            folder.mkdir(parents=True, exist_ok=True)

    def head(self, key: str) -> ObjectInfo | None:
        """What is stored at `key`."""
        index = self._index(key)
        return _info(key, index) if index is not None else None

    def open(self, key: str, *, etag: str | None = None) -> FileVersion:
        """A reader pinned to `etag`."""
        index = self._index(key)
        if index is None:
            raise RequestError(ErrorKind.NOT_FOUND, f"nothing is stored at {key}")
        if etag not in (None, index["etag"]):
            raise SourceError(ErrorKind.SOURCE_CHANGED, f"{key} is another version now")
        path, stamp = self._bytes_of(index)
        try:
            return FileVersion(path, stamp, index.get("path", key))
        except FileNotFoundError as error:
            raise SourceError(ErrorKind.SOURCE_MISSING, f"{path} is gone") from error

    def create(self, key: str, metadata: Mapping[str, str]) -> NewFile:
        """Begin a new object."""
        self._index_path(key)
        return NewFile(self, key, metadata)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects under a prefix, in key order."""
        found = self._entries(self.keys / prefix.rpartition("/")[0])
        for name in sorted(str(path.relative_to(self.keys)) for path in found):
            key = name.removesuffix(".json")
            if key.startswith(prefix) and (info := self.head(key)) is not None:
                yield info

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects, and folders that are empty then; a linked film itself stays."""
        for key in keys:
            path, index = self._index_path(key), self._index(key)
            path.unlink(missing_ok=True)
            if index is not None and "blob" in index:
                (self.blobs / index["blob"]).unlink(missing_ok=True)
            self._drop_empty(path.parent)

    def link_source(self, key: str, path: Path) -> ObjectInfo | None:
        """Store a film by pointing at it; None when the key is taken.

        A key that points at the same version elsewhere follows the film to where it is now.
        """
        status = path.stat()
        index = {
            "path": str(path.resolve()),
            "size": status.st_size,
            "mtime_ns": status.st_mtime_ns,
            "etag": fingerprint(path),
        }
        made = self.link(key, index, {})
        there = self._index(key) if made is None else None
        if there and there["etag"] == index["etag"] and there.get("path") != index["path"]:
            self._rewrite(key, there | index)
        return made

    def hand_over(self, key: str, path: Path) -> None:
        """Move an object's bytes out to `path`; the key points there from now on.

        Killed in between, the bytes stand at both places and the key names one of them.

        Raises:
            MachineError: `disk_full` or `output_unwritable`.
        """
        index = self._placed(key, path)
        if "blob" in index:
            moved = {name: value for name, value in index.items() if name != "blob"}
            entry = moved | {"path": str(path.resolve()), "mtime_ns": path.stat().st_mtime_ns}
            self._rewrite(key, entry)
            (self.blobs / index["blob"]).unlink(missing_ok=True)

    def _placed(self, key: str, path: Path) -> dict[str, Any]:
        """Let the bytes stand at `path` as well; returns the entry that named them."""
        turns = 3
        while True:
            index, turns = self._index(key), turns - 1
            if index is None:
                raise RequestError(ErrorKind.NOT_FOUND, f"nothing is stored at {key}")
            try:
                place(self._bytes_of(index)[0], path)
            except FileNotFoundError as error:
                if turns == 0:
                    raise disk_error(error, path.parent) from error
            else:
                return index  # else another process handed them over in between

    def _rewrite(self, key: str, entry: dict[str, Any]) -> None:
        written(self.blobs / f"{new_owner()}.entry", json.dumps(entry)).replace(
            self._index_path(key)
        )

    def path_of(self, key: str) -> Path:
        """The file that holds an object's bytes; to read or to link from, never to write."""
        index = self._index(key)
        if index is None:
            raise RequestError(ErrorKind.NOT_FOUND, f"nothing is stored at {key}")
        return self._bytes_of(index)[0]

    def link(
        self, key: str, index: dict[str, Any], metadata: Mapping[str, str]
    ) -> ObjectInfo | None:
        """Let an index entry appear at `key`, exclusively."""
        path = self._index_path(key)
        entry = {**index, "stored_at": time.time(), "metadata": dict(metadata)}
        draft = written(self.blobs / f"{new_owner()}.entry", json.dumps(entry))
        try:
            for attempt in range(3):
                path.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(draft, path)
                    break
                except FileNotFoundError:  # the folder was dropped as empty in between
                    if attempt == 2:
                        raise
        except FileExistsError:
            return None
        finally:
            draft.unlink()
        self._on_stored(key)
        return _info(key, entry)

    def drop_leftovers(self) -> None:
        """Remove blobs that dead processes never committed.

        Who is dead is asked before the entries are read: nobody can commit such a blob any more.
        """
        dead = [
            path for path in self.blobs.iterdir() if owner_is_dead(path.name.removesuffix(".entry"))
        ]
        if dead:
            kept = {entry.get("blob") for entry in map(_read, self._entries(self.keys)) if entry}
            for path in dead:
                if path.name not in kept:
                    path.unlink(missing_ok=True)

    def _entries(self, folder: Path) -> Iterator[Path]:
        """All index files under a folder; folders that vanish meanwhile are passed over."""
        for at, _folders, names in os.walk(folder):
            yield from (Path(at, name) for name in names if name.endswith(".json"))

    def _bytes_of(self, index: dict[str, Any]) -> tuple[Path, tuple[int, int] | None]:
        if "blob" in index:
            return self.blobs / index["blob"], None
        return Path(index["path"]), (index["size"], index["mtime_ns"])

    def _index_path(self, key: str) -> Path:
        if not _KEY.fullmatch(key) or ".." in key:
            raise RequestError(ErrorKind.BAD_REQUEST, f"not an object key: {key[:200]!r}")
        return self.keys / f"{key}.json"

    def _index(self, key: str) -> dict[str, Any] | None:
        return _read(self._index_path(key))

    def _drop_empty(self, folder: Path) -> None:
        while folder != self.keys:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def _read(path: Path) -> dict[str, Any] | None:
    try:
        entry: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return entry


def _info(key: str, index: dict[str, Any]) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size=index["size"],
        etag=index["etag"],
        stored_at=index["stored_at"],
        metadata=index["metadata"],
    )
