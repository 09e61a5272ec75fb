"""Lets somebody into the demonstration's dashboard."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from feedback.passwords import hashed
from feedback.roles import Role
from feedback.settings import LOOPBACK, Settings
from feedback.store.accounts import account_named, add_account, change_account
from feedback.store.complaints import count_complaints
from feedback.store.sessions import end_sessions
from feedback.store.topics import last_judged
from jobs.bootstrap import build_context
from jobs.console import out
from jobs.context import Context
from jobs.progress import Silent
from jobs.show import say

NAME = "demo"


def let_in(context: Context, now: datetime) -> str:
    """A new password for the account `demo`, which may do everything there; an earlier one no longer holds."""
    password = secrets.token_urlsafe(12)
    kept = hashed(password)
    with context.database.write() as connection:
        known = account_named(connection, NAME)
        if known:
            change_account(connection, known.id, password=kept)
            end_sessions(connection, known.id)
        else:
            add_account(connection, NAME, Role.ADMINISTRATOR, now, password=kept)
    return password


def welcome(settings: Settings, now: datetime, day: date, port: int) -> None:
    """Let somebody in once the dashboard answers, not before it could be started, and say where it is and how."""
    context = build_context(settings, Silent(), lambda: now)
    password = let_in(context, now)
    context.database.close()
    say(out, f"The dashboard: http://{LOOPBACK}:{port}")
    say(out, f"Sign in as {NAME} with the password {password}")
    say(out, f"It goes on from {day:%d %B %Y}, where the demonstration ended. Ctrl-C ends it.")


def last_moment(context: Context, now: datetime) -> datetime:
    """When the demonstration ended, which is where its dashboard goes on; `now` where nothing was played."""
    with context.database.read() as connection:
        _, _, last = count_complaints(connection)
        moments = [each for each in (last, last_judged(connection)) if each]
    return max(moments, default=now)
