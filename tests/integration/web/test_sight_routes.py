"""No route that reads gives an owner a name, a quote or a number of a topic that is not theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection
from starlette.testclient import TestClient

from feedback.api.service import Judge, Look
from feedback.chart import Series
from feedback.digest import owner_slug
from feedback.domain import Complaint, Fate, Segment, derived_id
from feedback.judging import Alike, Placed
from feedback.owners import Charge, Owned
from feedback.roles import Right, Role
from feedback.store import counts, topics
from feedback.store.complaints import store_complaints
from feedback.store.fixes import add_fix
from feedback.store.keys import add_key
from feedback.store.owners import add_ownership
from feedback.store.topics import Assigned, LineageEntry, StoredTopic
from tests.applications import create_app
from tests.integration.api.api_world import BONUS, EVIDENCE, NOW, VERSION, open_alert, responding, topic
from tests.integration.web.test_rights import TABLE
from tests.integration.web.web_world import House

THEIRS = topic("Wheel of zebras stuck", owner="games")
GONE = topic("Wheel of okapis stuck", owner="games")
IN_POLAND, IN_GERMANY = 137, 11
WRITTEN = NOW - timedelta(days=1)
WEEK, DIGEST = "2026-W10", f"2026-W10-{owner_slug('games')}"

SECRETS = ("zebra", "okapi", "pinguin", "tapir", r"(?<![\d.])137(?![\d.])", r"(?<![\d.])4171(?![\d.])")
"""Their topic, what it came from, a quote, a fix and its week; how many there are, and what was observed."""

ELSEWHERE = (*SECRETS[1:], r"(?<![\d.])148(?![\d.])")
"""What the owner of a market must not see of a topic that is not theirs: all but its name, and its numbers in all."""

READS = [route for route, right in TABLE.items() if right is Right.READ and "png" not in route]
BODIES: Mapping[str, Any] = {
    "POST /v1/classify": {"items": [{"text": "the wheel is stuck"}]},
    "POST /v1/similar": {"text": "the wheel is stuck"},
}
SILENT = {"GET /health", "GET /metrics", "GET /v1/models", "GET /v1/runs"}
"""Routes that tell of no topic unless they are asked by topic."""


@dataclass(frozen=True)
class Ids:
    alert: UUID
    complaint: UUID

    @property
    def values(self) -> dict[str, str]:
        return {
            "alert_id": str(self.alert), "topic_id": str(THEIRS.id), "version_id": str(VERSION.id), "fix_id": "1",
            "week": WEEK, "name": DIGEST,
        }  # fmt: skip

    def request(self, client: TestClient, route: str) -> str:
        method, path = route.split(" ")
        filled = re.sub(r"\{(\w+)\}", lambda found: self.values[found[1]], path)
        query = {"complaint": str(self.complaint)} if route == "GET /v1/similar" else {}
        query |= {"by": "topic"} if path in ("/v1/kpi", "/figures") else {}
        answer = client.request(method, filled, params=query, json=BODIES.get(route))
        assert answer.status_code in (200, 404), answer.text
        return answer.text.casefold()


def complaint(about: StoredTopic, market: str, place: int) -> Complaint:
    text = "pinguin" if about is THEIRS and market == "PL" else "nothing to tell"
    return Complaint("api", f"{about.name}/{market}/{place}", WRITTEN, text, "0" * 64, "de", market=market)


def write(connection: Connection, about: StoredTopic, market: str, number: int) -> UUID:
    written = [complaint(about, market, place) for place in range(number)]
    store_complaints(connection, written, NOW)
    day = WRITTEN.replace(hour=0, minute=0)
    topics.assign(connection, VERSION.id, [Assigned(each.id, about.id, 0.9, day) for each in written])
    counts.recount(connection, VERSION.id)
    return written[0].id


@pytest.fixture
def ids(house: House) -> Ids:
    with house.database.write() as connection:
        born = [LineageEntry(Fate.MERGED, GONE.id, THEIRS.id, 0.9)]
        topics.store_version(connection, replace(VERSION, id=derived_id("version", 0)), [GONE], ())
        topics.store_version(connection, VERSION, [BONUS, THEIRS], born)
        topics.publish_version(connection, VERSION.id, VERSION.trained_at)
        write(connection, BONUS, "DE", 3)
        quoted = write(connection, THEIRS, "PL", IN_POLAND)
        write(connection, THEIRS, "DE", IN_GERMANY)
        add_ownership(connection, Charge(Owned.MARKET, "de"), "dach", NOW, "test", "")
        alert = open_alert(connection, THEIRS, evidence={**EVIDENCE, "observed": 4171, "complaint_ids": [str(quoted)]})
        add_fix(connection, THEIRS.id, NOW - timedelta(days=2), -0.5, "the tapir is mended", NOW, "gustav")
    folder = house.settings.data_dir / "digests" / WEEK
    folder.mkdir(parents=True)
    (folder / f"{DIGEST}.md").write_text("# The zebra's week", "utf-8")
    (folder / f"{DIGEST}.html").write_text("<h1>The zebra's week</h1>", "utf-8")
    return Ids(alert, quoted)


def series(topic_id: UUID, place: Segment | None, *_: object) -> Series:
    number = IN_GERMANY if place == Segment("market", "de") else IN_POLAND
    return Series((NOW.date(),), (number,), (None,), (None,), (None,))


def client_of(house: House, ids: Ids, owner: str) -> TestClient:
    with house.database.write() as connection:
        key = add_key(connection, owner or "reader", NOW, Role.OWNER if owner else Role.READER, owner)
    alike = [Alike(ids.complaint, 0.9, NOW)]
    app = create_app(
        house.settings,
        house.database,
        house.clock,
        lambda *_: [],
        responding(house.settings, house.database),
        Look(series=series, places=lambda: {BONUS.id: (0.0, 0.0), THEIRS.id: (1.0, 1.0)}),
        Judge(lambda _: [Placed(THEIRS.id, 0.9, "en")], lambda _: lambda *_: alike, lambda *_: alike),
    )
    return TestClient(app, headers={"X-API-Key": key})


@pytest.fixture
def stranger(house: House, ids: Ids) -> Iterator[TestClient]:
    """The owner of another topic."""
    with client_of(house, ids, "promotions") as client:
        yield client


@pytest.fixture
def german(house: House, ids: Ids) -> Iterator[TestClient]:
    """The owner of the market DE."""
    with client_of(house, ids, "dach") as client:
        yield client


@pytest.fixture
def reader(house: House, ids: Ids) -> Iterator[TestClient]:
    """Somebody who sees everything."""
    with client_of(house, ids, "") as client:
        yield client


def found(text: str, secrets: tuple[str, ...]) -> list[str]:
    return [each for each in secrets if re.search(each, text)]


@pytest.mark.parametrize("route", READS)
def test_an_owner_is_told_nothing_of_another_s_topic(stranger: TestClient, ids: Ids, route: str) -> None:
    assert found(ids.request(stranger, route), SECRETS) == []


@pytest.mark.parametrize("route", READS)
def test_the_owner_of_a_market_is_told_nothing_of_other_markets(german: TestClient, ids: Ids, route: str) -> None:
    assert found(ids.request(german, route), ELSEWHERE) == []


@pytest.mark.parametrize("route", [route for route in READS if route not in SILENT])
def test_whoever_sees_everything_is_told_of_it(reader: TestClient, ids: Ids, route: str) -> None:
    """Without it, the tests above would hold for a route that tells nothing to anybody."""
    assert found(ids.request(reader, route), (*SECRETS, "148")) != []


def test_the_owner_of_a_market_sees_what_is_said_and_counted_there(german: TestClient) -> None:
    (there, ours) = german.get("/v1/topics").json()["items"]
    assert (there["name"], there["last_7_days"], there["size"]) == (THEIRS.name, IN_GERMANY, IN_GERMANY)
    assert (ours["name"], ours["last_7_days"]) == (BONUS.name, 3)
    assert sum(german.get(f"/v1/series?topic={THEIRS.id}").json()["items"][0]["complaints"]) == IN_GERMANY
    assert len(german.get(f"/v1/topics/{THEIRS.id}/quotes?limit=100").json()["items"]) == IN_GERMANY
    figures = german.get("/v1/kpi?by=topic&first=2026-03-01&last=2026-03-08").json()["items"]
    assert {each["name"]: each["complaints"]["value"] for each in figures} == {THEIRS.name: IN_GERMANY, BONUS.name: 3}
    hot = {each["name"]: each for each in german.get("/v1/hot-issues").json()["items"]}
    assert hot[THEIRS.name]["current"]["complaints"] == IN_GERMANY
    assert hot[THEIRS.name]["alert_id"] is None
    assert str(IN_GERMANY) in german.get(f"/topics/{THEIRS.id}").text


def test_a_fix_is_not_recorded_by_who_sees_a_part(german: TestClient, ids: Ids) -> None:
    refused = german.post("/v1/fixes", json={"topic_id": str(THEIRS.id), "note": "mended"})
    assert refused.status_code == 403
    assert "who answers for the topic" in refused.json()["detail"]


def test_the_owner_of_a_market_is_told_of_an_alert_what_is_of_that_market(
    house: House, german: TestClient, reader: TestClient
) -> None:
    count = {"observed": 9, "expected": 1.0, "low": 0.0, "high": 3.0, "p": 1e-6}
    driver = {"attribute": "market", "observed": 29, "total": 41, "baseline_share": 0.2, "p": 1e-9, "q": 4e-8}
    here, there = (complaint(THEIRS, market, 0).id for market in ("DE", "PL"))
    risen = {
        **EVIDENCE,
        "where": [{"segment": {"attribute": "market", "value": each}, **count} for each in ("DE", "PL")],
        "drivers": [{**driver, "value": "PL"}],
        "complaint_ids": [str(there), str(here)],
        "group": {"alerts": ["the okapi's"]},
    }
    with house.database.write() as connection:
        alert = open_alert(connection, THEIRS, NOW - timedelta(hours=1), evidence=risen)
    told, page = (german.get(f"{way}/alerts/{alert}") for way in ("/v1", ""))
    assert (told.status_code, page.status_code) == (200, 200)
    found = told.json()["evidence"]
    assert found["complaint_ids"] == [str(here)]
    assert [each["segment"]["value"] for each in found["where"]] == ["DE"]
    assert (found["drivers"], found["group"]) == (None, None)
    assert [each["drivers"] for each in german.get("/v1/hot-issues").json()["items"] if each["alert_id"]] == [[]]
    assert "nothing to tell" in page.text
    for secret in ("pinguin", "Poland", r"(?<![\d.])137(?![\d.])"):
        assert not re.search(secret, page.text), secret
        assert re.search(secret, reader.get(f"/alerts/{alert}").text), secret
    assert f">{IN_GERMANY}<" in page.text, "its days are drawn"
    assert len(reader.get(f"/v1/alerts/{alert}").json()["evidence"]["complaint_ids"]) == 2
