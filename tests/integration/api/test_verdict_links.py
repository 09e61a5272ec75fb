"""The links in messages: looking changes nothing, saying counts once, and none can be made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from feedback.domain import Verdict
from feedback.links import LIFE, Link, LinkError, links_of, read, signed
from feedback.notify.outbox import Notice, NoticeKind
from feedback.owners import Charge, Owned
from feedback.settings import hash_key
from feedback.store.audit import entries
from feedback.store.database import Database
from feedback.store.notices import add_notices
from feedback.store.owners import add_ownership
from feedback.store.verdicts import verdicts_of
from tests.conftest import SettingsFactory
from tests.integration.api.api_world import BONUS, EVIDENCE, NOW, open_alert, publish

SECRET = b"s" * 32
BASE = "https://feedback.example.org"


@pytest.fixture
def alert(database: Database) -> UUID:
    with database.write() as connection:
        publish(connection)
        return open_alert(connection, BONUS)


@pytest.fixture
def paths(settings: SettingsFactory, database: Database, alert: UUID) -> Mapping[Verdict, str]:
    """The path of each verdict's link in one message."""
    told = Notice(uuid4(), NoticeKind.OPENED, "promotions", "default/1", {}, NOW, NOW, alert)
    with database.write() as connection:
        add_notices(connection, [told])
    made = links_of(BASE + "/", hash_key(settings().data_dir), told.id, alert, NOW)
    return {verdict: url.removeprefix(BASE) for verdict, url in made.items()}


def test_whoever_answers_for_a_market_alone_gives_no_topic_away(
    anyone: TestClient, settings: SettingsFactory, database: Database
) -> None:
    told = Notice(uuid4(), NoticeKind.OPENED, "germany", "default/1", {}, NOW, NOW)
    count = {"observed": 9, "expected": 1.0, "low": 0.0, "high": 3.0, "p": 1e-6}
    where = [{"segment": {"attribute": "market", "value": "DE"}, **count}]
    with database.write() as connection:
        publish(connection)
        alert = open_alert(connection, BONUS, evidence={**EVIDENCE, "where": where})
        add_ownership(connection, Charge(Owned.MARKET, "DE"), "germany", NOW, "test", "")
        add_notices(connection, [replace(told, alert_id=alert)])
    made = links_of(BASE, hash_key(settings().data_dir), told.id, alert, NOW)
    wrong, real = (made[each].removeprefix(BASE) for each in (Verdict.WRONG_OWNER, Verdict.REAL))
    for refused in (anyone.get(wrong), anyone.post(wrong)):
        assert refused.status_code == 410
        assert "Only who answers for the topic" in refused.text
    assert anyone.post(real).status_code == 200
    assert said(database, alert) == [("real", "germany")]


def said(database: Database, alert: UUID) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(each.verdict, each.who) for each in verdicts_of(connection, alert)]


def test_looking_changes_nothing_and_saying_counts_once(
    anyone: TestClient, database: Database, alert: UUID, paths: Mapping[Verdict, str]
) -> None:
    real = paths[Verdict.REAL]
    for _ in range(2):
        page = anyone.get(real)
        assert page.status_code == 200
        assert BONUS.name in page.text
        assert "<button" in page.text
    assert said(database, alert) == []
    assert "is on record" in anyone.post(real).text
    assert said(database, alert) == [("real", "promotions")]
    for again in (anyone.post(real), anyone.get(real)):
        assert again.status_code == 410
        assert "it counts once" in again.text
    assert said(database, alert) == [("real", "promotions")]


def test_what_is_said_by_a_link_is_in_the_audit_log_without_the_link(
    anyone: TestClient, database: Database, alert: UUID, paths: Mapping[Verdict, str]
) -> None:
    for _ in range(2):
        anyone.post(paths[Verdict.REAL])
    anyone.post("/verdict/nothing")
    with database.read() as connection:
        (row,) = entries(connection, 10)
    assert (row.who, row.way, row.what) == ("promotions", "link", "POST /verdict/{token}")
    assert row.subject == {"alert_id": str(alert), "verdict": "real"}


def test_the_page_leads_to_the_alert_and_refuses_in_the_reader_s_language(
    anyone: TestClient, alert: UUID, paths: Mapping[Verdict, str]
) -> None:
    real = paths[Verdict.REAL]
    for page in (anyone.get(real), anyone.post(real)):
        assert f'href="/alerts/{alert}"' in page.text
    to = {"Accept-Language": "de-DE,de;q=0.9"}
    assert "Dieser Link wurde am 8.\u00a0März\u00a02026 um 15:30 UTC benutzt" in anyone.get(real, headers=to).text
    assert "Dieser Link ist unvollständig." in anyone.get("/verdict/nothing", headers=to).text


def test_another_verdict_of_the_same_message_corrects_the_first(
    anyone: TestClient, database: Database, alert: UUID, paths: Mapping[Verdict, str]
) -> None:
    anyone.post(paths[Verdict.REAL])
    anyone.post(paths[Verdict.EXPECTED])
    assert [each for each, _ in said(database, alert)] == ["real", "expected"]


def test_the_page_loads_nothing_and_tells_nobody_where_it_was_opened_from(
    anyone: TestClient, paths: Mapping[Verdict, str]
) -> None:
    answer = anyone.get(paths[Verdict.REAL])
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in answer.text


def test_an_alert_that_is_no_longer_kept_is_said_so(anyone: TestClient, settings: SettingsFactory) -> None:
    url = links_of(BASE, hash_key(settings().data_dir), uuid4(), uuid4(), NOW)[Verdict.REAL]
    answer = anyone.get(url.removeprefix(BASE))
    assert answer.status_code == 410
    assert "no longer kept" in answer.text


uuids = st.uuids()


@given(uuids, uuids, st.sampled_from(list(Verdict)))
def test_a_link_says_what_was_signed(notice: UUID, alert: UUID, verdict: Verdict) -> None:
    link = Link(notice, alert, verdict, NOW + LIFE)
    assert read(signed(link, SECRET), SECRET, NOW) == link


@given(uuids, st.data())
def test_a_link_that_was_changed_says_nothing(notice: UUID, data: st.DataObject) -> None:
    token = signed(Link(notice, notice, Verdict.REAL, NOW + LIFE), SECRET)
    place = data.draw(st.integers(0, len(token) - 2), "place")
    other = data.draw(st.sampled_from("abcdef234567018-_ é").filter(lambda each: each != token[place]), "other")
    changed = token[:place] + other + token[place + 1 :]
    for wrong in (changed, token[:-4], token + "aaaaaaaa", "", "%00"):
        with pytest.raises(LinkError):
            read(wrong, SECRET, NOW)
    with pytest.raises(LinkError):
        read(token, b"t" * 32, NOW)


def test_a_link_runs_out() -> None:
    token = signed(Link(uuid4(), uuid4(), Verdict.REAL, NOW + LIFE), SECRET)
    assert read(token, SECRET, NOW + LIFE - timedelta(seconds=1))
    with pytest.raises(LinkError, match=r"ran out on 7.April.2026"):
        read(token, SECRET, NOW + LIFE)
