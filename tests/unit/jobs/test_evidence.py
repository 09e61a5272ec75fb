"""What is written down with an alert: what its signal follows from, and how many complaints repeat one another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from feedback.domain import Copies, Reason, Signal, Span, Voices, derived_id
from feedback.settings import Settings
from feedback.store.database import Database, open_database
from feedback.store.facets import Facets
from jobs.context import Context, Parts
from jobs.evidence import Why, evidence, usual_before, voices
from jobs.progress import Silent
from jobs.run import this_process
from tests.integration.store.store_samples import DAY, NOW, TOPIC, VERSION, fill, publish, sample, version

CHAIN = "Leiten Sie das an zehn Freunde weiter und das Casino zahlt jedem von Ihnen sofort {} Euro aus"
SIGNAL = Signal(
    topic_id=TOPIC,
    version_id=VERSION,
    detector="eb7",
    window=Span(DAY, NOW),
    observed=9,
    expected=1.0,
    low=0.0,
    high=3.0,
    p=1e-6,
    q=1e-4,
    score=6.0,
    threshold=3.0,
    rising=True,
    complete=False,
)

REASON = Reason(
    detector="EB7",
    window_days=2,
    open_days=1.4,
    baseline_lag=14,
    half_life=56.0,
    rate=0.7,
    doubt=0.1,
    phi=1.2,
    kappa=0.02,
    others=20.0,
    others_a_day=14.0,
    volume_prior=44.0,
    relative_volume=1.0,
    mean=1.0,
    size=3.0,
    p=1e-6,
    margin=0.0,
)
WHY = Why(REASON, DAY - timedelta(days=3), {"budget": 1.0, "topics": 17}, 0.1)


@pytest.fixture
def database(sqlite_database: str) -> Iterator[Database]:
    opened = open_database(sqlite_database)
    yield opened
    opened.close()


def test_near_copies_are_counted_with_the_texts_they_are(database: Database, settings: Callable[..., Settings]) -> None:
    chosen = settings(time_zone="UTC")
    publish(database)
    chain = [sample(number, text=CHAIN.format(number * 10)) for number in range(1, 5)]
    brief = [sample(number, text="Wo bleibt mein Bonus?", text_hash="same") for number in range(5, 9)]
    before = sample(9, text=CHAIN.format(7), received_at=DAY - timedelta(days=1))
    fill(database, [*chain, *brief, sample(10), before])
    context = Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, this_process())
    with database.read() as connection:
        usual = usual_before(connection, version(), SIGNAL.window)
        kept = evidence(context, connection, SIGNAL, WHY, version(), usual, {})
    assert kept["copies"] == {"complaints": 4, "texts": 1, "of": 9}
    assert kept["voices"] == {"messages": 9, "customers": 9, "texts": 6}


def test_a_customer_is_one_voice_and_a_message_of_nobody_known_another_s() -> None:
    def message(number: int, customer: str | None) -> Facets:
        return Facets(derived_id(number), 0.9, f"text {number}", "de", {}, customer)

    none = Copies(0, 0, 4)
    window = [message(1, "a"), message(2, "a"), message(3, "b"), message(4, None)]
    assert voices(window, none) == Voices(messages=4, customers=3, texts=4)
    assert voices([message(1, None), message(2, None)], none) == Voices(messages=2, customers=None, texts=2)


def test_what_the_signal_follows_from_is_kept_for_the_opening_and_for_the_latest_rise(
    database: Database, settings: Callable[..., Settings]
) -> None:
    chosen = settings(time_zone="UTC")
    publish(database)
    fill(database, [sample(1)])
    context = Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, this_process())
    later = replace(WHY, reason=replace(REASON, detector="ramp", rate=0.9))
    with database.read() as connection:
        usual = usual_before(connection, version(), SIGNAL.window)
        opened = evidence(context, connection, SIGNAL, WHY, version(), usual, {})
        kept = evidence(context, connection, SIGNAL, later, version(), usual, opened)
    assert Reason(**kept["opening"]["reason"]) == REASON
    assert Reason(**kept["reason"]) == later.reason
    assert kept["threshold_origin"] == {"budget": 1.0, "topics": 17, "set_at": "2026-02-26T00:00:00+00:00"}
    assert kept["q_bound"] == 0.1
    json.dumps(kept)
