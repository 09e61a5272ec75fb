"""What is written to the database is heard of, whoever writes it."""

from __future__ import annotations

from feedback.domain import Author
from feedback.store import erasures
from feedback.store.changes import Changes
from feedback.store.database import Database, open_database
from tests.integration.api.api_world import NOW

BY = Author("anna", "", NOW)


def write(database: Database, what: str) -> None:
    with database.write() as connection:
        erasures.begin(connection, what, BY)


def test_each_commit_has_a_number_of_its_own(sqlite_database: str) -> None:
    database, other = open_database(sqlite_database), open_database(sqlite_database)
    changes = Changes(database.engine)
    first = changes.number()
    assert changes.number() == first
    write(database, "a")
    second = changes.number()
    write(other, "b")
    assert len({first, second, changes.number()}) == 3
    for each in (database, other):
        each.close()


def test_what_is_not_committed_is_no_change(sqlite_database: str) -> None:
    database = open_database(sqlite_database)
    changes = Changes(database.engine)
    with database.engine.connect() as connection:
        first = changes.number()
        erasures.begin(connection, "a", BY)
        assert changes.number() == first
        connection.rollback()
    assert changes.number() == first
    database.close()


def test_once_the_database_is_closed_nothing_is_known(sqlite_database: str) -> None:
    database = open_database(sqlite_database)
    changes = Changes(database.engine)
    assert changes.number() is not None
    database.close()
    assert changes.number() is None


def test_on_postgresql_it_is_not_known(postgres_database: str) -> None:
    database = open_database(postgres_database)
    assert Changes(database.engine).number() is None
    database.close()
