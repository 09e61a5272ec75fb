"""Two versions judge the same complaints: what an analyst reads of it before a candidate is published."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from feedback.comparison import as_dict
from feedback.domain import Author, Fate
from feedback.errors import FeedbackError
from feedback.settings import Settings
from feedback.store import topics
from feedback.store.topics import StoredVersion
from jobs import curate
from jobs.assign import run as assign
from jobs.candidate import train_candidate
from jobs.cli import app
from jobs.compare import choose, compare_versions, write_report
from jobs.context import Context
from jobs.published import published
from jobs.retrain import run as retrain
from tests.end_to_end.world import LAST, WALL, OpenContext, Replayed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the first test makes the world that all share

NOW = datetime.combine(LAST, datetime.min.time(), WALL.tzinfo) + timedelta(days=1)


@pytest.fixture
def context(replayed: Replayed, tmp_path: Path, open_context: OpenContext) -> Context:
    """The replayed world in a copy of its own."""
    home = tmp_path / "var"
    shutil.copytree(replayed.settings.data_dir, home)
    return open_context(Settings(**{**replayed.settings.model_dump(), "data_dir": home}))


def newest(context: Context) -> list[StoredVersion]:
    """All versions, the last trained first."""
    with context.database.read() as connection:
        return topics.versions(connection)


def test_a_candidate_is_compared_with_the_version_in_force(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    assign(context, WALL)
    current = published(context)
    assert current is not None
    one, two = current.version, train_candidate(context, current, NOW)
    assert choose(context, None, None) == (one, two)
    report = compare_versions(context, one, two, WALL)
    assert report.complaints > 500
    assert report.kept > 0.5
    assert report.after.coherence is not None
    assert report.after.examples is not None
    with context.database.read() as connection:
        sizes = topics.sizes_of(connection, one.id)
    held = {each.topic_id: each.size_before for each in report.topics if each.size_before}
    assert held == sizes, "the sample is all there is, so the version in force gives what it gave"
    assert sum(each.has for each in report.topics) == report.after.topics
    assert all(each.fate is Fate.KEPT for each in report.topics if each.had and each.has)
    found = command(context, monkeypatch)
    assert (found["before"]["version_id"], found["after"]["version_id"]) == (str(one.id), str(two.id))
    told = json.loads(json.dumps(as_dict(report)["topics"], default=str))
    assert found["topics"] == told, "asked again it says the same"
    page = Path(found["report"])
    assert page == context.settings.data_dir / "reports" / f"{str(one.id)[:8]}-{str(two.id)[:8]}.html"
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")


def command(context: Context, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `feedback models compare --json` prints."""
    for name in ("data_dir", "time_zone"):
        monkeypatch.setenv(f"FEEDBACK_{name.upper()}", str(getattr(context.settings, name)))
    done = CliRunner().invoke(app, ["models", "compare", "--json"])
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_people_decided_is_respected_on_both_sides(context: Context) -> None:
    two, one = [each for each in newest(context) if each.status != "candidate"][:2]
    found = sorted(compare_versions(context, one, two, WALL).topics, key=lambda each: -each.stayed)
    gone, home, retired = (each.topic_id for each in found[:3])
    by = Author("ana", "", WALL)
    curate.merge(context, gone, home, by)
    curate.retire(context, retired, by)
    curate.rename(context, home, "<b>Ana's own</b>", by)
    report = compare_versions(context, one, two, WALL)
    assert {gone, retired}.isdisjoint(each.topic_id for each in report.topics)
    (merged,) = [each for each in report.topics if each.topic_id == home]
    assert merged.name == "<b>Ana's own</b>"
    assert merged.stayed >= found[0].stayed + found[1].stayed
    page = write_report(report, context.settings.data_dir / "elsewhere" / "page.html").read_text("utf-8")
    assert "Ana" in page
    assert "<b>" not in page


def test_without_two_versions_the_error_says_how_to_get_them(context: Context) -> None:
    known = newest(context)
    with pytest.raises(FeedbackError, match="one version"):
        choose(context, known[0], known[0])
    with context.write() as connection:
        for each in known:
            topics.publish_version(connection, each.id, WALL)
    with pytest.raises(FeedbackError, match="feedback retrain"):
        choose(context, None, None)


def test_the_scheduled_training_leaves_a_report_beside_a_candidate_that_waits(context: Context) -> None:
    waiting = replace(context, settings=context.settings.model_copy(update={"publish_automatically": False}))
    told = retrain(waiting, NOW + timedelta(days=30))
    assert told["trained"]
    assert not told["published"]
    page = Path(newest(context)[0].artefact) / "report.html"
    assert "What " in page.read_text("utf-8")
