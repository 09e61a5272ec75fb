"""From every release there was to this one: nothing is lost on the way, and what arrives can be read."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib import import_module, resources
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, inspect, select

from feedback.domain import Span
from feedback.errors import StoreError
from feedback.store import (
    accounts,
    alerts,
    audit,
    complaints,
    counts,
    edits,
    embeddings,
    erasures,
    escalations,
    events,
    exposure,
    fixes,
    held,
    kept_counts,
    keys,
    notices,
    owners,
    requests,
    runs,
    state,
    topics,
    verdicts,
)  # fmt: skip
from feedback.store.database import Database, create_database, open_database
from feedback.store.tables import metadata
from feedback.store.vitals import vitals
from tests.integration.store.rows_of_each_table import (
    ALERT,
    ANNA,
    FIRST,
    OLD_ALERT,
    OTHER_TOPIC,
    ROWS,
    SECOND,
    VECTOR,
)  # fmt: skip
from tests.integration.store.store_samples import DAY, NOW, TOPIC, VERSION, sample
from tests.running import ROOT

SCRIPTS = sorted(
    Path(path.name).stem
    for path in (resources.files("feedback.store") / "migrations" / "versions").iterdir()
    if path.name[0].isdigit()
)
REVISIONS = [each.split("_")[0] for each in SCRIPTS]
ALERTS = (ALERT, OLD_ALERT)
LATER = NOW + timedelta(days=100)

FILLED = {"stale_bucket", "told"}
"""Tables that a migration itself adds rows to."""

READ: Mapping[str, tuple[Callable[[Connection], Any], int]] = {
    "complaint": (lambda c: complaints.complaints_by_id(c, [FIRST, SECOND]), 2),
    "rejected_record": (complaints.rejected_records, 1),
    "embedding": (lambda c: topics.embedded_complaints(c, "encoder-1", LATER), 2),
    "topic": (topics.topic_names, 2),
    "topic_model_version": (topics.versions, 2),
    "topic_in_version": (lambda c: topics.all_topics_of(c, VERSION), 2),
    "edit": (edits.edits, 2),
    "planned_event": (events.planned_events, 1),
    "fix": (fixes.fixes, 1),
    "outcome": (lambda c: fixes.outcomes_of(c, 1), 2),
    "exposure": (lambda c: exposure.exposure_of(c, "players", DAY.date(), LATER.date()), 2),
    "lineage": (lambda c: topics.lineage_of(c, VERSION), 2),
    "assignment": (lambda c: topics.topics_assigned(c, VERSION, [FIRST, SECOND]), 2),
    "bucket_count": (lambda c: counts.counts(c, VERSION, Span(DAY, NOW)), 2),
    "kept_count": (lambda c: kept_counts.kept_cells(c, VERSION, [DAY]), 2),
    "erasure": (erasures.erased_at, 2),
    "signal": (alerts.latest_signals, 2),
    "alert": (alerts.alert_rows, 2),
    "transition": (lambda c: alerts.transitions_of(c, ALERT), 2),
    "verdict": (verdicts.latest_verdicts, 2),
    "mute": (lambda c: verdicts.mutes(c, lifted=True), 2),
    "notice": (notices.listed, 2),
    "told": (lambda c: notices.told_channels(c, ALERT, 0), 1),
    "ownership": (lambda c: owners.ownerships(c, ended=True), 2),
    "escalation": (lambda c: escalations.escalations_of(c, ALERT), 2),
    "area_alert": (held.area_alerts, 1),
    "held_back": (lambda c: [each for alert in ALERTS for each in held.held_of(c, alert)], 2),
    "threshold": (
        lambda c: [found for each in ("EB7 and ramp", "segments") if (found := alerts.stored_threshold(c, each, NOW))],
        2,
    ),
    "run": (lambda c: runs.latest_runs(c, 10), 2),
    "request": (lambda c: requests.requests(c, 10), 2),
    "counting": (lambda c: [True] * (counts.times_counted(c, VERSION) == 7), 1),
    "api_key": (keys.keys, 2),
    "account": (accounts.accounts, 2),
    "recovery_code": (lambda c: [True] * accounts.count_recovery_codes(c, ANNA), 2),
    "audit_entry": (lambda c: audit.entries(c, 10), 2),
}
"""How the store reads a table, and how much of its rows it shows. The others are asked for one row at a time, by a hash
that nobody has."""

Stored = dict[str, Counter[tuple[str, ...]]]
"""By table the rows, as often as each is there."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where there is no database yet, of each kind in turn."""
    return (
        f"sqlite:///{tmp_path}/old.db"
        if request.param == "sqlite"
        else str(request.getfixturevalue("empty_postgres_database"))
    )


def test_there_are_rows_and_readers_of_every_table() -> None:
    assert ROWS.keys() == metadata.tables.keys()
    assert metadata.tables.keys() - READ.keys() == {"stale_bucket", "used_link", "session", "lock_out"}


def test_each_revision_comes_after_the_one_before_it_and_none_is_left_out() -> None:
    scripts = [import_module(f"feedback.store.migrations.versions.{each}") for each in SCRIPTS]
    assert [f"{number:04d}" for number in range(1, len(SCRIPTS) + 1)] == REVISIONS
    assert [each.revision for each in scripts] == REVISIONS
    assert [each.down_revision for each in scripts] == [None, *REVISIONS[:-1]]


@pytest.mark.parametrize("revision", REVISIONS)
def test_nothing_is_lost_on_the_way_from_an_earlier_release(url: str, revision: str) -> None:
    old = create_database(url, revision)
    columns = columns_of(old)
    fill_everything(old, columns)
    before = stored(old, columns)
    old.close()
    assert all(before.values()), "every table had something in it"

    new = create_database(url)
    after = stored(new, columns)
    assert {name: rows - after[name] for name, rows in before.items() if rows - after[name]} == {}
    grown = {name for name, rows in before.items() if after[name] - rows}
    assert grown <= FILLED
    assert broken_references(new) == {}
    with new.read() as connection:
        assert {name: len(read(connection)) for name, (read, _) in READ.items()} == expected(columns)
        look_at(connection)
    go_on(new)
    new.close()


def test_a_migration_that_fails_half_way_leaves_all_as_it_was(url: str) -> None:
    old = create_database(url, "0005")
    fill_everything(old, columns_of(old))
    with old.write() as connection:
        connection.exec_driver_sql("CREATE TABLE account (name INTEGER)")  # in the way of 0015
    before = {name: known for name, known in columns_of(old).items() if name != "account"}
    rows = stored(old, before)
    with pytest.raises(StoreError, match=r"stays as it was.*account.* already exists"):
        create_database(url)
    assert columns_of(old).keys() == {*before, "account"}
    assert stored(old, before) == rows
    with old.write() as connection:
        connection.exec_driver_sql("DROP TABLE account")
    old.close()
    create_database(url).close()
    open_database(url).close()


def test_two_that_migrate_at_once_do_it_once(url: str) -> None:
    create_database(url, "0005").close()
    migrate = f"from feedback.store.database import create_database; create_database({url!r})"
    both = [subprocess.Popen([sys.executable, "-c", migrate], cwd=ROOT) for _ in range(2)]
    assert [each.wait(timeout=120) for each in both] == [0, 0]
    open_database(url).close()


def columns_of(database: Database) -> dict[str, list[str]]:
    """The columns there are, by table, parents before children."""
    found = inspect(database.engine)
    there = set(found.get_table_names())
    return {
        name: [each["name"] for each in found.get_columns(name)]
        for name in (table.name for table in metadata.sorted_tables)
        if name in there
    }


def fill_everything(database: Database, columns: Mapping[str, list[str]]) -> None:
    """Put in what that release could know of the rows of each table."""
    with database.write() as connection:
        for name, known in columns.items():
            for row in ROWS[name]:
                values = {column: value for column, value in row.items() if column in known}
                connection.execute(metadata.tables[name].insert().values(values))


def stored(database: Database, columns: Mapping[str, list[str]]) -> Stored:
    """What these columns hold."""
    with database.read() as connection:
        return {
            name: Counter(
                tuple(map(repr, row))
                for row in connection.execute(select(*(metadata.tables[name].c[column] for column in known)))
            )
            for name, known in columns.items()
        }


def broken_references(database: Database) -> dict[str, int]:
    """Rows that refer to what is not there, by foreign key."""
    found = {}
    with database.read() as connection:
        for table in metadata.sorted_tables:
            for key in table.foreign_key_constraints:
                ((here, there),) = ((each.parent, each.column) for each in key.elements)
                lost = here.is_not(None) & here.not_in(select(there))
                number = connection.execute(select(func.count()).select_from(table).where(lost)).scalar_one()
                found[str(key.name)] = number
    return {name: number for name, number in found.items() if number}


def expected(columns: Mapping[str, list[str]]) -> dict[str, int]:
    """How much is read of each table: nothing of what came later, but for what migrations make themselves."""
    made = {"told"} if "notice" in columns else set()
    return {name: number if name in columns or name in made else 0 for name, (_, number) in READ.items()}


def look_at(connection: Connection) -> None:
    """What is shown of it is what was put in."""
    first = complaints.complaints_by_id(connection, [FIRST])[FIRST]
    given = ROWS["complaint"][0]
    assert (first.text, first.rating, first.attributes) == (given["text"], given["rating"], given["attributes"])
    assert first.received_at == given["received_at"]
    (vector, _) = (row.vector for row in topics.vectors_of(connection, "encoder-1", sorted([FIRST, SECOND])))
    assert embeddings.decode_vectors([vector]).tolist() == [VECTOR.tolist()]
    version = topics.published_version(connection)
    assert version is not None
    assert version.id == VERSION
    assert {each.id for each in topics.topics_of(connection, VERSION)} == {TOPIC, OTHER_TOPIC}
    row = alerts.alert_row(connection, ALERT)
    assert (row.topic, row.owner, row.area) == ("Käteisbonus viivästyy", "payments", "Bonuses")
    assert alerts.transitions_of(connection, ALERT)[0].numbers["observed"] == 41
    assert [topic for topic, _ in alerts.risen_spans(connection)] == [TOPIC]
    assert alerts.latest_alerts(connection)[TOPIC].id == ALERT
    assert {each.name: each.role for each in keys.keys(connection)}["old"] == "administrator", "it could do everything"
    assert vitals(connection, NOW).jobs
    assert state.state_of(connection)


def go_on(database: Database) -> None:
    """The work goes on from there."""
    with database.write() as connection:
        assert complaints.store_complaints(connection, [sample(7)], NOW).accepted == 1
        assert edits.undo_edit(connection, 99, NOW, "anna", "none of that number") is None
        counts.recount(connection, VERSION)
    with database.read() as connection:
        found = {topic: number for _, topic, number, _ in counts.counts(connection, VERSION, Span(DAY, NOW))}
    assert found[TOPIC] >= 1
