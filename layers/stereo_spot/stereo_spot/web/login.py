"""`/login` and `/logout`: a token for a session."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from stereo_spot.web.rendering import render
from stereo_spot.web.sessions import COOKIE, SESSION_S, Owners

router = APIRouter(include_in_schema=False)
_COOKIE = {"key": COOKIE, "path": "/", "secure": True, "httponly": True, "samesite": "lax"}
Path = Annotated[str, Query(alias="next", max_length=500)]


@router.get("/login")
def ask(request: Request, target: Path = "/") -> Response:
    """The form; who is in already goes on."""
    if request.scope["state"]["owner"] is not None:
        return RedirectResponse(inner(target), 303)
    return _form(request, target)


@router.post("/login")
def sign_in(
    request: Request,
    token: Annotated[str, Form(max_length=1000)] = "",
    target: Annotated[str, Form(alias="next", max_length=500)] = "/",
) -> Response:
    """Begin a session for the name whose token it is."""
    owners: Owners = request.app.state.owners
    owner = owners.of_token(token.strip())
    if owner is None:
        return _form(request, target, refused=True)
    answer = RedirectResponse(inner(target), 303, {"cache-control": "no-store"})
    answer.set_cookie(value=owners.session(owner), max_age=SESSION_S, **_COOKIE)  # type: ignore[arg-type]
    return answer


@router.post("/logout")
def sign_out() -> Response:
    """Forget the session in this browser."""
    answer = RedirectResponse("/login", 303, {"cache-control": "no-store"})
    answer.delete_cookie(**_COOKIE)  # type: ignore[arg-type]
    return answer


def inner(target: str) -> str:
    """A path of ours; anything that may lead elsewhere becomes the first page."""
    parts = urlsplit(target)
    plain = target.isascii() and target.isprintable() and "\\" not in target
    if not plain or parts.scheme or parts.netloc or not target.startswith("/"):
        return "/"
    return "/" if target.startswith("//") else target


def _form(request: Request, target: str, *, refused: bool = False) -> HTMLResponse:
    values = {"next": inner(target), "refused": refused}
    return render(request, "login.html", values, status=401 if refused else 200)
