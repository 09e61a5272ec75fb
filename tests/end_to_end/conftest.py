"""Ten weeks of the demonstration's complaints, taken in and embedded once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from feedback.ingest import ingest_file
from feedback.settings import Settings
from feedback.sources import FieldMapping
from jobs.bootstrap import build_context
from jobs.context import Context
from jobs.demo.invent import invent, write
from jobs.embed import run as embed
from jobs.progress import Silent
from jobs.replay import replay
from tests.end_to_end.world import FIRST, LAST, RECORDS, WALL, OpenContext, Replayed, World, state


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    home = tmp_path_factory.mktemp("world")
    settings = Settings(data_dir=home / "var", time_zone="Europe/Berlin")
    context = build_context(settings, Silent(), lambda: WALL, create=True)
    file = home / "complaints.jsonl"
    write(invent(11).records[:RECORDS], file)
    ingest_file(context.database, context.parts.intake, file, "demo", FieldMapping(), WALL)
    embed(context, WALL)
    context.database.close()
    return World(settings.data_dir)


@pytest.fixture(scope="session")
def replayed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    settings = world.settings(tmp_path_factory.mktemp("replayed"))
    context = build_context(settings, Silent(), lambda: WALL)
    replay(context, FIRST, LAST)
    concluded = state(context.database)
    context.database.close()
    return Replayed(settings, concluded)


@pytest.fixture
def open_context() -> Iterator[OpenContext]:
    """Opens contexts and closes their databases in the end."""
    opened: list[Context] = []

    def make(settings: Settings) -> Context:
        opened.append(build_context(settings, Silent(), lambda: WALL))
        return opened[-1]

    yield make
    for context in opened:
        context.database.close()
