"""Signed links in messages: who follows one says what an alert was, without an account, once and within a month."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from feedback.domain import Verdict
from feedback.errors import FeedbackError
from feedback.language import ENGLISH, N_, Language

Links = Mapping[Verdict, str]
"""The URL by which each verdict is given."""

NO_LINKS: Links = MappingProxyType({})

LIFE = timedelta(days=30)
PATH = "/verdict/"
"""Where links lead; what follows is the token."""

_VERDICTS = tuple(Verdict)
_PACKED = struct.Struct(">16s16sBI")
_MAC_BYTES = 16


class LinkError(FeedbackError):
    """This link is damaged or no longer holds: `words` say why, with {day} and {time} (UTC) of `at` in them."""

    def __init__(self, words: str, at: datetime | None = None) -> None:
        self._words, self._at = words, at
        super().__init__(self.said(ENGLISH))

    def said(self, to: Language) -> str:
        """Why, in the reader's language."""
        if self._at is None:
            return to.gettext(self._words)
        return to.gettext(self._words, day=to.dated(self._at.date()), time=to.time(self._at))


INCOMPLETE = N_("This link is incomplete. Copy it from the message whole.")
RAN_OUT = N_("This link ran out on {day}; later messages hold new ones.")
USED = N_("This link was used on {day}, {time} UTC; it counts once.")
NOT_IN_CHARGE = N_("Only who answers for the topic can say this. Open the alert to see what else can be done.")
NO_ALERT = N_("The alert of this link is no longer kept.")


@dataclass(frozen=True, slots=True)
class Link:
    """What following it says: that the alert was `verdict`, by whoever the notice went to, until `expires_at`."""

    notice_id: UUID
    alert_id: UUID
    verdict: Verdict
    expires_at: datetime


def links_of(public_url: str, secret: bytes, notice_id: UUID, alert_id: UUID, sent_at: datetime) -> Links:
    """A URL for each verdict; the same for the same notice, however often it is sent."""
    made = [Link(notice_id, alert_id, verdict, sent_at + LIFE) for verdict in _VERDICTS]
    return {each.verdict: f"{public_url.rstrip('/')}{PATH}{signed(each, secret)}" for each in made}


def signed(link: Link, secret: bytes) -> str:
    """The link's token: 85 characters of a-z and 2-7, which no mail program or Markdown reads as anything else."""
    expires = int(link.expires_at.timestamp())
    packed = _PACKED.pack(link.notice_id.bytes, link.alert_id.bytes, _VERDICTS.index(link.verdict), expires)
    return base64.b32encode(packed + _mac(packed, secret)).decode().rstrip("=").lower()


def read(token: str, secret: bytes, now: datetime) -> Link:
    """What a token says. LinkError when it was not signed with `secret` or has run out."""
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError):
        raise LinkError(INCOMPLETE) from None
    packed, mac = raw[: _PACKED.size], raw[_PACKED.size :]
    if not hmac.compare_digest(_mac(packed, secret), mac):
        raise LinkError(INCOMPLETE)
    notice, alert, place, expires = _PACKED.unpack(packed)
    expires_at = datetime.fromtimestamp(expires, UTC)
    if now >= expires_at:
        raise LinkError(RAN_OUT, expires_at)
    return Link(UUID(bytes=notice), UUID(bytes=alert), _VERDICTS[place], expires_at)


def fingerprint(token: str) -> str:
    """What is kept of a token that was used: SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def _mac(packed: bytes, secret: bytes) -> bytes:
    # a key of its own: what is signed here is worth nothing elsewhere
    own = hmac.digest(secret, b"feedback-trends verdict link 1", "sha256")
    return hmac.digest(own, packed, "sha256")[:_MAC_BYTES]
