"""Every error answer, as RFC 9457 `application/problem+json`, or as a page for a browser."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from stereo_spot.errors import ErrorKind, StereoSpotError
from stereo_spot.web.kinds import KIND_OF_STATUS, STATUS_OF_KIND
from stereo_spot.web.rendering import render

log = logging.getLogger(__name__)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong, for a program and for a person."""

    type: str = Field(examples=["/errors/not_found"])
    title: str = Field(examples=["Not Found"])
    status: int
    kind: str = Field(description="Stable name of the error", examples=["not_found"])
    detail: str
    instance: str = Field(description="Path of the request")
    request_id: str
    errors: list[dict[str, str]] | None = Field(
        default=None, description="For requests that do not fit the schema: where, and what"
    )


class HttpError(Exception):
    """A request that HTTP itself refuses; `kind` may be one that only the API has."""

    def __init__(
        self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers = status, kind, detail, headers


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of `app` with a problem."""
    for error, answer in (
        (StereoSpotError, _ours),
        (HttpError, _http),
        (HTTPException, _framework),
        (RequestValidationError, _schema),
        (Exception, _unexpected),
    ):
        app.add_exception_handler(error, answer)


def problem_response(
    request: Request,
    error: HttpError,
    errors: list[dict[str, str]] | None = None,
) -> Response:
    """The answer to a request that went wrong."""
    problem = Problem(
        type=f"/errors/{error.kind}",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        kind=error.kind,
        detail=error.detail,
        instance=request.url.path,
        request_id=getattr(request.state, "request_id", "-"),
        errors=errors,
    )
    headers = {"cache-control": "no-store", **(error.headers or {})}
    if wants_page(request):
        page = render(request, "error.html", {"problem": problem}, status=error.status)
        page.headers.update(headers)
        return page
    body = json.dumps(problem.model_dump(exclude_none=True)).encode("ascii")
    return Response(body, error.status, headers, MEDIA_TYPE)


def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, StereoSpotError)
    status = STATUS_OF_KIND.get(error.kind, 500)
    if status >= 500:
        log.error("request failed", exc_info=error)
    return problem_response(request, HttpError(status, error.kind, error.message))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpError)
    return problem_response(request, error)


def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = KIND_OF_STATUS.get(error.status_code, ErrorKind.BAD_REQUEST)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["allow"] = ", ".join(_allowed(request))
    found = HttpError(error.status_code, kind, str(error.detail), headers)
    return problem_response(request, found)


def _schema(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_place(found) for found in error.errors()[:20]]
    detail = "; ".join(f"{found['where']}: {found['what']}" for found in errors[:3])
    return problem_response(request, HttpError(422, ErrorKind.BAD_REQUEST, detail), errors)


def _unexpected(request: Request, error: Exception) -> Response:
    detail = "something went wrong here; the log of the server has the request id"
    return problem_response(request, HttpError(500, ErrorKind.INTERNAL, detail))


def _place(found: dict[str, Any]) -> dict[str, str]:
    where = ".".join(str(step) for step in found["loc"] if step != "body")[:200]
    return {"where": where or "body", "what": str(found["msg"])}


def _allowed(request: Request) -> list[str]:
    """The methods of all routes at the path; the framework names those of the first alone."""
    return [
        method
        for method in _METHODS
        for scope in [{**request.scope, "method": method}]
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)
    ]


def wants_page(request: Request) -> bool:
    """Whether a browser asks, to show the answer itself."""
    path = request.url.path
    if path.startswith(("/v1/", "/storage/")):
        return False
    return "text/html" in request.headers.get("accept", "")
