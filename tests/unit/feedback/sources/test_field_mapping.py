"""Columns to fields."""

from __future__ import annotations

import pytest

from feedback.errors import SettingError
from feedback.sources import FieldMapping


def test_usual_names_need_no_mapping() -> None:
    fields = FieldMapping().fields(
        {
            "Ticket ID": 7,
            "createdAt": "2024",
            "Message": "hi",
            "lang": "de-DE",
            "Country": "DE",
            "CSAT": 3,
            "player": 9,
        }
    )
    assert fields == {
        "source_id": 7, "received_at": "2024", "text": "hi", "language": "de-DE", "market": "DE", "rating": 3,
        "customer_key": 9, "attributes": {},
    }  # fmt: skip


def test_a_locale_is_the_language_of_an_interface_and_not_of_a_text() -> None:
    fields = FieldMapping().fields({"text": "x", "locale": "de-DE"})
    assert "language" not in fields
    assert fields["attributes"] == {"locale": "de-DE"}


def test_several_columns_make_one_text_and_empty_ones_drop_out() -> None:
    mapping = FieldMapping.parse(["text=title+content", "received_at=day+time"])
    fields = mapping.fields({"title": "Bonus", "content": "missing", "day": "2024-05-01", "time": "10:30"})
    assert (fields["text"], fields["received_at"]) == ("Bonus\n\nmissing", "2024-05-01 10:30")
    assert mapping.fields({"title": " ", "content": "x"})["text"] == "x"
    assert mapping.fields({"title": None})["text"] is None


def test_nested_values_are_reached_with_dots() -> None:
    mapping = FieldMapping.parse(["market=customer.country", "text=text"])
    assert mapping.fields({"text": "x", "customer": {"country": "PL"}})["market"] == "PL"
    assert mapping.fields({"text": "x", "customer": 3})["market"] is None


def test_what_is_left_becomes_attributes_unless_long_nested_or_personal() -> None:
    fields = FieldMapping().fields(
        {
            "text": "x", "payment_method": "Trustly", "game_name": "Starburst", "tags": ["a", "b"], "vip_manager": True,
            "essay": "x" * 121, "raw": {"a": 1}, "mixed": [1, "a"], "empty": "", "none": None,
            "first_name": "Ola", "E-Mail": "a@b.no", "customer_phone": "91234567", "Name": "Ola", "hetu": "x",
        }
    )  # fmt: skip
    assert fields["attributes"] == {
        "payment_method": "Trustly", "game_name": "Starburst", "tags": "a, b", "vip_manager": True,
    }  # fmt: skip


def test_attributes_can_be_chosen() -> None:
    mapping = FieldMapping.parse(["attributes=name+market_segment"])
    fields = mapping.fields({"text": "x", "name": "Starburst", "other": 1, "market_segment": "A"})
    assert fields["attributes"] == {"name": "Starburst", "market_segment": "A"}


def test_attributes_of_a_record_join_its_other_columns() -> None:
    fields = FieldMapping().fields({"text": "x", "attributes": {"device": "ios"}, "app": 3})
    assert fields["attributes"] == {"device": "ios", "app": 3}


@pytest.mark.parametrize("entry", ["nonsense=a", "text", "text=", "text=a+", "=a"])
def test_a_mapping_that_means_nothing_is_refused(entry: str) -> None:
    with pytest.raises(SettingError):
        FieldMapping.parse([entry])


def test_the_refusal_lists_the_fields() -> None:
    with pytest.raises(SettingError, match="source_id, received_at, text"):
        FieldMapping.parse(["body=content"])
