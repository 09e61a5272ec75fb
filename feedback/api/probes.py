"""What monitors ask again and again, found out once a moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from feedback.api.problems import ProblemError

Answer = TypeVar("Answer")

SECONDS = 1.0
"""So long what was found holds, be it a problem."""


class Probes:
    """The last answer by name; `seconds` is a clock that never goes back."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._found: dict[str, tuple[float, Any]] = {}
        self._turn = threading.Lock()

    def answer(self, name: str, find: Callable[[], Answer]) -> Answer:
        """What `find` gives, or gave a moment ago; its problem is raised again. One finds out, the others wait."""
        with self._turn:
            at, found = self._found.get(name, (0.0, None))
            if found is None or self._seconds() - at >= SECONDS:
                found = _found(find)
                self._found[name] = (self._seconds(), found)
        if isinstance(found, ProblemError):
            raise found
        answer: Answer = found
        return answer


def _found(find: Callable[[], Answer]) -> Answer | ProblemError:
    try:
        return find()
    except ProblemError as problem:
        return problem
