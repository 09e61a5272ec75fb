"""The commands of `feedback owners`: who answers for which topics, areas, markets and brands."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from feedback.domain import Author
from feedback.owners import Owned
from jobs.console import Json, open_context, out, wall
from jobs.owners import answering, remove_owner, set_owner, unowned
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
    rows = [asdict(each) for each in answering(open_context())]
    columns = {"owner": "Owner", "attribute": "What", "value": "Which", "since": "Since (UTC)", "who": "By"}
    show(out, rows, columns, as_json=as_json, empty="Nobody answers for anything yet.")


@owners.command("set")
def set_one(
    attribute: Of, value: Value, owner: Annotated[str, typer.Argument(help="Who.")], why: Why = "", who: Who = ""
) -> None:
    """Say who answers for an area, a market or a brand. A topic's owner is said with `feedback topics owner`.

    An area's owner answers for its topics that have none; a market's or brand's is told of alerts that are about it.
    """
    made = set_owner(open_context(), attribute, value, owner, Author(who or "unknown", why, wall()))
    say(out, f"{made.owner!r} answers for the {made.charge.attribute} {made.charge.value!r} from now on.")


@owners.command("remove")
def remove(attribute: Of, value: Value, who: Who = "") -> None:
    """Take back who answers for an area, a market or a brand; what the taxonomy says holds again."""
    remove_owner(open_context(), attribute, value, Author(who or "unknown", "", wall()))
    say(out, f"The {attribute} {value!r} has no owner of its own any more.")


@owners.command("unowned")
def list_unowned(as_json: Json = False) -> None:
    """Show the topics that nobody answers for; their alerts go to the default owner."""
    rows = [
        {**asdict(each), "key": str(each.id)[:8], "alert": "open" if each.alerted else None}
        for each in unowned(open_context())
    ]
    columns = {"key": "Id", "name": "Topic", "area": "Area", "size": "Complaints", "alert": "Alert"}
    show(out, rows, columns, as_json=as_json, empty="Every topic has somebody who answers for it.")
