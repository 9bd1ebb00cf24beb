"""The server as a person starts it tells the operator's receiver, or says why it cannot."""

import time
from urllib.request import urlopen

from stereo_spot.conversion import control
from stereo_spot.conversion.create import create
from stereo_spot.model import JobOptions
from stereo_spot.runtime.local import open_machine
from stereo_spot.runtime.steps import StepThreads
from stereo_spot.transitions import job as moves

from tests.flow.command import run
from tests.unit.receiver import SECRET, listening
from tests.unit.test_tell import completed, told_at
from tests.web.program import served_by_program


def wait_for(posts):
    until = time.monotonic() + 30
    while not posts and time.monotonic() < until:
        time.sleep(0.02)


def test_a_server_started_after_a_kill_tells_of_the_end_with_links_that_lead_to_the_film(
    tmp_path, monkeypatch
):
    job = completed(open_machine(tmp_path).services)
    assert job.announce == "pending"
    with listening() as receiver:
        monkeypatch.setenv("COMPLETION_WEBHOOK_URL", receiver.url)
        monkeypatch.setenv("COMPLETION_WEBHOOK_SECRET", SECRET)
        monkeypatch.setenv("STEREO_SPOT_ANALYZE", "off")
        with served_by_program(tmp_path) as address:
            wait_for(receiver.posts)
            ((message_id, message),) = receiver.messages()
            links = message["data"]["links"]
            document = urlopen(links["self"]).read().decode()

    assert message_id == f"{job.job_id}:1:completed"
    assert receiver.posts[0][0] == "/hook?from=films"
    assert all(link.startswith(f"{address}/") for link in links.values())
    assert '"status":"completed"' in document
    log = tmp_path / "stereo-spot.log"
    assert not log.exists() or SECRET[6:] not in log.read_text()


def test_the_sweeper_of_a_running_server_tells_a_film_that_somebody_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("stereo_spot.runtime.steps.SWEEP_S", 0.05)
    machine = open_machine(tmp_path)
    with listening() as receiver, StepThreads(machine, receiver=told_at(receiver.url)):
        job = control.cancel(create(JobOptions(), machine.services).job_id, machine.services)
        wait_for(receiver.posts)
        ((message_id, message),) = receiver.messages()

    assert message_id == f"{job.job_id}:1:failed"
    assert (message["data"]["state"], message["data"]["error"]["kind"]) == (
        "cancelled",
        "cancelled",
    )
    assert machine.services.jobs.get(job.job_id).due_at > time.time() + moves.FAILED_KEPT_S / 2


def test_a_wrong_setting_is_one_line_with_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPLETION_WEBHOOK_URL", "https://a.example/")
    monkeypatch.setenv("COMPLETION_WEBHOOK_SECRET", "hunter2")

    told = run("serve", "--port", "0", "--data", tmp_path, expect=2)

    assert told.stderr.count("\n") == 1
    assert told.stderr.startswith("bad_request: COMPLETION_WEBHOOK_SECRET ")
    assert "hunter2" not in told.stderr
