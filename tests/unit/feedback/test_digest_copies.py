"""That a rise of near-copies is called one in the digest, and an ordinary rise is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from feedback.digest import Digest, DigestAlert, DigestTopic, render_html, render_markdown, week_span
from feedback.domain import AlertState, Copies, TopicKind, Voices
from feedback.sentences import Sentences

WEEK = week_span("2026-W46", ZoneInfo("Europe/Berlin"))
ALERT = DigestAlert(
    alert_id=UUID(int=1),
    topic=DigestTopic(UUID(int=2), "Chain message", TopicKind.PROVISIONAL, None, {}, count=41, count_before=0),
    state=AlertState.OPEN,
    opened_at=datetime(2026, 11, 12, tzinfo=UTC),
    window=WEEK,
    observed=41,
    expected=1.0,
    low=0.0,
    high=3.0,
    p=1e-9,
)


def digest(copies: Copies | None) -> Digest:
    return Digest(
        owner="Payments",
        week="2026-W46",
        span=WEEK,
        zone=ZoneInfo("Europe/Berlin"),
        generated_at=WEEK.end,
        total=312,
        total_before=305,
        unassigned_share=0.1,
        rejected=0,
        rose=(replace(ALERT, copies=copies),),
    )


@pytest.mark.parametrize(
    ("copies", "sentence"),
    [
        (Copies(14, 3, 41), "14 of the 41 repeat one of three texts almost word for word."),
        (Copies(41, 1, 41), "All 41 repeat the same text almost word for word."),
        (Copies(41, 14, 41), "All 41 repeat one of 14 texts almost word for word."),
        (Copies(1200, 1, 5000), "1,200 of 5,000 looked at repeat the same text almost word for word."),
        (Copies(8, 1, 41), ""),
        (Copies(0, 0, 41), ""),
        (Copies(0, 0, 0), ""),
        (None, ""),
    ],
)
def test_the_multiplicity_is_told_from_a_fifth_on(copies: Copies | None, sentence: str) -> None:
    made = digest(copies)
    assert Sentences(made).copies(made.rose[0]) == sentence
    pages = render_markdown(made), render_html(made)
    assert all("word for word" in page for page in pages) == bool(sentence)
    assert all(sentence in page for page in pages)


@pytest.mark.parametrize(
    ("voices", "told"),
    [
        (Voices(57, 38, 36), "57 messages from 38 customers; 36 when near-copies count once."),
        (Voices(41, 1, 41), "41 messages from 1 customer."),
        (Voices(1, None, 1), "1 message."),
        (
            Voices(100, 40, 41, 60),
            "100 messages, 60 of them from nobody known, the others from 40 customers; 41 when near-copies count once.",
        ),
    ],
)
def test_an_alert_says_how_many_messages_customers_and_texts_it_is(voices: Voices, told: str) -> None:
    assert told in render_markdown(replace(digest(None), rose=[replace(ALERT, voices=voices)]))
