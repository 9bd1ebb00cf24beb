"""The tell step: its two writes, and the receiver in between.

The pause before a further attempt is none here: that one comes at all is what matters.
"""

from tests.faults.actors import Next, Step, go, stop
from tests.faults.rules import Rules
from tests.faults.world import Actor, World


def tell_send(m: Rules, w: World, a: Actor) -> Next:
    status, round_, collections, due = a[3:]
    after = m.job(w.job, "told later", status, round_, collections, due)
    if not after:
        return [stop(w, a)]
    heard = w.ghost._replace(told=w.ghost.told | {(round_, str(status), "receiver")})
    return [
        stop(w, a, job=after),
        go(w, a, "tell_note", status, round_, collections, job=after, ghost=heard),
    ]


def tell_note(m: Rules, w: World, a: Actor) -> Next:
    return [stop(w, a, job=m.job(w.job, "told", *a[3:]) or w.job)]


STEPS: dict[str, Step] = {step.__name__: step for step in (tell_send, tell_note)}
