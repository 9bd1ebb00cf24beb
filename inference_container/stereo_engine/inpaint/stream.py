"""Inpainting of a stream of frames of any length, one chunk in memory."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch

from stereo_engine.diffusion.modules import Modules, Noise, Tensor
from stereo_engine.inpaint.chunks import Chunk, chunk_at
from stereo_engine.inpaint.settings import settings_of
from stereo_engine.inpaint.tiled import TiledSvd

Pair = tuple[Tensor, Tensor]
"""A warped picture [3, H, W] in 0..1 and its holes [1, H, W]."""


class SvdInpainter:
    """Feeds what it made into the next chunk, and fades one chunk into the next."""

    def __init__(
        self, modules: Modules, *, noise: Noise, compat: str | None = None, **settings: Any
    ) -> None:
        self._settings = settings_of(compat, **settings)
        self._tiled = TiledSvd(modules, self._settings, noise)
        self._given: dict[int, Pair] = {}
        self._made: dict[int, Tensor] = {}

    def fill(self, source: Iterable[Pair]) -> Iterator[Tensor]:
        """The pictures float32 [3, H, W] of `source` without holes, up to a chunk later."""
        frames, chosen = iter(source), self._settings
        at = read = given = 0
        while True:
            fresh = list(islice(frames, at + chosen.chunk - read))
            self._given.update(enumerate(map(self._cropped, fresh), start=read))
            read += len(fresh)
            given += len(fresh)
            if at == 0 and 0 < read <= chosen.overlap:
                read = self._repeat_last(read)
            chunk = chunk_at(at, read, chosen.chunk, chosen.overlap)
            if chunk is None:
                break
            self._run(chunk)
            held = 0 if chosen.upstream else chosen.overlap
            yield from (self._made[g] for g in range(*self._ready(chunk, held, given)))
            at += chosen.chunk - chosen.overlap
            self._forget(min(at + 2 * chosen.overlap - chosen.chunk, chunk.stop - held))
        tail = 0 if chosen.upstream or not given else chosen.overlap
        yield from (self._made[g] for g in range(max(read - tail, 0), given))

    def _ready(self, chunk: Chunk, held: int, given: int) -> tuple[int, int]:
        """From the first frame not yet given out to the last that no later chunk changes."""
        first = chunk.start + chunk.reused - (held if chunk.reused else 0)
        return first, min(chunk.stop - held, given)

    def _run(self, chunk: Chunk) -> None:
        places = range(chunk.start, chunk.stop)
        frames = [self._given[g][0] for g in places]
        for k in range(chunk.reused):
            frames[k] = self._reminder(self._made[places[k]]).to(frames[k])
        mask = torch.stack([self._given[g][1] for g in places])
        made = self._tiled.inpaint(torch.stack(frames), mask, chunk.start)
        fade = 0 if self._settings.upstream else min(chunk.reused, self._settings.overlap)
        for k, share in enumerate(torch.linspace(0, 1, fade), start=chunk.reused - fade):
            self._made[places[k]] = (1 - share) * self._made[places[k]] + share * made[k]
        for k in range(chunk.reused, len(made)):
            self._made[places[k]] = made[k]

    def _reminder(self, picture: Tensor) -> Tensor:
        return (picture * 255.0).round() / 255.0 if self._settings.upstream else picture

    def _cropped(self, pair: Pair) -> Pair:
        if not self._settings.upstream:
            return pair
        height, width = (side // 128 * 128 for side in pair[0].shape[1:])
        return pair[0][:, :height, :width], pair[1][:, :height, :width]

    def _repeat_last(self, read: int) -> int:
        """A film shorter than the overlap is held on its last frame."""
        for g in range(read, self._settings.overlap + 1):
            self._given[g] = self._given[read - 1]
        return self._settings.overlap + 1

    def _forget(self, before: int) -> None:
        for kept in (self._given, self._made):
            for g in [g for g in kept if g < before]:
                del kept[g]
