"""A source that falls silent is told once, and once when it is heard again, to those who see to what nobody owns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feedback.store.complaints import store_complaints
from feedback.store.notices import listed
from jobs.context import Context, Parts
from jobs.deliver import run as deliver
from jobs.progress import Silent
from jobs.publish import publish
from tests.end_to_end.made_up import FAULT, NOW, judge, made_up_context, told, version
from tests.integration.notify.receivers import HttpReceiver, http_receiver

SECRET = "0123456789abcdef"
MIDNIGHT = NOW.replace(hour=0)
FILE = """default:
  - {{webhook: {{url: '{url}', secret: {secret}}}, language: de, name: desk}}
"""


@pytest.fixture
def hook() -> Iterator[HttpReceiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    """A chat of a dozen a day that ended four days ago, beside what else there is."""
    made = made_up_context(tmp_path)
    publish(made, version(made, FAULT), NOW - timedelta(days=30))
    chat(made, MIDNIGHT - timedelta(days=44), 40 * 12)
    yield made
    made.database.close()


def chat(context: Context, since: datetime, complaints: int) -> None:
    moments = [since + timedelta(hours=2 * number) for number in range(complaints)]
    sent = [replace(told(n % FAULT, at), source="chat", customer_hash=f"c{at}") for n, at in enumerate(moments)]
    with context.write() as connection:
        store_complaints(connection, sent, NOW)


def heard_by(context: Context, hook: HttpReceiver | None) -> Context:
    if hook is None:
        return context
    path = context.settings.data_dir / "channels.yaml"
    path.write_text(FILE.format(url=hook.url, secret=SECRET), "utf-8")
    settings = context.settings.model_copy(update={"channels": str(path)})
    return replace(context, settings=settings, parts=Parts(settings, Silent()))


def received(context: Context, hook: HttpReceiver, now: datetime) -> list[dict[str, object]]:
    judge(context, now)
    deliver(context, now)
    facts = [json.loads(each.body) for each in hook.got]
    return [each for each in facts if each["kind"] in ("silent", "heard")]


def test_a_silence_and_its_end_are_told_once_each_as_the_reader_reads(context: Context, hook: HttpReceiver) -> None:
    context = heard_by(context, hook)
    assert received(context, hook, MIDNIGHT - timedelta(days=4)) == []
    for hours in (0, 6, 24):
        (silent,) = received(context, hook, MIDNIGHT + timedelta(hours=hours))
        assert (silent["kind"], silent["source"], silent["last_day"]) == ("silent", "chat", "2026-03-15")
        assert silent["subject"] == "chat ist verstummt"
    chat(context, MIDNIGHT + timedelta(days=1, hours=1), 3)
    for hours in (30, 36):
        _, heard = received(context, hook, MIDNIGHT + timedelta(hours=hours))
        assert (heard["kind"], heard["heard_day"]) == ("heard", "2026-03-21")


def test_without_channels_nothing_is_written(context: Context) -> None:
    judge(heard_by(context, None), MIDNIGHT)
    with context.database.read() as connection:
        assert listed(connection) == []
