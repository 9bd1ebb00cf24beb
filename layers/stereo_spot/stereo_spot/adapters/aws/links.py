"""Signed links to S3: uploads in one piece or in parts, downloads under a chosen name."""

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from stereo_spot.adapters.aws.objects import Buckets
from stereo_spot.adapters.aws.table import error_code
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.ports import UploadedPart, UploadGrant

UPLOAD_S = 3600
"""How long a link may be used to begin sending; a Lambda role's links die with its session."""
MAX_PARTS = 10_000


class S3Links:
    """`Uploads` and `Downloads` by presigned URLs."""

    def __init__(self, client: Any, buckets: Buckets) -> None:
        self._client, self._buckets = client, buckets

    def single(self, key: str) -> UploadGrant:
        """A grant for one PUT; the signed header makes S3 refuse it once the key is taken."""
        url = self._signed("put_object", UPLOAD_S, **self._at(key), IfNoneMatch="*")
        return UploadGrant(
            url=url, headers={"If-None-Match": "*"}, expires_at=int(time.time()) + UPLOAD_S
        )

    def begin(self, key: str) -> str:
        """Start an upload in parts."""
        begun = self._client.create_multipart_upload(**self._at(key))
        return str(begun["UploadId"])

    def part(self, key: str, upload_id: str, number: int) -> UploadGrant:
        """A grant for one part."""
        if not 1 <= number <= MAX_PARTS:
            raise RequestError(
                ErrorKind.BAD_REQUEST, f"parts are numbered 1 to {MAX_PARTS}, not {number}"
            )
        url = self._signed(
            "upload_part", UPLOAD_S, **self._at(key), UploadId=upload_id, PartNumber=number
        )
        return UploadGrant(url=url, expires_at=int(time.time()) + UPLOAD_S)

    def parts(self, key: str, upload_id: str) -> list[UploadedPart]:
        """The parts held so far."""
        pages = self._client.get_paginator("list_parts")
        try:
            return [
                UploadedPart(
                    number=part["PartNumber"], size=part["Size"], etag=part["ETag"].strip('"')
                )
                for page in pages.paginate(**self._at(key), UploadId=upload_id)
                for part in page.get("Parts", ())
            ]
        except ClientError as error:
            raise _refusal(error, key) from error

    def finish(self, key: str, upload_id: str, parts: Sequence[UploadedPart] | None) -> None:
        """Put the parts together, or drop them."""
        at = {**self._at(key), "UploadId": upload_id}
        try:
            if parts is None:
                self._client.abort_multipart_upload(**at)
                return
            self._check(parts, self.parts(key, upload_id))
            listed = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
            self._client.complete_multipart_upload(
                **at, MultipartUpload={"Parts": listed}, IfNoneMatch="*"
            )
        except ClientError as error:
            raise _refusal(error, key) from error

    def url(self, key: str, *, filename: str, inline: bool, expires_s: int = 14_400) -> str:
        """A link that answers ranges."""
        shown = "inline" if inline else "attachment"
        plain = filename.encode("ascii", "replace").decode().replace('"', "_").replace("\\", "_")
        disposition = f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
        return self._signed(
            "get_object", expires_s, **self._at(key), ResponseContentDisposition=disposition
        )

    def _check(self, asked: Sequence[UploadedPart], held: Sequence[UploadedPart]) -> None:
        if not held:
            raise RequestError(ErrorKind.BAD_REQUEST, "an upload without parts has no bytes")
        if [(p.number, p.etag) for p in asked] != [(p.number, p.etag) for p in held]:
            raise RequestError(
                ErrorKind.CONFLICT, f"the store holds {len(held)} parts, not those listed"
            )

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._buckets.of(key), "Key": key}

    def _signed(self, call: str, expires_s: int, **parameters: Any) -> str:
        signed = self._client.generate_presigned_url(call, Params=parameters, ExpiresIn=expires_s)
        return str(signed)


def _refusal(error: ClientError, key: str) -> Exception:
    """Our error for what S3 refuses an upload for; anything else stays as it is."""
    match error_code(error):
        case "NoSuchUpload" | "404":
            return RequestError(ErrorKind.UPLOAD_EXPIRED, "no such upload is open")
        case "PreconditionFailed" | "ConditionalRequestConflict":
            return RequestError(ErrorKind.CONFLICT, f"{key} was uploaded already")
        case "InvalidPart" | "InvalidPartOrder":
            return RequestError(ErrorKind.CONFLICT, "the parts are not those that were sent")
        case "EntityTooSmall":
            return RequestError(ErrorKind.BAD_REQUEST, "only the last part may be under 5 MiB")
    other: Exception = error
    return other
