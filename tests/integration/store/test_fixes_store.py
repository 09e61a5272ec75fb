"""Fixes: entered, taken back, and the history of their outcomes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from feedback.domain import Fix, FixKind, Outcome, OutcomeVerdict
from feedback.store import tables
from feedback.store.database import Database
from feedback.store.fixes import add_fix, fix_by_id, fixes, outcomes_of, store_outcomes, withdraw_fix
from feedback.store.reset import discard_derived
from tests.integration.store.store_samples import NOW

TOPIC = UUID(int=7)
WEEK = timedelta(weeks=1)


def entered(database: Database, weeks_ago: int = 2) -> Fix:
    with database.write() as connection:
        return add_fix(connection, TOPIC, NOW - weeks_ago * WEEK, -0.4, "gateway exchanged", NOW, "ana")


def outcome(fix: Fix, verdict: OutcomeVerdict = OutcomeVerdict.WORKED) -> Outcome:
    return Outcome(fix.id, NOW, verdict, 14, 100, 12, 31.5, 0.4, 0.25, 0.62, 0.999)


def test_fixes_are_found_by_their_moment(database: Database) -> None:
    late, early = entered(database, 2), entered(database, 5)
    with database.read() as connection:
        assert fixes(connection) == [early, late]
        assert fixes(connection, NOW - 3 * WEEK) == [late]
        assert fixes(connection, until=late.at) == [early], "what is made at that moment is not yet over"
        assert fix_by_id(connection, late.id) == late
        assert fix_by_id(connection, 99) is None


def test_what_is_withdrawn_is_watched_no_more_but_stays_on_record(database: Database) -> None:
    fix = entered(database)
    with database.write() as connection:
        gone = withdraw_fix(connection, fix.id, NOW + WEEK, "ben")
        assert gone == replace(fix, withdrawn_at=NOW + WEEK, withdrawn_by="ben")
        assert withdraw_fix(connection, fix.id, NOW + 2 * WEEK, "eve") is None
        assert withdraw_fix(connection, 99, NOW, "eve") is None
        assert fixes(connection) == []
        assert fix_by_id(connection, fix.id) == gone


@pytest.mark.parametrize("expect", [0.0, 0.3, -1.0, -3.0])
def test_what_is_hoped_for_is_a_reduction(database: Database, expect: float) -> None:
    with pytest.raises(ValueError, match="cannot be expected"), database.write() as connection:
        add_fix(connection, TOPIC, NOW, expect, "", NOW, "ana")


def test_outcomes_are_kept_one_a_judgement(database: Database) -> None:
    fix = entered(database)
    first, second = outcome(fix), replace(outcome(fix), judged_at=NOW + WEEK, regressed_at=NOW + WEEK)
    with database.write() as connection:
        assert store_outcomes(connection, [first, second]) == 2
        assert store_outcomes(connection, [replace(first, observed=99)]) == 0, "a job that runs again changes nothing"
        assert outcomes_of(connection, fix.id) == [first, second]
        assert outcomes_of(connection, fix.id, NOW) == [first]
        assert outcomes_of(connection, 99) == []


@pytest.mark.parametrize("kind", list(FixKind))
def test_what_was_done_keeps_its_kind(database: Database, kind: FixKind) -> None:
    with database.write() as connection:
        made = add_fix(connection, TOPIC, NOW - WEEK, -0.4, "page 12", NOW, "ana", kind)
        assert fixes(connection) == [made]
        found = fix_by_id(connection, made.id)
    assert found is not None
    assert found.kind is kind


def test_what_an_earlier_release_entered_is_a_fix(database: Database) -> None:
    row = {"topic_id": TOPIC, "at": NOW, "expect": -0.4, "note": "", "who": "ana", "recorded_at": NOW}
    with database.write() as connection:
        connection.execute(tables.fix.insert().values(**row))
        assert [each.kind for each in fixes(connection)] == [FixKind.FIX]


def test_a_replay_from_scratch_forgets_outcomes_and_no_fix(database: Database) -> None:
    fix = entered(database)
    with database.write() as connection:
        store_outcomes(connection, [outcome(fix)])
        discard_derived(connection)
        assert fixes(connection) == [fix]
        assert outcomes_of(connection, fix.id) == []
