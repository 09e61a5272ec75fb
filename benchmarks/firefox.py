"""What the service says of twenty months of real support questions, and how soon it saw two known incidents.

    python benchmarks/firefox.py --data DIR [--data-dir DIR] [--budget 1] [--to 2020-08-09] [--seed 1] [--others 10]

DIR holds `firefox_support/*.jsonl.gz`. The questions are taken in, the whole schedule is replayed over them with no
taxonomy and a budget of one false alarm a week or another, publishing by itself; all of it stays in --data-dir, so that
a replay that was stopped goes on, and a second call only reports. It takes about an hour.

Reported: for the add-on outage of May 2019 and the address bar of April 2020, the alerts of topics named like it that
opened or came back within a week, and the hours since the first question that names it; alerts opened a week, by what
found them; and other alerts, drawn at random, with questions of their topic from the days before the opening, for a
person to say whether something really rose. Questions are placed by the version that is in force at the end; of a topic
that is no more, the questions kept with the alert are shown, which are those of its latest rise.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from rich.console import Console
from sqlalchemy import Connection, Row, select

from feedback.domain import AlertState
from feedback.ingest import ingest_file
from feedback.settings import Settings
from feedback.sources import FieldMapping
from feedback.store import alerts
from feedback.store.tables import assignment, complaint, topic, transition
from feedback.store.topics import published_version, texts_of
from jobs.bootstrap import build_context
from jobs.context import Context
from jobs.progress import Terminal
from jobs.replay import replay

FIRST = date(2018, 12, 1)
LANGUAGES = ("en", "es", "pt", "cs", "tr", "fi", "hu", "de", "it")


@dataclass(frozen=True, slots=True)
class Incident:
    """Something known to have happened: `words` name it in questions, `topics` in the names of topics."""

    name: str
    since: datetime
    words: re.Pattern[str]
    topics: re.Pattern[str]


INCIDENTS = (
    Incident(
        "add-on outage",
        datetime(2019, 5, 3, 20, tzinfo=UTC),
        re.compile(r"add-?\s?ons?\b|addons|extension|complement|erweiterung|estensioni|lisäos|dopln", re.I),
        re.compile(r"add|addons|extension|disable", re.I),
    ),
    Incident(
        "address bar",
        datetime(2020, 4, 7, tzinfo=UTC),
        re.compile(
            r"(address|url|awesome|location|search)[\s-]*bar|megabar|barra de (direc|endere)|adressleiste", re.I
        ),
        re.compile(r"\bbar\b|url|address", re.I),
    ),
)
"""The expired certificate of 3 May 2019, which switched off every add-on, and Firefox 75 of 7 April 2020."""


class Opening(NamedTuple):
    """An alert that opened or came back."""

    at: datetime
    alert: Row[Any]
    detector: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, default=Path("var/firefox"))
    parser.add_argument("--budget", type=float, default=1.0, help="false alarms a week, of a replay that begins")
    parser.add_argument("--to", type=date.fromisoformat, default=date(2020, 8, 9))
    parser.add_argument("--seed", type=int, default=1, help="of the other alerts that are drawn")
    parser.add_argument("--others", type=int, default=10)
    options = parser.parse_args()
    context = replayed(options.data, options.data_dir, options.to, options.budget)
    with context.database.read() as connection:
        opened = openings(connection)
        for each in INCIDENTS:
            report_incident(connection, each, opened)
        report_week(connection, opened, options.to)
        known = {row.alert.id for each in INCIDENTS for row in of_incident(each, opened)}
        others = [each for each in opened if each.alert.id not in known]
        report_others(connection, others, options.others, options.seed)


def replayed(data: Path, data_dir: Path, last: date, budget: float) -> Context:
    """The questions taken in and replayed, as far as that is not done yet."""
    settings = Settings(
        data_dir=data_dir,
        taxonomy="none",
        false_alarms_per_week=budget,
        languages=LANGUAGES,
        publish_automatically=True,
        publish_least_kept=0.5,
    )
    new = not (data_dir / "feedback.db").exists()
    context = build_context(settings, Terminal(Console()), lambda: datetime.now(UTC), create=True)
    if new:
        _take_in(context, sorted((data / "firefox_support").glob("*.jsonl.gz")))
    replay(context, FIRST, last)
    return context


def _take_in(context: Context, files: Sequence[Path]) -> None:
    mapping = FieldMapping.parse(["text=title+content"])
    for file in files:
        counts = ingest_file(context.database, context.parts.intake, file, "firefox", mapping, context.wall())
        print(f"{file.name}: {counts.accepted:,} taken in, {counts.rejected:,} rejected")


def openings(connection: Connection) -> list[Opening]:
    """Every time an alert opened or came back, in order; a return is of the detector of the latest rise."""
    rows = {row.id: row for row in alerts.alert_rows(connection)}
    moves = select(transition.c.alert_id, transition.c.at, transition.c.after)
    moves = moves.where(transition.c.before.is_(None) | (transition.c.after == str(AlertState.REGRESSED)))
    found = []
    for move in connection.execute(moves.order_by(transition.c.at, transition.c.alert_id)):
        evidence = rows[move.alert_id].evidence
        numbers = evidence["opening"] if move.after == str(AlertState.OPEN) else evidence
        found.append(Opening(move.at, rows[move.alert_id], numbers["detector"]))
    return found


def of_incident(incident: Incident, opened: Sequence[Opening]) -> list[Opening]:
    """What opened in its week under a name like it."""
    end = incident.since + timedelta(days=7)
    return [each for each in opened if incident.since <= each.at < end and incident.topics.search(each.alert.topic)]


def report_incident(connection: Connection, incident: Incident, opened: Sequence[Opening]) -> None:
    named = dict(questions_of(connection, incident))
    if not named:
        return
    first = min(named.values())
    print(f"\n{incident.name}: {len(named)} questions in a week name it, the first at {first:%Y-%m-%d %H:%M}")
    held = topics_held(connection, set(named))
    for each in of_incident(incident, opened):
        hours = (each.at - first) / timedelta(hours=1)
        share = held[each.alert.topic_id] / len(named)
        print(
            f"  {each.at:%Y-%m-%d %H:%M}  {hours:+6.1f} h  {each.detector:14} {each.alert.topic:32} {share:.2f} of them"
        )


def questions_of(connection: Connection, incident: Incident) -> Iterator[tuple[UUID, datetime]]:
    """The questions of its week that name it, with their times."""
    within = complaint.c.received_at.between(incident.since, incident.since + timedelta(days=7))
    for row in connection.execute(select(complaint.c.id, complaint.c.received_at, complaint.c.text).where(within)):
        if incident.words.search(row.text):
            yield row.id, row.received_at


def topics_held(connection: Connection, ids: set[UUID]) -> Counter[UUID]:
    """How many of the questions each topic holds at the end."""
    version = published_version(connection)
    assert version is not None
    query = select(assignment.c.complaint_id, assignment.c.topic_id).where(assignment.c.version_id == version.id)
    return Counter(row.topic_id for row in connection.execute(query) if row.complaint_id in ids and row.topic_id)


def report_week(connection: Connection, opened: Sequence[Opening], last: date) -> None:
    weeks = (last - FIRST).days / 7
    first = {each.alert.id: each for each in reversed(opened)}
    born = {row.id: row.born_at for row in connection.execute(select(topic.c.id, topic.c.born_at))}
    young = sum(each.at - born[each.alert.topic_id] < timedelta(days=3) for each in first.values())
    by = Counter(each.detector for each in first.values())
    print(f"\n{len(first)} alerts in {weeks:.1f} weeks: {len(first) / weeks:.2f} a week, by {dict(by)};")
    print(
        f"{young} of them about subjects that were new then; with those that came back {len(opened) / weeks:.2f} a week"
    )


def report_others(connection: Connection, opened: Sequence[Opening], number: int, seed: int) -> None:
    drawn = random.Random(seed).sample(list(opened), min(number, len(opened)))
    print(f"\n{len(drawn)} others, drawn with seed {seed}")
    for each in sorted(drawn, key=lambda one: one.at):
        numbers = each.alert.evidence["opening"]
        seen = f"{numbers['observed']} against {numbers['expected']:.1f} when it opened first"
        print(f"\n  {each.at:%Y-%m-%d %H:%M}  {each.alert.topic}: {seen}")
        for text in quotes(connection, each):
            print(f"    - {' '.join(text.split())[:150]}")


def quotes(connection: Connection, opening: Opening, number: int = 6) -> list[str]:
    version = published_version(connection)
    assert version is not None
    query = (
        select(complaint.c.text)
        .join(assignment, assignment.c.complaint_id == complaint.c.id)
        .where(assignment.c.version_id == version.id, assignment.c.topic_id == opening.alert.topic_id)
        .where(complaint.c.received_at.between(opening.at - timedelta(days=7), opening.at))
        .order_by(complaint.c.received_at.desc())
    )
    found = list(connection.execute(query.limit(number)).scalars())
    kept = [UUID(each) for each in opening.alert.evidence["complaint_ids"][:number]]
    return found or list(texts_of(connection, kept).values())


if __name__ == "__main__":
    main()
