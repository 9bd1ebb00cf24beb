"""What the index of an mp4 tells: enough to cut it, and kept from its planning for that."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from stereo_spot.media.child.door import Film
from stereo_spot.media.child.head import Source, source_of
from stereo_spot.media.child.ranges import RemoteFile
from stereo_spot.media.child.samples import Samples
from stereo_spot.media.child.sizes import SizeWatch


@dataclass(frozen=True)
class Catalog:
    """A film that can be cut without its demuxer, which may be closed."""

    file: RemoteFile
    time_base: Fraction
    sizes: SizeWatch
    source: Source
    samples: Samples


def catalog_of(film: Film, samples: Samples | None) -> Catalog | None:
    """The catalog of a film with these samples; None where its index does not tell everything."""
    source = source_of(film) if samples is not None else None
    if samples is None or source is None:
        return None
    return Catalog(film.file, film.time_base, film.sizes, source, samples)
