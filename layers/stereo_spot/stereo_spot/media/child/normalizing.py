"""Rewrite a film to a bounded height and an even frame rate, and its sound to a small wave."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.child.channel import Channel
from stereo_spot.media.child.door import check_duration, opened
from stereo_spot.media.child.pictures import Shown, fitted
from stereo_spot.media.child.ranges import RemoteFile, RemoteSink
from stereo_spot.media.guard import MediaLimits

AUDIO_RATE = 16_000
BYTES_PER_S = AUDIO_RATE * 2
GAP_S = Fraction(1, 10)
WAVE_HEAD = 44


def normalize(
    request: dict[str, Any], block: bytes, channel: Channel, limits: MediaLimits
) -> dict[str, Any]:
    """Write `video` and, where the film has sound, `audio`."""
    with opened(RemoteFile(channel, "source"), limits) as film:
        sound = next((s for s in film.container.streams.audio if s.codec_context), None)
        shown = Shown(film)
        film.only(film.video, *([sound] if sound else []))
        picture = _Picture(channel, shown, request, limits)
        wave = _Wave(channel) if sound else None
        damaged = 0
        for packet in film.container.demux(*([film.video, sound] if sound else [film.video])):
            if packet.stream.index == film.video.index:
                for frame in film.video.decode(packet):
                    picture.take(frame)
            elif wave is not None:
                damaged += not wave.take(packet, sound, picture.first)
        picture.close()
        has_sound = wave is not None and wave.close(picture.first)
        return {
            "duration_s": float(picture.end),
            "frames": picture.written,
            "width": picture.width,
            "height": picture.height,
            "audio": has_sound,
            "damaged_sound_packets": damaged,
        }


class _Picture:
    """Shows the latest frame at every tick of an even rate."""

    def __init__(
        self, channel: Channel, shown: Shown, request: dict[str, Any], limits: MediaLimits
    ) -> None:
        self._shown, self._limits = shown, limits
        self._tick = Fraction(1, request["rate"])
        self._height, self._crf = request["height"], request["crf"]
        self._out = av.open(RemoteSink(channel, "video"), "w", format="mp4")
        self._stream: Any = None
        self._held: VideoFrame | None = None
        self._length = Fraction(1, 25)
        self.first: Fraction | None = None
        self.end = Fraction(0)
        self.width = self.height = self.written = 0

    def take(self, frame: VideoFrame) -> None:
        """The next frame in the order shown."""
        if frame.pts is None:
            return
        time = self._shown.time_of(frame)
        if self.first is None:
            self.first = frame.pts * (frame.time_base or Fraction(1))
        if time < 0:
            return
        check_duration(float(time), self._limits)
        self._show_until(time)
        self._held = self._shown.upright(frame)
        self._length = frame.duration * (frame.time_base or Fraction(0)) or self._length
        self.end = time + self._length

    def close(self) -> None:
        """Show the last frame for its time, and finish the file."""
        if self._held is None:
            raise SourceError(ErrorKind.SOURCE_CORRUPT, "no frame of the film can be decoded")
        self._show_until(self.end)
        if not self.written:
            self._show()
        self._out.mux(self._stream.encode(None))
        self._out.close()

    def _show_until(self, time: Fraction) -> None:
        while self._held is not None and self.written * self._tick < time:
            self._show()

    def _show(self) -> None:
        held = self._held
        if held is None:
            return
        if self._stream is None:
            self._open(held)
        frame = held.reformat(self.width, self.height, "yuv420p")
        frame.pts, frame.time_base = self.written, self._tick
        frame.pict_type = 0
        self._out.mux(self._stream.encode(frame))
        self.written += 1

    def _open(self, frame: VideoFrame) -> None:
        self.width, self.height = fitted(frame, self._height)
        self.height = max(2, self.height // 2 * 2)
        self._stream = self._out.add_stream("libx264", rate=int(1 / self._tick))
        self._stream.width, self._stream.height = self.width, self.height
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = self._tick
        self._stream.codec_context.gop_size = 60
        self._stream.options = {"crf": str(self._crf), "preset": "veryfast", "threads": "2"}


class _Wave:
    """16 kHz mono, 16 bit, beginning with the first picture; gaps are silence."""

    def __init__(self, channel: Channel) -> None:
        self._sink = RemoteSink(channel, "audio")
        self._resampler = AudioResampler("s16", "mono", AUDIO_RATE)
        self._early: list[tuple[Fraction, bytes]] = []
        self._at = 0

    def take(self, packet: Packet[Any], sound: AudioStream | None, first: Fraction | None) -> bool:
        """Whether the packet could be decoded."""
        try:
            for frame in packet.decode():
                if isinstance(frame, AudioFrame):
                    self._resample(frame, first)
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            return False
        return True

    def close(self, first: Fraction | None) -> bool:
        """Finish the file; False when nothing was heard."""
        self._flush(first or Fraction(0))
        if not self._at:
            return False
        self._sink.seek(0)
        self._sink.write(_wave_head(self._at))
        return True

    def _resample(self, frame: AudioFrame, first: Fraction | None) -> None:
        time = Fraction(frame.pts or 0) * (frame.time_base or Fraction(1, AUDIO_RATE))
        frame.pts = None
        data = b"".join(
            bytes(ready.planes[0])[: ready.samples * 2] for ready in self._resampler.resample(frame)
        )
        self._early.append((time, data))
        if first is not None:
            self._flush(first)

    def _flush(self, first: Fraction) -> None:
        for time, data in self._early:
            self._put(time - first, data)
        self._early = []

    def _put(self, time: Fraction, data: bytes) -> None:
        wanted = int(time * AUDIO_RATE) * 2
        if time < 0 and wanted < 0 and self._at == 0:
            data, wanted = data[-wanted:], 0
        gap = wanted - self._at
        if gap > GAP_S * BYTES_PER_S:
            self._write(bytes(min(gap, 12 * 3600 * BYTES_PER_S)))
        self._write(data)

    def _write(self, data: bytes) -> None:
        if self._at == 0 and data:
            self._sink.write(bytes(WAVE_HEAD))
        for at in range(0, len(data), 1 << 20):
            self._sink.write(data[at : at + (1 << 20)])
        self._at += len(data)


def _wave_head(length: int) -> bytes:
    form = struct.pack("<HHIIHH", 1, 1, AUDIO_RATE, BYTES_PER_S, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", length + WAVE_HEAD - 8) + b"WAVEfmt " + struct.pack("<I", 16)
        + form + b"data" + struct.pack("<I", length)
    )  # fmt: skip
