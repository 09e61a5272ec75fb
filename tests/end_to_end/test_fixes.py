"""A fix in a made-up world: judged day by day, told, watched, and the same when it is done again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import func, select

from feedback.domain import Complaint, Outcome, OutcomeVerdict, derived_id
from feedback.errors import Stopped
from feedback.outcome import sentences
from feedback.store import fixes, tables
from feedback.store.complaints import store_complaints
from feedback.store.events import add_event
from feedback.store.notices import listed
from jobs.assign import run as assign
from jobs.context import Context, Parts
from jobs.count import run as count
from jobs.digest import write
from jobs.outcome import run as judge_fixes
from jobs.progress import Silent
from jobs.publish import publish
from tests.end_to_end.made_up import FAULT, NOW, SUBJECTS, made_up_context, told, version
from tests.running import feedback

UTC_ZONE = ZoneInfo("UTC")
MIDNIGHT = NOW.replace(hour=0)
FIXED, BACK = MIDNIGHT - timedelta(days=30), MIDNIGHT - timedelta(days=4)
AT = FIXED + timedelta(hours=10)
TOPIC = derived_id("topic", FAULT)
BACK_UP = f"{FIXED + timedelta(days=41):%d\xa0%B\xa0%Y}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """The made-up world with a subject that falls from nine a day to two when it is fixed."""
    home = tmp_path_factory.mktemp("made")
    made = made_up_context(home, days=80)
    rng = np.random.default_rng(5)
    with made.write() as connection:
        for back in range(75, 2, -1):
            day = MIDNIGHT - timedelta(days=back)
            store_complaints(connection, some(day, int(rng.poisson(9 if day <= FIXED else 2))), NOW)
    publish(made, version(made, SUBJECTS), MIDNIGHT - timedelta(days=60))
    for job in (assign, count):
        job(made, NOW)
    made.database.close()
    return made


def some(day: datetime, number: int) -> list[Complaint]:
    return [told(FAULT, day + timedelta(minutes=7 * each + 3)) for each in range(number)]


def enter(context: Context, expect: float = -0.6) -> int:
    with context.write() as connection:
        return fixes.add_fix(connection, TOPIC, AT, expect, "gateway exchanged", NOW, "ana").id


def history(context: Context, fix: int) -> list[Outcome]:
    with context.database.read() as connection:
        return fixes.outcomes_of(connection, fix)


def judge(context: Context, days: int) -> None:
    judge_fixes(context, FIXED + timedelta(days=days))


def test_without_a_fix_or_a_version_there_is_nothing_to_do(context: Context, tmp_path: Path) -> None:
    assert judge_fixes(context, NOW) == {"watched": 0, "judged": 0}
    bare = made_up_context(tmp_path / "bare", days=2)
    enter(bare)
    assert judge_fixes(bare, NOW) == {"watched": 1, "judged": 0}
    bare.database.close()


def test_a_fix_is_judged_as_days_come_in(context: Context) -> None:
    fix = enter(context)
    judge(context, 1)
    assert history(context, fix) == [], "no day after it is over"
    judge(context, 3)
    assert [each.verdict for each in history(context, fix)] == [OutcomeVerdict.UNKNOWN]
    judge(context, 22)
    last = history(context, fix)[-1]
    assert (last.verdict, last.days) == (OutcomeVerdict.WORKED, 21)
    assert 0.12 < last.low < last.ratio < last.high < 0.5
    assert last.observed < 0.5 * last.expected


def test_judged_again_it_says_the_same_and_writes_nothing(context: Context) -> None:
    fix = enter(context)
    judge(context, 22)
    once = history(context, fix)
    judge(context, 22)
    judge(context, 21)
    assert history(context, fix) == once


def test_a_run_that_is_stopped_leaves_nothing_and_the_next_does_it_all(context: Context) -> None:
    fix = enter(context)
    with pytest.raises(Stopped):
        judge(replace(context, stopping=lambda: True), 22)
    assert history(context, fix) == []
    judge(context, 22)
    assert len(history(context, fix)) == 1


def test_little_news_is_not_written(context: Context) -> None:
    fix = enter(context)
    for days in range(18, 23):
        judge(context, days)
    assert 1 <= len(history(context, fix)) < 5


def test_what_was_withdrawn_is_not_judged(context: Context) -> None:
    fix = enter(context)
    with context.write() as connection:
        fixes.withdraw_fix(connection, fix, NOW, "ben")
    assert judge_fixes(context, NOW)["watched"] == 0


def test_however_late_it_is_entered_a_fix_is_judged_once(context: Context) -> None:
    fix = enter(context)
    judge(context, 100)
    (once,) = history(context, fix)
    assert (once.verdict, once.final) == (OutcomeVerdict.WORKED, True)
    assert judge_fixes(context, FIXED + timedelta(days=101)) == {"watched": 0, "judged": 0}


def test_a_fix_that_is_entered_late_had_its_topic_back_when_it_was(context: Context) -> None:
    fix = enter(context)
    with context.write() as connection:
        for back in range(60):
            store_complaints(connection, some(FIXED + timedelta(days=90 - back), 20 if back < 40 else 2), NOW)
    for job in (assign, count):
        job(context, FIXED + timedelta(days=120))
    judge(context, 120)
    (once,) = history(context, fix)
    assert once.regressed_at is not None
    assert timedelta(days=28) < once.regressed_at - FIXED < timedelta(days=66), "and not when it was judged"


def test_of_a_fix_before_the_first_complaint_nothing_will_ever_be_known(context: Context) -> None:
    with context.write() as connection:
        fix = fixes.add_fix(connection, TOPIC, AT - timedelta(days=200), -0.5, "", NOW, "ana")
    judge_fixes(context, NOW)
    (once,) = history(context, fix.id)
    assert (once.verdict, once.final, once.days, once.known_days) == (OutcomeVerdict.UNTOLD, True, 0, 0)
    assert "nothing was counted of the topic around that day" in " ".join(sentences(fix, once, UTC_ZONE))
    assert judge_fixes(context, NOW + timedelta(days=1))["watched"] == 0


def test_of_a_topic_that_is_gone_nothing_will_be_known_once_its_weeks_are_over(context: Context) -> None:
    with context.write() as connection:
        gone = fixes.add_fix(connection, derived_id("topic", "gone"), AT, -0.5, "", NOW, "ana")
    judge(context, 100)
    assert [each.final for each in history(context, gone.id)] == [True]


def test_what_comes_back_is_told_once_and_keeps_what_was_achieved(context: Context, tmp_path: Path) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text("default:\n  - webhook: {url: 'http://127.0.0.1:1/', secret: 0123456789abcdef}\n", "utf-8")
    settings = context.settings.model_copy(update={"channels": str(file)})
    context = replace(context, settings=settings, parts=Parts(settings, Silent()))
    fix = enter(context)
    judge(context, 22)
    worked = history(context, fix)[-1]
    with context.write() as connection:
        for back in range(9):
            day = FIXED + timedelta(days=40 - back)
            store_complaints(connection, some(day, 20), NOW)
        for back in range(9, 18):
            store_complaints(connection, some(FIXED + timedelta(days=40 - back), 2), NOW)
    for job in (assign, count):
        job(context, FIXED + timedelta(days=41))
    judge(context, 41)
    judge(context, 42)
    last = history(context, fix)[-1]
    assert last.regressed_at == FIXED + timedelta(days=41)
    assert (last.verdict, last.ratio) == (worked.verdict, worked.ratio)
    with context.database.read() as connection:
        subjects = [each.content["subject"] for each in reversed(listed(connection))]
    assert subjects == ["Topic: worked", f"Topic: worked, but the topic is back up since {BACK_UP}"]


def test_a_topic_that_no_version_holds_is_left_alone(context: Context) -> None:
    with context.write() as connection:
        gone = fixes.add_fix(connection, derived_id("topic", "gone"), AT, -0.5, "", NOW, "ana")
    assert judge_fixes(context, NOW)["judged"] == 0
    assert history(context, gone.id) == []


def test_what_the_next_fix_achieved_is_not_credited_to_the_one_before(context: Context) -> None:
    with context.write() as connection:
        before = fixes.add_fix(connection, TOPIC, AT - timedelta(days=10), -0.3, "told support", NOW, "ana").id
    fix = enter(context)
    for days in (2, 8, 15, 22):
        judge(context, days)
    assert history(context, fix)[-1].verdict is OutcomeVerdict.WORKED
    assert [each.verdict for each in history(context, before)][-1] is OutcomeVerdict.UNTOLD
    last = history(context, before)[-1]
    assert (last.days, last.next_fix_at) == (9, AT), "the day of the next fix belongs to neither"
    assert history(context, fix)[-1].next_fix_at is None


def test_two_fixes_of_a_day_are_judged_together(context: Context) -> None:
    with context.write() as connection:
        before = fixes.add_fix(connection, TOPIC, AT - timedelta(hours=2), -0.6, "told support", NOW, "ana").id
    fix = enter(context)
    judge(context, 22)
    assert [history(context, each)[-1].days for each in (before, fix)] == [21, 21]


def test_a_fix_of_the_day_after_leaves_nothing_to_judge_the_one_before_by(context: Context) -> None:
    with context.write() as connection:
        before = fixes.add_fix(connection, TOPIC, AT - timedelta(days=1), -0.6, "told support", NOW, "ana").id
    enter(context)
    judge(context, 22)
    (once,) = history(context, before)
    assert (once.verdict, once.days, once.final) == (OutcomeVerdict.UNTOLD, 0, True)


def test_expected_days_say_nothing_of_a_fix(context: Context) -> None:
    fix = enter(context)
    with context.write() as connection:
        first = (FIXED + timedelta(days=2)).date()
        add_event(connection, "Derby", first, first + timedelta(days=4), TOPIC, "", NOW, "ana", expected=True)
    judge(context, 22)
    assert history(context, fix)[-1].days == 16


def test_the_digest_tells_fixes_that_are_watched(context: Context) -> None:
    pages = write(context, "2026-W10", NOW)
    assert "Fixes" not in pages[0].with_suffix(".md").read_text("utf-8")
    enter(context)
    judge(context, 19)
    (page, *_) = write(context, "2026-W10", NOW)
    for text in (page.read_text("utf-8"), page.with_suffix(".md").read_text("utf-8")):
        assert "Fixes" in text
        assert "gateway exchanged" in text
        assert "would have been expected without it" in text


def test_outcomes_go_with_their_fix(context: Context) -> None:
    enter(context)
    judge(context, 22)
    with context.write() as connection:
        connection.execute(tables.fix.delete())
        assert connection.execute(select(func.count()).select_from(tables.outcome)).scalar_one() == 0


def test_a_fix_is_entered_by_hand(context: Context, tmp_path: Path) -> None:
    words = ["--topic", str(TOPIC)[:12], "--at", "2026-02-18T10:00", "--expect", "-60 %", "--note", "x", "--who", "ana"]
    ended = feedback(tmp_path, "fixes", "add", *words, data_dir=tmp_path / "var", taxonomy="none")
    assert ended.returncode == 0, ended.stderr
    assert "Fix 1 is entered; `feedback fixes show 1`" in ended.stdout
    with context.database.read() as connection:
        (fix,) = fixes.fixes(connection)
    assert (fix.topic_id, fix.at, fix.expect, fix.note, fix.who) == (TOPIC, AT, -0.6, "x", "ana")


def test_where_a_fix_cannot_be_judged_that_is_said_at_once(context: Context, tmp_path: Path) -> None:
    words = ["--topic", str(TOPIC)[:12], "--at", "2025-02-18", "--who", "ana"]
    ended = feedback(tmp_path, "fixes", "add", *words, data_dir=tmp_path / "var", taxonomy="none")
    assert ended.returncode == 0, ended.stderr
    said = " ".join(ended.stdout.split())
    assert "what it achieved cannot be told: it takes the complaints of 28 days before it, and they are counted" in said


def test_results_are_json(context: Context) -> None:
    enter(context)
    assert json.loads(json.dumps(judge_fixes(context, FIXED + timedelta(days=22)))) == {
        "watched": 1,
        "judged": 1,
        "news": 1,
        "notices": 0,
    }
