"""What is said of a fix."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import Fix, FixKind, Outcome, OutcomeVerdict
from feedback.notify.outcomes import is_told
from feedback.outcome import because, change_words, counted, headline, in_short, is_news, sentences

ZONE = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
FIX = Fix(3, UUID(int=1), AT, -0.4, "gateway exchanged", "ana", AT)
WORKED = Outcome(3, AT + timedelta(days=29), OutcomeVerdict.WORKED, 28, 120, 41, 80.2, 0.51, 0.39, 0.66, 0.9987)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_headline_names_fix_day_note_and_verdict() -> None:
    assert plain(headline(FIX, WORKED, ZONE)) == "Fix 3 of 4 May 2026, “gateway exchanged”: worked."
    assert plain(headline(replace(FIX, note=" "), None, ZONE)) == "Fix 3 of 4 May 2026: not judged yet."
    assert plain(headline(replace(FIX, kind=FixKind.FAQ, note=""), None, ZONE)).startswith("FAQ entry 3 of 4 May 2026:")
    back = replace(WORKED, regressed_at=AT + timedelta(days=40))
    assert plain(headline(FIX, back, ZONE)).endswith("worked, but the topic is back up since 13 June 2026.")


def test_the_numbers_are_said_with_what_would_have_come() -> None:
    assert plain(counted(WORKED)) == (
        "In the 28 days after it with data 41 came in; 80 would have been expected without it: 49 % fewer. "
        "Nine times out of ten the true effect lies between 61 % fewer and 34 % fewer."
    )


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (OutcomeVerdict.WORKED, "99.9 % sure that there are fewer, and 40 % fewer, as hoped for, can be reached"),
        (OutcomeVerdict.PARTLY, "sure that there are fewer, but fewer were hoped for: 40 % fewer"),
        (
            OutcomeVerdict.NO_EFFECT,
            "it is not certain that there are fewer, and 40 % fewer, as hoped for, is ruled out",
        ),
        (OutcomeVerdict.WORSE, "there are more than can be by chance"),
        (OutcomeVerdict.UNKNOWN, "no effect and 40 % fewer, as hoped for, are both possible still"),
        (OutcomeVerdict.UNTOLD, "no effect and 40 % fewer, as hoped for, both remain possible, and its weeks are over"),
    ],
)
def test_every_verdict_says_why(verdict: OutcomeVerdict, reason: str) -> None:
    assert reason in plain(because(FIX, replace(WORKED, verdict=verdict)))


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ({"days": 1}, "1 day after the fix with data, and it takes"),
        ({"known_days": 9}, "9 days before the fix with data, and it takes 28"),
        ({"expected": 2.4}, "2.4 would have been expected, and it takes 5"),
    ],
)
def test_what_is_missing_is_said(numbers: dict[str, float], reason: str) -> None:
    unknown = replace(WORKED, verdict=OutcomeVerdict.UNKNOWN, **numbers)  # type: ignore[arg-type]
    assert reason in because(FIX, unknown)
    assert reason in in_short(FIX, unknown, ZONE)


def test_a_fix_that_was_withdrawn_or_not_judged_says_so() -> None:
    gone = replace(FIX, withdrawn_at=AT + timedelta(days=3), withdrawn_by="ben")
    told = [plain(each) for each in sentences(gone, None, ZONE)]
    assert told[1:] == [
        "It was withdrawn on 7 May 2026 by ben.",
        "Fixes are judged once a day, from the day after the fix on, however late they are entered.",
    ]
    assert "Brodersen" in sentences(FIX, WORKED, ZONE)[-1]


def test_a_fix_whose_weeks_the_next_one_ended_says_so() -> None:
    cut = replace(WORKED, next_fix_at=AT + timedelta(days=21))
    ended = "Its weeks end where the next fix of the topic began, on 25 May 2026."
    for told in (" ".join(sentences(FIX, cut, ZONE)), in_short(FIX, cut, ZONE)):
        assert ended in plain(told)
    assert "next fix" not in in_short(FIX, WORKED, ZONE)
    assert is_news(WORKED, cut)


def test_that_an_effect_cannot_be_told_is_told_once_with_its_interval() -> None:
    unknown = replace(WORKED, verdict=OutcomeVerdict.UNKNOWN)
    untold = replace(unknown, verdict=OutcomeVerdict.UNTOLD, final=True)
    told = plain(in_short(FIX, untold, ZONE))
    assert "“gateway exchanged”: effect cannot be told." in told
    assert "between 61 % fewer and 34 % fewer" in told
    assert told.endswith("No effect and 40 % fewer, as hoped for, both remain possible, and its weeks are over.")
    assert is_told(unknown, untold)
    assert not is_told(untold, replace(untold, ratio=0.6))


def test_only_what_moved_is_news() -> None:
    assert is_news(None, WORKED)
    assert not is_news(WORKED, replace(WORKED, days=29, observed=42, ratio=0.52))
    assert is_news(WORKED, replace(WORKED, ratio=0.6))
    assert is_news(WORKED, replace(WORKED, verdict=OutcomeVerdict.PARTLY))
    assert is_news(WORKED, replace(WORKED, regressed_at=AT))


@given(st.floats(0.05, 20))
def test_a_ratio_is_said_as_it_points(ratio: float) -> None:
    told = change_words(ratio)
    assert ("fewer" in told) <= (ratio < 1)
    assert ("more" in told or "times" in told) <= (ratio > 1)
