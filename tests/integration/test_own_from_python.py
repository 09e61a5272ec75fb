"""Who answers for what, by Python and by command, and that every report and list says the same."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from feedback.domain import Author, GivenVerdict, Verdict
from feedback.errors import FeedbackError
from feedback.owners import Owned
from feedback.store.tables import verdict
from feedback.store.verdicts import add_verdict
from jobs.cli import app
from jobs.console import open_context
from jobs.context import Context
from jobs.curate import own
from jobs.owners import answering, remove_owner, set_owner, unowned
from jobs.respond import find_alert, say
from tests.integration.api.api_world import BONUS, EVIDENCE, LOGIN, NOW, QUIET, open_alert, publish

ANNA = Author("anna", "as agreed", NOW)
NORWAY = {**EVIDENCE, "detector": "EB7 by segment", "segment": {"attribute": "market", "value": "NO"}}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    assert CliRunner().invoke(app, ["init"]).exit_code == 0
    made = open_context()
    with made.write() as connection:
        publish(connection)
        for about, evidence, found in (
            (BONUS, EVIDENCE, Verdict.REAL),
            (QUIET, EVIDENCE, Verdict.NOT_AN_ISSUE),
            (QUIET, NORWAY, Verdict.REAL),
        ):
            opened = NOW - timedelta(hours=evidence is NORWAY)
            alert = open_alert(connection, about, opened, evidence=evidence)
            add_verdict(connection, GivenVerdict(alert, found, NOW, "anna", ""))
    return made


def asked(*words: str) -> Any:
    ended = CliRunner().invoke(app, [*words, "--json"])
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def test_the_report_of_verdicts_counts_for_who_answers(context: Context) -> None:
    set_owner(context, Owned.AREA, "Bonus", "desk", ANNA)
    rows = {
        (each["by"], each["of"]): (each["judged"], each["worth"]) for each in asked("report", "verdicts")["precision"]
    }
    assert rows["owner", "desk"] == (2, 1)
    assert rows["owner", "promotions"] == (1, 1)
    assert ("owner", "unowned") not in rows
    assert rows["detector", "eb7"] == (2, 1)
    assert rows["detector", "EB7 by segment"] == (1, 1)


def test_verdicts_that_say_nothing_of_an_alert_s_worth_are_not_no_verdicts(context: Context) -> None:
    with context.write() as connection:
        connection.execute(update(verdict).values(verdict=str(Verdict.WRONG_OWNER)))
    told = CliRunner().invoke(app, ["report", "verdicts"]).stdout
    assert "whether an alert was worth it (3 wrong owners)" in " ".join(told.split())


def test_a_market_s_owner_has_the_verdicts_of_what_nobody_else_owns(context: Context) -> None:
    set_owner(context, "market", "no", "oslo", ANNA)
    rows = {each["of"]: each["judged"] for each in asked("report", "verdicts")["precision"] if each["by"] == "owner"}
    assert rows == {"oslo": 1, "promotions": 1, "unowned": 1}
    assert {each["owner"] for each in asked("alerts")} == {"oslo", "promotions", "unowned"}


def test_the_list_of_alerts_names_who_is_told(context: Context) -> None:
    set_owner(context, "area", "bonus", "desk", ANNA)
    assert {(each["topic"], each["owner"]) for each in asked("alerts")} == {
        (BONUS.name, "promotions"),
        (QUIET.name, "desk"),
    }


def test_owners_are_set_listed_and_taken_back_from_python(context: Context) -> None:
    assert [each.name for each in unowned(context)] == [QUIET.name]
    assert unowned(context)[0].alerted
    set_owner(context, "area", " Bonus ", "desk", ANNA)
    found = {(each.attribute, each.value): (each.owner, each.who) for each in answering(context)}
    assert found["topic", QUIET.name] == ("desk", "its area")
    assert found["topic", LOGIN.name] == ("accounts", "its own")
    assert found[Owned.AREA, "Bonus"] == ("desk", "anna")
    assert unowned(context) == []
    remove_owner(context, Owned.AREA, "bonus", ANNA)
    assert [each.name for each in unowned(context)] == [QUIET.name]


@pytest.mark.parametrize("place", [("area", "bonus"), ("market", "no")])
def test_a_topic_whose_owner_is_wrong_is_on_the_list_of_what_nobody_owns(
    context: Context, place: tuple[str, str]
) -> None:
    set_owner(context, *place, "desk", ANNA)
    alert, *_ = [each for each in asked("alerts") if each["owner"] == "desk"]
    say(context, find_alert(context, alert["id"]), Verdict.WRONG_OWNER, ANNA)
    assert [each.name for each in unowned(context)] == [QUIET.name]
    found = {each.value: (each.owner, each.who) for each in answering(context)}
    assert found[QUIET.name] == ("unowned", "default"), "it does not go back to who has just refused it"
    assert {each["owner"] for each in asked("alerts")} == {"promotions", "unowned"}
    own(context, QUIET.id, "games", ANNA)
    assert unowned(context) == []


def test_the_command_says_the_same(context: Context) -> None:
    said = CliRunner().invoke(app, ["owners", "set", "area", "bonus", "desk", "--who", "anna"])
    assert "'desk' answers for the area 'bonus' from now on." in said.stdout
    assert {each["value"]: each["owner"] for each in asked("owners")}[QUIET.name] == "desk"
    assert asked("owners", "unowned") == []
    CliRunner().invoke(app, ["owners", "remove", "area", "bonus"])
    assert [each["name"] for each in asked("owners", "unowned")] == [QUIET.name]


def test_what_cannot_have_an_owner_is_refused(context: Context) -> None:
    with pytest.raises(FeedbackError, match="one of area, market, brand; not for 'language'"):
        set_owner(context, "language", "de", "desk", ANNA)
    with pytest.raises(FeedbackError, match="need a name"):
        set_owner(context, "area", " ", "desk", ANNA)
    with pytest.raises(FeedbackError, match="Nobody was set for the market 'DE'"):
        remove_owner(context, "market", "DE", ANNA)
