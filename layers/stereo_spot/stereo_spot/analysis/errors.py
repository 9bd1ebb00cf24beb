"""What can go wrong in the analyzer beyond the common errors."""

from stereo_spot.errors import ErrorKind, MachineError, StereoSpotError


class ProviderError(StereoSpotError):
    """A speech, vision or embedding service gave no usable answer, however often it was asked."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorKind.PROVIDER_FAILED, message)

    def __reduce__(self) -> tuple[type["ProviderError"], tuple[str]]:  # type: ignore[override]
        return type(self), (self.message,)


class Interrupted(Exception):
    """The worker must stop, or the job is no longer its own; what is finished stays finished."""


class Unavailable(MachineError):
    """A store or a queue cannot be reached now; the same will work when it is back."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorKind.STORE_UNREACHABLE, message)

    def __reduce__(self) -> tuple[type["Unavailable"], tuple[str]]:  # type: ignore[override]
        return type(self), (self.message,)
