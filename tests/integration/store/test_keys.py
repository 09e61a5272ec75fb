"""API keys: shown once, kept as a hash, revoked for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from feedback.accounts import AccountError
from feedback.errors import StoreError
from feedback.roles import Principal, Role
from feedback.store.database import Database
from feedback.store.keys import PREFIX, add_key, key_of, keys, note_use, revoke_key
from feedback.store.tables import api_key
from tests.integration.store.store_samples import NOW

LATER = NOW + timedelta(days=1)


def test_a_key_opens_under_its_name_until_it_is_revoked(database: Database) -> None:
    with database.write() as connection:
        key = add_key(connection, "dashboard", NOW)
        found = key_of(connection, key, NOW)
        assert found
        assert found.principal() == Principal("dashboard", Role.READER)
        revoke_key(connection, "dashboard", LATER)
        assert key_of(connection, key, NOW) is None
        (row,) = keys(connection)
    assert (row.name, row.created_at, row.revoked_at) == ("dashboard", NOW, LATER)


def test_a_key_has_its_role_and_runs_out(database: Database) -> None:
    with database.write() as connection:
        key = add_key(connection, "payments bot", NOW, Role.OWNER, "payments", expires_at=LATER)
        found = key_of(connection, key, LATER - timedelta(seconds=1))
        assert found
        assert found.principal() == Principal("payments bot", Role.OWNER, "payments")
        assert key_of(connection, key, LATER) is None


def test_a_key_that_sends_may_be_bound_to_sources(database: Database) -> None:
    with database.write() as connection:
        key = add_key(connection, "desk", NOW, Role.SENDER, sources=[" mail ", "chat", "mail"])
        found = key_of(connection, key, NOW)
        assert found
        assert found.principal().sources == ("mail", "chat")
        (row,) = keys(connection)
        assert row.sources == ["mail", "chat"]
        with pytest.raises(StoreError, match="sends no complaints"):
            add_key(connection, "reader", NOW, Role.READER, sources=["mail"])
        with pytest.raises(StoreError, match="printable"):
            add_key(connection, "other", NOW, Role.SENDER, sources=["a\nb"])


def test_when_a_key_was_last_used_is_on_record(database: Database) -> None:
    with database.write() as connection:
        key = add_key(connection, "dashboard", NOW)
        unused = key_of(connection, key, NOW)
        note_use(connection, "dashboard", NOW)
        used = key_of(connection, key, NOW)
    assert unused
    assert not unused.is_noted(NOW)
    assert used
    assert used.is_noted(NOW + timedelta(seconds=59))
    assert not used.is_noted(NOW + timedelta(seconds=60))


@pytest.mark.parametrize(("role", "owner"), [(Role.OWNER, ""), (Role.READER, "payments")])
def test_an_owner_goes_with_the_role_owner(database: Database, role: Role, owner: str) -> None:
    with pytest.raises(AccountError, match="owner"), database.write() as connection:
        add_key(connection, "dashboard", NOW, role, owner)


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
        assert key_of(connection, guess, NOW) is None


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
