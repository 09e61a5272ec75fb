"""`feedback accounts`, `keys` and `audit`, as an operator uses them."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
from pathlib import Path

import pytest

from jobs.audit import CHANGING
from jobs.cli import commands, leaves
from tests.running import environment, run_to_end, running

READING = {
    "accounts list", "alerts show", "audit", "backtest", "backup", "demo", "demo-serve", "digest", "doctor",
    "events list", "explain", "exposure list", "faq list", "fixes list", "fixes show", "init", "keys list", "kpi",
    "models compare", "models list", "models show", "notices list", "notices test", "owners unowned", "privacy report",
    "rejected list", "report verdicts", "serve", "status", "topics edits", "topics list", "topics show", "up", "worker",
}  # fmt: skip
"""Commands that change nothing that anybody would have to answer for."""

PASSWORD = "correct horse battery"


def run(folder: Path, url: str, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return run_to_end(folder, words, {**environment(database_url=url), "NO_COLOR": "1", "COLUMNS": "200"}, said)


def test_every_command_is_noted_or_changes_nothing() -> None:
    assert {path for path, _ in leaves(commands())} == {*CHANGING, *READING}
    assert set(CHANGING) & READING == set()


def test_what_is_noted_of_a_command_is_among_its_parameters() -> None:
    known = {path: {each.name for each in leaf.params} for path, leaf in leaves(commands())}
    assert {path: set(names) - known[path] for path, names in CHANGING.items() if set(names) - known[path]} == {}


def test_an_account_s_life_is_told_and_noted(tmp_path: Path, sqlite_database: str) -> None:
    added = run(tmp_path, sqlite_database, "accounts", "add", "Anna", "--role", "administrator", said=PASSWORD + "\n")
    assert added.returncode == 0, added.stderr
    assert PASSWORD not in added.stdout + added.stderr
    for words in (
        ["role", "anna", "owner", "--owner", "payments"],
        ["second-factor-reset", "anna"],
        ["disable", "anna"],
    ):
        assert run(tmp_path, sqlite_database, "accounts", *words).returncode == 0
    (anna,) = json.loads(run(tmp_path, sqlite_database, "accounts", "list", "--json").stdout)
    assert (anna["name"], anna["role"], anna["owner"], anna["second_factor"]) == ("anna", "owner", "payments", "no")
    assert anna["disabled_at"]
    noted = json.loads(run(tmp_path, sqlite_database, "audit", "--json").stdout)
    assert [each["what"] for each in noted] == [
        "accounts disable", "accounts second-factor-reset", "accounts role", "accounts add",
    ]  # fmt: skip
    assert {(each["who"], each["way"]) for each in noted} == {(getpass.getuser(), "command line")}
    assert noted[-1]["subject"] == {"name": "Anna", "role": "administrator"}


@pytest.mark.parametrize(
    ("words", "said", "why"),
    [
        (["accounts", "add", "anna", "--role", "reader"], "short\n", "at least 12 characters"),
        (["accounts", "add", "anna", "--role", "owner"], PASSWORD, "needs the name of an owner"),
        (["accounts", "add", "anna", "--role", "reader", "--owner", "payments"], PASSWORD, "role owner alone"),
        (["accounts", "disable", "nobody"], "", "no account called 'nobody'"),
        (["keys", "add", "bot", "--expires", "soon"], "", "such as 90d"),
        (["keys", "add", "bot", "--role", "owner"], "", "needs the name of an owner"),
        (["keys", "add", "bot", "--source", "mail"], "", "sends no complaints"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence_and_not_noted(
    tmp_path: Path, sqlite_database: str, words: list[str], said: str, why: str
) -> None:
    done = run(tmp_path, sqlite_database, *words, said=said)
    assert done.returncode == 1
    assert why in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert json.loads(run(tmp_path, sqlite_database, "audit", "--json").stdout) == []


def test_a_key_has_a_role_and_an_end(tmp_path: Path, sqlite_database: str) -> None:
    made = run(
        tmp_path,
        sqlite_database,
        "keys",
        "add",
        "helpdesk",
        "--role",
        "sender",
        "--expires",
        "90d",
        "--source",
        "mail",
        "--source",
        "chat",
    )
    assert made.stdout.startswith("ft_")
    (key,) = json.loads(run(tmp_path, sqlite_database, "keys", "list", "--json").stdout)
    assert (key["name"], key["role"], key["last_used_at"]) == ("helpdesk", "sender", None)
    assert key["expires_at"] > key["created_at"]
    assert key["sources"] == ["mail", "chat"]
    assert "mail, chat" in run(tmp_path, sqlite_database, "keys", "list").stdout
    (noted,) = json.loads(run(tmp_path, sqlite_database, "audit", "--json").stdout)
    assert made.stdout.strip() not in json.dumps(noted)


@pytest.mark.skipif(os.name != "posix", reason="asks for an address of this machine")
def test_others_can_reach_it_once_there_is_an_administrator(tmp_path: Path, sqlite_database: str) -> None:
    refused = run(tmp_path, sqlite_database, "serve", "--host", "0.0.0.0")
    assert refused.returncode == 1
    assert "accounts add" in " ".join(refused.stderr.split())
    run(tmp_path, sqlite_database, "accounts", "add", "anna", "--role", "administrator", said=PASSWORD + "\n")
    with running(tmp_path, "serve", "--host", "0.0.0.0", database_url=sqlite_database) as api:
        assert api.read_until("api_ready")["port"]
