"""Ranges of a film in slots: what is passed on is right, and what lies in turn is fetched once."""

import random

import pytest
from stereo_spot.media.child import blocks
from stereo_spot.media.child.blocks import Blocks
from stereo_spot.media.child.copying import _Passage

MIB = 1 << 20


class Answer:
    def __init__(self, channel):
        self.channel, self.head = channel, None

    def wait(self):
        while self.head is None:
            self.channel.answer_next()
        return self.head


class Channel:
    """A parent that answers in order, but as late as it may; `data` may be only a length."""

    def __init__(self, data, seed=0):
        self.data, self.any = data, random.Random(seed)
        self.asked, self.fetches, self.passed = [], 0, bytearray()
        self.slots = [b""] * blocks.READ_SLOTS
        self.blocks = Blocks(self)

    def fetch(self, of, at, length, slot):
        answer = Answer(self)
        self.asked.append((answer, at, length, slot))
        return answer

    def answer_next(self):
        answer, at, length, slot = self.asked.pop(0)
        self.slots[slot] = self.data[at : at + length] if self.data else b""
        self.fetches += length
        answer.head = {"length": length}

    def fetched(self, slot, length):
        return memoryview(self.slots[slot])[:length]

    def pass_on(self, to, at, slot, parts):
        while self.asked and self.any.random() < 0.8:
            self.answer_next()
        for start, length in parts:
            self.passed += self.slots[slot][start : start + length]


class File:
    name = "source"

    def __init__(self, channel):
        self.channel, self.size = channel, len(channel.data)

    def exactly(self, at, length):
        data = b""
        while len(data) < length:
            found = self.channel.blocks.at(self.name, at + len(data), self.size)
            data += bytes(found[: length - len(data)])
        return data


@pytest.mark.parametrize("stride", [0, 40, 2000], ids=["in order", "nearly", "anywhere"])
def test_what_is_passed_on_is_never_overwritten_before(monkeypatch, stride):
    for name, value in {"READ_BYTES": 64, "FIRST_BYTES": 8, "AHEAD_FROM": 32}.items():
        monkeypatch.setattr(blocks, name, value)
    for seed in range(60):
        some = random.Random(seed)
        channel = Channel(some.randbytes(2000), seed)
        file, wanted, at = File(channel), b"", 0
        passage = _Passage(channel, file, "segment:0", 0)
        for _ in range(80):
            at = min(max(at + some.randint(-stride, stride), 0), 1999)
            size = some.randint(0, min(200, 2000 - at))
            looked_at = min(size, 16)
            if some.random() < 0.4:
                if not passage.has(at, looked_at):
                    passage.flush()
                assert file.exactly(at, looked_at) == channel.data[at : at + looked_at]
            passage.take(at, size)
            wanted, at = wanted + channel.data[at : at + size], (at + size) % 2000
        passage.flush()
        assert bytes(channel.passed) == wanted


@pytest.mark.parametrize("shares", [(1,), (1, 1), (8, 1, 1), (4, 4, 4)])
def test_several_that_read_in_turn_fetch_everything_once(shares):
    """As a join does with its segments and the tracks of the source."""
    channel, whole = Channel(None), 300 * MIB
    places = dict.fromkeys(range(len(shares)), 0)
    while min(places.values()) < whole * min(shares) // max(shares):
        for reader, share in enumerate(shares):
            _, start, end = channel.blocks.place(str(reader), places[reader], 2 * whole)
            places[reader] += min(share * MIB // 8, end - start)

    assert channel.fetches < 1.25 * sum(places.values())
