"""The commands of `feedback events`: what is planned for which days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import typer

from feedback.errors import FeedbackError
from feedback.events import PlannedEvent
from feedback.store.events import add_event, planned_events, remove_event
from feedback.store.topics import topic_names
from jobs.console import Json, open_context, out, wall
from jobs.show import say, show

events = typer.Typer(
    help="Planned events, such as a campaign, a holiday or a release: drawn into the pictures of alerts, and named "
    "where a rise falls on them.",
    no_args_is_help=True,
)

Who = Annotated[str, typer.Option(help="Who enters it.", envvar=["USER", "LOGNAME"])]


@events.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What is planned, in a few words.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Its first day, in time_zone.")],
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Its last day. Default: the first.")
    ] = None,
    topic: Annotated[str, typer.Option(help="The one topic it concerns, by name or id. Default: all.")] = "",
    expected: Annotated[
        bool, typer.Option("--expected", help="A rise on these days opens no alert, nor do they count as usual.")
    ] = False,
    note: Annotated[str, typer.Option(help="More about it.")] = "",
    who: Who = "",
) -> None:
    """Enter an event with its days, before or after them."""
    from jobs.curate import find_topic

    if not name.strip():
        raise FeedbackError("An event needs a name.")
    days = (first.date(), (last or first).date())
    if days[1] < days[0]:
        raise FeedbackError(f"The event would end ({days[1]}) before it begins ({days[0]}).")
    context = open_context()
    topic_id = find_topic(context, topic) if topic else None
    with context.write() as connection:
        made = add_event(connection, name.strip(), *days, topic_id, note, wall(), who or "unknown", expected=expected)
    say(out, f"{made.name!r}, {_span(made)}, is event {made.id}; `feedback events remove {made.id}` takes it out.")


@events.command("list")
def list_events(*, as_json: Json = False) -> None:
    """Show the events by their first day."""
    context = open_context()
    with context.database.read() as connection:
        found = planned_events(connection)
        names = {key: row.name for key, row in topic_names(connection).items()}
    rows = [_row(each, names) for each in found]
    columns = {
        "id": "Event",
        "first": "First day",
        "last": "Last day",
        "name": "Name",
        "topic": "Topic",
        "expected": "Expected",
        "note": "Note",
    }
    show(out, rows, columns, as_json=as_json, empty="No event has been entered. `feedback events add` enters one.")


@events.command("remove")
def remove(number: Annotated[int, typer.Argument(help="The number of the event.")], who: Who = "") -> None:
    """Take an event out that was not to be."""
    context = open_context()
    with context.write() as connection:
        gone = remove_event(connection, number, wall(), who or "unknown")
    if gone is None:
        raise FeedbackError(f"There is no event {number}; `feedback events list` shows all there are.")
    say(out, f"{gone.name!r}, {_span(gone)}, is no longer an event.")


def _span(event: PlannedEvent) -> str:
    return str(event.first) if event.first == event.last else f"{event.first} to {event.last}"


def _row(event: PlannedEvent, names: dict[UUID, str]) -> dict[str, object]:
    topic = names.get(event.topic_id, str(event.topic_id)) if event.topic_id else "all"
    fields: dict[str, date | datetime | int | str] = {
        name: getattr(event, name) for name in ("id", "first", "last", "name", "expected", "note", "at", "who")
    }
    return {**fields, "topic": topic}
