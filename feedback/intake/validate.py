"""Reads the single fields of a complaint. Nothing here raises for a bad value but where it says so."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from feedback.domain import Channel

SHORT = 120
"""Characters of a market, a brand, an attribute; longer ones are cut."""

_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n(?: ?\n){2,}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MISSING = frozenset(("", "null", "none", "nan", "n/a", "-", "nil", "undefined"))
_RATING = re.compile(r"(-?[0-9]{1,6}(?:[.,][0-9]{1,6})?)\s*(?:/\s*[0-9]{1,4}|%|\*|stars?)?", re.IGNORECASE)

_CHANNELS: Mapping[str, Channel] = {
    **{channel.value: channel for channel in Channel},
    **dict.fromkeys(("email", "mail", "e mail", "smtp", "inbox", "eml"), Channel.EMAIL),
    **dict.fromkeys(
        ("chat", "livechat", "webchat", "web chat", "messenger", "in app chat", "chatbot"), Channel.LIVE_CHAT
    ),
    **dict.fromkeys(("telephone", "call", "phone call", "voice", "telefon", "tel", "hotline"), Channel.PHONE),
    **dict.fromkeys(
        ("form", "web form", "webform", "contact", "contactform", "web", "website", "kontaktformular", "ticket form"),
        Channel.CONTACT_FORM,
    ),
    **dict.fromkeys(
        ("twitter", "x", "facebook", "instagram", "social", "socialmedia", "reddit", "tiktok", "trustpilot", "forum"),
        Channel.SOCIAL_MEDIA,
    ),
    **dict.fromkeys(("post", "brief", "paper", "postal", "postal mail", "list"), Channel.LETTER),
    **dict.fromkeys(("telefax",), Channel.FAX),
    **dict.fromkeys(
        ("review", "app store", "appstore", "google play", "play store", "app", "appreview"), Channel.APP_REVIEW
    ),
    **dict.fromkeys(("nps", "csat", "questionnaire", "poll", "umfrage"), Channel.SURVEY),
}


def clean(text: str) -> str:
    """NFC, one kind of line end and blank, no control, direction or invisible marks, no half of a surrogate pair."""
    text = unicodedata.normalize("NFC", _SURROGATE.sub("\ufffd", text))
    text = _HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n"))
    return _LINES.sub("\n\n", _BLANKS.sub(" ", text)).strip()


def short(value: object) -> str | None:
    """A scalar as one short line, or None when there is nothing in it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return _short_text(plain(value)[: 4 * SHORT])


@lru_cache(maxsize=8192)
def _short_text(value: str) -> str | None:
    text = clean(value).replace("\n", " ")[:SHORT].strip()
    return None if text.lower() in _MISSING else text


def plain(value: object) -> str:
    """A scalar as text; whole floats without their `.0`, numbers too long to write as nothing."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, int) and abs(value) >= 10**40:
        return ""
    return str(value)


def channel_of(value: object) -> Channel | None:
    """The channel a synonym stands for; None for one that is not known."""
    name = re.sub(r"[\W_]+", " ", value.lower()).strip() if isinstance(value, str) else ""
    return _CHANNELS.get(name) or _CHANNELS.get(name.replace("e mail", "e-mail"))


def number(value: object) -> float | None:
    """A rating: `4`, `4,5`, `4/5` (the 4), `80 %`. None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) and abs(value) < 1e9 else None
    match = _RATING.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(match[1].replace(",", ".")) if match else None


def count(value: object) -> int | None:
    """A number of times, 0 to 1,000; truth values count as one and none."""
    if isinstance(value, str) and value.strip().lower() in ("true", "yes", "false", "no"):
        return int(value.strip().lower() in ("true", "yes"))
    found = float(value) if isinstance(value, bool) else number(value)
    return int(found) if found is not None and found.is_integer() and 0 <= found <= 1_000 else None
