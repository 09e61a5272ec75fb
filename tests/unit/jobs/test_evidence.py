"""What is written down with an alert: what its signal follows from, and how many complaints repeat one another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from feedback.domain import Alert, AlertState, Complaint, Reason, Signal, Span, Voices, derived_id
from feedback.settings import Settings
from feedback.store import alerts, topics
from feedback.store.complaints import store_complaints
from feedback.store.database import Database, open_database
from feedback.store.events import add_event
from feedback.store.facets import Facets
from jobs.context import Context, Parts
from jobs.evidence import Why, evidence, usual_before, voices
from jobs.progress import Silent
from jobs.run import this_process
from tests.integration.store.store_samples import DAY, NOW, TOPIC, VERSION, assigned, fill, publish, sample, version

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
        usual = usual_before(connection, version().id, SIGNAL.window)
        kept = evidence(context, connection, SIGNAL, WHY, version(), usual, {})
    assert kept["copies"] == {"complaints": 4, "texts": 1, "of": 9}
    assert kept["voices"] == {"messages": 9, "customers": 9, "texts": 6, "unknown": 0, "senders": 9}


def message(number: int, customer: str | None, text: str = "") -> Facets:
    return Facets(derived_id(number), 0.9, text or f"text {number}", "de", {}, customer)


def test_a_customer_is_one_voice_and_messages_of_nobody_known_are_told_apart() -> None:
    window = [message(1, "a"), message(2, "a"), message(3, "b"), message(4, None)]
    assert voices(window, np.arange(4)) == Voices(messages=4, customers=2, texts=4, unknown=1, senders=3)
    nobody = [message(1, None), message(2, None)]
    assert voices(nobody, np.arange(2)) == Voices(messages=2, customers=None, texts=2, unknown=2, senders=2)


def test_a_flood_of_copies_from_nobody_known_is_one_sender_and_from_customers_as_many_as_they_are() -> None:
    known = [message(number, f"customer {number}") for number in range(40)]
    copies = np.array([*range(40), *[40] * 60])
    flood = [message(100 + number, None) for number in range(60)]
    assert voices([*known, *flood], copies) == Voices(100, 40, 41, unknown=60, senders=41)
    brief = [message(100 + number, None, "same") for number in range(60)]
    assert voices([*known, *brief], np.arange(100)) == Voices(100, 40, 41, unknown=60, senders=41)
    customers = [message(100 + number, f"other {number}") for number in range(60)]
    assert voices([*known, *customers], copies) == Voices(100, 100, 41, unknown=0, senders=100)


@pytest.fixture
def context(database: Database, settings: Callable[..., Settings]) -> Context:
    publish(database)
    chosen = settings(time_zone="UTC")
    return Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, this_process())


def drivers_of(context: Context, complaints: Sequence[Complaint]) -> dict[tuple[str, str], Any]:
    """What drives the rise of these complaints, by attribute and value."""
    fill(context.database, complaints)
    return drivers_again(context)


def drivers_again(context: Context) -> dict[tuple[str, str], Any]:
    with context.database.read() as connection:
        usual = usual_before(connection, version().id, SIGNAL.window)
        kept = evidence(context, connection, SIGNAL, WHY, version(), usual, {})
    json.dumps(kept)
    return {(each["attribute"], each["value"]): each for each in kept["drivers"]}


def told(first: int, texts: Sequence[str], **changes: Any) -> list[Complaint]:
    return [sample(first + n, text=text, text_hash=f"{first}-{n}", **changes) for n, text in enumerate(texts)]


PAST = DAY - timedelta(days=9)
USUAL = [f"Die Auszahlung Nummer {n} auf {'Trustly' if n % 8 == 0 else 'Visa'} fehlt" for n in range(64)]


def test_a_payment_method_in_the_texts_of_a_rise_is_named(context: Context) -> None:
    rise = [f"Die Auszahlung Nummer {n} {'mit Trustlyllä' if n % 4 else 'auf Visa'} fehlt" for n in range(20)]
    found = drivers_of(context, told(1, rise) + told(101, USUAL, received_at=PAST))
    trustly = found["payment method", "Trustly"]
    assert (trustly["observed"], trustly["total"], trustly["baseline_share"]) == (15, 20, 0.125)
    assert trustly["in_text"]
    assert ("word", "trustly") not in found, "it is the same thing"
    assert ("payment method", "Visa") not in found


def test_one_that_was_as_common_before_is_not_named(context: Context) -> None:
    rise = [f"Die Auszahlung Nummer {n} auf {'Trustly' if n % 8 == 0 else 'Visa'} fehlt" for n in range(24)]
    assert drivers_of(context, told(1, rise) + told(101, USUAL, received_at=PAST)) == {}


def test_a_new_word_in_a_rise_is_named_by_its_lemma_and_the_topic_s_own_are_not(context: Context) -> None:
    rise = [f"Die Auszahlung {n} auf Visa fehlt {'wegen der Störung' if n % 2 else 'wieder'}" for n in range(20)]
    found = drivers_of(context, told(1, rise) + told(101, USUAL, received_at=PAST))
    assert found["word", "störung"]["observed"] == 10
    assert ("word", "auszahlung") not in found


def test_near_copies_are_no_word_s_rise(context: Context) -> None:
    chain = [CHAIN.format(n * 10) for n in range(15)]
    rise = [f"Die Auszahlung Nummer {n} auf Visa fehlt" for n in range(20)]
    assert drivers_of(context, told(1, chain + rise) + told(101, USUAL, received_at=PAST)) == {}


def test_a_topic_without_a_past_is_held_against_all_complaints_by_names_alone(context: Context) -> None:
    rise = [f"Trustly zeigt Störung {n}" for n in range(12)]
    found = drivers_of(context, told(1, rise))
    assert found == {}, "nothing is known of any complaint before"
    elsewhere = told(101, USUAL, received_at=PAST)
    with context.database.write() as connection:
        store_complaints(connection, elsewhere, NOW)
        topics.assign(connection, VERSION, [assigned(each, None) for each in elsewhere])
    assert list(drivers_again(context)) == [("payment method", "Trustly")]


def rose(context: Context, start: datetime, end: datetime) -> None:
    """The alert of a rise that has lasted since `start`."""
    with context.database.write() as connection:
        rises = [{"start": start.isoformat(), "end": end.isoformat()}]
        alert = Alert(derived_id("alert"), TOPIC, AlertState.OPEN, start, end)
        alerts.store_alert(connection, alert, end, {"rises": rises})


RISE = [f"Die Auszahlung Nummer {n} {'mit Trustly' if n % 4 else 'auf Visa'} fehlt" for n in range(20)]


def lasting(context: Context, weeks: int) -> list[Complaint]:
    """A rise that began so many weeks before the window, after complaints as usual."""
    start = DAY - timedelta(weeks=weeks)
    rose(context, start, NOW)
    since = [told(1000 * n, RISE, received_at=start + timedelta(weeks=n)) for n in range(1, weeks)]
    before = told(101, USUAL, received_at=start - timedelta(days=3))
    return [*told(1, RISE), *before, *(each for week in since for each in week)]


@pytest.mark.parametrize("weeks", [4, 20])
def test_what_drives_a_rise_drives_it_however_long_it_lasts(context: Context, weeks: int) -> None:
    trustly = drivers_of(context, lasting(context, weeks))["payment method", "Trustly"]
    assert (trustly["observed"], trustly["baseline_share"]) == (15, 0.125)


def test_a_rise_as_old_as_its_topic_is_held_against_what_was_usual_elsewhere(context: Context) -> None:
    rose(context, PAST - timedelta(days=1), NOW)
    fill(context.database, told(1001, RISE * 3, received_at=PAST))
    elsewhere = told(101, USUAL, received_at=PAST)
    with context.database.write() as connection:
        store_complaints(connection, elsewhere, NOW)
        topics.assign(connection, VERSION, [assigned(each, None) for each in elsewhere])
    assert drivers_of(context, told(1, RISE))["payment method", "Trustly"]["baseline_share"] == 0.125


def test_days_of_an_expected_rise_do_not_say_what_is_usual(context: Context) -> None:
    with context.database.write() as connection:
        day = (DAY - timedelta(days=20)).date()
        add_event(connection, "Derby", day, day, TOPIC, "", NOW, "ana", expected=True)
    derby = told(1001, RISE * 3, received_at=DAY - timedelta(days=20))
    found = drivers_of(context, told(1, RISE) + told(101, USUAL, received_at=PAST) + derby)
    assert found["payment method", "Trustly"]["baseline_share"] == 0.125


def test_with_entities_switched_off_the_words_are_looked_at_alone(
    database: Database, settings: Callable[..., Settings]
) -> None:
    publish(database)
    chosen = settings(time_zone="UTC", entities="none")
    context = Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, this_process())
    rise = [f"Die Auszahlung Nummer {n} auf {'Trustly' if n % 4 else 'Visa'} fehlt" for n in range(20)]
    found = drivers_of(context, told(1, rise) + told(101, USUAL, received_at=PAST))
    assert ("word", "trustly") in found
    assert {attribute for attribute, _ in found} == {"word"}


def test_texts_are_read_once_and_no_more_are_remembered_than_agreed(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    rise = [f"Die Auszahlung {n} auf Trustly hängt" for n in range(20)]
    found = drivers_of(context, told(1, rise) + told(101, USUAL, received_at=PAST))
    assert len(context.memory["named"]) == 84
    monkeypatch.setattr(context.parts.finder, "read", lambda texts: [] if not texts else pytest.fail("read again"))
    assert drivers_again(context) == found
    monkeypatch.undo()
    monkeypatch.setattr("jobs.named.REMEMBERED", 30)
    context.memory["named"].clear()
    assert drivers_again(context) == found
    assert len(context.memory["named"]) == 30


def test_what_the_signal_follows_from_is_kept_for_the_opening_and_for_the_latest_rise(
    database: Database, settings: Callable[..., Settings]
) -> None:
    chosen = settings(time_zone="UTC")
    publish(database)
    fill(database, [sample(1)])
    context = Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, this_process())
    later = replace(WHY, reason=replace(REASON, detector="ramp", rate=0.9))
    with database.read() as connection:
        usual = usual_before(connection, version().id, SIGNAL.window)
        opened = evidence(context, connection, SIGNAL, WHY, version(), usual, {})
        kept = evidence(context, connection, SIGNAL, later, version(), usual, opened)
    assert Reason(**kept["opening"]["reason"]) == REASON
    assert Reason(**kept["reason"]) == later.reason
    assert kept["threshold_origin"] == {"budget": 1.0, "topics": 17, "set_at": "2026-02-26T00:00:00+00:00"}
    assert kept["q_bound"] == 0.1
    json.dumps(kept)
