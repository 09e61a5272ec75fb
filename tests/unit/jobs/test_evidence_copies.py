"""What an alert's evidence says about complaints that repeat one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from feedback.domain import Signal, Span
from feedback.settings import Settings
from feedback.store.database import Database, open_database
from jobs.context import Context, Parts
from jobs.evidence import evidence, usual_before
from jobs.progress import Silent
from jobs.run import this_process
from tests.integration.store.store_samples import DAY, NOW, TOPIC, VERSION, fill, publish, sample, version

CHAIN = "Leiten Sie das an zehn Freunde weiter und das Casino zahlt jedem von Ihnen sofort {} Euro aus"
SIGNAL = Signal(
    topic_id=TOPIC,
    version_id=VERSION,
    detector="eb7",
    window=Span(DAY, NOW),
    observed=9,
    expected=1.0,
    low=0.0,
    high=3.0,
    p=1e-6,
    q=1e-4,
    score=6.0,
    threshold=3.0,
    rising=True,
    complete=False,
)


@pytest.fixture
def database(sqlite_database: str) -> Iterator[Database]:
    opened = open_database(sqlite_database)
    yield opened
    opened.close()


def test_near_copies_are_counted_with_the_texts_they_are(database: Database, settings: Callable[..., Settings]) -> None:
    chosen = settings(time_zone="UTC")
    publish(database)
    chain = [sample(number, text=CHAIN.format(number * 10)) for number in range(1, 5)]
    brief = [sample(number, text="Wo bleibt mein Bonus?", text_hash="same") for number in range(5, 9)]
    before = sample(9, text=CHAIN.format(7), received_at=DAY - timedelta(days=1))
    fill(database, [*chain, *brief, sample(10), before])
    context = Context(chosen, database, Parts(chosen, Silent()), Silent(), lambda: NOW, this_process())
    with database.read() as connection:
        usual = usual_before(connection, version(), SIGNAL.window)
        kept = evidence(context, connection, SIGNAL, version(), usual, {})
    assert kept["copies"] == {"complaints": 4, "texts": 1, "of": 9}
