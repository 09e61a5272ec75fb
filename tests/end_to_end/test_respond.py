"""What owners do about alerts, and what comes of it: for the alert, for what is told, and for what is usual."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from feedback.alerts import AcknowledgementError
from feedback.digest import Digest, iso_week, render_markdown
from feedback.domain import Alert, AlertState, Author, Segment, Span, Verdict
from feedback.errors import FeedbackError
from feedback.store import alerts
from feedback.store.complaints import store_complaints
from jobs.context import Context
from jobs.mutes import muted_by
from jobs.panel import dated_panel
from jobs.publish import publish
from jobs.respond import end, find_alert, life, mute, say, take_on, unmute
from jobs.week import gather
from tests.end_to_end.made_up import FAULT, NOW, SUBJECTS, judge, made_up_context, told, version

LATER = NOW + timedelta(hours=1)
EVER = Span(NOW - timedelta(days=400), NOW + timedelta(days=400))
ANNA = Author("anna", "seen with the provider", LATER)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Context:
    home = tmp_path_factory.mktemp("made")
    made = made_up_context(home)
    publish(made, version(made, SUBJECTS), NOW - timedelta(days=1))
    assert judge(made, NOW) == {"Topic"}
    made.database.close()
    return made


def the_alert(context: Context) -> Alert:
    with context.database.read() as connection:
        (alert,) = alerts.latest_alerts(connection).values()
    return alert


def digest(context: Context) -> Digest:
    return gather(context, iso_week(NOW.date()), NOW + timedelta(hours=2)).digest(None)


def states(context: Context) -> list[str]:
    with context.database.read() as connection:
        return [row.after for row in alerts.transitions_of(connection, the_alert(context).id)]


def days_left_out(context: Context) -> int:
    with context.database.read() as connection:
        dated = dated_panel(context, connection, version_id(context), [the_alert(context).topic_id], LATER)
    assert dated is not None
    return int(dated.panel.excluded.sum())


def version_id(context: Context) -> UUID:
    with context.database.read() as connection:
        return next(iter(alerts.strongest_signals(connection, EVER).values())).version_id


def test_taking_on_is_kept_through_the_next_judgement(context: Context) -> None:
    take_on(context, the_alert(context).id, ANNA)
    with context.write() as connection:
        store_complaints(connection, [told(FAULT, NOW + timedelta(minutes=each)) for each in range(1, 9)], LATER)
    judge(context, LATER + timedelta(minutes=1))
    alert = the_alert(context)
    assert alert.state is AlertState.ACKNOWLEDGED
    assert alert.last_rising_at == LATER + timedelta(minutes=1)
    assert states(context) == ["open", "acknowledged"]


def test_what_was_ended_by_hand_comes_back_if_it_goes_on(context: Context) -> None:
    end(context, the_alert(context).id, ANNA)
    with pytest.raises(AcknowledgementError):
        take_on(context, the_alert(context).id, ANNA)
    judge(context, LATER + timedelta(minutes=1))
    assert states(context) == ["open", "resolved", "regressed"]


@pytest.mark.parametrize(
    ("verdict", "state", "silent", "left_out"),
    [
        (Verdict.REAL, AlertState.ACKNOWLEDGED, False, True),
        (Verdict.EXPECTED, AlertState.ACKNOWLEDGED, True, False),
        (Verdict.KNOWN, AlertState.ACKNOWLEDGED, True, True),
        (Verdict.NOT_AN_ISSUE, AlertState.RESOLVED, False, False),
        (Verdict.WRONG_OWNER, AlertState.OPEN, False, True),
    ],
)
def test_each_verdict_has_its_effect(
    context: Context, verdict: Verdict, state: AlertState, *, silent: bool, left_out: bool
) -> None:
    alert = say(context, the_alert(context).id, verdict, ANNA)
    assert alert == the_alert(context)
    assert alert.state is state
    with context.database.read() as connection:
        assert (muted_by(connection, alert, LATER) is not None) == silent
    assert (days_left_out(context) > 0) == left_out
    assert f"{verdict} says anna" in render_markdown(digest(context))


def test_of_several_verdicts_the_last_holds(context: Context) -> None:
    say(context, the_alert(context).id, Verdict.EXPECTED, ANNA)
    assert days_left_out(context) == 0
    say(context, the_alert(context).id, Verdict.REAL, replace(ANNA, at=LATER + timedelta(minutes=1)))
    assert days_left_out(context) > 0


def test_a_muted_rise_is_no_headline_and_still_listed(context: Context) -> None:
    assert [alert.alert_id for alert in digest(context).rose] == [the_alert(context).id]
    mute(context, the_alert(context).id, ANNA, until=NOW + timedelta(days=30))
    found = digest(context)
    assert found.rose == []
    assert [alert.alert_id for alert in found.still_open] == [the_alert(context).id]
    assert "muted until 19\u00a0April\u00a02026, 17:00" in render_markdown(found)
    assert unmute(context, the_alert(context).id, ANNA) == 1
    assert [alert.alert_id for alert in digest(context).rose] == [the_alert(context).id]


def silenced(context: Context, at: datetime) -> bool:
    with context.database.read() as connection:
        return muted_by(connection, the_alert(context), at) is not None


def test_a_mute_ends_with_its_time_its_condition_or_its_alert(context: Context) -> None:
    alert = the_alert(context).id
    mute(context, alert, ANNA, until=LATER + timedelta(days=1))
    assert silenced(context, LATER)
    assert not silenced(context, LATER + timedelta(days=1))
    unmute(context, alert, ANNA)
    mute(context, alert, ANNA, below=2.0)
    assert not silenced(context, LATER), "the rise is far above twice"
    mute(context, alert, ANNA, below=1e9)
    assert silenced(context, LATER)
    unmute(context, alert, ANNA)
    mute(context, alert, ANNA, segment=Segment("market", "DE"))
    assert not silenced(context, LATER), "the rise is of the whole"
    unmute(context, alert, ANNA)
    mute(context, alert, ANNA)
    assert silenced(context, LATER)
    end(context, alert, ANNA)
    assert not silenced(context, LATER)


def test_the_life_of_an_alert_holds_everything_with_who_and_why(context: Context) -> None:
    alert = the_alert(context).id
    mute(context, alert, ANNA)
    unmute(context, alert, ANNA)
    say(context, alert, Verdict.NOT_AN_ISSUE, Author("ben", "a test", LATER + timedelta(minutes=5)))
    happened = life(context, alert)
    told = [(each.what, each.who) for each in happened]
    silenced = [("muted while it is open", "anna"), ("unmuted", "anna")]
    assert told == [("opened", "feedback"), *silenced, ("resolved", "ben"), ("said to be not an issue", "ben")]
    assert happened[-2].why == "not an issue: a test"
    assert [each.at for each in happened] == sorted(each.at for each in happened)


def test_alerts_are_found_by_the_beginning_of_their_id(context: Context) -> None:
    alert = the_alert(context).id
    assert find_alert(context, str(alert)[:6].upper()) == alert
    for wrong in ("zz", ""):
        with pytest.raises(FeedbackError, match="There is no alert"):
            find_alert(context, wrong)
