"""The analyzer's image, shut in as its Kubernetes manifest has it, on a real Postgres."""

import json
import subprocess
import time
import urllib.request

import pytest
import yaml
from stereo_spot.adapters.postgres.connection import Postgres
from stereo_spot.adapters.postgres.jobs import PostgresJobSource
from stereo_spot.adapters.postgres.rows import PostgresResultRows
from stereo_spot.analysis.records import Video, VideoStatus

from tests.analysis.conftest import postgres_server  # noqa: F401 - a fixture
from tests.analysis.kit import film
from tests.containers.conftest import ROOT, free_port

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
USER = 10001


def docker(*words):
    done = subprocess.run(["docker", *map(str, words)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image(bridge):
    name = "stereo-spot-analyzer:tested"
    docker("build", "--network", "host", "-f", "src/analyzer/Dockerfile", "-t", name, ".")
    return name


@pytest.fixture
def films(tmp_path):
    """The folder that the container works in, with a film."""
    folder = tmp_path / "films"
    folder.mkdir()
    film(folder / "film.mp4", ("red", "green"), seconds=0.8, tone=True)
    for place in (folder, *tmp_path.parents[:3]):
        place.chmod(0o777)
    return folder


@pytest.fixture
def database(postgres_server):  # noqa: F811
    opened = Postgres(postgres_server.get_uri())
    yield opened
    opened.close()


@pytest.fixture
def worker(image, films, postgres_server):  # noqa: F811
    """A worker, with nothing but what the manifest allows; its port on this machine."""
    manifest = yaml.safe_load((ROOT / "src/analyzer/kubernetes.yaml").read_text())
    limits = manifest["spec"]["template"]["spec"]["containers"][0]["securityContext"]
    assert limits["readOnlyRootFilesystem"] and not limits["allowPrivilegeEscalation"]
    uri = postgres_server.get_uri()
    socket = f"{uri.partition('host=')[2]}/.s.PGSQL.5432"
    port = free_port("127.0.0.1")
    settings = {
        "DATABASE_URL": f"{uri.partition('?')[0]}?host=/run/db",
        "WORKER_DEV_HTTP": "true",
        "WORKER_HTTP_HOST": "0.0.0.0",
        "WORKER_POLL_MS": "100",
    }
    name = docker(
        "run", "--detach", "--read-only", "--tmpfs", "/tmp", "--user", USER,
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "3g",
        "--volume", f"{films}:/app/data", "--volume", f"{socket}:/run/db/.s.PGSQL.5432",
        "--publish", f"127.0.0.1:{port}:8001",
        *(f"--env={key}={value}" for key, value in settings.items()), image,
    )  # fmt: skip
    yield name, port
    docker("rm", "--force", name)


def ask(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return json.load(answer)


def wait_until(true, worker, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, docker("logs", worker)
        time.sleep(0.2)


def test_the_container_analyzes_a_film_and_leaves_when_told(worker, database, films):
    name, port = worker
    rows = PostgresResultRows(database)
    rows.save_video(Video(id="film-1", original_path="film.mp4", original_name="film.mp4"))
    PostgresJobSource(database).add("job-1", "film-1")

    wait_until(lambda: rows.contents("film-1").video.status is VideoStatus.READY, name)

    contents = rows.contents("film-1")
    assert len(contents.scenes) == len(contents.frames) == 2
    assert all(
        (films / frame.path).read_bytes()[:3] == b"\xff\xd8\xff" for frame in contents.frames
    )
    wait_until(lambda: ask(port, "/stats")["jobs"] == {"done": 1}, name)
    assert ask(port, "/healthz") == {"ok": True, "status": "running"}
    docker("stop", "--time", 30, name)
    assert docker("inspect", "--format", "{{.State.ExitCode}}", name) == "0"
