"""The service: the schedule and the API, each alone, or both on one machine as processes that end together."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from multiprocessing.process import BaseProcess

from feedback.errors import FeedbackError
from feedback.ingest import Taken, take_in
from feedback.settings import LOOPBACK, Settings
from jobs.bootstrap import build_context, log_to
from jobs.progress import Silent
from jobs.schedule import Clockwork
from jobs.service import tick

TICK_SECONDS = 5.0
LOOK_SECONDS = 0.2
STOP_SECONDS = 60.0
"""How long a part may take to finish what it is doing when the service stops."""
STATEMENT_SECONDS = 30.0
"""A statement that the API waits for is cut off after so long."""

log = logging.getLogger(__name__)

Wall = Callable[[], datetime]
Part = Callable[[Settings, "ServiceClock", "Stop"], None]
"""What runs in a process of its own until it is asked to stop."""


@dataclass(frozen=True, slots=True)
class ServiceClock:
    """The time the service lives in: that on the wall, or one that starts elsewhere and runs faster, for trials."""

    wall: Wall
    wall_start: datetime
    start: datetime
    speed: float = 1.0

    def __call__(self) -> datetime:
        return self.start + (self.wall() - self.wall_start) * self.speed


class Stop:
    """Whether this process was asked to stop.

    A bare flag: the events of `threading` and `multiprocessing` take a lock, and a signal handler that sets one while
    it is being looked at waits for ever.
    """

    def __init__(self) -> None:
        self._asked = False

    def ask(self, *_signal: object) -> None:
        self._asked = True

    def is_set(self) -> bool:
        return self._asked

    def ask_at(self, *signals: signal.Signals) -> None:
        """Be asked by any of `signals`, which this process may get from now on."""
        for each in signals:
            signal.signal(each, self.ask)

    def wait(self, until: Callable[[], bool] = lambda: False) -> None:
        """Block until asked to stop, or until something else comes true."""
        while not self._asked and not until():
            time.sleep(LOOK_SECONDS)


def up(
    settings: Settings,
    clock: ServiceClock,
    host: str = LOOPBACK,
    on_ready: Callable[[int], None] | None = None,
) -> None:
    """Run schedule and API until SIGTERM or SIGINT, or until one of them ends by itself; then end the other too.

    The API answers on `host`; its process calls `on_ready`, with the port, once it does. Raises FeedbackError when a
    part ended with an error.
    """
    spawn = multiprocessing.get_context("spawn")
    stop = Stop()
    stop.ask_at(signal.SIGTERM, signal.SIGINT)
    parts = [
        spawn.Process(target=run_part, args=(part, settings, clock), name=name)
        for name, part in (("schedule", run_schedule), ("api", partial(run_api, host=host, on_ready=on_ready)))
    ]
    for process in parts:
        process.start()
    log.info("the service has started", extra={"event": "service_up"})
    stop.wait(lambda: not all(process.is_alive() for process in parts))
    for process in parts:
        process.terminate()
    _end(parts)


def alone(part: Part, settings: Settings, clock: ServiceClock) -> None:
    """Run one part in this process until SIGTERM or SIGINT; FeedbackError when it cannot."""
    stop = Stop()
    stop.ask_at(signal.SIGTERM, signal.SIGINT)
    part(settings, clock, stop)


def run_part(part: Part, settings: Settings, clock: ServiceClock) -> None:
    """One part in its process: a mistake that the operator can mend is one line in the log, and exit code 1."""
    try:
        part(settings, clock, _prepared())
    except FeedbackError as error:
        log.error("%s", error, extra={"event": "part_failed"})  # noqa: TRY400 - the sentence says it all
        sys.exit(1)


def run_schedule(settings: Settings, clock: ServiceClock, stop: Stop, seconds: float = TICK_SECONDS) -> None:
    """Run the jobs as they come due, looking every so many `seconds`. Any number of processes may, on one database:
    each run is claimed by one."""
    context = replace(build_context(settings, Silent(), clock.wall), stopping=stop.is_set)
    # the chain is due every five minutes of the service's time: look often enough to be in time for it
    clockwork = Clockwork(lambda: tick(context, clock), seconds)
    threading.Thread(target=_stop_with, args=(stop, clockwork.stop), daemon=True).start()
    log.info("%s works on the schedule", context.holder, extra={"event": "worker_ready", "worker": context.holder})
    clockwork.run()
    context.database.close()
    log.info("%s has stopped", context.holder, extra={"event": "worker_stopped", "worker": context.holder})


def run_api(
    settings: Settings,
    clock: ServiceClock,
    stop: Stop,
    host: str = LOOPBACK,
    on_ready: Callable[[int], None] | None = None,
) -> None:
    """Answer HTTP on `host`, and call `on_ready` with the port once it does. SettingError for a host that others reach,
    until there is an administrator."""
    from feedback.api import create_app
    from feedback.api.server import serve
    from jobs.judge import judges
    from jobs.look import looks
    from jobs.respond import responses

    context = build_context(settings, Silent(), clock.wall, seconds=STATEMENT_SECONDS)

    def take(records: Sequence[Mapping[str, object]], source: str, now: datetime) -> Sequence[Taken]:
        return take_in(context.database, context.parts.intake, records, source, now)

    # the intake takes seconds to load, and the first sender should not be the one to wait
    threading.Thread(target=lambda: context.parts.intake, daemon=True).start()
    does = responses(context), looks(context), judges(context)
    app = create_app(settings, context.database, clock, take, *does, clock.wall)
    serve(app, settings.port, stop, on_ready, host)
    context.database.close()


def _prepared() -> Stop:
    """A part ends when the service does: it leaves Ctrl-C to its parent, and notices when that is gone."""
    log_to()
    stop = Stop()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop.ask_at(signal.SIGTERM)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        stop.ask()

    threading.Thread(target=watch, daemon=True).start()
    return stop


def _stop_with(stop: Stop, action: Callable[[], None]) -> None:
    stop.wait()
    action()


def _end(parts: Sequence[BaseProcess]) -> None:
    for process in parts:
        process.join(STOP_SECONDS)
        if process.is_alive():
            log.warning("the %s did not stop in time", process.name, extra={"event": "part_killed"})
            process.kill()
            process.join()
    # a part that was still starting has no handler yet, and ends by the signal itself
    failed = [process.name for process in parts if process.exitcode not in (0, -signal.SIGTERM)]
    if failed:
        raise FeedbackError(f"The {' and the '.join(failed)} ended with an error; the log above says which.")
    log.info("the service has stopped", extra={"event": "service_down"})
