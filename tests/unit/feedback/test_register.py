from __future__ import annotations

from feedback.register import EXPIRES, TABLES, kept_for, retention_words
from feedback.retention import Retention
from feedback.store.tables import metadata


def test_every_table_is_in_the_register() -> None:
    assert set(TABLES) == set(metadata.tables), "say in feedback/register.py what a new table holds, and why"


def test_every_entry_says_what_why_and_how_it_goes() -> None:
    for each in TABLES.values():
        assert each.holds
        assert each.why
        assert each.kept
        assert each.goes


def test_what_holds_texts_is_kept_as_the_settings_say() -> None:
    rules = Retention(365, {"letters": 0, "desk": 90})
    assert retention_words(rules) == "365 days; desk 90 days; letters for good"
    assert {name for name, each in TABLES.items() if each.kept == EXPIRES} == {
        "complaint",
        "rejected_record",
        "embedding",
        "assignment",
    }
    assert kept_for(TABLES["complaint"], rules) == retention_words(rules)
    assert kept_for(TABLES["fix"], rules) == "for good"
