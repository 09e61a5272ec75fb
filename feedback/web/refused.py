"""Why something could not be done, in the reader's language: in general, where English can say it of the very case."""

from __future__ import annotations

from collections.abc import Mapping

from feedback.accounts import AccountError
from feedback.api.problems import ProblemError
from feedback.errors import FeedbackError
from feedback.language import ENGLISH, N_, Language
from feedback.provider import ProviderError

BY_STATUS: Mapping[int, str] = {
    401: N_("Sign in first."),
    403: N_("Your role does not allow this."),
    404: N_("There is nothing here, or nothing that you may see."),
    405: N_("There is nothing here, or nothing that you may see."),
    409: N_("This cannot be done as things stand."),
    413: N_("This is more than is taken at once."),
    422: N_("Something in this request cannot be read."),
    429: N_("Too many requests. Wait a little, then try again."),
    503: N_("The service cannot answer at the moment. Try again in a few seconds."),
}
FOR_PROGRAMS = frozenset({"not-found", "method-not-allowed", "unreadable-body"})
"""Problems whose own sentence tells people nothing."""
BY_CODE: Mapping[str, str] = {
    "bad-value": N_("That value cannot be used here."),
    "below-what": N_("Say below how many times what is expected it is to be muted."),
    "cross-origin": N_("This was sent for another site; open the page here instead."),
    "defect": N_("Something went wrong that should not have; the log of the service says what."),
    "in-the-future": N_("That day is in the future; record the fix once it is made."),
    "in-the-past": N_("That time is over already; name one in the future."),
    "last-administrator": N_("This is the last administrator; make another one first."),
    "no-provider": N_("No OpenID Connect provider is set up."),
    "nothing-ticked": N_("Tick the complaints that are to move."),
    "not-in-charge": N_(
        "This is for who answers for the topic. For a market or brand one can take an alert on, say that it is real, "
        "and mute it there."
    ),
    "not-two": N_("Tick two topics to merge them."),
    "not-yours": N_("A fix is judged by all of a topic's complaints: only who answers for the topic can record one."),
    "same-topic": N_("A topic cannot be merged with itself."),
    "unknown-account": N_("There is no such account."),
    "unknown-alert": N_("There is no such alert."),
    "unknown-digest": N_("There is no such digest."),
    "unknown-edit": N_("There is no such decision."),
    "unknown-fix": N_("There is no such fix."),
    "unknown-key": N_("There is no such key."),
    "unknown-topic": N_("There is no such topic in the version in force."),
    "unknown-version": N_("There is no such version."),
}
OTHERS = (
    (
        AccountError,
        N_("It takes a name of printable characters that nobody else has, and an owner for the role that needs one."),
    ),
    (ProviderError, N_("The provider did not let this sign-in through. Try again later, or ask an administrator.")),
)
"""What is said of errors that have no code."""


def refused_words(error: ProblemError | FeedbackError, to: Language) -> str:
    """What was wrong; `to` English the error's own sentence, which names what it is about."""
    if isinstance(error, ProblemError):
        general = BY_CODE.get(error.code) or BY_STATUS.get(error.status, BY_STATUS[409])
        own = to == ENGLISH and error.code not in FOR_PROGRAMS
        return error.detail if own else to.gettext(general)
    general = next((words for kind, words in OTHERS if isinstance(error, kind)), BY_STATUS[409])
    return str(error) if to == ENGLISH else to.gettext(general)
