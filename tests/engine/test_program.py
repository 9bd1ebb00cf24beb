"""The program as others call it: words, exit codes, JSON lines."""

import json
import os
import signal
import subprocess
import sys

import av
import pytest
from stereo_engine.__main__ import main

from tests.engine.films import moving_pictures, read_stream, write_film, write_sound

ENGINE = [sys.executable, "-m", "stereo_engine"]


def run(*words):
    return subprocess.run([*ENGINE, *map(str, words)], capture_output=True, text=True, timeout=60)


class Server:
    """`--serve`, spoken to line by line."""

    def __init__(self, *command):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command or [*ENGINE, "--serve"], stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.rest = self.process.communicate(timeout=20)

    def ask(self, **job):
        self.tell(json.dumps(job))

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self):
        return json.loads(self.process.stdout.readline())

    def outcome(self):
        while (said := self.hear())["event"] == "progress":
            pass
        return said


def test_one_film_becomes_side_by_side(film, tmp_path):
    out = tmp_path / "out.mp4"

    done = run(film, out, "--json")

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["ok"] is True
    assert (result["frames"], result["width"], result["height"]) == (40, 192, 64)
    assert result["depth_source"] == "motion_and_position"
    assert 0 <= result["depth_confidence"] <= 1
    assert result["comfort"]["behind_pct"] <= 1.76
    assert read_stream(out)["packets"] == 40
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


BAD = {
    "missing": (lambda path: None, "source_missing"),
    "folder": (lambda path: path.mkdir(), "source_unreadable"),
    "empty": (lambda path: path.write_bytes(b""), "source_empty"),
    "text": (lambda path: path.write_text("hello " * 99), "source_not_media"),
    "playlist": (
        lambda path: path.write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
        "source_not_media",
    ),
    "concat script": (
        lambda path: path.write_text("ffconcat version 1.0\nfile other.mp4\n"),
        "source_forbidden_format",
    ),
    "sound only": (write_sound, "source_no_video"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_with_its_kind_and_leaves_nothing(case, tmp_path, capsys):
    make, kind = BAD[case]
    source = tmp_path / "source.mp4"
    make(source)
    before = sorted(tmp_path.iterdir())

    code = main([str(source), str(tmp_path / "out.mp4")])

    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.startswith(f"{kind}: ")
    assert said.err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_film_cut_short_is_truncated_even_when_nobody_counts(tmp_path, capsys):
    faststart = {"movflags": "+faststart"}
    whole = write_film(tmp_path / "whole.mp4", moving_pictures(30), muxing=faststart)
    data = whole.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) * 6 // 10])

    code = main([str(tmp_path / "cut.mp4"), str(tmp_path / "out.mp4"), "--json"])

    assert code == 2
    kind = json.loads(capsys.readouterr().out)["error_kind"]
    assert kind in ("source_truncated", "source_corrupt")
    assert not (tmp_path / "out.mp4").exists()


def test_a_damaged_picture_is_named_by_its_frame_of_the_film(tmp_path):
    source = write_film(tmp_path / "film.mp4", moving_pictures(30))
    with av.open(str(source)) as film:
        hurt = sorted(
            (packet.pts, packet.pos, packet.size) for packet in film.demux() if packet.size
        )
    _, at, size = hurt[12]
    body = bytearray(source.read_bytes())
    body[at + 40 : at + size] = bytes(size - 40)
    source.write_bytes(body)

    with Server() as server:
        assert server.hear()["event"] == "ready"
        server.ask(id="a", src=str(source), dst=str(tmp_path / "out.mp4"), first_frame=700)
        heard = server.outcome()

    assert heard["error_kind"] == "source_corrupt"
    assert "frame 712 of the film" in heard["message"]


def test_strength_that_hurts_needs_force(film, tmp_path, capsys):
    words = [str(film), str(tmp_path / "out.mp4"), "--max-disparity", "6", "--n-frames", "2"]

    assert main(words) == 2
    assert capsys.readouterr().err.startswith("bad_request: ")
    assert main([*words, "--force"]) == 0
    assert "strength" in capsys.readouterr().err


def test_an_unwritable_place_is_not_the_inputs_fault(film, tmp_path, capsys):
    code = main([str(film), str(tmp_path / "no" / "such" / "out.mp4")])

    assert code == 1
    assert capsys.readouterr().err.startswith("output_unwritable: ")


def test_serve_answers_jobs_in_order_and_survives_bad_ones(film, tmp_path):
    with Server() as server:
        assert server.hear()["event"] == "ready"
        server.ask(id="a", src=str(film), dst=str(tmp_path / "a.mp4"), n_frames=3, recipe={})
        server.tell("not json")
        server.ask(id="b", src=str(film), dst=str(tmp_path / "b.mp4"), recipe={"glow": 1})
        server.ask(id="c", src=str(film), dst=str(tmp_path / "c.mp4"), n_frames=99)
        server.ask(
            id="d",
            src=str(film),
            dst=str(tmp_path / "d.mp4"),
            mezzanine=str(tmp_path / "m.mp4"),
            skip_frames=8,
            n_frames=5,
            from_time="2/25",
            recipe={"mode": "anaglyph"},
        )
        said = [server.outcome() for _ in range(5)]

    assert [answer["id"] for answer in said] == ["a", None, "b", "c", "d"]
    assert said[0]["result"]["frames"] == 3
    assert [answer.get("error_kind") for answer in said[1:4]] == [
        "bad_request",
        "bad_request",
        "source_truncated",
    ]
    assert "99" in said[3]["message"] and "40" in said[3]["message"]
    assert said[4]["result"]["frames"] == 5
    assert read_stream(tmp_path / "m.mp4")["size"] == (192, 64)
    assert read_stream(tmp_path / "d.mp4")["size"] == (96, 64)
    assert server.process.returncode == 0


NOISY = """
import os, stereo_engine.__main__ as program
load = program.load_models
program.load_models = lambda *given: (print("loading"), os.write(1, b"50 %\\n"), load(*given))
program.main(["--serve"])
"""


def test_what_a_library_prints_does_not_get_between_the_answers():
    with Server(sys.executable, "-c", NOISY) as server:
        assert server.hear()["event"] == "ready"
        server.tell("{}")
        assert server.hear()["event"] == "error"

    said, complained = server.rest
    assert said == "" and "loading" in complained and "50 %" in complained


def test_serve_leaves_in_the_middle_of_a_job_when_its_parent_is_gone(tmp_path):
    long = write_film(tmp_path / "long.mp4", moving_pictures(120, 320, 180) * 4)
    with Server() as server:
        server.hear()
        server.ask(id="a", src=str(long), dst=str(tmp_path / "a.mp4"), recipe={"preset": "slow"})
        assert server.hear()["event"] == "progress"

        server.process.stdin.close()
        server.process.stdin = None
        server.process.wait(timeout=60)

    assert not (tmp_path / "a.mp4").exists()


def test_a_killed_engine_leaves_no_result_under_its_name(tmp_path):
    long = write_film(tmp_path / "long.mp4", moving_pictures(120, 320, 180) * 4)
    with Server() as server:
        server.hear()
        server.ask(id="a", src=str(long), dst=str(tmp_path / "a.mp4"), recipe={})
        server.hear()
        os.kill(server.process.pid, signal.SIGKILL)

    assert not (tmp_path / "a.mp4").exists()
