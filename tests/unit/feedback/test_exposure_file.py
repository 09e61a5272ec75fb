"""Numbers a day are read from what operators export, and what cannot be read is told with its line."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.errors import SourceError
from feedback.exposure import Exposure, Unusable, ended, read_exposure

MARCH = date(2026, 3, 14)


def read(path: Path, text: str, name: str = "numbers.csv") -> list[Exposure | Unusable]:
    file = path / name
    file.write_text(text, "utf-8")
    return list(read_exposure(file))


def test_a_column_of_days_and_columns_of_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, "day,players,payouts\n2026-03-14,1200,88.5\n2026-03-15,,90\n")
    assert found == [
        Exposure("players", MARCH, 1200.0),
        Exposure("payouts", MARCH, 88.5),
        Exposure("payouts", date(2026, 3, 15), 90.0),
    ]


def test_a_semicolon_comes_with_decimal_commas(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffDate;Payouts\r\n2026-03-14;88,5\r\n") == [Exposure("Payouts", MARCH, 88.5)]


def test_a_point_that_may_part_thousands_is_refused_where_commas_are_decimal(tmp_path: Path) -> None:
    rows = ["2026-03-14;987", "2026-03-15;1.012", "2026-03-16;10.412,5", "2026-03-17;0.125", "2026-03-18;1012,125"]
    assert read(tmp_path, "\n".join(["day;players", *rows])) == [
        Exposure("players", MARCH, 987.0),
        Unusable(3, "players is '1.012': write 1012, or 1,012 for a fraction."),
        Unusable(4, "players is '10.412,5', not a number from 0 on."),
        Exposure("players", date(2026, 3, 17), 0.125),
        Exposure("players", date(2026, 3, 18), 1012.125),
    ]
    assert read(tmp_path, "day,players\n2026-03-14,1.012\n") == [Exposure("players", MARCH, 1.012)]


def test_a_day_with_a_row_for_each_market_has_no_number(tmp_path: Path) -> None:
    found = read(tmp_path, "day,players,payouts\n2026-03-14,987,5\n2026-03-15,900,\n2026-03-14,500,\n")
    reason = "players of 2026-03-14 stands here more than once; write one number a day."
    assert found == [
        Unusable(2, reason),
        Exposure("payouts", MARCH, 5.0),
        Exposure("players", date(2026, 3, 15), 900.0),
        Unusable(4, reason),
    ]


def test_json_lines(tmp_path: Path) -> None:
    lines = '{"day": "2026-03-14", "players": 1200, "payouts": null}\n\n[1]\n'
    assert read(tmp_path, lines, "numbers.jsonl") == [
        Exposure("players", MARCH, 1200.0),
        Unusable(3, "This is no JSON object."),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("14.03.2026,5", "'14.03.2026' is no day; write it as 2026-03-14."),
        ("2026-03-14,many", "players is 'many', not a number from 0 on."),
        ("2026-03-14,-1", "players is '-1', not a number from 0 on."),
        ("2026-03-14,1e300", "players is '1e300', not a number from 0 on."),
        ("2026-03-14,nan", "players is 'nan', not a number from 0 on."),
    ],
)
def test_a_bad_line_is_told_and_the_rest_is_read(tmp_path: Path, row: str, reason: str) -> None:
    found = read(tmp_path, f"day,players\n{row}\n2026-03-14,7\n")
    assert found == [Unusable(2, reason), Exposure("players", MARCH, 7.0)]


def test_a_file_without_days_or_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no column 'day'"):
        read(tmp_path, "when,players\n2026-03-14,7\n")
    with pytest.raises(SourceError, match="cannot be read"):
        list(read_exposure(tmp_path / "none.csv"))
    (tmp_path / "latin.csv").write_bytes(b"day,p\n2026-03-14,\xff\n")
    with pytest.raises(SourceError, match="cannot be read"):
        list(read_exposure(tmp_path / "latin.csv"))


@given(st.text())
def test_any_text_is_read_or_told(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("any") / "numbers.jsonl"
    file.write_bytes(text.encode("utf-8", errors="ignore"))
    for each in read_exposure(file):
        assert isinstance(each, Unusable) or each.value >= 0


@pytest.mark.parametrize(("missing", "told"), [(6, None), (7, False), (27, False), (28, True)])
def test_a_column_has_ended_after_a_week_and_is_given_up_after_four(missing: int, told: bool | None) -> None:
    last = date(2026, 3, 1)
    found = ended("players", last, last + timedelta(days=missing + 1))
    assert (found and found.given_up) == told
