"""Send what waits in the outbox: at least once each, with the same key at every attempt."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from feedback.digest import Quote
from feedback.domain import Channel as Intake
from feedback.errors import FeedbackError
from feedback.links import NO_LINKS, Links, links_of
from feedback.notify.alertmanager import Alertmanager, as_it_is
from feedback.notify.channels import EVERYBODY, Channel, Channels
from feedback.notify.deadline import failure
from feedback.notify.message import Message, alert_message, digest_message
from feedback.notify.outbox import Notice, NoticeKind, NoticeState, Result, RetryPolicy, after, passing, permanent
from feedback.notify.outcomes import outcome_message
from feedback.notify.sources import source_message
from feedback.settings import hash_key
from feedback.store import alerts, facets, notices
from feedback.store.sight import Sight, seen_among
from feedback.store.standing import may_say
from jobs.context import Context
from jobs.ownership import owners_of
from jobs.run import is_gone
from jobs.week import Week, gather

SENDERS = 8
"""So many are sent at once, so that one receiver that hangs does not hold up the others."""

BATCH = 2 * SENDERS

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """`seconds` bounds one attempt; after `budget` the rest waits for the next call, so that the schedule goes on."""

    seconds: float = 30.0
    budget: timedelta = timedelta(minutes=2)
    policy: RetryPolicy = field(default_factory=RetryPolicy)


def run(context: Context, now: datetime, pace: Pace | None = None) -> Mapping[str, Any]:
    """Send what is due on the wall's clock; how many were sent, have to wait, and are given up.

    `now` is not looked at: pauses and leases are of the world outside, not of a schedule made up for.
    """
    channels = context.parts.channels
    if channels is None:
        return {"sent": 0}
    delivery = _Delivery(context, channels, pace or Pace())
    found = delivery.run()
    if found:
        told = ", ".join(f"{number} {state}" for state, number in sorted(found.items()))
        log.info("notices: %s", told, extra={"event": "notices_delivered"})
    return {str(state): found[state] for state in NoticeState}


@dataclass(frozen=True, slots=True, eq=False)
class _Delivery:
    context: Context
    channels: Channels
    pace: Pace
    weeks: dict[tuple[str, datetime], Week] = field(default_factory=dict)

    def run(self) -> Counter[NoticeState]:
        """Keep the senders busy until nothing is due, the time is up, or the process is to stop."""
        found: Counter[NoticeState] = Counter()
        until = self.context.wall() + self.pace.budget
        sending: dict[Future[Result], Notice] = {}
        with ThreadPoolExecutor(SENDERS, "sender") as pool:
            self._begin(pool, sending, until)
            while sending:
                done, _ = wait(sending, return_when=FIRST_COMPLETED)
                found.update(self._settle([(sending.pop(each), each.result()) for each in done]))
                if self.context.stopping():
                    self._let_go(sending)
                self._begin(pool, sending, until)
        return found

    def _begin(self, pool: Executor, sending: dict[Future[Result], Notice], until: datetime) -> None:
        """Claim as many as there is room for, and hand them to the senders."""
        room = BATCH - len(sending)
        if room < SENDERS or self.context.stopping() or self.context.wall() >= until:
            return
        for notice in self._claim(room):
            prepared = self._prepared(notice)
            tried = partial(_given, prepared) if isinstance(prepared, Result) else partial(self._attempt, *prepared)
            sending[pool.submit(copy_context().run, tried)] = notice  # what it logs belongs to this run

    def _let_go(self, sending: dict[Future[Result], Notice]) -> None:
        """Give back what no sender has begun with: the process is to stop soon."""
        idle = [each for each in sending if each.cancel()]
        with self.context.database.write() as connection:
            notices.give_back(connection, [sending.pop(each) for each in idle])

    def _claim(self, most: int) -> list[Notice]:
        with self.context.database.write() as connection:
            return notices.claim(connection, self.context.wall(), self.context.holder, is_gone, most)

    def _prepared(self, notice: Notice) -> tuple[Channel, Message] | Result:
        """The channel and the message, made here and not by the senders: drawing is not for threads."""
        channel = self.channels.by_key.get(notice.channel)
        if channel is None:
            return permanent(f"the channels file has no channel {notice.channel!r} any more")
        try:
            return channel, self._message(notice, channel)
        except FeedbackError as error:
            return passing(str(error))
        except Exception as error:
            log.exception("the message of notice %s cannot be made", notice.id, extra={"event": "notice_unmade"})
            return passing(f"the message cannot be made: {type(error).__name__}")

    def _attempt(self, channel: Channel, message: Message) -> Result:
        try:
            return channel.send(message, self.context.wall(), self.pace.seconds)
        except Exception as error:  # its text may hold an address
            return passing(failure(error))

    def _message(self, notice: Notice, channel: Channel) -> Message:
        if notice.kind is NoticeKind.DIGEST:
            owner = None if notice.owner == EVERYBODY else notice.owner
            digest, links = self._week(notice).digest(owner), partial(self._links, notice)
            return digest_message(notice, digest, quotes=channel.quotes, links=links, page=self._page)
        if notice.kind is NoticeKind.OUTCOME:
            return outcome_message(notice)
        if notice.kind in (NoticeKind.SILENT, NoticeKind.HEARD):
            return source_message(notice)
        if isinstance(channel, Alertmanager):
            notice = self._as_it_is(notice)
        quotes = self._quotes(notice) if channel.quotes else ()
        return alert_message(notice, quotes, partial(self._links, notice), self._page)

    def _as_it_is(self, notice: Notice) -> Notice:
        """A notice that comes late must not tell of an alert as open that is over: nobody would tell of its end."""
        with self.context.database.read() as connection:
            return as_it_is(notice, alerts.ended(connection, [alert_id for alert_id, _ in notice.about]))

    def _links(self, notice: Notice, alert_id: UUID) -> Links:
        settings = self.context.settings
        if not settings.public_url:
            return NO_LINKS
        with self.context.database.read() as connection:
            sayable = may_say(owners_of(self.context, connection), notice.owner, alerts.alert_row(connection, alert_id))
        made = links_of(settings.public_url, hash_key(settings.data_dir), notice.id, alert_id, notice.created_at)
        return {verdict: url for verdict, url in made.items() if verdict in sayable}

    def _page(self, alert_id: UUID) -> str:
        url = self.context.settings.public_url
        return f"{url.rstrip('/')}/alerts/{alert_id}" if url else ""

    def _week(self, notice: Notice) -> Week:
        key = (notice.content["week"], notice.created_at)
        if key not in self.weeks:
            self.weeks[key] = gather(self.context, *key)
        return self.weeks[key]

    def _quotes(self, notice: Notice) -> list[Quote]:
        """What customers wrote: to the owner of a market or brand, only of theirs."""
        ids = notice.content.get("complaint_ids", ())
        if notice.alert_id is None or not ids:
            return []
        with self.context.database.read() as connection:
            sight = Sight(notice.owner, owners_of(self.context, connection))
            seen = seen_among(connection, sight, alerts.alert_row(connection, notice.alert_id), ids)
            rows = facets.quotes_by_id(connection, [UUID(each) for each in seen])
        return [Quote(each.text, each.language, Intake(each.channel), each.received_at, each.market) for each in rows]

    def _settle(self, tried: Sequence[tuple[Notice, Result]]) -> list[NoticeState]:
        wall = self.context.wall()
        settled = [after(notice, result, wall, self.pace.policy) for notice, result in tried]
        with self.context.database.write() as connection:
            kept = [notices.settle(connection, each) for each in settled]
        for each, is_kept in zip(settled, kept, strict=True):
            _tell(each, is_kept=is_kept)
        return [each.state for each in settled]


def _given(result: Result) -> Result:
    return result


def _tell(notice: Notice, *, is_kept: bool) -> None:
    """Say in the log what somebody has to look at."""
    if not is_kept:
        log.warning("notice %s was taken over by another sender", notice.id, extra={"event": "claim_lost"})
    elif notice.state is NoticeState.DEAD:
        log.error(
            "notice %s (%s) is given up after %d attempts; `feedback notices list --state dead` says why",
            notice.id,
            notice.kind,
            notice.attempts,
            extra={"event": "notice_dead"},
        )
