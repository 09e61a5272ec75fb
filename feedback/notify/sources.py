"""What a notice says of a source: that it has fallen silent, or that something has come from it again."""

from __future__ import annotations

from datetime import date
from typing import Any

from feedback.domain import SilentSource
from feedback.language import ENGLISH, Language
from feedback.notify.message import Message, told_message
from feedback.notify.outbox import Notice
from feedback.phrases import capital, clean, silent_words

NAMES = ("subject", "sentences", "source", "last_day", "usual", "heard_day")


def silent_content(silent: SilentSource, to: Language = ENGLISH) -> dict[str, Any]:
    """What the outbox keeps of a silence, in JSON's terms, told in a language."""
    told = {
        "subject": to.gettext("{source} has fallen silent", source=clean(silent.source)),
        "sentences": [
            to.gettext("{what}: is it down?", what=capital(silent_words(silent, to))),
            to.gettext("Chance hardly explains so long a silence. You will be told when something comes again."),
        ],
    }
    return {**told, **_facts(silent, None), "language": to.code}


def heard_content(silent: SilentSource, day: date, to: Language = ENGLISH) -> dict[str, Any]:
    """The same of the end of a silence: the first day on which something came."""
    source = clean(silent.source)
    said = to.gettext(
        "The first came on {day}; the last before on {last}.", day=to.dated(day), last=to.dated(silent.last_day)
    )
    told = {"subject": to.gettext("Something comes from {source} again", source=source), "sentences": [said]}
    return {**told, **_facts(silent, day), "language": to.code}


def source_message(notice: Notice) -> Message:
    """The message of a notice about a source."""
    return told_message(notice, {name: notice.content[name] for name in NAMES}, "feedback status")


def silence_of(notice: Notice) -> SilentSource:
    """What a notice of a silence told."""
    kept = notice.content
    return SilentSource(kept["source"], date.fromisoformat(kept["last_day"]), kept["usual"])


def _facts(silent: SilentSource, heard: date | None) -> dict[str, Any]:
    last, usual = silent.last_day.isoformat(), silent.usual
    return {
        "source": silent.source,
        "last_day": last,
        "usual": usual,
        "heard_day": heard.isoformat() if heard else None,
    }
