"""What the service writes into histories is known to who says it again in another language."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from feedback.alerts import decide, hand_over
from feedback.domain import AlertPolicy, AlertState, Span
from feedback.language import ENGLISH, LANGUAGES, Language
from feedback.reasons import moved_words
from tests.integration.api.api_world import BONUS, NOW, signal

OTHERS = [Language(code) for code in LANGUAGES if code != "en"]


def written() -> list[str]:
    """All that a life writes: opened, handed over, calmed, back again; and opened by the hour."""
    policy, found = AlertPolicy(), signal(BONUS)
    opened = decide(None, found, NOW, policy)
    assert opened.alert
    lines, alert = [opened.transition, hand_over(opened.alert, "payments", "ana", NOW, "").transition], opened.alert
    for day in range(1, 40):
        window = Span(found.window.start + timedelta(days=day), found.window.end + timedelta(days=day))
        quiet = replace(found, window=window, rising=False, complete=True, observed=2)
        decided = decide(alert, quiet, NOW + timedelta(days=day), policy)
        assert decided.alert
        alert, lines = decided.alert, [*lines, decided.transition]
        if alert.state is AlertState.RESOLVED:
            again = replace(quiet, rising=True, observed=1_234)
            lines.append(decide(alert, again, NOW + timedelta(days=day + 1), policy).transition)
            break
    hourly = replace(found, window=Span(found.window.end - timedelta(hours=3), found.window.end))
    lines.append(decide(None, hourly, NOW, policy).transition)
    return [each.why for each in lines if each]


def test_a_life_is_written_in_english() -> None:
    opened, handed, calm, back, hourly = written()
    assert opened == "41 in 7 days, 12 expected (6 to 20)."
    assert handed == "Handed over to payments"
    assert calm.startswith("Calm for ")
    assert back.startswith("Back 1 day after it was resolved: 1234 in 7 days")
    assert hourly == "41 in 3 hours, 12 expected (6 to 20)."
    assert [moved_words(each, ENGLISH) for each in written()] == written()


@pytest.mark.parametrize("to", OTHERS, ids=lambda to: to.code)
def test_each_sentence_is_said_in_the_other_languages(to: Language) -> None:
    for why in written():
        said = moved_words(why, to)
        assert said != why
        for english in (" in ", "expected", "days", "Calm", "Back", "Handed"):
            assert english not in said


def test_what_people_wrote_stays_as_it_is() -> None:
    assert moved_words("41 in 7 days, they say", OTHERS[0]) == "41 in 7 days, they say"
