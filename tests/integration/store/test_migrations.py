"""The schema that migrations make, and what is said of a database that cannot be used."""

from __future__ import annotations

import socket
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, inspect, make_url, text

from feedback.domain import Span, derived_id
from feedback.errors import StoreError
from feedback.notify.outbox import Notice, NoticeKind
from feedback.store import nearest
from feedback.store.alerts import transitions_of
from feedback.store.complaints import count_complaints, store_complaints
from feedback.store.counts import counts_by_segment, recount
from feedback.store.database import Database, create_database, open_database
from feedback.store.notices import told_channels
from feedback.store.tables import alert, bucket_count, metadata, notice, stale_bucket, transition
from tests.integration.store.store_samples import DAY, NOW, TOPIC, VERSION, fill, publish, sample

COMPARED: dict[str, Any] = {
    "compare_type": True,
    "compare_server_default": True,
    "include_name": lambda name, kind, _: kind != "table" or name != nearest.TABLE,
}
EVER = Span(DAY - timedelta(days=400), DAY + timedelta(days=400))


@pytest.mark.timeout(120)
def test_migrations_make_the_tables_that_the_code_describes(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts=COMPARED)
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_an_earlier_release_counted_is_counted_again_by_segment(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/old.db" if kind == "sqlite" else request.getfixturevalue("empty_postgres_database")
    old = create_database(url, "0005")
    publish(old)
    fill(old, [sample(market="DE")])
    with old.write() as connection:
        connection.execute(delete(stale_bucket))
        known = {"version_id": VERSION, "bucket_start": DAY, "topic_id": TOPIC, "complaints": 1, "customers": 1}
        connection.execute(bucket_count.insert().values(**known))
    old.close()
    new = create_database(url)
    with new.write() as connection:
        assert list(counts_by_segment(connection, VERSION, EVER)) == []
        assert recount(connection, VERSION) == 1
        ((_, _, found),) = counts_by_segment(connection, VERSION, EVER)
    new.close()
    assert found["market"] == {"DE": 1}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_an_earlier_release_told_is_not_told_again(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/old.db" if kind == "sqlite" else request.getfixturevalue("empty_postgres_database")
    old, key = create_database(url, "0009"), derived_id("alert")
    sent = Notice(key, NoticeKind.OPENED, "payments", "desk", {}, NOW, NOW, key, 2)
    weekly = replace(sent, id=derived_id("weekly"), kind=NoticeKind.DIGEST, alert_id=None)
    with old.write() as connection:
        for each in (sent, weekly):
            connection.execute(notice.insert().values({**asdict(each), "kind": each.kind, "state": each.state}))
    old.close()
    new = create_database(url)
    with new.read() as connection:
        assert told_channels(connection, key, 2) == {"desk": "payments"}
        assert told_channels(connection, key, 0) == {}
    new.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_numbers_that_an_earlier_release_kept_of_an_opening_stand_in_the_history(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/old.db" if kind == "sqlite" else request.getfixturevalue("empty_postgres_database")
    old, known, bare = create_database(url, "0017"), derived_id("known"), derived_id("bare")
    publish(old)
    opening = {"observed": 41, "expected": 12.3, "window": {"start": "2026-03-02", "end": "2026-03-09"}, "p": 1e-6}
    moments = dict.fromkeys(("opened_at", "last_rising_at", "judged_at"), NOW)
    with old.write() as connection:
        for key, evidence in ((known, {"opening": opening, "observed": 50}), (bare, {})):
            row = {"id": key, "topic_id": TOPIC, "state": "acknowledged", "evidence": evidence, **moments}
            connection.execute(alert.insert().values(row))
            for position, after in enumerate(("open", "acknowledged")):
                change = {"alert_id": key, "position": position, "at": NOW, "after": after, "who": "ana", "why": "seen"}
                connection.execute(transition.insert().values(change))
    old.close()
    new = create_database(url)
    with new.read() as connection:
        first, second = (row.numbers for row in transitions_of(connection, known))
        assert [row.numbers for row in transitions_of(connection, bare)] == [None, None]
    new.close()
    assert (first["observed"], first["expected"], first["window"]) == (41, 12.3, opening["window"])
    assert second is None, "what was not kept is not made up"


def test_every_table_and_constraint_has_its_name(database: Database) -> None:
    found = inspect(database.engine)
    assert set(found.get_table_names()) - {nearest.TABLE} == {*metadata.tables, "alembic_version"}
    unnamed = [name for name in metadata.tables for key in found.get_foreign_keys(name) if not key["name"]]
    assert unnamed == []


def test_creating_again_keeps_the_data(database: Database, database_url: str) -> None:
    with database.write() as connection:
        store_complaints(connection, [sample()], NOW)
    create_database(database_url).close()
    with database.read() as connection:
        assert count_complaints(connection)[0] == 1


def test_a_missing_sqlite_file_is_called_empty_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(StoreError, match=r"none\.db is empty: `feedback init` creates its tables"):
        open_database(f"sqlite:///{path}")
    assert not path.exists()


def test_a_missing_folder_is_called_empty_too(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is empty: `feedback init`"):
        open_database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")


def test_creating_makes_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "feedback.db"
    create_database(f"sqlite:///{path}").close()
    assert path.is_file()


def test_an_empty_postgresql_database_is_called_empty(empty_postgres_database: str) -> None:
    with pytest.raises(StoreError, match="is empty: `feedback init` creates its tables"):
        open_database(empty_postgres_database)


def test_an_empty_postgresql_database_is_filled(empty_postgres_database: str) -> None:
    create_database(empty_postgres_database).close()
    opened = open_database(empty_postgres_database)
    with opened.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM complaint")).scalar_one() == 0
    opened.close()


def test_another_schema_is_refused_with_both_revisions(database: Database, database_url: str) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(StoreError, match=r"has schema 0000, this program \d{4}: run `feedback init`"):
        open_database(database_url)


def test_a_database_that_lacks_tables_is_refused_with_their_names(database: Database, database_url: str) -> None:
    with database.write() as connection:
        for name in ("told", "mute"):
            connection.exec_driver_sql(f"DROP TABLE {name}")
    with pytest.raises(StoreError, match=r"lacks tables: mute, told\. Restore a backup"):
        open_database(database_url)


def test_a_schema_newer_than_the_program_is_refused_in_words(database: Database, database_url: str) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (open_database, create_database):
        with pytest.raises(StoreError, match=r"has schema 9999, this program only \d{4}: install the later release"):
            use(database_url)


@pytest.mark.parametrize("use", [open_database, create_database])
def test_an_unreachable_server_is_named_without_its_password(use: object) -> None:
    assert callable(use)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: whoever connects is turned away
        port = unused.getsockname()[1]
        with pytest.raises(StoreError) as refused:
            use(f"postgresql+psycopg://reader:s3cr3t@127.0.0.1:{port}/complaints")
    message = str(refused.value)
    assert "cannot be reached" in message
    assert f"127.0.0.1:{port}/complaints" in message
    assert "'database_url'" in message
    assert "s3cr3t" not in message


def test_a_password_among_the_options_is_not_shown_either() -> None:
    with pytest.raises(StoreError) as refused:
        open_database("postgresql+psycopg://127.0.0.1:1/complaints?user=reader&password=s3cr3t&connect_timeout=2")
    assert "user=reader" in str(refused.value)
    assert "s3cr3t" not in str(refused.value)


def test_a_database_that_does_not_exist_is_named(postgres_database: str) -> None:
    url = make_url(postgres_database).set(database="nowhere")
    with pytest.raises(StoreError, match='database "nowhere" does not exist'):
        open_database(url.render_as_string(hide_password=False))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear support, where is my bonus? " * 100)
    with pytest.raises(StoreError, match=r"letter\.db"):
        open_database(f"sqlite:///{path}")


def test_sqlite_writes_ahead_and_holds_foreign_keys(sqlite_database: str) -> None:
    database = open_database(sqlite_database)
    with database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() >= 10_000
    database.close()


def test_what_a_reader_writes_is_not_kept(database: Database) -> None:
    with database.read() as connection:
        store_complaints(connection, [sample()], NOW)
    with database.read() as connection:
        assert count_complaints(connection)[0] == 0


def test_a_transaction_is_written_whole_or_not_at_all(database: Database) -> None:
    def fail_half_way() -> None:
        with database.write() as connection:
            store_complaints(connection, [sample()], NOW)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail_half_way()
    with database.read() as connection:
        assert count_complaints(connection)[0] == 0
