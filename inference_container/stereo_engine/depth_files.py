"""Depth from and to files: a folder of PNG or NPY, or a grey video; near is white."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.depth import DepthMap
from stereo_engine.errors import EngineError
from stereo_engine.reader import Reader

Depth = NDArray[np.float32]
KINDS = (".png", ".npy")


class DepthFolder:
    """Writes depth maps as 16-bit PNG, numbered from `first` on: 000000.png is a film's first."""

    def __init__(self, folder: Path, first: int = 0) -> None:
        self._folder, self._count = folder, first
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError("output_unwritable", f"{folder}: {error.strerror}") from None

    def write(self, depth: DepthMap) -> None:
        """Store the next map."""
        levels = np.round(depth.depth * 65535.0).astype(np.uint16)
        path = self._folder / f"{self._count:06d}.png"
        if not cv2.imwrite(str(path), levels):
            raise EngineError("output_unwritable", f"cannot write {path}")
        self._count += 1


def depth_maps(path: Path, first: int = 0) -> Iterator[DepthMap]:
    """One map for every frame of a film from its frame `first` on: float32 in 0..1, 1 = nearest."""
    maps = _of_folder(path, first) if path.is_dir() else _of_video(path, first)
    for index, depth in enumerate(maps):
        known = np.clip(np.where(np.isfinite(depth), depth, np.float32(0)), 0.0, 1.0)
        yield DepthMap(np.asarray(known, np.float32), confidence=1.0, cut=index == 0)


def _of_folder(folder: Path, first: int) -> Iterator[Depth]:
    files = sorted(path for path in folder.iterdir() if path.suffix in KINDS)
    if not files:
        raise EngineError("bad_request", f"no PNG or NPY files in {folder}")
    for path in files[first:]:
        yield _of_file(path)


def _of_file(path: Path) -> Depth:
    try:
        values = (
            _of_array(path)
            if path.suffix == ".npy"
            else cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        )
    except ValueError as error:
        raise EngineError("bad_request", f"{path.name}: {error}") from None
    if values is None or not _is_map(values):
        raise EngineError("bad_request", f"{path.name} holds no depth map")
    plane = values if values.ndim == 2 else values[:, :, 0]
    if plane.dtype.kind in "iu":
        return np.asarray(plane, np.float32) / np.float32(np.iinfo(plane.dtype).max)
    return np.asarray(plane, np.float32)


def _of_array(path: Path) -> NDArray[Any]:
    """The one array of an NPY file; no archive, no pickle."""
    with path.open("rb") as file:
        values: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return values


def _is_map(values: NDArray[Any]) -> bool:
    """Whether it is a plane of numbers, or several."""
    return values.ndim in (2, 3) and values.size > 0 and values.dtype.kind in "biuf"


def _of_video(path: Path, first: int) -> Iterator[Depth]:
    with Reader(path) as reader:
        for decoded in islice(reader.frames(), first, None):
            picture = reader.picture(decoded.frame, None)
            low, span = (16, 219) if picture.colour.range == 1 else (0, 255)
            luma = np.asarray(picture.planes[0], np.float32)
            yield (luma - np.float32(low)) / np.float32(span)
