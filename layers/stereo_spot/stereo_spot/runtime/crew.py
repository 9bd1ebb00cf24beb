"""How the workers of one machine share its tiers: models take a GPU, or many cores, for one film.

A GPU holds the models of `quality` once, and a second set would take the memory that the first was
planned with. On a CPU one frame of `fast` keeps several cores busy. Where a server renders, all of
it is the server's affair.
"""

import os

from stereo_spot.model import Tier
from stereo_spot.settings.machine import MOST_THREADS, Settings

CORES_FOR_A_MODEL = 4


def workers_for(tier: Tier, settings: Settings) -> int:
    """How many workers take segments of a tier; at least one."""
    if settings.inference_backend == "http":
        return settings.workers
    if tier is Tier.QUALITY:
        return 1
    if tier is Tier.FAST:
        return max(1, min(settings.workers, _cores() // CORES_FOR_A_MODEL))
    return settings.workers


def crew(settings: Settings) -> list[list[str]]:
    """For each of the workers for all films, the options that say what it takes.

    The last ones take `fast`, so that where there are two none has to change between models.
    """
    share = {tier: workers_for(tier, settings) for tier in Tier}
    threads = threads_of(share[Tier.FAST])
    last = settings.workers - share[Tier.FAST]
    taken = [
        [t for t in Tier if (place >= last if t is Tier.FAST else place < share[t])]
        for place in range(settings.workers)
    ]
    return [[*(f"--tier={tier}" for tier in tiers), *threads] for tiers in taken]


def threads_of(workers: int) -> list[str]:
    """The option that says how many cores a model may use where so many work at once."""
    share = max(1, _cores() // max(1, workers))
    return [f"--model-threads={min(share, MOST_THREADS)}"]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
