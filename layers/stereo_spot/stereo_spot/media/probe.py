"""What a source is: exact frame count, timing, picture and tracks, or why it is refused."""

from stereo_spot.media import sandbox
from stereo_spot.media.guard import MediaLimits
from stereo_spot.model import SourceFacts
from stereo_spot.ports import RangeReader


def probe(source: RangeReader, *, limits: MediaLimits) -> SourceFacts:
    """Read the facts of `source`.

    mp4 and mov are read from their index alone; other containers are read once as a whole.
    `plan` reads the same facts: who plans need not probe.

    Raises:
        SourceError: the film cannot be used; the kind and the message say why.
    """
    result = sandbox.run("probe", {}, readers=sandbox.one(source), limits=limits)
    return SourceFacts.model_validate(result)
