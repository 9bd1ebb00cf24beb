"""Services that fail in every way: asked again with patience, and never believed blindly."""

import importlib.util
import json
import wave

import pytest
from stereo_spot.analysis.errors import ProviderError
from stereo_spot.analysis.providers.openai import (
    Access,
    OpenAIDescriber,
    OpenAIEmbedder,
    OpenAITranscriber,
    Service,
)
from stereo_spot.analysis.providers.waves import pieces
from stereo_spot.analysis.providers.whisper import WhisperTranscriber
from stereo_spot.analysis.records import DIMENSIONS

from tests.analysis.openai_server import KEY, SPOKEN, chat, vector_of

OVERLOADED = (429, {"Retry-After": "0.05"}, {"error": {"message": "slow down"}})
BROKEN = (500, {}, {"error": {"message": "boom"}})
GARBAGE = (200, {}, b"<html>not JSON</html>")


@pytest.fixture
def service(server):
    access = Access(
        base_url=server.base_url, api_key=KEY, timeout_s=1.0, attempts=3, wait_initial_s=0.01,
        wait_max_s=0.05,
    )  # fmt: skip
    made = Service(access)
    yield made
    made.client.close()


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(32_000))
    return path


@pytest.mark.parametrize("fault", [OVERLOADED, BROKEN, GARBAGE, (200, {}, {"data": []})])
def test_a_passing_fault_is_asked_again(server, service, fault):
    server.faults["embeddings"] += [fault, fault]

    vectors = OpenAIEmbedder(service, "m").embed(["a"])

    assert server.calls["embeddings"] == 3
    assert len(vectors[0]) == DIMENSIONS


def test_a_server_that_stays_broken_is_given_up_with_its_reason(server, service):
    server.faults["embeddings"] += [BROKEN] * 9

    with pytest.raises(ProviderError, match=r"HTTP 500: .*boom"):
        OpenAIEmbedder(service, "m").embed(["a"])

    assert server.calls["embeddings"] == 3


def test_a_server_that_is_not_there_is_named():
    access = Access(base_url="http://127.0.0.1:9/v1", attempts=2, wait_initial_s=0.01)

    with pytest.raises(ProviderError, match=r"^embeddings: '127.0.0.1' does not answer: "):
        OpenAIEmbedder(Service(access), "m").embed(["a"])


def test_a_refusal_is_not_asked_again(server, service):
    server.faults["completions"] += [(400, {}, {"error": {"message": "no such model"}})]

    with pytest.raises(ProviderError, match="no such model"):
        OpenAIDescriber(service, "m").describe(b"\xff\xd8\xff")

    assert server.calls["completions"] == 1


def test_silence_ends_in_a_timeout(server, service):
    server.delay_s = 2.0

    with pytest.raises(ProviderError, match="timed out"):
        OpenAIEmbedder(service, "m").embed(["a"])

    assert server.calls["embeddings"] == 3


@pytest.mark.parametrize(
    "content",
    ["", "no json", "[]", '{"caption": ""}', json.dumps({"caption": "x", "controls": [{}]}),
     json.dumps({"caption": "x", "text_on_screen": [{"text": "t", "confidence": 7}]}),
     '{"caption": "  "}', '{"caption": ' * 100_000],
)  # fmt: skip
def test_an_answer_of_another_shape_is_no_caption(server, service, content):
    server.faults["completions"] += [(200, {}, chat(content))] * 3

    with pytest.raises(ProviderError, match="no usable answer"):
        OpenAIDescriber(service, "m").describe(b"\xff\xd8\xff")


def test_vectors_are_put_back_in_the_order_of_the_texts(server, service):
    texts = [f"text {i}" for i in range(5)]

    vectors = OpenAIEmbedder(service, "m").embed(texts)

    for text, vector in zip(texts, vectors, strict=True):
        assert vector[3] == pytest.approx(
            vector_of(text)[3] / sum(v * v for v in vector_of(text)) ** 0.5, rel=1e-3
        )


def test_short_vectors_are_filled_up_and_long_ones_refused(server, service):
    usage = {"prompt_tokens": 1, "total_tokens": 1}

    def answer(length):
        one = {"object": "embedding", "index": 0, "embedding": [0.5] * length}
        return 200, {}, {"object": "list", "data": [one], "model": "m", "usage": usage}

    server.faults["embeddings"] += [answer(768), answer(3072)]
    embedder = OpenAIEmbedder(service, "m")

    (short,) = embedder.embed(["a"])

    assert len(short) == DIMENSIONS and short[768:] == (0.0,) * 768
    with pytest.raises(ProviderError, match="3072"):
        embedder.embed(["a"])


@pytest.mark.parametrize("numbers", ["NaN, 1", "1e999, 1", "", "0, 0"])
def test_numbers_that_point_nowhere_are_no_vector(server, service, numbers):
    body = '{"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [%s]}]}'
    server.faults["embeddings"] += [(200, {}, (body % numbers).encode())] * 3

    with pytest.raises(ProviderError, match="no usable answer"):
        OpenAIEmbedder(service, "m").embed(["a"])


def test_an_answer_nested_without_end_is_no_answer(server, service):
    server.faults["embeddings"] += [(200, {}, b"[" * 100_000)]

    assert len(OpenAIEmbedder(service, "m").embed(["a"])) == 1


@pytest.mark.parametrize("told", ["\xb2", "soon", "-1", "1.2.3"])
def test_a_wait_that_cannot_be_read_is_not_heeded(server, service, told):
    server.faults["embeddings"] += [(429, {"Retry-After": told}, {})]

    assert len(OpenAIEmbedder(service, "m").embed(["a"])) == 1


def test_speech_comes_with_its_times(server, service, sound):
    spoken = OpenAITranscriber(service, "whisper-1").transcribe(sound)

    assert server.refused == []
    assert [(s.start, s.end, s.text.strip()) for s in spoken] == list(SPOKEN)


@pytest.mark.parametrize(
    "answer",
    [{"text": "no segments"}, {"segments": [{"start": -1}]},
     {"segments": [{"start": 1e300, "end": 1e300, "text": "x"}]}],
)  # fmt: skip
def test_a_transcript_without_times_is_no_answer(server, service, sound, answer):
    server.faults["transcriptions"] += [(200, {}, answer)] * 3

    with pytest.raises(ProviderError, match="no usable answer"):
        OpenAITranscriber(service, "m").transcribe(sound)


def test_long_sound_is_sent_in_pieces_that_keep_their_place(sound):
    cut = list(pieces(sound, seconds=1))

    assert [offset for offset, _ in cut] == [0.0] and len(cut[0][1]) == 32_044


def test_the_key_is_in_no_text(service):
    assert KEY not in repr(service._access)


def test_a_missing_speech_library_is_named(sound):
    if importlib.util.find_spec("faster_whisper"):
        pytest.skip("faster-whisper is installed")

    with pytest.raises(ProviderError, match="faster-whisper is not installed"):
        WhisperTranscriber("small").transcribe(sound)
