"""API keys: shown once, kept as a hash, revoked for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from feedback.errors import StoreError
from feedback.store.database import Database
from feedback.store.keys import PREFIX, add_key, key_name, keys, revoke_key
from feedback.store.tables import api_key
from tests.integration.store.store_samples import NOW

LATER = NOW + timedelta(days=1)


def test_a_key_opens_under_its_name_until_it_is_revoked(database: Database) -> None:
    with database.write() as connection:
        key = add_key(connection, "dashboard", NOW)
        assert key_name(connection, key) == "dashboard"
        revoke_key(connection, "dashboard", LATER)
        assert key_name(connection, key) is None
        assert [tuple(row) for row in keys(connection)] == [("dashboard", NOW, LATER)]


def test_keys_differ_and_are_long(database: Database) -> None:
    with database.write() as connection:
        made = [add_key(connection, f"key {number}", NOW) for number in range(5)]
    assert len(set(made)) == 5
    assert all(each.startswith(PREFIX) and len(each) >= 43 for each in made)


def test_the_key_itself_is_nowhere_in_the_database(database: Database) -> None:
    with database.write() as connection:
        key = add_key(connection, "dashboard", NOW)
        (row,) = connection.execute(select(api_key)).all()
    assert key.removeprefix(PREFIX) not in str(row)
    assert len(row.hash) == 64


@pytest.mark.parametrize("guess", ["", "ft_", "ft_wrong", "x" * 5000, "dashboard", "ft_\x00"])
def test_anything_else_opens_nothing(database: Database, guess: str) -> None:
    with database.write() as connection:
        add_key(connection, "dashboard", NOW)
        assert key_name(connection, guess) is None


def test_a_name_is_taken_once_even_after_it_was_revoked(database: Database) -> None:
    with database.write() as connection:
        add_key(connection, "dashboard", NOW)
        revoke_key(connection, "dashboard", NOW)
    with pytest.raises(StoreError, match="There is a key called 'dashboard' already"), database.write() as connection:
        add_key(connection, "dashboard", LATER)


def test_only_a_valid_key_can_be_revoked(database: Database) -> None:
    with pytest.raises(StoreError, match="no valid key called 'dashboard'"), database.write() as connection:
        revoke_key(connection, "dashboard", NOW)


def test_keys_are_listed_the_oldest_first(database: Database) -> None:
    with database.write() as connection:
        add_key(connection, "young", LATER)
        add_key(connection, "old", NOW)
        assert [row.name for row in keys(connection)] == ["old", "young"]
