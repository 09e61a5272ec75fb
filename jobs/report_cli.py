"""The commands of `feedback report`: what came of the alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from feedback.phrases import amount
from feedback.precision import LEAST, JudgedAlert, Precision, budget_for, precisions
from jobs.console import Json, open_context, out
from jobs.context import Context
from jobs.show import say, show, write_json

report = typer.Typer(help="What came of the alerts.", no_args_is_help=True)

WEEK = timedelta(days=7)


@report.callback()
def group() -> None:
    """What came of the alerts."""


@report.command("verdicts")
def verdicts(
    wish: Annotated[float, typer.Option(help="The share of alerts that should be worth it.", min=0.05, max=1)] = 0.8,
    as_json: Json = False,
) -> None:
    """Show which share of the alerts was worth it, by what owners said (`real` and `known` against `expected` and `not
    an issue`), and which budget of false alarms a wished share would take."""
    context = open_context()
    with context.database.read() as connection:
        judged = _judged(context, connection)
    found, budget = precisions(judged), context.settings.false_alarms_per_week
    rows = [{"by": by, **_row(each)} for by, each in ((by, each) for by, all_of in found.items() for each in all_of)]
    needed = budget_for(judged, wish, budget)
    if as_json:
        write_json(out, {"precision": rows, "wish": wish, "budget": budget, "budget_for_wish": needed})
        return
    columns = {"by": "By", "of": "Which", "judged": "Verdicts", "worth": "Worth it", "share": "Share", "range": "90 %"}
    show(out, rows, columns, as_json=False, empty=_nothing(judged))
    if rows:
        say(out, "\n" + _advice(needed, wish, budget))


def _nothing(judged: Sequence[JudgedAlert]) -> str:
    ask = "`feedback alerts verdict ALERT real` gives one."
    if not judged:
        return f"No verdict yet: {ask}"
    return f"No verdict yet that says whether an alert was worth it ({amount(len(judged), 'wrong owner')}): {ask}"


def _advice(needed: float | None, wish: float, budget: float) -> str:
    if needed is None:
        return f"No budget can be named for {wish:.0%}: it takes {LEAST} verdicts, and a threshold at which they agree."
    if needed == budget:
        return f"With the budget in force, {budget:g} false alarms a week, {wish:.0%} and more were worth it."
    return (
        f"For {wish:.0%} the budget would have to be about {needed:.2g} false alarms a week, not {budget:g} "
        "(`false_alarms_per_week`); `feedback backtest` tells what that would miss."
    )


def _row(each: Precision) -> dict[str, Any]:
    return {
        "of": each.of,
        "judged": each.judged,
        "worth": each.worth,
        "share": f"{each.share:.0%}",
        "range": f"{each.low:.0%} to {each.high:.0%}",
    }


def _judged(context: Context, connection: Connection) -> list[JudgedAlert]:
    """The alerts that have a verdict, by the numbers they opened with."""
    from feedback.alerts import kept_signal
    from feedback.store.alerts import alert_rows
    from feedback.store.owners import responsible_for
    from feedback.store.verdicts import latest_verdicts
    from jobs.ownership import owners_of

    said, owners = latest_verdicts(connection), owners_of(context, connection)
    found = []
    for row in alert_rows(connection):
        if row.id in said:
            signal = kept_signal(row.evidence.get("opening", row.evidence), row.topic_id)
            a_week = signal.expected * (WEEK / (signal.window.end - signal.window.start))
            owner = responsible_for(owners, row).owner
            above = signal.score - signal.threshold
            found.append(JudgedAlert(said[row.id].verdict, owner, a_week, signal.detector, above))
    return found
