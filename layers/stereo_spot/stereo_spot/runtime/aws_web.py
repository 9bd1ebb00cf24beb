"""The web application on AWS, and who may use it."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from stereo_spot.adapters.aws.secrets import named_tokens
from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind
from stereo_spot.runtime.aws import aws_settings, default_options, new_client, services
from stereo_spot.web import create_app
from stereo_spot.web.problems import HttpError, problem_response

_OPEN = ("/healthz", "/static/")
_ASK = {"www-authenticate": 'Basic realm="stereo-spot", charset="UTF-8", Bearer'}


class TokensOnly:
    """Lets in who has a named token: as a bearer, or as the password that a browser asks for."""

    def __init__(self, app: ASGIApp, tokens: Mapping[str, str]) -> None:
        self._app, self._tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and not scope["path"].startswith(_OPEN):
            owner = self.owner_of(Headers(scope=scope).get("authorization", ""))
            if owner is None:
                refusal = HttpError(
                    401, ErrorKind.UNAUTHORIZED, "a token of this deployment is needed", _ASK
                )
                await problem_response(Request(scope), refusal)(scope, receive, send)
                return
            scope.setdefault("state", {})["owner"] = owner
        await self._app(scope, receive, send)

    def owner_of(self, authorization: str) -> str | None:
        """Whose token it is; every token is compared, in constant time."""
        given = _token_in(authorization).encode()
        found = [
            name
            for name, token in self._tokens.items()
            if hmac.compare_digest(token.encode(), given)
        ]
        return found[0] if found else None


def web_application() -> ASGIApp:
    """The application of this deployment.

    Raises:
        MachineError: `token_missing` when the secret holds no tokens: nobody is let in unasked.
    """
    settings, app = aws_settings(), services()
    tokens = named_tokens(new_client("secretsmanager", settings), settings.tokens_secret)
    site = create_app(
        app,
        defaults=default_options(settings),
        allowed_hosts=("*",),
        storage_origins=storage_origins(app),
    )
    return TokensOnly(site, tokens)


def storage_origins(app: Services) -> list[str]:
    """Where signed links lead; the page has to be let through to them."""
    links = (
        app.uploads.single("input/x").url,
        app.downloads.url("jobs/x", filename="x", inline=True),
    )
    parts = [urlsplit(link) for link in links]
    return sorted({f"{part.scheme}://{part.netloc}" for part in parts})


def _token_in(authorization: str) -> str:
    scheme, _, rest = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return rest.strip()
        case "basic":
            try:
                return base64.b64decode(rest).decode().partition(":")[2]
            except (binascii.Error, ValueError):
                return ""
    return ""
