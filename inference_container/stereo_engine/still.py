"""One frame of a film as a picture: `python -m stereo_engine.still SRC OUT.png --at SECONDS`."""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from stereo_engine.errors import EngineError
from stereo_engine.guard import open_media, video_stream


def still(source: Path, at: float) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """The first frame shown at or after `at` seconds, else the last: uint8 [H, W, 3], BGR."""
    with open_media(source) as container:
        stream = video_stream(container)
        picture = None
        for frame in container.decode(stream):
            picture = frame
            if frame.time is not None and frame.time >= at:
                break
        if picture is None:
            raise EngineError("source_no_video", f"{source} shows no frame")
        return np.asarray(picture.to_ndarray(format="bgr24"), dtype=np.uint8)


def main() -> None:
    """Write the picture; exit 2 when the film cannot be read."""
    parser = argparse.ArgumentParser(prog="stereo_engine.still")
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--at", type=float, default=0.0)
    options = parser.parse_args()
    try:
        cv2.imwrite(str(options.out), still(options.source, options.at))
    except EngineError as error:
        sys.stderr.write(f"{error.kind}: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
