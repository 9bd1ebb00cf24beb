"""A durable bus in SQLite: events become messages for steps, delivered at least once.

A message belongs to the process that took it for as long as that process lives. A step that
raises sees the message again after a pause; after the last try it becomes a dead letter.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.local.owner import new_owner, owner_is_dead
from stereo_spot.events import Event, ObjectStored, parse_event
from stereo_spot.flow import step_of
from stereo_spot.keys import RenderedKey, SegmentKey, SourceKey

_PAUSES_S = (0.5, 2.0, 5.0, 15.0)
_DUE = "(visible_at <= ? OR visible_at > ? + 60)"
"""A time further off than any pause was written before the clock was set back."""
_NOT_OF_ANOTHER_TIER = (
    "NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.job_id = messages.job_id"
    " AND json_extract(jobs.row, '$.options.recipe.tier') NOT IN ({marks}))"
)


@dataclass(frozen=True)
class Message:
    """An event on its way to a step."""

    id: int
    step: str
    job_id: str | None
    event: Event
    tries: int


@dataclass(frozen=True)
class DeadLetter:
    """A message that no try could deliver."""

    step: str
    job_id: str | None
    event: str
    error: str
    died_at: float


def _job_of(event: Event) -> str | None:
    if not isinstance(event, ObjectStored):
        return event.job_id
    for kind in (SourceKey, SegmentKey, RenderedKey):
        if (key := kind.parse(event.key)) is not None:
            return key.job_id
    return None


def _wanted(
    steps: Sequence[str], job_id: str | None, tiers: Sequence[str]
) -> tuple[str, list[object]]:
    """The condition on messages that a receiver makes, and its values."""
    now = time.time()
    clauses, values = [_DUE, f"step IN ({_marks(steps)})"], [now, now, *steps]
    if job_id is not None:
        clauses.append("job_id = ?")
        values.append(job_id)
    if tiers:
        clauses.append(_NOT_OF_ANOTHER_TIER.format(marks=_marks(tiers)))
        values += tiers
    return " AND ".join(clauses), values


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


class LocalBus:
    """The messages table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def publish(self, event: Event) -> None:
        """Queue the event for its step, unless the same one is waiting there already."""
        step = step_of(event)
        if step is None:
            return
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO messages (step, job_id, event, visible_at)"
                " VALUES (?, ?, ?, ?)",
                (step, _job_of(event), event.model_dump_json(), time.time()),
            )

    def on_stored(self, key: str) -> None:
        """Queue the news of a stored object."""
        self.publish(ObjectStored(key=key))

    def receive(
        self, steps: Sequence[str], *, job_id: str | None = None, tiers: Sequence[str] = ()
    ) -> Message | None:
        """Take the oldest message for one of `steps`, None when none waits.

        Where they are named: only those of one job, and none of a job that is of another tier.
        """
        wanted, values = _wanted(steps, job_id, tiers)
        if not self._anything(wanted, values):
            return None
        with self._database.write() as connection:
            self._free_dead(connection.execute("SELECT DISTINCT owner FROM messages").fetchall())
            found = connection.execute(
                f"UPDATE messages SET owner = ? WHERE id = (SELECT id FROM messages"
                f" WHERE owner IS NULL AND {wanted} ORDER BY visible_at, id LIMIT 1)"
                f" RETURNING id, step, job_id, event, tries",
                (new_owner(), *values),
            ).fetchone()
        if found is None:
            return None
        number, step, job, event, tries = found
        return Message(number, step, job, parse_event(event), tries)

    def _anything(self, wanted: str, values: Sequence[object]) -> bool:
        """A look without the write lock: is there a message that could be taken?"""
        found = self._database.read().execute(
            f"SELECT DISTINCT owner FROM messages WHERE {wanted}", values
        )
        return any(owner is None or owner_is_dead(owner) for (owner,) in found)

    def _free_dead(self, owners: list[tuple[str | None]]) -> None:
        """Give back what dead processes hold; a twin that waits already makes it needless."""
        connection = self._database.read()
        for (owner,) in owners:
            if owner is not None and owner_is_dead(owner):
                connection.execute(
                    "UPDATE OR IGNORE messages SET owner = NULL WHERE owner = ?", (owner,)
                )
                connection.execute("DELETE FROM messages WHERE owner = ?", (owner,))

    def done(self, message: Message) -> None:
        """The step has finished with it."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM messages WHERE id = ?", (message.id,))

    def failed(self, message: Message, error: str) -> None:
        """The step raised: again after a pause, or off to the dead letters."""
        now = time.time()
        with self._database.write() as connection:
            if message.tries < len(_PAUSES_S):
                connection.execute(
                    "UPDATE OR IGNORE messages SET owner = NULL, tries = tries + 1, visible_at = ?"
                    " WHERE id = ?",
                    (now + _PAUSES_S[message.tries], message.id),
                )
                connection.execute(
                    "DELETE FROM messages WHERE id = ? AND owner IS NOT NULL", (message.id,)
                )
                return
            connection.execute(
                "INSERT INTO dead_letters (step, job_id, event, error, died_at)"
                " SELECT step, job_id, event, ?, ? FROM messages WHERE id = ?",
                (error, now, message.id),
            )
            connection.execute("DELETE FROM messages WHERE id = ?", (message.id,))

    def forget(self, job_id: str) -> None:
        """Drop what waits for a job that is gone."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM messages WHERE job_id = ?", (job_id,))

    def dead_letters(self) -> list[DeadLetter]:
        """What no try could deliver, newest first."""
        found = self._database.read().execute(
            "SELECT step, job_id, event, error, died_at FROM dead_letters"
            " ORDER BY id DESC LIMIT 100"
        )
        return [DeadLetter(*row) for row in found]


class LocalRenderQueue:
    """Sends segments out again as if they had just been stored."""

    def __init__(self, bus: LocalBus) -> None:
        self._bus = bus

    def submit(self, segments: Sequence[SegmentKey]) -> None:
        """Ask for these to be rendered."""
        for key in segments:
            self._bus.publish(ObjectStored(key=str(key)))
