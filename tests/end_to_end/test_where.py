"""A rise in one segment: judged there, rolled up into its topic's alert, and told as such."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from feedback.digest import iso_week, render_html, render_markdown
from feedback.domain import AlertState, Channel, Complaint, Segment, Span
from feedback.explanation import sentences
from feedback.store import alerts
from feedback.store.complaints import store_complaints
from feedback.store.tables import complaint
from jobs.context import Context
from jobs.explain import explain_alert
from jobs.publish import publish
from jobs.week import gather
from tests.end_to_end.made_up import FAULT, NOW, SUBJECTS, judge, made_up_context, told, version

LATER = FAULT - 1
"""A calm subject that a version may not know yet."""

MARKETS = {"DE": 4, "PL": 2, "NO": 1}
"""How many times four complaints a day of each subject, and in which market."""

DAYS = 90
MIDNIGHT = NOW.replace(hour=0)
NORWAY = Segment("market", "NO")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """The made-up world, its subjects being written about from three markets."""
    home = tmp_path_factory.mktemp("made")
    made = made_up_context(home, DAYS)
    hours = [6.0 * step for step in range(DAYS * 4)]
    for market, times in MARKETS.items():
        for again in range(times):
            moments = [NOW - timedelta(hours=each, minutes=11 * again + len(market)) for each in hours]
            with made.write() as connection:
                told_there = [there(subject, at, market, f"{again}") for at in moments for subject in range(SUBJECTS)]
                store_complaints(connection, told_there, NOW)
    made.database.close()
    return made


def there(subject: int, at: datetime, market: str, name: str) -> Complaint:
    source_id = f"{subject} {market} {name} {at:%m-%d %H:%M}"
    language = {"DE": "de", "PL": "pl", "NO": "nb"}[market]
    each = told(subject, at)
    return replace(each, source_id=source_id, customer_hash=source_id, market=market, language=language)


def risen(context: Context, subject: int, market: str, number: int, since: datetime, name: str = "more") -> None:
    """So many more complaints over a day, by e-mail."""
    moments = [since + timedelta(days=1) * each / number for each in range(number)]
    found = [replace(there(subject, at, market, name), channel=Channel.EMAIL) for at in moments]
    with context.write() as connection:
        store_complaints(connection, found, NOW)


def the_alert(context: Context) -> tuple[str, dict[str, object]]:
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection)
        return str(row.id), alerts.evidence_of(connection, row.id)


def test_a_rise_that_the_whole_drowns_is_told_with_where_it_is(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=8))
    assert judge(context, MIDNIGHT - timedelta(days=1)) == set()
    risen(context, 2, "NO", 26, MIDNIGHT - timedelta(days=1))
    assert judge(context, MIDNIGHT) == {"Topic"}
    alert, kept = the_alert(context)
    assert kept["segment"] == {"attribute": "market", "value": "NO"}
    assert [each["segment"] for each in kept["where"]] == [kept["segment"]]  # type: ignore[attr-defined]
    text = " ".join(sentences(explain_alert(context, alert)))
    assert "complaints came in from Norway" in text
    assert "as a whole the topic had not risen" in text
    assert "over all 5 topics in " in text


def test_without_the_setting_only_the_whole_is_judged(context: Context) -> None:
    without = replace(context, settings=context.settings.model_copy(update={"segments": ()}), memory={})
    publish(without, version(without, FAULT), NOW - timedelta(days=8))
    judge(without, MIDNIGHT - timedelta(days=1))
    risen(without, 2, "NO", 26, MIDNIGHT - timedelta(days=1))
    assert judge(without, MIDNIGHT) == set()


def test_segments_wait_for_the_days_end(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=8))
    judge(context, MIDNIGHT - timedelta(days=1))
    risen(context, 2, "NO", 26, MIDNIGHT - timedelta(days=1))
    assert judge(context, MIDNIGHT - timedelta(minutes=1)) == set()


def test_a_rise_of_the_whole_says_where_it_is(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=8))
    judge(context, MIDNIGHT - timedelta(days=1))
    risen(context, 2, "PL", 120, MIDNIGHT - timedelta(days=1))
    assert judge(context, MIDNIGHT) == {"Topic"}
    alert, kept = the_alert(context)
    assert kept["segment"] is None
    assert [each["segment"] for each in kept["where"]] in (  # type: ignore[attr-defined]
        [{"attribute": "market", "value": "PL"}],
        [{"attribute": "language", "value": "pl"}],
    )
    assert "Above what is usual " in " ".join(sentences(explain_alert(context, alert)))


def test_a_rise_that_creeps_in_one_segment_is_told_over_its_four_weeks(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=8))
    judge(context, MIDNIGHT - timedelta(days=1))
    for back in range(30, 0, -1):
        risen(context, 2, "NO", 2, MIDNIGHT - timedelta(days=back), f"day {back}")
    assert judge(context, MIDNIGHT) == {"Topic"}
    alert, kept = the_alert(context)
    assert kept["segment"] == {"attribute": "market", "value": "NO"}
    explained = explain_alert(context, alert)
    assert explained.latest.signal.window == Span(MIDNIGHT - timedelta(days=28), MIDNIGHT)
    (norway,) = explained.latest.where
    assert norway.observed == explained.latest.signal.observed, "both are of the four weeks"
    assert "So that rises that creep are seen, four weeks are judged at once." in " ".join(sentences(explained))


def test_a_rise_in_one_segment_that_came_in_late_is_told_and_called_late(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=20))
    with context.write() as connection:
        connection.execute(complaint.update().values(ingested_at=complaint.c.received_at))
    assert judge(context, MIDNIGHT) == set()
    risen(context, 2, "NO", 26, MIDNIGHT - timedelta(days=12))
    assert judge(context, MIDNIGHT + timedelta(hours=18)) == {"Topic"}
    alert, kept = the_alert(context)
    assert kept["late"]
    assert kept["segment"] == {"attribute": "market", "value": "NO"}
    explained = explain_alert(context, alert)
    assert MIDNIGHT - timedelta(days=12) in explained.latest.signal.window
    text = " ".join(sentences(explained))
    assert "complaints came in from Norway" in text
    assert "They came in after the week was over." in text


@pytest.mark.slow
def test_an_alert_stays_open_while_its_segment_rises_and_resolves_after(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=12))
    judge(context, MIDNIGHT - timedelta(days=10))
    for back in (9, 8, 7):
        risen(context, 2, "NO", 26, MIDNIGHT - timedelta(days=back))
    states = []
    for back in range(8, -8, -1):
        judge(context, MIDNIGHT - timedelta(days=back))
        with context.database.read() as connection:
            states.append([each.state for each in alerts.latest_alerts(connection).values()])
    assert states[0] == [AlertState.OPEN]
    assert states[4] == [AlertState.OPEN], "its week still holds the rise"
    assert states[-1] == [AlertState.RESOLVED]
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection)
        assert [each.after for each in alerts.transitions_of(connection, row.id)] == ["open", "resolved"]


@pytest.mark.slow
def test_publishing_alone_opens_no_alert_about_a_segment(context: Context) -> None:
    """Only the second version knows the subject about which more is written from Norway."""
    publish(context, version(context, LATER), NOW - timedelta(days=9))
    risen(context, LATER, "NO", 26, MIDNIGHT - timedelta(days=1))
    assert judge(context, MIDNIGHT) == set()
    publish(context, version(context, FAULT), MIDNIGHT + timedelta(minutes=1))
    assert judge(context, MIDNIGHT + timedelta(minutes=2)) == set()
    tomorrow = MIDNIGHT + timedelta(days=1)
    assert judge(context, tomorrow) == set(), "nothing has happened but the publication"
    risen(context, LATER, "NO", 26, tomorrow, "again")
    assert judge(context, tomorrow + timedelta(days=1)) == {"Topic"}, "it goes on"


def test_a_version_in_force_before_tells_it_at_once(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=9))
    judge(context, MIDNIGHT - timedelta(days=1))
    risen(context, LATER, "NO", 26, MIDNIGHT - timedelta(days=1))
    assert judge(context, MIDNIGHT) == {"Topic"}


def test_the_digest_says_where(context: Context) -> None:
    publish(context, version(context, FAULT), NOW - timedelta(days=8))
    judge(context, MIDNIGHT - timedelta(days=1))
    risen(context, 2, "NO", 26, MIDNIGHT - timedelta(days=1))
    judge(context, MIDNIGHT)
    digest = gather(context, iso_week((MIDNIGHT - timedelta(days=1)).date()), NOW).digest(None)
    (alert,) = digest.rose
    assert alert.segment == NORWAY
    assert alert.series is not None
    assert max(alert.series.observed) < 60, "the picture shows Norway, not the whole"
    for page in (render_markdown(digest), render_html(digest)):
        assert "from Norway" in page
        assert "Elsewhere the topic is within what is usual." in page


def test_where_else_it_rose_is_not_told_of_a_window_that_nobody_looked_at(context: Context) -> None:
    """Once the rise has gone on, what is kept with the alert speaks of later days than the week's."""
    publish(context, version(context, FAULT), NOW - timedelta(days=8))
    judge(context, MIDNIGHT - timedelta(days=1))
    risen(context, 2, "NO", 26, MIDNIGHT - timedelta(days=1))
    judge(context, MIDNIGHT)
    with context.write() as connection:
        (row,) = alerts.alert_rows(connection)
        later = {"start": MIDNIGHT.isoformat(), "end": (MIDNIGHT + timedelta(days=7)).isoformat()}
        alerts.keep_in_evidence(connection, row.id, "window", later)
    digest = gather(context, iso_week((MIDNIGHT - timedelta(days=1)).date()), NOW).digest(None)
    (alert,) = digest.rose
    page = render_markdown(digest)
    assert alert.segment == NORWAY
    assert "from Norway" in page
    assert "Elsewhere" not in page
    assert "It also rose" not in page
