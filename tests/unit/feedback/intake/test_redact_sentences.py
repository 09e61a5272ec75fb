"""What goes and what stays, in the words of customers."""

from __future__ import annotations

import pytest

from feedback.errors import SettingError
from feedback.intake.kinds import ALL_KINDS
from feedback.intake.redact import Redactor, redactor

GOES = [
    ("schreibt an hans.mueller+casino@web.de bitte", "schreibt an <EMAIL> bitte"),
    ("hans(at)web.de oder jürgen.groß [at] firma [dot] de", "<EMAIL> oder <EMAIL>"),
    ("user@intranet.local,x", "<EMAIL>,x"),
    ("Ruf mich an: 0170 1234567 oder 030/1234567", "Ruf mich an: <PHONE> oder <PHONE>"),
    ("+49 (0) 171 2345678, +4917112345678, 0049 171 2345678", "<PHONE>, <PHONE>, <PHONE>"),
    ("+47 912 34 567 500 kr trukket", "<PHONE> 500 kr trukket"),
    ("tlf 91234567 eller 912 34 567", "tlf <PHONE> eller <PHONE>"),
    ("zadzwońcie: 600 123 456 lub 600-123-456", "zadzwońcie: <PHONE> lub <PHONE>"),
    ("puhelin 040 1234567 tai 050-1234567", "puhelin <PHONE> tai <PHONE>"),
    ("call 07700 900123 or 020 7946 0958", "call <PHONE> or <PHONE>"),
    ("IBAN DE89 3704 0044 0532 0130 00 bitte", "IBAN <IBAN> bitte"),
    ("NO93 8601 1117 947 BANK, fi2112345600000785", "<IBAN> BANK, <IBAN>"),
    ("IBAN: DE12 3456 7890 1234 5678 90 vertippt", "IBAN: <IBAN> vertippt"),
    ("konto 61 1090 1014 0000 0712 1981 2874", "konto <IBAN>"),
    ("kontonummer 8601.11.17947", "kontonummer <IBAN>"),
    ("Karte 4111 1111 1111 1111 12/27, 5555555555554444", "Karte <CARD> 12/27, <CARD>"),
    ("amex 3782 822463 10005 und 2223-0031-2200-3222", "amex <CARD> und <CARD>"),
    ("PESEL 44051401359", "PESEL <NATIONAL_ID>"),
    ("Steuer-ID 86 095 742 719", "Steuer-ID <NATIONAL_ID>"),
    ("hetu 131052-308T, 131052-308t", "hetu <NATIONAL_ID>, <NATIONAL_ID>"),
    ("fødselsnummer 010190 00083", "fødselsnummer <NATIONAL_ID>"),
    ("Personalausweis Nr. L01X00T47 hochgeladen", "Personalausweis Nr. <NATIONAL_ID> hochgeladen"),
    ("aus 192.168.0.12 und 2001:db8::ff00:42:8329", "aus <IP> und <IP>"),
    ("geboren am 12.03.1985", "geboren am <BIRTH_DATE>"),
    ("username: hans1985, Passwort: geheim123", "username: <USERNAME>, Passwort: <SECRET>"),
    ("Mein Benutzername ist hans85.", "Mein Benutzername ist <USERNAME>."),
    ("https://casino.de/reset?token=abc&u=1 geht nicht", "https://casino.de/reset<URL_QUERY> geht nicht"),
    ("Mit freundlichen Grüßen\n\nHans Müller", "Mit freundlichen Grüßen\n\n<PERSON>"),
    ("Danke. MfG Hans-Peter von Ahn\nTel 0170 1234567", "Danke. MfG <PERSON>\nTel <PHONE>"),
    ("Med vennlig hilsen Ola Nordmann", "Med vennlig hilsen <PERSON>"),
    ("venter\nmvh\nola", "venter\nmvh\n<PERSON>"),
    ("Pozdrawiam, Jan Kowalski", "Pozdrawiam, <PERSON>"),
    ("Terveisin Matti Meikäläinen", "Terveisin <PERSON>"),
    ("Kind regards, John O'Neil", "Kind regards, <PERSON>"),
    ("I tried another browser too. Best, Ryan Foster", "I tried another browser too. Best, <PERSON>"),
    ("It is gone.\nBest\nRyan", "It is gone.\nBest\n<PERSON>"),
    ("Danke! Liebe Grüße\nHans", "Danke! Liebe Grüße\n<PERSON>"),
    ("Vielen Dank, Anna-Lena", "Vielen Dank, <PERSON>"),
    ("jeg heter Ola og venter, nazywam się Jan Kowalski", "jeg heter <PERSON> og venter, nazywam się <PERSON>"),
    ("Herr Müller vom Support, Mrs. Smith", "Herr <PERSON> vom Support, Mrs. <PERSON>"),
]

STAYS = [
    "Meine Auszahlung von 1.234,56 € vom 31.12.2024 über Trustly ist immer noch nicht da.",
    "Ticket #12345678, Transaktion TRX-9876543210, Vorgang 91234567.",
    "Mein Bonus WELCOME100 fehlt, 20 30 40 50 Freispiele bei Book of Ra, am 12.05. um 12:30 Uhr.",
    "Telefonisch am 12.05.2024 um 10 Uhr angerufen, 3 mal 500 Euro, 24/7 erreichbar, x35 Umsatz, 1:1.",
    "Danke, Trustly geht nicht. Vielen Dank für nichts! Grüße aus Berlin",
    "Mit freundlichen Grüßen\nIhr Kundenservice Team",
    "Wpłaciłem 12 000 zł przez BLIK 05.06.2024 10:30 i nic. Numer zgłoszenia 600123456.",
    "Pozdrawiam. Proszę o odpowiedź w sprawie darmowych spinów 2024-03-01.",
    "Jeg satte inn 5 000 kr med Vipps. Saksnummer 91234567. Starburst frøs 2024-03-01 12:30:45.",
    "Takk for hjelpen, men uttaket på 10.000-20.000 NOK mangler. Hilsen fra Oslo",
    "Talletin 500 € Trustlylla, tiketti 12345678, kotiutus puuttuu 3 päivää. 1 000 000 €",
    "My withdrawal of £1,250.00 (order 1234567890) failed at 10:30, app version 4.12.0.1, code SPIN-2024-XYZ.",
    "Which slot is the best, Book of Dead",
    "Thanks, still waiting for the Bonus on Gonzo's Quest. 13.05.2024 - 14.05.2024, 50/50",
    "Regards, Support Team",
    "My login is not working and my password was refused. MS Edge, passport 2024 declined.",
    "Telefon Ticket 91234567, https://casino.de/spiele/book-of-ra",
    "bp-00d0e4a2-4878-458a-9822-006290190225",
]


@pytest.mark.parametrize(("text", "expected"), GOES)
def test_personal_data_goes_and_nothing_else(text: str, expected: str) -> None:
    assert redactor().redact(text) == expected


@pytest.mark.parametrize("text", STAYS)
def test_what_a_complaint_is_about_stays(text: str) -> None:
    assert redactor().redact(text) == text


def test_only_chosen_kinds_go() -> None:
    text = "a@b.de 0170 1234567"
    assert Redactor(("email",)).redact(text) == "<EMAIL> 0170 1234567"
    assert Redactor(()).redact(text) == text


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match=r"'faces'.*email, iban"):
        Redactor(("email", "faces"))
    assert Redactor(ALL_KINDS)


def test_a_number_across_the_cut_does_not_leave_its_half() -> None:
    text = "x" * 90 + " DE89 3704 0044 0532 0130 00 und mehr"
    for limit in range(88, 125):
        kept = redactor().redact(text, limit)
        assert "DE89" not in kept
        assert len(kept) <= limit + len(" <IBAN>")


def test_redacting_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a redactor has no business on the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    assert Redactor().redact("mail a.b@some.unheardof") == "mail <EMAIL>"
