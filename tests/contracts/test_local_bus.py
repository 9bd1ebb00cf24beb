"""The local bus: durable, at least once, with retry and dead letters."""

import subprocess
import sys

import pytest
from stereo_spot.adapters.local.bus import LocalBus
from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.local.rows import SqliteJobStore
from stereo_spot.events import ChunkRequested, JobCompleted, ObjectStored
from stereo_spot.model import JobOptions, Recipe, Tier

from tests.contracts.test_job_store import a_job

JOB = "12345678-1234-1234-1234-123456789abc"
OTHER = "12345678-1234-1234-1234-123456789abd"
SEGMENT = f"segments/{JOB}/00000_00002_sbs.mp4"


@pytest.fixture
def bus(database):
    return LocalBus(database)


def test_an_event_reaches_the_step_that_the_flow_names(bus):
    bus.publish(ObjectStored(key=SEGMENT))

    assert bus.receive(("chunk", "complete")) is None
    message = bus.receive(("render",))
    assert (message.step, message.job_id, message.event.key) == ("render", JOB, SEGMENT)


def test_a_receiver_of_some_tiers_leaves_the_films_of_others(bus, database):
    options = JobOptions(recipe=Recipe(tier=Tier.QUALITY))
    SqliteJobStore(database).create(a_job(job_id=JOB, options=options))
    bus.publish(ObjectStored(key=SEGMENT))

    assert bus.receive(("render",), tiers=("classic", "fast")) is None
    assert bus.receive(("render",), tiers=("quality", "fast")).job_id == JOB

    bus.publish(ObjectStored(key=SEGMENT.replace(JOB, OTHER)))
    assert bus.receive(("render",), tiers=("classic",)).job_id == OTHER, "of no job that is known"


def test_an_event_that_wakes_no_step_is_not_kept(bus):
    bus.publish(JobCompleted(job_id=JOB, round=1, output_key="k"))
    bus.publish(ObjectStored(key="jobs/x/final.mp4"))

    assert bus.receive(("chunk", "render", "complete", "reassemble")) is None


def test_a_message_taken_is_not_delivered_again_until_it_fails(bus, monkeypatch):
    monkeypatch.setattr("stereo_spot.adapters.local.bus._PAUSES_S", (0.0, 0.0))
    bus.publish(ChunkRequested(job_id=JOB))
    message = bus.receive(("chunk",))
    assert bus.receive(("chunk",)) is None

    bus.failed(message, "broke")

    assert bus.receive(("chunk",)).tries == 1


def test_the_same_event_waits_once_but_is_kept_while_its_twin_is_worked_on(bus):
    for _ in range(3):
        bus.publish(ChunkRequested(job_id=JOB))
    first = bus.receive(("chunk",))
    assert bus.receive(("chunk",)) is None

    bus.publish(ChunkRequested(job_id=JOB))
    bus.done(first)

    assert bus.receive(("chunk",)) is not None


def test_a_message_that_fails_every_time_becomes_a_dead_letter(bus, monkeypatch):
    monkeypatch.setattr("stereo_spot.adapters.local.bus._PAUSES_S", (0.0, 0.0))
    bus.publish(ChunkRequested(job_id=JOB))
    for _ in range(3):
        bus.failed(bus.receive(("chunk",)), "broke")

    assert bus.receive(("chunk",)) is None
    (letter,) = bus.dead_letters()
    assert (letter.step, letter.job_id, letter.error) == ("chunk", JOB, "broke")


def test_messages_can_be_taken_of_one_job_only(bus):
    bus.publish(ChunkRequested(job_id=OTHER))
    bus.publish(ChunkRequested(job_id=JOB))

    assert bus.receive(("chunk",), job_id=JOB).job_id == JOB
    assert bus.receive(("chunk",), job_id=JOB) is None


def test_what_a_killed_process_held_is_delivered_at_once(bus, tmp_path):
    bus.publish(ChunkRequested(job_id=JOB))
    taken = (
        "import os, sys, pathlib\n"
        "from stereo_spot.adapters.local.bus import LocalBus\n"
        "from stereo_spot.adapters.local.database import Database\n"
        "bus = LocalBus(Database(pathlib.Path(sys.argv[1])))\n"
        "assert bus.receive(('chunk',)) is not None\n"
        "os.kill(os.getpid(), 9)\n"
    )
    child = subprocess.run([sys.executable, "-c", taken, str(tmp_path / "state.db")], check=False)
    assert child.returncode == -9

    assert bus.receive(("chunk",)) is not None


def test_messages_outlive_the_process_that_published_them(bus, tmp_path):
    bus.publish(ChunkRequested(job_id=JOB))

    again = Database(tmp_path / "state.db")
    assert LocalBus(again).receive(("chunk",)) is not None
    again.close()
