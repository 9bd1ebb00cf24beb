"""The one error of the engine: a stable kind, and one line that says what was wrong."""

from typing import Literal

Kind = Literal[
    "source_missing",
    "source_unreadable",
    "source_empty",
    "source_not_media",
    "source_forbidden_format",
    "source_truncated",
    "source_corrupt",
    "source_no_video",
    "source_too_many_pixels",
    "source_size_changes",
    "source_unsupported_codec",
    "bad_request",
    "disk_full",
    "output_unwritable",
    "out_of_memory",
    "licence_not_accepted",
    "token_missing",
    "terms_not_accepted",
    "weights_unavailable",
    "weights_mismatch",
    "internal",
]


class EngineError(Exception):
    """What a caller can act on; the kinds are a part of stereo-spot's vocabulary."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = " ".join(message.split())

    @property
    def exit_code(self) -> int:
        """2 where the input or the request is at fault, 1 where the engine or the machine is."""
        return 2 if self.kind.startswith("source_") or self.kind == "bad_request" else 1


def of_exception(error: Exception) -> EngineError:
    """The engine's error for anything that went wrong while working."""
    if isinstance(error, EngineError):
        return error
    # the second is torch's, which is not imported here
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return EngineError("out_of_memory", "not enough memory for this picture size")
    if isinstance(error, OSError) and error.errno == 28:
        return EngineError("disk_full", f"no space left while writing: {error}")
    return EngineError("internal", f"{type(error).__name__}: {error}")
