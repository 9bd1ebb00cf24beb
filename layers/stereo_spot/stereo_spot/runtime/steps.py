"""Runs the steps of one machine: threads that take messages from the local bus."""

import logging
import threading
from collections.abc import Sequence

from stereo_spot.adapters.local.bus import LocalBus, Message
from stereo_spot.conversion.services import Services
from stereo_spot.conversion.sweep import sweep, sweep_job
from stereo_spot.conversion.tell import Receiver
from stereo_spot.flow import perform
from stereo_spot.ports import Renderer
from stereo_spot.runtime.local import LocalMachine

log = logging.getLogger(__name__)
POLL_S = 0.05
SWEEP_S = 5.0


class StepLoop:
    """Takes messages for some steps, one after the other, until it is told to stop."""

    def __init__(
        self,
        bus: LocalBus,
        app: Services,
        steps: Sequence[str],
        *,
        job_id: str | None = None,
        tiers: Sequence[str] = (),
        renderer: Renderer | None = None,
    ) -> None:
        """Make a loop; it takes the messages of one job and of some tiers only, where named."""
        self._bus, self._app, self._steps = bus, app, tuple(steps)
        self._job_id, self._tiers, self._renderer = job_id, tiers, renderer
        self.stopping = threading.Event()

    def run(self) -> None:
        """Work until `stopping` is set."""
        while not self.stopping.is_set():
            try:
                message = self._bus.receive(self._steps, job_id=self._job_id, tiers=self._tiers)
                if message is not None:
                    self._perform(message)
                    continue
            except Exception:
                log.exception("the bus could not be used")
            self.stopping.wait(POLL_S)

    def _perform(self, message: Message) -> None:
        try:
            perform(message.event, self._app, self._renderer)
        except Exception as error:
            log.exception("step %s failed", message.step, extra={"job_id": message.job_id})
            self._bus.failed(message, f"{type(error).__name__}: {error}")
        else:
            self._bus.done(message)


class StepThreads:
    """All steps but rendering, and the sweeper; of every job, or of one.

    The sweeper tells `receiver` how jobs ended, where one is given.
    """

    def __init__(
        self,
        machine: LocalMachine,
        *,
        job_id: str | None = None,
        receiver: Receiver | None = None,
    ) -> None:
        self._app, self._job_id, self._receiver = machine.services, job_id, receiver
        groups = (("chunk", "reassemble"), ("chunk", "reassemble"), ("complete",))
        self._loops = [
            StepLoop(machine.bus, machine.services, steps, job_id=job_id) for steps in groups
        ]
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=run, daemon=True)
            for run in (*(loop.run for loop in self._loops), self._sweep)
        ]

    def __enter__(self) -> "StepThreads":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        for loop in self._loops:
            loop.stopping.set()
        for thread in self._threads:
            thread.join(timeout=5.0)

    def _sweep(self) -> None:
        while True:
            try:
                if self._job_id is None:
                    sweep(self._app, self._receiver)
                else:
                    sweep_job(self._job_id, self._app)
            except Exception:
                log.exception("the sweep failed")
            if self._over.wait(SWEEP_S):
                return
