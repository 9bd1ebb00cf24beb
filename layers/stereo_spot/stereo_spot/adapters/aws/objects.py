"""Objects in S3: one name space of keys over two buckets; the first writer of a key wins.

`jobs/` lies in the output bucket, everything else in the input bucket. Every reading is pinned to
an ETag, every writing is conditional on the key being free.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from stereo_spot.adapters.aws.table import error_code
from stereo_spot.adapters.aws.writing import WRITER, NewS3Object, is_missing
from stereo_spot.errors import ErrorKind, RequestError, SourceError
from stereo_spot.ports import ObjectInfo

_OUTPUT = "jobs/"
_DELETE_AT_ONCE = 1000
_PIECE = 1 << 20
"""How much of an answer is held beside where it goes."""
Keys = list[str]


@dataclass(frozen=True)
class Buckets:
    """Where the keys lie."""

    input: str
    output: str

    def of(self, key: str) -> str:
        """The bucket of a key."""
        return self.output if key.startswith(_OUTPUT) else self.input

    def under(self, prefix: str) -> tuple[str, ...]:
        """The buckets that may hold keys with this prefix."""
        if prefix.startswith(_OUTPUT):
            return (self.output,)
        return (self.input, self.output) if _OUTPUT.startswith(prefix) else (self.input,)


class S3Reader:
    """A stored object by ranges; every range is asked for with the pinned ETag."""

    def __init__(self, client: Any, bucket: str, key: str, *, size: int, etag: str) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self.size, self._etag = size, etag

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes from `offset`."""
        view = memoryview(bytearray(max(0, min(length, self.size - offset))))
        return bytes(view[: self.read_into(offset, view)])

    def read_into(self, offset: int, view: memoryview) -> int:
        """Fill `view` with the bytes from `offset`; how many came."""
        last, filled = min(offset + len(view), self.size) - 1, 0
        if last < offset:
            return 0
        try:
            answer = self._client.get_object(
                Bucket=self._bucket,
                Key=self._key,
                Range=f"bytes={offset}-{last}",
                IfMatch=f'"{self._etag}"',
            )
            while block := answer["Body"].read(_PIECE):
                view[filled : filled + len(block)] = block
                filled += len(block)
        except ClientError as error:
            if error_code(error) == "PreconditionFailed":
                raise _changed(self._key) from error
            if is_missing(error):
                raise SourceError(ErrorKind.SOURCE_MISSING, f"{self._key} is gone") from error
            raise
        return filled

    def close(self) -> None:
        """Nothing is held between two ranges."""


class _OnDemand(dict[str, str]):
    """The metadata of a listed object: a listing does not carry it, asking costs one call."""

    def __init__(self, objects: "S3ObjectStore", key: str) -> None:
        super().__init__()
        self._objects, self._key, self._fetched = objects, key, False

    def get(self, name: str, default: Any = None) -> Any:
        """One entry."""
        if not self._fetched:
            info = self._objects.head(self._key)
            self.update(info.metadata if info is not None else {})
            self._fetched = True
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        self.get(name)
        return super().__getitem__(name)


class S3ObjectStore:
    """The two buckets."""

    def __init__(self, client: Any, buckets: Buckets) -> None:
        self._client, self._buckets = client, buckets

    def head(self, key: str) -> ObjectInfo | None:
        """What is stored at `key`."""
        try:
            found = self._client.head_object(Bucket=self._buckets.of(key), Key=key)
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        metadata = {name: text for name, text in found["Metadata"].items() if name != WRITER}
        return ObjectInfo(
            key=key,
            size=found["ContentLength"],
            etag=found["ETag"].strip('"'),
            stored_at=found["LastModified"].timestamp(),
            metadata=metadata,
        )

    def open(self, key: str, *, etag: str | None = None) -> S3Reader:
        """A reader pinned to `etag`."""
        info = self.head(key)
        if info is None:
            raise RequestError(ErrorKind.NOT_FOUND, f"nothing is stored at {key}")
        if etag not in (None, info.etag):
            raise _changed(key)
        return S3Reader(self._client, self._buckets.of(key), key, size=info.size, etag=info.etag)

    def create(self, key: str, metadata: Mapping[str, str]) -> NewS3Object:
        """Begin a new object."""
        return NewS3Object(self._client, self._buckets.of(key), key, metadata, self.head)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects under a prefix, in key order; metadata is fetched when it is asked for."""
        lists = [self._listed(bucket, prefix) for bucket in self._buckets.under(prefix)]
        return heapq.merge(*lists, key=lambda info: info.key)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects."""
        waiting: dict[str, Keys] = {}
        for key in keys:
            bucket = self._buckets.of(key)
            waiting.setdefault(bucket, []).append(key)
            if len(waiting[bucket]) == _DELETE_AT_ONCE:
                self._delete(bucket, waiting.pop(bucket))
        for bucket, left in waiting.items():
            self._delete(bucket, left)

    def _delete(self, bucket: str, keys: Keys) -> None:
        objects = [{"Key": key} for key in keys]
        done = self._client.delete_objects(
            Bucket=bucket, Delete={"Objects": objects, "Quiet": True}
        )
        if done.get("Errors"):
            first = done["Errors"][0]
            raise OSError(f"{len(done['Errors'])} objects stay, first {first['Key']}: {first}")

    def _listed(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield ObjectInfo.model_construct(
                    key=found["Key"],
                    size=found["Size"],
                    etag=found["ETag"].strip('"'),
                    stored_at=found["LastModified"].timestamp(),
                    metadata=_OnDemand(self, found["Key"]),
                )


def _changed(key: str) -> SourceError:
    return SourceError(ErrorKind.SOURCE_CHANGED, f"{key} is another version now")
