"""An Alertmanager, or what takes alerts as one does: POST /api/v2/alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from feedback.notify.http import post
from feedback.notify.message import ALERT_NAME, Message, alert_facts
from feedback.notify.outbox import Notice, NoticeKind, Result

REPEATED_EVERY = timedelta(minutes=5)
"""Alertmanager keeps what it is told in memory and expects to be told again, as Prometheus does."""

OPEN_FOR = 4 * REPEATED_EVERY
"""So long it takes an alert for open that it is not told of again: as with Prometheus, some repetitions may be lost."""


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
        return self._post(apart(message), {"Idempotency-Key": str(message.key)}, now, seconds)

    def repeat(self, told: Mapping[UUID, Notice], now: datetime, seconds: float) -> Result:
        """Post these alerts once more, which are open, as the notices tell them."""
        of_each = [(str(alert_id), each) for alert_id, notice in told.items() for each in apart(_message(notice))]
        return self._post(
            [each for alert_id, each in of_each if each.facts["alert"]["id"] == alert_id], {}, now, seconds
        )

    def _post(self, told: Sequence[Message], headers: Mapping[str, str], now: datetime, seconds: float) -> Result:
        body = json.dumps([posted(each, now) for each in told], ensure_ascii=False).encode()
        json_headers = {"Content-Type": "application/json", **headers}
        return post(f"{self.url.rstrip('/')}/api/v2/alerts", body, json_headers, now, seconds)


def as_it_is(notice: Notice, ended: Mapping[UUID, datetime]) -> Notice:
    """The notice with when the alerts that it tells of were `ended`, those that are over by now."""

    def now(told: Mapping[str, Any]) -> dict[str, Any]:
        at = ended.get(UUID(told["alert"]["id"]))
        return {**told, "alert": {**told["alert"], "resolved_at": at.isoformat() if at else None}}

    content, together = now(notice.content), notice.content.get("together")
    return replace(notice, content=content | {"together": [now(each) for each in together]} if together else content)


def apart(message: Message) -> list[Message]:
    """A message for each alert of those that are told together: there each has an identity and an end of its own."""
    told = message.facts.get("together") or [message.facts]
    return [
        replace(message, kind=NoticeKind(each["kind"]), subject=each["subject"], facts={**message.facts, **each})
        for each in told
    ]


def posted(message: Message, now: datetime) -> dict[str, Any]:
    """The alert in Alertmanager's form. One that is over ends, by its kind or by now; any other goes on for some time.

    Its labels are its identity there: they stay what they were at first, though the topic may have been renamed since.
    """
    facts = message.facts
    if message.kind is NoticeKind.TEST:
        labels = {"alertname": ALERT_NAME, "topic": "test", "owner": message.owner}
        return _alert(labels, message, now, now + timedelta(minutes=5))
    alert, at = facts["alert"], datetime.fromisoformat(facts["at"])
    if message.kind is NoticeKind.RESOLVED:
        return _alert(facts["labels"], message, datetime.fromisoformat(alert["opened_at"]), at)
    over = alert["resolved_at"]
    return _alert(facts["labels"], message, at, datetime.fromisoformat(over) if over else now + OPEN_FOR)


def _message(notice: Notice) -> Message:
    """What programs are told of a notice."""
    return Message(notice.id, notice.kind, notice.owner, notice.content["subject"], "", "", alert_facts(notice))


def _alert(named: Mapping[str, str], message: Message, start: datetime, end: datetime) -> dict[str, Any]:
    annotations = {"summary": message.subject, "description": "\n\n".join(message.facts["sentences"])}
    times = {"startsAt": start.isoformat(), "endsAt": end.isoformat()}
    return {"labels": dict(named), "annotations": {**annotations, "key": str(message.key)}, **times}
