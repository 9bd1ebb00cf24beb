"""The chain: decode, depth, disparity, warp and fill, layout, encode; one frame at a time."""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from fractions import Fraction
from typing import Any

import av

from stereo_engine import layout
from stereo_engine.encoders import SOFTWARE
from stereo_engine.errors import EngineError, of_exception
from stereo_engine.eyes import Pair, eye_maker
from stereo_engine.job import Job
from stereo_engine.memory import Again
from stereo_engine.picture import Picture, blank, of_rgb, views
from stereo_engine.reader import Reader, upright_size
from stereo_engine.recipe import STRENGTH_WARN_PCT, Mode, Recipe
from stereo_engine.settings import hardware_wanted
from stereo_engine.windows import select
from stereo_engine.writer import Writer

Progress = Callable[[int], None]
THROUGH_RGB = (Mode.ANAGLYPH, Mode.ROW_INTERLACED, Mode.COLUMN_INTERLACED, Mode.CHECKERBOARD)
"""Layouts that mix the eyes finer than the chroma of 4:2:0."""


def render(job: Job, progress: Progress = lambda frames: None) -> dict[str, Any]:
    """Make `job.dst` and say what it is.

    Retry: the outputs appear under their names only when they are whole; the same job makes the
    same bytes.

    Raises:
        EngineError: with the kind of what went wrong; nothing is left behind.
    """
    while (made := _tried(job, progress)) is None:
        gc.collect()  # what failed holds its pictures until then, and the next try needs the room
    return made


def _tried(job: Job, progress: Progress) -> dict[str, Any] | None:
    """The result, or None when another try will ask for less memory."""
    try:
        with Reader(job.src) as reader, ExitStack() as outputs:
            return _render(job, reader, outputs, progress)
    except Again:
        return None
    except (OSError, MemoryError, ValueError, av.error.FFmpegError) as error:
        raise of_exception(error) from error


def _render(job: Job, reader: Reader, outputs: ExitStack, progress: Progress) -> dict[str, Any]:
    maker = eye_maker(job)
    writers: dict[str, Writer] = {}
    written = 0
    with closing(maker.pairs(_pictures(job, reader))) as pairs:
        for pair in pairs:
            writers = writers or _open_writers(job, reader, outputs, pair.left)
            for mode, writer in writers.items():
                writer.write(frame_of(pair, mode, job.recipe))
            written += 1
            progress(written)
    if not writers:
        raise EngineError("source_truncated", "asked for frames, the file has 0 of them")
    made = writers[job.recipe.mode]
    return {
        "frames": written,
        "width": made.size[0],
        "height": made.size[1],
        "mode": str(job.recipe.mode),
        "tier": job.recipe.tier,
        "codec": made.codec,
        "encoder": made.encoder,
        "warnings": reader.warnings + _notes(job.recipe, made),
        **maker.report(),
    }


def _pictures(job: Job, reader: Reader) -> Iterator[tuple[Picture, bool]]:
    size = target = None
    for number, (decoded, wanted) in enumerate(
        select(reader.frames(), job.selection), job.first_frame
    ):
        if size is None:
            size = (decoded.frame.width, decoded.frame.height)
            target = scaled_size(upright_size(decoded.frame), job.recipe)
        if size != (decoded.frame.width, decoded.frame.height):
            text = f"{decoded.frame.width}x{decoded.frame.height} after {size[0]}x{size[1]}"
            raise EngineError("source_size_changes", f"the picture size changes: {text}")
        if wanted and not decoded.sound:
            place = f"frame {number} of the film, {float(decoded.at or 0):.3f} s into its segment"
            raise EngineError("source_corrupt", f"damaged picture: {place}")
        yield reader.picture(decoded.frame, target, job.recipe.pix_fmt), wanted


def _open_writers(
    job: Job, reader: Reader, outputs: ExitStack, picture: Picture
) -> dict[str, Writer]:
    paths = {job.recipe.mode: job.dst}
    if job.mezzanine is not None:
        paths = {Mode.SBS: job.mezzanine} | paths
    return {
        mode: outputs.enter_context(
            Writer(
                path,
                size=layout.output_size(picture.size, mode),
                colour=picture.colour,
                sample_aspect_ratio=reader.sample_aspect_ratio,
                mode=mode,
                recipe=job.recipe,
                hardware=hardware_wanted(),
            )
        )
        for mode, path in paths.items()
    }


def scaled_size(size: tuple[int, int], recipe: Recipe) -> tuple[int, int] | None:
    """The even eye size that keeps the finished picture within `max_width`; None: as it is."""
    across = layout.output_size((size[0] + size[0] % 2, size[1]), recipe.mode)[0]
    if recipe.max_width is None or across <= recipe.max_width:
        return None
    scale = Fraction(recipe.max_width, across)
    width, height = (max(2, int(side * scale) // 2 * 2) for side in size)
    return width, height


def frame_of(pair: Pair, mode: str, recipe: Recipe) -> av.VideoFrame:
    """The pair laid out in `mode`; the encoder may keep the frame."""
    if mode == Mode.SBS:
        return pair.frame
    if mode in THROUGH_RGB or _splits_chroma(pair.left.size, mode):
        eyes = pair.left.to_rgb(), pair.right.to_rgb()
        mixed = layout.compose(*eyes, mode, method=recipe.anaglyph)
        return of_rgb(mixed, pair.left.colour, recipe.pix_fmt).to_frame()
    eyes_planes = zip(pair.left.planes, pair.right.planes, strict=True)
    planes = [layout.compose_planes(left, right, mode) for left, right in eyes_planes]
    frame = blank(planes[0].shape[1], planes[0].shape[0], planes[0].dtype.itemsize)
    for plane, view in zip(planes, views(frame), strict=True):
        view[:] = plane
    return pair.left.colour.tag(frame)


def _splits_chroma(size: tuple[int, int], mode: str) -> bool:
    """Whether halving an eye would leave half a chroma sample."""
    odd_width = mode == Mode.HALF_SBS and size[0] % 4 != 0
    return odd_width or (mode == Mode.HALF_TOP_BOTTOM and size[1] % 4 != 0)


def _notes(recipe: Recipe, made: Writer) -> list[str]:
    notes = []
    if recipe.max_disparity > STRENGTH_WARN_PCT:
        notes.append(f"strength {recipe.max_disparity} % is more than most eyes like (3 %)")
    if made.codec != recipe.codec:
        notes.append(f"{made.size[0]} px is wider than H.264 players take: HEVC used")
    if hardware_wanted() and made.encoder == SOFTWARE[made.codec]:
        notes.append(f"NVENC was asked for and cannot write this here: {made.encoder} used")
    if recipe.tier == "stub":
        notes.append("stub tier: both eyes are the same picture, there is no depth")
    return notes
