"""Which topics are born of real questions that come in as they came in, for a person to read.

    python benchmarks/births_in_time.py --data DIR [--data-dir DIR] [--per-day 1] [--max-p 1e-6]

DIR holds `firefox_support/`. `benchmarks/births.py` draws random moments, so that nothing but the fault it plants can
be new; here every question keeps its time, with the releases, holidays and moods of the day. Topics are trained on the
first ten weeks and never again. From then on the births job's search runs --per-day times a day over 56 days, with
--max-p in place of the service's own, and what is born joins the topics; what makes a topic of the last two weeks grow
is not told. The births are told from the least chance by the scan on, each with its questions and customers and with
the beginning of three of them: where they cease to be about one thing is where the limit should be.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np

from benchmarks.births import HISTORY, YOUNG, Corpus, Stand, World, read_firefox, trained
from models.births import Birth, BirthParams
from models.encoder import load_encoder

TRAINED = 70.0
"""Days of questions that the topics are trained on."""

QUOTED, LONGEST = 3, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with firefox_support")
    parser.add_argument("--data-dir", type=Path, default=Path("var"), help="keeps the encoder and embeddings")
    parser.add_argument("--per-day", type=int, default=1, help="searches a day")
    parser.add_argument("--max-p", type=float, default=1e-6, help="the chance up to which a group is born")
    options = parser.parse_args()
    encoder = load_encoder("builtin", options.data_dir, threads=1)
    world, first = as_they_came(read_firefox(options.data, options.data_dir, encoder), options.data)
    born = sorted(births(world, options.per_day, options.max_p), key=lambda found: found[1].p)
    weeks = (world.days[-1] - HISTORY) / 7
    print(f"{len(born)} topics born in {weeks:.0f} weeks, {len(born) / weeks:.2f} a week")
    for now, birth in born:
        day = first + timedelta(days=now)
        print(f"\n{day}: p = {birth.p:.0e}, {birth.size} questions of {birth.customers}, {birth.expected:.2f} expected")
        for text in world.texts(birth.members[:QUOTED]):
            print(f"    {' '.join(text.split())[:LONGEST]}")


def as_they_came(corpus: Corpus, data: Path) -> tuple[World, date]:
    """The questions in the order they came in, and the day from which the world's are counted: the last that the
    topics are trained on is the world's day `HISTORY`."""
    times = _times(data)
    days = np.array([times[text] for text in corpus.texts])
    start = float(np.floor(days.min())) + TRAINED - HISTORY
    rows = np.argsort(days, kind="stable")
    world = World(corpus, "", rows, days[rows] - start, np.zeros(len(rows), np.bool_))
    return world, date.fromordinal(date(1970, 1, 1).toordinal() + round(start))


def _times(data: Path) -> dict[str, float]:
    """When each text first came in, in days since 1970."""
    found: dict[str, float] = {}
    for file in sorted((data / "firefox_support").glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                at = datetime.fromisoformat(row["created"])
                at = at if at.tzinfo else at.replace(tzinfo=UTC)
                found.setdefault(f"{row['title']}. {row['content']}", at.timestamp() / 86_400)
    return found


def births(world: World, per_day: int, max_p: float) -> Iterator[tuple[float, Birth]]:
    """Each birth of a topic, and the moment in the world's days."""
    stand, since = Stand.of(world, trained(world)), dict[UUID, float]()
    params = BirthParams(max_p=max_p)
    for step in range(1, int((world.days[-1] - HISTORY) * per_day) + 1):
        now = HISTORY + step / per_day
        for birth in stand.births(now, params):
            home = stand.home(birth, [id_ for id_, at in since.items() if now - at <= YOUNG])
            if home is None:
                home = UUID(int=len(since) + 1)
                since[home] = now
                yield now, birth
            stand = stand.after(birth, home)


if __name__ == "__main__":
    main()
