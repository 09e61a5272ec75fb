"""How many messages, customers and texts stand behind a rise, wherever it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from feedback.domain import Channel, Voices
from feedback.store import alerts
from feedback.store.complaints import store_complaints
from feedback.store.tables import alert
from jobs.alerts_cli import _row
from jobs.context import Context
from jobs.ownership import owners_of
from jobs.publish import publish
from jobs.week import gather
from tests.end_to_end.made_up import FAULT, NOW, judge, made_up_context, told, version

DAY = NOW.replace(hour=0) - timedelta(days=4)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    """Thirty customers write about a subject within a day, all in public, one of them three times."""
    made = made_up_context(tmp_path)
    publish(made, version(made, FAULT), NOW - timedelta(days=30))
    moments = [DAY + timedelta(minutes=20 * number) for number in range(32)]
    more = [
        replace(told(0, at), source_id=f"more {n}", customer_hash=f"who {min(n, 29)}", text=f"Bonus {n} kam nie an",
                channel=Channel.SOCIAL_MEDIA)
        for n, at in enumerate(moments)
    ]  # fmt: skip
    with made.write() as connection:
        store_complaints(connection, more, NOW)
    assert judge(made, DAY + timedelta(days=1)) == {"Topic"}
    yield made
    made.database.close()


def digested(context: Context) -> Voices | None:
    (told,) = gather(context, "2026-W12", NOW + timedelta(days=3)).digest(None).rose
    return told.voices


def test_a_digest_counts_what_was_not_kept_of_its_window(context: Context) -> None:
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection)
    kept = dict(row.evidence)
    counted = Voices(**kept["voices"])
    assert counted.customers == counted.messages - 2
    assert digested(context) == counted
    bare = {name: value for name, value in kept.items() if name not in ("voices", "copies")}
    with context.write() as connection:
        connection.execute(update(alert).values(evidence=bare))
    assert digested(context) == counted


def test_drivers_kept_of_a_later_window_are_not_told_beside_the_weeks_count(context: Context) -> None:
    with context.write() as connection:
        (row,) = alerts.alert_rows(connection)
        kept = dict(row.evidence)
        later = {"start": "2026-03-19T00:00:00+00:00", "end": "2026-03-20T00:00:00+00:00"}
        driver = {"attribute": "market", "value": "PL", "observed": 3, "total": 3, "baseline_share": 0, "p": 0, "q": 0}
        connection.execute(update(alert).values(evidence={**kept, "window": later, "drivers": [driver]}))
    (shown,) = gather(context, "2026-W12", NOW + timedelta(days=3)).digest(None).rose
    assert shown.observed == kept["observed"]
    assert kept["drivers"]
    assert [asdict(each) for each in shown.drivers] == kept["drivers"]


def test_the_list_of_alerts_shows_all_three(context: Context) -> None:
    with context.database.read() as connection:
        (row,) = alerts.alert_rows(connection)
        shown = _row(context, connection, owners_of(context, connection), row)
    voices = row.evidence["voices"]
    assert shown["behind"] == f"{voices['messages']}, {voices['customers']}, {voices['texts']}"
    json.dumps(shown["voices"])
