"""Invented personal data that looks real: every checksum is right, no address can receive mail.

Names are common ones put together at random, mail addresses lie in domains reserved for examples (RFC 2606), German
and British phone numbers in the ranges kept for films.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from random import Random

NAMES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "DE": (
        ("Anna", "Jörg", "Sabine", "Lukas", "Petra", "Uwe", "Miriam", "Stefan", "Jürgen", "Katrin"),
        ("Müller", "Schröder", "Weiß", "Krämer", "Vogt", "Lindner", "Böhm", "Seidel", "Groß", "Albrecht"),
    ),
    "PL": (
        ("Agnieszka", "Łukasz", "Małgorzata", "Paweł", "Zofia", "Grzegorz", "Beata", "Michał", "Iwona", "Tomasz"),
        ("Wójcik", "Zając", "Kamińska", "Dąbrowska", "Wróbel", "Pawlak", "Sikora", "Gołąb", "Król", "Jabłońska"),
    ),
    "NO": (
        ("Ingrid", "Bjørn", "Kari", "Øyvind", "Silje", "Lars", "Astrid", "Håkon", "Marit", "Sindre"),
        ("Hansen", "Bråten", "Lie", "Solberg", "Ødegård", "Moen", "Haugen", "Nygård", "Bakke", "Sørensen"),
    ),
    "FI": (
        ("Aino", "Jukka", "Päivi", "Mikko", "Sari", "Väinö", "Hanna", "Timo", "Leena", "Antti"),
        ("Korhonen", "Mäkinen", "Nieminen", "Hämäläinen", "Järvinen", "Lehtonen", "Saarinen", "Räsänen", "Laine"),
    ),
    "INT": (
        ("Emma", "Oliver", "Sophie", "Liam", "Grace", "Harry", "Amelia", "Jack", "Chloe", "Ryan"),
        ("Carter", "O'Brien", "Hughes", "Bennett", "Walsh", "Foster", "Kelly", "Marsh", "Turner", "Doyle"),
    ),
}

GERMAN_FILM_NUMBERS = ("30 23125", "69 90009", "40 66969", "221 4710", "89 99998")

UNMARKED = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "'": ""})

IBAN_COUNTRIES: Mapping[str, tuple[str, int]] = {
    "DE": ("DE", 18),
    "PL": ("PL", 24),
    "NO": ("NO", 11),
    "FI": ("FI", 14),
    "INT": ("DE", 18),
}
"""Country and number of digits after the check digits."""


def full_name(rng: Random, market: str) -> str:
    first, last = NAMES[market]
    return f"{rng.choice(first)} {rng.choice(last)}"


def email(rng: Random, name: str) -> str:
    """A mail address made from a name, in a domain that RFC 2606 reserves."""
    parts = [_plain(part) for part in name.lower().split()]
    local = rng.choice((".".join(parts), f"{parts[0][0]}{parts[-1]}", f"{parts[0]}_{parts[-1]}"))
    return f"{local}{rng.choice(('', rng.randint(1, 99)))}@example.{rng.choice(('com', 'org', 'net'))}"


def _plain(word: str) -> str:
    folded = word.translate(UNMARKED)
    return unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode("ascii")


def phone(rng: Random, market: str) -> str:
    """A phone number, with or without the country code, spaced as people of the market do."""
    if market == "DE":
        number = f"{rng.choice(GERMAN_FILM_NUMBERS)}{_digits(rng, 3)}"
        return rng.choice((f"+49 {number}", f"0{number}"))
    if market == "PL":
        number = f"{rng.choice(('601', '602', '505', '512', '730'))} {_digits(rng, 3)} {_digits(rng, 3)}"
        return rng.choice((f"+48 {number}", number))
    if market == "NO":
        number = f"{rng.choice('49')}{_digits(rng, 2)} {_digits(rng, 2)} {_digits(rng, 3)}"
        return rng.choice((f"+47 {number}", number))
    if market == "FI":
        number = f"{rng.choice(('40', '45', '50'))} {rng.randint(200, 899)} {_digits(rng, 4)}"
        return rng.choice((f"+358 {number}", f"0{number}"))
    return rng.choice(("+44 7700 900", "07700 900")) + _digits(rng, 3)


def iban(rng: Random, market: str) -> str:
    """An IBAN with right check digits (ISO 13616), in groups of four."""
    country, length = IBAN_COUNTRIES[market]
    account = _digits(rng, length)
    letters = "".join(str(ord(letter) - 55) for letter in country)
    check = 98 - int(f"{account}{letters}00") % 97
    whole = f"{country}{check:02}{account}"
    return " ".join(whole[place : place + 4] for place in range(0, len(whole), 4))


def card(rng: Random) -> str:
    """A card number with a right check digit (Luhn), in groups of four."""
    body = rng.choice(("4111", "4539", "5105", "5424")) + _digits(rng, 11)
    doubled = sum(sum(divmod(int(digit) * 2, 10)) for digit in body[::-2])
    plain = sum(int(digit) for digit in body[-2::-2])
    number = f"{body}{-(doubled + plain) % 10}"
    return " ".join(number[place : place + 4] for place in range(0, 16, 4))


def national_id(rng: Random, market: str) -> str | None:
    """The market's personal number with right check digits; None where there is none."""
    numbers = {"DE": _steuer_id, "PL": _pesel, "NO": _fodselsnummer, "FI": _henkilotunnus}
    return numbers[market](rng) if market in numbers else None


def _steuer_id(rng: Random) -> str:
    """Ten digits, one of them twice and one missing, first not 0; check digit by ISO 7064 MOD 11,10."""
    chosen = rng.sample("0123456789", 9)
    body = [*chosen, rng.choice(chosen)]
    rng.shuffle(body)
    while body[0] == "0":
        rng.shuffle(body)
    product = 10
    for digit in body:
        product = ((int(digit) + product - 1) % 10 + 1) * 2 % 11
    return "".join(body) + str((11 - product) % 10)


def _pesel(rng: Random) -> str:
    """Born in the 20th century; weights 1 3 7 9."""
    body = f"{rng.randint(50, 99)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{_digits(rng, 4)}"
    weighted = sum(int(digit) * weight for digit, weight in zip(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True))
    return f"{body}{-weighted % 10}"


def _fodselsnummer(rng: Random) -> str:
    """Born 1954-1999; two check digits modulo 11, of which 10 is not given out."""
    while True:
        born = f"{rng.randint(1, 28):02}{rng.randint(1, 12):02}{rng.randint(54, 99)}"
        body = f"{born}{rng.randint(0, 499):03}"
        first = _modulo_11(body, (3, 7, 6, 1, 8, 9, 4, 5, 2))
        second = _modulo_11(f"{body}{first}", (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) if first < 10 else 10
        if second < 10:
            return f"{body[:6]} {body[6:]}{first}{second}" if rng.random() < 0.4 else f"{body}{first}{second}"


def _modulo_11(digits: str, weights: tuple[int, ...]) -> int:
    return -sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11


def _henkilotunnus(rng: Random) -> str:
    """With an individual number of 900-999, which the register keeps for people who do not exist."""
    born = f"{rng.randint(1, 28):02}{rng.randint(1, 12):02}{rng.randint(50, 99)}"
    number = f"{rng.randint(900, 999)}"
    return f"{born}-{number}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(born + number) % 31]}"


def _digits(rng: Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))
