"""The commands of `feedback faq`: which questions are worth an entry, and what an entry achieved."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from feedback.domain import USUAL_EXPECTATION, FixKind, Span
from feedback.errors import FeedbackError
from feedback.faq import Faq, FaqSuggestion
from feedback.outcome import in_short
from feedback.phrases import amount, capital, clean, excerpt, language_name
from feedback.store.fixes import add_fix
from jobs.console import MINUTES, Json, moment_at, open_context, out, wall
from jobs.context import Context
from jobs.fixes_cli import Who, change_of, moment_of, withdraw
from jobs.kpi_cli import duration
from jobs.show import say, write_json

faq = typer.Typer(
    help="Topics that are made mostly of questions and misunderstandings, and what explaining them achieved.",
    no_args_is_help=True,
)
faq.command("withdraw")(withdraw)


@faq.command("list")
def list_faq(
    at: Annotated[
        datetime | None, typer.Option(formats=MINUTES, help="As of when, in time_zone. Default: now.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show topics worth an entry by the last eight weeks, what takes most time first, with what customers ask; and the
    entries that are watched, with their outcome."""
    from jobs.faq import LOOKED_AT, gather_faq
    from jobs.published import published

    context = open_context()
    now = moment_at(context, at)
    current = published(context)
    if current is None:
        raise FeedbackError("There is no topic model yet, and so no topics: `feedback retrain` trains the first.")
    with context.database.read() as connection:
        found = gather_faq(context, connection, current, Span(now - LOOKED_AT, now), now).faq
    if as_json:
        write_json(
            out, {"suggestions": [asdict(each) for each in found.suggestions], "entries": _entries(context, found)}
        )
        return
    for line in [*_suggested(found), *(f"{each['topic']}. {each['told']}" for each in _entries(context, found))]:
        say(out, line)


@faq.command("write")
def write(
    topic: Annotated[str, typer.Option(help="The topic that is explained, by name or id.")],
    at: Annotated[
        str, typer.Option(help="Since when: a day or a time such as 2026-05-04T14:30, in time_zone. Default: now.")
    ] = "",
    expect: Annotated[str, typer.Option(help="The change hoped for, such as -40%.")] = f"{USUAL_EXPECTATION:.0%}",
    note: Annotated[str, typer.Option(help="What was written or taught.")] = "",
    training: Annotated[bool, typer.Option("--training", help="Support was taught; nothing was written.")] = False,
    who: Who = "",
) -> None:
    """Say that an entry is written, or support taught. From then on it is judged like a fix, for twelve weeks, and the
    topic is not suggested meanwhile."""
    from jobs.curate import find_topic

    change, context = change_of(expect), open_context()
    moment, topic_id = moment_of(context, at), find_topic(context, topic)
    kind = FixKind.TRAINING if training else FixKind.FAQ
    with context.write() as connection:
        made = add_fix(connection, topic_id, moment, change, note.strip(), wall(), who or "unknown", kind)
    say(out, f"{capital(kind)} {made.id} is entered; `feedback faq list` tells what it achieves.")


def _suggested(found: Faq) -> list[str]:
    if not found.suggestions:
        return ["No topic is made mostly of questions that are not explained yet."]
    return [line for rank, each in enumerate(found.suggestions, 1) for line in _lines(rank, each)]


def _lines(rank: int, each: FaqSuggestion) -> list[str]:
    share, by = each.asking, {"resolution": "resolved", "first response": "first answered"}
    time = "" if each.minutes is None else f"; half are {by[each.timed_by or '']} within {duration(each.minutes * 60)}"
    told = f"{share.value:.0%} ask ({share.low:.0%}–{share.high:.0%})"
    quoted = [
        f"   {language_name(language)}: {excerpt(question)}"
        for language, questions in each.questions.items()
        for question in questions
    ]
    head = f"{rank}. {clean(each.topic)} ({clean(each.owner)}): {amount(each.complaints, 'complaint')}, {told}{time}."
    return [head, *quoted, ""]


def _entries(context: Context, found: Faq) -> list[dict[str, Any]]:
    zone = context.settings.zone
    return [
        {
            "topic": each.topic,
            "fix": asdict(each.fix),
            "outcome": each.outcome and asdict(each.outcome),
            "told": in_short(each.fix, each.outcome, zone),
        }
        for each in found.entries
    ]
