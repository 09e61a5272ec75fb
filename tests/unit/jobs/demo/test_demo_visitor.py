"""What `make serve` says, and when."""

from __future__ import annotations

from datetime import date
from unittest.mock import Mock

import pytest

from jobs.cli import demo_serve
from jobs.demo.visitor import welcome


def test_address_and_password_are_said_once_the_port_is_had(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_service = Mock()
    monkeypatch.setattr("jobs.up.up", run_service)
    monkeypatch.setattr("jobs.cli.build_context", Mock())
    monkeypatch.setattr("jobs.demo.visitor.last_moment", lambda _context, now: now)
    monkeypatch.setattr("jobs.demo.visitor.let_in", lambda *_: "secret")
    demo_serve(port=8123)
    assert capsys.readouterr().out == ""
    assert run_service.call_args.args[0].port == 8123
    run_service.call_args.kwargs["on_ready"](8123)
    said = capsys.readouterr().out
    assert "http://127.0.0.1:8123" in said
    assert "secret" in said


def test_the_day_is_named_from_which_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    welcome("secret", date(2026, 6, 30), 8000)
    assert "goes on from 30 June 2026" in capsys.readouterr().out
