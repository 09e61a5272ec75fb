"""Of alerts that are told together each goes on to the next in line by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback.domain import Author
from feedback.notify.outbox import NoticeKind
from jobs.respond import end, life, take_on
from tests.integration.lifecycle.lifecycle_world import Lifecycle, Seen, lifecycle

GROUP = ("withdrawals", "deposits", "refunds")
TRUSTLY = [Seen(each, driver="Trustly") for each in GROUP]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Lifecycle]:
    with lifecycle(tmp_path, database_url) as made:
        yield made


def gravest(world: Lifecycle) -> str:
    """The topic that the common message is filed under."""
    (notice,) = [each for each in world.notices() if each.channel.endswith("desk")]
    return next(each for each in GROUP if world.alert_id(each) == notice.alert_id)


def passed_on(world: Lifecycle, to: str) -> set[str]:
    """The topics whose alerts went on to somebody."""
    escalated = [each for each in world.notices() if each.kind is NoticeKind.ESCALATED and each.owner == to]
    of = {world.alert_id(each): each for each in GROUP}
    assert len(escalated) == len({each.alert_id for each in escalated}), "once each"
    return {of[each.alert_id] for each in escalated if each.alert_id}


def test_all_that_were_told_together_go_on(world: Lifecycle) -> None:
    world.run(1, TRUSTLY)
    assert world.wait(3) == 0
    assert world.wait(1) == 3
    assert passed_on(world, "lead") == set(GROUP)
    assert world.wait(20) == 3
    assert passed_on(world, "head") == set(GROUP)
    for each in GROUP:
        happened = [line.what for line in life(world.context, world.alert_id(each))]
        assert happened == ["opened", "passed on to lead", "passed on to head"]


@pytest.mark.parametrize("act", [take_on, end])
def test_that_the_gravest_is_seen_to_does_not_help_the_others(world: Lifecycle, act: object) -> None:
    world.run(1, TRUSTLY)
    first = gravest(world)
    assert callable(act)
    act(world.context, world.alert_id(first), Author("ana", "", world.now))
    assert world.wait(4) == 2
    assert passed_on(world, "lead") == set(GROUP) - {first}


def test_one_that_is_seen_to_does_not_hold_up_the_gravest(world: Lifecycle) -> None:
    world.run(1, TRUSTLY)
    seen_to = next(each for each in GROUP if each != gravest(world))
    take_on(world.context, world.alert_id(seen_to), Author("ana", "", world.now))
    assert world.wait(4) == 2
    assert passed_on(world, "lead") == set(GROUP) - {seen_to}
