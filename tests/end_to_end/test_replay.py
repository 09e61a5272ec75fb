"""Replaying history: the same every time, killed or not, and blind to the future."""

from __future__ import annotations

import os
import random
import signal as signals
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from feedback.domain import derived_id
from feedback.errors import ReplayError
from feedback.settings import Settings
from feedback.store.tables import complaint
from jobs.context import Context
from jobs.replay import replay
from tests.end_to_end.world import FIRST, LAST, World, state

OpenContext = Callable[[Settings], Context]


def test_replay_trains_judges_and_concludes(world: World, tmp_path: Path, open_context: OpenContext) -> None:
    context = open_context(world.settings(tmp_path))
    assert replay(context, FIRST, LAST) > 0
    found = state(context.database)
    assert found["assignment"], "every complaint is judged"
    assert found["signal"], "topics are judged"
    assert (context.settings.data_dir / "digests").is_dir()


def test_the_same_replay_twice_gives_the_same(world: World, tmp_path: Path, open_context: OpenContext) -> None:
    first = open_context(world.settings(tmp_path / "first"))
    second = open_context(world.settings(tmp_path / "second"))
    replay(first, FIRST, LAST)
    replay(second, FIRST, LAST)
    assert state(first.database) == state(second.database)
    assert replay(first, FIRST, LAST) == 0, "what is done is not done again"


def test_starting_from_scratch_gives_the_same(world: World, tmp_path: Path, open_context: OpenContext) -> None:
    context = open_context(world.settings(tmp_path))
    replay(context, FIRST, date(2026, 2, 10))
    before = state(context.database)
    replay(context, FIRST, date(2026, 2, 10), from_scratch=True)
    assert state(context.database) == before


def test_what_comes_later_changes_nothing_before(world: World, tmp_path: Path, open_context: OpenContext) -> None:
    cut = datetime(2026, 2, 12, tzinfo=UTC)
    plain = open_context(world.settings(tmp_path / "plain"))
    changed = open_context(world.settings(tmp_path / "changed"))
    with changed.database.write() as connection:
        later = complaint.c.received_at >= cut
        connection.execute(delete(complaint).where(later, complaint.c.source_id.like("%7")))
        # the others after the cut all say the same now: a flood that would shout if it were seen
        connection.execute(update(complaint).where(later).values(text="Free spins", language="en", text_hash="0" * 64))
    replay(plain, FIRST, date(2026, 2, 20))
    replay(changed, FIRST, date(2026, 2, 20))
    before = state(plain.database, before=cut)
    assert before["signal"]
    assert state(changed.database, before=cut) == before
    assert state(changed.database)["signal"] != state(plain.database)["signal"], "the change was there to be seen"


def test_a_gap_is_refused_and_says_what_to_do(world: World, tmp_path: Path, open_context: OpenContext) -> None:
    context = open_context(world.settings(tmp_path))
    replay(context, date(2026, 1, 10), date(2026, 1, 12))
    with pytest.raises(ReplayError, match="--from-scratch"):
        replay(context, FIRST, date(2026, 1, 12))
    with pytest.raises(ReplayError, match="future"):
        replay(context, FIRST, date(2027, 1, 1))
    with pytest.raises(ReplayError, match="before it begins"):
        replay(context, LAST, FIRST)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_killed_at_random_it_ends_the_same(
    world: World, tmp_path: Path, open_context: OpenContext, database_url: str
) -> None:
    untouched = open_context(world.settings(tmp_path / "untouched"))
    replay(untouched, FIRST, LAST)
    settings = world.settings(tmp_path / "killed", database_url)
    kills = _replay_with_kills(settings, random.Random(derived_id(database_url).int))
    killed = open_context(settings)
    assert kills >= 5
    assert state(killed.database) == state(untouched.database)


def _replay_with_kills(settings: Settings, rng: random.Random) -> int:
    """Start the command again and again, killing it after a few seconds, until it ends well; the number of kills."""
    command = [sys.executable, "-m", "jobs", "replay", "--from", f"{FIRST}", "--to", f"{LAST}"]
    environment = {
        **os.environ,
        "FEEDBACK_DATA_DIR": str(settings.data_dir),
        "FEEDBACK_DATABASE_URL": settings.database_url,
        "FEEDBACK_TIME_ZONE": settings.time_zone,
        "FEEDBACK_WARM_UP_DAYS": str(settings.warm_up_days),
        "FEEDBACK_RETRAIN_EVERY_DAYS": str(settings.retrain_every_days),
    }
    kills = 0
    while True:
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        try:
            _, errors = process.communicate(timeout=rng.uniform(2, 12) if kills < 12 else None)
        except subprocess.TimeoutExpired:
            process.send_signal(signals.SIGKILL)
            process.communicate()
            kills += 1
            continue
        assert process.returncode == 0, errors.decode()
        return kills
