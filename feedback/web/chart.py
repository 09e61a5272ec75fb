"""What a chart shows, in the terms of `static/chart.js` and of the table that says the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from feedback.chart import Series


@dataclass(frozen=True, slots=True)
class Mark:
    """An *alert*, a *fix* or an *event* that lasted from `first` to `last`; `short` stands in the chart."""

    kind: str
    first: date
    last: date
    short: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    series: Series
    marks: Sequence[Mark]

    @property
    def data(self) -> str:
        """Everything as JSON; numbers with the digits that can be seen."""
        series = asdict(self.series)
        rounded = {name: [_rounded(each) for each in values] for name, values in series.items() if name != "days"}
        days = [day.isoformat() for day in self.series.days]
        return json.dumps({"days": days, **rounded, "marks": [_plain(each) for each in self.marks]})

    @property
    def rows(self) -> Iterable[tuple[date, int, float | None, float | None, float | None]]:
        """(day, observed, expected, low, high), the latest first."""
        given = self.series
        return reversed(list(zip(given.days, given.observed, given.expected, given.low, given.high, strict=True)))

    @property
    def kinds(self) -> set[str]:
        return {each.kind for each in self.marks}


def chart(series: Series | None, marks: Iterable[Mark]) -> Chart | None:
    """The chart with those marks that lie within its days; None without days."""
    if series is None or not series.days:
        return None
    first, last = series.days[0], series.days[-1]
    return Chart(series, [each for each in marks if each.first <= last and first <= each.last])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _plain(mark: Mark) -> dict[str, str]:
    return {
        "kind": mark.kind,
        "first": mark.first.isoformat(),
        "last": mark.last.isoformat(),
        "short": mark.short,
    }
