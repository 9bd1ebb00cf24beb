"""The main program of a Batch job: renders the named segment, then others of the same film.

    python entrypoint.py --key segments/{job_id}/{index:05d}_{total:05d}_{mode}.mp4

Exit codes, which the job definition's `evaluateOnExit` reads: 0 done or nothing to do, 1 another
try may help, 2 no other try can help, 143 the host goes away.
"""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from stereo_spot.conversion.making import EngineRenderer
from stereo_spot.errors import RequestError, SourceError
from stereo_spot.keys import SegmentKey
from stereo_spot.media.engine import Engine
from stereo_spot.runtime.aws import services
from stereo_spot.runtime.aws_worker import render_film
from stereo_spot.runtime.logs import log_to_stderr

from inference_container.loaded import FetchingEngine
from inference_container.settings import ServerSettings

log = logging.getLogger("stereo_spot.render")


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def main(arguments: Sequence[str] | None = None) -> int:
    """Render; the rows and the stored objects are the result."""
    parser = argparse.ArgumentParser(prog="entrypoint")
    parser.add_argument("--key", required=True)
    asked = parser.parse_args(arguments).key
    key = SegmentKey.parse(asked)
    if key is None:
        log.error("not the key of a segment", extra={"key": asked[:200]})
        return 2
    about = {"job_id": key.job_id, "segment": key.index}
    engine = Engine()
    try:
        fetching = FetchingEngine(engine, ServerSettings())
        looked = render_film(key, services(), EngineRenderer(fetching, services()))
    except (SourceError, RequestError) as error:
        log.error("segment refused", extra={**about, "kind": error.kind, "reason": error.message})
        return 2
    except Exception:
        log.exception("segment failed", extra=about)
        return 1
    finally:
        engine.close()
    log.info("over", extra={**about, "looked": looked})
    return 0


if __name__ == "__main__":
    log_to_stderr("INFO")
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(main())
