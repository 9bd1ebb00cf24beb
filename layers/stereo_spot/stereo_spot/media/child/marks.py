"""Stereo marks: what a file carries, and how to have the muxer write them.

libav writes `st3d` and `vexu` only for a stream that came with stereo side data, and gives side
data only to streams read from a file that has it. So the template of the finished film's video
stream is read back from a tiny Matroska file that says StereoMode.
"""

from __future__ import annotations

import io
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from stereo_spot.media.child import boxes
from stereo_spot.media.child.door import Film
from stereo_spot.media.child.nals import frame_packing
from stereo_spot.media.child.timeline import Timeline

ARRANGEMENT = {
    "sbs": "left_right",
    "half_sbs": "left_right",
    "top_bottom": "top_bottom",
    "half_top_bottom": "top_bottom",
}
"""An anaglyph is an ordinary picture: it carries no mark."""
ST3D = {1: "top_bottom", 2: "left_right"}
VIDEO_ENTRY = 78
"""Bytes of a sample entry before its own boxes."""
STEREO_BOXES = (b"st3d", b"vexu", b"sv3d")


def found(film: Film, line: Timeline) -> dict[str, Any]:
    """The marks of an open film."""
    if film.demuxer == "matroska":
        mode = film.video.metadata.get("stereo_mode")
        container, names = mode, ["StereoMode"] if mode else []
    else:
        container, names = _from_boxes(film)
    first_key = line.keys[0] if line.keys else b""
    return {
        "container": container,
        "bitstream": frame_packing(film.codec, first_key, film.video.codec_context.extradata),
        "boxes": names,
    }


def _from_boxes(film: Film) -> tuple[str | None, list[str]]:
    mode, names = None, []
    for moov in (box for box in film.top if box.kind == b"moov"):
        for stsd in boxes.find(film.file, moov, b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
            for entry in boxes.boxes(film.file, stsd.start + 8, stsd.end):
                inner = boxes.boxes(film.file, entry.start + VIDEO_ENTRY, entry.end)
                for box in (box for box in inner if box.kind in STEREO_BOXES):
                    names.append(box.kind.decode())
                    if box.kind == b"st3d":
                        mode = ST3D.get(film.file.exactly(box.start, 5)[4])
    return mode, names


def marked_template(video: VideoStream, packet: Packet[Any], arrangement: str) -> InputContainer:
    """A film of one packet whose video stream is like `video` and marked as stereoscopic."""
    tiny = io.BytesIO()
    with av.open(tiny, "w", format="matroska") as out:
        stream = out.add_stream_from_template(video, opaque=True)
        stream.time_base = video.time_base
        stream.metadata["stereo_mode"] = arrangement
        copy: Packet[Any] = Packet(bytes(packet))
        copy.stream = stream
        copy.pts = copy.dts = 0
        copy.is_keyframe = True
        if video.time_base is not None:
            copy.time_base = video.time_base
        out.mux(copy)
    tiny.seek(0)
    return av.open(tiny, "r", format="matroska")
