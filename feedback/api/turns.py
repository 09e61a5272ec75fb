"""What threads do one at a time: those who wait hold neither a thread nor a connection that others need."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

Result = TypeVar("Result")


class Turn:
    """A queue of its own for each `name` and event loop."""

    def __init__(self, name: str) -> None:
        self._limiter: RunVar[CapacityLimiter] = RunVar(f"feedback.api.turns.{name}")

    async def take(self, act: Callable[[], Result]) -> Result:
        """What `act` gives, done in a thread once nobody is before."""
        return await anyio.to_thread.run_sync(act, limiter=self._one_at_a_time())

    def _one_at_a_time(self) -> CapacityLimiter:
        try:
            return self._limiter.get()
        except LookupError:
            limiter = CapacityLimiter(1)
            self._limiter.set(limiter)
            return limiter
