"""Which passwords are taken, and that what is kept of one opens for it alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.passwords import LEAST, hashed, is_outdated, matches, weakness

GOOD = "correct horse battery"


@pytest.mark.parametrize(
    "password",
    ["", "short", "elevenchars", "Passwort1234", "PASSWORD12345", "annaannaanna", "ANNA-anna-1", "a" * 1_001],
)
def test_weak_passwords_are_refused(password: str) -> None:
    assert weakness(password, "anna")


@pytest.mark.parametrize("password", [GOOD, "żółw-jeździ-nocą", "anna likes 17 cats"])
def test_others_are_taken(password: str) -> None:
    assert weakness(password, "anna") is None


@given(st.text(max_size=LEAST - 1), st.text(max_size=20))
def test_nothing_short_is_taken(password: str, name: str) -> None:
    assert weakness(password, name)


@given(st.sampled_from("abc1 "), st.integers(0, 200))
def test_one_character_again_and_again_is_no_password(character: str, times: int) -> None:
    assert weakness(character * times, "anna")


def test_what_is_kept_opens_for_the_password_alone() -> None:
    kept = hashed(GOOD)
    assert GOOD not in kept
    assert kept.startswith("$argon2id$")
    assert matches(kept, GOOD)
    assert not matches(kept, GOOD + " ")
    assert not is_outdated(kept)


@pytest.mark.parametrize("kept", [None, "", "$argon2id$v=19$m=8,t=1,p=1$nonsense"])
def test_where_nothing_is_kept_nothing_matches(kept: str | None) -> None:
    assert not matches(kept, "nobody has this password")
