"""Say again to each Alertmanager which of the alerts that it was told of are still open: it forgets what it is not told
again, as when it starts anew."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from feedback.notify.alertmanager import Alertmanager
from feedback.notify.outbox import Notice
from feedback.store import alerts
from feedback.store.notices import last_tried
from jobs.context import Context
from jobs.notices import last_rise

SECONDS = 10.0
"""For one Alertmanager; one that hangs is told the next time."""

log = logging.getLogger(__name__)


def repeaters(context: Context) -> Sequence[Alertmanager]:
    """The channels that have to be told again, in the order of the file."""
    channels = context.parts.channels
    every = channels.by_key.values() if channels else ()
    return [each for each in every if isinstance(each, Alertmanager)]


def run(context: Context, now: datetime) -> Mapping[str, Any]:
    """Post the open alerts once more; how many each channel took, and which could not be reached.

    `now` is not looked at: what is open is so by now. Nobody makes up for a time at which it was not said.
    """
    told, failed = 0, []
    for channel in repeaters(context):
        with context.database.read() as connection:
            open_now = _told(connection, channel)
        if not open_now:
            continue
        answer = channel.repeat(open_now, context.wall(), SECONDS)
        if answer.delivered:
            told += len(open_now)
        else:
            failed.append(channel.key)
            log.warning(
                "%s was not told again of %d open alerts: %s",
                channel.key,
                len(open_now),
                answer.error,
                extra={"event": "alerts_not_repeated"},
            )
    return {"repeated": told, "failed": failed}


def _told(connection: Connection, channel: Alertmanager) -> dict[UUID, Notice]:
    """The notice by which the channel was told of each alert that is open; what it was not told of, as it is muted or
    held back, and what still waits to be sent the first time, is not among them."""
    found = {
        each: last_tried(connection, each, channel.key, last_rise(connection, each))
        for each in sorted(alerts.open_ids(connection))
    }
    return {each: notice for each, notice in found.items() if notice}
