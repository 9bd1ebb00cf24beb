"""Opaque page cursors: where the last page ended."""

import base64
import binascii
import json

from stereo_spot.errors import ErrorKind, RequestError


def encode_cursor(created_at: float, job_id: str) -> str:
    """A cursor after this job."""
    return base64.urlsafe_b64encode(json.dumps([created_at, job_id]).encode()).decode()


def decode_cursor(cursor: str) -> tuple[float, str]:
    """The place a cursor names.

    Raises:
        RequestError: `bad_request` when it is not one of ours.
    """
    try:
        created_at, job_id = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        return float(created_at), str(job_id)
    except (ValueError, TypeError, binascii.Error) as error:
        raise RequestError(ErrorKind.BAD_REQUEST, f"not a cursor: {cursor[:80]!r}") from error
