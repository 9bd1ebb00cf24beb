"""The HTTP API and the page."""

from stereo_spot.web.app import create_app
from stereo_spot.web.storage import SignedStorage

__all__ = ["SignedStorage", "create_app"]
