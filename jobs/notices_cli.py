"""The commands of `feedback notices`: what was sent, what waits, what was given up."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import typer

from feedback.errors import FeedbackError
from feedback.phrases import amount
from jobs.console import Json, open_context, out, wall
from jobs.show import say, show, write_json

notices = typer.Typer(help="What owners were told, what waits to be sent, and what was given up.", no_args_is_help=True)

SECONDS = 30.0


def dead_words(number: int) -> str:
    """What to say loudly of notices that were given up."""
    return (
        f"{amount(number, 'NOTICE WAS', 'NOTICES WERE')} GIVEN UP: somebody has not been told. `feedback notices list "
        "--state dead` says why, `feedback notices retry --all` sends again."
    )


@notices.command("list")
def list_notices(
    state: Annotated[str, typer.Option(help="pending, sent or dead. Default: all.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.", min=1)] = 50,
    as_json: Json = False,
) -> None:
    """Show notices with their state and what their last attempt met."""
    from feedback.store.notices import listed

    wanted = _state(state)
    context = open_context()
    with context.database.read() as connection:
        rows = [_row(asdict(each)) for each in listed(connection, wanted, limit)]
    columns = {
        "key": "Notice",
        "created_at": "Written (UTC)",
        "kind": "Kind",
        "channel": "Channel",
        "subject": "Subject",
        "state": "State",
        "attempts": "Attempts",
        "next": "Next (UTC)",
        "last_error": "Last error",
    }
    show(out, rows, columns, as_json=as_json, empty="No such notice." if state else "No notice has been written.")


@notices.command("retry")
def retry_notices(
    notice: Annotated[str, typer.Argument(help="A notice's id, or its beginning as `list` shows it.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All that were given up.")] = False,
) -> None:
    """Send notices again that were given up, with the same keys, once their cause is mended."""
    from feedback.notify.outbox import NoticeState
    from feedback.store.notices import listed, retry

    if bool(notice.strip()) == every:
        raise FeedbackError("Name one notice by its id, or say --all.")
    context = open_context()
    with context.write() as connection:
        dead = [each.id for each in listed(connection, NoticeState.DEAD)]
        number = retry(connection, dead if every else [_one(dead, notice)], wall())
    say(out, f"{amount(number, 'notice')} will be sent again.")


@notices.command("test")
def try_channels(
    owner: Annotated[str, typer.Argument(help="The owner, as in the channels file and the taxonomy.")],
    as_json: Json = False,
) -> None:
    """Send a test message to each of an owner's channels now, and say what happened."""
    from feedback.language import Language
    from feedback.notify.message import trial_message
    from feedback.notify.outbox import notice_id

    context, now = open_context(), wall()
    channels = context.parts.channels
    if channels is None:
        raise FeedbackError("The setting 'channels' names no file, so nothing is sent.")
    found = [each for each, _ in channels.reaching([owner])]
    if not found:
        raise FeedbackError(f"{owner!r} has no channel, and the file has neither `default` nor `everybody`.")
    rows = []
    for each in found:
        to = Language(channels.language(owner, each) or context.settings.reader_language)
        message = trial_message(owner, notice_id("test", now, each.key), now, to)
        rows.append({"channel": each.key, "error": each.send(message, now, SECONDS).error})
    if as_json:
        write_json(out, rows)
    else:
        for row in rows:
            say(out, f"{row['channel']}: {row['error'] or 'delivered'}")
    if any(row["error"] for row in rows):
        raise typer.Exit(1)


def _state(state: str) -> Any:
    from feedback.notify.outbox import NoticeState

    if state and state not in set(NoticeState):
        raise FeedbackError(f"There is no state {state!r}; it is {', '.join(NoticeState)}.")
    return NoticeState(state) if state else None


def _one(dead: list[UUID], named: str) -> UUID:
    found = [each for each in dead if str(each).startswith(named.strip().casefold())]
    if len(found) != 1:
        many = f"{len(found)} of the notices that were given up begin with {named!r}; give more of the id"
        raise FeedbackError(f"{many if found else f'No notice that was given up begins with {named!r}'}.")
    return found[0]


def _row(notice: dict[str, Any]) -> dict[str, Any]:
    content = notice.pop("content")
    subject = content.get("subject") or f"Digest of {content.get('week')}"
    waiting = notice["next_at"] if notice["state"] == "pending" else None
    return {**notice, "key": str(notice["id"])[:8], "subject": subject, "next": waiting}
