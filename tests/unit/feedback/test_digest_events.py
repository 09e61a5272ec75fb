"""That a digest says what was planned for the days of a rise, and draws it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from feedback.chart import rise_chart
from feedback.digest import Digest, render_html, render_markdown
from feedback.events import PlannedEvent
from tests.unit.feedback.test_chart import FIRST, RISE
from tests.unit.feedback.test_digest_copies import ALERT, digest

AT = datetime(2026, 11, 1, tzinfo=UTC)
CAMPAIGN = PlannedEvent(1, "Singles' <Day>", date(2026, 11, 11), date(2026, 11, 12), None, "", AT, "ana")
EARLIER = PlannedEvent(2, "Release 4.2", date(2026, 11, 3), date(2026, 11, 3), None, "", AT, "ana")


def with_events(*events: PlannedEvent) -> Digest:
    return replace(digest(None), rose=(replace(ALERT, events=events),))


def test_what_was_planned_for_the_days_of_the_rise_is_named() -> None:
    made = with_events(CAMPAIGN, EARLIER)
    assert "At that time: Singles' &lt;Day> (11\u00a0November to 12\u00a0November)." in render_markdown(made)
    assert "At that time: Singles&#39; &lt;Day&gt; (11\u00a0November to 12\u00a0November)." in render_html(made)


def test_nothing_is_said_where_nothing_was_planned() -> None:
    assert "At that time" not in render_markdown(with_events(EARLIER)) + render_html(with_events())


def test_an_event_changes_the_picture_only_where_it_has_a_day_in_it() -> None:
    plain = rise_chart(RISE)
    assert rise_chart(RISE, events=((FIRST, FIRST),)) != plain
    assert rise_chart(RISE, events=((date(2020, 1, 1), date(2030, 1, 1)),)) != plain
    assert rise_chart(RISE, events=((date(2020, 1, 1), date(2020, 1, 9)),)) == plain
