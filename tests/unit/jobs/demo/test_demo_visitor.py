"""What `make serve` says, and whom it lets in when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from unittest.mock import Mock

import pytest

from feedback.passwords import matches
from feedback.store.accounts import account_named
from jobs.bootstrap import build_context
from jobs.cli import demo_serve, demo_settings
from jobs.console import wall
from jobs.context import Context
from jobs.demo.visitor import NAME, let_in, welcome
from jobs.progress import Silent


@pytest.fixture
def played() -> Iterator[Context]:
    """The folder of the demonstration, in which nothing happened."""
    context = build_context(demo_settings(), Silent(), wall, create=True)
    yield context
    context.database.close()


def lets_in(context: Context, password: str) -> bool:
    with context.database.read() as connection:
        account = account_named(connection, NAME)
    return account is not None and matches(account.password, password)


def test_a_new_password_is_made_and_said_once_the_port_is_had(
    played: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_service = Mock()
    monkeypatch.setattr("jobs.up.up", run_service)
    earlier = let_in(played, wall())
    demo_serve(port=8123)
    assert capsys.readouterr().out == ""
    assert run_service.call_args.args[0].port == 8123
    assert lets_in(played, earlier), "where the port is taken, another that serves goes on as it was"
    run_service.call_args.kwargs["on_ready"](8123)
    address, signing_in, _ = capsys.readouterr().out.splitlines()
    assert address.endswith("http://127.0.0.1:8123")
    assert lets_in(played, signing_in.split()[-1])
    assert not lets_in(played, earlier)


def test_the_day_is_named_from_which_it_goes_on(played: Context, capsys: pytest.CaptureFixture[str]) -> None:
    welcome(played.settings, wall(), date(2026, 6, 30), 8000)
    assert "goes on from 30 June 2026" in capsys.readouterr().out
