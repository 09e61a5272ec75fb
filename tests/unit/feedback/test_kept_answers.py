"""Answers that hold until what they follow from changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel

from feedback.api.answers import Answers

MANY = 8


class Said(BaseModel):
    said: str


def request() -> Request:
    return Request({"type": "http", "path": "/v1/hot-issues", "query_string": b"", "headers": [], "app": FastAPI()})


def test_what_many_ask_for_at_once_is_made_once() -> None:
    answers, all_there, begun, made = Answers(), Barrier(MANY), Event(), list[int]()

    def make() -> Said:
        made.append(1)
        begun.wait(1)  # ended below: until then any other would begin, too
        return Said(said="hot")

    def ask() -> bytes:
        all_there.wait()
        return bytes(answers.answer(request(), "state", make).body)

    with ThreadPoolExecutor(MANY) as pool:
        asked = [pool.submit(ask) for _ in range(MANY)]
        begun.wait(0.2)
        begun.set()
        assert {each.result() for each in asked} == {b'{"said":"hot"}'}
    assert len(made) == 1


def test_after_one_that_failed_the_next_is_made() -> None:
    answers = Answers()

    def fail() -> Said:
        raise LookupError

    with pytest.raises(LookupError):
        answers.answer(request(), "state", fail)
    assert answers.answer(request(), "state", lambda: Said(said="hot")).status_code == 200


def test_it_is_made_anew_once_what_it_follows_from_has_changed() -> None:
    answers = Answers()
    before, after = (answers.answer(request(), each, lambda each=each: Said(said=each)) for each in ("a", "b"))  # type: ignore[misc]
    assert (before.body, after.body) == (b'{"said":"a"}', b'{"said":"b"}')
    assert before.headers["ETag"] != after.headers["ETag"]
