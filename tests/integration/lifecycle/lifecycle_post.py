"""How the outbox of a made-up life is emptied: receivers that fail, senders that die, and a watch over both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import select

from feedback.notify.alertmanager import Alertmanager
from feedback.notify.message import Message
from feedback.notify.outbox import DELIVERED, Notice, NoticeState, Result, passing, permanent
from feedback.notify.webhook import Webhook
from feedback.store import notices, tables
from jobs import deliver
from tests.integration.lifecycle.lifecycle_world import Lifecycle

ANOTHER = "elsewhere:1:0.00"
"""A sender of another machine, of which nobody can see whether it has died."""


@dataclass(eq=False)
class Post:
    """Delivers, and knows what the receivers really got.

    `tried` are the attempts of one delivery in their order, each with whether the notice was done with then; `unknown`
    counts by key what a receiver took without the service hearing of it.
    """

    world: Lifecycle
    failing: float = 0.0
    seed: int = 0
    taken: Counter[UUID] = field(default_factory=Counter)
    unknown: Counter[UUID] = field(default_factory=Counter)
    tried: list[tuple[UUID, bool]] = field(default_factory=list)

    def deliver(self, failing: float = 0.0, seed: int = 0) -> None:
        """Send all that is due; of the attempts such a share fails, one way or another."""
        self.failing, self.seed = failing, seed
        self.tried.clear()
        before = self._in_line()
        deliver.run(self.world.context, self.world.now)
        self._in_turn(before)

    def receive(self, message: Message) -> Result:
        """What a receiver answers. By key and seed, for senders work at the same time."""
        dice = Random(f"{self.seed} {message.key}")
        fate = dice.choice(("busy", "busy", "answer lost", "refused")) if dice.random() < self.failing else "taken"
        self.tried.append((message.key, fate in ("taken", "refused")))
        if fate in ("taken", "answer lost"):
            self.taken[message.key] += 1
        self.unknown[message.key] += fate == "answer lost"
        if fate == "refused":
            return permanent("refused")
        return DELIVERED if fate == "taken" else passing("busy")

    def die(self, claimed: int, sent: int) -> None:
        """A sender takes some that are due and ends, having sent some of these without saying so."""
        context = self.world.context
        with context.write() as connection:
            mine = notices.claim(connection, context.wall(), ANOTHER, lambda _: False, claimed)
        for each in mine[:sent]:
            self.taken[each.id] += 1
            self.unknown[each.id] += 1

    def send_again(self) -> None:
        """Somebody has what was given up sent once more."""
        with self.world.context.write() as connection:
            dead = [each.id for each in notices.listed(connection, NoticeState.DEAD)]
            assert notices.retry(connection, dead, self.world.now) == len(dead)

    def in_order(self) -> None:
        """What was sent arrived once, but for what the service could not know of; nothing else arrived."""
        kept = self.world.notices()
        for each in kept:
            assert self.taken[each.id] - self.unknown[each.id] == (each.state is NoticeState.SENT)
            assert (each.sent_at is not None) == (each.state is NoticeState.SENT)
            assert each.state is not NoticeState.DEAD or each.last_error, "given up without a reason"
        assert +self.taken <= Counter({each.id: self.taken[each.id] for each in kept})

    def in_the_end_all_arrives(self) -> None:
        """Once receivers take what they get, and what was given up is sent again, nothing is left."""
        self.send_again()
        self.world.now += timedelta(days=2)  # longer than any pause, and than a dead sender's lease
        self.deliver()
        states = Counter(each.state for each in self.world.notices())
        assert states.keys() <= {NoticeState.SENT}
        self.in_order()

    def forget(self) -> None:
        self.taken.clear()
        self.unknown.clear()

    def _in_line(self) -> dict[UUID, set[UUID]]:
        """Of each notice that waits, those that wait before it: about the same alert on the same channel."""
        pending = {each.id for each in self.world.notices() if each.state is NoticeState.PENDING}
        with self.world.context.database.read() as connection:
            told = [each for each in connection.execute(select(tables.told)) if each.notice_id in pending]
        found: dict[UUID, set[UUID]] = {each: set() for each in pending}
        for mine in told:
            same = [one for one in told if (one.alert_id, one.channel) == (mine.alert_id, mine.channel)]
            found[mine.notice_id] |= {one.notice_id for one in same if one.position < mine.position}
        return found

    def _in_turn(self, before: dict[UUID, set[UUID]]) -> None:
        done: set[UUID] = set()
        for key, is_done in self.tried:
            assert before[key] <= done, "it overtook another about the same alert"
            done |= {key} if is_done else set()


@contextmanager
def post_of(world: Lifecycle) -> Iterator[Post]:
    """Receivers behind every channel of a world, which get nothing but the message's key: what it says is told
    elsewhere."""
    made = Post(world)

    def keyed(notice: Notice, *_: object) -> Message:
        return Message(notice.id, notice.kind, notice.owner, "", "", "", {})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliver, "alert_message", keyed)
        for channel in (Webhook, Alertmanager):
            patch.setattr(channel, "send", lambda _self, message, *_: made.receive(message))
        yield made
