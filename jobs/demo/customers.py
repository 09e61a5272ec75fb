"""The people who complain; some of them more than once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from random import Random

from jobs.demo.identity import full_name
from jobs.demo.world import MARKETS, SEGMENTS, choose

RETURNING_SHARE = 0.2

REMEMBERED = 400
"""Only the last so many customers of a market come back: people who complain again do so within weeks."""


@dataclass(frozen=True, slots=True)
class Customer:
    """`method` is the payment method they use."""

    key: str
    name: str
    market: str
    language: str
    brand: str
    segment: str
    method: str


class Customers:
    """All customers met so far."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._met: dict[str, list[Customer]] = defaultdict(list)

    def one(self, market: str, method: str | None = None) -> Customer:
        """Somebody from the market: a new customer, or now and then one met before; `method` if one is given."""
        met = self._met[market][-REMEMBERED:] if self._rng.random() < RETURNING_SHARE else []
        fitting = [customer for customer in met if method in (None, customer.method)]
        if fitting:
            return self._rng.choice(fitting)
        customer = self._new(market, method)
        self._met[market].append(customer)
        return customer

    def _new(self, market: str, method: str | None) -> Customer:
        rng, place = self._rng, MARKETS[market]
        return Customer(
            key=f"C{rng.randrange(10**9):09}",
            name=full_name(rng, market),
            market=market,
            language=choose(rng, place.languages),
            brand=choose(rng, place.brands),
            segment=choose(rng, SEGMENTS),
            method=method or choose(rng, place.methods),
        )
