"""What is explored: the quick settings of every run, and the long campaign."""

from tests.faults.environment import Setting
from tests.faults.mutants import faults

QUICK: dict[str, Setting] = {
    "nothing goes wrong": Setting(),
    "events alone": Setting(segments=2, actors=3, sweeper=False),
    "events alone, doubled": Setting(sweeper=False, faults=faults(duplicate=2)),
    "every message may be lost": Setting(segments=2, actors=1, lossy=True),
    "every message may be lost, a kill": Setting(actors=1, lossy=True, faults=faults(kill=2)),
    "two kills": Setting(actors=1, faults=faults(kill=2)),
    "a kill among two segments": Setting(segments=2, actors=1, faults=faults(kill=1)),
    "a kill, two workers": Setting(faults=faults(kill=1)),
    "a kill and a zombie": Setting(actors=1, faults=faults(kill=1, zombie=1)),
    "a zombie, two workers": Setting(faults=faults(zombie=1)),
    "doubled messages": Setting(faults=faults(duplicate=2)),
    "a late and a doubled note": Setting(faults=faults(stop=1, twice=1)),
    "deleted on the way, a kill": Setting(actors=1, faults=faults(delete=1, kill=1)),
    "deleted on the way, restored": Setting(actors=1, faults=faults(set_aside=1, restore=1)),
    "stopped, deleted, restored": Setting(
        actors=1, faults=faults(cancel=1, set_aside=1, restore=1)
    ),
    "uploaded late, deleted": Setting(actors=1, uploaded=False, faults=faults(delete=1)),
    "started late, deleted": Setting(
        actors=1, uploaded=False, autostart=False, faults=faults(start=1, delete=1)
    ),
    "cancelled and retried": Setting(actors=1, faults=faults(cancel=1, retry=1)),
    "a day without progress, retried": Setting(actors=1, faults=faults(deadline=1, retry=1)),
    "broken results": Setting(actors=1, faults=faults(broken=2)),
    "tries used up, retried": Setting(actors=1, faults=faults(broken=3, retry=1)),
    "tries used up by two segments": Setting(segments=2, actors=1, faults=faults(broken=2)),
    "a stranger's bytes at a key": Setting(actors=1, faults=faults(foreign=1, kill=1)),
    "source replaced": Setting(faults=faults(replace=1)),
    "another plan after a kill": Setting(actors=1, faults=faults(replan=1, kill=1)),
    "workers lost without progress": Setting(
        segments=2, actors=1, reclaims=1, faults=faults(stop=1)
    ),
    "poison": Setting(poison=True),
    "poison and a kill": Setting(actors=1, poison=True, faults=faults(kill=1)),
    "poison in one of two segments": Setting(segments=2, actors=1, poison=True),
}

LONG: dict[str, Setting] = {
    "two segments, two workers": Setting(segments=2),
    "broken results, two workers": Setting(faults=faults(broken=2)),
    "deleted on the way, two workers": Setting(faults=faults(delete=1)),
    "deleted on the way, restored, two workers": Setting(faults=faults(set_aside=1, restore=1)),
    "stopped, deleted, restored, retried": Setting(
        actors=1, faults=faults(cancel=1, set_aside=1, restore=1, retry=1)
    ),
    "deleted, restored, a kill": Setting(actors=1, faults=faults(set_aside=1, restore=1, kill=1)),
    "poison of two segments and a kill": Setting(
        segments=2, actors=1, poison=True, faults=faults(kill=1)
    ),
    "workers killed without progress": Setting(
        segments=2, actors=1, reclaims=1, faults=faults(kill=2)
    ),
    "two kills, two workers": Setting(faults=faults(kill=2)),
    "two kills among two segments": Setting(segments=2, actors=1, faults=faults(kill=2)),
    "a kill and a zombie, two workers": Setting(faults=faults(kill=1, zombie=1)),
    "two zombies": Setting(faults=faults(zombie=2)),
    "a zombie among two segments": Setting(segments=2, faults=faults(zombie=1)),
    "lost messages and a kill, two workers": Setting(lossy=True, faults=faults(kill=1)),
    "doubled messages among two segments": Setting(segments=2, faults=faults(duplicate=1)),
    "cancelled and retried, two workers": Setting(faults=faults(cancel=1, retry=1)),
    "a day without progress, two workers": Setting(faults=faults(deadline=1, retry=1)),
    "tries used up, retried, a kill": Setting(actors=1, faults=faults(broken=3, retry=1, kill=1)),
    "broken results, cancelled, retried": Setting(
        actors=1, faults=faults(broken=2, retry=1, cancel=1)
    ),
    "deleted, a zombie": Setting(faults=faults(delete=1, zombie=1)),
    "a stranger's bytes, two workers": Setting(segments=2, faults=faults(foreign=1)),
    "source replaced, a kill": Setting(faults=faults(replace=1, kill=1)),
    "another plan after two kills": Setting(actors=1, faults=faults(replan=1, kill=2)),
    "another plan from a zombie": Setting(faults=faults(replan=1, zombie=1)),
}
