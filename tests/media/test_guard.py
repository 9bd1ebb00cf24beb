"""Nothing untrusted opens, calls, fills or outlives what it should not."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from stereo_spot.errors import ErrorKind, MachineError, SourceError, StereoSpotError
from stereo_spot.media import guard
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


@pytest.mark.parametrize("name", BEGINNINGS)
def test_the_first_bytes_alone_refuse_what_is_no_film(name):
    body, kind = BEGINNINGS[name]

    with pytest.raises(SourceError) as refusal:
        guard.sniff(body[: guard.HEAD_BYTES])

    assert refusal.value.kind == kind
    assert len(refusal.value.message) > 10


@pytest.mark.parametrize("case", [hostile.damaged, hostile.bombs], ids=["damaged", "bombs"])
def test_broken_films_and_bombs_are_refused_by_kind(case, tmp_path):
    for path, kinds in case(tmp_path):
        started = time.monotonic()

        kind = kind_of(path)

        assert kind in kinds, path.name
        assert time.monotonic() - started < 10, path.name


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
        ({"wall_s": 0.01}, "source_corrupt"),
    ],
)
def test_every_limit_is_kept(limits, kind, tmp_path):
    source = make(tmp_path, Film())

    assert kind_of(source, LIMITS.model_copy(update=limits)) == kind


def test_a_changed_source_is_reported_as_such(tmp_path):
    class Changing(FileReader):
        def read_at(self, offset, length):
            raise SourceError(ErrorKind.SOURCE_CHANGED, "it was replaced")

    with pytest.raises(SourceError) as refusal:
        probe(Changing(make(tmp_path, Film())), limits=LIMITS)

    assert refusal.value.kind is ErrorKind.SOURCE_CHANGED


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
    from stereo_spot.media import process

    source = make(tmp_path, Film())
    for code, kind in (
        ("os.abort()", "source_corrupt"),
        ("os.kill(os.getpid(), 9)", "out_of_memory"),
    ):
        monkeypatch.setattr(process, "BOOT", f"import os; {code}")
        with pytest.raises((SourceError, MachineError)) as failure:
            probe(FileReader(source), limits=LIMITS)
        assert failure.value.kind == kind


@pytest.mark.long
def test_the_whole_corpus_is_refused_and_nothing_is_called(tmp_path):
    calls = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: calls.append(server.accept()), daemon=True).start()
        host, port = server.getsockname()
        files = list(hostile.corpus(tmp_path, f"{host}:{port}"))
        for path, kinds in files:
            started = time.monotonic()
            assert kind_of(path) in kinds, path.name
            assert time.monotonic() - started < 10, path.name

        assert len(files) >= 40
        assert calls == []


@pytest.mark.long
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_nothing_is_opened_once_the_media_is_being_read(tmp_path):
    scripts = ("hls-local.mp4", "concat-absolute.mp4", "concat-relative.mp4", "dash.mp4")
    openers = ("pixels.mkv", "half-faststart", "grows.ts", "lying-stsz.mp4", "plain.avi")
    for path, _ in hostile.corpus(tmp_path, "127.0.0.1:9"):
        if path.name not in scripts + openers and "elsewhere" not in path.name:
            continue
        trace = tmp_path / "trace"
        script = (
            "import sys; sys.path[:0] = [sys.argv[2]]\n"
            "from pathlib import Path\n"
            "from tests.media.test_guard import kind_of\n"
            "kind_of(Path(sys.argv[1]))\n"
        )
        calls = "trace=open,openat,socket,connect,execve,prlimit64"
        subprocess.run(
            ["strace", "-f", "-e", calls, "-o", trace, sys.executable, "-c", script, path,
             Path(__file__).parents[2]],
            check=True, capture_output=True,
        )  # fmt: skip
        lines = trace.read_text(errors="replace").splitlines()
        fenced = [n for n, line in enumerate(lines) if "RLIMIT_NOFILE, {rlim_cur=3" in line]
        assert fenced, path.name
        pid = lines[fenced[0]].split()[0]
        after = [line for line in lines[fenced[0] + 1 :] if line.split()[0] == pid]
        opened = [line for line in after if "(" in line and "= -1" not in line]
        assert not [line for line in opened if "prlimit64" not in line and "+++" not in line]


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
