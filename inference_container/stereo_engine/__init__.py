"""The stereo engine: frames in, left and right eye out.

    video -> depth -> disparity -> splat (warp and fill) -> layout -> video

Arrows between stages are arrays; files are touched only by `guard`, `reader` and `writer`.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("stereo-engine")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+source"
