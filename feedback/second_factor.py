"""One-time codes (TOTP, RFC 6238) and the recovery codes that stand in for them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

STEP_SECONDS = 30
ISSUER = "feedback-trends"
RECOVERY_CODES = 10


def new_secret() -> str:
    """A secret of 160 bits, in base 32."""
    import pyotp

    return pyotp.random_base32()


def address(secret: str, name: str) -> str:
    """What an authenticator app reads: otpauth://totp/…"""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def picture(otpauth: str) -> str:
    """The address as a QR code, a `data:` URI of an SVG."""
    import segno

    return str(segno.make(otpauth, error="m").svg_data_uri(scale=5, border=4, light="white"))


def matching_step(secret: str, code: str, now: datetime, after: int | None) -> int | None:
    """The time step that `code` belongs to: this one or a neighbour, as clocks differ; None if it is none of them.

    Steps up to `after` are used up (RFC 6238, 5.2).
    """
    import pyotp

    current, found = int(now.timestamp()) // STEP_SECONDS, None
    for step in (current - 1, current, current + 1):
        fits = hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step).encode(), _digits(code).encode())
        if fits and (after is None or step > after):
            found = step
    return found


def recovery_codes() -> Sequence[str]:
    """Codes of 80 bits such as `7kq2m-p4xwd-…`, each for once."""
    return [_grouped(secrets.token_bytes(10)) for _ in range(RECOVERY_CODES)]


def recovery_hash(code: str) -> str:
    """What is kept of a recovery code; blanks, hyphens and capitals make no difference."""
    # 80 random bits cannot be searched, so a plain hash does
    return hashlib.sha256("".join(code.split()).replace("-", "").lower().encode()).hexdigest()


def _digits(code: str) -> str:
    return "".join(code.split())


def _grouped(random: bytes) -> str:
    text = base64.b32encode(random).decode().lower()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))
