"""Licence first, then cache, mirror, hub; every refusal says what to do."""

import json
import os
import subprocess
import sys
import threading

import pytest
from stereo_engine import weights
from stereo_engine.errors import EngineError
from stereo_engine.memory import MemoryPlan
from stereo_engine.registry import DEPTH_ANYTHING, DEPTHCRAFTER, STEREOCRAFTER, SVD, TIERS
from stereo_engine.settings import ModelSettings

ALL = frozenset(model.name for models in TIERS.values() for model in models)
SECRET = "hf_secret"
COMMIT = "0123456789" * 4


class Hub:
    """Gives the files of a repository, or raises."""

    def __init__(self, files=None, error=None):
        self.files, self.error, self.asked = files or {}, error, []

    def __call__(self, repo_id, *, revision, allow_patterns, local_dir, token):
        self.asked.append((repo_id, revision, tuple(allow_patterns), token))
        if self.error:
            raise self.error
        for name in set(allow_patterns) & set(self.files):
            (local_dir / name).parent.mkdir(parents=True, exist_ok=True)
            (local_dir / name).write_bytes(self.files[name])
        return COMMIT


@pytest.fixture(autouse=True)
def no_login(monkeypatch):
    monkeypatch.setattr("stereo_engine.hub.known_token", lambda: None)


def unet(channels, folder=""):
    config = json.dumps({"in_channels": channels}).encode()
    return {folder + "config.json": config, folder + "diffusion_pytorch_model.safetensors": b"w"}


def refusal(*arguments, **options):
    with pytest.raises(EngineError) as caught:
        weights.fetched(*arguments, **options)
    assert SECRET not in caught.value.message
    return caught.value.kind, caught.value.message


def test_a_non_commercial_model_is_refused_before_anything_is_asked(tmp_path):
    hub = Hub(unet(8))

    kind, message = refusal(DEPTHCRAFTER, tmp_path, accepted={"stereocrafter"}, download=hub)

    assert kind == "licence_not_accepted" and "--accept-licence depthcrafter" in message
    assert hub.asked == [] and list(tmp_path.iterdir()) == []


def test_weights_come_once_and_only_the_files_needed(tmp_path):
    hub = Hub({"config.json": b"{}", "model.safetensors": b"w", "model.bin": b"pickle"})

    folders = [weights.fetched(DEPTH_ANYTHING, tmp_path, download=hub) for _ in range(2)]

    assert folders[0] == folders[1] and len(hub.asked) == 1
    assert hub.asked[0][1:] == (DEPTH_ANYTHING.revision, DEPTH_ANYTHING.files, None)
    manifest = json.loads((folders[0] / weights.MANIFEST).read_text())
    assert manifest["licence"] == "Apache-2.0" and set(manifest["files"]) == {
        "config.json",
        "model.safetensors",
    }


def test_a_damaged_cache_is_downloaded_again(tmp_path):
    hub = Hub({"config.json": b"{}", "model.safetensors": b"weights"})
    folder = weights.fetched(DEPTH_ANYTHING, tmp_path, download=hub)
    (folder / "model.safetensors").write_bytes(b"wei")

    weights.fetched(DEPTH_ANYTHING, tmp_path, download=hub)

    assert (folder / "model.safetensors").read_bytes() == b"weights"


def test_workers_that_download_at_once_do_not_trip_over_each_other(tmp_path):
    together, failed = threading.Barrier(4), []

    class Slow(Hub):
        def __call__(self, *arguments, **options):
            commit = super().__call__(*arguments, **options)
            together.wait(60)
            return commit

    hub = Slow({"config.json": b"{}", "model.safetensors": b"w"})

    def fetch(folder):
        try:
            weights.fetched(DEPTH_ANYTHING, folder, download=hub)
        except OSError as error:
            failed.append(error)

    for attempt in range(20):
        folder = tmp_path / str(attempt)
        workers = [threading.Thread(target=fetch, args=(folder,)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    assert failed == []


def test_a_file_that_was_changed_is_not_used_though_it_is_as_long(tmp_path):
    hub = Hub({"config.json": b"{}", "model.safetensors": b"weights"})
    file = weights.fetched(DEPTH_ANYTHING, tmp_path, download=hub) / "model.safetensors"
    later = file.stat().st_mtime + 5
    file.write_bytes(b"Weights")
    os.utime(file, (later, later))

    weights.fetched(DEPTH_ANYTHING, tmp_path, download=hub)

    assert file.read_bytes() == b"weights" and len(hub.asked) == 2


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()

    kind, message = refusal(DEPTH_ANYTHING, tmp_path / "file" / "x", download=Hub())

    assert kind == "output_unwritable" and "cannot be kept in" in message


@pytest.mark.parametrize("folder", ["unet_diffusers/", ""])
def test_the_inpainting_unet_is_found_in_either_folder(tmp_path, folder):
    found = weights.fetched(STEREOCRAFTER, tmp_path, accepted=ALL, download=Hub(unet(9, folder)))

    assert (found / "config.json").is_file()


def test_another_models_weights_are_named_as_such(tmp_path):
    kind, message = refusal(STEREOCRAFTER, tmp_path, accepted=ALL, download=Hub(unet(8)))

    assert kind == "weights_mismatch" and "9 channels, its config says 8" in message


def test_a_gated_model_without_a_token_is_refused_before_the_hub_is_asked(tmp_path):
    hub = Hub()

    kind, message = refusal(SVD, tmp_path, accepted=ALL, download=hub)

    assert kind == "token_missing" and SVD.page in message and hub.asked == []


def hub_error(name):
    errors = pytest.importorskip(
        "huggingface_hub.errors", reason="huggingface-hub is not installed (make models)"
    )
    httpx = pytest.importorskip("httpx2")
    response = httpx.Response(403, request=httpx.Request("GET", "https://hub.invalid"))
    return getattr(errors, name)(f"no, {SECRET}", response=response)


@pytest.mark.parametrize(
    ("name", "token", "kind"),
    [
        ("GatedRepoError", SECRET, "terms_not_accepted"),
        ("HfHubHTTPError", None, "token_missing"),
    ],
)
def test_the_hubs_refusals_become_ours(tmp_path, name, token, kind):
    model = SVD if token else DEPTHCRAFTER
    found, _ = refusal(
        model, tmp_path, accepted=ALL, token=token, download=Hub(error=hub_error(name))
    )

    assert found == kind


def test_no_network_is_no_riddle(tmp_path):
    hub = Hub(error=ConnectionError(f"name resolution, {SECRET}"))

    kind, message = refusal(DEPTH_ANYTHING, tmp_path, token=SECRET, download=hub)

    assert kind == "weights_unavailable" and "cannot be reached" in message


class Folder:
    """A mirror in memory."""

    def __init__(self):
        self.kept = {}

    def fetch(self, name, folder):
        for path, body in self.kept.get(name, {}).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(body)
        return name in self.kept

    def keep(self, name, folder):
        files = [path for path in folder.rglob("*") if path.is_file()]
        self.kept[name] = {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_mirror_spares_the_hub_and_is_checked(tmp_path):
    hub, mirror = Hub({"config.json": b"{}", "model.safetensors": b"w"}), Folder()
    weights.fetched(DEPTH_ANYTHING, tmp_path / "a", download=hub, mirror=mirror)

    weights.fetched(DEPTH_ANYTHING, tmp_path / "b", download=hub, mirror=mirror)

    assert len(hub.asked) == 1
    (name,) = mirror.kept
    mirror.kept[name]["model.safetensors"] = b"x"
    for _ in range(2):
        kind, message = refusal(DEPTH_ANYTHING, tmp_path / "c", download=hub, mirror=mirror)
        assert kind == "weights_mismatch" and "damaged" in message, "nor at the next try"


def test_what_no_manifest_names_is_not_used(tmp_path):
    hub, mirror = Hub({"config.json": b"{}", "model.safetensors": b"w"}), Folder()
    weights.fetched(DEPTH_ANYTHING, tmp_path / "a", download=hub, mirror=mirror)
    (kept,) = mirror.kept.values()
    kept[weights.MANIFEST] = b'{"files": {}}'

    kind, _ = refusal(DEPTH_ANYTHING, tmp_path / "b", download=hub, mirror=mirror)

    assert kind == "weights_unavailable"


def test_settings_are_read_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setenv("ACCEPT_LICENCE", "depthcrafter, stereocrafter,")

    settings = ModelSettings.from_environment()

    assert settings.weights_dir == tmp_path
    assert settings.accepted == {"depthcrafter", "stereocrafter"}


def test_the_commit_that_came_is_written_down_whatever_was_asked_for(tmp_path):
    weights.fetched(DEPTHCRAFTER, tmp_path, accepted=ALL, download=Hub(unet(8)))

    assert DEPTHCRAFTER.revision == "main"
    assert weights.revision_of(DEPTHCRAFTER, tmp_path) == COMMIT


def test_a_pin_by_setting_asks_for_that_commit_and_keeps_it_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("MODEL_REVISIONS", f"depthcrafter={COMMIT}, stereocrafter=v2")
    pinned = {model.name: model for model in ModelSettings.from_environment().models_of("quality")}
    hub = Hub(unet(8))

    weights.fetched(pinned["depthcrafter"], tmp_path, accepted=ALL, download=hub)

    assert hub.asked[0][1] == COMMIT
    assert not weights.folder_of(DEPTHCRAFTER, tmp_path).exists()
    assert pinned["stereocrafter"].revision == "v2"
    assert pinned["stable-video-diffusion"] == SVD


@pytest.mark.parametrize("text", ["nothing=abc", "depthcrafter", "depthcrafter=../x"])
def test_a_pin_that_is_none_is_refused(text, monkeypatch):
    monkeypatch.setenv("MODEL_REVISIONS", text)

    with pytest.raises(EngineError) as caught:
        ModelSettings.from_environment()
    assert caught.value.kind == "bad_request"


@pytest.mark.parametrize("text", ["0", "-1", "two", "2.5", "9" * 30])
def test_a_number_of_threads_that_is_none_is_refused(text, monkeypatch):
    monkeypatch.setenv("MODEL_THREADS", text)

    with pytest.raises(EngineError, match=r"^MODEL_THREADS: ") as caught:
        ModelSettings.from_environment()
    assert caught.value.kind == "bad_request"


def test_the_real_library_without_a_network_says_so(tmp_path):
    """A program of its own: the library reads where the hub is when it is imported."""
    pytest.importorskip("huggingface_hub", reason="huggingface-hub is not installed (make models)")
    code = (
        "import sys\nfrom pathlib import Path\nfrom dataclasses import replace\n"
        "from stereo_engine import weights, errors\n"
        "from stereo_engine.registry import DEPTH_ANYTHING as model\n"
        "try:\n    weights.fetched(replace(model, revision=sys.argv[2]), Path(sys.argv[1]))\n"
        "except errors.EngineError as error:\n    print(error.kind, error.message)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), "main"],
        env=os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_DISABLE_TELEMETRY": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.startswith("weights_unavailable") and "cannot be reached" in told.stdout


@pytest.mark.parametrize("gib", [12, 16, 24, 48, 140])
@pytest.mark.parametrize("size", [(1024, 576), (1920, 1080)])
def test_every_memory_plan_has_smaller_ones_and_they_end(gib, size):
    plan, tried = MemoryPlan.of(gib << 30, size), []
    while plan:
        assert plan not in tried and 0 < plan.overlap < plan.window
        tried.append(plan)
        plan = plan.smaller()
    assert 3 < len(tried) < 15


def test_every_model_says_its_terms():
    models = [model for models in TIERS.values() for model in models]
    assert all(model.licence and model.size_bytes > 0 for model in models)
    assert not any(name.endswith((".bin", ".pt", ".pth")) for m in models for name in m.files)
