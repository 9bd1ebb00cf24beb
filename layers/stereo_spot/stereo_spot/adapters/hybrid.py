"""Rows in one place and files in another: any rows go with any files."""

from dataclasses import dataclass

from stereo_spot.analysis.ports import ResultFiles, ResultRows


@dataclass(frozen=True)
class Storage:
    """Where results are kept.

    Files are always written before the rows that name them, so a row never points at nothing,
    wherever the two halves are.
    """

    rows: ResultRows
    files: ResultFiles


def hybrid(*, metadata: Storage, files: Storage) -> Storage:
    """The rows of one storage with the files of another."""
    return Storage(metadata.rows, files.files)
