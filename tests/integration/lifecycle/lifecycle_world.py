"""Alerts without complaints: signals as one likes, through the real decisions, a real database and its outbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, delete, select, update

from feedback.domain import Driver, Reason, Segment, SegmentCount, Signal, Span, TopicKind, Voices, derived_id
from feedback.notify.outbox import Notice
from feedback.settings import Settings
from feedback.store import alerts, tables, topics
from feedback.store.database import open_database
from feedback.store.notices import listed
from feedback.store.topics import StoredTopic
from jobs import detect
from jobs.context import Context, Parts
from jobs.detect import Judged, decide_all
from jobs.escalate import run as escalate
from jobs.evidence import Usual, Why
from jobs.progress import Silent
from jobs.run import this_process
from tests.integration.store.store_samples import NOW, version

VERSION = version("lifecycle")
TOPICS = {
    "withdrawals": ("Payments", "payments"),
    "deposits": ("Payments", "payments"),
    "refunds": ("Payments", "payments"),
    "chargebacks": ("Payments", "payments"),
    "fees": ("Payments", "finance"),
    "games": (None, "games"),
}
"""The topics with their area and owner."""

CHANNELS = """
owners:
  payments:
    - {name: desk, webhook: {url: "http://127.0.0.1:1/", secret: 0123456789abcdef}}
  finance:
    - {name: books, webhook: {url: "http://127.0.0.1:1/", secret: 0123456789abcdef}}
  games:
    - {name: floor, webhook: {url: "http://127.0.0.1:1/", secret: 0123456789abcdef}}
  lead:
    - {name: lead, webhook: {url: "http://127.0.0.1:1/", secret: 0123456789abcdef}}
  head:
    - {name: head, webhook: {url: "http://127.0.0.1:1/", secret: 0123456789abcdef}}
everybody:
  - {name: all, alertmanager: "http://127.0.0.1:1/"}
escalation:
  payments: [{after: 4h, to: lead}, {after: 1d, to: head}]
"""

STEPS = {"lead": timedelta(hours=4), "head": timedelta(days=1)}
"""Whom payments' alerts go on to, and when."""

REASON = Reason("EB7", 7, 7.0, 14, 56.0, 1.0, 0.1, 1.2, 0.02, 20.0, 14.0, 44.0, 1.0, 7.0, 3.0, 1e-6, 0.0)
WHY = Why(REASON, NOW, {}, 0.1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run finds of a topic: a rise of so many, of which a driver may make up most, or calm; in a `segment` alone
    where one is named, else `where` it says."""

    topic: str
    observed: int = 40
    driver: str = ""
    rising: bool = True
    complete: bool = True
    segment: Segment | None = None
    where: tuple[SegmentCount, ...] = ()


@dataclass(eq=False)
class Lifecycle:
    """The world at `now`. `drivers` are those of each topic's latest rise."""

    context: Context
    now: datetime = NOW
    drivers: dict[UUID, str] = field(default_factory=dict)
    where: dict[UUID, tuple[SegmentCount, ...]] = field(default_factory=dict)

    def run(self, hours: float, seen: Sequence[Seen]) -> int:
        """Judge so many hours later; the number of transitions."""
        self.now += timedelta(hours=hours)
        self.drivers |= {topic_id(each.topic): each.driver for each in seen}
        self.where |= {topic_id(each.topic): each.where for each in seen}
        judged = [Judged(self._signal(each), WHY if each.rising else None) for each in seen]
        with self.context.write() as connection:
            before = alerts.latest_alerts(connection, to_change=True)
            return decide_all(self.context, connection, VERSION, before, judged, self.now)

    def wait(self, hours: float) -> int:
        """Nothing is judged for so many hours; the number of alerts that go on to the next in line then."""
        self.now += timedelta(hours=hours)
        return int(escalate(self.context, self.now)["escalated"])

    def notices(self) -> list[Notice]:
        """The outbox, the oldest first."""
        with self.context.database.read() as connection:
            return sorted(listed(connection), key=lambda each: (each.created_at, each.position, each.channel))

    def told(self, channel: str) -> list[str]:
        """What one channel is told, the oldest first."""
        return [each.content["subject"] for each in self.notices() if each.channel.endswith(channel)]

    def alert_id(self, topic: str) -> UUID:
        """The latest alert of a topic. KeyError when it never had one."""
        with self.context.database.read() as connection:
            return alerts.latest_alerts(connection)[topic_id(topic)].id

    def forget(self) -> None:
        """Everything but the topics is gone, and time begins again."""
        with self.context.write() as connection:
            for name in (
                "told",
                "escalation",
                "notice",
                "held_back",
                "area_alert",
                "transition",
                "alert",
                "verdict",
                "mute",
                "edit",
            ):
                connection.execute(delete(tables.metadata.tables[name]))
            for topic, (_, owner) in TOPICS.items():
                connection.execute(update(tables.topic).where(tables.topic.c.id == topic_id(topic)).values(owner=owner))
        self.now = NOW
        self.drivers.clear()
        self.where.clear()

    def _signal(self, seen: Seen) -> Signal:
        observed, score = (seen.observed, 6.0) if seen.rising else (7, 0.5)
        return Signal(
            topic_id=topic_id(seen.topic),
            version_id=VERSION.id,
            detector="EB7",
            window=Span(self.now - timedelta(days=7), self.now),
            observed=observed,
            expected=7.0,
            low=3.0,
            high=12.0,
            p=10**-score,
            q=10**-score,
            score=score,
            threshold=3.0,
            rising=seen.rising,
            complete=seen.complete,
            segment=seen.segment,
        )

    def evidence(self, signal: Signal, why: Why, before: Mapping[str, Any]) -> dict[str, Any]:
        """What the complaints would have shown, had there been any."""
        name = self.drivers.get(signal.topic_id)
        driver = Driver("payment method", name, 30, 40, 0.1, 1e-9, 1e-8, in_text=True) if name else None
        window = {edge: getattr(signal.window, edge).isoformat() for edge in ("start", "end")}
        names = ("observed", "expected", "low", "high", "p", "q", "score", "threshold", "detector", "complete")
        return {
            **{each: getattr(signal, each) for each in names},
            **why.as_dict(),
            "window": window,
            "segment": asdict(signal.segment) if signal.segment else None,
            "where": [asdict(each) for each in self.where.get(signal.topic_id, ())],
            "version_id": str(signal.version_id),
            "rises": [*before.get("rises", ()), window],
            "drivers": [asdict(driver)] if driver else [],
            "voices": asdict(Voices(signal.observed, signal.observed, signal.observed)),
        }


def topic_id(name: str) -> UUID:
    return derived_id("topic", name)


@contextmanager
def lifecycle(home: Path, url: str, **changes: Any) -> Iterator[Lifecycle]:
    """A world in a database that has been migrated; `changes` are settings."""
    channels = home / "channels.yaml"
    channels.write_text(CHANNELS, "utf-8")
    settings = Settings(data_dir=home / "var", taxonomy="none", channels=str(channels), **changes)
    database = open_database(url)
    members = [
        StoredTopic(topic_id(name), TopicKind.DISCOVERED, name.capitalize(), owner, area, NOW, {}, 1)
        for name, (area, owner) in TOPICS.items()
    ]
    context = Context(settings, database, Parts(settings, Silent()), Silent(), lambda: made.now, this_process())
    with context.write() as connection:
        topics.store_version(connection, VERSION, members, ())
    made = Lifecycle(context)

    def written(
        context: Context,
        connection: Connection,
        signal: Signal,
        why: Why,
        version: object,
        usual: Usual,
        before: Mapping[str, Any],
    ) -> dict[str, Any]:
        return made.evidence(signal, why, before)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detect, "evidence", written)
        yield made
    database.close()


def history(connection: Connection) -> dict[UUID, list[Any]]:
    """Every alert's transitions."""
    rows = connection.execute(select(tables.transition).order_by(tables.transition.c.position))
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.alert_id, []).append(row)
    return found


def calm(topic: str) -> Seen:
    return replace(Seen(topic), rising=False)
