"""Pages from templates: everything is escaped, an unknown name is an error."""

from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.responses import HTMLResponse

from stereo_spot.web import words

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # the API alone needs none

    environment = Environment(
        loader=PackageLoader("stereo_spot.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=words.count,
        span=words.span,
        size=words.size,
        ago=words.ago,
        moment=words.moment,
        clock=words.clock,
    )
    environment.globals.update(
        state_words=words.STATE, found_words=words.FOUND, advice=words.advice
    )
    return environment


def render(
    request: Request, template: str, values: dict[str, Any], *, status: int = 200
) -> HTMLResponse:
    """One page; `here` is its path, for the navigation, `owner` who is signed in, if anybody."""
    state = request.scope.get("state", {})
    owner = state.get("owner") if state.get("by_session") else None
    page = _templates().get_template(template).render(here=request.url.path, owner=owner, **values)
    return HTMLResponse(page, status, {"cache-control": "no-store"})
