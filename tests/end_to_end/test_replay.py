"""Replaying history: the same every time, killed or not, and blind to the future."""

from __future__ import annotations

import os
import random
import signal as signals
import subprocess
import sys
from datetime import UTC, date, datetime
from io import StringIO
from math import log10
from pathlib import Path

import pytest
from rich.console import Console
from scipy.stats import nbinom
from sqlalchemy import delete, update

from feedback.domain import derived_id
from feedback.errors import ReplayError
from feedback.settings import Settings
from feedback.store.tables import complaint
from jobs.context import Context
from jobs.explain import explain_alert, tell
from jobs.replay import replay
from tests.end_to_end.world import FIRST, LAST, OpenContext, Replayed, World, state

pytestmark = pytest.mark.timeout(900)  # the first test makes the world that all share

CUT = datetime(2026, 1, 27, tzinfo=UTC)


def test_replay_trains_judges_concludes_writes_and_can_explain(replayed: Replayed, open_context: OpenContext) -> None:
    assert replayed.state["assignment"], "complaints are assigned"
    assert replayed.state["bucket_count"], "topics are counted"
    assert replayed.state["signal"], "topics are judged"
    pages = list((replayed.settings.data_dir / "digests").glob("2026-W0?/*.html"))
    assert pages, "digests are written"
    _assert_explained(open_context(replayed.settings), str(replayed.state["alert"][0][0]))


def _assert_explained(context: Context, alert_id: str) -> None:
    """The alert's numbers give its score again, and its window's days are among those shown."""
    found = explain_alert(context, alert_id[:8])
    latest, reason = found.latest, found.latest.reason
    assert reason is not None
    p = float(nbinom.sf(latest.signal.observed - 1, reason.size, reason.size / (reason.size + reason.mean)))
    assert latest.signal.score == pytest.approx(-log10(p) - reason.margin)
    assert latest.signal.score >= latest.signal.threshold
    assert latest.origin is not None
    assert latest.origin.set_at is not None
    judged = [week for week in found.weeks if week.when == "judged"]
    assert sum(week.complaints for week in judged) >= latest.signal.observed, "the last day went on after it was judged"
    printed = StringIO()
    tell(Console(file=printed, width=200), found)
    for part in (
        found.topic,
        f"{latest.signal.observed} complaints came in",
        "That threshold was set",
        "negative binomial",
    ):
        assert part in printed.getvalue()


@pytest.mark.slow
def test_the_same_replay_twice_gives_the_same(
    world: World, replayed: Replayed, tmp_path: Path, open_context: OpenContext
) -> None:
    again = open_context(world.settings(tmp_path))
    # half of it, then all of it anew: what was derived before must leave no trace
    replay(again, FIRST, date(2026, 1, 16))
    replay(again, FIRST, LAST, from_scratch=True)
    assert state(again.database) == replayed.state
    assert replay(again, FIRST, LAST) == 0, "what is done is not done again"


@pytest.mark.slow
def test_what_comes_later_changes_nothing_before(
    world: World, replayed: Replayed, tmp_path: Path, open_context: OpenContext
) -> None:
    changed = open_context(world.settings(tmp_path))
    with changed.database.write() as connection:
        later = complaint.c.received_at >= CUT
        connection.execute(delete(complaint).where(later, complaint.c.source_id.like("%7")))
        # the others after the cut all say the same now: a flood that would shout if it were seen
        connection.execute(update(complaint).where(later).values(text="Free spins", language="en", text_hash="0" * 64))
    replay(changed, FIRST, LAST)
    before = replayed.before(CUT)
    assert before["signal"]
    assert state(changed.database, before=CUT) == before
    assert state(changed.database)["signal"] != replayed.state["signal"], "the change was there to be seen"


def test_a_gap_is_refused_and_says_what_to_do(world: World, tmp_path: Path, open_context: OpenContext) -> None:
    context = open_context(world.settings(tmp_path))
    replay(context, date(2026, 1, 5), date(2026, 1, 5))
    with pytest.raises(ReplayError, match="--from-scratch"):
        replay(context, FIRST, date(2026, 1, 5))
    with pytest.raises(ReplayError, match="future"):
        replay(context, FIRST, date(2027, 1, 1))
    with pytest.raises(ReplayError, match="before it begins"):
        replay(context, LAST, FIRST)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_killed_at_random_it_ends_the_same(
    world: World, replayed: Replayed, tmp_path: Path, open_context: OpenContext, database_url: str
) -> None:
    settings = world.settings(tmp_path / "killed", database_url)
    _replay_with_kills(settings, 8, random.Random(derived_id("kills", database_url.split(":", maxsplit=1)[0]).int))
    assert state(open_context(settings).database) == replayed.state


def _replay_with_kills(settings: Settings, kills: int, rng: random.Random) -> None:
    """Start the command and kill it in the middle of its work, so often, and then let it end well."""
    command = [sys.executable, "-m", "jobs", "replay", "--from", f"{FIRST}", "--to", f"{LAST}"]
    given = settings.model_dump(mode="json", exclude_unset=True)
    variables = {f"FEEDBACK_{name.upper()}": str(value) for name, value in given.items()}
    root = Path(__file__).parents[2]
    for kill in range(kills + 1):
        process = subprocess.Popen(
            command, env={**os.environ, **variables, "PYTHONPATH": str(root)}, stderr=subprocess.PIPE
        )
        try:
            _, errors = process.communicate(timeout=rng.uniform(3, 9) if kill < kills else None)
        except subprocess.TimeoutExpired:
            process.send_signal(signals.SIGKILL)
            process.communicate()
            continue
        assert process.returncode == 0, errors.decode()
