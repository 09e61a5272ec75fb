"""Puts a complaint's text together from the phrases of its language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from jobs.demo import identity
from jobs.demo.spelling import hurried
from jobs.demo.wording import Wording, wording
from jobs.demo.world import GAMES, MARKETS, OUTSIDE

PERSONAL_SHARE = 0.15

HURRIED_SHARE: Mapping[str, float] = {"live chat": 0.34, "social media": 0.34, "app review": 0.3, "survey": 0.3}
"""By channel; elsewhere people take more time: 0.14."""

SHORT_CHANNELS = frozenset({"live chat", "social media", "app review", "survey", "phone"})

PAYMENT_KINDS = frozenset(
    {"withdrawal-delayed", "withdrawal-refused", "deposit-failed", "charged-twice", "bonus-payout-delayed"}
)

PAPER_KINDS = frozenset({"verification-documents", "data-protection-request", "self-exclusion-limits"})


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, and with what in hand."""

    name: str
    market: str
    brand: str
    method: str


def compose(kind: str, language: str, channel: str, writer: Writer, at: datetime, rng: Random) -> str:
    """One complaint as the customer sends it, personal data and spelling mistakes included."""
    words = wording(language)
    text = " ".join(_sentences(kind, words, channel, rng))
    text = text.format_map(_slots(words, language, writer, at, rng))
    if rng.random() < HURRIED_SHARE.get(channel, 0.14):
        text = hurried(text, language, rng)
    if rng.random() < PERSONAL_SHARE:
        text = " ".join((text, *_personal(kind, words, writer, rng)))
    return text


def _sentences(kind: str, words: Wording, channel: str, rng: Random) -> list[str]:
    short, complains = channel in SHORT_CHANNELS, kind not in OUTSIDE
    openers = words.greetings + (words.grumbles if complains else ())
    closers = words.closings + (words.demands if complains else ())
    opener = [rng.choice(openers)] if rng.random() < (0.4 if short else 0.7) else []
    adds = rng.sample(words.adds[kind], rng.choices((0, 1, 2), (6, 4, 0.5) if short else (3, 5, 2))[0])
    closer = [rng.choice(closers)] if rng.random() < (0.3 if short else 0.6) else []
    return [*opener, rng.choice(words.says[kind]), *adds, *closer]


def _slots(words: Wording, language: str, writer: Writer, at: datetime, rng: Random) -> Mapping[str, str]:
    amount = rng.choice((10, 20, 25, 30, 50, 75, 80, 100, 120, 150, 200, 250, 300, 450, 500, 750, 1000))
    days = rng.randint(3, 14)
    past = at - timedelta(days=days)
    currency = MARKETS[writer.market].currency
    return {
        "amount": money(amount, currency, language, rng),
        "small": money(max(amount // rng.choice((2, 4, 5)), 5), currency, language, rng),
        "days": str(days),
        "date": words.date.format(day=past.day, month=words.months[past.month - 1]),
        "game": rng.choice(GAMES),
        "method": writer.method,
        "brand": writer.brand,
        "level": rng.choice(words.levels[1:]),
        "percent": str(rng.choice((50, 100, 150, 200))),
        "spins": str(rng.choice((20, 25, 50, 100))),
    }


def money(euros: int, currency: str, language: str, rng: Random) -> str:
    """An amount of about so many euros, in the market's currency, written as in the language."""
    if currency == "PLN":
        return f"{euros * 4} {'zł' if language == 'pl' else 'PLN'}"
    if currency == "NOK":
        return f"{euros * 10} {'kr' if language == 'nb' else 'NOK'}"
    if language == "en":
        return rng.choice((f"€{euros}", f"{euros} euros", f"{euros} EUR"))
    return rng.choice((f"{euros} €", f"{euros}€", f"{euros} Euro" if language == "de" else f"{euros} e"))


def _personal(kind: str, words: Wording, writer: Writer, rng: Random) -> list[str]:
    """One or two sentences with personal data of the kinds that fit the matter."""
    weights = {"email": 3.0, "phone": 3.0, "name": 4.0}
    if kind in PAYMENT_KINDS:
        weights |= {"iban": 3.0, "card": 2.0}
    if kind in PAPER_KINDS:
        weights |= {"national_id": 4.0}
    items = {rng.choices(list(weights), list(weights.values()))[0] for _ in range(rng.choice((1, 1, 2)))}
    # a signature comes last
    return [_reveal(item, words, writer, rng) for item in sorted(items, key=lambda item: (item == "name", item))]


def _reveal(item: str, words: Wording, writer: Writer, rng: Random) -> str:
    values = {
        "email": identity.email(rng, writer.name),
        "phone": identity.phone(rng, writer.market),
        "iban": identity.iban(rng, writer.market),
        "card": identity.card(rng),
        "national_id": identity.national_id(rng, writer.market) or "",
        "name": writer.name,
    }
    phrases = words.personal[item] if values[item] else ()
    return rng.choice(phrases or words.personal["name"]).format_map(values)
