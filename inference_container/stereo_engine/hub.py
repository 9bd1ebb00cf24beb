"""The model hub, and what its refusals mean to a user."""

import re
from typing import Any

from stereo_engine.errors import EngineError
from stereo_engine.registry import Model

COMMIT = re.compile("[0-9a-f]{40}")
NEEDED = "huggingface-hub is not installed; `make models` installs it"


def known_token() -> str | None:
    """`HF_TOKEN`, or the token of a login on this machine."""
    try:
        from huggingface_hub import get_token
    except ImportError:
        return None
    token: str | None = get_token()
    return token


def snapshot(repo_id: str, *, revision: str, token: str | None, **options: Any) -> str:
    """Download files of one repository; answers the commit that they are of.

    A branch is resolved first, so that all files are of one commit, and it is known which.

    Raises:
        EngineError: `weights_unavailable` where the library is missing.
        OSError: whatever the library meets, a failed connection included.
    """
    try:
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError:
        raise EngineError("weights_unavailable", NEEDED) from None
    known = token or False
    try:
        if not COMMIT.fullmatch(revision):
            revision = str(HfApi().model_info(repo_id, revision=revision, token=known).sha)
        snapshot_download(repo_id, revision=revision, token=known, **options)
    except (OSError, ValueError, HfHubHTTPError):
        raise
    except Exception as error:
        raise ConnectionError(f"{type(error).__name__} on the way to the hub") from error
    return revision


def refusal_of(model: Model, error: Exception, *, has_token: bool) -> EngineError:
    """Say what to do about a failed download; the token is never in it."""
    names = [kind.__name__ for kind in type(error).__mro__]
    if "GatedRepoError" in names and has_token:
        text = f"{model.name} is gated: accept its terms at {model.page} with this token's account"
        return EngineError("terms_not_accepted", text)
    if "GatedRepoError" in names or _status(error) in (401, 403):
        text = f"{model.page} wants a token that may read it: set HF_TOKEN"
        return EngineError("token_missing", text)
    if "RevisionNotFoundError" in names:
        text = f"{model.repo_id} has no revision {model.revision}"
        return EngineError("weights_unavailable", text)
    if "RepositoryNotFoundError" in names:
        return EngineError("weights_unavailable", f"{model.repo_id} is not on the hub")
    if getattr(error, "errno", None) == 28:
        return EngineError("disk_full", f"no space for {model.size_bytes / 1e9:.1f} GB of weights")
    text = f"{model.name} is not in the cache and {model.page} cannot be reached"
    return EngineError("weights_unavailable", f"{text} ({type(error).__name__})")


def _status(error: Exception) -> int | None:
    status: int | None = getattr(getattr(error, "response", None), "status_code", None)
    return status
