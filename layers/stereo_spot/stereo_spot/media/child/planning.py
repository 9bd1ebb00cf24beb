"""Facts and windows of a film, from one pass over its index or its packets."""

from fractions import Fraction
from typing import Any

from stereo_spot.media import windows
from stereo_spot.media.child.channel import Channel
from stereo_spot.media.child.door import Film, codec_name, opened
from stereo_spot.media.child.looking import SceneFinder
from stereo_spot.media.child.ranges import RemoteFile
from stereo_spot.media.child.timeline import Timeline, key_before, walk
from stereo_spot.media.child.track import rotation
from stereo_spot.media.guard import MediaLimits
from stereo_spot.model import AudioTrack, JobOptions, SourceFacts, Window

CONTAINERS = {"mov": "mp4", "matroska": "matroska", "avi": "avi", "mpegts": "mpegts"}


def probe(
    request: dict[str, Any], block: bytes, channel: Channel, limits: MediaLimits
) -> dict[str, Any]:
    """The facts of a film."""
    with opened(RemoteFile(channel, "source"), limits) as film:
        return facts(film, walk(film, limits)).model_dump(mode="json")


def plan(
    request: dict[str, Any], block: bytes, channel: Channel, limits: MediaLimits
) -> dict[str, Any]:
    """The facts and the windows of a film."""
    options = JobOptions.model_validate(request["options"])
    with opened(RemoteFile(channel, "source"), limits) as film:
        line = walk(film, limits)
        finder = None
        if options.scene_cuts:
            finder = SceneFinder(film, line, channel, request["scenes"]).scene_at
        made = _windows(line, film.time_base, options, request["preroll_frames"], finder)
        return {
            "facts": facts(film, line).model_dump(mode="json"),
            "time_base": str(film.time_base),
            "windows": [window.model_dump(mode="json") for window in made],
        }


def facts(film: Film, line: Timeline) -> SourceFacts:
    """What is known of a film after the pass."""
    context = film.video.codec_context
    subtitles = film.container.streams.subtitles
    return SourceFacts(
        frames=len(line.pts),
        duration_s=float((line.end_pts - line.pts[0]) * film.time_base),
        width=context.width,
        height=context.height,
        frame_rate=_frame_rate(film, line),
        time_base=str(film.time_base),
        start_pts=line.pts[0],
        video_codec=film.codec,
        pixel_format=context.pix_fmt or "unknown",
        container=CONTAINERS[film.demuxer],
        rotation=rotation(film),
        audio=_audio(film, line),
        subtitles=len(subtitles),
        subtitle_codecs=tuple(codec_name(stream) for stream in subtitles),
        chapters=len(film.container.chapters()),
    )


def _audio(film: Film, line: Timeline) -> tuple[AudioTrack, ...]:
    return tuple(
        AudioTrack(
            codec=codec_name(stream),
            channels=stream.codec_context.channels if stream.codec_context else 0,
            sample_rate=stream.codec_context.sample_rate if stream.codec_context else 0,
            language=None if stream.language == "und" else stream.language,
            packets=line.packets.get(stream.index, 0),
        )
        for stream in film.container.streams.audio
    )


def _frame_rate(film: Film, line: Timeline) -> str:
    """The stated average where it fits the frame times, else the measured one."""
    measured = len(line.pts) / ((line.end_pts - line.pts[0]) * film.time_base)
    stated = film.video.average_rate
    if stated and abs(stated / measured - 1) < Fraction(1, 100):
        measured = stated
    rate = measured.limit_denominator(1001)
    return f"{rate.numerator}/{rate.denominator}"


def _windows(
    line: Timeline,
    time_base: Fraction,
    options: JobOptions,
    preroll_frames: int,
    scene_at: windows.SceneAt | None,
) -> list[Window]:
    duration = options.segment_duration_s
    within = first, end = windows.planned_range(line.pts, time_base, options)
    marks = list(windows.borders(line.pts, within, time_base, duration, scene_at))
    windows.check_count(len(marks), duration)
    made, since = [], first
    for index, border in enumerate(marks):
        since = border.frame if border.scene else since
        stop = marks[index + 1].frame if index + 1 < len(marks) else end
        seen = border.frame - windows.preroll(border.frame, preroll_frames, border.scene, since)
        made.append(
            Window(
                index=index,
                start_pts=line.pts[border.frame],
                end_pts=line.pts[stop] if stop < len(line.pts) else line.end_pts,
                n_frames=stop - border.frame,
                base_index=border.frame - first,
                preroll_frames=border.frame - seen,
                from_pts=line.pts[seen],
                first_packet=key_before(line, line.pts[seen], min(line.ordinals[seen:stop])),
                last_packet=max(line.ordinals[seen:stop]),
            )
        )
    return made
