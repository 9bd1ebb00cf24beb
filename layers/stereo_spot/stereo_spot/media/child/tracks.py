"""The source's own sound, subtitles and chapters, carried over as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from stereo_spot.media.child import captions
from stereo_spot.media.child.door import Film, codec_name
from stereo_spot.media.fit import MP4_AUDIO, TEXT_SUBTITLES

if TYPE_CHECKING:
    from av.container.core import Chapter

DROPPED_METADATA = {
    "major_brand", "minor_version", "compatible_brands", "encoder", "duration", "stereo_mode",
    "number_of_frames", "number_of_bytes", "bps", "rotate", "variant_fps", "alpha_mode",
}  # fmt: skip


@dataclass
class Track:
    """A source stream and the stream it becomes."""

    source: Stream
    out: Stream
    convert: captions.Convert | None = None


@dataclass
class Tracks:
    """Every stream that is carried over."""

    tracks: dict[int, Track] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """How many streams of a kind are carried over."""
        return sum(track.source.type == kind for track in self.tracks.values())


def carry(film: Film, out: OutputContainer, container: str) -> Tracks:
    """Give `out` a stream for every source stream that it can hold."""
    kept = Tracks()
    for stream in film.container.streams:
        if stream.type in ("audio", "subtitle", "attachment"):
            try:
                track = _track(stream, out, container)
            except ValueError:
                track = None
            if track is None:
                kept.notes.append(
                    f"{stream.type} track {codec_name(stream)} does not fit {container}"
                )
                continue
            _copy_tags(stream, track.out)
            kept.tracks[stream.index] = track
    film.only(*(track.source for track in kept.tracks.values()))
    return kept


def _track(stream: Stream, out: OutputContainer, container: str) -> Track | None:
    if stream.type == "subtitle":
        return _subtitle(stream, out, container)
    if stream.type == "attachment":
        fits = container == "mkv"
    else:
        fits = container == "mkv" or codec_name(stream) in MP4_AUDIO
    return Track(stream, out.add_stream_from_template(stream, opaque=True)) if fits else None


def _subtitle(stream: Stream, out: OutputContainer, container: str) -> Track | None:
    name = codec_name(stream)
    if name in TEXT_SUBTITLES and name != captions.NATIVE[container]:
        made = captions.add_stream(out, container)
        return Track(stream, made, captions.conversion(name, container))
    if container == "mp4" and name != "mov_text":
        return None
    return Track(stream, out.add_stream_from_template(stream, opaque=True))


def _copy_tags(source: Stream, out: Stream) -> None:
    out.metadata.update(tags(source.metadata))
    if source.type != "attachment":
        out.disposition = source.disposition


def tags(metadata: dict[str, str]) -> dict[str, str]:
    """Metadata that stays true in another container."""
    return {
        key: value
        for key, value in metadata.items()
        if key.lower().partition("-")[0] not in DROPPED_METADATA and not key.startswith("_")
    }


def start_of(film: Film, streams: list[Stream], video_start: Fraction) -> Fraction:
    """When the film's clock starts: its first picture or sound, whichever is earlier.

    Sound before zero is an encoder's run-up, which the container already hides.
    """
    starts = [video_start]
    for stream in streams:
        if stream.type == "audio" and stream.start_time is not None and stream.time_base:
            starts.append(max(stream.start_time * stream.time_base, Fraction(0)))
    return min(starts)


def packets(
    film: Film, kept: Tracks, origin: Fraction, within: tuple[Fraction, Fraction] | None
) -> Iterator[tuple[Fraction, Packet[Stream], Track]]:
    """The carried packets with their times from `origin`, re-timed; `within` trims them."""
    if not kept.tracks:
        return
    for packet in film.container.demux():
        track = kept.tracks.get(packet.stream_index)
        if track is None or not packet.size or packet.pts is None:
            continue
        time_base = track.source.time_base or Fraction(1)
        time = packet.pts * time_base
        if within is not None and not within[0] <= time < within[1]:
            continue
        shift = round(origin / time_base)
        packet.pts -= shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        yield time - origin, packet, track


def chapters(
    film: Film, origin: Fraction, within: tuple[Fraction, Fraction] | None
) -> list[Chapter]:
    """The source's chapters, moved like everything else."""
    kept: list[Chapter] = []
    for chapter in film.container.chapters():
        time_base = chapter["time_base"] or Fraction(1)
        start, end = chapter["start"] * time_base, chapter["end"] * time_base
        if within is not None:
            start, end = max(start, within[0]), min(end, within[1])
        if start < end:
            chapter["start"] = round((start - origin) / time_base)
            chapter["end"] = round((end - origin) / time_base)
            kept.append(chapter)
    return kept
