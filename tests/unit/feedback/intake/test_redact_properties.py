"""Generated personal data never survives, whatever stands around it."""

from __future__ import annotations

import ipaddress
from datetime import date

import phonenumbers
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feedback.intake.accounts import IBAN_LENGTHS, iban_checks, luhn
from feedback.intake.national_ids import Fodselsnummer, Pesel, steuer_id_check
from feedback.intake.redact import redactor

SENTENCES = [
    "Bitte schreiben Sie mir: {} - danke, ich warte seit 3 Tagen auf 50 €.",
    "Moje dane to {} i nadal nic.",
    "Her er det ({}), hvor er pengene?",
    "Tässä: {}, kiitos",
    "It is {} and my bonus of 12.05.2024 is missing.",
    "{}",
    "mein Konto\n{}\nTicket #12345678",
]
sentences = st.sampled_from(SENTENCES)
quick = settings(max_examples=60, deadline=None)


def assert_gone(secret: str, sentence: str, *parts: str) -> None:
    text = redactor().redact(sentence.format(secret))
    for part in parts or (secret,):
        assert part not in text, text
    assert redactor().redact(text) == text


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


def grouped(number: str, size: int, separator: str) -> str:
    return separator.join(number[start : start + size] for start in range(0, len(number), size))


@given(st.emails(), sentences)
@quick
def test_emails(address: str, sentence: str) -> None:
    assert_gone(address, sentence)


NUMERIC = {"DE": 18, "PL": 24, "FI": 14, "NO": 11}


@given(st.sampled_from(sorted(NUMERIC)), digits(24), sentences, st.sampled_from(["", " ", "-"]), st.booleans())
@quick
def test_ibans(country: str, body: str, sentence: str, separator: str, small: bool) -> None:
    body = body[: NUMERIC[country]]
    iban = next(iban for check in range(100) if iban_checks(iban := f"{country}{check:02}{body}"))
    assert len(iban) == IBAN_LENGTHS[country]
    written = grouped(iban.lower() if small else iban, 4, separator) if separator else iban
    assert_gone(written, sentence, written, body[:8])


@given(st.sampled_from([("4", 16), ("51", 16), ("2221", 16), ("4", 13), ("6011", 16), ("3530", 16)]), digits(16),
       st.sampled_from(["", " ", "-"]), sentences)  # fmt: skip
@quick
def test_cards(kind: tuple[str, int], body: str, separator: str, sentence: str) -> None:
    prefix, length = kind
    start = (prefix + body)[: length - 1]
    number = next(number for check in range(10) if luhn(number := f"{start}{check}"))
    written = grouped(number, 4, separator) if separator and length == 16 else number
    assert_gone(written, sentence)


@given(st.dates(date(1900, 1, 1), date(2039, 12, 31)), digits(4), sentences)
@quick
def test_pesels(born: date, serial: str, sentence: str) -> None:
    month = born.month + (20 if born.year >= 2000 else 0)
    body = [int(digit) for digit in f"{born:%y}{month:02}{born:%d}{serial}"]
    check = -sum(digit * weight for digit, weight in zip(body, Pesel.WEIGHTS, strict=False)) % 10
    assert_gone("".join(map(str, [*body, check])), sentence)


@given(st.dates(date(1900, 1, 1), date(2039, 12, 31)), st.integers(2, 899), sentences, st.booleans())
@quick
def test_hetus(born: date, serial: int, sentence: str, small: bool) -> None:
    sign = "A" if born.year >= 2000 else "-"
    control = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(f"{born:%d%m%y}{serial:03}") % 31]
    hetu = f"{born:%d%m%y}{sign}{serial:03}{control}"
    assert_gone(hetu.lower() if small else hetu, sentence)


@given(st.dates(date(1900, 1, 1), date(2039, 12, 31)), digits(3), st.sampled_from([0, 40]), st.booleans(), sentences)
@quick
def test_fodselsnummer(born: date, serial: str, more: int, parted: bool, sentence: str) -> None:
    body = [int(digit) for digit in f"{born.day + more:02}{born:%m%y}{serial}"]
    for weights in (Fodselsnummer.FIRST, Fodselsnummer.SECOND):
        check = -sum(digit * weight for digit, weight in zip(body, weights, strict=False)) % 11
        assume(check < 10)
        body.append(check)
    number = "".join(map(str, body))
    assert_gone(f"{number[:6]} {number[6:]}" if parted else number, sentence)


@given(st.permutations(range(10)), st.integers(0, 8), st.booleans(), sentences)
@quick
def test_steuer_ids(order: list[int], twice: int, parted: bool, sentence: str) -> None:
    body = [*order[:9], order[twice]]
    assume(body[0] != 0)
    number = "".join(map(str, [*body, steuer_id_check(body)]))
    assert_gone(f"{number[:2]} {grouped(number[2:], 3, ' ')}" if parted else number, sentence)


@given(st.ip_addresses(), sentences)
@quick
def test_ip_addresses(address: ipaddress.IPv4Address | ipaddress.IPv6Address, sentence: str) -> None:
    assume(not address.is_loopback)
    assume(address.version == 4 or int(address) > 0xFFFF)
    assert_gone(str(address), sentence)


PHONES = [
    number
    for region in ("DE", "PL", "NO", "FI", "GB")
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    if (number := phonenumbers.example_number_for_type(region, kind)) is not None
]
FORMATS = [
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.NATIONAL,
]


@given(st.sampled_from(PHONES), digits(4), st.sampled_from(FORMATS), sentences)
@quick
def test_phones(example: phonenumbers.PhoneNumber, tail: str, form: int, sentence: str) -> None:
    national = int(f"{str(example.national_number)[:-4]}{tail}")
    number = phonenumbers.PhoneNumber(country_code=example.country_code, national_number=national)
    assume(phonenumbers.is_valid_number(number))
    written = phonenumbers.format_number(number, form)
    assume(any(not letter.isdigit() for letter in written))  # bare digits may be a ticket: see `phones`
    assert_gone(written, sentence)


PIECES = [
    "Regards,",
    "Mit freundlichen Grüßen",
    "\n",
    " ",
    "Hans",
    "a@b.de",
    "0170 1234567",
    "<EMAIL>",
    "<",
    ">",
    "Herr",
    "4111111111111111",
    "+49 ",
    "DE89370400440532013000",
    "1",
    "username: ",
    "https://x.de/?",
    "12.03.1985",
    "geb. ",
    "mvh",
    "IBAN ",
    "tel ",
    ".",
    "-",
    "@",
    "x",
    "Ä",
    "::",
    "44051401359",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redactor().redact(text)
    assert redactor().redact(once) == once


WORDS = ["bonus", "Auszahlung", "wypłata", "uttak", "kotiutus", "fehlt", "ikke", "3", "50", "days", "Starburst", "€"]


@given(st.lists(st.sampled_from(WORDS)))
def test_text_without_personal_data_is_left_alone(words: list[str]) -> None:
    text = " ".join(words)
    assert redactor().redact(text) == text
