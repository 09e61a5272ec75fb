"""Which topics are worth an entry, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import Span
from feedback.faq import FaqSuggestion, is_mostly_asked, ranked
from feedback.interval import share

SPAN = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))


def suggestion(
    name: str, complaints: int, minutes: float | None = None, by: str | None = "resolution"
) -> FaqSuggestion:
    way = by if minutes is not None else None
    return FaqSuggestion(UUID(int=len(name)), name, None, "ana", SPAN, complaints, share(9, 10), minutes, way, {})


def names(*found: FaqSuggestion) -> list[str]:
    return [each.topic for each in ranked(found)]


def test_most_have_to_ask_beyond_doubt() -> None:
    assert is_mostly_asked(share(40, 50))
    assert not is_mostly_asked(share(27, 50)), "a majority by chance"
    assert not is_mostly_asked(share(9, 9)), "too few were read"
    assert not is_mostly_asked(share(0, 50))


def test_what_takes_most_time_in_all_comes_first() -> None:
    assert names(suggestion("many", 100, 10), suggestion("slow", 20, 100)) == ["slow", "many"]


def test_where_no_time_is_known_the_number_counts() -> None:
    assert names(suggestion("few", 5), suggestion("many", 50)) == ["many", "few"]


def test_a_topic_whose_time_is_not_known_is_taken_to_need_the_usual_one() -> None:
    known = [suggestion("quick", 30, 1), suggestion("usual", 30, 60), suggestion("slow", 30, 600)]
    assert names(*known, suggestion("unknown", 40)) == ["slow", "unknown", "usual", "quick"]


def test_times_of_different_things_are_not_compared() -> None:
    resolved = [suggestion("one", 30, 600), suggestion("two", 20, 600)]
    answered = suggestion("three", 25, 5, by="first response")
    assert names(*resolved, answered) == ["one", "three", "two"]


@given(st.lists(st.tuples(st.integers(1, 500), st.none() | st.floats(0.1, 1e5)), max_size=8))
def test_nothing_is_lost_in_ranking(given_topics: list[tuple[int, float | None]]) -> None:
    found = [suggestion(f"topic {place}", *each) for place, each in enumerate(given_topics)]
    assert sorted(names(*found)) == sorted(each.topic for each in found)
