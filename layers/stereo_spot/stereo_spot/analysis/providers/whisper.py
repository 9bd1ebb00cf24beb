"""Speech to text on this machine with faster-whisper, where it is installed."""

import importlib
from pathlib import Path
from typing import Any

from stereo_spot.analysis.errors import ProviderError
from stereo_spot.analysis.ports import Spoken


class WhisperTranscriber:
    """Loads its model at first use; the weights come from the hub or from a folder."""

    def __init__(self, model: str) -> None:
        self._size = model
        self._model: Any = None
        self.name = f"faster-whisper/{model}"

    def transcribe(self, wave: Path) -> list[Spoken]:
        """What is said in the file; stretches without speech are passed over."""
        try:
            segments, _ = self._loaded().transcribe(str(wave), vad_filter=True)
            return [Spoken(start=s.start, end=s.end, text=s.text) for s in segments]
        except (RuntimeError, OSError, ValueError) as error:
            raise ProviderError(f"faster-whisper: {error}"[:500]) from error

    def _loaded(self) -> Any:
        if self._model is None:
            try:
                library = importlib.import_module("faster_whisper")
            except ImportError as error:
                raise ProviderError(
                    "faster-whisper is not installed where stereo-spot is (docs/analyzer.md)"
                ) from error
            self._model = library.WhisperModel(self._size, device="auto", compute_type="default")
        return self._model
