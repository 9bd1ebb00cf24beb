"""Which tracks fit which container, known from the plan alone."""

from stereo_spot.media.codecs import MP4_AUDIO, TEXT_SUBTITLES
from stereo_spot.model import Container, SourceFacts


def container_for(facts: SourceFacts, asked: Container) -> Container:
    """mp4 or mkv: what was asked, else mp4 unless a track does not fit it."""
    if asked is not Container.AUTO:
        return asked
    fits = all(track.codec in MP4_AUDIO for track in facts.audio) and all(
        codec in TEXT_SUBTITLES for codec in facts.subtitle_codecs
    )
    return Container.MP4 if fits else Container.MKV
