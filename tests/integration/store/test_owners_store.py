"""Who answers for what is kept, replaced and taken back, and stays on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from feedback.owners import Charge, Owned
from feedback.store.database import Database
from feedback.store.owners import add_ownership, end_ownership, ownerships

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def test_the_latest_decision_holds_whatever_its_capitals(database: Database) -> None:
    with database.write() as connection:
        add_ownership(connection, Charge(Owned.AREA, "Überweisung"), "payments", NOW, "anna", "")
        add_ownership(connection, Charge(Owned.AREA, "ÜBERWEISUNG"), "banking", LATER, "ben", "moved")
        add_ownership(connection, Charge(Owned.MARKET, "Überweisung"), "nobody's", LATER, "ben", "")
        held = {(each.charge.attribute, each.owner) for each in ownerships(connection)}
        assert held == {("area", "banking"), ("market", "nobody's")}
        first = ownerships(connection, ended=True)[0]
    assert (first.owner, first.ended_at, first.ended_by) == ("payments", LATER, "ben")


def test_what_is_taken_back_no_longer_holds(database: Database) -> None:
    with database.write() as connection:
        add_ownership(connection, Charge(Owned.BRAND, "Lucky"), "lucky", NOW, "anna", "")
        assert end_ownership(connection, Charge(Owned.BRAND, "lucky"), LATER, "anna")
        assert not end_ownership(connection, Charge(Owned.BRAND, "lucky"), LATER, "anna")
        assert ownerships(connection) == []
