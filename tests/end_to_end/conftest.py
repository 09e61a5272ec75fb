"""Ten weeks of the demonstration's complaints, taken in, embedded and replayed once for all processes of a test run."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

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
from tests.end_to_end.made_up import copied
from tests.end_to_end.world import FIRST, LAST, RECORDS, WALL, OpenContext, Replayed, World, state


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first of the processes to ask for it fills; the others wait."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    made = folder / "made"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            make(folder)
            made.touch()
    return folder


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(made_once(tmp_path_factory, "world", _make_world) / "var")


def _make_world(home: Path) -> None:
    settings = Settings(data_dir=home / "var", time_zone="Europe/Berlin")
    context = build_context(settings, Silent(), lambda: WALL, create=True)
    file = home / "complaints.jsonl"
    write(invent(11).records[:RECORDS], file)
    ingest_file(context.database, context.parts.intake, file, "demo", FieldMapping(), WALL)
    embed(context, WALL)
    context.database.close()


@pytest.fixture(scope="session")
def replayed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    def make(home: Path) -> None:
        context = build_context(world.settings(home), Silent(), lambda: WALL)
        replay(context, FIRST, LAST)
        context.database.close()

    settings = world.settings_in(made_once(tmp_path_factory, "replayed", make) / "var")
    context = build_context(settings, Silent(), lambda: WALL)
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


@pytest.fixture
def context(made: Context, tmp_path: Path) -> Iterator[Context]:
    """What a file's tests begin with, in a folder of each one's own; `made` makes it once, and closes its database."""
    copy = copied(made, tmp_path)
    yield copy
    copy.database.close()
