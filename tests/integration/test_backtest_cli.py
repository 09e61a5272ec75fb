"""`feedback backtest` as a user meets it, on a small history with a published topic model."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.assign import run as assign
from jobs.count import run as count
from jobs.publish import publish
from tests.end_to_end.made_up import FAULT, NOW, made_up_context, version
from tests.running import ROOT, run_to_end

QUICK = ("--kinds", "step", "--lift", "3", "--repeats", "2", "--weeks", "5", "--budget", "0.3,3")

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def feedback(tmp_path: Path) -> Command:
    """Runs the command in a folder with eleven weeks of five topics."""

    def run(*words: str) -> tuple[int, str, str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}
        ended = run_to_end(tmp_path, words, {**environment, "FEEDBACK_TAXONOMY": "none"})
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.returncode, ended.stdout, ended.stderr

    context = made_up_context(tmp_path)
    publish(context, version(context, FAULT), NOW)
    for job in (assign, count):
        job(context, NOW)
    context.database.close()
    assert run("init")[0] == 0
    return run


def test_the_table_tells_what_each_budget_brings(feedback: Command, tmp_path: Path) -> None:
    code, out, error = feedback("backtest", *QUICK)
    assert code == 0, error
    said = " ".join(out.split())
    assert "Rises planted into 5 topics in the last 5 weeks, with the false alarms a week set to 0.3." in said
    assert "judged by topics as a whole, which have 90% of each budget" in said
    assert "the alerts a week in your history as it was, which real rises opened as well as chance" in said
    assert "may bring nothing" not in said
    assert "q up to" in said
    assert "In history" in said
    assert (tmp_path / "var" / "backtest.png").read_bytes().startswith(b"\x89PNG")
    assert str(Path("var") / "backtest.png") in said


def test_json_has_every_number_and_the_picture_goes_where_it_is_wanted(feedback: Command, tmp_path: Path) -> None:
    code, out, error = feedback("backtest", *QUICK, "--json", "--picture", "pictures/found.png")
    assert code == 0, error
    told = json.loads(out)
    assert (told["topics"], told["part_of_budget"]) == (5, pytest.approx(0.9))
    (rise,) = told["rises"]
    assert (rise["kind"], rise["lift"]) == ("step", 3.0)
    assert rise["planted"] == sum(each["planted"] for each in told["sizes"]) > 0
    small, great = told["budgets"]
    assert (small["budget"], great["budget"]) == (0.3, 3.0)
    assert small["simulated"] == pytest.approx(0.27, abs=0.1)
    assert great["simulated"] > 2 * small["simulated"]
    assert great["threshold"] < small["threshold"]
    assert great["q_bound"] > small["q_bound"] == 0.1
    assert great["opened_in_history"] >= small["opened_in_history"]
    assert told["picture"] == "pictures/found.png"
    assert (tmp_path / "pictures" / "found.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written_is_said_so(feedback: Command, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    code, _, error = feedback("backtest", *QUICK, "--picture", "taken/found.png")
    assert code == 1
    assert "The picture cannot be written to taken/found.png" in error
