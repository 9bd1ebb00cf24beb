"""Weights at start: licence first, then the cache, then the hub; safetensors only.

A manifest beside the files says what they are. It is written last and holds their SHA-256, so a
folder is either whole or downloaded again; a file that was changed since is read before it is used.
"""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from stereo_engine import hub
from stereo_engine.errors import EngineError
from stereo_engine.registry import Model

MANIFEST = "weights.json"


class Mirror(Protocol):
    """A nearer copy of the weights, a bucket say."""

    def fetch(self, name: str, folder: Path) -> bool:
        """Copy what is kept under `name` into an empty folder; False when there is nothing."""
        ...

    def keep(self, name: str, folder: Path) -> None:
        """Store a whole folder under `name`."""
        ...


class Download(Protocol):
    """How files come from the hub: `hub.snapshot`."""

    def __call__(
        self,
        repo_id: str,
        *,
        revision: str,
        allow_patterns: list[str],
        local_dir: Path,
        token: str | None,
    ) -> str:
        """Put the files that fit `allow_patterns` into `local_dir`; the commit they are of."""
        ...


def check_licence(model: Model, accepted: Collection[str]) -> None:
    """Refuse a non-commercial model that the user has not accepted by name.

    Raises:
        EngineError: `licence_not_accepted`.
    """
    if not model.commercial and model.name not in accepted:
        raise EngineError(
            "licence_not_accepted",
            f"{model.name} is for non-commercial use only ({model.licence}; {model.page}): "
            f"pass --accept-licence {model.name} or name it in ACCEPT_LICENCE",
        )


def fetched(
    model: Model,
    weights_dir: Path,
    *,
    accepted: Collection[str] = (),
    token: str | None = None,
    mirror: Mirror | None = None,
    download: Download | None = None,
) -> Path:
    """The folder with the model's files, downloaded when they are not there.

    Args:
        model: which.
        weights_dir: the cache.
        accepted: names of the models whose licences the user accepted.
        token: for the hub; the one it finds itself (`HF_TOKEN`, a login) when None.
        mirror: asked before the hub, and given what the hub gave.
        download: instead of the hub, in tests.

    Raises:
        EngineError: `licence_not_accepted`, `terms_not_accepted`, `token_missing`,
            `weights_unavailable`, `weights_mismatch`, `output_unwritable` or `disk_full`.
    """
    check_licence(model, accepted)
    folder = folder_of(model, weights_dir)
    if is_whole(folder, thoroughly=False):
        return _placed(model, folder)
    _make(folder)
    if mirror is not None and mirror.fetch(mirror_name(model), folder):
        if is_whole(folder, thoroughly=True):
            return _placed(model, folder)
        (folder / MANIFEST).unlink(missing_ok=True)  # by their sizes alone they would pass
        raise EngineError(
            "weights_mismatch", f"{model.name} in the mirror is damaged: delete it there"
        )
    _from_hub(model, folder, token, download or hub.snapshot)
    if mirror is not None:
        mirror.keep(mirror_name(model), folder)
    return _placed(model, folder)


def folder_of(model: Model, weights_dir: Path) -> Path:
    """Where the model's files are kept."""
    return weights_dir / model.name / model.revision[:12]


def revision_of(model: Model, weights_dir: Path) -> str:
    """The commit whose files are there, as far as it is known."""
    manifest = json.loads((folder_of(model, weights_dir) / MANIFEST).read_text())
    return str(manifest["revision"])


def mirror_name(model: Model) -> str:
    """The same in a mirror."""
    return f"{model.name}/{model.revision[:12]}"


def is_whole(folder: Path, *, thoroughly: bool) -> bool:
    """Whether all files of the manifest are there, unchanged; or all of the same checksum."""
    try:
        since = None if thoroughly else (folder / MANIFEST).stat().st_mtime_ns
        return all(_is_as_told(folder / name, told, since) for name, told in _told(folder).items())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def check_channels(model: Model, folder: Path) -> None:
    """Refuse a UNet with another number of input channels than the model's.

    Raises:
        EngineError: `weights_mismatch`.
    """
    if model.in_channels is None:
        return
    found = json.loads((folder / "config.json").read_text()).get("in_channels")
    if found != model.in_channels:
        text = f"{model.name} must take {model.in_channels} channels, its config says {found}"
        raise EngineError("weights_mismatch", f"{text}: these are another model's weights")


def _told(folder: Path) -> dict[str, Any]:
    """What the manifest says of each file."""
    files: dict[str, Any] = json.loads((folder / MANIFEST).read_text())["files"]
    return files


def _is_as_told(path: Path, told: Any, since: int | None) -> bool:
    """By size, and by checksum if it was written after `since` (None: whenever it was)."""
    found = path.stat()
    if found.st_size != told["size"]:
        return False
    return (since is not None and found.st_mtime_ns <= since) or _sha256(path) == told["sha256"]


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = f"weights cannot be kept in {folder}: {error.strerror}"
        raise EngineError("output_unwritable", text) from None


def _placed(model: Model, folder: Path) -> Path:
    """The folder inside the repository that has the files; what no manifest names is none."""
    told = _told(folder)
    for name in model.folders:
        if all((f"{name}/{file}" if name else file) in told for file in model.files):
            check_channels(model, folder / name)
            return folder / name
    text = f"{model.repo_id}@{model.revision} lacks {', '.join(model.files)}"
    raise EngineError("weights_unavailable", text)


def _from_hub(model: Model, folder: Path, token: str | None, download: Download) -> None:
    token = token or hub.known_token()
    if model.gated and not token:
        text = f"{model.name} is gated: accept its terms at {model.page}, then set HF_TOKEN"
        raise EngineError("token_missing", text)
    for name in model.folders:
        patterns = [f"{name}/{file}" if name else file for file in model.files]
        try:
            commit = download(
                model.repo_id,
                revision=model.revision,
                allow_patterns=patterns,
                local_dir=folder,
                token=token,
            )
        except (OSError, ValueError) as error:
            raise hub.refusal_of(model, error, has_token=bool(token)) from error
        if all((folder / pattern).is_file() for pattern in patterns):
            break
    _write_manifest(model, folder, commit)


def _write_manifest(model: Model, folder: Path, commit: str) -> None:
    files = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".json", ".safetensors") and path.name != MANIFEST
        and ".cache" not in path.parts
    )  # fmt: skip
    facts = {
        name: {"size": (folder / name).stat().st_size, "sha256": _sha256(folder / name)}
        for name in files
    }
    about = {"model": model.name, "repo_id": model.repo_id, "revision": commit}
    partial = folder / f".{MANIFEST}.{uuid4().hex}.part"  # two workers may download at once
    partial.write_text(json.dumps({**about, "licence": model.licence, "files": facts}, indent=1))
    partial.replace(folder / MANIFEST)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
