"""What a notice says of alerts that rose for one reason: one message that names each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any
from uuid import UUID

from feedback.domain import Severity
from feedback.grouping import cause_words, together_words
from feedback.language import ENGLISH, Language
from feedback.notify.outbox import Notice
from feedback.phrases import clean, level_name
from feedback.topic_names import area_name, topic_name

MOST_COMPLAINTS = 12


def together_content(
    parts: Sequence[Mapping[str, Any]], group: Mapping[str, Any], area: str | None, to: Language = ENGLISH
) -> dict[str, Any]:
    """The content of a notice about the alerts of `parts`, the gravest first; see `alert_content` for one of them.

    `group` is what the alerts keep of it, with all `topics` that rose together, told on this channel or not. `area` is
    named where it has an alert of its own.
    """
    told = together_words([topic_name(clean(each), to) for each in group["topics"]], group, to)
    if area:
        told = f"{told} {area_words(area, to)}"
    if len(parts) == 1:
        return {**parts[0], "sentences": [*parts[0]["sentences"], told]}
    ids = (each.get("complaint_ids", ()) for each in parts)
    turns = [each for each in chain.from_iterable(zip_longest(*ids)) if each is not None]
    return {
        **parts[0],
        "subject": _subject(parts, group, area, to),
        "sentences": [told],
        "picture": None,
        "complaint_ids": turns[:MOST_COMPLAINTS],
        "together": [dict(each) for each in parts],
    }


def area_words(area: str, to: Language = ENGLISH) -> str:
    """What the alert of an area means for those to come."""
    return to.gettext(
        "That is an alert of the area: {area}. What rises there for the same reason later is held back, and told once "
        "it differs or this is over.",
        area=area_name(clean(area), to),
    )


def labels_of(notice: Notice, alert_id: UUID) -> Mapping[str, str]:
    """The labels that a notice gave to one of the alerts that it told."""
    together = (each for each in notice.content.get("together", ()) if each["alert"]["id"] == str(alert_id))
    found: Mapping[str, str] = next(together, notice.content)["labels"]
    return found


def _subject(parts: Sequence[Mapping[str, Any]], group: Mapping[str, Any], area: str | None, to: Language) -> str:
    """Payments: 3 topics rose together (Trustly) [high]; Withdrawal delayed and 2 more topics rose together (…)."""
    first, severity, cause = topic_name(parts[0]["topic"]["name"], to), parts[0].get("severity"), cause_words(group, to)
    if area:
        told = to.ngettext(
            "{area}: {number} topic rose together ({cause})",
            "{area}: {number} topics rose together ({cause})",
            len(group["topics"]),
            area=area_name(clean(area), to),
            cause=cause,
        )
    else:
        told = to.ngettext(
            "{topic} and {number} more topic rose together ({cause})",
            "{topic} and {number} more topics rose together ({cause})",
            len(parts) - 1,
            topic=first,
            cause=cause,
        )
    return f"{told} [{level_name(Severity(severity), to)}]" if severity else told
