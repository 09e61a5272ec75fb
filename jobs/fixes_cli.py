"""The commands of `feedback fixes`: what was done about a topic, and what it achieved."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Connection

from feedback.domain import OUTCOME_RULES, USUAL_EXPECTATION, Fix, Outcome, OutcomeRules
from feedback.errors import FeedbackError
from feedback.outcome import sentences, standing
from feedback.phrases import capital
from feedback.series import day_of
from feedback.store.complaints import count_complaints
from feedback.store.fixes import add_fix, fix_by_id, outcomes_of, withdraw_fix
from feedback.store.fixes import fixes as stored_fixes
from feedback.store.topics import topic_names
from jobs.console import Json, open_context, out, wall
from jobs.context import Context
from jobs.panel import first_day
from jobs.show import say, show, write_json

fixes = typer.Typer(
    help="What was done about a topic, and whether complaints fell by it more than they would have anyway.",
    no_args_is_help=True,
)

Who = Annotated[str, typer.Option(help="Who enters it.", envvar=["USER", "LOGNAME"])]
Number = Annotated[int, typer.Argument(metavar="FIX", help="The number of the fix.")]


@fixes.command("add")
def add(
    topic: Annotated[str, typer.Option(help="The topic it is about, by name or id.")],
    at: Annotated[
        str, typer.Option(help="When: a day or a time such as 2026-05-04T14:30, in time_zone. Default: now.")
    ] = "",
    expect: Annotated[str, typer.Option(help="The change hoped for, such as -40%.")] = f"{USUAL_EXPECTATION:.0%}",
    note: Annotated[str, typer.Option(help="What was done.")] = "",
    who: Who = "",
) -> None:
    """Enter a fix. It is judged every day, for twelve weeks; entered later, the next midnight."""
    from jobs.curate import find_topic

    change = change_of(expect)
    context = open_context()
    moment = moment_of(context, at)
    topic_id = find_topic(context, topic)
    with context.write() as connection:
        made = add_fix(connection, topic_id, moment, change, note.strip(), wall(), who or "unknown")
        _, first, _ = count_complaints(connection)
    say(out, f"Fix {made.id} is entered; {_prospect(made, first, context.settings.zone)}")


@fixes.command("list")
def list_fixes(*, as_json: Json = False) -> None:
    """Show the fixes by their moment, each with its latest outcome."""
    context = open_context()
    with context.database.read() as connection:
        names = {key: row.name for key, row in topic_names(connection).items()}
        rows = [_row(context, each, outcomes_of(connection, each.id), names) for each in stored_fixes(connection)]
    columns = {
        "id": "Fix",
        "kind": "Kind",
        "at": "At (UTC)",
        "topic": "Topic",
        "hoped": "Hoped for",
        "note": "Note",
        "standing": "Outcome",
        "ratio": "Ratio",
        "interval": "90 %",
    }
    show(out, rows, columns, as_json=as_json, empty="No fix has been entered. `feedback fixes add` enters one.")


@fixes.command("show")
def show_fix(number: Number, *, as_json: Json = False) -> None:
    """Say what a fix achieved, how that is known, and how the judgement has changed."""
    context = open_context()
    with context.database.read() as connection:
        fix = _found(connection, number)
        history = outcomes_of(connection, number)
        names = {key: row.name for key, row in topic_names(connection).items()}
    topic, zone = names.get(fix.topic_id, str(fix.topic_id)), context.settings.zone
    told = [f"{topic}.", *sentences(fix, history[-1] if history else None, zone)]
    if as_json:
        write_json(
            out, {**asdict(fix), "topic": topic, "sentences": told, "outcomes": [asdict(each) for each in history]}
        )
        return
    for sentence in told:
        say(out, sentence + "\n")
    columns = {
        "judged_at": "Judged (UTC)",
        "standing": "Outcome",
        "days": "Days after",
        "known_days": "Days before",
        "observed": "Observed",
        "expected": "Expected",
        "ratio": "Ratio",
        "interval": "90 %",
        "certainty": "Certainty",
    }
    rows = [_numbers(context, each) for each in history]
    show(out, rows, columns, as_json=False, empty="There are no numbers yet.")


@fixes.command("withdraw")
def withdraw(number: Number, who: Who = "") -> None:
    """Take a fix back that was none; it is no longer judged, and stays on record."""
    context = open_context()
    with context.write() as connection:
        gone = withdraw_fix(connection, number, wall(), who or "unknown")
        if gone is None:
            before = _found(connection, number)
            raise FeedbackError(f"{capital(before.kind)} {number} was withdrawn by {before.withdrawn_by} before.")
    say(out, f"{capital(gone.kind)} {number} is withdrawn.")


def change_of(text: str) -> float:
    """-0.4 from "-40%", "-40 %" or "-0.4". FeedbackError for what is no reduction of one to 99 per cent."""
    found = re.fullmatch(r"[-\u2212](\d{1,2}(?:\.\d+)?)\s*%|[-\u2212](0?\.\d+)", text.strip())
    change = -(float(found[1]) / 100 if found[1] else float(found[2])) if found else 0.0
    if not -0.99 <= change <= -0.01:
        raise FeedbackError(f"'{text}' is no reduction: write --expect -40% for 40 % fewer; it takes -1% to -99%.")
    return change


def moment_of(context: Context, text: str) -> datetime:
    """A day or a time, in the operator's zone unless it names another. FeedbackError for one that is not over."""
    if not text:
        return wall()
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise FeedbackError(f"'{text}' is no time: write a day, 2026-05-04, or a time, 2026-05-04T14:30.") from None
    moment = (read if read.tzinfo else read.replace(tzinfo=context.settings.zone)).astimezone(UTC)
    if moment > wall():
        raise FeedbackError(f"{moment:%Y-%m-%d %H:%M} UTC is in the future: enter the fix once it is made.")
    return moment


def _prospect(fix: Fix, first: datetime | None, zone: ZoneInfo, rules: OutcomeRules = OUTCOME_RULES) -> str:
    """What becomes of a fix, the first complaint having been received at `first`."""
    begin = first_day(first, wall(), zone) if first else None
    if begin is None or day_of(fix.at, zone) < begin + timedelta(days=rules.least_known):
        since = f"they are counted since {begin}" if begin else "there are none"
        return (
            "what it achieved cannot be told: it takes the complaints of "
            f"{rules.least_known} days before it, and {since}."
        )
    return f"`feedback fixes show {fix.id}` tells what it achieved from midnight on, as soon as there is enough."


def _found(connection: Connection, number: int) -> Fix:
    found = fix_by_id(connection, number)
    if found is None:
        raise FeedbackError(f"There is no fix {number}; `feedback fixes list` shows all there are.")
    return found


def _row(context: Context, fix: Fix, history: list[Outcome], names: dict[UUID, str]) -> dict[str, Any]:
    latest = history[-1] if history else None
    numbers = _numbers(context, latest) if latest else {"standing": standing(None, context.settings.zone)}
    topic = names.get(fix.topic_id, str(fix.topic_id))
    return {**asdict(fix), "topic": topic, "hoped": f"{fix.expect:+.0%}", **numbers}


def _numbers(context: Context, outcome: Outcome) -> dict[str, Any]:
    interval = f"{outcome.low:.2f}–{outcome.high:.2f}"
    told = standing(outcome, context.settings.zone)
    return {**asdict(outcome), "ratio": round(outcome.ratio, 3), "interval": interval, "standing": told}
