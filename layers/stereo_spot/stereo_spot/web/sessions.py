"""Who asks, where every request needs a name: programs bring a token, browsers a session.

A session is the owner's name and an end, under a MAC whose key is the owner's token: nothing is
stored, the cookie does not hold the token, and a token that is changed or removed ends it.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from stereo_spot.errors import ErrorKind
from stereo_spot.web.kinds import HttpKind
from stereo_spot.web.problems import HttpError, problem_response, wants_page

COOKIE = "__Host-session"
SESSION_S = 7 * 24 * 3600
_OPEN = ("/healthz", "/login", "/logout")
_SAFE = ("GET", "HEAD", "OPTIONS")


class Owners:
    """The names that may use a deployment, and how they show that they are it."""

    def __init__(self, tokens: Mapping[str, str], clock: Callable[[], float]) -> None:
        self._tokens, self._clock = tokens, clock

    def of_token(self, given: str) -> str | None:
        """Whose token it is; every token is compared, in constant time."""
        found = [name for name, token in self._tokens.items() if _same(token, given)]
        return found[0] if found else None

    def session(self, owner: str) -> str:
        """A new session, as a cookie holds it."""
        head = f"{_named(owner)}.{int(self._clock()) + SESSION_S}"
        return f"{head}.{_mac(self._tokens[owner], head)}"

    def of_session(self, given: str) -> str | None:
        """Whose session it is; None when it is over or was not begun here."""
        head, _, mac = given.rpartition(".")
        name, _, until = head.partition(".")
        for owner, token in self._tokens.items():
            if _named(owner) == name and _same(_mac(token, head), mac):
                return owner if int(until) > self._clock() else None
        return None


class OwnersOnly:
    """Lets in who brings a token or a session, and notes the name for the routes."""

    def __init__(self, app: ASGIApp, owners: Owners) -> None:
        self._app, self._owners = app, owners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            owner, by_session = self._who(headers)
            refusal = _refusal_of(scope["method"], headers, owner, by_session=by_session)
            if refusal is not None and not _is_open(scope["path"]):
                await _answer(Request(scope), refusal)(scope, receive, send)
                return
            scope.setdefault("state", {}).update(owner=owner, by_session=by_session)
        await self._app(scope, receive, send)

    def _who(self, headers: Headers) -> tuple[str | None, bool]:
        """The name, and whether a cookie gave it: a browser sends those unasked."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._owners.of_token(token.strip()), False
        session = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return self._owners.of_session(session), True


def _refusal_of(
    method: str, headers: Headers, owner: str | None, *, by_session: bool
) -> HttpError | None:
    if owner is None:
        asked = {"www-authenticate": "Bearer"}
        return HttpError(401, ErrorKind.UNAUTHORIZED, "a token of this deployment is needed", asked)
    told = headers.get("origin") or headers.get("sec-fetch-site")
    if by_session and method not in _SAFE and not told:
        return HttpError(403, HttpKind.FORBIDDEN, "a browser says where a change comes from")
    return None


def _answer(request: Request, refusal: HttpError) -> Response:
    """The form for a page that needs a name, the problem for all else."""
    if refusal.status != 401 or not wants_page(request):
        return problem_response(request, refusal)
    url = request.url
    target = f"{url.path}?{url.query}" if url.query else url.path
    back = quote(target if request.method in _SAFE else "/", safe="")
    return RedirectResponse(f"/login?next={back}", 303, {"cache-control": "no-store"})


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith(("/static/", "/storage/"))  # a signed link is a right


def _named(owner: str) -> str:
    return base64.urlsafe_b64encode(owner.encode()).decode().rstrip("=")


def _same(ours: str, given: str) -> bool:
    return hmac.compare_digest(ours.encode(), given.encode())


def _mac(token: str, head: str) -> str:
    return hmac.new(token.encode(), f"session:{head}".encode(), hashlib.sha256).hexdigest()
