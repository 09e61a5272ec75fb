"""Texts that only this service can read again: encrypted and signed (Fernet) with a key made from `hash.key`."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from feedback.errors import FeedbackError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class SealError(FeedbackError):
    """What was sealed is damaged, too old, or was sealed by another service."""


def seal(text: str, secret: bytes, purpose: str, now: datetime) -> str:
    """`text` so that `unseal` alone can read it, for the same purpose."""
    return _fernet(secret, purpose).encrypt_at_time(text.encode(), int(now.timestamp())).decode()


def unseal(sealed: str, secret: bytes, purpose: str, now: datetime, life: timedelta | None = None) -> str:
    """The text. SealError when it was not sealed here for `purpose`, or longer ago than `life`."""
    from cryptography.fernet import InvalidToken

    fernet = _fernet(secret, purpose)
    try:
        if life is None:
            return fernet.decrypt(sealed.encode()).decode()
        return fernet.decrypt_at_time(sealed.encode(), int(life.total_seconds()), int(now.timestamp())).decode()
    except (InvalidToken, ValueError):
        raise SealError from None


def _fernet(secret: bytes, purpose: str) -> Fernet:
    from cryptography.fernet import Fernet

    # a key of its own for each purpose: what is sealed for one is worth nothing for another
    own = hmac.digest(secret, f"feedback-trends {purpose} 1".encode(), "sha256")
    return Fernet(base64.urlsafe_b64encode(own))
