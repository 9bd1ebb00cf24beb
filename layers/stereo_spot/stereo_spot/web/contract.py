"""The OpenAPI description, with errors as they are really answered."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from stereo_spot.web.problems import MEDIA_TYPE, Problem

_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")


def install_contract(app: FastAPI) -> None:
    """Serve the description of `app` at `/openapi.json`."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = contract_of(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def contract_of(app: FastAPI) -> dict[str, Any]:
    """The description: every operation may answer with a problem, and with no other error."""
    contract = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = contract["components"]["schemas"]
    for name in _FRAMEWORKS_OWN:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    error = {
        "description": "An error, as an RFC 9457 problem",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in contract["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = error
    return contract
