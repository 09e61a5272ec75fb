"""A program of the operator's own: JSON by POST, signed with a shared secret."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from feedback.notify.http import post
from feedback.notify.message import Message
from feedback.notify.outbox import Result


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that takes JSON. `secret` signs it; both sides know it."""

    digests: ClassVar[bool] = False
    outcomes: ClassVar[bool] = True
    key: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    quotes: bool = False
    language: str = ""

    def send(self, message: Message, now: datetime, seconds: float) -> Result:
        """Post the message's facts; any 2xx within so many seconds is a delivery."""
        body = json.dumps(message.facts, ensure_ascii=False).encode()
        timestamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "feedback-trends",
            "Idempotency-Key": str(message.key),
            "X-Feedback-Timestamp": timestamp,
            "X-Feedback-Signature": signature(self.secret, timestamp, body),
        }
        return post(self.url, body, headers, now, seconds)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a full stop and the body, as the header holds it."""
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"
