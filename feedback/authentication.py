"""Signing in: a name and a password, then, where there is one, the second factor.

Every attempt is counted before it is made. What is answered to a wrong password, an unknown name and a disabled account
is the same, and takes as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from feedback import passwords
from feedback.accounts import Account, Session
from feedback.lock_out import Tried, tried
from feedback.provider import Known
from feedback.sealed import SealError, seal, unseal
from feedback.second_factor import matching_step, new_secret, recovery_codes
from feedback.store import accounts, lock_outs, sessions
from feedback.store.database import Database

SEALED_FOR = "second factor"
PROPOSED = "proposed second factor"
PROPOSAL_LIFE = timedelta(minutes=15)

LONGEST_SESSION = timedelta(days=30)
"""No setting lets a session last longer."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where somebody asks to be let in: `secret` is the one of `hash.key`, `address` where they ask from."""

    database: Database
    secret: bytes
    address: str


@dataclass(frozen=True, slots=True)
class Entered:
    """The id of a new session; it is not `complete` while the second factor is still asked for."""

    token: str
    complete: bool
    account: Account


@dataclass(frozen=True, slots=True)
class Refused:
    """Wrong, or, with `until`, not even looked at before then."""

    until: datetime | None = None


def sign_in(door: Door, name: str, password: str, now: datetime) -> Entered | Refused:
    """Sign in with a password."""
    name = name.strip().casefold()
    subjects = tried(door.secret, name, door.address)
    with door.database.write() as connection:
        until = lock_outs.attempt(connection, subjects, now)
        found = None if until else accounts.account_named(connection, name)
    if until:
        return Refused(until)
    known = found if found and found.disabled_at is None else None
    right = passwords.matches(known.password if known else None, password)
    if known is None or not right:
        return Refused()
    with door.database.write() as connection:
        lock_outs.take_back(connection, subjects)
        if known.password and passwords.is_outdated(known.password):
            accounts.change_account(connection, known.id, password=passwords.hashed(password))
        return _entered(door, connection, known, now, complete=known.second_factor is None)


def vouched(door: Door, known: Known, now: datetime, *, gives_roles: bool) -> Entered | None:
    """Sign in somebody whom the provider vouches for; None when nobody has made them an account.

    One without a password and of their name becomes theirs. Where the provider `gives_roles`, an account is made, and
    the role follows what the provider says: who is given none any more stays outside, and their sessions end.
    """
    with door.database.write() as connection:
        if gives_roles and known.given is None:
            _turn_out(connection, known)
            return None
        account = _vouched_account(connection, known, now)
        if account is None or account.disabled_at is not None:
            return None
        return _entered(door, connection, account, now, complete=True)


def _turn_out(connection: Connection, known: Known) -> None:
    account = accounts.account_of_subject(connection, known.subject)
    if account:
        sessions.end_sessions(connection, account.id)


def _vouched_account(connection: Connection, known: Known, now: datetime) -> Account | None:
    name, given = known.name.strip().casefold(), known.given
    account = accounts.account_of_subject(connection, known.subject)
    waiting = accounts.account_named(connection, name)
    if account is None and waiting and waiting.password is None and waiting.subject is None:
        account = waiting
    if account is None:
        if given is None or waiting:
            return None
        return accounts.add_account(connection, name, given.role, now, given.owner, subject=known.subject)
    role, owner = (given.role, given.owner) if given else (account.role, account.owner)
    accounts.change_account(connection, account.id, subject=known.subject, role=role, owner=owner)
    return accounts.account_with(connection, account.id)


def second_step(door: Door, session: Session, code: str, now: datetime) -> Entered | Refused:
    """Complete a session with a one-time code or a recovery code; the session gets a new id."""
    account = session.account
    subjects = tried(door.secret, account.name, door.address)
    with door.database.write() as connection:
        until = lock_outs.attempt(connection, subjects, now)
    if until:
        return Refused(until)
    with door.database.write() as connection:
        if not _use_code(door, connection, account, code, now):
            return Refused()
        lock_outs.take_back(connection, subjects)
        return _entered(door, connection, account, now, complete=True)


def check_password(door: Door, account: Account, password: str, now: datetime) -> Refused | None:
    """Whether somebody who has signed in knows the password of their account; attempts count as those to sign in."""
    subjects = tried(door.secret, account.name, door.address)
    with door.database.write() as connection:
        until = lock_outs.attempt(connection, subjects, now)
    if until or not passwords.matches(account.password, password):
        return Refused(until)
    with door.database.write() as connection:
        lock_outs.take_back(connection, subjects)
    return None


def proposed_second_factor(secret: bytes, account: Account, now: datetime) -> tuple[str, str]:
    """A new secret of one-time codes, and the same sealed, as it comes back with the first code."""
    made = new_secret()
    return made, seal(f"{account.id} {made}", secret, PROPOSED, now)


def proposal(secret: bytes, account: Account, sealed: str, now: datetime) -> str | None:
    """The secret that was proposed to this account a moment ago."""
    try:
        whose, _, made = unseal(sealed, secret, PROPOSED, now, PROPOSAL_LIFE).partition(" ")
    except SealError:
        return None
    return made if whose == str(account.id) else None


def confirm_second_factor(door: Door, account: Account, made: str, code: str, now: datetime) -> Sequence[str] | None:
    """Have codes of the secret asked for from now on; the recovery codes, or None when `code` is none of it."""
    step = matching_step(made, code, now, None)
    if step is None:
        return None
    codes, kept = recovery_codes(), seal(made, door.secret, SEALED_FOR, now)
    with door.database.write() as connection:
        accounts.change_account(connection, account.id, second_factor=kept, last_step=step)
        accounts.replace_recovery_codes(connection, account.id, codes)
    return codes


def _entered(door: Door, connection: Connection, account: Account, now: datetime, *, complete: bool) -> Entered:
    if complete:
        # not before: who has the password could otherwise try codes for ever
        lock_outs.forget(connection, name_of(door, account))
        lock_outs.forget_old(connection, now)
        sessions.end_old_sessions(connection, now - LONGEST_SESSION)
    return Entered(sessions.begin_session(connection, account.id, now, complete=complete), complete, account)


def name_of(door: Door, account: Account) -> Tried:
    """What attempts with the account's name are counted for."""
    return tried(door.secret, account.name, door.address)[0]


def _use_code(door: Door, connection: Connection, account: Account, code: str, now: datetime) -> bool:
    if account.second_factor is None:
        return False
    secret = unseal(account.second_factor, door.secret, SEALED_FOR, now)
    step = matching_step(secret, code, now, account.last_step)
    if step is not None:
        return accounts.use_step(connection, account.id, step)
    return accounts.use_recovery_code(connection, account.id, code)
