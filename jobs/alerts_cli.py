"""The commands of `feedback alerts`: what rose, what was done about it, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Row

from feedback.domain import SEGMENTED, Author, Driver, Segment, Verdict
from feedback.errors import FeedbackError
from feedback.owners import Owners
from jobs.console import MINUTES, Json, open_context, out, wall
from jobs.context import Context
from jobs.show import say, show

alerts = typer.Typer(
    help="Alerts: what rose, when, how far beyond what was expected, and where. Without a command, all of them.",
    invoke_without_command=True,
)

Named = Annotated[str, typer.Argument(help="The alert's id, or its beginning as `feedback alerts` shows it.")]
Why = Annotated[str, typer.Option("--why", help="Why, for the record.")]
Who = Annotated[str, typer.Option(help="Who says so.", envvar=["USER", "LOGNAME"])]


@alerts.callback()
def list_alerts(
    context: typer.Context,
    only_open: Annotated[bool, typer.Option("--open", help="Only those not resolved.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.", min=1)] = 50,
    as_json: Json = False,
) -> None:
    """Show alerts, and do something about them. `feedback explain` tells of one whom and what it is about."""
    if context.invoked_subcommand:
        return
    from feedback.store.alerts import alert_rows
    from jobs.ownership import owners_of

    opened = open_context()
    with opened.database.read() as connection:
        found = alert_rows(connection, only_open=only_open, limit=limit)
        owners = owners_of(opened, connection)
        rows = [_row(opened, connection, owners, row) for row in found]
    columns = {
        "key": "Alert",
        "opened_on": "Opened",
        "shown_state": "State",
        "topic": "Topic",
        "owner": "Owner",
        "observed": "Count",
        "expected": "Expected",
    }
    show(out, rows, columns, as_json=as_json, empty="No alert.")


@alerts.command("show")
def show_alert(alert: Named, as_json: Json = False) -> None:
    """Print an alert's life: what changed, who said so, why, and the numbers then: of the judgement that decided it or,
    where a person did, of the latest rise; then what became of satisfaction and speed. `feedback explain` says why it
    was raised."""
    from feedback.alerts import numbers_words
    from feedback.store.alerts import alert_row
    from feedback.support import kept_words
    from jobs.respond import find_alert, life

    context = open_context()
    found = find_alert(context, alert)
    happened = life(context, found)
    rows = [asdict(each) if as_json else {**asdict(each), "told": numbers_words(each.numbers)} for each in happened]
    columns = {"at": "When (UTC)", "what": "What", "who": "Who", "why": "Why", "told": "Numbers"}
    show(out, rows, columns, as_json=as_json, empty="Nothing happened to it.")
    if not as_json:
        with context.database.read() as connection:
            row = alert_row(connection, found)
        for sentence in kept_words(row.evidence, row.topic):
            say(out, f"\n{sentence}")


@alerts.command("acknowledge")
def acknowledge(alert: Named, why: Why = "", who: Who = "") -> None:
    """Take an alert on: somebody looks at it."""
    from jobs.respond import find_alert, take_on

    context = open_context()
    taken = take_on(context, find_alert(context, alert), _by(who, why))
    say(out, f"Alert {str(taken.id)[:8]} is {taken.state}.")


@alerts.command("resolve")
def resolve(alert: Named, why: Why = "", who: Who = "") -> None:
    """End an alert by hand. If the rise goes on, it comes back."""
    from jobs.respond import end, find_alert

    context = open_context()
    ended = end(context, find_alert(context, alert), _by(who, why))
    say(out, f"Alert {str(ended.id)[:8]} is {ended.state}.")


@alerts.command("verdict")
def verdict(
    alert: Named,
    what: Annotated[Verdict, typer.Argument(help="What it was.")],
    owner: Annotated[
        str, typer.Option(help="With `wrong owner`: who is right, for the topic and for good; else it is nobody's.")
    ] = "",
    why: Why = "",
    who: Who = "",
) -> None:
    """Say what an alert was. `expected` and `known` silence it while it is open; after `expected` and `not an issue`
    its days count as usual."""
    from jobs.respond import find_alert
    from jobs.respond import say as give

    if owner and what is not Verdict.WRONG_OWNER:
        raise FeedbackError("--owner goes with the verdict 'wrong owner' alone.")
    context = open_context()
    given = give(context, find_alert(context, alert), what, _by(who, why), owner=owner)
    say(out, f"Alert {str(given.id)[:8]} is said to be {what}; it is {given.state}.")


@alerts.command("mute")
def mute(
    alert: Named,
    until: Annotated[datetime | None, typer.Option(formats=MINUTES, help="Until then, in time_zone.")] = None,
    below: Annotated[
        float | None, typer.Option(help="While the rise is below so many times what is expected.", min=0.1)
    ] = None,
    segment: Annotated[str, typer.Option(help="Only where it rises there, such as market=DE.")] = "",
    why: Why = "",
    who: Who = "",
) -> None:
    """Hear no more of an alert's topic: until a time, while it is below so many times what is expected, or, with
    neither, while the alert is open. It is judged and shown all the same."""
    from feedback.phrases import mute_words
    from jobs.respond import find_alert
    from jobs.respond import mute as silence

    context = open_context()
    end = until.replace(tzinfo=context.settings.zone) if until else None
    if end and end <= wall():
        raise FeedbackError(f"--until {end:%Y-%m-%d %H:%M} is over already.")
    only = _segment(segment) if segment else None
    made = silence(context, find_alert(context, alert), _by(who, why), until=end, below=below, segment=only)
    say(out, f"Muted {mute_words(made, context.settings.zone)}; `feedback alerts unmute` takes it back.")


@alerts.command("unmute")
def unmute(alert: Named, who: Who = "") -> None:
    """End all mutes of an alert's topic."""
    from jobs.respond import find_alert
    from jobs.respond import unmute as lift

    context = open_context()
    lifted = lift(context, find_alert(context, alert), _by(who, ""))
    say(out, "No mute was in force." if not lifted else "It is heard again.")


def _by(who: str, why: str) -> Author:
    return Author(who or "unknown", why, wall())


def _segment(text: str) -> Segment:
    name, _, value = text.partition("=")
    if name not in SEGMENTED or not value:
        raise FeedbackError(
            f"--segment takes a name and a value such as market=DE ({', '.join(SEGMENTED)}); not {text!r}."
        )
    return Segment(name, value)


def _row(context: Context, connection: Connection, owners: Owners, found: Row[Any]) -> dict[str, Any]:
    from feedback.alerts import kept_count
    from feedback.phrases import driver_name, where_words
    from feedback.severity import severity_of
    from feedback.store.alerts import alert_of
    from feedback.store.owners import responsible_for
    from feedback.store.verdicts import verdicts_of
    from jobs.marks import marks_of
    from jobs.mutes import muted_by

    row = found._asdict()
    evidence = row.pop("evidence")
    drivers = [Driver(**each) for each in evidence.get("drivers", [])[:3]]
    mostly = ", ".join(f"{driver_name(each)} ({each.observed} of {each.total})" for each in drivers)
    alert, said = alert_of(connection, row["id"]), verdicts_of(connection, row["id"])
    marks = [
        row["state"],
        severity_of(evidence) or "",
        said[-1].verdict.value if said else "",
        "muted" if muted_by(connection, alert, wall()) else "",
        *marks_of(context, connection, alert, wall()),
    ]
    return {
        **row,
        **evidence,
        "owner": responsible_for(owners, found).owner,
        "severity": severity_of(evidence),
        "severity_why": evidence.get("severity"),
        "key": str(row["id"])[:8],
        "opened_on": f"{row['opened_at'].astimezone(context.settings.zone):%Y-%m-%d}",
        "behind": _behind(evidence.get("voices", {})),
        "mostly": mostly or None,
        "verdict": said[-1].verdict if said else None,
        "shown_state": ", ".join(filter(None, marks)),
        "risen": where_words([kept_count(each) for each in evidence.get("where", ())]) or None,
    }


def _behind(voices: Mapping[str, int | None]) -> str | None:
    """57, 38, 36: near-copies are one text, and who is not known is no customer."""
    told = [voices.get(name) for name in ("messages", "customers", "texts")]
    return ", ".join("–" if each is None else str(each) for each in told) if voices else None
