"""The command line: `stereo-spot convert`, `demo`, `serve`, `jobs` and a few more."""

import sys


def main() -> None:
    """Run the program; Ctrl-C while it is still being loaded shows no traceback."""
    try:
        from stereo_spot.cli.main import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()
