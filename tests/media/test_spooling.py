"""What the guarded process has its parent write."""

import os

from stereo_spot.media.spooling import AT_ONCE, write_pieces


def test_any_number_of_pieces_lands_one_after_the_other(tmp_path):
    pieces = [bytes([n % 251]) * (n % 7) for n in range(3 * AT_ONCE + 5)]
    file = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)

    write_pieces(file, [memoryview(piece) for piece in pieces], 3)

    os.close(file)
    assert (tmp_path / "out").read_bytes() == b"".join([bytes(3), *pieces])


def test_a_call_that_writes_less_than_asked_is_gone_on_with(tmp_path, monkeypatch):
    file = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    whole = os.pwritev

    def some(descriptor, pieces, at):
        return whole(descriptor, [b"".join(pieces)[:5]], at)

    monkeypatch.setattr(os, "pwritev", some)
    write_pieces(file, [memoryview(b"abc"), memoryview(b""), memoryview(b"defghij")], 0)

    os.close(file)
    assert (tmp_path / "out").read_bytes() == b"abcdefghij"
