"""Packets put aside on the parent's disk for windows that must wait for a free writer.

With key frames far apart many windows need the same packets, while only two writers may be open.
A chunk begins where a window began to wait; chunks nobody waits for are dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from av.packet import Packet
from av.video.stream import VideoStream

from stereo_spot.media.child.channel import Channel


class _Kept(NamedTuple):
    ordinal: int
    at: int
    size: int
    pts: int | None
    dts: int | None
    duration: int | None
    is_keyframe: bool


class _Chunk:
    def __init__(self, name: str) -> None:
        self.name = name
        self.kept: list[_Kept] = []
        self.size = 0


class Spool:
    """A queue of packets outside this process's memory."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._chunks: deque[_Chunk] = deque()
        self._made = 0

    def begin(self) -> None:
        """Start a chunk with the next packet."""
        self._chunks.append(_Chunk(f"spool:{self._made}"))
        self._made += 1

    def keep(self, ordinal: int, packet: Packet[Any]) -> None:
        """Append a packet, when anything waits at all."""
        if not self._chunks:
            return
        chunk = self._chunks[-1]
        self._channel.write(chunk.name, chunk.size, memoryview(packet))
        chunk.kept.append(
            _Kept(
                ordinal,
                chunk.size,
                packet.size,
                packet.pts,
                packet.dts,
                packet.duration,
                packet.is_keyframe,
            )
        )
        chunk.size += packet.size

    def replay(self, first: int, last: int, stream: VideoStream) -> Iterator[Packet[Any]]:
        """The packets with ordinals from `first` through `last`."""
        for chunk in self._chunks:
            for kept in chunk.kept:
                if first <= kept.ordinal <= last:
                    yield self._restore(chunk, kept, stream)

    def forget(self, before: int | None) -> None:
        """Drop the chunks that end before an ordinal; all of them for None."""
        while self._chunks and (
            before is None or not self._chunks[0].kept or self._chunks[0].kept[-1].ordinal < before
        ):
            self._channel.tell({"say": "drop", "name": self._chunks.popleft().name})

    def _restore(self, chunk: _Chunk, kept: _Kept, stream: VideoStream) -> Packet[Any]:
        packet: Packet[Any] = Packet(self._channel.blocks.copied(chunk.name, kept.at, kept.size))
        packet.stream = stream
        if stream.time_base is not None:
            packet.time_base = stream.time_base
        packet.pts, packet.dts = kept.pts, kept.dts
        packet.duration, packet.is_keyframe = kept.duration, kept.is_keyframe
        return packet
