"""`feedback privacy` as the operator meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedback.errors import FeedbackError
from jobs.cli import app

TEXT = "Mein Bonus Quittenbaum fehlt."


@pytest.fixture
def cli(tmp_path: Path) -> CliRunner:
    runner = CliRunner()
    assert runner.invoke(app, ["init"]).exit_code == 0
    record = {"id": "T-1", "created": "2026-03-01T10:00:00Z", "text": TEXT, "customer_key": "4711"}
    (tmp_path / "a.jsonl").write_text(json.dumps(record), "utf-8")
    assert runner.invoke(app, ["ingest", "a.jsonl"]).exit_code == 0
    return runner


def test_a_customer_is_exported_erased_and_refused(cli: CliRunner, tmp_path: Path) -> None:
    ended = cli.invoke(app, ["privacy", "export", "--customer", "4711", "--output", "4711.json"])
    assert ended.exit_code == 0
    found = json.loads((tmp_path / "4711.json").read_text("utf-8"))
    assert [each["text"] for each in found["complaints"]] == [TEXT]
    erase = ["privacy", "erase", "--customer", "-", "--who", "dpo", "--json"]
    first = json.loads(cli.invoke(app, erase, input="4711\n").stdout)
    assert first["erased"] == {"complaints": 1}
    assert first["customer_hash"] == found["customer_hash"]
    again = cli.invoke(app, ["privacy", "erase", "--customer", found["customer_hash"], "--who", "dpo"])
    assert again.exit_code == 0
    assert "No complaint of this customer is kept: they were erased on" in again.stdout
    assert "0 accepted, 0 updated, 0 unchanged, 1 rejected" in cli.invoke(app, ["ingest", "a.jsonl"]).stdout
    assert "erased_customer" in cli.invoke(app, ["rejected", "list", "--json"]).stdout
    assert TEXT.encode() not in (tmp_path / "var" / "feedback.db").read_bytes()


@pytest.mark.parametrize("command", ["erase", "export"])
def test_an_unknown_customer_is_a_mistake_that_is_explained(cli: CliRunner, command: str) -> None:
    who = ["--who", "dpo"] if command == "erase" else []
    ended = cli.invoke(app, ["privacy", command, "--customer", "4712", *who])
    assert isinstance(ended.exception, FeedbackError)
    assert "No complaint of this customer is kept" in str(ended.exception)


def test_the_register_names_every_table_and_folder(cli: CliRunner) -> None:
    rows = json.loads(cli.invoke(app, ["privacy", "report", "--json"]).stdout)
    sizes = {row["where"]: row["rows"] for row in rows}
    assert (sizes["table complaint"], sizes["table erasure"]) == (1, 0)
    assert any("inbox/done" in where for where in sizes)
