"""The command line: `stereo-spot convert`, `demo`, `serve`, `jobs` and a few more."""

from stereo_spot.cli.main import main

__all__ = ["main"]
