"""The web application on AWS: whoever uses it has a named token."""

from urllib.parse import urlsplit

from fastapi import FastAPI

from stereo_spot.adapters.aws.secrets import named_tokens
from stereo_spot.conversion.services import Services
from stereo_spot.runtime.aws import aws_settings, default_options, new_client, services
from stereo_spot.web import create_app


def web_application() -> FastAPI:
    """The application of this deployment.

    Raises:
        MachineError: `token_missing` when the secret holds no tokens: nobody is let in unasked.
    """
    settings, app = aws_settings(), services()
    return create_app(
        app,
        defaults=default_options(settings),
        tokens=named_tokens(new_client("secretsmanager", settings), settings.tokens_secret),
        allowed_hosts=("*",),
        storage_origins=storage_origins(app),
    )


def storage_origins(app: Services) -> list[str]:
    """Where signed links lead; the page has to be let through to them."""
    links = (
        app.uploads.single("input/x").url,
        app.downloads.url("jobs/x", filename="x", inline=True),
    )
    parts = [urlsplit(link) for link in links]
    return sorted({f"{part.scheme}://{part.netloc}" for part in parts})
