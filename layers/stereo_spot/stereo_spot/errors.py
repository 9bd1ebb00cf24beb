"""Every error a user or a caller can meet, with a stable kind.

    StereoSpotError
    ├── SourceError        the film cannot be used                      exit code 2
    ├── RequestError       what was asked cannot be done as asked       exit code 2
    ├── StepError          a step of the conversion failed for good     exit code 1
    ├── MachineError       this machine lacks something                 exit code 1
    └── ModelError         a model or the service behind it is no help  exit code 1

The kind is one vocabulary for the command line, the API, the job row and the events;
`docs/errors.md` says for each what a person can do.
"""

from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    """The stable names of everything that can go wrong."""

    SOURCE_MISSING = "source_missing"
    SOURCE_UNREADABLE = "source_unreadable"
    SOURCE_EMPTY = "source_empty"
    SOURCE_NOT_MEDIA = "source_not_media"
    SOURCE_FORBIDDEN_FORMAT = "source_forbidden_format"
    SOURCE_TRUNCATED = "source_truncated"
    SOURCE_CORRUPT = "source_corrupt"
    SOURCE_NO_VIDEO = "source_no_video"
    SOURCE_TOO_LARGE = "source_too_large"
    SOURCE_TOO_MANY_PIXELS = "source_too_many_pixels"
    SOURCE_TOO_MANY_FRAMES = "source_too_many_frames"
    SOURCE_TOO_LONG = "source_too_long"
    SOURCE_SIZE_CHANGES = "source_size_changes"
    SOURCE_CHANGED = "source_changed"
    SOURCE_UNSUPPORTED_CODEC = "source_unsupported_codec"

    CHUNK_FAILED = "chunk_failed"
    SEGMENT_FAILED = "segment_failed"
    ASSEMBLE_FAILED = "assemble_failed"
    CANCELLED = "cancelled"
    NO_PROGRESS = "no_progress"

    BAD_EVENT = "bad_event"
    BAD_REQUEST = "bad_request"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    UNAUTHORIZED = "unauthorized"
    QUOTA_EXCEEDED = "quota_exceeded"
    UPLOAD_EXPIRED = "upload_expired"

    DISK_FULL = "disk_full"
    PORT_IN_USE = "port_in_use"
    DATA_IN_USE = "data_in_use"
    OUTPUT_UNWRITABLE = "output_unwritable"
    STORE_UNREACHABLE = "store_unreachable"
    OUT_OF_MEMORY = "out_of_memory"
    INTERNAL = "internal"

    PROVIDER_FAILED = "provider_failed"
    LICENCE_NOT_ACCEPTED = "licence_not_accepted"
    TERMS_NOT_ACCEPTED = "terms_not_accepted"
    WEIGHTS_UNAVAILABLE = "weights_unavailable"
    WEIGHTS_MISMATCH = "weights_mismatch"
    TOKEN_MISSING = "token_missing"


class StereoSpotError(Exception):
    """Base of all: `kind` is stable, the message says what was wrong and the value."""

    exit_code: ClassVar[int] = 1

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message

    def __reduce__(self) -> tuple[type["StereoSpotError"], tuple[ErrorKind, str]]:
        return type(self), (self.kind, self.message)


class SourceError(StereoSpotError):
    """The film cannot be used; another try with the same bytes gives the same answer."""

    exit_code = 2


class RequestError(StereoSpotError):
    """What was asked cannot be done as asked."""

    exit_code = 2


class StepError(StereoSpotError):
    """A step of the conversion failed."""


class MachineError(StereoSpotError):
    """This machine lacks something: space, a port, memory."""


class ModelError(StereoSpotError):
    """A model, or the service that runs it, cannot be used."""


_FAMILIES: dict[str, type[StereoSpotError]] = {
    "source": SourceError,
    "chunk": StepError,
    "segment": StepError,
    "assemble": StepError,
    "cancelled": StepError,
    "no": StepError,
    "disk": MachineError,
    "port": MachineError,
    "data": MachineError,
    "output": MachineError,
    "store": MachineError,
    "out": MachineError,
    "internal": MachineError,
    "provider": ModelError,
    "licence": ModelError,
    "terms": ModelError,
    "weights": ModelError,
    "token": ModelError,
}


def error_of(kind: str, message: str) -> StereoSpotError:
    """Build the error that `kind` names, for kinds that come as text from another process.

    An unknown kind becomes `internal`: it is our defect, not the caller's.
    """
    try:
        known = ErrorKind(kind)
    except ValueError:
        return MachineError(ErrorKind.INTERNAL, f"{kind}: {message}")
    return _FAMILIES.get(known.split("_")[0], RequestError)(known, message)
