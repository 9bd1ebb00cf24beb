"""The stage of the real steps; and the long campaign, which runs only when asked for by mark."""

from pathlib import Path

import pytest
from stereo_spot.adapters.memory import (
    MemoryBus,
    MemoryJobStore,
    MemoryLedger,
    MemoryObjectStore,
    MemoryRenderQueue,
)
from stereo_spot.conversion import chunk as chunking
from stereo_spot.conversion import making
from stereo_spot.conversion import reassemble as joining
from stereo_spot.conversion.create import create
from stereo_spot.conversion.services import Policy, Services
from stereo_spot.keys import SourceKey
from stereo_spot.media.guard import MediaLimits
from stereo_spot.model import JobOptions

from tests.faults.recorder import Recorder, cut, inspected, joined, planned

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config, items):
    if config.option.markexpr:
        return
    asked_for = pytest.mark.skip(reason="explores for minutes; run it with -m long")
    for item in items:
        if item.get_closest_marker("long") and HERE in item.path.parents:
            item.add_marker(asked_for)


@pytest.fixture
def calls():
    return []


@pytest.fixture
def app(calls, tmp_path, monkeypatch):
    monkeypatch.setattr(chunking, "plan_source", planned)
    monkeypatch.setattr(chunking, "cut", cut)
    monkeypatch.setattr(making, "inspect", inspected(1))
    monkeypatch.setattr(joining, "inspect", inspected(2))
    monkeypatch.setattr(joining, "join", joined)
    monkeypatch.setattr(joining, "final_suffix", lambda plan: "mp4")
    tokens = iter(range(1000))
    adapters = {
        "jobs": MemoryJobStore(),
        "ledger": MemoryLedger(),
        "objects": MemoryObjectStore(),
        "bus": MemoryBus(),
        "renders": MemoryRenderQueue(),
    }
    recorders = {name: Recorder(adapter, name, calls) for name, adapter in adapters.items()}
    return Services(
        **recorders, uploads=None, downloads=None, clock=lambda: 1000.0,
        new_owner=lambda: f"t{next(tokens)}", scratch=tmp_path,
        policy=Policy(heartbeat_s=60.0), limits=MediaLimits(),
    )  # fmt: skip


@pytest.fixture
def job_id(app, calls):
    job = create(JobOptions(), app)
    with app.objects.create(str(SourceKey(job.job_id)), {}) as new:
        new.write_at(0, b"film")
        new.commit()
    calls.clear()
    return job.job_id
