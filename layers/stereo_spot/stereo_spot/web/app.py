"""The web application: the API, the page and, on one machine, the store behind signed links."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from stereo_spot.conversion.services import Services
from stereo_spot.model import JobOptions
from stereo_spot.web import changing, films, health, jobs, pages, removing, uploads
from stereo_spot.web.contract import install_contract
from stereo_spot.web.guard import Guard, GuardRules
from stereo_spot.web.library_port import FilmLibrary
from stereo_spot.web.problems import install_problem_handlers
from stereo_spot.web.sessions import Owners, OwnersOnly
from stereo_spot.web.site import Site
from stereo_spot.web.storage import SignedStorage

_ABOUT = """Turn an ordinary 2D video into stereoscopic 3D.

`POST /v1/jobs`, send the film to the `upload` link of the answer, look at `GET /v1/jobs/{id}`
until its `status` is `completed`, then fetch `/v1/jobs/{id}/download`.
Every error is an RFC 9457 problem with a stable `kind`."""


def create_app(
    services: Services,
    *,
    storage: SignedStorage | None = None,
    defaults: JobOptions | None = None,
    library: FilmLibrary | None = None,
    tokens: Mapping[str, str] | None = None,
    allowed_hosts: Sequence[str] = (),
    storage_origins: Sequence[str] = (),
) -> FastAPI:
    """Build the application.

    Args:
        services: The ports and settings that the routes use.
        storage: Honours signed links here; None where `services` signs links to a cloud store.
            With it come progress streams: one machine keeps its connections open.
        defaults: What a request gets that leaves an option out.
        library: Scenes and words of films; None where films are not analyzed.
        tokens: Tokens by the names that may use the application; None lets everyone in, which is
            right only where nobody else can reach it.
        allowed_hosts: Names that a Host header may have besides those of the loopback; `*` for
            any, which is right only where every write needs a token.
        storage_origins: Origins that signed links lead to, if not here.
    """
    app = FastAPI(
        title="stereo-spot",
        version=version("stereo-spot"),
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
    )
    app.state.site = Site(services, storage, defaults or JobOptions(), library)
    install_problem_handlers(app)
    install_contract(app)
    for part in (jobs, changing, uploads, films, health, removing, pages):
        app.include_router(part.router)
    if library is not None:
        from stereo_spot.web import moments  # loads the analyzer

        app.include_router(moments.router)
    if storage is not None:
        from stereo_spot.web import signed, stream  # not where links lead to a cloud store

        app.include_router(signed.router)
        app.include_router(stream.router)  # a cloud function is held and cut off by a long answer
    static = Path(str(files("stereo_spot.web") / "static"))
    app.mount("/static", StaticFiles(directory=static), name="static")
    if tokens is not None:
        from stereo_spot.web import login  # one machine needs none

        app.state.owners = Owners(tokens, services.clock)
        app.include_router(login.router)
        app.add_middleware(OwnersOnly, owners=app.state.owners)
    rules = GuardRules([host.lower() for host in allowed_hosts], storage_origins)
    app.add_middleware(Guard, rules=rules)
    return app
