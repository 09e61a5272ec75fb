"""What was answered since something was last written to the database, whose `Changes` number what is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from feedback.api.answers import KEPT
from feedback.store.keys import Key


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer by its ETag, the key that got it, and until when it would get it again."""

    etag: str
    key: Key
    until: datetime


class Unchanged:
    """By what was asked; forgotten with the next change. For the loop's thread alone."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._number: int | None = None
        self._answered: dict[bytes, Answered] = {}

    def find(self, number: int | None, asked: bytes) -> Answered | None:
        """What was answered, if nothing was written since; `number` is the latest change's, None if it is not known."""
        if number is None or number != self._number:
            self._number = number
            self._answered.clear()
        return self._answered.get(asked)

    def put(self, number: int | None, asked: bytes, answered: Answered) -> None:
        """Keep what was answered; `number` is that of the latest change before anything was read for it."""
        if number is not None and number == self._number and len(self._answered) < self._most:
            self._answered[asked] = answered
