"""A renderer that loses nothing, and the whole way through the media code."""

import zlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from stereo_spot.media import starting
from stereo_spot.media.cut import cut
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.join import JoinReport, final_suffix, join
from stereo_spot.media.plan import plan
from stereo_spot.model import CutSegment, JobOptions, Manifest, Plan

from tests.media.films import Film, Sound, make

__all__ = ["Film", "Sound", "make"]

LIMITS = MediaLimits(wall_s=60)


class FileReader:
    """A path read by ranges; remembers what was asked of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size
        self.reads: list[tuple[int, int]] = []

    def read_at(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        with self._path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def close(self) -> None:
        """Nothing stays open between reads."""


class FileWriter:
    """A path written front to back, whose head alone may be written again."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.head_bytes = 0
        self.end = 0

    def write_at(self, offset: int, data: bytes) -> None:
        assert offset == self.end or offset + len(data) <= max(self.head_bytes, 0), (
            f"write of {len(data)} at {offset}, end {self.end}, head {self.head_bytes}"
        )
        assert offset <= self.end
        self._file.seek(offset)
        self._file.write(data)
        self.end = max(self.end, offset + len(data))

    def close(self) -> None:
        self._file.close()


@dataclass
class Seen:
    """What decoding a file shows."""

    crcs: list[int]
    times: list[Fraction]


def seen(path: Path, crop: tuple[int, int] | None = None) -> Seen:
    """Every frame a player shows, decoded; `crop` keeps the left columns and top rows."""
    crcs, times = [], []
    with av.open(str(path)) as file:
        stream = next(s for s in file.streams.video if not s.disposition & 1024)
        for frame in file.decode(stream):
            crcs.append(crc(frame, crop))
            times.append(frame.pts * frame.time_base)
    return Seen(crcs, times)


def planes(frame: av.VideoFrame) -> list[np.ndarray]:
    """The planes of a planar frame, without padding."""
    depth = 2 if any(c.bits > 8 for c in frame.format.components) else 1
    result = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height]
        result.append(rows[:, : plane.width * depth])
    return result


def crc(frame: av.VideoFrame, crop: tuple[int, int] | None = None) -> int:
    value = 0
    width, height = crop or (frame.width, frame.height)
    for plane in planes(frame):
        h = -(-plane.shape[0] * height // frame.height)
        w = -(-plane.shape[1] * width // frame.width)
        value = zlib.crc32(np.ascontiguousarray(plane[:h, :w]).tobytes(), value)
    return value


def render(segment: CutSegment, source: Path, target: Path, *, double: bool = True, **extra) -> int:
    """Do what the engine must: drop what is early, see the pre-roll, encode the rest unchanged."""
    from_time = Fraction(segment.from_time)
    with av.open(str(source)) as file:
        shown = [f for f in file.decode(video=0) if f.pts * f.time_base >= from_time]
    kept = shown[segment.preroll_frames : segment.preroll_frames + segment.n_frames]
    with av.open(str(target), "w", format="mp4") as out:
        first = kept[0]
        stream = out.add_stream("libx264", rate=30)
        stream.width = first.width * (2 if double else 1)
        stream.height = first.height + first.height % 2
        stream.pix_fmt = first.format.name
        stream.codec_context.time_base = Fraction(1, 30)
        stream.options = {
            "qp": "0", "preset": "ultrafast", "bf": "2", "threads": "1", "sc_threshold": "0",
            "x264-params": "b-pyramid=none:open-gop=0:frame-packing=3", **extra,
        }  # fmt: skip
        for number, frame in enumerate(kept):
            twin = doubled(frame) if double else frame
            twin.pts, twin.time_base = number, Fraction(1, 30)
            twin.pict_type = 0
            out.mux(stream.encode(twin))
        out.mux(stream.encode(None))
    return len(kept)


def doubled(frame: av.VideoFrame) -> av.VideoFrame:
    """The picture twice, side by side."""
    twin = av.VideoFrame(frame.width * 2, frame.height + frame.height % 2, frame.format.name)
    for plane, rows in zip(twin.planes, planes(frame), strict=True):
        both = np.hstack([rows, rows])[:, : plane.line_size]
        padded = np.zeros((plane.height, plane.line_size), np.uint8)
        padded[: both.shape[0], : both.shape[1]] = both
        plane.update(padded.tobytes())
    return twin


@dataclass
class Walked:
    """Everything one film left behind on its way."""

    plan: Plan
    manifest: Manifest
    report: JoinReport
    final: Path
    parts: dict[int, Path]


def walk(source: Path, folder: Path, *, options: JobOptions, preroll: int = 4, **extra) -> Walked:
    """Plan, cut, render and join; the parts and the final stay in `folder`."""
    folder.mkdir(exist_ok=True)
    reader = FileReader(source)
    parts: dict[int, Path] = {}

    def store(segment: CutSegment, path: Path) -> None:
        part = folder / f"part-{segment.index:05d}.mp4"
        assert render(segment, path, part, **extra) == segment.n_frames, segment.index
        parts[segment.index] = part

    with starting.started() as guarded:
        planned = plan(
            reader,
            source_etag="e",
            options=options,
            preroll_frames=preroll,
            limits=LIMITS,
            guarded=guarded,
        )
        manifest = cut(reader, planned, scratch=folder, store=store, limits=LIMITS, guarded=guarded)
    final = folder / f"final{final_suffix(planned)}"
    report = finish(reader, manifest, parts, final, planned)
    reader.close()
    return Walked(planned, manifest, report, final, parts)


def finish(
    reader, manifest: Manifest, parts: dict[int, Path], final: Path, planned: Plan
) -> JoinReport:
    """Join the parts into `final`."""
    writer = FileWriter(final)
    try:
        return join(
            reader,
            manifest,
            lambda index: FileReader(parts[index]),
            writer,
            plan=planned,
            limits=LIMITS,
        )
    finally:
        writer.close()


@dataclass
class Heard:
    """The packets of one sound or subtitle track."""

    payload: list[bytes]
    times: list[Fraction]
    language: str | None


def heard(path: Path, kind: str = "audio") -> list[Heard]:
    """Every track of a kind, packet by packet, without the framing that transport streams add."""
    with av.open(str(path)) as file:
        tracks = {
            stream.index: Heard([], [], stream.language)
            for stream in file.streams
            if stream.type == kind
        }
        for packet in file.demux():
            if packet.size and packet.stream_index in tracks:
                track = tracks[packet.stream_index]
                track.payload.append(bare(bytes(packet)))
                track.times.append(packet.pts * packet.time_base)
        return list(tracks.values())


def bare(payload: bytes) -> bytes:
    """AAC without its ADTS header."""
    if payload[:1] == b"\xff" and payload[1] & 0xF6 == 0xF0:
        return payload[7 if payload[1] & 1 else 9 :]
    return payload


def samples(path: Path) -> list[int]:
    """Decoded samples of every sound track."""
    counts = []
    for place in range(len(heard(path))):
        with av.open(str(path)) as file:
            counts.append(sum(frame.samples for frame in file.decode(audio=place)))
    return counts
