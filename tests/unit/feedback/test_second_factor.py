"""One-time codes: the right ones, each once, and for as long as clocks may differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.second_factor import (
    STEP_SECONDS,
    address,
    matching_step,
    new_secret,
    picture,
    recovery_codes,
    recovery_hash,
)

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MOMENTS = st.integers(1_500_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
STEPS = st.integers(-4, 4)


def code_at(moment: datetime) -> str:
    return pyotp.TOTP(SECRET).at(moment)


def step_of(moment: datetime) -> int:
    return int(moment.timestamp()) // STEP_SECONDS


@given(MOMENTS, STEPS)
def test_a_code_counts_in_its_step_and_its_neighbours(now: datetime, off: int) -> None:
    made = now + timedelta(seconds=off * STEP_SECONDS)
    found = matching_step(SECRET, code_at(made), now, None)
    if abs(off) <= 1:
        assert found is not None
        assert code_at(datetime.fromtimestamp(found * STEP_SECONDS, UTC)) == code_at(made)
    elif found is not None:  # two steps may have the same code by chance
        assert abs(found - step_of(now)) <= 1


@given(MOMENTS)
def test_a_code_counts_once(now: datetime) -> None:
    first = matching_step(SECRET, code_at(now), now, None)
    assert first is not None
    again = matching_step(SECRET, code_at(now), now, first)
    assert again is None or again > first


@given(MOMENTS, st.text(max_size=12))
def test_anything_else_is_no_code(now: datetime, text: str) -> None:
    near = {code_at(now + timedelta(seconds=off * STEP_SECONDS)) for off in (-1, 0, 1)}
    if "".join(text.split()) not in near:
        assert matching_step(SECRET, text, now, None) is None


def test_blanks_in_a_code_make_no_difference() -> None:
    now = datetime(2026, 3, 8, 15, 30, tzinfo=UTC)
    code = code_at(now)
    assert matching_step(SECRET, f" {code[:3]} {code[3:]} ", now, None) == step_of(now)


def test_secrets_are_long_and_differ() -> None:
    made = {new_secret() for _ in range(20)}
    assert len(made) == 20
    assert all(len(each) >= 32 for each in made)


def test_an_app_is_given_secret_and_name_as_an_address_and_as_a_picture() -> None:
    shown = address(SECRET, "anna@example.org")
    assert shown.startswith("otpauth://totp/feedback-trends:anna%40example.org?")
    assert SECRET in shown
    assert picture(shown).startswith("data:image/svg+xml")


def test_recovery_codes_are_known_however_they_are_typed() -> None:
    codes = recovery_codes()
    assert len({*codes}) == 10
    assert recovery_hash(codes[0]) == recovery_hash(f" {codes[0].upper().replace('-', ' ')} ")
    assert recovery_hash(codes[0]) != recovery_hash(codes[1])


@pytest.mark.parametrize("code", ["١٢٣٤٥٦", "12345６"])
def test_digits_of_other_scripts_are_no_code(code: str) -> None:
    assert matching_step(SECRET, code, datetime(2026, 3, 8, tzinfo=UTC), None) is None
