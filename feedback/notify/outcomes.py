"""What a notice says of a fix: what it achieved, or that what it mended is back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from feedback.domain import Fix, Outcome, OutcomeVerdict
from feedback.language import ENGLISH, Language
from feedback.notify.message import About, Message, told_message
from feedback.notify.outbox import Notice
from feedback.outcome import because, headline, measured, standing
from feedback.phrases import clean
from feedback.topic_names import topic_name


def is_told(last: Outcome | None, now: Outcome) -> bool:
    """Whether an owner hears of a judgement: of each verdict that something is known by, and of what comes back."""
    if now.regressed_at is not None:
        return last is None or last.regressed_at is None
    return now.verdict is not OutcomeVerdict.UNKNOWN and (last is None or last.verdict is not now.verdict)


def standing_key(outcome: Outcome) -> str:
    """Under what an owner is told of it, once for each fix."""
    return "regressed" if outcome.regressed_at else outcome.verdict.name.lower()


def outcome_content(about: About, fix: Fix, outcome: Outcome, zone: ZoneInfo, to: Language = ENGLISH) -> dict[str, Any]:
    """What the outbox keeps of an outcome, in JSON's terms, told in a language."""
    topic, shown = clean(about.topic), topic_name(clean(about.topic), to)
    first = f"{shown}. {headline(fix, outcome, zone, to)}"
    said = [first, *measured(outcome, zone, to), because(fix, outcome, to)]
    numbers = {name: value for name, value in asdict(outcome).items() if name not in ("verdict", "fix_id")}
    return {
        "subject": f"{shown}: {standing(outcome, zone, to)}",
        "sentences": said,
        "topic": {"id": str(about.topic_id), "name": topic, "area": about.area},
        "fix": {"id": fix.id, "at": fix.at.isoformat(), "expect": fix.expect, "note": fix.note, "who": fix.who},
        "outcome": {"verdict": str(outcome.verdict), **{name: _plain(value) for name, value in numbers.items()}},
        "at": outcome.judged_at.isoformat(),
        "language": to.code,
    }


def outcome_message(notice: Notice) -> Message:
    """The message of a notice about a fix."""
    names = ("subject", "sentences", "topic", "fix", "outcome", "at")
    return told_message(notice, {name: notice.content[name] for name in names}, f"feedback fixes show {_fix(notice)}")


def _fix(notice: Notice) -> int:
    return int(notice.content["fix"]["id"])


def _plain(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value
