"""What the tables of an mp4 claim, checked before libav believes it."""

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.child import boxes
from stereo_spot.media.child.boxes import Box
from stereo_spot.media.child.ranges import RemoteFile

ENTRY_BYTES = {b"stts": 8, b"ctts": 8, b"stss": 4, b"stsc": 12, b"stco": 4, b"co64": 8}
SELF_CONTAINED = 1
MEDIA_HEADERS = {b"vmhd", b"smhd"}


def check_tables(file: RemoteFile, top: tuple[Box, ...]) -> None:
    """Refuse an index with tables longer than their boxes, or of media that lies elsewhere."""
    for moov in (box for box in top if box.kind == b"moov"):
        for media in boxes.find(file, moov, b"trak", b"mdia", b"minf"):
            kinds = {box.kind for box in boxes.boxes(file, media.start, media.end)}
            if kinds & MEDIA_HEADERS:
                for reference in boxes.find(file, media, b"dinf", b"dref"):
                    _check_reference(file, reference)
            for tables in boxes.find(file, media, b"stbl"):
                for table in boxes.boxes(file, tables.start, tables.end):
                    _check_length(file, table)


def _check_length(file: RemoteFile, table: Box) -> None:
    if table.kind == b"stsz":
        head = file.exactly(table.start + 4, 8)
        each, entry = int.from_bytes(head[:4], "big"), 4
        count, begin = int.from_bytes(head[4:], "big") * (not each), table.start + 12
    elif table.kind in ENTRY_BYTES:
        count = int.from_bytes(file.exactly(table.start + 4, 4), "big")
        entry, begin = ENTRY_BYTES[table.kind], table.start + 8
    else:
        return
    if begin + count * entry > table.end:
        raise SourceError(
            ErrorKind.SOURCE_CORRUPT,
            f"the film's index says that its table {table.kind.decode()} has {count} entries, "
            f"which do not fit in its {table.end - table.start} bytes",
        )


def _check_reference(file: RemoteFile, reference: Box) -> None:
    for entry in boxes.boxes(file, reference.start + 8, reference.end):
        flags = int.from_bytes(file.exactly(entry.start, 4), "big") & 0xFFFFFF
        if not flags & SELF_CONTAINED:
            raise SourceError(
                ErrorKind.SOURCE_FORBIDDEN_FORMAT,
                "the film's pictures or sound lie in another file, which is never read",
            )
