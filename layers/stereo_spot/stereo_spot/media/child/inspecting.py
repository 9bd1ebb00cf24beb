"""The facts of a finished file, and its stereo marks."""

import hashlib
from typing import Any

from stereo_spot.media.child import marks
from stereo_spot.media.child.channel import Channel
from stereo_spot.media.child.door import Film, opened
from stereo_spot.media.child.planning import facts
from stereo_spot.media.child.ranges import RemoteFile
from stereo_spot.media.child.samples import samples_of
from stereo_spot.media.child.timeline import walk
from stereo_spot.media.guard import MediaLimits


def inspect(
    request: dict[str, Any], block: bytes, channel: Channel, limits: MediaLimits
) -> dict[str, Any]:
    """Everything a keeper of files checks."""
    with opened(RemoteFile(channel, "source"), limits) as film:
        line = walk(film, samples_of(film, limits), limits)
        known = facts(film, line)
        return {
            "frames": known["frames"],
            "width": known["width"],
            "height": known["height"],
            "codec": known["video_codec"],
            "pixel_format": known["pixel_format"],
            "extradata_digest": hashlib.sha256(extradata(film)).hexdigest(),
            "duration_s": known["duration_s"],
            "start_s": float(known["start_pts"] * film.time_base),
            "audio": known["audio"],
            "subtitles": known["subtitles"],
            "chapters": known["chapters"],
            "stereo": marks.found(film, line),
        }


def extradata(film: Film) -> bytes:
    """The decoder's parameters as the container carries them."""
    return film.video.codec_context.extradata or b""
