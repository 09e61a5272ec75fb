"""The values that travel: derived ids, spans, ratios."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback import domain, errors
from feedback.domain import Alert, AlertState, Channel, Complaint, Driver, PinnedTopic, Signal, Span, derived_id

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def signal(observed: int, expected: float) -> Signal:
    span = Span(NOW - timedelta(days=7), NOW)
    topic = derived_id("topic")
    return Signal(topic, topic, "eb7", span, observed, expected, 0.0, 1.0, 0.5, 0.5, 0.3, 4.0, False, True)


def test_ids_are_the_same_in_every_release() -> None:
    # rows in running databases are found by them
    assert derived_id("complaint", "desk", "T-1") == UUID("592892b7-feab-57a7-af35-bf3b7cb79649")
    assert PinnedTopic("bonus_delayed", "x", None, None, {}).id == UUID("66708e9b-92b3-5cbc-9553-b28a3636f7a1")


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x1f")), min_size=1), st.data())
def test_different_parts_have_different_ids(parts: list[str], data: st.DataObject) -> None:
    others = data.draw(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x1f")), min_size=1))
    assert (derived_id(*parts) == derived_id(*others)) == (parts == others)


def test_a_complaint_is_known_by_source_and_number_alone() -> None:
    first = Complaint("desk", "1", NOW, "a", "h", "de")
    assert first.id == Complaint("desk", "1", NOW + timedelta(days=1), "b", "i", "fi", Channel.FAX).id
    assert first.id != Complaint("chat", "1", NOW, "a", "h", "de").id


def test_a_span_holds_its_start_and_not_its_end() -> None:
    span = Span(NOW, NOW + timedelta(hours=1))
    assert NOW in span
    assert span.end - timedelta(microseconds=1) in span
    assert span.end not in span
    assert NOW not in Span(NOW, NOW)


def test_something_out_of_nothing_is_infinitely_more() -> None:
    assert signal(41, 12.5).ratio == pytest.approx(3.28)
    assert signal(0, 0.5).ratio == 0
    assert math.isinf(signal(3, 0.0).ratio)


def test_a_driver_s_share() -> None:
    assert Driver("market", "FI", 30, 40, 0.2, 0.001, 0.01).share == 0.75


@pytest.mark.parametrize(("state", "is_open"), [(state, state is not AlertState.RESOLVED) for state in AlertState])
def test_everything_but_resolved_is_open(state: AlertState, is_open: bool) -> None:
    assert Alert(derived_id("a"), derived_id("t"), state, NOW, NOW).is_open is is_open


def test_all_values_are_frozen_and_without_a_dictionary() -> None:
    found = [each for each in vars(domain).values() if dataclasses.is_dataclass(each) and isinstance(each, type)]
    assert len(found) > 5
    for each in found:
        assert each.__dataclass_params__.frozen, each  # type: ignore[attr-defined]
        assert hasattr(each, "__slots__"), each


def test_an_error_without_words_says_what_its_class_says() -> None:
    assert str(errors.EncoderError()) == "No encoder could be loaded."
    assert str(errors.EncoderError("Too old.")) == "Too old."
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert all(issubclass(each, errors.FeedbackError) and str(each()) for each in kinds)


def test_the_domain_needs_no_library() -> None:
    script = "import sys; before = set(sys.modules); import feedback.domain, feedback.errors; "
    script += "print(*{name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["feedback"]
