"""Cut a long wave file into pieces that a transcription server takes."""

import io
import wave
from collections.abc import Iterator
from pathlib import Path

PIECE_S = 600
"""Ten minutes of 16 kHz mono are 19 MB; servers take 25."""


def pieces(path: Path, seconds: int = PIECE_S) -> Iterator[tuple[float, bytes]]:
    """Where each piece begins, and the piece as a wave file of its own."""
    with wave.open(str(path), "rb") as whole:
        rate = whole.getframerate()
        for start in range(0, whole.getnframes(), seconds * rate):
            data = whole.readframes(seconds * rate)
            made = io.BytesIO()
            with wave.open(made, "wb") as piece:
                piece.setnchannels(whole.getnchannels())
                piece.setsampwidth(whole.getsampwidth())
                piece.setframerate(rate)
                piece.writeframes(data)
            yield start / rate, made.getvalue()
