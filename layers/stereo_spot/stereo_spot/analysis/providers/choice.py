"""Which services a configuration names."""

from dataclasses import dataclass

from stereo_spot.analysis.offline import OfflineEmbedder
from stereo_spot.analysis.ports import Describer, Embedder, Transcriber
from stereo_spot.analysis.providers.openai import (
    Access,
    OpenAIDescriber,
    OpenAIEmbedder,
    OpenAITranscriber,
    Service,
)
from stereo_spot.analysis.providers.whisper import WhisperTranscriber


@dataclass(frozen=True)
class Providers:
    """What hears, sees and reads; None where nothing does."""

    transcriber: Transcriber | None = None
    describer: Describer | None = None
    embedder: Embedder | None = None


def offline(whisper_model: str | None = None) -> Providers:
    """Nothing outside this machine is asked."""
    transcriber = WhisperTranscriber(whisper_model) if whisper_model else None
    return Providers(transcriber=transcriber, embedder=OfflineEmbedder())


def online(
    access: Access, *, speech: str, vision: str, words: str, whisper_model: str | None = None
) -> Providers:
    """A server is asked; speech may stay on this machine. An empty model name leaves it out."""
    service = Service(access)
    transcriber: Transcriber | None = None
    if whisper_model:
        transcriber = WhisperTranscriber(whisper_model)
    elif speech:
        transcriber = OpenAITranscriber(service, speech)
    return Providers(
        transcriber=transcriber,
        describer=OpenAIDescriber(service, vision) if vision else None,
        embedder=OpenAIEmbedder(service, words) if words else OfflineEmbedder(),
    )
