"""What people ask for over the API is done by a worker, once, whatever happens to it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from feedback.domain import Author
from feedback.requests import JOB, Request, RequestKind, RequestState
from feedback.settings import Settings
from feedback.store import topics
from feedback.store.edits import edits
from feedback.store.requests import add_request, request_of, waiting
from jobs.context import Context
from jobs.published import published
from jobs.request import run
from jobs.run import execute
from jobs.service import tick
from tests.end_to_end.world import WALL, OpenContext, Replayed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the replayed world alone takes more than a minute


@pytest.fixture
def context(replayed: Replayed, tmp_path: Path, open_context: OpenContext) -> Context:
    """The replayed world in a copy of its own."""
    home = tmp_path / "var"
    shutil.copytree(replayed.settings.data_dir, home)
    return open_context(Settings(**{**replayed.settings.model_dump(), "data_dir": home}))


def ask(context: Context, kind: RequestKind, **detail: Any) -> Request:
    with context.database.write() as connection:
        return add_request(connection, kind, detail, Author("anna", "asked for", WALL))


def done(context: Context, asked: Request) -> Request:
    """The request after a worker had the time to do it."""
    execute(context, JOB, asked.at)
    with context.database.read() as connection:
        found = request_of(connection, asked.id)
    assert found
    return found


def discovered(context: Context) -> list[topics.StoredTopic]:
    current = published(context)
    assert current
    return [each for each in current.topics if each.kind != "pinned"]


def test_a_merge_is_done_once_and_undone(context: Context) -> None:
    one, two = discovered(context)[:2]
    asked = ask(context, RequestKind.MERGE, topic=str(two.id), into=str(one.id))
    found = done(context, asked)
    assert (found.state, found.finished_at) == (RequestState.DONE, WALL)
    assert two.id not in {each.id for each in discovered(context)}
    # as if it had been killed before it could say so
    assert run(context, asked.at) == found.result
    with context.database.read() as connection:
        (edit,) = edits(connection)
    assert (edit.who, edit.why, edit.id) == ("anna", "asked for", found.result["edit"])
    assert done(context, ask(context, RequestKind.UNDO, edit=edit.id)).state is RequestState.DONE
    assert two.id in {each.id for each in discovered(context)}


def test_what_cannot_be_done_is_refused_and_not_tried_again(context: Context) -> None:
    (one, *_) = discovered(context)
    found = done(context, ask(context, RequestKind.SPLIT, topic=str(one.id), parts=100_000))
    assert found.state is RequestState.REFUSED
    assert "too few to be cut" in found.result["refused"]
    with context.database.read() as connection:
        assert waiting(connection) == []


def test_a_candidate_is_trained_compared_published_and_gone_back_from(context: Context) -> None:
    before = published(context)
    assert before
    trained = done(context, ask(context, RequestKind.RETRAIN))
    compared = done(context, ask(context, RequestKind.COMPARE, before=None, after=trained.result["version"]))
    assert {each["fate"] for each in compared.result["topics"]} >= {"kept"}
    assert list((context.settings.data_dir / "reports").glob("*.html"))
    assert done(context, ask(context, RequestKind.PUBLISH, version=trained.result["version"])).state == "done"
    after = published(context)
    assert after
    assert str(after.version.id) == trained.result["version"]
    done(context, ask(context, RequestKind.ROLL_BACK, version=str(before.version.id)))
    again = published(context)
    assert again
    assert again.version.id == before.version.id


def test_a_tick_does_what_was_asked_for(context: Context) -> None:
    asked = ask(context, RequestKind.RETRY_REJECTED)
    tick(replace(context, telling=False), lambda: WALL)
    with context.database.read() as connection:
        found = request_of(connection, asked.id)
    assert found
    assert (found.state, found.result["rejected"]) == (RequestState.DONE, 0)
