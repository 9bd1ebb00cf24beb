"""What the page needs to show scenes and to search; `runtime` hands it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a site without the analyzer does not load it
    from stereo_spot.analysis.ports import Contents
    from stereo_spot.analysis.search import Hit
    from stereo_spot.model import Job


class FilmLibrary(Protocol):
    """The films of the jobs as the analyzer knows them; a film has the id of its job."""

    def begin(self, job: Job) -> None:
        """Let the film of a job be analyzed, unless that is done or under way.

        Raises:
            RequestError: `conflict` when the film is no longer kept.
        """
        ...

    def contents(self, job_id: str) -> Contents | None:
        """Everything known of a film; None when nobody asked for its analysis yet."""
        ...

    def search(self, question: str | bytes, *, limit: int) -> list[Hit]:
        """Moments for a few words, or such that look like a picture, best first.

        Raises:
            RequestError: `bad_request` when there is nothing to search for.
        """
        ...

    def poster(self, job_id: str) -> int | None:
        """Number of the scene whose picture stands for the film; None while it has none."""
        ...

    def picture(self, key: str) -> bytes | None:
        """The JPEG of a frame."""
        ...
