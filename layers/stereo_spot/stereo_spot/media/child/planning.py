"""Facts and windows of a film, from one pass over its index or its packets."""

from collections.abc import Iterator
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from stereo_spot.media import windows
from stereo_spot.media.child.catalog import catalog_of
from stereo_spot.media.child.channel import Channel
from stereo_spot.media.child.door import Film, codec_name, opened
from stereo_spot.media.child.looking import SceneFinder
from stereo_spot.media.child.ranges import RemoteFile
from stereo_spot.media.child.samples import samples_of
from stereo_spot.media.child.timeline import Timeline, key_before, walk
from stereo_spot.media.child.track import rotation
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.windows import PlannedWindow

CONTAINERS = {"mov": "mp4", "matroska": "matroska", "avi": "avi", "mpegts": "mpegts"}


def probe(
    request: dict[str, Any], block: bytes, channel: Channel, limits: MediaLimits
) -> dict[str, Any]:
    """The facts of a film."""
    with opened(RemoteFile(channel, "source"), limits) as film:
        return facts(film, walk(film, samples_of(film, limits), limits))


def plan(
    request: dict[str, Any], block: bytes, channel: Channel, limits: MediaLimits
) -> dict[str, Any]:
    """The facts and the windows of a film; what its index told is kept for its cut."""
    with opened(RemoteFile(channel, "source"), limits) as film:
        samples = samples_of(film, limits)
        line = walk(film, samples, limits)
        channel.kept = catalog_of(film, samples)
        finder = None
        if request["scene_cuts"]:
            finder = SceneFinder(film, line, channel, request["scenes"]).scene_at
        return {
            "facts": facts(film, line),
            "time_base": str(film.time_base),
            "windows": [asdict(made) for made in _windows(line, film.time_base, request, finder)],
        }


def facts(film: Film, line: Timeline) -> dict[str, Any]:
    """What is known of a film after the pass: the fields of `model.SourceFacts`."""
    context = film.video.codec_context
    subtitles = film.container.streams.subtitles
    return {
        "frames": len(line.pts),
        "duration_s": float((line.end_pts - line.pts[0]) * film.time_base),
        "width": context.width,
        "height": context.height,
        "frame_rate": _frame_rate(film, line),
        "time_base": str(film.time_base),
        "start_pts": line.pts[0],
        "video_codec": film.codec,
        "pixel_format": context.pix_fmt or "unknown",
        "container": CONTAINERS[film.demuxer],
        "rotation": rotation(film),
        "audio": _audio(film, line),
        "subtitles": len(subtitles),
        "subtitle_codecs": [codec_name(stream) for stream in subtitles],
        "chapters": len(film.container.chapters()),
    }


def _audio(film: Film, line: Timeline) -> list[dict[str, Any]]:
    return [
        {
            "codec": codec_name(stream),
            "channels": stream.codec_context.channels if stream.codec_context else 0,
            "sample_rate": stream.codec_context.sample_rate if stream.codec_context else 0,
            "language": None if stream.language == "und" else stream.language,
            "packets": line.packets.get(stream.index, 0),
        }
        for stream in film.container.streams.audio
    ]


def _frame_rate(film: Film, line: Timeline) -> str:
    """The stated average where it fits the frame times, else the measured one."""
    measured = len(line.pts) / ((line.end_pts - line.pts[0]) * film.time_base)
    stated = film.video.average_rate
    if stated and abs(stated / measured - 1) < Fraction(1, 100):
        measured = stated
    rate = measured.limit_denominator(1001)
    return f"{rate.numerator}/{rate.denominator}"


def _windows(
    line: Timeline, time_base: Fraction, asked: dict[str, Any], scene_at: windows.SceneAt | None
) -> Iterator[PlannedWindow]:
    duration = asked["segment_duration_s"]
    within = windows.planned_range(line.pts, time_base, asked["start_s"], asked["end_s"])
    marks = list(windows.borders(line.pts, within, time_base, duration, scene_at))
    windows.check_count(len(marks), asked["max_segments"], duration)
    first, end = within
    since = first
    for index, border in enumerate(marks):
        since = border.frame if border.scene else since
        stop = marks[index + 1].frame if index + 1 < len(marks) else end
        preroll = windows.preroll(border.frame, asked["preroll_frames"], border.scene, since)
        seen = border.frame - preroll
        yield PlannedWindow(
            index=index,
            start_pts=line.pts[border.frame],
            end_pts=line.pts[stop] if stop < len(line.pts) else line.end_pts,
            n_frames=stop - border.frame,
            base_index=border.frame - first,
            preroll_frames=preroll,
            from_pts=line.pts[seen],
            first_packet=key_before(line, line.pts[seen], min(line.ordinals[seen:stop])),
            last_packet=max(line.ordinals[seen:stop]),
        )
