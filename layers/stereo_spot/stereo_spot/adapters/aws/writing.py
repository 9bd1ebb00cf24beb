"""A new S3 object, streamed: whole in one PutObject when small, else in parts.

The head may be written again until the end, so it is kept back and shipped as part 1, last.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Self

from botocore.exceptions import ClientError

from stereo_spot.adapters.aws.table import error_code
from stereo_spot.keys import FinalKey
from stereo_spot.ports import ObjectInfo

WRITER = "writer"
"""Metadata entry with a random token: whether an object that is in the way is our own."""
PART_BYTES = 16 << 20
_PARTS_PER_STEP = 1000
_TURNS = 5
_INTERMEDIATE = "stereo-spot-lifecycle=intermediate"
_TYPES = {"mp4": "video/mp4", "mkv": "video/x-matroska", "json": "application/json"}


def is_missing(error: ClientError) -> bool:
    """Whether an error says that nothing is there."""
    return error_code(error) in ("404", "NoSuchKey", "NotFound")


def part_bytes(number: int) -> int:
    """The size of part `number`: it grows, so that 10,000 parts hold 880 GB."""
    return PART_BYTES * (1 + number // _PARTS_PER_STEP)


class NewS3Object:
    """Bytes on their way into a bucket."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        key: str,
        metadata: Mapping[str, str],
        head: Callable[[str], ObjectInfo | None],
    ) -> None:
        self.head_bytes = 0
        self._client, self._look = client, head
        self._at = {"Bucket": bucket, "Key": key}
        self._writer = uuid.uuid4().hex
        self._about: dict[str, Any] = {
            "Metadata": {**metadata, WRITER: self._writer},
            "ContentType": _TYPES.get(key.rpartition(".")[2], "application/octet-stream"),
        }
        if key.startswith("jobs/") and FinalKey.parse(key) is None:
            self._about["Tagging"] = _INTERMEDIATE  # the output bucket's lifecycle goes by it
        self._head, self._tail = bytearray(), bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []

    def write_at(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`: in the head, or at the end."""
        in_head = max(0, self._head_room() - offset)
        if in_head:
            self._head[offset : offset + len(data[:in_head])] = data[:in_head]
        self._tail += data[in_head:]
        size = part_bytes(len(self._parts) + 2)
        while len(self._tail) >= size:
            self._ship(len(self._parts) + 2, bytes(self._tail[:size]))
            del self._tail[:size]

    def commit(self) -> ObjectInfo | None:
        """Make it appear unless the key is taken."""
        if self._upload is None and not self._tail:
            won = self._put_whole()
        else:
            if self._tail:
                self._ship(len(self._parts) + 2, bytes(self._tail))
            self._ship(1, bytes(self._head))
            won = self._complete()
        if not won:
            there = self._client_head()
            won = there is not None and there["Metadata"].get(WRITER) == self._writer
        return self._look(self._at["Key"]) if won else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._upload is not None:
            try:
                self._client.abort_multipart_upload(**self._at, UploadId=self._upload)
            except ClientError as error:
                if error_code(error) not in ("NoSuchUpload", "404"):
                    raise

    def _head_room(self) -> int:
        """Part 1 is no smaller than other parts, and holds all that may be written again."""
        return max(self.head_bytes, PART_BYTES)

    def _ship(self, number: int, body: bytes) -> None:
        if self._upload is None:
            begun = self._client.create_multipart_upload(**self._at, **self._about)
            self._upload = begun["UploadId"]
        sent = self._client.upload_part(
            **self._at, UploadId=self._upload, PartNumber=number, Body=body
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def _put_whole(self) -> bool:
        """One PutObject; 409 means that it is not decided yet who is first."""
        for turn in range(_TURNS):
            try:
                self._client.put_object(
                    **self._at, **self._about, Body=bytes(self._head), IfNoneMatch="*"
                )
            except ClientError as error:
                if error_code(error) == "PreconditionFailed":
                    return False
                if error_code(error) != "ConditionalRequestConflict" or turn == _TURNS - 1:
                    raise
            else:
                return True
        return False

    def _complete(self) -> bool:
        """Put the parts together; False when the key is taken or our own reply was lost."""
        parts = sorted(self._parts, key=lambda part: part["PartNumber"])
        try:
            self._client.complete_multipart_upload(
                **self._at,
                UploadId=self._upload,
                MultipartUpload={"Parts": parts},
                IfNoneMatch="*",
            )
        except ClientError as error:
            refused = ("PreconditionFailed", "NoSuchUpload", "ConditionalRequestConflict")
            if error_code(error) not in refused or self._client_head() is None:
                raise
            return False
        self._upload = None
        return True

    def _client_head(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.head_object(**self._at)
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        return found
