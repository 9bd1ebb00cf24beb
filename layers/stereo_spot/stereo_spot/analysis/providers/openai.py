"""Speech, vision and embeddings from any server that speaks the OpenAI API."""

import base64
import json
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from stereo_spot.analysis.errors import ProviderError
from stereo_spot.analysis.offline import unit
from stereo_spot.analysis.ports import Described, Spoken
from stereo_spot.analysis.providers.waves import PIECE_S, pieces
from stereo_spot.analysis.records import DIMENSIONS, Control, Entities, TextSeen
from stereo_spot.model import Frozen

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

QUESTION = (
    "Describe this frame of a video in one or two plain sentences. List every control, gauge or "
    "indicator with its reading and unit where one can be read, and every text that is visible. "
    "Do not guess what cannot be seen."
)
ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["caption", "controls", "text_on_screen"],
    "properties": {
        "caption": {"type": "string"},
        "controls": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["label", "kind", "reading", "units"],
                "properties": {
                    "label": {"type": "string"},
                    "kind": {"type": "string"},
                    "reading": {"type": ["string", "null"]},
                    "units": {"type": ["string", "null"]},
                },
            },
        },
        "text_on_screen": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["text", "confidence"],
                "properties": {"text": {"type": "string"}, "confidence": {"type": "number"}},
            },
        },
    },
}


class Access(Frozen):
    """How to reach a server, and how patient to be with it."""

    base_url: str | None = None
    api_key: str = Field(default="none", repr=False)
    timeout_s: float = 60.0
    attempts: int = 4
    wait_initial_s: float = 0.5
    wait_max_s: float = 20.0


class Garbage(Exception):
    """The server answered, but not with what was asked for; another try may."""


class Service:
    """A client that asks again after an overload, an outage or a useless answer."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._made: openai.OpenAI | None = None

    @property
    def client(self) -> "openai.OpenAI":
        """Made at first use: the import takes long."""
        import openai

        if self._made is None:
            access = self._access
            self._made = openai.OpenAI(
                base_url=access.base_url,
                api_key=access.api_key,
                timeout=access.timeout_s,
                max_retries=0,
            )
        return self._made

    def ask(self, what: str, question: Callable[["openai.OpenAI"], T]) -> T:
        """The answer to a question.

        Raises:
            ProviderError: the server refuses it, or gave no usable answer in all attempts.
        """
        import openai
        import stamina

        access = self._access
        try:
            for attempt in stamina.retry_context(
                on=_worth_another_try,
                attempts=access.attempts,
                timeout=None,
                wait_initial=access.wait_initial_s,
                wait_max=access.wait_max_s,
            ):
                with attempt:
                    return _sensible(question, self.client)
        except openai.APIConnectionError as error:
            host = self.client.base_url.host
            raise ProviderError(f"{what}: {host!r:.80} does not answer: {_said(error)}") from error
        except openai.APIError as error:
            raise ProviderError(f"{what}: {_said(error)}") from error
        except Garbage as error:
            raise ProviderError(f"{what}: no usable answer: {error}") from error
        raise AssertionError("unreachable")


def _sensible(question: Callable[["openai.OpenAI"], T], client: "openai.OpenAI") -> T:
    """The answer; whatever else the server sent under a good status is garbage."""
    try:
        return question(client)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise Garbage(str(error)[:200] or repr(error)) from error


def _worth_another_try(error: Exception) -> bool | float:
    """Whether, or after how many seconds, to ask again."""
    import openai

    if isinstance(error, Garbage | openai.APIConnectionError | openai.APIResponseValidationError):
        return True
    if not isinstance(error, openai.APIStatusError):
        return False
    if error.status_code not in (408, 409, 429) and error.status_code < 500:
        return False
    told = error.response.headers.get("retry-after", "")
    return min(float(told), 60.0) if told.replace(".", "", 1).isdecimal() else True


def _said(error: Any) -> str:
    status = getattr(error, "status_code", None)
    said = str(error.message).replace("\0", "")
    return f"{f'HTTP {status}: ' if status else ''}{said}"[:500]


class OpenAITranscriber:
    """`/audio/transcriptions`, in pieces below the size that servers take."""

    def __init__(self, service: Service, model: str) -> None:
        self._service, self._model = service, model
        self.name = model

    def transcribe(self, wave: Path) -> list[Spoken]:
        """What is said in the file."""
        heard: list[Spoken] = []
        for offset, piece in pieces(wave):
            answer = self._service.ask("transcription", partial(self._ask, piece=piece))
            heard += [
                Spoken(start=offset + one.start, end=offset + one.end, text=one.text)
                for one in answer
            ]
        return heard

    def _ask(self, client: "openai.OpenAI", piece: bytes) -> list["_Segment"]:
        answer = client.audio.transcriptions.create(
            model=self._model,
            file=("audio.wav", piece, "audio/wav"),
            response_format="verbose_json",
            timestamp_granularities=["segment"],
        )
        told = answer if isinstance(answer, str) else answer.model_dump_json()
        return list(_Transcript.model_validate_json(told).segments)


class _Segment(BaseModel):
    """Models hear a little beyond the end of the sound, but not twice its length."""

    model_config = ConfigDict(extra="ignore")

    start: float = Field(ge=0.0, le=2 * PIECE_S, allow_inf_nan=False)
    end: float = Field(ge=0.0, le=2 * PIECE_S, allow_inf_nan=False)
    text: str


class _Transcript(BaseModel):
    model_config = ConfigDict(extra="ignore")

    segments: tuple[_Segment, ...]


class OpenAIDescriber:
    """`/chat/completions` with a picture and a strict answer schema."""

    def __init__(self, service: Service, model: str) -> None:
        self._service, self._model = service, model
        self.name = model

    def describe(self, jpeg: bytes) -> Described:
        """What the picture shows."""
        return self._service.ask("vision", lambda client: self._ask(client, jpeg))

    def _ask(self, client: "openai.OpenAI", jpeg: bytes) -> Described:
        url = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
        answer = client.chat.completions.create(
            model=self._model,
            temperature=0.1,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": QUESTION},
                        {"type": "image_url", "image_url": {"url": url, "detail": "high"}},
                    ],
                }
            ],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "frame", "strict": True, "schema": ANSWER_SCHEMA},
            },
        )
        return _described(answer.choices[0].message.content or "")


class _Frame(BaseModel):
    model_config = ConfigDict(extra="ignore")

    caption: str = Field(pattern=r"[^\s\x00]")
    controls: tuple[Control, ...] = ()
    text_on_screen: tuple[TextSeen, ...] = ()


def _described(content: str) -> Described:
    frame = _Frame.model_validate(json.loads(content))
    entities = Entities(controls=frame.controls, text_on_screen=frame.text_on_screen)
    return Described(caption=frame.caption.strip(), entities=entities)


class OpenAIEmbedder:
    """`/embeddings`; vectors shorter than the stored length are filled up."""

    def __init__(self, service: Service, model: str) -> None:
        self._service, self._model = service, model
        self.name = model

    def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """One vector for each text, in order."""
        if not texts:
            return []
        return self._service.ask("embeddings", lambda client: self._ask(client, list(texts)))

    def _ask(self, client: "openai.OpenAI", texts: list[str]) -> list[tuple[float, ...]]:
        answer = client.embeddings.create(model=self._model, input=texts, encoding_format="float")
        by_place = {one.index: [float(v) for v in one.embedding] for one in answer.data}
        vectors = [by_place[place] for place in range(len(texts))]
        longest = max(map(len, vectors))
        if longest > DIMENSIONS:
            raise ProviderError(
                f"{self._model} makes vectors of {longest} numbers; at most {DIMENSIONS} are kept"
            )
        return [_direction(vector) for vector in vectors]


def _direction(values: Sequence[float]) -> tuple[float, ...]:
    made = unit(values)
    if not 0.99 < math.hypot(*made) < 1.01:  # zeros, none at all, or not numbers
        raise Garbage("a vector that points nowhere")
    return made
