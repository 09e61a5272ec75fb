"""What happened in a week, gathered for the digests of all owners at once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from feedback.alerts import kept_count, kept_signal
from feedback.chart import Series
from feedback.digest import Digest, DigestAlert, DigestFix, DigestTopic, Quote, week_span
from feedback.domain import (
    OUTCOME_RULES,
    AlertState,
    Channel,
    Copies,
    Driver,
    Segment,
    SegmentCount,
    Signal,
    SilentSource,
    Span,
    TopicKind,
    Voices,
)
from feedback.events import PlannedEvent
from feedback.exposure import EndedExposure
from feedback.notify.channels import EVERYBODY
from feedback.owners import Owners, Responsible
from feedback.severity import rank_of, severity_at
from feedback.store import alerts, complaints, counts, facets
from feedback.store.events import planned_events
from feedback.store.fixes import fixes, outcomes_of
from feedback.store.kept_counts import UNASSIGNED
from feedback.store.owners import responsible_for
from feedback.store.topics import StoredTopic
from feedback.store.verdicts import verdicts_of
from jobs.context import Context
from jobs.evidence import Usual, behind, representative, usual_before
from jobs.exposure import ended_exposure
from jobs.faq import WeekFaq, gather_faq
from jobs.kpi import WeekSupport, gather_support
from jobs.marks import held_back, is_flapping
from jobs.mutes import muted_by
from jobs.ownership import owners_of
from jobs.panel import DatedPanel, dated_panel
from jobs.published import Published, published
from jobs.silence import silent_sources
from models.detect.eb7 import EB7
from models.detect.outage import Outage
from models.detect.panel import Floats, Scores

CHART_DAYS = 42
BUSIEST = 8
BEHIND = {"copies", "voices"}
"""What an earlier release did not keep with an alert."""


@dataclass(frozen=True, slots=True)
class Week:
    """A week's facts by topic and alert; `digest` picks an owner's."""

    week: str
    span: Span
    generated_at: datetime
    context: Context
    topics: dict[UUID, DigestTopic]
    owned_by: Mapping[UUID, Responsible]
    alerts: Sequence[tuple[Row[Any], DigestAlert]]
    born: frozenset[UUID]
    total: int
    total_before: int
    unassigned: int
    rejected: int
    silent: Sequence[SilentSource]
    ended: EndedExposure | None
    fixes: Sequence[DigestFix]
    support: WeekSupport | None
    faq: WeekFaq | None
    known_owners: Owners

    @property
    def owners(self) -> list[str]:
        """All who answer for a topic, a market or a brand, and the default owner for what nobody owns."""
        topics = {each.owner for each in self.owned_by.values()}
        return sorted(topics | set(self.known_owners.charges.values()) | {self.known_owners.default})

    def digest(self, owner: str | None) -> Digest:
        """The digest of an owner; of everybody's topics when that is None."""
        mine = frozenset(key for key, each in self.owned_by.items() if owner in (None, each.owner))
        sees_to_unowned = owner in (None, self.context.settings.default_owner)
        seen = [(row, alert) for row, alert in self.alerts if row.topic_id in mine or self._is_told(row, owner)]
        rose = [alert for row, alert in seen if self._rose(row, alert) and not alert.muted and not alert.held_back]
        busiest = sorted((self.topics[key] for key in mine), key=lambda topic: (-topic.count, topic.name))
        return Digest(
            owner=owner or EVERYBODY,
            week=self.week,
            span=self.span,
            zone=self.context.settings.zone,
            generated_at=self.generated_at,
            total=self.total,
            total_before=self.total_before,
            unassigned_share=self.unassigned / self.total if self.total else 0.0,
            rejected=self.rejected,
            silent=self.silent,
            ended=self.ended,
            fixes=[each for each in self.fixes if each.topic.topic_id in mine],
            rose=sorted(map(self._grouped, rose), key=lambda alert: (-rank_of(alert.severity), alert.p)),
            still_open=[each for _, each in seen if each.state is not AlertState.RESOLVED and each not in rose],
            calmed=[each for _, each in seen if each.state is AlertState.RESOLVED],
            new_topics=[topic for topic in busiest if topic.topic_id in self.born and topic.count],
            busiest=[topic for topic in busiest if topic.count or topic.count_before][:BUSIEST],
            unassigned=self.unassigned if sees_to_unowned else 0,
            unowned=[each for each in busiest if sees_to_unowned and each.count and self._is_unowned(each)],
            support=self.support.of(mine) if self.support else None,
            faq=self.faq.of(mine) if self.faq else None,
            names={key: self.topics[key].name for key in mine},
        )

    def _grouped(self, alert: DigestAlert) -> DigestAlert:
        """With the topics that rose in the week for the same reason, whoever owns them."""
        own, groups = str(alert.alert_id), [each.group for _, each in self.alerts if each.group]
        # what was told before others joined it has not written them down
        group = max(
            (each for each in groups if own in each["alerts"]), key=lambda each: len(each["alerts"]), default={}
        )
        inside = set(group.get("alerts", ())) - {own}
        others = [each for row, each in self.alerts if str(row.id) in inside and self._rose(row, each)]
        return replace(alert, group=group, together=[each.topic.name for each in others])

    def _is_told(self, row: Row[Any], owner: str | None) -> bool:
        """Whether an alert about another's topic is in this owner's market or brand."""
        return owner in responsible_for(self.known_owners, row).others

    def _is_unowned(self, topic: DigestTopic) -> bool:
        return not self.owned_by[topic.topic_id].is_owned

    def _rose(self, row: Row[Any], alert: DigestAlert) -> bool:
        rises = (row.opened_at, alert.regressed_at)
        return any(each is not None and self.span.is_judged(each) for each in rises)


def gather(context: Context, week: str, now: datetime) -> Week:
    """The facts of a week as known at `now`. SettingError when `week` is not a week such as 2026-W46."""
    span = week_span(week, context.settings.zone)
    current = published(context)
    with context.database.read() as connection:
        return _gather(context, connection, current, week, span, now)


def _gather(
    context: Context, connection: Connection, current: Published | None, week: str, span: Span, now: datetime
) -> Week:
    members = {each.id: each for each in current.topics} if current else {}
    totals = _counts(connection, current, span)
    before = _counts(connection, current, Span(span.start - timedelta(days=7), span.start))
    as_of = min(span.end, now)
    dated = dated_panel(context, connection, current.version.id, list(members), as_of) if current else None
    outlook = _outlook(dated, is_over=now >= span.end)
    known = {key: _topic(each, totals, before, outlook) for key, each in members.items()}
    born = frozenset(
        key for key, each in members.items() if span.is_judged(each.born_at) and each.kind is not TopicKind.PINNED
    )
    if current:
        known |= _voiced(connection, current.version.id, known, born, Span(span.start, as_of))
    version_id = current.version.id if current else None
    signals = alerts.strongest_signals(connection, span, Outage().name, version_id)
    rows = alerts.alert_rows(connection, active=span)
    # an alert outlives its topic: it may have been merged since, or be of a version before
    gone = {row.topic_id: row for row in rows if row.topic_id not in known}
    known |= {key: _gone(row) for key, row in gone.items()}
    held = [(each.id, each.owner, each.area) for each in members.values()]
    lost = [(key, row.owner, row.area) for key, row in gone.items()]
    owners = owners_of(context, connection)
    charts = Charts(context, connection, current, as_of, {None: Charted.of(dated) if dated and rows else None})
    numbers = _numbers(context, connection, rows, signals, span)
    return Week(
        week=week,
        span=span,
        generated_at=now,
        context=context,
        topics=known,
        owned_by={key: owners.of_topic(owner, area) for key, owner, area in (*held, *lost)},
        alerts=[(row, _alert(connection, row, known, numbers[row.id], charts, span)) for row in rows],
        born=born,
        total=totals.total(),
        total_before=before.total(),
        unassigned=totals[UNASSIGNED],
        rejected=complaints.count_rejected(connection, span),
        silent=silent_sources(context, connection, as_of),
        ended=ended_exposure(context.settings, connection, as_of),
        fixes=_fixes(connection, current, known, span, as_of) if current else (),
        known_owners=owners,
        support=gather_support(context, connection, current, span, as_of, current.topics) if current else None,
        faq=gather_faq(context, connection, current, span, as_of) if current else None,
    )


def _fixes(
    connection: Connection, current: Published, known: dict[UUID, DigestTopic], span: Span, as_of: datetime
) -> list[DigestFix]:
    """The fixes that were watched in the week or judged late, each with its outcome at the week's end."""
    homes = current.rule.curation
    found = [
        (each, homes.home(each.topic_id), next(reversed(outcomes_of(connection, each.id, as_of)), None))
        for each in fixes(connection, until=as_of)
    ]
    return [
        DigestFix(known[home], each, last)
        for each, home, last in found
        if home in known and (each.at + OUTCOME_RULES.watched >= span.start or (last and last.judged_at > span.start))
    ]


def _counts(connection: Connection, current: Published | None, span: Span) -> Counter[UUID]:
    """Complaints by topic."""
    found: Counter[UUID] = Counter()
    if current:
        for _, topic, number, _ in counts.counts(connection, current.version.id, span):
            found[topic] += number
    return found


def _outlook(dated: DatedPanel | None, *, is_over: bool) -> dict[UUID, tuple[float, float, float]]:
    """(expected, low, high) of the whole week by topic, where the past says."""
    if dated is None or not is_over:
        return {}
    scores = EB7().judge(dated.panel.with_expected_in_view())
    found = {
        topic: (float(scores.expected[row, -1]), float(scores.low[row, -1]), float(scores.high[row, -1]))
        for row, topic in enumerate(dated.topics)
    }
    return {topic: numbers for topic, numbers in found.items() if not math.isnan(numbers[0])}


def _topic(
    each: StoredTopic,
    totals: Counter[UUID],
    before: Counter[UUID],
    outlook: dict[UUID, tuple[float, float, float]],
) -> DigestTopic:
    expected, low, high = outlook.get(each.id, (None, None, None))
    return DigestTopic(
        topic_id=each.id,
        name=each.name,
        kind=each.kind,
        area=each.area,
        words=each.words,
        count=totals[each.id],
        count_before=before[each.id],
        expected=expected,
        low=low,
        high=high,
    )


def _voiced(
    connection: Connection, version_id: UUID, known: dict[UUID, DigestTopic], born: frozenset[UUID], span: Span
) -> dict[UUID, DigestTopic]:
    """The topics with how many customers wrote about each within `span`; those `born` in it with what they wrote.

    Customers are told only where all of the topic's complaints are there to be looked at: some may be past their time.
    """
    voices = facets.customers_by_topic(connection, version_id, span)
    found = {}
    for key, each in known.items():
        complaints, customers = voices.get(key, (0, None))
        quotes = _written(connection, version_id, key, span) if key in born else ()
        found[key] = replace(each, customers=customers if complaints == each.count else None, quotes=quotes)
    return found


def _written(connection: Connection, version_id: UUID, topic: UUID, span: Span) -> list[Quote]:
    """What customers wrote about a topic within `span`, nearest its centre, its languages by turns, no text twice."""
    window = facets.facets_of_topic(connection, version_id, topic, span)
    return _quotes(connection, representative(window, [None] * len(window), ()))


def _quotes(connection: Connection, ids: Sequence[UUID]) -> list[Quote]:
    """What is left of the texts of some complaints: who was erased is not quoted."""
    return [
        Quote(each.text, each.language, Channel(each.channel), each.received_at, each.market)
        for each in facets.quotes_by_id(connection, list(ids))
    ]


def _gone(row: Row[Any]) -> DigestTopic:
    """The topic of an alert that the version in force doesn't hold."""
    return DigestTopic(row.topic_id, row.topic, TopicKind(row.topic_kind), row.area, {}, count=0, count_before=0)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What an alert's numbers are in the week, and what stands behind them, as far as that is known."""

    signal: Signal
    drivers: Sequence[Driver] = ()
    where: Sequence[SegmentCount] = ()
    copies: Copies | None = None
    voices: Voices | None = None
    late: bool = False
    quoted: Sequence[UUID] = ()


def _numbers(
    context: Context, connection: Connection, rows: Sequence[Row[Any]], signals: Mapping[UUID, Signal], span: Span
) -> dict[UUID, _Numbers]:
    """By alert. What is kept with one speaks of its latest rise; beside another judgement it would contradict it."""
    kept = {row.id: kept_signal(row.evidence, row.topic_id) for row in rows}
    shown = {row.id: signals.get(row.topic_id) or _known_by(row, kept[row.id], span.end) for row in rows}
    same = [row for row in rows if kept[row.id] == shown[row.id] and row.evidence.keys() >= BEHIND]
    found = {row.id: _kept(row.evidence, shown[row.id]) for row in same}
    others = {key: each for key, each in shown.items() if key not in found}
    starts: dict[UUID, datetime] = {}
    for each in others.values():
        starts[each.version_id] = min(each.window.start, starts.get(each.version_id, each.window.start))
    usual = {key: usual_before(connection, key, Span(start, start)) for key, start in starts.items()}
    return found | {key: _looked_up(context, connection, each, usual[each.version_id]) for key, each in others.items()}


def _known_by(row: Row[Any], latest: Signal, moment: datetime) -> Signal:
    """What an alert's numbers were at a moment: of its latest rise or, where that came later, of its first."""
    if latest.window.end <= moment:
        return latest
    return kept_signal(row.evidence.get("opening", row.evidence), row.topic_id)


def _kept(evidence: Mapping[str, Any], signal: Signal) -> _Numbers:
    return _Numbers(
        signal,
        [Driver(**each) for each in evidence.get("drivers", ())],
        [kept_count(each) for each in evidence.get("where", ())],
        Copies(**evidence["copies"]),
        Voices(**evidence["voices"]),
        bool(evidence.get("late")),
    )


def _looked_up(context: Context, connection: Connection, signal: Signal, usual: Usual) -> _Numbers:
    found = behind(context, connection, signal, signal.version_id, usual)
    copies, voices = found.counted()
    if voices.messages < signal.observed:
        return _Numbers(signal)  # some have another topic since: what is left would contradict the numbers
    quoted = representative(found.window, found.texts, found.drivers)
    return _Numbers(signal, found.drivers, (), copies, voices, quoted=quoted)


def _alert(
    connection: Connection,
    row: Row[Any],
    known: dict[UUID, DigestTopic],
    shown: _Numbers,
    charts: Charts,
    span: Span,
) -> DigestAlert:
    said = [each for each in verdicts_of(connection, row.id) if each.at < span.end]
    # as it was at the week's end: it may have come back and been resolved again since
    history = [each for each in alerts.transitions_of(connection, row.id) if each.at <= span.end]
    reached = {AlertState(each.after): each.at for each in history}
    alert = replace(alerts.alert_of(connection, row.id), state=AlertState(history[-1].after))
    numbers = shown.signal
    quoted = shown.quoted or [UUID(each) for each in row.evidence.get("complaint_ids", ())]
    series = charts.series(row.topic_id, numbers.segment)
    return DigestAlert(
        alert_id=row.id,
        topic=known[row.topic_id],
        state=alert.state,
        opened_at=row.opened_at,
        window=numbers.window,
        observed=numbers.observed,
        expected=numbers.expected,
        low=numbers.low,
        high=numbers.high,
        p=numbers.p,
        resolved_at=reached.get(AlertState.RESOLVED),
        regressed_at=reached.get(AlertState.REGRESSED),
        drivers=shown.drivers,
        copies=shown.copies,
        voices=shown.voices,
        late=shown.late,
        segment=numbers.segment,
        verdict=said[-1] if said else None,
        muted=muted_by(connection, alert, charts.as_of),
        where=shown.where,
        quotes=[each for each in _quotes(connection, quoted) if each.received_at < span.end],
        series=series,
        events=_events(connection, row.topic_id, series),
        severity=severity_at(row.evidence, charts.as_of),
        held_back=held_back(connection, alert, charts.as_of),
        flapping=is_flapping(charts.context, connection, alert, charts.as_of),
        group=row.evidence.get("group", {}),
        trained_since=charts.current is not None and numbers.version_id != charts.current.version.id,
    )


def _events(connection: Connection, topic_id: UUID, series: Series | None) -> list[PlannedEvent]:
    """What was planned for the days of an alert's picture."""
    if series is None:
        return []
    found = planned_events(connection, series.days[0], series.days[-1])
    return [each for each in found if each.concerns(topic_id)]


@dataclass(frozen=True, slots=True, eq=False)
class Charted:
    """The last days of a panel with what each single day was expected to bring."""

    dated: DatedPanel
    scores: Scores

    @classmethod
    def of(cls, dated: DatedPanel, days: int = CHART_DAYS) -> Charted:
        # one day at a time; its baseline ends where that of the seven-day window does
        detector = EB7(window=1, gap=EB7().window + EB7().gap - 1)
        return cls(dated, detector.judge(dated.panel.with_expected_in_view(), min(days, dated.panel.days)))

    def series(self, topic: UUID) -> Series:
        row = self.dated.topics.index(topic)
        days = self.scores.observed.shape[1]
        return Series(
            tuple(self.dated.days[-days:]),
            tuple(self.scores.observed[row].tolist()),
            _known(self.scores.expected[row]),
            _known(self.scores.low[row]),
            _known(self.scores.high[row]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Charts:
    """The charted panels of the whole and of segments, each made once."""

    context: Context
    connection: Connection
    current: Published | None
    as_of: datetime
    made: dict[Segment | None, Charted | None]
    days: int = CHART_DAYS

    def series(self, topic: UUID, segment: Segment | None) -> Series | None:
        """None for a topic that the version in force does not hold."""
        if segment not in self.made:
            self.made[segment] = self._of(segment)
        charted = self.made[segment]
        return charted.series(topic) if charted and topic in charted.dated.topics else None

    def _of(self, segment: Segment | None) -> Charted | None:
        if self.current is None:
            return None
        ids, version = [each.id for each in self.current.topics], self.current.version.id
        dated = dated_panel(self.context, self.connection, version, ids, self.as_of, segment=segment)
        return Charted.of(dated, self.days) if dated else None


def _known(values: Floats) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(value) else value for value in values.tolist())
