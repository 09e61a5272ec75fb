"""The dashboard's pages as a browser without scripts gets them."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from feedback.digest import owner_slug
from feedback.language import LANGUAGES
from feedback.roles import Role
from feedback.store import keys, topics
from feedback.store.database import Database
from feedback.store.requests import waiting
from feedback.web.settings import shown as settings_shown
from tests.applications import create_app
from tests.conftest import SettingsFactory
from tests.integration.api.api_world import (
    BONUS,
    EVIDENCE,
    LOGIN,
    NOW,
    VERSION,
    assert_problem,
    open_alert,
    responding,
    topic,
)
from tests.unit.feedback.test_support_words import BACKGROUND

PAGES = (
    "/", "/alerts", "/topics", "/topics/map", "/topics/decisions", "/models", "/fixes", "/figures", "/digests",
    "/health", "/settings", "/sign-in",
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_there_in_each_language(browser: TestClient, alert: UUID, path: str, language: str) -> None:
    page = browser.get(path, headers={"Accept-Language": f"{language}-XX,en;q=0.5"})

    assert page.status_code == 200
    assert f'<html lang="{language}"' in page.text


@pytest.mark.parametrize("path", PAGES)
def test_no_page_needs_anything_from_elsewhere_or_written_into_it(browser: TestClient, alert: UUID, path: str) -> None:
    for text in (browser.get(path).text, browser.get(f"/alerts/{alert}").text):
        assert not re.search(r"<script(?! src=\"/static/)|<style|\sstyle=|\son\w+=|(?:src|href)=\"https?:", text)


def test_an_open_alert_leads_to_its_page(browser: TestClient, alert: UUID) -> None:
    page = browser.get("/").text

    assert "1 alert is open" in page
    assert f'href="/alerts/{alert}"' in page
    assert "Bonus payout delayed" in browser.get(f"/alerts/{alert}").text


def test_messages_customers_and_texts_stand_beside_an_alert(browser: TestClient, alert: UUID) -> None:
    for path in ("/", "/alerts", f"/alerts/{alert}"):
        assert "57 messages from 38 customers; 36 when near-copies count once." in browser.get(path).text, path


def test_an_alert_says_how_its_customers_are_served(browser: TestClient, world: Database) -> None:
    with world.write() as connection:
        alert = open_alert(connection, BONUS, evidence={**EVIDENCE, "support": BACKGROUND.as_dict()})
    page = browser.get(f"/alerts/{alert}").text.replace("\u00a0", " ")
    assert "Satisfaction and speed" in page
    assert re.search(r'First response <span class="badge">worse</span></th><td>half in 4 hrs', page)
    assert "Without the complaints about “Bonus payout delayed”, 74 % of those who rated" in page
    assert "That is an association, not an effect." in page


def test_issues_of_another_owner_are_filtered_out(browser: TestClient, alert: UUID) -> None:
    assert "Bonus payout delayed" not in browser.get("/?owner=accounts").text


def test_alerts_in_another_state_are_filtered_out(browser: TestClient, alert: UUID) -> None:
    assert f"/alerts/{alert}" in browser.get("/alerts?state=open").text
    assert f"/alerts/{alert}" not in browser.get("/alerts?state=resolved").text


@pytest.mark.parametrize(
    ("path", "form", "shown"),
    [
        ("acknowledge", {}, "Acknowledged"),
        ("resolve", {"why": "the provider is back"}, "the provider is back"),
        ("verdict", {"verdict": "real", "why": "Trustly says so"}, "Verdict: real"),
        ("mute", {"spell": "7", "why": "known to all"}, "Muted"),
        ("mute", {"spell": "below", "below": "3", "segment": ""}, "while below 3 times"),
    ],
)
def test_what_is_done_about_an_alert_stands_in_its_history(
    browser: TestClient, alert: UUID, path: str, form: dict[str, str], shown: str
) -> None:
    page = browser.post(f"/alerts/{alert}/{path}", data=form)

    assert page.status_code == 200
    assert page.url.path == f"/alerts/{alert}"
    assert shown in page.text
    assert "anna" in page.text


def test_what_cannot_be_done_says_why(browser: TestClient, alert: UUID) -> None:
    browser.post(f"/alerts/{alert}/resolve")
    page = browser.post(f"/alerts/{alert}/acknowledge")

    assert page.status_code == 409
    assert 'role="alert"' in page.text


def test_a_mute_below_so_many_times_takes_the_number(browser: TestClient, alert: UUID) -> None:
    page = browser.post(f"/alerts/{alert}/mute", data={"spell": "below", "below": ""})

    assert page.status_code == 422
    assert "Say below how many times" in page.text
    assert browser.get(f"/v1/alerts/{alert}").json()["mutes"] == []


def test_what_is_over_is_not_muted_while_it_is_open(browser: TestClient, alert: UUID) -> None:
    assert '<option value="open">' in browser.get(f"/alerts/{alert}").text
    browser.post(f"/alerts/{alert}/resolve")

    assert '<option value="open">' not in browser.get(f"/alerts/{alert}").text
    assert browser.post(f"/alerts/{alert}/mute", data={"spell": "open"}).status_code == 409
    assert browser.post(f"/alerts/{alert}/mute", data={"spell": "7"}).status_code == 200


def test_a_mute_can_be_ended(browser: TestClient, alert: UUID) -> None:
    browser.post(f"/alerts/{alert}/mute", data={"spell": "open"})

    assert "Hear of it again" not in browser.post(f"/alerts/{alert}/unmute").text


def test_a_topic_without_a_name_can_be_followed(browser: TestClient, world: Database) -> None:
    nameless = topic("")
    with world.write() as connection:
        topics.add_topics(connection, VERSION.id, [nameless])
    assert re.search(rf'href="/topics/{nameless.id}">\(no name\)</a>', browser.get("/topics").text)
    assert "<h1>(no name)</h1>" in browser.get(f"/topics/{nameless.id}").text


def test_names_are_shown_and_not_obeyed(browser: TestClient, world: Database) -> None:
    with world.write() as connection:
        bad = topic("<script>alert(1)</script>")
        topics.add_topics(connection, VERSION.id, [bad])
        open_alert(connection, bad)

    assert "<script>alert" not in browser.get("/").text


def test_who_chooses_a_language_and_colours_keeps_them(browser: TestClient) -> None:
    chosen = browser.post("/appearance", data={"language": "fi", "theme": "dark", "back": "/alerts"})

    assert chosen.url.path == "/alerts"
    assert '<html lang="fi" data-theme="dark"' in browser.get("/").text


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_a_choice_leads_nowhere_else(browser: TestClient, back: str) -> None:
    form = {"language": "en", "theme": "auto", "back": back}

    assert browser.post("/appearance", data=form, follow_redirects=False).headers["location"] == "/"


def test_what_pages_load_may_be_kept_for_good(browser: TestClient) -> None:
    (script,) = re.findall(r'src="(/static/htmx[^"]+)"', browser.get("/").text)
    found = browser.get(script)

    assert found.status_code == 200
    assert "immutable" in found.headers["cache-control"]
    assert browser.get(script, headers={"If-None-Match": found.headers["etag"]}).status_code == 304


def test_an_unknown_alert_is_not_found(browser: TestClient) -> None:
    assert browser.get(f"/alerts/{uuid4()}").status_code == 404


WEEKLY = """# Weekly digest: promotions

| Topic | This week |
| --- | ---: |
| Bonus <b>late</b> | 41 |
"""


@pytest.fixture
def digest(settings: SettingsFactory) -> str:
    """A digest of promotions' in the data directory; its address."""
    name = f"2026-W10-{owner_slug('promotions')}"
    folder = settings().data_dir / "digests" / "2026-W10"
    folder.mkdir(parents=True)
    (folder / f"{name}.md").write_text(WEEKLY, "utf-8")
    (folder / f"{name}-1.png").write_bytes(b"a picture")
    return f"/digests/2026-W10/{name}"


def test_a_digest_is_read_without_styles_in_it_and_its_markup_stays_text(browser: TestClient, digest: str) -> None:
    assert f'href="{digest}"' in browser.get("/digests").text
    page = browser.get(digest).text

    assert '<td class="number">41</td>' in page
    assert "<b>late" not in page
    assert " style=" not in page
    assert browser.get(f"{digest}-1.png").content == b"a picture"


@pytest.mark.parametrize("name", ["2026-W10-nobody", "..%2f..%2fhash", "2026-W10-nobody-1.png"])
def test_nothing_but_digests_is_read_from_their_folder(browser: TestClient, digest: str, name: str) -> None:
    assert browser.get(f"/digests/2026-W10/{name}").status_code == 404


def test_an_owner_reads_their_own_digests_alone(settings: SettingsFactory, world: Database, digest: str) -> None:
    with world.write() as connection:
        mine, other = (keys.add_key(connection, each, NOW, Role.OWNER, each) for each in ("promotions", "accounts"))
    app = create_app(settings(), world, lambda: NOW, lambda *_: [], responding(settings(), world))
    with TestClient(app) as client:
        assert client.get(digest, headers={"X-API-Key": mine}).status_code == 200
        assert client.get(digest, headers={"X-API-Key": other}).status_code == 404


def test_a_fix_is_recorded_and_withdrawn(browser: TestClient, alert: UUID) -> None:
    page = browser.post(f"/alerts/{alert}/fix", data={"note": "Payouts are retried", "fewer": "40", "day": ""})
    assert "The fix is recorded" in page.text
    assert "Payouts are retried" in browser.get("/fixes").text
    browser.post("/fixes/1/withdraw")
    assert "Payouts are retried" not in browser.get("/fixes").text


@pytest.mark.parametrize(
    ("what", "value", "shown"), [("rename", "Bonus slow", "Bonus slow"), ("severity", "critical", "Critical")]
)
def test_what_is_decided_about_a_topic_holds_at_once(browser: TestClient, what: str, value: str, shown: str) -> None:
    page = browser.post(f"/topics/{BONUS.id}/label", data={"what": what, "value": value, "why": "clearer"})
    assert page.status_code == 200
    assert shown in page.text
    assert "clearer" in browser.get("/topics/decisions").text


def test_what_takes_a_worker_is_asked_for_and_shown_as_waiting(browser: TestClient) -> None:
    page = browser.post(f"/topics/{BONUS.id}/merge", data={"into": str(LOGIN.id), "why": "the same"})
    assert "It is asked for" in page.text
    assert "Waiting" in page.text


def test_a_value_that_cannot_be_says_so(browser: TestClient) -> None:
    page = browser.post(f"/topics/{BONUS.id}/label", data={"what": "severity", "value": "enormous"})
    assert page.status_code == 422
    assert 'role="alert"' in page.text


def test_secrets_are_not_among_the_settings(settings: SettingsFactory, world: Database) -> None:
    told = settings(database_url="postgresql+psycopg://casino:s3cret@127.0.0.1/feedback")
    shown = {each.name: each.value for each in settings_shown(told)}
    assert "s3cret" not in str(shown)
    assert shown["time_zone"] == "UTC"


def test_a_filter_that_was_not_chosen_filters_nothing(browser: TestClient, alert: UUID) -> None:
    page = browser.get("/?days=7&market=&language=&brand=&channel=&area=&owner=")
    assert f"/alerts/{alert}" in page.text


def test_two_ticked_topics_stand_beside_each_other_to_be_merged(browser: TestClient) -> None:
    tree = browser.get("/topics").text
    assert 'action="/topics/merge"' in tree
    assert f'name="topic" value="{BONUS.id}"' in tree
    both = browser.get("/topics/merge", params={"topic": [str(BONUS.id), str(LOGIN.id)]}).text
    assert f'action="/topics/{LOGIN.id}/merge"' in both
    assert f'action="/topics/{BONUS.id}/merge"' in both
    asked = browser.post(f"/topics/{LOGIN.id}/merge", data={"into": str(BONUS.id)})
    assert "It is asked for" in asked.text


@pytest.mark.parametrize(
    "ticked", [[], [str(BONUS.id)], [str(BONUS.id), str(uuid4())]], ids=["none", "one", "one and none"]
)
def test_one_topic_cannot_be_merged(browser: TestClient, ticked: list[str]) -> None:
    page = browser.get("/topics/merge", params={"topic": ticked})
    assert page.status_code == 422
    assert "Tick two topics" in page.text


def test_ticked_complaints_move_to_another_topic(browser: TestClient, world: Database) -> None:
    chosen = re.findall(r'name="complaint" value="([^"]+)"', browser.get(f"/topics/{BONUS.id}").text)
    form = {"into": str(LOGIN.id), "complaint": chosen[:2], "why": "it is about signing in"}
    page = browser.post(f"/topics/{BONUS.id}/move", data=form)
    assert "It is asked for" in page.text
    assert page.url.path == f"/topics/{BONUS.id}"
    with world.read() as connection:
        (asked,) = waiting(connection)
    assert (asked.kind, asked.detail) == ("move", {"topic": str(LOGIN.id), "complaints": chosen[:2]})


def test_nothing_moves_where_nothing_is_ticked(browser: TestClient) -> None:
    page = browser.post(f"/topics/{BONUS.id}/move", data={"into": str(LOGIN.id)})
    assert page.status_code == 422
    assert "Tick the complaints" in page.text


def test_a_fix_is_recorded_on_a_topic_s_page(browser: TestClient) -> None:
    page = browser.post(f"/topics/{BONUS.id}/fix", data={"note": "Payouts are retried", "fewer": "40", "day": ""})
    assert "The fix is recorded" in page.text
    assert "Payouts are retried" in browser.get("/fixes").text


HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Accept-Language": "de"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nosuch", 404),
        ("/v1/nosuch", 404),
        ("/sign-out", 405),
        ("/?days=abc", 422),
        ("/alerts?state=bad", 422),
        ("/topics/xyz", 422),
    ],
)
def test_people_who_ask_for_what_there_is_not_get_a_page(browser: TestClient, path: str, status: int) -> None:
    page = browser.get(path, headers=HTML)
    assert page.status_code == status
    assert '<html lang="de"' in page.text
    assert "Zur ersten Seite" in page.text


def test_programs_that_ask_for_what_there_is_not_get_a_problem(browser: TestClient) -> None:
    for accepted in ("*/*", "application/json"):
        assert_problem(browser.get("/nosuch", headers={"Accept": accepted}), 404, "not-found")
    assert_problem(browser.get("/v1/alerts?state=bad", headers=HTML), 422, "invalid-request")


def test_a_form_that_is_filled_in_wrongly_is_answered_by_a_page(browser: TestClient, alert: UUID) -> None:
    page = browser.post(f"/alerts/{alert}/fix", data={"note": "x", "fewer": "0"}, headers=HTML)
    assert page.status_code == 422
    assert '<html lang="de"' in page.text


def test_while_the_database_is_gone_people_get_a_page(
    browser: TestClient, world: Database, sqlite_database: str
) -> None:
    world.close()
    for path in Path(sqlite_database.removeprefix("sqlite:///")).parent.glob("*.db*"):
        path.unlink()
    page = browser.get("/alerts", headers=HTML)
    assert page.status_code == 503
    assert '<html lang="de"' in page.text
    assert page.headers["retry-after"]


def test_a_defect_is_told_on_a_page(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("feedback.web.health.vitals", break_down)
    page = browser.get("/health", headers=HTML)
    assert page.status_code == 500
    assert '<html lang="de"' in page.text
