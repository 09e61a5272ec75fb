"""The invented casino group: its brands, markets, payment methods, and how often people complain about what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Market:
    """`share` of all complaints; `languages`, `brands` and `methods` with their weights inside the market."""

    share: float
    currency: str
    languages: Mapping[str, float]
    brands: Mapping[str, float]
    methods: Mapping[str, float]


MARKETS: Mapping[str, Market] = {
    "DE": Market(
        share=0.34,
        currency="EUR",
        languages={"de": 0.94, "en": 0.06},
        brands={"Fjordstern": 0.5, "Ambernova": 0.3, "Luckheron": 0.2},
        methods={
            "Trustly": 0.20,
            "PayPal": 0.21,
            "Klarna": 0.16,
            "Visa": 0.15,
            "Skrill": 0.10,
            "Paysafecard": 0.10,
            "Neteller": 0.08,
        },
    ),
    "PL": Market(
        share=0.22,
        currency="PLN",
        languages={"pl": 0.96, "en": 0.04},
        brands={"Ambernova": 0.7, "Luckheron": 0.3},
        methods={"BLIK": 0.42, "Visa": 0.22, "Skrill": 0.12, "Paysafecard": 0.10, "Trustly": 0.07, "Neteller": 0.07},
    ),
    "NO": Market(
        share=0.13,
        currency="NOK",
        languages={"nb": 0.91, "en": 0.09},
        brands={"Polarkrone": 0.6, "Fjordstern": 0.4},
        methods={"Vipps": 0.30, "Visa": 0.25, "Trustly": 0.16, "Skrill": 0.12, "Neteller": 0.11, "Paysafecard": 0.06},
    ),
    "FI": Market(
        share=0.17,
        currency="EUR",
        languages={"fi": 0.93, "en": 0.07},
        brands={"Polarkrone": 0.7, "Luckheron": 0.3},
        methods={"Zimpler": 0.27, "Trustly": 0.24, "Visa": 0.22, "Skrill": 0.11, "Neteller": 0.08, "Paysafecard": 0.08},
    ),
    "INT": Market(
        share=0.14,
        currency="EUR",
        languages={"en": 1.0},
        brands={"Luckheron": 0.8, "Fjordstern": 0.2},
        methods={"Visa": 0.36, "Skrill": 0.22, "Neteller": 0.18, "PayPal": 0.12, "Paysafecard": 0.12},
    ),
}

PINNED: Mapping[str, float] = {
    "withdrawal-delayed": 11.0,
    "verification-documents": 9.0,
    "bonus-not-credited": 8.5,
    "bonus-payout-delayed": 7.0,
    "deposit-failed": 7.0,
    "login-account-lock": 7.0,
    "game-fault": 6.5,
    "free-spins-missing": 6.0,
    "support-slow-rude": 5.5,
    "bonus-terms-unclear": 5.0,
    "withdrawal-refused": 4.0,
    "wrong-bonus-amount": 3.6,
    "unwanted-marketing": 3.2,
    "loyalty-vip": 3.0,
    "self-exclusion-limits": 3.0,
    "charged-twice": 2.4,
    "data-protection-request": 1.6,
}
"""Complaint kinds of the trade, under the ids of the shipped taxonomy, with their relative frequency."""

OUTSIDE: Mapping[str, float] = {
    "praise": 3.2,
    "sports-odds": 2.0,
    "app-wish": 2.0,
    "general-question": 1.8,
    "poker-tournaments": 1.4,
}
"""What no pinned topic describes: a tenth of everything."""

LOCAL: Mapping[str, Mapping[str, float]] = {
    "verification-documents": {"PL": 1.4},
    "bonus-payout-delayed": {"DE": 1.1, "FI": 1.1},
    "self-exclusion-limits": {"DE": 1.4, "NO": 1.3},
    "data-protection-request": {"DE": 1.5, "INT": 0.6},
    "deposit-failed": {"PL": 1.2},
}
"""Where a kind is more or less frequent than the market's share."""

CHANNELS: Mapping[str, float] = {
    "live chat": 0.34,
    "e-mail": 0.30,
    "contact form": 0.16,
    "phone": 0.08,
    "social media": 0.05,
    "app review": 0.04,
    "letter": 0.015,
    "survey": 0.01,
    "fax": 0.005,
}

PRODUCTS: Mapping[str, float] = {
    "slots": 0.56,
    "live casino": 0.20,
    "sports": 0.14,
    "table games": 0.07,
    "poker": 0.03,
}

ONE_PRODUCT: Mapping[str, str] = {
    "free-spins-missing": "slots",
    "sports-odds": "sports",
    "poker-tournaments": "poker",
}

SEGMENTS: Mapping[str, float] = {"none": 0.55, "bronze": 0.22, "silver": 0.13, "gold": 0.07, "platinum": 0.03}

GAMES = (
    "Midnight Orchard",
    "Copper Comet",
    "Dragon Ledger",
    "Sugar Meteor",
    "Kraken Quay",
    "Temple of Tin",
    "Lantern of Luxor",
    "Wolf & Willow",
    "Ninja Bakery",
    "Golden Gherkin",
)

WEEKDAYS = (1.16, 1.04, 0.98, 0.95, 0.97, 0.88, 1.02)
"""Monday first: what went wrong at the weekend is written down on Monday."""

HOURS = (
    *(1.6, 1.0, 0.6, 0.4, 0.3, 0.4, 0.9, 1.7, 2.7, 3.5, 4.1, 4.2),
    *(4.0, 4.0, 4.1, 4.4, 4.9, 5.5, 6.2, 6.8, 6.9, 6.1, 4.6, 2.8),
)
"""Weight of each hour of the day, UTC."""


def choose(rng: Random, weights: Mapping[Item, float]) -> Item:
    """One of the keys, with the values as weights."""
    return rng.choices(list(weights), list(weights.values()))[0]


@cache
def shares() -> Mapping[str, float]:
    """Each kind's part of all complaints; they sum to 1."""
    kinds = {**PINNED, **OUTSIDE}
    total = sum(kinds.values())
    return {kind: weight / total for kind, weight in kinds.items()}


@cache
def market_shares(kind: str) -> Mapping[str, float]:
    """Each market's part of the complaints of one kind; they sum to 1."""
    local = LOCAL.get(kind, {})
    weights = {name: market.share * local.get(name, 1.0) for name, market in MARKETS.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
