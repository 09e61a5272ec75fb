"""When somebody is not to be disturbed, and who is next if nobody takes an alert on: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from feedback.domain import Severity, Span

DAY = timedelta(days=1)
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Quiet:
    """Every day from `start` to `end` in `zone`, over midnight if it ends before it starts; with `weekends`, Saturday
    and Sunday too. What is as grave as `unless` or graver does not wait. Raises ValueError where nothing is left of the
    day."""

    start: time
    end: time
    zone: ZoneInfo
    weekends: bool = False
    unless: Severity | None = None

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError("quiet hours end when they start")

    def yields_to(self, severity: Severity | None) -> bool:
        """Whether something so grave may disturb."""
        return self.unless is not None and severity is not None and severity.rank >= self.unless.rank

    def over(self, moment: datetime) -> datetime:
        """The first time from `moment` on that is not quiet."""
        first = next(span for span in self._waking(moment, moment + 5 * DAY) if span.end > moment)
        return max(moment, first.start)

    def awake(self, since: datetime, until: datetime) -> timedelta:
        """How much of the time between is not quiet."""
        spans = self._waking(since, until)
        return sum((max(min(each.end, until) - max(each.start, since), timedelta()) for each in spans), timedelta())

    def _waking(self, since: datetime, until: datetime) -> Iterator[Span]:
        """The spans of waking hours of all local days that `since` to `until` touches, in their order."""
        day, last = since.astimezone(self.zone).date(), until.astimezone(self.zone).date()
        while day <= last:
            if not (self.weekends and day.weekday() >= SATURDAY):
                yield from self._hours(day)
            day += DAY

    def _hours(self, day: date) -> Iterator[Span]:
        if self.start > self.end:
            yield Span(self._at(day, self.end), self._at(day, self.start))
        else:
            yield Span(self._at(day, time()), self._at(day, self.start))
            yield Span(self._at(day, self.end), self._at(day + DAY, time()))

    def _at(self, day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """An alert that nobody has taken on `after` so much of its owner's waking time goes on `to` the next."""

    after: timedelta
    to: str


def due(steps: Sequence[Step], told_at: datetime, now: datetime, quiet: Quiet | None) -> list[tuple[int, Step]]:
    """The steps that are due, with their places, of an alert that nobody has taken on since its owner was told.

    The owner's quiet hours do not count.
    """
    waited = quiet.awake(told_at, now) if quiet else now - told_at
    return [(place, step) for place, step in enumerate(steps) if waited >= step.after]
