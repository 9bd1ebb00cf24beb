"""The analyzer's process: takes jobs, makes films searchable, until SIGTERM.

Rule: any queue and any storage that the environment names (see `.env.example`).
Writes: rows and files of the film; its job's row or message last.
Retry: safe at any moment; finished stages are never run again.
"""

import sys

from stereo_spot.runtime.analyzer_worker import main

if __name__ == "__main__":
    sys.exit(main())
