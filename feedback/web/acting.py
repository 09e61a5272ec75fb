"""Doing what a form asks for, and going back to a page that says so or why it could not be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from fastapi.responses import RedirectResponse, Response

from feedback.api.problems import ProblemError
from feedback.language import N_, Language

DONE: Mapping[str, str] = {
    "acknowledge": N_("You have taken it on."),
    "resolve": N_("It is over."),
    "verdict": N_("Your verdict is noted."),
    "mute": N_("It is muted."),
    "unmute": N_("It is heard again."),
    "fix": N_("The fix is recorded; what it achieves is judged every day."),
    "withdraw": N_("The fix is withdrawn."),
    "label": N_("It holds from now on."),
    "asked": N_("It is asked for: a worker does it within seconds or minutes."),
}
"""What a page says after something was done."""


def told(done: str, to: Language) -> str:
    """What a page says after `done`; empty for anything unknown."""
    return to.gettext(DONE[done]) if done in DONE else ""


def act(do: Callable[[], object], back: str, done: str, failed: Callable[[ProblemError], Response]) -> Response:
    """Do it and go `back` to where it is said to be `done`; the page that `failed` makes where it cannot be.

    What is not there, or not seen, stays a problem.
    """
    try:
        do()
    except ProblemError as problem:
        if problem.status == 404:
            raise
        return failed(problem)
    return RedirectResponse(f"{back}?{urlencode({'done': done})}", 303)
