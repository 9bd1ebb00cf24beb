"""Which workers of a machine take which tier."""

import pytest
from stereo_spot.model import Tier
from stereo_spot.runtime import crew
from stereo_spot.settings.machine import Settings, limit_models


@pytest.fixture
def cores(monkeypatch):
    """A machine of sixteen cores."""
    monkeypatch.setattr(crew, "_cores", lambda: 16)


def of(workers, **more):
    return Settings(STEREO_SPOT_WORKERS=workers, **more)


def test_a_gpu_has_one_worker_and_fast_models_four_cores_each(cores):
    share = {tier: crew.workers_for(tier, of(8)) for tier in Tier}

    assert share == {Tier.CLASSIC: 8, Tier.FAST: 4, Tier.QUALITY: 1, Tier.STUB: 8}
    assert crew.workers_for(Tier.FAST, of(2)) == 2
    assert crew.threads_of(4) == ["--model-threads=4"]


def test_every_tier_has_a_worker_and_no_core_is_promised_twice(cores):
    made = crew.crew(of(8))

    takers = {tier: sum(f"--tier={tier}" in options for options in made) for tier in Tier}
    assert takers == {Tier.CLASSIC: 8, Tier.FAST: 4, Tier.QUALITY: 1, Tier.STUB: 8}
    assert all("--model-threads=4" in options for options in made)


def test_a_small_machine_has_one_of_each(monkeypatch):
    monkeypatch.setattr(crew, "_cores", lambda: 1)

    (options,) = crew.crew(of(1))

    assert {f"--tier={tier}" for tier in Tier} <= set(options)
    assert "--model-threads=1" in options


def test_two_workers_have_the_models_of_one_tier_each(monkeypatch):
    monkeypatch.setattr(crew, "_cores", lambda: 2)

    first, second = crew.crew(of(2))

    assert "--tier=quality" in first and "--tier=fast" not in first
    assert "--tier=fast" in second and "--tier=quality" not in second


def test_a_server_that_renders_takes_as_much_as_it_is_given(cores):
    served = of(8, INFERENCE_BACKEND="http", INFERENCE_HTTP_URL="http://127.0.0.1:8080")

    assert crew.workers_for(Tier.QUALITY, served) == 8
    assert all(f"--tier={Tier.QUALITY}" in options for options in crew.crew(served))


def test_a_model_gets_no_more_cores_than_the_engine_takes(monkeypatch):
    monkeypatch.setattr(crew, "_cores", lambda: 4096)

    assert crew.threads_of(1) == ["--model-threads=1024"]


@pytest.mark.parametrize(("said", "taken"), [("", 4), ("7", 7)])
def test_only_what_is_said_of_cores_beats_the_share(monkeypatch, said, taken):
    monkeypatch.setenv("MODEL_THREADS", said)

    limit_models("4")

    assert Settings().model_threads == taken
