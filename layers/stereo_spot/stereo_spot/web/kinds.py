"""Which HTTP status each kind of error has, and the words for a person."""

from enum import StrEnum

from stereo_spot.errors import ErrorKind

_K = ErrorKind


class HttpKind(StrEnum):
    """Kinds that only HTTP knows."""

    METHOD_NOT_ALLOWED = "method_not_allowed"
    FORBIDDEN = "forbidden"
    WRONG_HOST = "wrong_host"
    PRECONDITION_FAILED = "precondition_failed"
    TOO_LARGE = "too_large"
    LENGTH_REQUIRED = "length_required"
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable"
    TIMEOUT = "timeout"
    UPLOAD_INCOMPLETE = "upload_incomplete"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"


STATUS_OF_KIND: dict[ErrorKind, int] = {
    **{kind: 422 for kind in ErrorKind if kind.startswith("source_")},
    _K.SOURCE_TOO_LARGE: 413,
    _K.BAD_EVENT: 400,
    _K.BAD_REQUEST: 400,
    _K.NOT_FOUND: 404,
    _K.CONFLICT: 409,
    _K.UNAUTHORIZED: 403,
    _K.QUOTA_EXCEEDED: 429,
    _K.UPLOAD_EXPIRED: 410,
    _K.DISK_FULL: 507,
    _K.OUT_OF_MEMORY: 503,
    _K.LICENCE_NOT_ACCEPTED: 409,
    _K.TERMS_NOT_ACCEPTED: 409,
    _K.WEIGHTS_UNAVAILABLE: 409,
    _K.WEIGHTS_MISMATCH: 409,
    _K.TOKEN_MISSING: 409,
    _K.CANCELLED: 409,
}
KIND_OF_STATUS: dict[int, str] = {
    401: _K.UNAUTHORIZED,
    403: HttpKind.FORBIDDEN,
    404: _K.NOT_FOUND,
    405: HttpKind.METHOD_NOT_ALLOWED,
    408: HttpKind.TIMEOUT,
    411: HttpKind.LENGTH_REQUIRED,
    413: HttpKind.TOO_LARGE,
    416: HttpKind.RANGE_NOT_SATISFIABLE,
    421: HttpKind.WRONG_HOST,
    500: _K.INTERNAL,
}
