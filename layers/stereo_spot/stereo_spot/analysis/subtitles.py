"""A transcript as subtitles."""

from collections.abc import Sequence

from stereo_spot.analysis.records import TranscriptSegment


def srt(segments: Sequence[TranscriptSegment]) -> str:
    """SubRip: numbered from 1, a comma before the milliseconds."""
    return "".join(
        f"{number}\n{_time(s.t_start, ',')} --> {_time(s.t_end, ',')}\n{_lines(s.text)}\n\n"
        for number, s in enumerate(segments, 1)
    )


def vtt(segments: Sequence[TranscriptSegment]) -> str:
    """WebVTT: a header, a point before the milliseconds, and no markup in the text."""
    return "WEBVTT\n\n" + "".join(
        f"{_time(s.t_start, '.')} --> {_time(s.t_end, '.')}\n{_escaped(_lines(s.text))}\n\n"
        for s in segments
    )


def _time(seconds: float, mark: str) -> str:
    total = round(seconds * 1000)
    minutes, ms = divmod(total, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d}{mark}{ms % 1000:03d}"


def _lines(text: str) -> str:
    """Blank lines would end the cue."""
    lines = [line.strip() for line in text.replace("-->", "→").splitlines()]
    return "\n".join(line for line in lines if line)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
