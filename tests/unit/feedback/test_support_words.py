"""What the digest says of satisfaction and speed."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from uuid import UUID

import pytest

from feedback.domain import Span
from feedback.interval import Estimate
from feedback.kpi import Background, Compared, Figures, Impact, Support, Wait
from feedback.language import ENGLISH, LANGUAGES, Language
from feedback.support import changed_topics, duration, figures, impacts, kept_background, kept_words
from tests.unit.feedback.test_digest import WEEK

TOPIC = UUID(int=1)
WAIT = Wait(80, 3, Estimate(4 * 3600, 3 * 3600, 5 * 3600, 80), Estimate(90_000, 80_000, math.inf, 80))
QUICK = Wait(300, 0, Estimate(1800, 1500, 2000, 300), Estimate(9000, 8000, 9900, 300))


def group(wait: Wait | None, satisfied: Estimate | None) -> Figures:
    return Figures(Estimate(41, 31, 53, 41), None, wait, None, satisfied, None, None, None, None)


def support(compared: Compared, *found: Impact) -> Support:
    return Support(WEEK, Span(WEEK.start, WEEK.start), compared, {}, {TOPIC: compared}, found)


def said(week: Figures | None, before: Figures | None, to: Language = ENGLISH) -> list[tuple[str, str, str, str]]:
    told = figures(Compared(week, before), to)
    plain = [(each.name, " ".join(each.week), " ".join(each.before), each.change) for each in told]
    return [
        (name, week.replace("\u00a0", " "), before.replace("\u00a0", " "), change)
        for name, week, before, change in plain
    ]


def test_what_is_told_stands_beside_the_weeks_before() -> None:
    worse = said(group(WAIT, Estimate(0.4, 0.35, 0.45, 120)), group(QUICK, Estimate(0.7, 0.65, 0.75, 300)))
    assert worse == [
        ("First response", "half in 4 hrs (90 % in 25 hrs)", "half in 30 mins (90 % in 2.5 hrs)", "worse"),
        ("Satisfied customers", "40 % (35–45 %)", "70 % (65–75 %)", "worse"),
    ]


def test_what_overlaps_is_no_change_and_little_is_no_figure() -> None:
    share = Estimate(0.4, 0.35, 0.45, 120)
    assert said(group(None, share), group(None, replace(share, value=0.44, high=0.5))) == [
        ("Satisfied customers", "40 % (35–45 %)", "44 % (35–50 %)", "")
    ]
    assert said(group(None, replace(share, of=9)), None) == [("Satisfied customers", "too few", "–", "")]
    assert said(None, group(WAIT, share)) == []


def test_a_range_that_rounds_to_one_number_is_left_out() -> None:
    rare, common = Estimate(0.002, 0.001, 0.004, 900), Estimate(0.02, 0.014, 0.026, 900)
    assert said(group(None, rare), group(None, common))[0][1:3] == ("under 1 %", "2 % (1–3 %)")
    assert said(group(replace(WAIT, median=None, slow=None), None), None)[0][1] == "most still wait"


def test_topics_are_named_where_something_changed() -> None:
    compared = Compared(group(QUICK, None), group(WAIT, None))
    (told,) = changed_topics(support(compared), {TOPIC: "Bonus"}, ENGLISH)
    assert (told[0], [each.change for each in told[1]]) == ("Bonus", ["better"])
    assert changed_topics(support(Compared(compared.week, compared.week)), {TOPIC: "Bonus"}, ENGLISH) == []


def test_an_impact_is_said_if_it_shows() -> None:
    seen = Impact(TOPIC, 0.69, 0.74, Estimate(0.05, 0.01, 0.08, 300))
    nothing = replace(seen, gain=Estimate(0.001, 0.0001, 0.002, 300))
    told = impacts(support(Compared(None, None), seen, nothing), {TOPIC: "Bonus"}, ENGLISH)
    assert [each.replace("\u00a0", " ") for each in told] == [
        "Without the complaints about “Bonus”, 74 % of those who rated would be satisfied instead of 69 %."
    ]


@pytest.mark.parametrize(
    ("seconds", "to", "said"),
    [(20, "en", "1 minute"), (3600, "de", "60 Minuten"), (11_520, "pl", "3,2 godziny"), (300_000, "nb", "3,5 døgn")],
)
def test_a_duration_comes_in_the_unit_one_takes_in(seconds: float, to: str, said: str) -> None:
    assert duration(seconds, Language(to), "long").replace("\u00a0", " ") == said


IMPACT = Impact(TOPIC, 0.69, 0.74, Estimate(0.05, 0.01, 0.08, 300))
BACKGROUND = Background(Compared(group(WAIT, Estimate(0.4, 0.35, 0.45, 120)), group(QUICK, None)), IMPACT)


def test_what_is_kept_with_an_alert_is_read_as_it_was() -> None:
    kept = json.loads(json.dumps({"support": BACKGROUND.as_dict()}, allow_nan=False))
    assert kept_background(kept) == BACKGROUND
    nothing = Background(Compared(None, None))
    assert kept_background({"support": nothing.as_dict()}) == nothing
    assert [kept_background(each) for each in ({}, {"support": None}, {"support": {"week": 1}})] == [None, None, None]


def test_an_alert_tells_what_changed_and_what_satisfaction_would_be_without_it() -> None:
    told = kept_words({"support": BACKGROUND.as_dict()}, "Bonus")
    assert [each.replace("\u00a0", " ") for each in told] == [
        "First response: half in 4 hrs (90 % in 25 hrs); in the weeks before: half in 30 mins (90 % in 2.5 hrs).",
        "Without the complaints about “Bonus”, 74 % of those who rated would be satisfied instead of 69 %. "
        "That is an association, not an effect.",
    ]


@pytest.mark.parametrize("gain", [Estimate(0.05, -0.01, 0.08, 30), Estimate(0.004, 0.001, 0.006, 9000)])
def test_what_chance_explains_or_nobody_would_see_is_not_told(gain: Estimate) -> None:
    doubtful = Background(Compared(None, None), replace(IMPACT, gain=gain))
    assert kept_words({"support": doubtful.as_dict()}, "Bonus") == []


@pytest.mark.parametrize("code", [each for each in LANGUAGES if each != "en"])
def test_it_is_told_in_the_reader_s_language(code: str) -> None:
    kept = {"support": BACKGROUND.as_dict()}
    told, english = kept_words(kept, "Bonus", Language(code)), kept_words(kept, "Bonus")
    assert len(told) == len(english)
    assert not {word for each in told for word in each.split()} & {"the", "would", "before:", "association,", "First"}
