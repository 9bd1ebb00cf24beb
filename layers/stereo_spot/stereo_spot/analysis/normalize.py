"""Stage 1: one picture size, one frame rate, one sound format."""

from stereo_spot.analysis.records import audio_key, normalized_key
from stereo_spot.analysis.stages import Analyzer, Stage, Work
from stereo_spot.media import pictures
from stereo_spot.media.probe import probe


def _run(work: Work) -> str:
    analyzer = work.analyzer
    video, audio = work.scratch / "normalized.mp4", work.scratch / "audio.wav"
    made = pictures.normalize(
        work.source,
        video=video,
        audio=audio,
        limits=analyzer.limits,
        check=work.check,
    )
    work.check()
    if made.audio:
        analyzer.files.put(audio_key(work.video_id), audio)
    analyzer.files.put(normalized_key(work.video_id), video)
    kept = [normalized_key(work.video_id), *([audio_key(work.video_id)] if made.audio else [])]
    analyzer.files.keep_only(f"processed/{work.video_id}/", kept)
    work.update_video(
        normalized_path=normalized_key(work.video_id),
        duration_sec=made.duration_s,
        size_bytes=work.source.size,
    )
    sound = "with sound" if made.audio else "without sound"
    if made.damaged_sound_packets:
        sound += f", {made.damaged_sound_packets} damaged sound packets left out"
    return f"{made.width}x{made.height}, {made.frames} frames at 30 per second, {sound}"


def _off(work: Work) -> str | None:
    return None if work.analyzer.options.normalize else "switched off (ENABLE_NORMALIZATION)"


def _clear(work: Work) -> None:
    work.analyzer.files.keep_only(f"processed/{work.video_id}/", ())
    facts = probe(work.source, limits=work.analyzer.limits)
    work.update_video(
        normalized_path=None, duration_sec=facts.duration_s, size_bytes=work.source.size
    )


def _intact(work: Work) -> bool:
    found = work.analyzer.files.open(normalized_key(work.video_id))
    if found is not None:
        found.close()
    return found is not None


def _settings(analyzer: Analyzer) -> dict[str, int]:
    return {"height": pictures.HEIGHT, "rate": pictures.RATE, "crf": pictures.CRF}


STAGE = Stage("normalize", 1, (), _settings, _run, _off, _clear, _intact)
