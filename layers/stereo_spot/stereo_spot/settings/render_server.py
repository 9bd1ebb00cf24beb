"""The address of a render server."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ValidationInfo


def _render_server(address: str, info: ValidationInfo) -> str:
    """The address as it is; needed where segments go to a render server."""
    parts = urlsplit(address)
    if info.data.get("inference_backend") == "http" and not (
        parts.scheme in ("http", "https") and parts.hostname
    ):
        raise ValueError("the backend http needs the render server's http://HOST:PORT")
    return address


RenderServerAddress = Annotated[str, AfterValidator(_render_server)]
