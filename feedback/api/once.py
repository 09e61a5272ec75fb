"""Values that are worked out once, however many ask for them at the same time, and kept while they are asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Once(Generic[Value]):
    """The `most` values last asked for. One for all threads of a process; nothing in it is written down."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._turns: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def find(self, key: Hashable) -> Value | None:
        """What is kept of it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What is kept, or what `make` gives: whoever asks for the same meanwhile waits, as all of them together would
        take far longer."""
        with self._lock:
            turn = self._turns.setdefault(key, Lock())
        with turn:
            value = self.find(key)
            try:
                if value is None:
                    value = make()
                    self._put(key, value)
            finally:
                with self._lock:
                    self._turns.pop(key, None)
        return value

    def _put(self, key: Hashable, value: Value) -> None:
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
