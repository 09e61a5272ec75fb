"""Invents half a year of complaints, with three rises planted into what chance brings."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

from jobs.demo.compose import Writer, compose
from jobs.demo.customers import Customer, Customers
from jobs.demo.rises import Planted, Rise, draw_rises
from jobs.demo.volume import Drift, clumped, drifts, expected, poisson, weekday_factor
from jobs.demo.world import CHANNELS, HOURS, ONE_PRODUCT, PRODUCTS, choose, market_shares, shares

DAYS = 26 * 7 + 3

SEED = 7

END = date(2026, 7, 1)

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Invented:
    """`records` by time of receipt, in the intake's field names; `planted` is the truth that they do not tell."""

    records: list[dict[str, object]]
    planted: list[Planted]
    seed: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class _Event:
    """Somebody is about to complain."""

    at: datetime
    kind: str
    market: str
    rise: Rise | None = None


def invent(
    seed: int = SEED, end: date | datetime = END, rises: Callable[[Random, int], Sequence[Rise]] = draw_rises
) -> Invented:
    """Complaints of the 185 days before `end` (exclusive, UTC if it is a date or has no zone): about 6,000.

    `rises` draws those that are planted into a story of so many days. The same seed and end give the same result on
    every machine.
    """
    last = _moment(end)
    first = last - timedelta(days=DAYS)
    planted = rises(Random(f"{seed} rises"), DAYS)
    events = sorted(_events(Random(f"{seed} events"), planted, first), key=lambda event: event.at)
    teller = _Teller(Random(f"{seed} texts"), last)
    records = [teller.tell(f"FB-{number:06}", event) for number, event in enumerate(events, start=1)]
    truth = [_truth(rise, first, events, records) for rise in planted]
    return Invented(records, truth, seed, first, last)


def _moment(end: date | datetime) -> datetime:
    if not isinstance(end, datetime):
        return datetime.combine(end, time.min, tzinfo=UTC)
    return end.astimezone(UTC) if end.tzinfo else end.replace(tzinfo=UTC)


def _events(rng: Random, rises: Sequence[Rise], start: datetime) -> Iterator[_Event]:
    waves = drifts(rng)
    for day in range(DAYS):
        for kind in shares():
            count = clumped(rng, expected(kind, waves[kind], start.date(), day, DAYS))
            for _ in range(count):
                yield _Event(_time(rng, start, day), kind, choose(rng, market_shares(kind)))
        for rise in rises:
            for _ in range(poisson(rng, _extra(rise, waves, start, day))):
                yield _Event(_time(rng, start, day), rise.topic, _market(rng, rise), rise)


def _extra(rise: Rise, waves: Mapping[str, Drift], start: datetime, day: int) -> float:
    if rise.topic not in waves:
        return rise.added(day, 0.0) * weekday_factor(start.date(), day)
    share = sum(market_shares(rise.topic)[market] for market in rise.markets)
    return rise.added(day, share * expected(rise.topic, waves[rise.topic], start.date(), day, DAYS))


def _market(rng: Random, rise: Rise) -> str:
    usual = market_shares(rise.topic)
    return choose(rng, {market: usual[market] for market in rise.markets})


def _time(rng: Random, start: datetime, day: int) -> datetime:
    """A moment of the 24 hours that begin `day` days after the start, by the clock's usual load."""
    begin = start + timedelta(days=day)
    ahead = (rng.choices(range(24), HOURS)[0] - begin.hour) % 24
    whole = begin.replace(minute=0, second=0, microsecond=0) + timedelta(hours=ahead, seconds=rng.randrange(3600))
    return whole if whole >= begin else whole + timedelta(days=1)


class _Teller:
    """Turns events into records, in order of time: who complains, how, and what the support made of it."""

    def __init__(self, rng: Random, now: datetime) -> None:
        self._rng = rng
        self._now = now
        self._customers = Customers(rng)

    def tell(self, source_id: str, event: _Event) -> dict[str, object]:
        rng, rise = self._rng, event.rise
        method = rise.method if rise and rise.method and rng.random() < rise.method_share else None
        customer = self._customers.one(event.market, method)
        channel = choose(rng, CHANNELS)
        writer = Writer(customer.name, customer.market, customer.brand, customer.method)
        record: dict[str, object | None] = {
            "source_id": source_id,
            "received_at": _stamp(event.at),
            "text": compose(event.kind, customer.language, channel, writer, event.at, rng),
            "channel": channel,
            "language": customer.language if rng.random() < 0.3 else None,
            "market": customer.market,
            "brand": customer.brand,
            "product": ONE_PRODUCT.get(event.kind) or choose(rng, PRODUCTS),
            **_who(customer, channel, rng),
            "rating": _rating(event.kind, channel, rng),
            **self._handling(event, channel),
        }
        return {field: value for field, value in record.items() if value is not None}

    def _handling(self, event: _Event, channel: str) -> dict[str, object | None]:
        """What had been done by the end of the story; nothing of it lies after that."""
        rng = self._rng
        hours = 0.05 if channel == "live chat" else 6.0
        response = event.at + timedelta(hours=hours * math.exp(rng.gauss(0, 0.8)))
        solution = response + timedelta(hours=20 * math.exp(rng.gauss(0, 1.1)))
        answered = rng.random() < 0.94 and response < self._now
        solved = answered and rng.random() < 0.88 and solution < self._now
        return {
            "first_response_at": _stamp(response) if answered else None,
            "resolved_at": _stamp(solution) if solved else None,
            "escalations": rng.choices((0, 1, 2, 3), (80, 15, 4, 1))[0],
        }


def _who(customer: Customer, channel: str, rng: Random) -> dict[str, object | None]:
    """Letters and posts often come from nobody known; a few accounts have no payment method yet."""
    known = rng.random() < (0.6 if channel in {"letter", "fax", "social media", "app review"} else 0.97)
    return {
        "customer_key": customer.key if known else None,
        "customer_segment": customer.segment if known else None,
        "payment_method": customer.method if rng.random() < 0.93 else None,
    }


def _rating(kind: str, channel: str, rng: Random) -> int | None:
    if rng.random() > (1.0 if channel in {"app review", "survey"} else 0.2):
        return None
    if kind == "praise":
        return rng.choice((4, 5, 5, 5))
    return rng.choices((1, 2, 3, 4, 5), (50, 28, 14, 5, 3))[0]


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _truth(rise: Rise, start: datetime, events: Sequence[_Event], records: Sequence[Record]) -> Planted:
    return Planted(
        kind=rise.kind,
        name=rise.name,
        onset=start + timedelta(days=rise.first),
        end=start + timedelta(days=rise.last),
        complaints={
            str(record["source_id"]): event.at
            for event, record in zip(events, records, strict=True)
            if event.rise is rise
        },
        description=rise.description,
    )


def write(records: Sequence[Record], path: Path) -> None:
    """Write as JSON Lines, compressed if the name ends in `.gz`; the same records give the same bytes."""
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode("utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(lines, mtime=0) if path.suffix == ".gz" else lines)
