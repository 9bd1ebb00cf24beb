"""The source's own sound, subtitles and chapters, carried over as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from stereo_spot.media.child import captions, latm
from stereo_spot.media.child.door import Film, codec_name, packets
from stereo_spot.media.codecs import MP4_AUDIO, TEXT_SUBTITLES

if TYPE_CHECKING:
    from av.container.core import Chapter

PEEKED = 256
"""Packets looked at to find where every sound track starts."""
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
    if isinstance(stream, AudioStream) and codec_name(stream) == "aac_latm":
        made = out.add_mux_stream("aac", rate=stream.sample_rate)
        return Track(stream, made, latm.Unwrapper())
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


def run_up(packet: Packet[Any]) -> int:
    """Samples at the beginning of a sound packet that are decoded but never heard."""
    if not packet.has_sidedata("skip_samples"):
        return 0
    return int.from_bytes(bytes(packet.get_sidedata("skip_samples"))[:4], "little")


class Carried:
    """The packets of the carried streams, the first ones looked at before the rest."""

    def __init__(self, film: Film, kept: Tracks) -> None:
        self._kept = kept
        demuxed = packets(film.container) if kept.tracks else iter(())
        self._rest = (packet for packet in demuxed if self._wanted(packet))
        self._peeked: list[Packet[Any]] = []

    def clock_start(self, video_start: Fraction) -> Fraction:
        """When the film's clock starts: its first picture or heard sound, if not before zero."""
        starts = [video_start]
        waiting = {i for i, track in self._kept.tracks.items() if track.source.type == "audio"}
        while waiting and len(self._peeked) < PEEKED:
            packet = next(self._rest, None)
            if packet is None:
                break
            self._peeked.append(packet)
            if packet.stream_index in waiting:
                waiting.remove(packet.stream_index)
                starts.append(max(self._heard(packet), Fraction(0)))
        return min(starts)

    def packets(
        self, origin: Fraction, within: tuple[Fraction, Fraction] | None
    ) -> Iterator[tuple[Fraction, Packet[Any], Track]]:
        """All packets with their times from `origin`, re-timed; `within` trims them."""
        for packet in chain(self._peeked, self._rest):
            track = self._kept.tracks[packet.stream_index]
            time = (packet.pts or 0) * packet.time_base
            if within is not None and not within[0] <= time < within[1]:
                continue
            self._move(packet, track, origin)
            yield time - origin, packet, track

    def _wanted(self, packet: Packet[Any]) -> bool:
        return bool(packet.pts is not None and packet.stream_index in self._kept.tracks)

    def _heard(self, packet: Packet[Any]) -> Fraction:
        rate = _sample_rate(self._kept.tracks[packet.stream_index])
        return (packet.pts or 0) * packet.time_base + Fraction(run_up(packet), rate)

    def _move(self, packet: Packet[Any], track: Track, origin: Fraction) -> None:
        skipped = run_up(packet) if track.source.type == "audio" else 0
        pts, dts = packet.pts or 0, packet.dts
        if skipped:
            # Matroska rounds to milliseconds; the muxer hides exactly what lies before zero.
            rate = _sample_rate(track)
            heard = round((self._heard(packet) - origin) * 1000) * Fraction(rate, 1000)
            packet.time_base = Fraction(1, rate)
            packet.pts = packet.dts = round(heard) - skipped
            return
        shift = round(origin / packet.time_base)
        packet.pts = pts - shift
        packet.dts = packet.pts if dts is None else dts - shift


def _sample_rate(track: Track) -> int:
    context: Any = track.source.codec_context
    return int(context.sample_rate or 1)


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
