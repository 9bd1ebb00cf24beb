"""The stack's functions in containers, as `sam local` runs them, with moto's server as AWS.

Needed: a container engine that answers, `sam` (or its path in SAM), a base image (base.sh makes one
where none can be pulled) and moto's server (or its path in MOTO_SERVER), which needs Flask.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from stereo_spot.runtime.aws import aws_settings, services

from tests.aws import stage

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "tests/events"


def _tool(name, variable):
    found = os.environ.get(variable) or shutil.which(name)
    if not found:
        pytest.skip(f"there is no {name}; install it or name it in {variable}")
    return found


def free_port(host):
    with socket.socket() as asked:
        asked.bind((host, 0))
        return asked.getsockname()[1]


def wait_for(host, port, process, seconds=60):
    """Until something listens there; fails when the process ends before."""
    for _ in range(seconds * 10):
        assert process.poll() is None, f"{process.args[0]} ended with {process.returncode}"
        with socket.socket() as asked:
            if asked.connect_ex((host, port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on port {port}")


@pytest.fixture(scope="session")
def bridge():
    """The address of this machine as containers see it."""
    docker = _tool("docker", "DOCKER")
    form = "{{(index .IPAM.Config 0).Gateway}}"
    asked = subprocess.run(
        [docker, "network", "inspect", "bridge", "--format", form], capture_output=True, text=True
    )
    if asked.returncode:
        pytest.skip(f"no container engine answers: {asked.stderr.strip()}")
    return asked.stdout.strip()


@pytest.fixture(scope="session")
def local_aws(bridge, tmp_path_factory):
    """Moto's server on the bridge, with the stage's tables, buckets, bus and tokens."""
    server = _tool("moto_server", "MOTO_SERVER")
    port = free_port(bridge)
    with (tmp_path_factory.mktemp("moto") / "log").open("w") as log:
        process = subprocess.Popen([server, "-H", bridge, "-p", str(port)], stdout=log, stderr=log)
        try:
            wait_for(bridge, port, process)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("AWS_ENDPOINT_URL", f"http://{bridge}:{port}")
                for name, value in stage.environment().items():
                    patch.setenv(name, value)
                stage.make_tables(stage.client("dynamodb"))
                stage.make_buckets(stage.client("s3"))
                stage.make_rest()
                aws_settings.cache_clear()
                services.cache_clear()
                yield f"http://{bridge}:{port}"
        finally:
            process.terminate()
            process.wait(20)
            aws_settings.cache_clear()
            services.cache_clear()


class Sam:
    """The sam command on a built copy of the template that leads to the local AWS."""

    def __init__(self, command, folder):
        self._command, self._folder = command, folder
        self.template = folder / "build/template.yaml"

    def build(self):
        """Build everything, from the repository, into a folder of the test."""
        self._run("build", "--build-dir", self._folder / "build", "--cache-dir",
                  self._folder / "cache", "-t", ROOT / "template.yaml", cwd=ROOT)  # fmt: skip

    def lead_to(self, endpoint):
        """Let the functions find AWS there; sam takes values only for names the template has."""
        text = self.template.read_text()
        line = "        LOG_LEVEL: INFO\n"
        assert line in text
        self.template.write_text(
            text.replace(line, f"{line}        AWS_ENDPOINT_URL: {endpoint}\n")
        )
        values = {"Parameters": stage.environment()}
        (self._folder / "values.json").write_text(json.dumps(values))

    def invoke(self, function, event):
        """The answer of a function to a stored sample or an event."""
        if isinstance(event, str):
            given = EVENTS / f"{event}.json"
        else:
            given = self._folder / "event.json"
            given.write_text(json.dumps(event))
        done = self._run("local", "invoke", function, "-e", given, *self._local())
        lines = done.stdout.strip().splitlines()
        answer = json.loads(lines[-1]) if lines else None
        assert not (isinstance(answer, dict) and "errorType" in answer), (answer, done.stderr)
        return answer

    def start_api(self, port):
        """The API, served."""
        return subprocess.Popen(
            [self._command, "local", "start-api", "--port", str(port), *map(str, self._local())],
            cwd=self._folder, env=_environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _local(self):
        values = self._folder / "values.json"
        return "-t", self.template, "--skip-pull-image", "--env-vars", values

    def _run(self, *arguments, cwd=None):
        done = subprocess.run(
            [self._command, *map(str, arguments)],
            cwd=cwd or self._folder, env=_environment(), capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        return done


def _environment():
    given = {
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": stage.REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    return {**os.environ, **given}


@pytest.fixture(scope="session")
def sam(local_aws, tmp_path_factory):
    """Everything built."""
    made = Sam(_tool("sam", "SAM"), tmp_path_factory.mktemp("sam"))
    made.build()
    made.lead_to(local_aws)
    return made
