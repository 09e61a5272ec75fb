"""`feedback accounts`: people who may sign in."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from feedback.accounts import Account, AccountError, owner_for
from feedback.roles import Role
from jobs.console import Json, open_context, out, wall
from jobs.show import say, show

accounts = typer.Typer(help="People who may sign in.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name somebody signs in with; capitals make no difference.")]
OfOwner = Annotated[
    str, typer.Option("--owner", help="With the role owner: whose topics, markets and brands are seen.")
]

COLUMNS = {
    "name": "Name",
    "role": "Role",
    "owner": "Owner",
    "second_factor": "Second factor",
    "created_at": "Made (UTC)",
    "disabled_at": "Disabled (UTC)",
}


@accounts.command("add")
def accounts_add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What they may do.")],
    owner: OfOwner = "",
    provider: Annotated[
        bool, typer.Option("--provider", help="They sign in through the OpenID Connect provider, without a password.")
    ] = False,
) -> None:
    """Make an account. The password is asked for, or read from standard input, and never shown."""
    from feedback.store.accounts import add_account

    context = open_context()
    owner_for(role, owner)
    kept = None if provider else _password(name)
    with context.database.write() as connection:
        made = add_account(connection, name, role, wall(), owner, kept)
    say(out, f"{made.name} may sign in, as {role}.")


@accounts.command("list")
def accounts_list(as_json: Json = False) -> None:
    """Show who may sign in."""
    from feedback.store.accounts import accounts as stored

    context = open_context()
    with context.database.read() as connection:
        rows = [_row(each) for each in stored(connection)]
    empty = "There is no account; `feedback accounts add NAME --role administrator` makes the first."
    show(out, rows, COLUMNS, as_json=as_json, empty=empty)


@accounts.command("role")
def accounts_role(
    name: Name, role: Annotated[Role, typer.Argument(help="What they may do from now on.")], owner: OfOwner = ""
) -> None:
    """Give somebody another role. It holds at once."""
    _change(name, role=role, owner=owner_for(role, owner))
    say(out, f"{name} is {role} from now on.")


@accounts.command("password")
def accounts_password(name: Name) -> None:
    """Set a new password, asked for or read from standard input. All their sessions end, and failures are forgotten."""
    from feedback.lock_out import tried
    from feedback.settings import hash_key
    from feedback.store.accounts import change_account, existing
    from feedback.store.lock_outs import forget
    from feedback.store.sessions import end_sessions

    context = open_context()
    with context.database.read() as connection:
        account = existing(connection, name)
    kept = _password(account.name)
    with context.database.write() as connection:
        change_account(connection, account.id, password=kept)
        end_sessions(connection, account.id)
        forget(connection, tried(hash_key(context.settings.data_dir), account.name, "")[0])
    say(out, f"The password of {account.name} is another now; their sessions have ended.")


@accounts.command("second-factor-reset")
def accounts_second_factor_reset(name: Name) -> None:
    """Do without the second factor of somebody who lost their phone and their codes; they set it up anew."""
    from feedback.store.accounts import drop_second_factor, existing

    context = open_context()
    with context.database.write() as connection:
        drop_second_factor(connection, existing(connection, name).id)
    say(out, f"{name} signs in with the password alone until they set up a second factor again.")


@accounts.command("disable")
def accounts_disable(name: Name) -> None:
    """Let somebody in no longer. All their sessions end."""
    from feedback.store.accounts import existing
    from feedback.store.sessions import end_sessions

    context = open_context()
    with context.database.write() as connection:
        end_sessions(connection, existing(connection, name).id)
    _change(name, disabled_at=wall())
    say(out, f"{name} may no longer sign in.")


@accounts.command("enable")
def accounts_enable(name: Name) -> None:
    """Let somebody in again."""
    _change(name, disabled_at=None)
    say(out, f"{name} may sign in again.")


def _change(name: str, **values: Any) -> None:
    from feedback.store.accounts import change_account, existing

    context = open_context()
    with context.database.write() as connection:
        change_account(connection, existing(connection, name).id, **values)


def _row(account: Account) -> dict[str, Any]:
    row = {name: getattr(account, name) for name in COLUMNS}
    return {**row, "second_factor": "yes" if account.second_factor else "no"}


def _password(name: str) -> str:
    """The hash of a password that is asked for twice on a terminal, else the first line of standard input.

    AccountError for a weak one.
    """
    from feedback.passwords import hashed, weakness

    if sys.stdin.isatty():
        password = str(typer.prompt("Password", hide_input=True, confirmation_prompt="Again", err=True))
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    weak = weakness(password, name)
    if weak:
        raise AccountError(weak)
    return hashed(password)
