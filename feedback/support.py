"""What is said of satisfaction and speed: a week's figures of support beside those of the weeks before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from feedback.interval import Estimate
from feedback.kpi import Background, Compared, Figures, Impact, Support, Wait, is_apart, is_few
from feedback.language import ENGLISH, N_, Language, Length
from feedback.phrases import clean, percent
from feedback.topic_names import topic_name

MOST_TOPICS = 5
MOST_IMPACTS = 3

NOTHING = "–"

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure in the week and in the weeks before it, each in parts that are not to be torn apart. `change`
    says that it is beyond doubt better or worse, and is empty where it is not."""

    name: str
    week: Sequence[str]
    before: Sequence[str]
    change: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """A figure by its name in `Figures`. `more` is whether more of it is better."""

    field: str
    name: str
    more: bool


WAITS = (
    _Kind("first_response", N_("First response"), more=False),
    _Kind("resolution", N_("Resolution"), more=False),
)
SHARES = (
    _Kind("satisfied", N_("Satisfied customers"), more=True),
    _Kind("escalated", N_("Escalated"), more=False),
    _Kind("repeated", N_("Wrote again within 14 days"), more=False),
    _Kind("returned", N_("Came back to play"), more=True),
)


def figures(compared: Compared, to: Language) -> list[Figure]:
    """Those that the week's records tell; none for a week without complaints."""
    if compared.week is None:
        return []
    waits = [_wait(kind, compared, to) for kind in WAITS if _of(compared.week, kind)]
    shares = [_share(kind, compared, to) for kind in SHARES if _of(compared.week, kind)]
    return [*waits, *shares]


def background_words(background: Background, topic: str, to: Language) -> list[str]:
    """What is told of a topic that rises: each figure that has changed, and what satisfaction would be without it."""
    return [*_changes(background.compared, to), *filter(None, [association(background.impact, topic, to)])]


def kept_background(evidence: Mapping[str, Any]) -> Background | None:
    """What the figures of support said of an alert's latest rise; None where another release kept none, or others."""
    found = evidence.get("support")
    try:
        return Background.read(found) if found else None
    except (KeyError, TypeError, ValueError):
        return None


def kept_words(evidence: Mapping[str, Any], topic: str, to: Language = ENGLISH) -> list[str]:
    """`background_words` of what an alert keeps; nothing where it keeps none."""
    found = kept_background(evidence)
    return background_words(found, topic, to) if found else []


def association(impact: Impact | None, topic: str, to: Language) -> str:
    """What satisfaction would be without a topic, said to be an association; empty where that is not known."""
    if impact is None or not _is_shown(impact):
        return ""
    return f"{impact_words(impact, topic, to)} {to.gettext('That is an association, not an effect.')}"


def _is_shown(impact: Impact) -> bool:
    """Whether it is beyond chance, and shows in whole per cent."""
    return impact.gain.low > 0 and round(100 * impact.gain.value) > 0


def _changes(compared: Compared, to: Language) -> list[str]:
    """First response: half in 9 hours, before that half in 3 hours; a line for each figure that has changed."""
    return [
        to.gettext(
            "{figure}: {now}; in the weeks before: {before}.",
            figure=each.name,
            now=_in_line(each.week),
            before=_in_line(each.before),
        )
        for each in figures(compared, to)
        if each.change
    ]


def _in_line(parts: Sequence[str]) -> str:
    return " ".join(parts)


def changed_topics(support: Support, names: Mapping[UUID, str], to: Language) -> Sequence[tuple[str, Sequence[Figure]]]:
    """Topics with figures that changed beyond doubt, by name with these figures, the largest topics first."""
    ranked = sorted(support.topics.items(), key=lambda item: (-_complaints(item[1]), str(item[0])))
    told = [(names.get(key, ""), [each for each in figures(found, to) if each.change]) for key, found in ranked]
    return [(topic_name(clean(name), to), changes) for name, changes in told if name and changes][:MOST_TOPICS]


def impact_words(impact: Impact, name: str, to: Language) -> str:
    """Without the complaints about “X”, 74 % would be satisfied instead of 69 %."""
    return to.gettext(
        "Without the complaints about {topic}, {without} of those who rated would be satisfied instead of {satisfied}.",
        topic=to.quoted(topic_name(clean(name), to)),
        without=percent(impact.without, to),
        satisfied=percent(impact.satisfied, to),
    )


def impacts(support: Support, names: Mapping[UUID, str], to: Language) -> list[str]:
    """What topics go with less satisfaction, those with the most first; only what shows in whole per cent."""
    shown = [each for each in support.impacts if each.topic_id in names and _is_shown(each)]
    return [impact_words(each, names[each.topic_id], to) for each in shown[:MOST_IMPACTS]]


def duration(seconds: float, to: Language, length: Length = "short") -> str:
    """In the unit that a reader takes in: 25 mins, 3.2 hrs, 4 days; "long" with the unit's whole name."""
    if seconds < 1.5 * HOUR:
        return to.unit(max(seconds / MINUTE, 1.0), "minute", length)
    unit, seconds_of = ("hour", HOUR) if seconds < 2 * DAY else ("day", DAY)
    return to.unit(seconds / seconds_of, unit, length)


def _complaints(compared: Compared) -> float:
    return compared.week.complaints.value if compared.week else 0.0


def _of(group: Figures | None, kind: _Kind) -> Wait | Estimate | None:
    found: Wait | Estimate | None = getattr(group, kind.field) if group else None
    return found


def _wait(kind: _Kind, compared: Compared, to: Language) -> Figure:
    week, before = _of(compared.week, kind), _of(compared.before, kind)
    assert isinstance(week, Wait)
    earlier = before if isinstance(before, Wait) else None
    change = _change(week.median, earlier.median if earlier else None, kind, to)
    return Figure(to.gettext(kind.name), _waited(week, to), _waited(earlier, to), change)


def _waited(wait: Wait | None, to: Language) -> Sequence[str]:
    """Half in 3.2 hours (90 % in 20 hours)."""
    if wait is None:
        return [NOTHING]
    if wait.median is None:
        return [to.gettext("most still wait")]
    if is_few(wait.median):
        return [to.gettext("too few")]
    half = to.gettext("half in {time}", time=duration(wait.median.value, to))
    if wait.slow is None:
        return [half]
    return [half, to.gettext("({share} in {time})", share=to.percent(0.9), time=duration(wait.slow.value, to))]


def _share(kind: _Kind, compared: Compared, to: Language) -> Figure:
    week, before = _of(compared.week, kind), _of(compared.before, kind)
    assert isinstance(week, Estimate)
    earlier = before if isinstance(before, Estimate) else None
    change = _change(week, earlier, kind, to)
    return Figure(to.gettext(kind.name), _shared(week, to), _shared(earlier, to), change)


def _shared(share: Estimate | None, to: Language) -> Sequence[str]:
    """64 % (57–71 %)."""
    if share is None:
        return [NOTHING]
    if is_few(share):
        return [to.gettext("too few")]
    low, high = to.percent(share.low), to.percent(share.high)
    # "under 1 % (0–0 %)" would say less than nothing
    return [percent(share.value, to), *([f"({to.number(100 * share.low)}–{high})"] if low != high else [])]


def _change(week: Estimate | None, before: Estimate | None, kind: _Kind, to: Language) -> str:
    if week is None or before is None or is_few(week) or is_few(before) or not is_apart(week, before):
        return ""
    is_better = (week.value > before.value) is kind.more
    return to.pgettext("a figure", "better") if is_better else to.pgettext("a figure", "worse")
