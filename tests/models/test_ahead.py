"""Stages that work at the same time keep order, errors and ends."""

import threading

import pytest
from stereo_engine.ahead import ahead


def test_items_come_in_order_and_end():
    assert list(ahead(iter(range(50)), 3)) == list(range(50))
    assert list(ahead([], 3)) == []


def test_an_error_comes_after_what_was_made_before_it():
    def items():
        yield 1
        raise OSError("gone")

    stream = ahead(items(), 3)
    assert next(stream) == 1
    with pytest.raises(OSError, match="gone"):
        next(stream)


def test_no_more_than_asked_is_made_ahead():
    made = []

    def items():
        for item in range(100):
            made.append(item)
            yield item

    stream = ahead(items(), 4)
    next(stream)
    stream.close()

    assert len(made) <= 8


def test_a_reader_that_stops_early_leaves_no_thread():
    before = threading.active_count()
    stream = ahead(iter(range(10_000)), 2)
    assert [next(stream) for _ in range(3)] == [0, 1, 2]

    stream.close()

    assert threading.active_count() == before
