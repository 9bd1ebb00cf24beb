"""Nothing untrusted opens, calls, fills or outlives what it should not."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stereo_spot.errors import ErrorKind, MachineError, SourceError, StereoSpotError
from stereo_spot.media import guard, starting
from stereo_spot.media.cut import cut
from stereo_spot.media.fetching import Fetcher
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.plan import plan
from stereo_spot.media.probe import probe
from stereo_spot.model import JobOptions

from tests.media import hostile
from tests.media.kit import LIMITS, FileReader, Film, make

BEGINNINGS = hostile.beginnings(Path("/nowhere/secret.ts"), "127.0.0.1:9")
KNOWN = {str(kind) for kind in ErrorKind} - {"internal"}


def kind_of(path: Path, limits: MediaLimits = LIMITS) -> str:
    """The kind a probe ends with; empty when it accepts the file."""
    try:
        probe(FileReader(path), limits=limits)
    except StereoSpotError as error:
        assert error.message
        return str(error.kind)
    return ""


def kind_when_cut(path: Path, limits: MediaLimits = LIMITS) -> str:
    """The kind that planning at scenes and cutting end with; empty when they accept the film."""
    reader, options = FileReader(path), JobOptions(scene_cuts=True, segment_duration_s=0.5)
    try:
        made = plan(reader, source_etag="e", options=options, preroll_frames=3, limits=limits)
        cut(reader, made, scratch=path.parent, store=lambda *_: None, limits=limits)
    except StereoSpotError as error:
        return str(error.kind)
    return ""


REFUSED = """
import json, resource, sys, time
from pathlib import Path
sys.path[:0] = [sys.argv[1]]
from tests.media.test_guard import kind_of, kind_when_cut
for path in map(Path, sys.argv[2:]):
    started = time.monotonic()
    kind = kind_of(path) or kind_when_cut(path)
    print(json.dumps({
        "kind": kind,
        "seconds": time.monotonic() - started,
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }))
"""
"""A process that has known no film itself, so the peak is that of the reading processes alone."""


def refused(paths: Iterable[Path], *before: str) -> list[dict[str, Any]]:
    """How each file ends, how long that takes, and the peak of all reading processes so far."""
    command = [sys.executable, "-c", REFUSED, str(Path(__file__).parents[2]), *map(str, paths)]
    said = subprocess.run([*before, *command], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize("name", BEGINNINGS)
def test_the_first_bytes_alone_refuse_what_is_no_film(name):
    body, kind = BEGINNINGS[name]

    with pytest.raises(SourceError) as refusal:
        guard.sniff(body[: guard.HEAD_BYTES])

    assert refusal.value.kind == kind
    assert len(refusal.value.message) > 10


def whole_corpus(folder: Path) -> Iterable[hostile.Hostile]:
    """All hostile files."""
    return hostile.corpus(folder, "127.0.0.1:9")


@pytest.mark.parametrize(
    "case",
    [
        hostile.damaged,
        hostile.bombs,
        hostile.hidden,
        pytest.param(whole_corpus, marks=pytest.mark.long),
    ],
)
def test_broken_films_and_bombs_are_refused_by_kind_in_little_memory(case, tmp_path):
    files = list(case(tmp_path))

    for (path, kind), found in zip(files, refused(path for path, _ in files), strict=True):
        assert found["kind"] == kind, path.name
        assert found["seconds"] < 10, path.name
        assert found["peak_mb"] < 300, path.name


def test_a_shortened_film_says_how_many_frames_are_left(tmp_path):
    source = make(tmp_path, Film(muxer={"movflags": "faststart"}))
    source.write_bytes(source.read_bytes()[:-3000])

    with pytest.raises(SourceError, match=r"\d+ of 50 frames are there"):
        probe(FileReader(source), limits=LIMITS)


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        ({"max_bytes": 1000}, "source_too_large"),
        ({"max_pixels": 96 * 64 - 1}, "source_too_many_pixels"),
        ({"max_duration_s": 1.9}, "source_too_long"),
        ({"max_frames": 49}, "source_too_many_frames"),
        ({"max_packets": 49}, "source_too_many_frames"),
        ({"max_frame_rate": 24}, "source_too_many_frames"),
        ({"wall_s": 1e-6}, "source_corrupt"),
    ],
)
def test_every_limit_is_kept(limits, kind, tmp_path):
    source = make(tmp_path, Film())

    assert kind_of(source, replace(LIMITS, **limits)) == kind


def test_a_changed_source_is_reported_as_such(tmp_path):
    class Changing(FileReader):
        def read_at(self, offset, length):
            raise SourceError(ErrorKind.SOURCE_CHANGED, "it was replaced")

    with pytest.raises(SourceError) as refusal:
        probe(Changing(make(tmp_path, Film())), limits=LIMITS)

    assert refusal.value.kind is ErrorKind.SOURCE_CHANGED


def test_a_read_ahead_that_fails_when_all_is_done_is_reported_as_what_it_is():
    class Gone:
        size = 1 << 20

        def read_at(self, offset, length):
            raise SourceError(ErrorKind.SOURCE_CHANGED, "it was replaced")

        def close(self):
            pass

    with (
        starting.started() as child,
        pytest.raises(SourceError, match="replaced"),
        Fetcher(child, {"source": Gone()}.__getitem__) as fetcher,
    ):
        fetcher.ask({"say": "read", "of": "source", "at": 0, "length": 10, "slot": 0})


FENCED = """
import os, socket, sys
from stereo_spot.media.child.main import fence, load_all_of_av
from stereo_spot.media.guard import MediaLimits
load_all_of_av()
fence(MediaLimits(), decoding=False)
def tried(what, call):
    try:
        call()
    except (OSError, MemoryError):
        print("refused", what)
    else:
        print("ALLOWED", what)
tried("file", lambda: os.open("/etc/hostname", os.O_RDONLY))
tried("new file", lambda: os.open("/tmp/owned", os.O_CREAT | os.O_WRONLY))
tried("socket", lambda: socket.socket())
tried("pipe", os.pipe)
tried("memory", lambda: bytearray(2 << 30))
"""


def test_the_reading_process_can_open_nothing():
    said = subprocess.run(
        [sys.executable, "-c", FENCED], capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert said[:4] == ["refused file", "refused new file", "refused socket", "refused pipe"]
    if sys.platform == "linux":
        assert said[4] == "refused memory"


PARENT = """
import sys, time
from pathlib import Path
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.probe import probe
class Stuck:
    size = 1 << 20
    def read_at(self, offset, length):
        print("reading", flush=True)
        time.sleep(60)
    def close(self): pass
probe(Stuck(), limits=MediaLimits())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_reading_process_dies_with_its_parent_and_has_no_environment():
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        env={**os.environ, "AWS_SECRET_ACCESS_KEY": "secret"},
    ) as parent:
        parent.stdout.readline()
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        environment = Path(f"/proc/{children[0]}/environ").read_bytes()
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()

    assert b"secret" not in environment
    assert b"PATH=" not in environment.replace(b"LD_LIBRARY_PATH=", b"")
    deadline = time.monotonic() + 5
    while Path(f"/proc/{children[0]}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{children[0]}").exists()


def test_a_crash_of_the_reader_is_an_error_not_a_hang(tmp_path, monkeypatch):
    source = make(tmp_path, Film())
    for code, kind in (
        ("os.abort()", "source_corrupt"),
        ("os.kill(os.getpid(), 9)", "out_of_memory"),
    ):
        monkeypatch.setattr(starting, "BOOT", f"import os; {code}")
        with pytest.raises((SourceError, MachineError)) as failure:
            probe(FileReader(source), limits=LIMITS)
        assert failure.value.kind == kind


@pytest.mark.long
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_the_whole_corpus_is_refused_and_nothing_is_opened_or_called(tmp_path):
    calls: list[object] = []
    trace = tmp_path / "trace"
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: calls.append(server.accept()), daemon=True).start()
        host, port = server.getsockname()
        files = list(hostile.corpus(tmp_path, f"{host}:{port}"))
        watch = "trace=open,openat,socket,connect,execve,prlimit64,clone,clone3,fork,vfork"
        found = refused([path for path, _ in files], "strace", "-f", "-e", watch, "-o", str(trace))

    assert len(files) >= 40
    assert [(f.path.name, f.kind) for f in files] == [
        (f.path.name, result["kind"]) for f, result in zip(files, found, strict=True)
    ]
    assert calls == []
    lines = trace.read_text(errors="replace").splitlines()
    assert not [line for line in lines if "AF_INET" in line]
    assert len(after_fences(lines)) >= len(files)
    assert not [line for said in after_fences(lines).values() for line in said]


def after_fences(lines: list[str]) -> dict[str, list[str]]:
    """For each fenced process: what it and its threads opened or started after the fence."""
    opened: dict[str, list[str]] = {}
    for line in lines:
        who, _, call = line.partition(" ")
        call = call.strip()
        if call.startswith("prlimit64") and "RLIMIT_NOFILE, {rlim_cur=3" in call:
            opened.setdefault(who, [])
        elif who in opened and call.startswith(("clone", "fork", "vfork")):
            opened.setdefault(call.rpartition("= ")[2], [])
        elif who in opened and "(" in call and "= -1" not in call and "prlimit64" not in call:
            opened[who].append(line)
    return {who: [line for line in said if "+++" not in line] for who, said in opened.items()}


@pytest.mark.long
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.avi"])
def test_flipped_bytes_end_in_facts_or_in_a_known_error(name, tmp_path):
    import random

    codec = "mpeg4" if name.endswith("avi") else "libx264"
    body = make(tmp_path, Film(name, codec=codec, frames=20)).read_bytes()
    dice = random.Random(11)
    for _ in range(40):
        broken = bytearray(body)
        for _ in range(dice.choice((1, 8, 64))):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        path = tmp_path / f"broken-{name}"
        path.write_bytes(broken)
        try:
            plan(
                FileReader(path),
                source_etag="e",
                options=JobOptions(scene_cuts=True, segment_duration_s=0.5),
                preroll_frames=3,
                limits=LIMITS,
            )
        except StereoSpotError as error:
            assert str(error.kind) in KNOWN, (error.kind, error.message)
