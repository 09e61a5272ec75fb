"""`feedback keys`: what other systems sign in with."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

import typer

from feedback.errors import FeedbackError
from feedback.roles import Role
from jobs.console import Json, err, open_context, out, wall
from jobs.show import say, show

keys = typer.Typer(help="Keys for the API.", no_args_is_help=True)

COLUMNS = {
    "name": "Name",
    "role": "Role",
    "owner": "Owner",
    "sources": "Sources",
    "created_at": "Made (UTC)",
    "expires_at": "Runs out (UTC)",
    "last_used_at": "Last used (UTC)",
    "revoked_at": "Revoked (UTC)",
}


@keys.command("add")
def keys_add(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    role: Annotated[Role, typer.Option(help="What it may do; a sender sends complaints and nothing else.")] = (
        Role.READER
    ),
    owner: Annotated[str, typer.Option(help="With the role owner: whose topics, markets and brands it sees.")] = "",
    source: Annotated[
        list[str] | None,
        typer.Option(help="Send complaints of this source alone; may be given several times. All if left out."),
    ] = None,
    expires: Annotated[str, typer.Option(help="After how many days it runs out, such as 90d; never if left out.")] = "",
) -> None:
    """Make a key for the API. It is shown once and kept only as a hash."""
    from feedback.store.keys import add_key

    life, now, context = _life(expires), wall(), open_context()
    with context.database.write() as connection:
        key = add_key(connection, name, now, role, owner, now + life if life else None, source or ())
    say(out, key)
    say(err, "This is the only time the key is shown. Send it as: Authorization: Bearer KEY")


@keys.command("list")
def keys_list(as_json: Json = False) -> None:
    """Show the keys there are, without the keys themselves."""
    from feedback.store.keys import keys as stored_keys

    context = open_context()
    with context.database.read() as connection:
        rows = [{name: getattr(row, name) for name in COLUMNS} for row in stored_keys(connection)]
    if not as_json:
        rows = [{**row, "sources": ", ".join(row["sources"] or ["all"])} for row in rows]
    show(out, rows, COLUMNS, as_json=as_json, empty="There is no key; `feedback keys add NAME` makes one.")


@keys.command("revoke")
def keys_revoke(name: Annotated[str, typer.Argument(help="Which key.")]) -> None:
    """Make a key useless from now on."""
    from feedback.store.keys import revoke_key

    context = open_context()
    with context.database.write() as connection:
        revoke_key(connection, name, wall())
    say(out, f"The key {name!r} no longer opens anything.")


def _life(expires: str) -> timedelta | None:
    """How long a key is to hold, None for good. FeedbackError for what is no number of days."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})d", expires)
    if expires and not found:
        raise FeedbackError(f"{expires!r} is no time to run out after; write days, such as 90d.")
    return timedelta(days=int(found[1])) if found else None
