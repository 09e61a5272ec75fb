"""The commands of `feedback owners`: who answers for which topics, areas, markets and brands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy import Connection

from feedback.errors import FeedbackError
from feedback.owners import Charge, Owned, Owners
from feedback.store.alerts import alert_rows
from feedback.store.owners import add_ownership, end_ownership, ownerships
from feedback.store.topics import StoredTopic, published_version, topics_of
from jobs.console import Json, open_context, out, wall
from jobs.context import Context
from jobs.ownership import owners_of
from jobs.show import say, show

owners = typer.Typer(
    help="Who answers for topics, areas, markets and brands. Without a command, everybody.",
    invoke_without_command=True,
)

Of = Annotated[Owned, typer.Argument(help="What it is.")]
Value = Annotated[str, typer.Argument(help="Which one, such as DE or Bonuses.")]
Who = Annotated[str, typer.Option(help="Who decides.", envvar=["USER", "LOGNAME"])]
Why = Annotated[str, typer.Option(help="Why; kept with the decision.")]


@owners.callback()
def list_owners(invoked: typer.Context, as_json: Json = False) -> None:
    """Show who answers for what, and since when; a topic's own owner goes before its area's."""
    if invoked.invoked_subcommand:
        return
    context = open_context()
    with context.database.read() as connection:
        rows = [*_topics(context, connection), *_charges(context, connection)]
    columns = {"owner": "Owner", "attribute": "What", "value": "Which", "since": "Since (UTC)", "who": "By"}
    rows.sort(key=lambda each: (str(each["owner"]), str(each["attribute"]), str(each["value"])))
    show(out, rows, columns, as_json=as_json, empty="Nobody answers for anything yet.")


@owners.command("set")
def set_owner(
    attribute: Of, value: Value, owner: Annotated[str, typer.Argument(help="Who.")], why: Why = "", who: Who = ""
) -> None:
    """Say who answers for an area, a market or a brand. A topic's owner is said with `feedback topics owner`.

    An area's owner answers for its topics that have none; a market's or brand's is told of alerts that are about it.
    """
    charge, name = Charge(attribute, value.strip()), owner.strip()
    if not charge.value or not name:
        raise FeedbackError("Both the value and the owner need a name.")
    context = open_context()
    with context.write() as connection:
        add_ownership(connection, charge, name, wall(), who or "unknown", why)
    say(out, f"{name!r} answers for the {attribute} {charge.value!r} from now on.")


@owners.command("remove")
def remove(attribute: Of, value: Value, who: Who = "") -> None:
    """Take back who answers for an area, a market or a brand; what the taxonomy says holds again."""
    context = open_context()
    with context.write() as connection:
        if not end_ownership(connection, Charge(attribute, value.strip()), wall(), who or "unknown"):
            raise FeedbackError(f"Nobody was set for the {attribute} {value!r}; `feedback owners` shows who is.")
    say(out, f"The {attribute} {value!r} has no owner of its own any more.")


@owners.command("unowned")
def list_unowned(as_json: Json = False) -> None:
    """Show the topics that nobody answers for; their alerts go to the default owner."""
    context = open_context()
    with context.database.read() as connection:
        known = owners_of(context, connection)
        alerted = {row.topic_id for row in alert_rows(connection, only_open=True)}
        rows = [
            {**_named(each), "size": each.size, "alert": "open" if each.id in alerted else None}
            for each in sorted(_members(connection), key=lambda each: -each.size)
            if not known.of_topic(each.owner, each.area).is_owned
        ]
    rows.sort(key=lambda each: each["alert"] is None)
    columns = {"key": "Id", "name": "Topic", "area": "Area", "size": "Complaints", "alert": "Alert"}
    show(out, rows, columns, as_json=as_json, empty="Every topic has somebody who answers for it.")


def _topics(context: Context, connection: Connection) -> list[dict[str, object]]:
    known = owners_of(context, connection)
    return [
        {"owner": owner, "attribute": "topic", "value": each.name, "since": None, "who": _by(each, known)}
        for each in _members(connection)
        for owner in [known.of_topic(each.owner, each.area).owner]
    ]


def _by(topic: StoredTopic, known: Owners) -> str:
    if topic.owner:
        return "its own"
    return "its area" if known.of_topic(None, topic.area).is_owned else "default"


def _charges(context: Context, connection: Connection) -> list[dict[str, object]]:
    decided = ownerships(connection)
    taken = {each.charge.key for each in decided}
    written = [each for each in context.parts.owned.items() if each[0].key not in taken]
    return [
        *(_charge(each.charge, each.owner, each.at, each.who) for each in decided),
        *(_charge(charge, owner, None, "taxonomy") for charge, owner in written),
    ]


def _charge(charge: Charge, owner: str, at: datetime | None, who: str) -> dict[str, object]:
    return {"owner": owner, "attribute": charge.attribute, "value": charge.value, "since": at, "who": who}


def _members(connection: Connection) -> list[StoredTopic]:
    version = published_version(connection)
    return topics_of(connection, version.id) if version else []


def _named(topic: StoredTopic) -> dict[str, object]:
    return {"id": topic.id, "key": str(topic.id)[:8], "name": topic.name, "area": topic.area}
