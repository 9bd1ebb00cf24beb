"""Secrets of Secrets Manager, by ARN or name."""

import json
from typing import Any

from stereo_spot.errors import ErrorKind, MachineError


def secret_text(client: Any, secret_id: str) -> str:
    """The text of a secret."""
    return str(client.get_secret_value(SecretId=secret_id)["SecretString"])


def named_tokens(client: Any, secret_id: str) -> dict[str, str]:
    """The secret `{"name": "token", ...}`: who may use the API.

    Raises:
        MachineError: `token_missing` when the secret is not of that form; the text is not shown.
    """
    try:
        tokens = json.loads(secret_text(client, secret_id))
        if isinstance(tokens, dict) and all(
            isinstance(token, str) and len(token) >= 16 for token in tokens.values()
        ):
            return tokens
    except ValueError:
        pass
    raise MachineError(
        ErrorKind.TOKEN_MISSING,
        f'the secret {secret_id} has to be a JSON object {{"name": "token of 16 or more"}}',
    )
