"""The command `feedback backtest`: what it is asked, and how its report reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedback.errors import FeedbackError
from jobs.console import Json, open_context, out, wall
from jobs.context import Context
from jobs.show import say, show, write_json

if TYPE_CHECKING:
    from jobs.backtest import BacktestPlan, BacktestReport


def backtest(
    kinds: Annotated[str, typer.Option(help="Kinds of rise, of step, ramp, new and spike.")] = "step,ramp,new,spike",
    lift: Annotated[str, typer.Option(help="By how much complaints rise: 2 is twice as many.")] = "1.5,2,3",
    budget: Annotated[
        str, typer.Option(help="False alarms a week; the first is told in detail. Default: the setting and others.")
    ] = "",
    weeks: Annotated[int, typer.Option(help="The last so many weeks get rises.", min=4)] = 26,
    repeats: Annotated[int, typer.Option(help="Times each rise is planted into each topic.", min=1)] = 5,
    seed: Annotated[int, typer.Option(help="Another seed plants them on other days.")] = 1,
    picture: Annotated[Path | None, typer.Option(help="Where the picture goes. Default: in data_dir.")] = None,
    as_json: Json = False,
) -> None:
    """Plant rises into your own history, by copying real complaints of each topic, and tell how many are found."""
    from jobs.backtest import BacktestPlan, run_backtest

    context = open_context()
    usual = context.settings.false_alarms_per_week
    budgets = _numbers("--budget", budget) if budget else [usual, *(each for each in (0.5, 1.0, 3.0) if each != usual)]
    plan = BacktestPlan(_kinds(kinds), _lifts(lift), budgets, weeks, repeats, seed)
    report = run_backtest(context, plan, wall())
    drawn = _draw(context, report, picture)
    if as_json:
        write_json(
            out,
            {
                "weeks": report.weeks,
                "topics": report.topics,
                "part_of_budget": report.part,
                "rises": report.rises,
                "sizes": report.sizes,
                "budgets": report.budgets,
                "found_by_day": report.curves,
                "picture": str(drawn),
            },
        )
    else:
        _tell(report, plan, drawn)


def _draw(context: Context, report: BacktestReport, wanted: Path | None) -> Path | None:
    from feedback.found_chart import found_chart

    if not report.curves:
        return None
    path = wanted or context.settings.data_dir / "backtest.png"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found_chart(report.curves))
    except OSError as error:
        raise FeedbackError(f"The picture cannot be written to {path}: {error.strerror}.") from error
    return path


def _tell(report: BacktestReport, plan: BacktestPlan, picture: Path | None) -> None:
    say(
        out,
        f"Rises planted into {report.topics} topics in the last {report.weeks:.0f} weeks, with the false alarms a "
        f"week set to {plan.budgets[0]:g}. Shares are of those planted that were found within so many weeks; days, "
        "in the middle of those found, are to the end of the day on which each was.",
    )
    if report.part < 1:
        say(
            out,
            f"They are planted everywhere and judged by topics as a whole, which have {report.part:.0%} of each "
            "budget; the rest is the hourly path's and, where segments are judged, theirs.",
        )
    numbers = {"planted": "Planted", "within_1": "1 week", "within_2": "2 weeks", "within_3": "3 weeks", "days": "Days"}
    kinds = {"kind": "Rise", "lift": "Lift"}
    show(out, _told(report.rises), {**kinds, **numbers}, as_json=False, empty="No topic was calm for long enough.")
    say(out, "\nBy the topic's complaints a week:")
    show(out, _told(report.sizes), {**kinds, "size": "Topic", **numbers}, as_json=False, empty="None.")
    say(
        out,
        "\nBudgets, all rises together. `Simulated` are false alarms a week where nothing rises; `in history` are the "
        "alerts a week in your history as it was, which real rises opened as well as chance. `q up to` is the share of "
        "a run's rises that may be there by chance (Benjamini-Hochberg), as small as the budget allows:",
    )
    columns = {"budget": "Budget", "threshold": "Threshold", "q_bound": "q up to", "simulated": "Simulated"}
    columns |= {"opened_in_history": "In history", **numbers}
    show(out, _told(report.budgets), columns, as_json=False, empty="None.")
    if picture:
        say(out, f"\nThe picture is {picture}.")


def _told(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """With shares as whole per cents and the rest short enough for a table."""
    return [{name: _cell(name, value) for name, value in row.items()} for row in rows]


def _cell(name: str, value: Any) -> Any:
    if not isinstance(value, float):
        return value
    if name.startswith("within"):
        return f"{value:.0%}"
    return f"×{value:g}" if name == "lift" else f"{value:.3g}"


def _kinds(text: str) -> list[str]:
    from models.backtest import KINDS

    kinds = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise FeedbackError(f"--kinds takes {', '.join(KINDS)}, with commas between; not {text!r}.")
    return kinds


def _lifts(text: str) -> list[float]:
    lifts = _numbers("--lift", text)
    if min(lifts) <= 1 or max(lifts) > 100:
        raise FeedbackError(f"--lift takes numbers above 1, up to 100; not {text!r}.")
    return lifts


def _numbers(option: str, text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or not all(0 < number < math.inf for number in numbers):
        raise FeedbackError(f"{option} takes numbers above zero with commas between, such as 1.5,2,3; not {text!r}.")
    return numbers
