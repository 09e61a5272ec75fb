"""An Alertmanager forgets what it is not told again: what is open is said again, and what is over is not said to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feedback.domain import Author
from feedback.notify.alertmanager import OPEN_FOR, Alertmanager, posted
from feedback.notify.message import Message
from feedback.notify.outbox import DELIVERED, NoticeState, Result, passing, permanent
from feedback.notify.webhook import Webhook
from feedback.store import notices
from jobs import deliver, repeat
from jobs.respond import end, mute, take_on
from tests.integration.lifecycle.lifecycle_world import Lifecycle, Seen, lifecycle

TRUSTLY = [Seen(each, driver="Trustly") for each in ("withdrawals", "deposits")]


@dataclass(eq=False)
class Manager:
    """What an Alertmanager was told in its last request, by topic: until when each goes on."""

    answer: Result = DELIVERED
    ends: dict[str, datetime] = field(default_factory=dict)

    def take(self, told: Sequence[Message], now: datetime) -> Result:
        if self.answer.delivered:
            alerts = [posted(each, now) for each in told]
            self.ends = {each["labels"]["topic"]: datetime.fromisoformat(each["endsAt"]) for each in alerts}
        return self.answer


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Manager:
    made = Manager()
    monkeypatch.setattr(Alertmanager, "_post", lambda _self, told, _headers, now, _seconds: made.take(told, now))
    monkeypatch.setattr(Webhook, "send", lambda *_: DELIVERED)
    return made


@pytest.fixture
def world(sqlite_database: str, tmp_path: Path) -> Iterator[Lifecycle]:
    with lifecycle(tmp_path, sqlite_database) as made:
        yield made


def repeated(world: Lifecycle, manager: Manager) -> dict[str, datetime]:
    """What it is told again, five minutes later."""
    manager.ends.clear()
    world.now += timedelta(minutes=5)
    repeat.run(world.context, world.now)
    return manager.ends


def by(world: Lifecycle) -> Author:
    return Author("ana", "", world.now)


def test_what_is_open_is_said_again_until_it_is_over(world: Lifecycle, manager: Manager) -> None:
    world.run(1, [*TRUSTLY, Seen("games")])
    assert repeated(world, manager) == {}, "it waits to be told the first time"
    deliver.run(world.context, world.now)
    take_on(world.context, world.alert_id("games"), by(world))
    for _ in range(3):
        assert repeated(world, manager) == dict.fromkeys(("Withdrawals", "Deposits", "Games"), world.now + OPEN_FOR)
    end(world.context, world.alert_id("deposits"), by(world))
    assert repeated(world, manager).keys() == {"Withdrawals", "Games"}


def test_what_it_was_not_told_is_not_said_again(world: Lifecycle, manager: Manager) -> None:
    world.run(1, [Seen("games")])
    deliver.run(world.context, world.now)
    end(world.context, world.alert_id("games"), by(world))
    mute(world.context, world.alert_id("games"), by(world), until=world.now + timedelta(days=2))
    world.run(24, [Seen("games")])
    deliver.run(world.context, world.now)
    assert repeated(world, manager) == {}


def test_a_rise_that_is_told_after_its_end_is_over(world: Lifecycle, manager: Manager) -> None:
    world.run(1, TRUSTLY)
    manager.answer = permanent("HTTP 400")
    deliver.run(world.context, world.now)
    ended = by(world)
    end(world.context, world.alert_id("deposits"), ended)
    manager.answer = DELIVERED
    world.now += timedelta(days=1)
    deliver.run(world.context, world.now)
    with world.context.write() as connection:
        dead = [each.id for each in notices.listed(connection, NoticeState.DEAD)]
        notices.retry(connection, dead, world.now)
    deliver.run(world.context, world.now)
    assert manager.ends == {"Deposits": ended.at, "Withdrawals": world.now + OPEN_FOR}


def test_that_it_cannot_be_reached_is_said_and_nothing_breaks(
    world: Lifecycle, manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    world.run(1, [Seen("games")])
    deliver.run(world.context, world.now)
    manager.answer = passing("HTTP 503")
    assert repeat.run(world.context, world.now) == {"repeated": 0, "failed": ["everybody/all"]}
    assert "everybody/all was not told again of 1 open alerts: HTTP 503" in caplog.text
    manager.answer = DELIVERED
    assert repeat.run(world.context, world.now) == {"repeated": 1, "failed": []}
