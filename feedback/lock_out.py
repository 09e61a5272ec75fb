"""How long whoever failed to sign in has to wait: nothing at first, then twice as long each time."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

FORGOTTEN = timedelta(days=1)
"""After so long without a failure all are forgotten."""

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
"""Long enough for guessing to be hopeless, and short for somebody whose name others play with."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A name or an address that was tried to sign in with. After `free` failures it has to wait."""

    hash: str
    free: int


def tried(secret: bytes, name: str, address: str) -> tuple[Tried, Tried]:
    """What an attempt counts for: the name, be there an account or not, and the address, which many may share."""
    return Tried(_hash(secret, f"name {name}"), 5), Tried(_hash(secret, f"address {address}"), 30)


def locked_until(failures: int, last_at: datetime, free: int, now: datetime) -> datetime | None:
    """Until when nothing is tried after so many failures, the last at `last_at`; None when it may be tried now."""
    over = failures - free
    if over < 0 or now - last_at >= FORGOTTEN:
        return None
    until = last_at + min(FIRST_WAIT * 2 ** min(over, 20), LONGEST_WAIT)
    return until if until > now else None


def _hash(secret: bytes, subject: str) -> str:
    # keyed: people type passwords into the wrong field, and a plain hash of one could be searched
    return hmac.new(secret, f"feedback-trends lock-out {subject}".encode(), "sha256").hexdigest()
