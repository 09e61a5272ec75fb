"""How many requests a caller may send: a bucket for each that fills up again evenly.

Kept in memory, by process: with several processes of the API each grants as much.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from feedback.api.problems import ProblemError

CALLERS = 10_000
"""So many are remembered; who has not asked for longest is forgotten first."""

UNKNOWN_PER_MINUTE = 120
"""Of one address without a valid key or session."""
OPEN_PER_MINUTE = 600
"""Of one address, on routes that ask for no key."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a caller may still send, as of a time in seconds."""

    left: float
    at: float


def taken(bucket: Bucket | None, now: float, per_minute: int) -> tuple[Bucket, float]:
    """The bucket after one request, and how many seconds the caller has to wait if there was none left, else 0.

    It holds what a minute brings, so that a burst is no offence.
    """
    left = float(per_minute)
    if bucket:
        left = min(left, bucket.left + (now - bucket.at) * per_minute / 60)
    if left < 1:
        return Bucket(left, now), (1 - left) * 60 / per_minute
    return Bucket(left - 1, now), 0.0


class Limits:
    """The buckets of all callers; `seconds` is a clock that never goes back."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._turn = threading.Lock()

    def take(self, caller: str, per_minute: int) -> None:
        """Count a request of `caller`; a problem with status 429 when there were too many. 0 sets no limit."""
        if per_minute == 0:
            return
        with self._turn:
            bucket, wait = taken(self._buckets.pop(caller, None), self._seconds(), per_minute)
            self._buckets[caller] = bucket
            if len(self._buckets) > CALLERS:
                self._buckets.popitem(last=False)
        if wait:
            raise too_many(wait)


def too_many(seconds: float) -> ProblemError:
    """The problem with status 429."""
    wait = max(math.ceil(seconds), 1)
    detail = f"Too many requests; send the next in {wait:,} seconds."
    return ProblemError(429, "too-many-requests", detail, {"Retry-After": str(wait)})
