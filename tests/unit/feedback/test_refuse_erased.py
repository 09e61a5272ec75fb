from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from feedback.domain import Complaint, RejectedRecord
from feedback.erasure import refuse_erased
from tests.integration.store.store_samples import NOW, rejected, sample

HOURS = st.integers(-100, 100)


@given(st.lists(st.tuples(st.sampled_from(["anna", "bert", None]), HOURS)), HOURS)
def test_what_came_before_the_erasure_is_emptied_and_all_else_passes(
    told: list[tuple[str | None, int]], erased: int
) -> None:
    results: list[Complaint | RejectedRecord] = [
        sample(place, customer_hash=who, received_at=NOW + timedelta(hours=hour))
        for place, (who, hour) in enumerate(told)
    ]
    places: list[tuple[str, int | None]] = [("file.csv", place) for place in range(len(told))]
    found = refuse_erased(results, places, {"anna": NOW + timedelta(hours=erased)})
    for before, after, (who, hour), place in zip(results, found, told, places, strict=True):
        if who == "anna" and hour <= erased:
            assert isinstance(after, RejectedRecord)
            assert (after.reason, after.record, (after.place, after.line)) == ("erased_customer", {}, place)
            assert "anna" not in repr(after)
        else:
            assert after is before


def test_a_rejected_record_of_an_erased_customer_is_emptied_and_one_of_nobody_stays() -> None:
    theirs = rejected(record={"text": "Hei!", "customer_hash": "anna"})
    found = refuse_erased([theirs, rejected()], [("a.csv", 1), ("a.csv", 2)], {"anna": NOW})
    assert [each.record for each in found if isinstance(each, RejectedRecord)] == [{}, rejected().record]
