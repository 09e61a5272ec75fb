"""Names of people where the wording gives them away: sign-offs, introductions, titles.

Without a trained model a name in the middle of a sentence cannot be told from any other word, and none ships with
this service. What is found: "Mit freundlichen Grüßen, Hans Müller", "jeg heter Ola", "Herr Müller", in German,
Polish, Norwegian, Finnish and English. What is not: "Hans told me yesterday".
"""

from __future__ import annotations

import re

from presidio_analyzer import Pattern, PatternRecognizer

ENTITY = "PERSON"

# Closings after which hardly anything but a name follows.
_CLOSINGS = (
    "mit freundlichen grüßen", "mit freundlichen grüssen", "mit freundlichen gruessen", "mit freundlichem gruß",
    "mit freundlichem gruss", "freundliche grüße", "viele grüße", "viele grüsse", "liebe grüße", "beste grüße",
    "schöne grüße", "herzliche grüße", "grüße", "grüsse", "gruß", "gruss", "mfg", "lg", "vg", "hochachtungsvoll",
    "pozdrawiam serdecznie", "serdecznie pozdrawiam", "pozdrawiam", "pozdrowienia", "pozdr", "z poważaniem",
    "z wyrazami szacunku", "med vennlig hilsen", "vennlig hilsen", "med hilsen", "beste hilsen", "hilsen", "mvh", "vh",
    "ystävällisin terveisin", "parhain terveisin", "terveisin", "terv", "t:", "t.", "kind regards", "best regards",
    "warm regards", "regards", "yours sincerely", "yours faithfully", "yours truly", "sincerely", "best wishes",
    "all the best",
)  # fmt: skip

# Thanks close a message too, but often something else follows: only a name on a line's end counts.
_THANKS = (
    "vielen dank", "danke im voraus", "danke", "dziękuję", "dziekuje", "dzięki", "takk på forhånd", "på forhånd takk",
    "takk", "kiitos", "kiitos etukäteen", "thanks in advance", "many thanks", "thank you", "thanks", "cheers",
)  # fmt: skip

_INTRODUCTIONS = (
    "mein name ist", "ich heiße", "ich heisse", "nazywam się", "nazywam sie", "mam na imię", "mam na imie",
    "jeg heter", "mitt navn er", "navnet mitt er", "nimeni on", "minun nimeni on", "my name is",
)  # fmt: skip

_TITLES = ("Herrn", "Herr", "Frau", "Mr", "Mrs", "Ms", "Pan", "pan", "Pani", "pani", "Panem", "panem", "Panią", "panią")

# Capitalised words that follow closings and titles and name nobody; game and payment names must survive.
_NOT_NAMES = (
    "Support", "Team", "Casino", "Kundenservice", "Kundendienst", "Kundenbetreuung", "Kundeservice", "Asiakaspalvelu",
    "Customer", "Service", "Care", "Kunde", "Kundin", "Kunden", "Kundennummer", "Kundenr", "Benutzername", "Username",
    "Spieler", "Ticket", "Bonus", "Freispiele", "Auszahlung", "Einzahlung", "Geld", "Konto", "Account", "Trustly",
    "Klarna", "PayPal", "Skrill", "Neteller", "Visa", "Mastercard", "Vipps", "Blik", "BLIK", "Przelewy", "Sofort",
    "Bitte", "Ich", "Ihr", "Ihre", "Ihnen", "Sie", "Mit", "Der", "Die", "Das", "Wann", "Warum", "Wo", "Wie", "Es",
    "Proszę", "Czekam", "Nie", "Ja", "Jeg", "Vennligst", "Hva", "Hvor", "Når", "Odotan", "Minä", "En", "Ei", "Please",
    "The", "This", "It", "My", "We", "You", "What", "When", "Why", "Where", "How", "And", "But", "Sent", "Tel",
    "Telefon", "Phone", "Email", "E-Mail", "Mail", "IBAN", "PESEL", "ID", "Von", "Gesendet", "Gott", "God", "Greetings",
)  # fmt: skip

_PART = r"\p{Lu}[\p{L}'’]+(?:-\p{Lu}[\p{L}'’]+)*"
_PHRASE_WORDS = {phrase.split()[0].strip(".:") for phrase in (*_CLOSINGS, *_THANKS, *_INTRODUCTIONS)}
_NEVER = {*_NOT_NAMES, "MfG", *(form for word in _PHRASE_WORDS for form in (word.capitalize(), word.upper()))}
_WORD = rf"(?!(?:{'|'.join(sorted(_NEVER))})\b){_PART}"
_NEXT = rf"[ ](?:(?:von|van|der|de|zu|af|la)[ ]){{0,2}}(?:{_WORD}|\p{{Lu}}\.)"
_FIRST = rf"(?:{_WORD}|\p{{Lu}}\.)"
_ENDS = r"(?=[ \t]*(?:[,.!;)/|]*[ \t]*(?:\n|\Z)|[,;(/|<]|[-–—]{1,2}[ \t]))"


_OPENING_WORDS = frozenset(
    re.findall(r"\w+", phrase.lower())[0] for phrase in (*_CLOSINGS, *_THANKS, *_INTRODUCTIONS, *_TITLES)
)


def may_name_someone(text: str) -> bool:
    """Whether any word of `text` begins one of the phrases; much quicker than looking for them."""
    return not _OPENING_WORDS.isdisjoint(re.findall(r"\w+", text.lower()))


def _any(words: tuple[str, ...]) -> str:
    return rf"(?<![\w'’])(?i:{'|'.join(sorted(map(re.escape, words), key=len, reverse=True))})"


def _patterns() -> list[Pattern]:
    named = rf"{_FIRST}(?:{_NEXT}){{0,3}}"
    closing = rf"{_any(_CLOSINGS)}(?:[ \t]*[,:;.!–—-]+\s*|\s+)\K"
    small = r"[\p{L}'’-]{2,}(?: [\p{L}'’-]{2,})?(?=\s*\Z)"
    sentence, last = r"(?:^|(?<=[.!?]\s))", r"(?=[ \t]*[.!]?[ \t]*(?:\n|\Z))"
    texts = {
        "closing": rf"{closing}(?:{named}{_ENDS}|{_WORD}{_NEXT}(?:{_NEXT})?(?!\w))",
        "closing in small letters": rf"{_any(_CLOSINGS)}[ \t]*[,.!]*[ \t]*\n\s*\K{small}",
        "thanks": rf"{_any(_THANKS)}[ \t]*(?:[,!.;–—-]+\s*|\n\s*)\K{named}(?:{last}|(?=[ \t]*<))",
        "short closing": rf"{sentence}(?i:best)(?:[ \t]*,\s*|[ \t]*\n\s*)\K{named}{last}",
        "introduction": rf"{_any(_INTRODUCTIONS)}[ :]{{1,2}}\K{_FIRST}(?:{_NEXT}){{0,2}}",
        "title": rf"\b(?:{'|'.join(_TITLES)})\.?[ ]\K{_FIRST}(?:{_NEXT})?",
    }
    return [Pattern(name, text, 0.6) for name, text in texts.items()]


class PersonBySetting(PatternRecognizer):
    """Finds the name only; the words around it stay."""

    def __init__(self) -> None:
        flags = re.DOTALL | re.MULTILINE
        super().__init__(supported_entity=ENTITY, patterns=_patterns(), global_regex_flags=flags)
