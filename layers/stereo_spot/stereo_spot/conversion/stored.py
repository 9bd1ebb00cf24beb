"""Small moves between files, bytes and the object store."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from stereo_spot.ports import ObjectInfo, ObjectStore, RangeReader

BLOCK = 8 << 20


def store_bytes(
    objects: ObjectStore, key: str, body: bytes, metadata: Mapping[str, str]
) -> ObjectInfo | None:
    """Store a small body; None when the key is taken."""
    with objects.create(key, metadata) as new:
        new.write_at(0, body)
        return new.commit()


def store_file(
    objects: ObjectStore, key: str, path: Path, metadata: Mapping[str, str]
) -> ObjectInfo | None:
    """Store a file with its SHA-256 in the metadata; None when the key is taken."""
    with objects.create(key, {**metadata, "sha256": sha256_of(path)}) as new:
        offset = 0
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                new.write_at(offset, block)
                offset += len(block)
        return new.commit()


def fetch_file(objects: ObjectStore, info: ObjectInfo, path: Path) -> None:
    """Copy exactly the version `info` names into a file."""
    reader = objects.open(info.key, etag=info.etag)
    try:
        with path.open("wb") as file:
            offset = 0
            while offset < info.size:
                block = reader.read_at(offset, BLOCK)
                file.write(block)
                offset += len(block)
    finally:
        reader.close()


def read_all(reader: RangeReader) -> bytes:
    """The whole of a small object; closes the reader."""
    try:
        return reader.read_at(0, reader.size)
    finally:
        reader.close()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class FileReader:
    """A local file as a `RangeReader`."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.size = path.stat().st_size

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes from `offset`; shorter only at the end."""
        self._file.seek(offset)
        return self._file.read(length)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
