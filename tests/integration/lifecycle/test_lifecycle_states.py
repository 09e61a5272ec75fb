"""Whatever happens in whatever order: no alert is lost, none is told twice, and every change is lawful and on record.

Signals, people, mutes of topics and of segments, hand-overs, alerts that keep coming back, the next in line, and an
outbox whose receivers fail and whose senders die, over months. Ten thousand sequences: `SEQUENCES=10000 pytest -m slow
tests/integration/lifecycle`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from feedback.alerts import LEGAL, AcknowledgementError
from feedback.domain import Alert, AlertState, Author, Holding, Segment, SegmentCount, Verdict
from feedback.errors import FeedbackError
from feedback.notify.outbox import NoticeKind
from feedback.store import alerts, held, tables
from feedback.store.verdicts import mutes, verdicts_of
from jobs.respond import end, mute, say, take_on, unmute
from tests.integration.lifecycle.lifecycle_post import Post, post_of
from tests.integration.lifecycle.lifecycle_world import STEPS, TOPICS, Lifecycle, Seen, history, lifecycle, topic_id

SEQUENCES = int(os.environ.get("SEQUENCES", "0"))
SECONDS = 0 if SEQUENCES else 7_200
"""Who asks for so many waits for as long as they take."""
MADE_SMALLER = 900
"""What fails is made smaller for up to five minutes before it is told."""
QUICK, ALL = 100, SEQUENCES or 1_000
ON_POSTGRESQL = 0.1
"""The share of as many that is lived on PostgreSQL too."""

NOT_TAKEN_ON = ("open", "regressed")

names = st.sampled_from(sorted(TOPICS))
places = st.integers(0, 11)
"""Which of the topics that have had an alert is acted on."""

GERMANY, POLAND = Segment("market", "DE"), Segment("market", "PL")


def in_germany(observed: int) -> SegmentCount:
    return SegmentCount(GERMANY, observed, 3.0, 1.0, 6.0, 1e-6)


seen = st.builds(
    Seen,
    names,
    observed=st.sampled_from([20, 40, 200]),
    driver=st.sampled_from(["", "Trustly", "Trustly", "Skrill"]),
    rising=st.sampled_from([True, True, True, False]),
    complete=st.sampled_from([True, True, False]),
    segment=st.sampled_from([None, None, None, GERMANY, POLAND]),
    where=st.sampled_from([(), (), (in_germany(18),), (in_germany(36),), (in_germany(18), in_germany(36))]),
)
runs = st.tuples(
    st.just("run"),
    st.sampled_from([1, 6, 24, 97, 24 * 13]),
    st.lists(seen, max_size=5, unique_by=lambda one: one.topic),
)
acts = st.one_of(
    st.tuples(st.sampled_from(["take on", "end", "end", "unmute"]), places),
    st.tuples(st.just("say"), places, st.sampled_from(list(Verdict)), st.sampled_from(["payments", "games", ""])),
    st.tuples(
        st.just("mute"),
        places,
        st.sampled_from([(30, None), (200, None), (None, 4.0), (None, None)]),
        st.sampled_from([None, None, GERMANY, POLAND]),
    ),
)
waits = st.tuples(st.just("wait"), st.sampled_from([1, 4, 30]))
post = st.one_of(
    st.tuples(st.just("deliver"), st.sampled_from([0.0, 0.5, 0.5, 1.0]), st.integers(0, 3)),
    st.tuples(st.just("die"), st.integers(1, 4), st.integers(0, 2)),
    st.tuples(st.just("send again")),
)
PAYMENTS = [Seen(each, driver="Trustly") for each in ("withdrawals", "deposits", "refunds", "chargebacks")]
storms = st.sampled_from([("run", 6, PAYMENTS[:3]), ("run", 6, PAYMENTS[1:]), ("run", 6, PAYMENTS)])
back = st.tuples(st.just("come back"), places, st.integers(1, 5))
sequences = st.lists(st.one_of(runs, runs, storms, back, acts, acts, waits, post), min_size=1, max_size=12)


class Witness:
    """Does what a sequence says and looks at what comes of it, by what it saw itself."""

    def __init__(self, world: Lifecycle, post: Post) -> None:
        self.world = world
        self.post = post
        self.risen: dict[str, Seen] = {}
        self.said: list[tuple[UUID, str]] = []
        self.silenced = self.heard = 0
        self.while_open: dict[UUID, list[bool]] = {}
        """Of each alert the mutes that end with it, each whether a verdict made it."""

        self.no_issue: dict[UUID, int] = {}
        """How many complaints the last rise had of each alert of which it was said to be no issue."""

        self.owners = {topic: [owner] for topic, (_, owner) in TOPICS.items()}

    def do(self, step: tuple[Any, ...]) -> None:
        what, *given = step
        if what == "run":
            hours, found = given
            self.world.run(hours, found)
            self.risen |= {each.topic: each for each in found if each.rising}
            self.moved()
            self.nothing_is_lost(found)
            self.everything_is_in_order()
        elif what == "wait":
            self.wait(*given)
        elif what == "deliver":
            self.post.deliver(*given)
            self.post.in_order()
        elif what == "die":
            self.post.die(*given)
        elif what == "send again":
            self.post.send_again()
        elif topic := self.alerted(given[0]):
            self.act(what, topic, *given[1:])

    def alerted(self, place: int) -> str:
        """One of the topics that have had an alert; empty before there is one."""
        with self.world.context.database.read() as connection:
            latest = alerts.latest_alerts(connection)
        found = [topic for topic in TOPICS if topic_id(topic) in latest]
        return found[place % len(found)] if found else ""

    def act(self, what: str, topic: str, *given: Any) -> None:
        if what == "come back":
            for _ in range(given[0]):
                self.act("end", topic)
                self.do(("run", 24, [Seen(topic)]))
            return
        self.world.now += timedelta(minutes=1)
        context, by = self.world.context, Author("ana", "because", self.world.now)
        alert = self.world.alert_id(topic)
        if what == "take on":
            try:
                take_on(context, alert, by)
            except AcknowledgementError:
                assert self.state(alert) is AlertState.RESOLVED
        elif what == "end":
            end(context, alert, by)
            assert self.state(alert) is AlertState.RESOLVED
        elif what == "unmute":
            self.heard += unmute(context, alert, by)
            self.while_open = {key: made for key, made in self.while_open.items() if self.topic_of(key) != topic}
        elif what == "say":
            self.say(topic, alert, given[0], given[1], by)
        else:
            (hours, below), segment = given
            until = self.world.now + timedelta(hours=hours) if hours else None
            while_open = until is None and below is None
            if while_open and self.state(alert) is AlertState.RESOLVED:
                with pytest.raises(FeedbackError, match="This alert is resolved"):
                    mute(context, alert, by, segment=segment)
                return
            mute(context, alert, by, until=until, below=below, segment=segment)
            self.silenced += 1
            if while_open:
                self.while_open.setdefault(alert, []).append(False)
        self.moved()

    def say(self, topic: str, alert: UUID, verdict: Verdict, owner: str, by: Author) -> None:
        was_open = self.state(alert) is not AlertState.RESOLVED
        *_, before = self.owners[topic]
        if verdict is Verdict.WRONG_OWNER:
            self.owners[topic].append(owner or "unowned")
        say(self.world.context, alert, verdict, by, owner=owner)
        if was_open and self.owners[topic][-1] != before:
            assert self.state(alert) is AlertState.OPEN, "who is handed it has yet to take it on"
        self.said.append((alert, str(verdict)))
        made = self.while_open.pop(alert, [])
        self.heard += sum(made)
        self.while_open[alert] = [each for each in made if not each]
        if was_open and verdict in (Verdict.EXPECTED, Verdict.KNOWN):
            self.silenced += 1
            self.while_open[alert].append(True)
        self.no_issue.pop(alert, None)
        if verdict is Verdict.NOT_AN_ISSUE:
            self.no_issue[alert] = self.risen[topic].observed

    def moved(self) -> None:
        """Take note of the alerts that were over or came back just now."""
        with self.world.context.database.read() as connection:
            past = history(connection)
        for key, rows in past.items():
            if rows[-1].at == self.world.now and rows[-1].after == "resolved":
                self.heard += len(self.while_open.pop(key, []))
            if rows[-1].at == self.world.now and rows[-1].after == "regressed":
                self.no_issue.pop(key, None)

    def topic_of(self, alert_id: UUID) -> str:
        with self.world.context.database.read() as connection:
            return TOPIC_OF[alerts.alert_of(connection, alert_id).topic_id]

    def wait(self, hours: float) -> None:
        """Nobody judges; who is next in line is told of each alert that its owner has left lying, and of no other."""
        before = self.passed_on()
        self.world.wait(hours)
        after = self.passed_on()
        with self.world.context.database.read() as connection:
            past, waiting = history(connection), alerts.latest_alerts(connection)
            told = self.first_told()
            due = {self.due(connection, each, past[each.id], told) for each in waiting.values()}
        assert after == before.union(*due)
        event("passed on" if after > before else "not passed on")
        self.everything_is_in_order()

    def due(
        self, connection: Connection, alert: Alert, past: Sequence[Any], told: Mapping[tuple[UUID, int, str], datetime]
    ) -> frozenset[tuple[UUID, int, str]]:
        """The steps (alert, position, to whom) that an alert is to have taken by now, but for those it took before."""
        topic = TOPIC_OF[alert.topic_id]
        *_, owner = self.owners[topic]
        at = told.get((alert.id, last_rise(past), owner))
        if at is None or str(alert.state) not in NOT_TAKEN_ON or owner != "payments":
            return frozenset()
        if self.is_muted(connection, alert, self.risen[topic]):
            return frozenset()
        waited = self.world.now - max(at, past[-1].at)
        return frozenset((alert.id, past[-1].position, to) for to, after in STEPS.items() if waited >= after)

    def first_told(self) -> dict[tuple[UUID, int, str], datetime]:
        """When each owner was first told of a rise, by alert and position."""
        found: dict[tuple[UUID, int, str], datetime] = {}
        for each in self.world.notices():  # the oldest first
            for alert, position in each.about:
                found.setdefault((alert, position, each.owner), each.created_at)
        return found

    def passed_on(self) -> set[tuple[UUID, int, str]]:
        """What went on to whom, each with the notice that says so."""
        with self.world.context.database.read() as connection:
            rows = connection.execute(select(tables.escalation)).all()
        found = {(each.alert_id, each.position, each.told) for each in rows}
        escalated = [each for each in self.world.notices() if each.kind is NoticeKind.ESCALATED]
        assert Counter((each.alert_id, each.position, each.owner) for each in escalated) == Counter(found)
        assert len(found) == len(rows)
        return found

    def state(self, alert_id: UUID) -> AlertState:
        with self.world.context.database.read() as connection:
            return alerts.alert_of(connection, alert_id).state

    def nothing_is_lost(self, found: Sequence[Seen]) -> None:
        """Each topic that rises has an alert, and its rise was told to all it concerns or waits for a reason."""
        with self.world.context.database.read() as connection:
            latest, past = alerts.latest_alerts(connection), history(connection)
            told, waiting = told_of(connection), held.waiting(connection)
            for each in found:
                if not each.rising:
                    continue
                alert = latest[topic_id(each.topic)]
                if self.is_dismissed(alert, each):
                    event("no issue, and not back")
                    continue
                assert alert.is_open or alert.resolved_at == self.world.now, "a rise has an alert"
                rose = last_rise(past[alert.id])
                muted = self.is_muted(connection, alert, each)
                if alert.id in waiting:
                    event(f"held back: {waiting[alert.id].cause}")
                    assert waiting[alert.id].position == rose
                    is_new = len(self.owners[each.topic]) > 1
                    assert is_new or told[alert.id, rose] == set(), "who is held back is not told"
                    assert muted or self.is_held(connection, alert, waiting[alert.id].cause, past)
                else:
                    assert not muted or past[alert.id][rose].at != self.world.now, "a rise that is muted is not told"
                    *_, owner = self.owners[each.topic]
                    ever = set(STEPS).union(*(CHANNELS_OF[one] for one in self.owners[each.topic]))
                    assert CHANNELS_OF[owner] <= told[alert.id, rose] <= ever

    def is_dismissed(self, alert: Alert, seen: Seen) -> bool:
        """Whether a rise is the one that was said to be no issue, as far as can be told."""
        if alert.resolved_at is None or alert.id not in self.no_issue:
            return False
        return alert.resolved_at > self.world.now - timedelta(days=7) and seen.observed <= 1.5 * self.no_issue[alert.id]

    def is_muted(self, connection: Connection, alert: Alert, seen: Seen) -> bool:
        ratio, segment = seen.observed / 7.0, alone(seen)
        return any(each.holds(alert, segment, ratio, self.world.now) for each in mutes(connection, alert.topic_id))

    def is_held(self, connection: Connection, alert: Alert, cause: Holding, past: Mapping[UUID, Sequence[Any]]) -> bool:
        """Whether there is what is said to hold an alert back."""
        if cause is Holding.AREA:
            waiting, open_now = held.waiting(connection), alerts.open_ids(connection)
            members = [set(each.members) for each in held.area_alerts(connection)]
            return any((each & open_now) - waiting.keys() - {alert.id} for each in members)
        since = self.world.now - timedelta(days=35)
        back = [row for row in past[alert.id] if row.after == "regressed" and row.at > since]
        return cause is Holding.FLAPPING and len(back) > 3

    def everything_is_in_order(self) -> None:
        with self.world.context.database.read() as connection:
            past = history(connection)
            states = {row.id: row for row in connection.execute(select(tables.alert))}
            assert states.keys() == past.keys(), "every alert has a history"
            for key, rows in past.items():
                self.is_lawful(rows, states[key])
            self.is_told_once(connection, past)
            verdicts = [(key, str(each.verdict)) for key in past for each in verdicts_of(connection, key)]
            assert Counter(verdicts) == Counter(self.said)
            kept = mutes(connection, lifted=True)
            assert len(kept) == self.silenced
            assert sum(each.lifted_at is not None for each in kept) == self.heard
        self.post.in_order()

    def is_lawful(self, rows: Sequence[Any], alert: Any) -> None:
        assert [row.position for row in rows] == list(range(len(rows)))
        assert all(row.who and row.why for row in rows)
        assert [row.at for row in rows] == sorted(row.at for row in rows)
        before = None
        for row in rows:
            assert row.before == before, "the next change begins where the last ended"
            assert (AlertState(before) if before else None, AlertState(row.after)) in LEGAL
            before = row.after
        assert alert.state == before
        assert (alert.resolved_at is not None) == (before == "resolved")

    def is_told_once(self, connection: Connection, past: Mapping[UUID, Sequence[Any]]) -> None:
        """No channel hears twice of one change, and of an end if and only if it heard of the rise."""
        notices = self.world.notices()
        graver = [each for each in notices if each.kind is NoticeKind.GRAVER]
        changes = [each for each in notices if each.kind is not NoticeKind.GRAVER]
        about = Counter((alert, position, short(each.channel)) for each in changes for alert, position in each.about)
        event("told to be graver" if graver else "told once")
        found = Counter((*each.about, short(each.channel), each.content["severity"]) for each in graver)
        assert set(found.values()) <= {1}, "each severity is told once"
        again = {(*each.about[0], short(each.channel)) for each in graver}
        knowing = {(alert, channel) for alert, _, channel in about}
        assert {(alert, channel) for alert, _, channel in again} <= knowing, "to those who know of the rise"
        assert set(about.values()) <= {1}
        told = told_of(connection)
        event("told together" if any("together" in each.content for each in self.world.notices()) else "told alone")
        assert {(*key, channel) for key, channels in told.items() for channel in channels} == set(about) | again
        for key, rows in past.items():
            heard: set[str] = set()
            for row in rows:
                if is_rise(row):
                    heard = told[key, row.position]
                elif row.after == "open":
                    heard |= told[key, row.position]  # handed over, and not taken on since
                else:
                    assert row.after == "resolved" or not told[key, row.position]
                    assert told[key, row.position] <= heard

    def in_the_end_all_is_told(self) -> None:
        """Once nothing is muted and what flaps has had its week, every rise that goes on is told."""
        with self.world.context.database.read() as connection:
            alerted = alerts.latest_alerts(connection).keys()
        found = [Seen(topic) for topic in TOPICS if topic_id(topic) in alerted]
        for each in found:
            self.act("unmute", each.topic)
        self.world.run(24 * 8, found)
        with self.world.context.database.read() as connection:
            assert held.waiting(connection) == {}
        self.nothing_is_lost(found)
        self.wait(30)
        self.post.in_the_end_all_arrives()
        self.everything_is_in_order()


def is_rise(row: Any) -> bool:
    return row.before is None or bool(row.before == "resolved")


def last_rise(rows: Sequence[Any]) -> int:
    return max(place for place, row in enumerate(rows) if is_rise(row))


def alone(seen: Seen) -> Segment | None:
    """The segment without which a rise would be none: up to 12 are as usual in all, 3 there."""
    if seen.segment or len(seen.where) != 1:
        return seen.segment
    (there,) = seen.where
    return there.segment if seen.observed - (there.observed - 3.0) <= 12.0 else None


TOPIC_OF = {topic_id(name): name for name in TOPICS}

CHANNELS_OF = {
    "payments": {"desk", "all"},
    "finance": {"books", "all"},
    "games": {"floor", "all"},
    "unowned": {"all"},
}


class _Told(dict[tuple[UUID, int], set[str]]):
    def __missing__(self, key: tuple[UUID, int]) -> set[str]:
        return set()


def short(channel: str) -> str:
    """What a channel is called in the file."""
    return channel.rpartition("/")[2]


def told_of(connection: Connection) -> _Told:
    """The channels that are told of each change."""
    found = _Told()
    for row in connection.execute(select(tables.told)):
        found.setdefault((row.alert_id, row.position), set()).add(short(row.channel))
    return found


@pytest.fixture
def world(sqlite_database: str, tmp_path: Path) -> Iterator[Lifecycle]:
    with lifecycle(tmp_path, sqlite_database) as made:
        yield made


@pytest.fixture
def postgres_world(postgres_database: str, tmp_path: Path) -> Iterator[Lifecycle]:
    with lifecycle(tmp_path, postgres_database) as made:
        yield made


def follow(world: Lifecycle, steps: Sequence[tuple[Any, ...]]) -> None:
    world.forget()
    with post_of(world) as post:
        witness = Witness(world, post)
        for step in steps:
            witness.do(step)
        witness.in_the_end_all_is_told()


def any_life(examples: float) -> Callable[[Callable[..., None]], Callable[..., None]]:
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=round(examples), deadline=None, suppress_health_check=checks)


@pytest.mark.timeout(MADE_SMALLER)
@any_life(QUICK)
@given(steps=sequences)
def test_no_alert_is_lost_or_told_twice(world: Lifecycle, steps: list[tuple[Any, ...]]) -> None:
    follow(world, steps)


@pytest.mark.timeout(MADE_SMALLER)
@any_life(QUICK * ON_POSTGRESQL)
@given(steps=sequences)
def test_no_alert_on_postgresql_is_lost_or_told_twice(postgres_world: Lifecycle, steps: list[tuple[Any, ...]]) -> None:
    follow(postgres_world, steps)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
@any_life(ALL)
@given(steps=sequences)
def test_no_alert_of_ten_thousand_sequences_is_lost_or_told_twice(
    world: Lifecycle, steps: list[tuple[Any, ...]]
) -> None:
    follow(world, steps)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
@any_life(ALL * ON_POSTGRESQL)
@given(steps=sequences)
def test_no_alert_of_a_thousand_sequences_on_postgresql_is_lost_or_told_twice(
    postgres_world: Lifecycle, steps: list[tuple[Any, ...]]
) -> None:
    follow(postgres_world, steps)
