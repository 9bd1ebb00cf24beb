"""The store behind signed links that this application serves itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from stereo_spot.ports import NewObject, ObjectInfo, RangeReader


class SignedStorage(Protocol):
    """Honours the links that the `Uploads` and `Downloads` of the same store made."""

    def check(self, do: str, key: str, query: Mapping[str, str]) -> None:
        """Refuse a link that is forged, over, or for something else than `do`.

        Raises:
            RequestError: `unauthorized`, or `upload_expired` for an upload that is too late.
        """
        ...

    def new_object(self, key: str) -> NewObject:
        """Where the bytes of a single PUT go."""
        ...

    def part_draft(self, upload_id: str) -> Path:
        """Where to receive a part before it counts."""
        ...

    def store_part(self, key: str, upload_id: str, number: int, received: Path) -> str:
        """Keep a received part; returns its ETag.

        Raises:
            RequestError: `upload_expired` when the upload is over.
        """
        ...

    def open(self, key: str) -> tuple[ObjectInfo, RangeReader]:
        """An object to send.

        Raises:
            RequestError: `not_found` when nothing is there.
        """
        ...
