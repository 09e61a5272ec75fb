"""The service as it runs: takes complaints over HTTP, works on its schedule, and ends in order."""

from __future__ import annotations

import json
import shutil
import signal
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.world import Replayed
from tests.running import Running, feedback, running

pytestmark = pytest.mark.timeout(900)  # the first test makes the world that all share

POSTED = [
    {
        "source_id": f"P-{number}",
        "received_at": f"2026-01-29T00:{number:02d}:00Z",
        "text": f"Mein Einzahlungslimit wurde ohne mein Zutun von {number} auf 500 Euro erhöht.",
    }
    for number in range(20)
]


@dataclass(frozen=True, slots=True)
class Service:
    running: Running
    port: int
    key: str

    def call(self, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())


@pytest.fixture
def service(replayed: Replayed, tmp_path: Path) -> Iterator[Service]:
    shutil.copytree(replayed.settings.data_dir, tmp_path / "var")
    given = {name: getattr(replayed.settings, name) for name in ("time_zone", "warm_up_days", "retrain_every_days")}
    made = feedback(tmp_path, "keys", "add", "test", "--role", "administrator", **given)
    with running(tmp_path, "up", "--start-at", "2026-01-29", "--speed", "3600", **given) as up:
        yield Service(up, up.read_until("api_ready")["port"], made.stdout.strip())


def test_what_is_posted_is_counted_and_nothing_is_lost(service: Service) -> None:
    before = {each["id"]: each for each in service.call("/v1/topics")["items"]}
    answer = service.call("/v1/feedback", POSTED)
    assert [each["status"] for each in answer["results"]] == ["accepted"] * len(POSTED)
    again = service.call("/v1/feedback", POSTED)
    assert [each["status"] for each in again["results"]] == ["unchanged"] * len(POSTED)
    service.running.read_until("run_done", 24)  # two rounds of the chain and more
    after = {each["id"]: each for each in service.call("/v1/topics")["items"]}
    assert after.keys() >= before.keys()
    hot = service.call("/v1/hot-issues")["items"]
    assert sum(each["current"]["complaints"] for each in hot) >= len(POSTED) / 2
    assert service.call("/healthz")["status"] == "ok"
    service.running.process.send_signal(signal.SIGTERM)
    service.running.read_until("service_down")
    assert service.running.process.wait(30) == 0
    assert not any(each["event"] in ("run_failed", "part_killed") for each in service.running.log)
