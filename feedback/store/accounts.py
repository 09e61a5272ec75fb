"""People's accounts, and the codes that stand in for their second factor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from feedback.accounts import Account, AccountError, account_name, owner_for
from feedback.domain import derived_id
from feedback.roles import Role
from feedback.second_factor import recovery_hash
from feedback.store.tables import account, recovery_code

COLUMNS = tuple(account.c)


def add_account(
    connection: Connection,
    name: str,
    role: Role,
    now: datetime,
    owner: str | None = None,
    password: str | None = None,
    subject: str | None = None,
) -> Account:
    """Make an account; `password` is its hash. AccountError when the name is taken or none, or the owner amiss."""
    name = account_name(name)
    made = Account(derived_id("account", name, now), name, role, now, owner_for(role, owner), password, subject=subject)
    row = {each.name: getattr(made, each.name) for each in COLUMNS}
    try:
        with connection.begin_nested():
            connection.execute(account.insert().values(**row))
    except IntegrityError:
        raise AccountError(f"There is an account called {name!r} already; choose another name.") from None
    return made


def account_named(connection: Connection, name: str) -> Account | None:
    """The account of that name, disabled or not."""
    return _one(connection.execute(select(*COLUMNS).where(account.c.name == name.strip().casefold())).one_or_none())


def account_with(connection: Connection, account_id: UUID) -> Account:
    """The account of that id. AccountError when there is none."""
    found = _one(connection.execute(select(*COLUMNS).where(account.c.id == account_id)).one_or_none())
    if found is None:
        raise AccountError(f"There is no account {account_id}.")
    return found


def account_of_subject(connection: Connection, subject: str) -> Account | None:
    """The account of somebody whom the provider knows as `subject`."""
    return _one(connection.execute(select(*COLUMNS).where(account.c.subject == subject)).one_or_none())


def existing(connection: Connection, name: str) -> Account:
    """The account of that name. AccountError when there is none."""
    found = account_named(connection, name)
    if found is None:
        raise AccountError(f"There is no account called {name!r}; `feedback accounts list` shows them.")
    return found


def accounts(connection: Connection) -> list[Account]:
    """All accounts by name."""
    return [of_row(row) for row in connection.execute(select(*COLUMNS).order_by(account.c.name))]


def has_administrator(connection: Connection) -> bool:
    """Whether somebody who is an administrator may sign in."""
    able = (account.c.role == Role.ADMINISTRATOR) & account.c.disabled_at.is_(None)
    return connection.execute(select(account.c.id).where(able).limit(1)).first() is not None


def change_account(connection: Connection, account_id: UUID, **values: Any) -> None:
    """Change columns of an account."""
    connection.execute(update(account).where(account.c.id == account_id).values(**values))


def drop_second_factor(connection: Connection, account_id: UUID) -> None:
    """The account does without; its recovery codes go too."""
    change_account(connection, account_id, second_factor=None, last_step=None)
    replace_recovery_codes(connection, account_id, ())


def replace_recovery_codes(connection: Connection, account_id: UUID, codes: Iterable[str]) -> None:
    """These codes hold from now on, and no others."""
    connection.execute(delete(recovery_code).where(recovery_code.c.account_id == account_id))
    rows = [{"account_id": account_id, "hash": recovery_hash(each)} for each in codes]
    if rows:
        connection.execute(recovery_code.insert(), rows)


def use_recovery_code(connection: Connection, account_id: UUID, code: str) -> bool:
    """Use a code up; False when it is none of the account's."""
    one = (recovery_code.c.account_id == account_id) & (recovery_code.c.hash == recovery_hash(code))
    return connection.execute(delete(recovery_code).where(one)).rowcount == 1


def count_recovery_codes(connection: Connection, account_id: UUID) -> int:
    """How many are left."""
    mine = select(func.count()).select_from(recovery_code).where(recovery_code.c.account_id == account_id)
    return int(connection.execute(mine).scalar_one())


def use_step(connection: Connection, account_id: UUID, step: int) -> bool:
    """Use a one-time code's step up; False when somebody else was quicker."""
    fresh = account.c.last_step.is_(None) | (account.c.last_step < step)
    mine = (account.c.id == account_id) & fresh
    return connection.execute(update(account).where(mine).values(last_step=step)).rowcount == 1


def of_row(row: Row[Any] | Sequence[Any]) -> Account:
    """An account from a row that begins with `COLUMNS`."""
    values = dict(zip((each.name for each in COLUMNS), row, strict=False))
    return Account(**{**values, "role": Role(values["role"])})


def _one(row: Row[Any] | None) -> Account | None:
    return of_row(row) if row else None
