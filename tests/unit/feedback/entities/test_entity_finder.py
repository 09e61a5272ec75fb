"""What complaints name: every shipped entry is found, in the forms people write, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.entities.book import Book, Currency, Name, Unit, load_book
from feedback.entities.finder import Finder, band, largest_unit, plain, value_of

BOOK = load_book("casino")


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(BOOK)


def named(finder: Finder, text: str) -> dict[str, tuple[str, ...]]:
    return finder.read([text])[0].named


@pytest.mark.parametrize("name", BOOK.names, ids=lambda name: f"{name.kind}: {name.name}")
def test_every_shipped_name_is_found_by_each_of_its_words(finder: Finder, name: Name) -> None:
    texts = [f"Heute ging es ({form}) nicht." for word in name.words for form in (word, word.upper(), word.lower())]
    for text, reading in zip(texts, finder.read(texts), strict=True):
        assert reading.named == {name.kind: (name.name,)}, text
        assert reading.rest.split() == ["Heute", "ging", "es", "(", ")", "nicht."], text


@pytest.mark.parametrize("currency", BOOK.currencies, ids=lambda currency: currency.code)
def test_every_shipped_currency_is_found(finder: Finder, currency: Currency) -> None:
    for word in currency.words:
        for text in (f"it took 37 {word} from me", f"it took 37{word} from me", f"minus {word} 37 since then"):
            assert named(finder, text) == {"amount": (f"under {currency.bands[0]:,.0f} {currency.code}",)}, text


@pytest.mark.parametrize("unit", BOOK.units, ids=lambda unit: unit.name)
def test_every_shipped_unit_is_found(finder: Finder, unit: Unit) -> None:
    for text in (*(f"xx 2 {word} yy" for word in unit.words), *(f"xx {phrase} yy" for phrase in unit.alone)):
        assert named(finder, text) == {"duration": (unit.name,)}, text


def test_every_shipped_number_is_found(finder: Finder) -> None:
    for word in BOOK.numbers:
        assert set(named(finder, f"xx {word} months yy")) == {"duration"}, word


@pytest.mark.parametrize(
    ("text", "kind", "names"),
    [
        ("Rahat eivät tulleet Trustlyllä enkä Trustlyn kautta", "payment method", ("Trustly",)),
        ("Kotiutus Skrillille on myöhässä", "payment method", ("Skrill",)),
        ("PayPal:lla ja Visalla", "payment method", ("PayPal", "Visa")),
        ("Płaciłem PayPalem, potem BLIKiem i kartą Visa", "payment method", ("BLIK", "PayPal", "Visa")),
        ("Wpłata przelewem przez Przelewy24", "payment method", ("Przelewy24", "bank transfer")),
        ("Apple-Pay und Google-Pay-Zahlung", "payment method", ("Apple Pay", "Google Pay")),
        ("Trustly/Klarna funktionieren nicht", "payment method", ("Klarna", "Trustly")),
        ("Bezahlt per Sofortüberweisung.", "payment method", ("Sofort",)),
        ("Play’n GO og Gonzo’s Quest", "game", ("Gonzo's Quest",)),
        ("Vipps' feil", "payment method", ("Vipps",)),
        ("1.250,50 EUR fehlen", "amount", ("over 500 EUR",)),
        ("brakuje 1 250,00 zł", "amount", ("200 to 2,000 PLN",)),
        ("€20 und 20.50€", "amount", ("under 50 EUR",)),
        ("500kr borte", "amount", ("500 to 5,000 NOK",)),
        ("seit 14 Tagen, zwei Wochen", "duration", ("weeks",)),
        ("od tygodnia", "duration", ("weeks",)),
        ("5 viikkoa", "duration", ("months",)),
        ("yli viikon", "duration", ("weeks",)),
        ("36h", "duration", ("days",)),
        ("3-päivää", "duration", ("days",)),
    ],
)
def test_forms_that_people_write(finder: Finder, text: str, kind: str, names: tuple[str, ...]) -> None:
    assert named(finder, text)[kind] == names


@pytest.mark.parametrize(
    "text",
    [
        "Bitte sofort auszahlen!",
        "Guten Tag, hyvää päivää, dzień dobry, god dag",
        "Das ist ideal, ich habe viele Jetons",
        "This is the first time, one time only",
        "An <EMAIL> und <IBAN> geschickt",
        "Ticket 4711 vom 3. März 2026",
        "",
        "€ € kr",
    ],
)
def test_words_that_only_look_like_it(finder: Finder, text: str) -> None:
    assert named(finder, text) == {}


def test_the_rest_of_a_text_keeps_placeholders_and_loses_what_was_named(finder: Finder) -> None:
    (reading,) = finder.read(["Die Auszahlung auf Skrill an <NATIONAL_ID> über 50 € fehlt"])
    assert reading.rest.split() == ["Die", "Auszahlung", "auf", "an", "<NATIONAL_ID>", "über", "fehlt"]


def test_without_a_book_nothing_is_named() -> None:
    assert Finder(Book()).read(["Trustly 50 €"])[0].named == {}


def test_of_what_overlaps_the_longest_is_meant() -> None:
    book = Book((Name("game", "roulette", ("roulette",)), Name("game", "live", ("live roulette",))))
    assert Finder(book).read(["the live roulette"])[0].named == {"game": ("live",)}


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("1250", 1250.0),
        ("1.250,50", 1250.5),
        ("1,250.50", 1250.5),
        ("2.5", 2.5),
        ("1.250", 1250.0),
        ("1.250.000", 1250000.0),
        ("²", None),
        ("1.", None),
        ("ten", None),
    ],
)
def test_numbers_as_written(token: str, value: float | None) -> None:
    assert value_of(token) == value


def test_the_edges_of_bands_belong_to_the_one_in_between() -> None:
    euro = Currency("EUR", ("€",), (50.0, 500.0, 1000.0))
    told = [band(amount, euro) for amount in (49.99, 50, 500, 500.01, 1000, 1001)]
    assert told == [
        "under 50 EUR",
        "50 to 500 EUR",
        "50 to 500 EUR",
        "500 to 1,000 EUR",
        "500 to 1,000 EUR",
        "over 1,000 EUR",
    ]
    assert [band(amount, Currency("EUR", (), (50.0,))) for amount in (1, 50, 51)] == [
        "under 50 EUR",
        "50 EUR or more",
        "50 EUR or more",
    ]


def test_a_duration_is_told_in_the_largest_unit_that_is_full() -> None:
    assert [largest_unit(hours, BOOK.units) for hours in (0.5, 23, 24, 167, 168, 720)] == [
        "hours",
        "hours",
        "days",
        "days",
        "weeks",
        "months",
    ]


NAMES = {(name.kind, name.name) for name in BOOK.names}
SAID = st.sampled_from(
    [
        *(word for name in BOOK.names for word in name.words),
        *(w for c in BOOK.currencies for w in c.words),
        "1.000",
        "3",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=20) | SAID, max_size=8), st.sampled_from(["", " ", "\n"]))
def test_whatever_the_text_only_what_is_in_the_file_is_found(finder: Finder, parts: list[str], between: str) -> None:
    text = between.join(parts)
    (reading,) = finder.read([text])
    for kind, found in reading.named.items():
        assert found == tuple(sorted(set(found)))
        for name in found:
            if kind == "amount":
                assert name.rsplit(" ", 1)[1] in {currency.code for currency in BOOK.currencies}
            elif kind == "duration":
                assert name in {unit.name for unit in BOOK.units}
            else:
                assert (kind, name) in NAMES
    assert finder.read([text, "Trustly", text])[2] == reading, "a text's neighbours don't matter"


def test_lone_surrogates_do_no_harm(finder: Finder) -> None:
    assert named(finder, "\ud800 Trustly \udfff") == {"payment method": ("Trustly",)}
    assert plain("\ud800") == "?"
