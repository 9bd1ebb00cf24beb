"""Stage 2: what is said and when, as rows and as subtitles."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from stereo_spot.analysis.ports import Spoken
from stereo_spot.analysis.records import TranscriptSegment, audio_key, segment_id, subtitle_key
from stereo_spot.analysis.stages import Analyzer, Stage, Work, counted
from stereo_spot.analysis.subtitles import srt, vtt
from stereo_spot.ports import RangeReader

BLOCK = 1 << 20


def _run(work: Work) -> str:
    transcriber = work.analyzer.transcriber
    sound = work.analyzer.files.open(audio_key(work.video_id))
    if sound is None or transcriber is None:
        _store(work, [])
        return "the film has no sound"
    wave = work.scratch / "speech.wav"
    with closing(sound):
        _copy(sound, wave)
    spoken = transcriber.transcribe(wave)
    work.check()
    segments = tidy(work.video_id, spoken)
    _store(work, segments)
    return f"{counted(len(segments), 'segment')} by {transcriber.name}"


def tidy(video_id: str, spoken: Sequence[Spoken]) -> list[TranscriptSegment]:
    """In order, no empty text, no two with the same times."""
    heard: dict[tuple[float, float], str] = {}
    for piece in sorted(spoken, key=lambda piece: (piece.start, piece.end)):
        text = " ".join(piece.text.split())
        start = round(max(piece.start, 0.0), 3)
        times = (start, round(max(piece.end, start), 3))
        if text:
            heard[times] = f"{heard[times]} {text}" if times in heard else text
    return [
        TranscriptSegment(
            id=segment_id(video_id, i), video_id=video_id, t_start=start, t_end=end, text=text
        )
        for i, ((start, end), text) in enumerate(heard.items())
    ]


def _store(work: Work, segments: list[TranscriptSegment]) -> None:
    files, video = work.analyzer.files, work.video_id
    files.put(subtitle_key(video, "srt"), srt(segments).encode())
    files.put(subtitle_key(video, "vtt"), vtt(segments).encode())
    work.analyzer.rows.replace(video, TranscriptSegment, segments)


def _copy(sound: RangeReader, target: Path) -> None:
    with target.open("wb") as file:
        for at in range(0, sound.size, BLOCK):
            file.write(sound.read_at(at, BLOCK))


def _off(work: Work) -> str | None:
    if not work.analyzer.options.transcribe:
        return "switched off (ENABLE_TRANSCRIPTION)"
    if work.analyzer.transcriber is None:
        return "no speech service is configured"
    if not work.analyzer.options.normalize:
        return "needs the normalized sound, which is switched off (ENABLE_NORMALIZATION)"
    return None


def _clear(work: Work) -> None:
    work.analyzer.rows.replace(work.video_id, TranscriptSegment, [])


def _settings(analyzer: Analyzer) -> dict[str, str]:
    return {"by": analyzer.transcriber.name if analyzer.transcriber else ""}


STAGE = Stage("transcribe", 1, ("normalize",), _settings, _run, _off, _clear)
