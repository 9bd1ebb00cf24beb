"""What every request passes first: its id, its host, where it comes from, how much it sends.

Pure ASGI, so that bodies stream through untouched.
"""

import asyncio
import ipaddress
import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stereo_spot.web.kinds import HttpKind
from stereo_spot.web.problems import HttpError, problem_response

MAX_BODY = 1 << 20
BODY_S = 30.0
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class GuardRules:
    """What is let in."""

    hosts: Collection[str] = ()
    """Names that a Host header may have besides the loopback's; `*` lets all in."""
    storage_origins: Collection[str] = ()
    """Where signed links lead, if not here; the page must be let through to them."""

    @property
    def policy(self) -> str:
        """The Content-Security-Policy of every answer."""
        store = " ".join(["'self'", *self.storage_origins])
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            f"media-src {store}; connect-src {store}; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        )


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, rules: GuardRules) -> None:
        self._app, self._rules = app, rules
        self._headers = {
            "content-security-policy": rules.policy,
            "x-content-type-options": "nosniff",
            "cache-control": "no-cache",
            "referrer-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = refusal_of(scope["method"], Headers(scope=scope), self._rules.hosts)
        if refusal is not None:
            answer = problem_response(Request(scope), refusal)
            await answer(scope, receive, send_marked)
        elif scope["path"].startswith("/storage/"):
            await self._app(scope, receive, send_marked)
        else:
            await self._app(scope, small_body(receive), send_marked)


def refusal_of(method: str, headers: Headers, hosts: Collection[str]) -> HttpError | None:
    """Why a request is not let in; None when it is.

    The host check keeps out names that an attacker lets point here; the origin check keeps out
    writes that another site makes a browser send.
    """
    host = headers.get("host", "")
    name = _name_of(host)
    if "*" not in hosts and name not in hosts and not _is_loopback(name):
        return HttpError(421, HttpKind.WRONG_HOST, f"this server does not answer to {host[:200]!r}")
    if method in _SAFE:
        return None
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    foreign = origin is not None and _authority(origin) != host.lower()
    if site is not None:
        foreign = site not in ("same-origin", "none")
    if foreign:
        return HttpError(403, HttpKind.FORBIDDEN, "another site may not change anything here")
    return None


def small_body(receive: Receive) -> Receive:
    """`receive` for bodies that are read whole: limited in size and time."""
    seen, over = 0, False

    async def limited() -> Message:
        nonlocal seen, over
        if over:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), BODY_S)
        except TimeoutError as error:
            raise HTTPException(408, "the request did not arrive in time") from error
        seen += len(message.get("body", b""))
        if seen > MAX_BODY:
            raise HTTPException(413, f"at most {MAX_BODY} bytes are read here")
        over = not message.get("more_body", False)
        return message

    return limited


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # an address in brackets that is none
        return None


def _is_loopback(name: str) -> bool:
    """Whether a name cannot lead anywhere else, whatever a name server says."""
    try:
        return name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _name_of(host: str) -> str:
    return re.sub(r":\d*$", "", host, flags=re.ASCII).lower().removesuffix(".")
