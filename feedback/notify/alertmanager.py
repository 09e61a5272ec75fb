"""An Alertmanager, or what takes alerts as one does: POST /api/v2/alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from feedback.notify.http import post
from feedback.notify.message import ALERT_NAME, Message
from feedback.notify.outbox import NoticeKind, Result

OPEN_FOR = timedelta(days=90)
"""Without an end Alertmanager lets an alert lapse after five minutes, for Prometheus says it again and again; we say
it once. The real end comes with the resolution."""


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """A server by its base address, such as http://alertmanager:9093."""

    digests: ClassVar[bool] = False
    outcomes: ClassVar[bool] = False
    quotes: ClassVar[bool] = False
    key: str
    url: str = field(repr=False)
    language: str = ""

    def send(self, message: Message, now: datetime, seconds: float) -> Result:
        """Post the alert as it is now; any 2xx within so many seconds is a delivery."""
        body = json.dumps([posted(each, now) for each in apart(message)], ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(message.key)}
        return post(f"{self.url.rstrip('/')}/api/v2/alerts", body, headers, now, seconds)


def apart(message: Message) -> list[Message]:
    """A message for each alert of those that are told together: there each has an identity and an end of its own."""
    told = message.facts.get("together") or [message.facts]
    return [
        replace(message, kind=NoticeKind(each["kind"]), subject=each["subject"], facts={**message.facts, **each})
        for each in told
    ]


def posted(message: Message, now: datetime) -> dict[str, Any]:
    """The alert in Alertmanager's form. One that is over ends, any other is said to go on for long.

    Its labels are its identity there: they stay what they were at first, though the topic may have been renamed since.
    """
    facts = message.facts
    if message.kind is NoticeKind.TEST:
        labels = {"alertname": ALERT_NAME, "topic": "test", "owner": message.owner}
        return _alert(labels, message, now, now + timedelta(minutes=5))
    started = datetime.fromisoformat(facts["at"])
    is_over = message.kind is NoticeKind.RESOLVED
    opened = datetime.fromisoformat(facts["alert"]["opened_at"]) if is_over else started
    return _alert(facts["labels"], message, opened, started if is_over else started + OPEN_FOR)


def _alert(named: Mapping[str, str], message: Message, start: datetime, end: datetime) -> dict[str, Any]:
    annotations = {"summary": message.subject, "description": "\n\n".join(message.facts["sentences"])}
    times = {"startsAt": start.isoformat(), "endsAt": end.isoformat()}
    return {"labels": dict(named), "annotations": {**annotations, "key": str(message.key)}, **times}
