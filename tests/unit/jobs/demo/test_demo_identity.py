"""The invented personal data is worth redacting: each number passes the check its own kind defines."""

from __future__ import annotations

from collections import Counter
from random import Random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.demo import identity

SEEDS = st.integers(0, 2**32)
MARKETS = st.sampled_from(["DE", "PL", "NO", "FI", "INT"])


def weighted(digits: str, weights: str) -> int:
    return sum(int(digit) * int(weight) for digit, weight in zip(digits, weights, strict=True))


@given(SEEDS, MARKETS)
def test_ibans_leave_one_modulo_97(seed: int, market: str) -> None:
    number = identity.iban(Random(seed), market).replace(" ", "")
    moved = number[4:] + number[:4]
    assert int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1
    assert len(number) == {"DE": 22, "PL": 28, "NO": 15, "FI": 18}[number[:2]]


@given(SEEDS)
def test_card_numbers_pass_luhn(seed: int) -> None:
    digits = [int(sign) for sign in identity.card(Random(seed)) if sign != " "]
    doubled = [digit if place % 2 else digit * 2 for place, digit in enumerate(digits)]
    assert len(digits) == 16
    assert sum(digit // 10 + digit % 10 for digit in doubled) % 10 == 0


@given(SEEDS)
def test_german_tax_ids(seed: int) -> None:
    number = str(identity.national_id(Random(seed), "DE"))
    rest = 10
    for digit in number[:10]:
        total = (int(digit) + rest) % 10 or 10
        rest = total * 2 % 11
    assert (rest + int(number[10])) % 10 == 1
    assert number[0] != "0"
    assert sorted(Counter(number[:10]).values()) == [1] * 8 + [2]


@given(SEEDS)
def test_pesel(seed: int) -> None:
    number = str(identity.national_id(Random(seed), "PL"))
    assert weighted(number, "13791379131") % 10 == 0


@given(SEEDS)
def test_fodselsnummer(seed: int) -> None:
    number = str(identity.national_id(Random(seed), "NO")).replace(" ", "")
    assert len(number) == 11
    assert weighted(number[:10], "3761894521") % 11 == 0
    assert weighted(number, "54327654321") % 11 == 0


@given(SEEDS)
def test_henkilotunnus_of_somebody_who_does_not_exist(seed: int) -> None:
    number = str(identity.national_id(Random(seed), "FI"))
    assert number[6] == "-"
    assert int(number[7:10]) >= 900
    assert "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(number[:6] + number[7:10]) % 31] == number[10]


def test_international_customers_have_no_national_id() -> None:
    assert identity.national_id(Random(1), "INT") is None


@given(SEEDS, MARKETS)
def test_mail_addresses_lie_in_reserved_domains_and_are_plain(seed: int, market: str) -> None:
    rng = Random(seed)
    address = identity.email(rng, identity.full_name(rng, market))
    local, _, domain = address.partition("@")
    assert domain in {"example.com", "example.org", "example.net"}
    assert local.isascii()
    assert local.replace(".", "").replace("_", "").isalnum()


@given(SEEDS, st.sampled_from([("DE", "DE"), ("PL", "PL"), ("NO", "NO"), ("FI", "FI"), ("INT", "GB")]))
def test_phone_numbers_are_possible_where_they_are_written(seed: int, where: tuple[str, str]) -> None:
    market, region = where
    number = phonenumbers.parse(identity.phone(Random(seed), market), region)
    assert phonenumbers.is_possible_number(number)


@pytest.mark.parametrize("market", ["DE", "PL", "NO", "FI", "INT"])
def test_names_have_two_parts(market: str) -> None:
    assert len(identity.full_name(Random(3), market).split()) == 2
