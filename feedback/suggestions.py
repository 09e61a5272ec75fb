"""What is said of a topic whose questions are worth an FAQ entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from feedback.faq import FaqSuggestion
from feedback.language import Language
from feedback.phrases import capital, excerpt, language_name, percent
from feedback.support import MINUTE, duration

MAILED = 2
"""So many questions of a language are told: with five languages more would make a mail long."""


def suggestion_words(each: FaqSuggestion, to: Language) -> str:
    """How many ask, and how long they keep support busy."""
    told = to.ngettext(
        "{number} complaint in {weeks} weeks, {share} of them questions.",
        "{number} complaints in {weeks} weeks, {share} of them questions.",
        each.complaints,
        weeks=round((each.span.end - each.span.start) / timedelta(weeks=1)),
        share=percent(each.asking.value, to),
    )
    return " ".join(filter(None, [told, _spent(each, to)]))


def _spent(each: FaqSuggestion, to: Language) -> str:
    if each.minutes is None:
        return ""
    time = duration(each.minutes * MINUTE, to, "long")
    if each.timed_by == "resolution":
        return to.gettext("Half of them took {time} or longer to resolve.", time=time)
    return to.gettext("Half of them waited {time} or longer for a first response.", time=time)


def questions_words(each: FaqSuggestion, to: Language) -> Sequence[tuple[str, str, str]]:
    """A few questions a language, as (code, language, question)."""
    return [
        (code, capital(language_name(code, to)), excerpt(question))
        for code, asked in sorted(each.questions.items())
        for question in asked[:MAILED]
    ]
