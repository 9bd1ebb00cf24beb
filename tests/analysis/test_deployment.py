"""The container's files say what the code understands."""

import re
from pathlib import Path

import pytest
import yaml
from stereo_spot.settings.analyzer import AnalyzerSettings

HERE = Path(__file__).parents[2] / "src" / "analyzer"
KNOWN = {name.upper() for name in AnalyzerSettings.model_fields}


def compose():
    return yaml.safe_load((HERE / "compose.yaml").read_text())


def container():
    text = (HERE / "kubernetes.yaml").read_text()
    return yaml.safe_load(text)["spec"]["template"]["spec"]["containers"][0]


def test_every_setting_is_in_the_example_with_its_default_and_no_other():
    lines = re.findall(r"^#([A-Z_0-9]+)=(.*)$", (HERE / ".env.example").read_text(), re.M)
    given = dict(lines)

    assert set(given) == KNOWN
    open_ended = {"DATABASE_URL", "DATA_DIR", "AWS_SQS_QUEUE_URL", "AWS_S3_BUCKET",
                  "WEBHOOK_SECRET", "OPENAI_API_KEY", "OPENAI_BASE_URL",
                  "JOB_SOURCE_TYPE", "STORAGE_TYPE"}  # fmt: skip
    plain = AnalyzerSettings()
    for name in KNOWN - open_ended:
        settings = AnalyzerSettings.model_validate({name.lower(): given[name]})
        assert getattr(settings, name.lower()) == getattr(plain, name.lower()), name


def test_the_container_sets_nothing_that_is_not_understood():
    names = {one["name"] for one in container()["env"]}
    names |= set(compose()["services"]["worker"]["environment"])

    assert names <= KNOWN


def test_probes_ask_what_the_worker_serves():
    worker = container()

    assert worker["ports"][0]["containerPort"] == AnalyzerSettings().worker_http_port
    assert worker["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert ":8001/healthz" in compose()["services"]["worker"]["healthcheck"]["test"][-1]


def test_no_secret_is_written_down():
    for name in ("compose.yaml", "kubernetes.yaml"):
        found = re.findall(r"(?:PASSWORD|KEY)[:=]\s*(\S+)", (HERE / name).read_text())
        assert all(value.startswith("${") for value in found), found


@pytest.mark.parametrize("path", ["worker.py", "Dockerfile", "compose.yaml", "kubernetes.yaml"])
def test_the_files_of_the_container_are_there(path):
    assert (HERE / path).stat().st_size
