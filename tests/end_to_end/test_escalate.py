"""Who is told of an alert, and who is next if nobody takes it on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from feedback.digest import iso_week
from feedback.domain import AlertState, Author, Severity, Verdict
from feedback.notify.outbox import Notice, NoticeKind
from feedback.owners import Charge, Owned
from feedback.store import alerts
from feedback.store.notices import listed
from feedback.store.owners import add_ownership
from feedback.store.topics import topic_names
from jobs.context import Context, Parts
from jobs.curate import grade, own, place
from jobs.escalate import run as escalate
from jobs.progress import Silent
from jobs.publish import publish
from jobs.respond import end, life, mute, say, take_on
from jobs.week import gather
from tests.end_to_end.made_up import NOW, SUBJECTS, judge, made_up_context, version
from tests.end_to_end.world import WALL

HOOK = "  - {webhook: {url: 'http://127.0.0.1:1/', secret: 0123456789abcdef}, name: %s}\n"
FILE = (
    "default:\n" + HOOK % "desk" + "owners:\n"
    + "".join(f"  {name}:\n  " + HOOK % "hook" for name in ("payments", "lead", "head", "dach"))
    + "escalation:\n  payments: [{after: 4h, to: lead}, {after: 1d, to: head}]\n"
)  # fmt: skip
NIGHT = 'quiet_hours:\n  payments: {from: "17:00", to: "07:00", zone: UTC}\n'
NUMBERS = {"observed": 30, "expected": 2.0, "low": 0.0, "high": 5.0, "p": 1e-9}
ANNA = Author("anna", "", NOW + timedelta(hours=1))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Context]:
    made = made_up_context(tmp_path)
    publish(made, version(made, SUBJECTS), NOW - timedelta(days=1))
    yield made
    made.database.close()


def told(context: Context, text: str = FILE) -> Context:
    path = context.settings.data_dir / "channels.yaml"
    path.write_text(text, "utf-8")
    settings = context.settings.model_copy(update={"channels": str(path)})
    return replace(context, settings=settings, parts=Parts(settings, Silent()))


def owned(context: Context, by: str) -> None:
    with context.database.read() as connection:
        topics = list(topic_names(connection))
    for each in topics:
        own(context, each, by, Author("anna", "", NOW - timedelta(hours=1)))


def risen(context: Context) -> UUID:
    assert judge(context, NOW) == {"Topic"}
    with context.database.read() as connection:
        (alert,) = alerts.latest_alerts(connection).values()
    return alert.id


def notices(context: Context) -> list[Notice]:
    with context.database.read() as connection:
        return sorted(listed(connection), key=lambda each: (each.created_at, each.channel))


def channels(context: Context) -> list[str]:
    return [each.channel for each in notices(context)]


def test_an_alert_that_nobody_takes_on_goes_on_step_by_step_and_once_each(home: Context) -> None:
    context = told(home)
    owned(context, "payments")
    alert = risen(context)
    assert channels(context) == ["owners/payments/hook"]
    assert escalate(context, NOW + timedelta(hours=3))["escalated"] == 0
    assert escalate(context, NOW + timedelta(hours=4))["escalated"] == 1
    assert escalate(context, NOW + timedelta(hours=5))["escalated"] == 0
    assert escalate(context, NOW + timedelta(hours=24))["escalated"] == 1
    assert channels(context) == ["owners/payments/hook", "owners/lead/hook", "owners/head/hook"]
    lead = notices(context)[1]
    assert (lead.kind, lead.owner) == (NoticeKind.ESCALATED, "lead")
    assert lead.content["subject"].startswith("Not taken on: Topic")
    assert "payments was told on 20\xa0March\xa02026, 17:00" in lead.content["sentences"][0]
    assert [each.what for each in life(context, alert)] == ["opened", "passed on to lead", "passed on to head"]


def test_who_was_told_hears_of_the_end(home: Context) -> None:
    context = told(home)
    owned(context, "payments")
    alert = risen(context)
    escalate(context, NOW + timedelta(hours=4))
    end(context, alert, Author("anna", "", NOW + timedelta(hours=6)))
    over = [each.channel for each in notices(context) if each.kind is NoticeKind.RESOLVED]
    assert over == ["owners/lead/hook", "owners/payments/hook"]


@pytest.mark.parametrize("act", [take_on, end, mute])
def test_what_somebody_looked_at_goes_no_further(home: Context, act: object) -> None:
    context = told(home)
    owned(context, "payments")
    alert = risen(context)
    assert callable(act)
    act(context, alert, ANNA)
    assert escalate(context, NOW + timedelta(days=3))["escalated"] == 0


def test_who_is_handed_an_alert_has_the_agreed_time_from_then_on(home: Context) -> None:
    context = told(home)
    owned(context, "dach")
    alert = risen(context)
    handed = NOW + timedelta(days=2)
    say(context, alert, Verdict.WRONG_OWNER, Author("anna", "", handed), owner="payments")
    assert escalate(context, handed + timedelta(hours=3, minutes=59))["escalated"] == 0
    assert escalate(context, handed + timedelta(hours=4))["escalated"] == 1
    lead = next(each for each in notices(context) if each.owner == "lead")
    assert "payments was told on 20\xa0March\xa02026, 17:00" not in lead.content["sentences"][0]


def test_who_is_handed_what_another_had_taken_on_has_yet_to_take_it_on(home: Context) -> None:
    context = told(home)
    owned(context, "dach")
    alert = risen(context)
    take_on(context, alert, ANNA)
    handed = NOW + timedelta(days=2)
    given = say(context, alert, Verdict.WRONG_OWNER, Author("anna", "theirs", handed), owner="payments")
    assert given.state is AlertState.OPEN
    assert escalate(context, handed + timedelta(hours=4))["escalated"] == 1
    happened = life(context, alert)
    assert [each.what for each in happened] == [
        "opened",
        "acknowledged",
        "open",
        "said to be wrong owner",
        "passed on to lead",
    ]
    assert happened[2].why == "Handed over to payments: theirs"
    end(context, alert, Author("anna", "", handed + timedelta(hours=6)))
    over = [each.channel for each in notices(context) if each.kind is NoticeKind.RESOLVED]
    assert over == ["owners/dach/hook", "owners/lead/hook", "owners/payments/hook"]


def test_each_owner_has_next_ones_of_their_own_and_each_waiting_begins_anew(home: Context) -> None:
    context = told(home, FILE + "  dach: [{after: 2h, to: head}]\n")
    owned(context, "payments")
    alert = risen(context)
    assert escalate(context, NOW + timedelta(hours=4))["escalated"] == 1
    say(context, alert, Verdict.WRONG_OWNER, Author("lea", "", NOW + timedelta(hours=5)), owner="dach")
    assert escalate(context, NOW + timedelta(hours=6))["escalated"] == 0
    assert escalate(context, NOW + timedelta(hours=7))["escalated"] == 1
    say(context, alert, Verdict.WRONG_OWNER, Author("dana", "", NOW + timedelta(hours=8)), owner="payments")
    assert escalate(context, NOW + timedelta(hours=11))["escalated"] == 0
    assert escalate(context, NOW + timedelta(hours=12))["escalated"] == 1
    passed = [each.owner for each in notices(context) if each.kind is NoticeKind.ESCALATED]
    assert passed == ["lead", "head", "lead"]


def test_a_verdict_that_leaves_the_owner_as_it_is_hands_nothing_over(home: Context) -> None:
    context = told(home)
    owned(context, "payments")
    alert = risen(context)
    taken = take_on(context, alert, ANNA)
    assert (
        say(context, alert, Verdict.WRONG_OWNER, replace(ANNA, at=NOW + timedelta(days=1)), owner="payments") == taken
    )


def test_who_is_handed_a_muted_alert_and_was_not_told_has_left_nothing_lying(home: Context) -> None:
    context = told(home)
    owned(context, "dach")
    alert = risen(context)
    mute(context, alert, ANNA, until=NOW + timedelta(days=3))
    say(context, alert, Verdict.WRONG_OWNER, Author("anna", "", NOW + timedelta(days=2)), owner="payments")
    assert escalate(context, NOW + timedelta(days=4))["escalated"] == 0


def test_at_night_nobody_is_woken_and_the_agreed_time_stands_still(home: Context) -> None:
    context = told(home, FILE + NIGHT)
    owned(context, "payments")
    risen(context)
    (first,) = notices(context)
    assert first.next_at == _seven_o_clock_after(WALL)
    assert escalate(context, NOW + timedelta(hours=17, minutes=59))["escalated"] == 0
    assert escalate(context, NOW + timedelta(hours=18))["escalated"] == 1


def test_what_becomes_grave_enough_at_night_waits_no_longer(home: Context) -> None:
    context = told(home, FILE + NIGHT.replace("zone: UTC", "zone: UTC, unless: critical"))
    owned(context, "payments")
    alert = risen(context)
    (waiting,) = notices(context)
    assert waiting.next_at == _seven_o_clock_after(WALL)
    with context.database.read() as connection:
        topic = alerts.alert_of(connection, alert).topic_id
    grade(context, topic, Severity.CRITICAL, ANNA)
    judge(context, NOW + timedelta(hours=6))
    hastened, _ = notices(context)  # the other says that it is graver
    assert (hastened.id, hastened.next_at) == (waiting.id, WALL)


def test_nothing_goes_on_where_no_steps_are_agreed(home: Context) -> None:
    context = told(home)
    owned(context, "somebody else")
    risen(context)
    assert channels(context) == ["default/desk"]
    assert escalate(context, NOW + timedelta(days=9))["escalated"] == 0


def test_an_area_s_owner_answers_for_its_topics(home: Context) -> None:
    context = told(home)
    with context.database.read() as connection:
        topics = list(topic_names(connection))
    for each in topics:
        place(context, each, "Cash", Author("anna", "", NOW - timedelta(hours=1)))
    with context.write() as connection:
        add_ownership(connection, Charge(Owned.AREA, "cash"), "dach", NOW - timedelta(hours=1), "anna", "")
    risen(context)
    assert channels(context) == ["owners/dach/hook"]


def _seven_o_clock_after(moment: datetime) -> datetime:
    seven = moment.replace(hour=7, minute=0)
    return seven if seven >= moment else seven + timedelta(days=1)


def test_a_market_s_owner_reads_of_what_rises_there(home: Context) -> None:
    risen(home)
    nobody_s = gather(home, iso_week(NOW.date()), NOW + timedelta(hours=1))
    assert "dach" not in nobody_s.owners
    with home.write() as connection:
        add_ownership(connection, Charge(Owned.MARKET, "DE"), "dach", NOW, "anna", "")
        alert_id = alerts.alert_rows(connection)[0].id
        evidence = alerts.evidence_of(connection, alert_id)
        where = [{**NUMBERS, "segment": {"attribute": "market", "value": "DE"}}]
        alert = alerts.alert_of(connection, alert_id)
        alerts.store_alert(connection, alert, NOW, {**evidence, "where": where})
    week = gather(home, iso_week(NOW.date()), NOW + timedelta(hours=1))
    assert "dach" in week.owners
    assert [each.alert_id for each in week.digest("dach").rose] == [alert_id]
    assert week.digest("warsaw").rose == []
