"""Mux the finished film: pictures from the segments, all else from the source, index first."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from stereo_spot.media.child import marks, tracks
from stereo_spot.media.child.channel import Channel
from stereo_spot.media.child.door import Film, opened
from stereo_spot.media.child.parts import Parts, Schedule
from stereo_spot.media.child.ranges import SINK_BUFFER, RemoteFile, RemoteSink
from stereo_spot.media.guard import MediaLimits

INDEX_BASE = 128 << 10
INDEX_PER_FRAME = 48
INDEX_PER_SOUND = 36
INDEX_PER_CHAPTER = 1 << 10
HEAD_SLACK = 1 << 20
TAGS = {"hevc": "hvc1"}

Timed = tuple[Fraction, "Packet[Any]", tracks.Track | None]


def join(
    request: dict[str, Any], block: bytes, channel: Channel, limits: MediaLimits
) -> dict[str, Any]:
    """Write the finished film to the sink `out`."""
    schedule = Schedule(
        array("q", block),
        tuple(request["counts"]),
        request["end_pts"],
        Fraction(request["time_base"]),
    )
    with opened(RemoteFile(channel, "source"), limits) as film:
        return Joiner(film, schedule, request, channel).run(
            Parts(schedule, channel, limits).packets()
        )


class Joiner:
    """One finished film in the making."""

    def __init__(
        self, film: Film, schedule: Schedule, request: dict[str, Any], channel: Channel
    ) -> None:
        self._film = film
        self._schedule = schedule
        self._container = str(request["container"])
        self._arrangement = marks.ARRANGEMENT.get(request["mode"])
        self._request = request
        self._channel = channel
        self._worst_shift = Fraction(0)
        self._start, end = (at * schedule.time_base for at in (schedule.times[0], schedule.end))
        self._within = (self._start, end) if request["trimmed"] else None
        self._origin = self._start

    def run(self, video: Iterator[Packet[Any]]) -> dict[str, Any]:
        """Mux everything."""
        first = next(video)
        with self._open() as out:
            stream, template = self._video_stream(out, first)
            kept = tracks.carry(self._film, out, self._container)
            carried = tracks.Carried(self._film, kept)
            if self._within is None:
                self._origin = self._on_video_clock(carried.clock_start(self._start))
            chapters = tracks.chapters(self._film, self._origin, self._within)
            out.set_chapters(chapters)
            out.metadata.update(tracks.tags(self._film.container.metadata))
            pictures = self._pictures(chain([first], video), stream)
            sounds = carried.packets(self._origin, self._within)
            for packet in self._woven(pictures, sounds):
                out.mux(packet)
        template.close()
        return self._report(kept)

    def _on_video_clock(self, time: Fraction) -> Fraction:
        """The tick at or before a time, so that picture times move without rounding."""
        return (time // self._schedule.time_base) * self._schedule.time_base

    def _open(self) -> OutputContainer:
        options = {"strict": "unofficial"}
        reserve = 0
        if self._container == "mp4":
            reserve = (
                INDEX_BASE
                + INDEX_PER_FRAME * len(self._schedule.times)
                + INDEX_PER_SOUND * sum(self._request["audio_packets"])
                + INDEX_PER_CHAPTER * len(self._film.container.chapters())
            )
            options["moov_size"] = str(reserve)
            options["video_track_timescale"] = str(self._schedule.time_base.denominator)
        self._channel.tell({"say": "head", "bytes": reserve + HEAD_SLACK})
        return av.open(
            RemoteSink(self._channel, "out"),
            "w",
            format="mp4" if self._container == "mp4" else "matroska",
            options=options,
            buffer_size=SINK_BUFFER,
        )

    def _video_stream(self, out: OutputContainer, first: Packet[Any]) -> tuple[Stream, Any]:
        """The video stream of the film, marked as stereoscopic where it is."""
        template: Any = first.stream
        holder = marks.marked_template(template, first, self._arrangement or "mono")
        if self._container == "mp4" and self._arrangement:
            template = holder.streams.video[0]
        stream = out.add_stream_from_template(template, opaque=True)
        stream.time_base = self._schedule.time_base
        codec = template.codec.canonical_name
        if self._container == "mp4" and codec in TAGS:
            stream.codec_context.codec_tag = TAGS[codec]
        if self._container == "mkv" and self._arrangement:
            stream.metadata["stereo_mode"] = self._arrangement
        for key in ("language", "title"):
            if key in self._film.video.metadata:
                stream.metadata[key] = self._film.video.metadata[key]
        return stream, holder

    def _pictures(self, video: Iterator[Packet[Any]], stream: Stream) -> Iterator[Timed]:
        shift = int(self._origin / self._schedule.time_base)
        for packet in video:
            packet.stream = stream
            packet.time_base = self._schedule.time_base
            packet.pts = (packet.pts or 0) - shift
            packet.dts = (packet.dts or 0) - shift
            yield packet.dts * self._schedule.time_base, packet, None

    def _woven(self, pictures: Iterator[Timed], sounds: Iterator[Timed]) -> Iterator[Packet[Any]]:
        """Both in the order of their times."""
        sound = next(sounds, None)
        for picture in pictures:
            while sound is not None and sound[0] <= picture[0]:
                yield from self._ready(sound)
                sound = next(sounds, None)
            yield picture[1]
        while sound is not None:
            yield from self._ready(sound)
            sound = next(sounds, None)

    def _ready(self, timed: Timed) -> Iterator[Packet[Any]]:
        """The packet as its track takes it; nothing where it cannot be converted."""
        time, packet, track = timed
        if track is None:
            yield packet
            return
        time_base = packet.time_base
        if track.source.type == "audio":
            shift = abs((packet.pts or 0) * time_base - time)
            self._worst_shift = max(self._worst_shift, shift)
        if track.convert is not None:
            packet = _converted(packet, track.convert)
        if not packet.size:
            return
        packet.stream = track.out
        packet.time_base = time_base
        yield packet

    def _report(self, kept: tracks.Tracks) -> dict[str, Any]:
        schedule = self._schedule
        notes = list(kept.notes)
        if self._container == "mkv" and self._request["asked"] == "auto":
            notes.insert(0, "the film is an mkv because a track of the source does not fit mp4")
        return {
            "container": self._container,
            "frames": len(schedule.times),
            "duration_s": float((schedule.end - schedule.times[0]) * schedule.time_base),
            "audio_tracks": kept.count("audio"),
            "subtitle_tracks": kept.count("subtitle"),
            "av_offset_ms": float(self._worst_shift * 1000),
            "stereo": self._arrangement,
            "notes": notes,
        }


def _converted(packet: Packet[Any], convert: Any) -> Packet[Any]:
    made: Packet[Any] = Packet(convert(bytes(packet)))
    made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
    made.is_keyframe = True
    return made
