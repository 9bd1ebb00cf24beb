"""A local server that speaks the OpenAI API, and refuses what the API's own types do not allow.

Requests are validated against the parameter types that the official client publishes. Answers are
made from the request: the caption of a picture names its main colour, the vector of a text is
made from its bytes, so every stored row can be traced to what was asked.
"""

import base64
import email.parser
import email.policy
import hashlib
import io
import json
import threading
import time
import wave
from collections import deque
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import get_type_hints

import cv2
import numpy as np
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.embedding_create_params import EmbeddingCreateParams
from pydantic import TypeAdapter, ValidationError
from stereo_spot.analysis.offline import colour_words

KEY = "key-of-the-tests"
SPOKEN = (
    (0.1, 0.5, "The red car stops at the bridge."),
    (0.7, 1.1, "Water runs under it."),
    (1.3, 1.7, "Birds sing in the trees."),
)


def vector_of(text: str) -> list[float]:
    """1536 numbers that belong to this text only."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=1536).round(4).tolist()


class Refused(Exception):
    """The request breaks the API."""


class OpenAIServer:
    """Counts its calls by path; `faults` are served first, in order."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {"transcriptions": 0, "completions": 0, "embeddings": 0}
        self.refused: list[str] = []
        self.faults: dict[str, deque] = {name: deque() for name in self.calls}
        self.texts: list[str] = []
        self.delay_s = 0.0
        self.on_call = lambda name, number: None
        self._lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                owner._serve(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        name = request.path.rpartition("/")[2]
        with self._lock:
            self.calls[name] += 1
            number = self.calls[name]
            fault = self.faults[name].popleft() if self.faults[name] else None
        self.on_call(name, number)
        time.sleep(self.delay_s)
        status, headers, answer = fault if fault is not None else self._answer(request, body)
        try:
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            request.send_response(status)
            request.send_header("Content-Type", "application/json")
            request.send_header("Content-Length", str(len(data)))
            for header in headers.items():
                request.send_header(*header)
            request.end_headers()
            request.wfile.write(data)
        except OSError:
            request.close_connection = True

    def _answer(self, request: BaseHTTPRequestHandler, body: bytes):
        answers = {
            "/v1/audio/transcriptions": self._transcribe,
            "/v1/chat/completions": self._complete,
            "/v1/embeddings": self._embed,
        }
        try:
            if request.headers.get("Authorization") != f"Bearer {KEY}":
                return 401, {}, {"error": {"message": "bad key"}}
            return 200, {}, answers[request.path](request, body)
        except (Refused, ValidationError, KeyError, ValueError) as error:
            self.refused.append(f"{request.path}: {error}")
            return 400, {}, {"error": {"message": str(error), "type": "invalid_request_error"}}

    def _transcribe(self, request, body):
        fields = _form(request.headers["Content-Type"], body)
        if set(fields) - {"file", "model", "response_format", "timestamp_granularities[]"}:
            raise Refused(f"unknown fields {sorted(fields)}")
        if fields["response_format"] != b"verbose_json" or not fields["model"]:
            raise Refused("segments need verbose_json and a model")
        if fields["timestamp_granularities[]"] != b"segment":
            raise Refused("segments were not asked for")
        with wave.open(io.BytesIO(fields["file"])) as sound:
            shape = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth())
            seconds = sound.getnframes() / sound.getframerate()
        if shape != (16_000, 1, 2) or len(fields["file"]) > 25 << 20:
            raise Refused(f"not 16 kHz mono of at most 25 MB: {shape}")
        segments = [
            {
                "id": i, "seek": 0, "start": start, "end": end, "text": f" {text}", "tokens": [],
                "temperature": 0.0, "avg_logprob": -0.1, "compression_ratio": 1.0,
                "no_speech_prob": 0.0,
            }
            for i, (start, end, text) in enumerate(SPOKEN)
        ]  # fmt: skip
        text = " ".join(text for *_, text in SPOKEN)
        return {"task": "transcribe", "language": "english", "duration": seconds, "text": text,
                "segments": segments}  # fmt: skip

    def _complete(self, request, body):
        asked = _checked(CompletionCreateParamsNonStreaming, body)
        form = asked["response_format"]["json_schema"]
        if not form["strict"] or form["schema"]["additionalProperties"] is not False:
            raise Refused("the answer's schema must be strict")
        required = set(form["schema"]["required"])
        if required != set(form["schema"]["properties"]):
            raise Refused("strict schemas require every property")
        parts = asked["messages"][-1]["content"]
        url = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
        jpeg = base64.b64decode(url.removeprefix("data:image/jpeg;base64,"))
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise Refused("the picture is no JPEG")
        colour = colour_words(picture).split()[0]
        content = {
            "caption": f"A plainly {colour} scene.",
            "controls": [{"label": "oil", "kind": "gauge", "reading": "4", "units": "bar"}],
            "text_on_screen": [{"text": f"SIGN {colour}", "confidence": 0.9}],
        }
        return chat(json.dumps(content))

    def _embed(self, request, body):
        asked = _checked(EmbeddingCreateParams, body)
        texts = [asked["input"]] if isinstance(asked["input"], str) else list(asked["input"])
        if asked.get("encoding_format") != "float" or not texts or not all(texts):
            raise Refused("texts must not be empty, vectors are floats")
        self.texts += texts
        data = [
            {"object": "embedding", "index": i, "embedding": vector_of(text)}
            for i, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return {"object": "list", "data": data[::-1], "model": asked["model"], "usage": usage}


def chat(content: str):
    """A completion that says this."""
    message = {"role": "assistant", "content": content, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def _checked(kind, body: bytes):
    asked = json.loads(body)
    unknown = set(asked) - set(get_type_hints(kind))
    if unknown:
        raise Refused(f"the API knows no {sorted(unknown)}")
    _adapter(kind).validate_python(asked)
    return asked


@cache
def _adapter(kind) -> TypeAdapter:
    return TypeAdapter(kind)


def _form(content_type: str, body: bytes) -> dict[str, bytes]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    parsed = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    return {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
        for part in parsed.iter_parts()
    }
