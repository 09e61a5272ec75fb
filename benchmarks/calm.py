"""Whether publishing a new topic model by itself opens or closes an alert, on a history without planted rises.

    python benchmarks/calm.py [--data-dir DIR] [--cycles 100] [--seed 1]

The demonstration's invented complaints without those of its planted rises: half a year, some 5,500 complaints, with
the drift, weekdays and clumps that they have anyway. At so many random moments from the tenth week on, in order,
complaints are assigned and judged as on any day; then a version is trained on all that came in so far, published, and
everything is judged again a minute later. What opens or closes then does so because of the publication; what opens in
the first judgement is what the days since the last one brought, for comparison.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from feedback.domain import Alert
from feedback.ingest import ingest_file
from feedback.settings import Settings
from feedback.sources import FieldMapping
from feedback.store import alerts
from jobs.assign import run as assign
from jobs.bootstrap import build_context
from jobs.candidate import train_candidate
from jobs.context import Context
from jobs.count import run as count
from jobs.demo.invent import Invented, invent, write
from jobs.detect import run as detect
from jobs.embed import run as embed
from jobs.progress import Silent
from jobs.publish import publish
from jobs.published import published

WALL = datetime(2026, 11, 1, tzinfo=UTC)
FIRST_WEEKS = timedelta(weeks=10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path("var"), help="keeps the converted encoder")
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    truth = invent(options.seed)
    with calm(truth, options.data_dir) as context:
        report(context, moments(truth, options.cycles, options.seed))


@contextmanager
def calm(truth: Invented, data_dir: Path) -> Iterator[Context]:
    """A database of its own with what came in without the planted rises, embedded."""
    encoders = (data_dir / "encoder").absolute()
    encoders.mkdir(parents=True, exist_ok=True)
    planted = frozenset().union(*(each.source_ids for each in truth.planted))
    with TemporaryDirectory() as folder:
        (Path(folder) / "encoder").symlink_to(encoders)
        context = build_context(Settings(data_dir=Path(folder)), Silent(), lambda: WALL, create=True)
        file = Path(folder) / "complaints.jsonl.gz"
        write([each for each in truth.records if each["source_id"] not in planted], file)
        ingest_file(context.database, context.parts.intake, file, "demo", FieldMapping(), WALL)
        embed(context, WALL)
        yield context
        context.database.close()


def moments(truth: Invented, cycles: int, seed: int) -> list[datetime]:
    begin = truth.start + FIRST_WEEKS
    shares = np.sort(np.random.default_rng(seed).uniform(size=cycles))
    return [begin + float(share) * (truth.end - begin) for share in shares]


def report(context: Context, when: list[datetime]) -> None:
    began, ordinary, changed, kept = time.process_time(), Counter[str](), Counter[str](), []
    _retrain(context, when[0] - timedelta(days=1))
    print(f"{'cycle':>5}  {'moment':16}{'topics':>8}{'keep id':>9}{'before: opened, closed':>24}{'by publishing':>15}")
    for number, now in enumerate(when, 1):
        before = open_alerts(context)
        judge(context, now)
        between = open_alerts(context)
        same = _retrain(context, now)
        judge(context, now + timedelta(minutes=1))
        after = open_alerts(context)
        usual, new = difference(before, between), difference(between, after)
        ordinary += usual
        changed += new
        kept.append(same)
        current = published(context)
        cells = f"{usual['opened']:>17}, {usual['closed']:<5}{new['opened']:>11}, {new['closed']}"
        print(
            f"{number:>5}  {now:%Y-%m-%d %H:%M}{len(current.topics) if current else 0:>8}{same:>9.3f}{cells}",
            flush=True,
        )
    days = (when[-1] - when[0]).days
    print(
        f"{len(when)} cycles in {days} days: publishing opened {changed['opened']} alerts, closed {changed['closed']}; "
    )
    print(f"the days between opened {ordinary['opened']}, closed {ordinary['closed']}. ", end="")
    print(f"On average {np.mean(kept):.3f} kept their topic. {time.process_time() - began:.0f} CPU s.")


def _retrain(context: Context, now: datetime) -> float:
    """The share of complaints that keep their topic."""
    version = train_candidate(context, published(context), now)
    publish(context, version, now)
    return 1.0 - float(version.metrics.get("moved", 0.0))


def judge(context: Context, now: datetime) -> None:
    for job in (assign, count, detect):
        job(context, now)


def open_alerts(context: Context) -> dict[object, Alert]:
    with context.database.read() as connection:
        return {each.topic_id: each for each in alerts.latest_alerts(connection).values() if each.is_open}


def difference(before: dict[object, Alert], after: dict[object, Alert]) -> Counter[str]:
    return Counter(opened=len(after.keys() - before.keys()), closed=len(before.keys() - after.keys()))


if __name__ == "__main__":
    main()
