"""What becomes of a notice after an attempt to deliver it: pure decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from feedback.domain import derived_id

PASSING_STATUS = frozenset({408, 425, 429})
"""HTTP's refusals below 500 that ask to come again."""

ERROR_LENGTH = 300


class NoticeState(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"
    """Given up: refused for good, or tried too often. People see it and can send it again."""


class NoticeKind(StrEnum):
    """What a notice tells."""

    OPENED = "opened"
    REGRESSED = "regressed"
    GRAVER = "graver"
    """An open alert is of high or critical severity now, and was of less when it was told."""

    RESOLVED = "resolved"
    ESCALATED = "escalated"
    """Nobody has taken an alert on, and who is told now is the next in line."""

    OUTCOME = "outcome"
    """What a fix achieved, or that what it mended is back."""

    SILENT = "silent"
    """Nothing comes from a source for longer than chance explains."""

    HEARD = "heard"
    """Something has come from such a source again."""

    DIGEST = "digest"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one channel about one thing. `id` is its idempotency key, the same at every attempt.

    `position` is that of the alert's transition, 0 for a digest. Of alerts that are told together it holds the gravest;
    the others stand in the content. `channel` names the channel in the operator's file.
    `content` says what the message says, but for what customers wrote. `token` grows with every claim.
    """

    id: UUID
    kind: NoticeKind
    owner: str
    channel: str
    content: Mapping[str, Any]
    created_at: datetime
    next_at: datetime
    alert_id: UUID | None = None
    position: int = 0
    state: NoticeState = NoticeState.PENDING
    attempts: int = 0
    token: int = 0
    last_error: str | None = None
    sent_at: datetime | None = None

    @property
    def about(self) -> list[tuple[UUID, int]]:
        """The alerts that it tells of, each with the position of its transition; none for a digest."""
        together = [(UUID(each["alert"]["id"]), each["position"]) for each in self.content.get("together", ())]
        return together or ([(self.alert_id, self.position)] if self.alert_id else [])


def notice_id(about: object, position: object, channel: str) -> UUID:
    """The idempotency key: of an alert and the position of its transition, or a digest's week and owner."""
    return derived_id("notice", about, position, channel)


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt went. `error` is None for one that arrived, and never holds addresses or secrets."""

    error: str | None = None
    permanent: bool = False
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        return self.error is None


DELIVERED = Result()


def passing(error: str, retry_after: timedelta | None = None) -> Result:
    """A failure that may be over the next time."""
    return Result(error, retry_after=retry_after)


def permanent(error: str) -> Result:
    """A failure that the same message will meet again."""
    return Result(error, permanent=True)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The pause after the first failure, doubled after each until `most`; given up after `attempts` failures.

    By default a channel may be down for some forty hours. A receiver that asks for a longer pause gets it, up to
    `longest_asked`.
    """

    first: timedelta = timedelta(seconds=30)
    most: timedelta = timedelta(hours=1)
    attempts: int = 48
    longest_asked: timedelta = timedelta(days=1)
    jitter: float = 0.25


def after(notice: Notice, result: Result, now: datetime, policy: RetryPolicy) -> Notice:
    """The notice as it is after an attempt: sent, pending with the time of the next one, or dead."""
    tried = replace(notice, attempts=notice.attempts + 1)
    if result.delivered:
        return replace(tried, state=NoticeState.SENT, sent_at=now, last_error=None)
    failed = replace(tried, last_error=(result.error or "")[:ERROR_LENGTH])
    if result.permanent or failed.attempts >= policy.attempts:
        return replace(failed, state=NoticeState.DEAD)
    return replace(failed, next_at=now + pause(failed, result.retry_after, policy))


def pause(notice: Notice, asked: timedelta | None, policy: RetryPolicy) -> timedelta:
    """How long to wait after a failure; never shorter than what the receiver `asked` for, within reason."""
    doubled: timedelta = policy.first * 2 ** min(max(notice.attempts - 1, 0), 40)
    # by the id, so that notices that failed together do not come back together; and so that it is the same every time
    share = notice.id.int % 1_000 / 1_000
    own = min(doubled, policy.most) * (1 + policy.jitter * share)
    return max(own, min(asked, policy.longest_asked)) if asked else own


def of_status(status: int, retry_after: timedelta | None = None) -> Result:
    """What an HTTP status says of the next attempt."""
    if 200 <= status < 300:
        return DELIVERED
    if status >= 500 or status in PASSING_STATUS:
        return passing(f"HTTP {status}", retry_after)
    moved = ": the address has moved" if 300 <= status < 400 else ""
    return permanent(f"HTTP {status}{moved}")
