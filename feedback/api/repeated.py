"""What is asked for once and given twice: which of the two is meant, nobody can tell."""

from __future__ import annotations

from collections import Counter

from fastapi import Request

from feedback.api.problems import ProblemError

LISTS = frozenset({"state", "by"})
"""Parameters that may be given several times."""


async def refuse_repeated(request: Request) -> None:
    """A problem (422) where a parameter of the query is given more than once and is no list."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    if twice := sorted(name for name, times in given.items() if times > 1 and name not in LISTS):
        detail = f"Given more than once, and taken once: {', '.join(twice)}."
        raise ProblemError(422, "repeated-parameter", detail)
