"""Which language a text is in, among those the operator has configured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from feedback.errors import SettingError
from feedback.intake.kinds import PLACEHOLDER

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

CONFIDENCE = 0.5
"""Below this probability the market's language is the better guess."""

_LETTERS = 4
_LOOKED_AT = 120
_WORDLIKE = re.compile(r"[^\W\d_]+")
_CODE = re.compile(r"([a-z]{2})(?:[-_].*)?")

_ALIASES: Mapping[str, str] = {
    "no": "nb", "nn": "nb", "nor": "nb", "nob": "nb", "nno": "nb", "norwegian": "nb", "norsk": "nb", "norwegisch": "nb",
    "bokmål": "nb", "deu": "de", "ger": "de", "german": "de", "deutsch": "de", "pol": "pl", "polish": "pl",
    "polski": "pl", "polnisch": "pl", "fin": "fi", "finnish": "fi", "suomi": "fi", "finnisch": "fi", "eng": "en",
    "english": "en", "englisch": "en", "swe": "sv", "swedish": "sv", "svenska": "sv", "dan": "da", "danish": "da",
    "spa": "es", "spanish": "es", "fra": "fr", "fre": "fr", "french": "fr", "ita": "it", "italian": "it",
    "nld": "nl", "dut": "nl", "dutch": "nl",
}  # fmt: skip

_MARKETS: Mapping[str, str] = {
    "de": "de", "deu": "de", "germany": "de", "deutschland": "de", "at": "de", "aut": "de", "austria": "de",
    "ch": "de", "pl": "pl", "pol": "pl", "poland": "pl", "polska": "pl", "no": "nb", "nor": "nb", "norway": "nb",
    "norge": "nb", "fi": "fi", "fin": "fi", "finland": "fi", "suomi": "fi", "gb": "en", "uk": "en", "gbr": "en",
    "united kingdom": "en", "ie": "en", "irl": "en", "ireland": "en", "mt": "en", "us": "en", "usa": "en", "ca": "en",
}  # fmt: skip

# ISO 639-1, so that a column of country names or rubbish is not taken for languages.
_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en
eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja
jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb
nd ne ng nl nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss
st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_KNOWN = frozenset(_CODES.split())

# py3langid knows Norwegian under two labels.
_LABELS: Mapping[str, tuple[str, ...]] = {"nb": ("no", "nn")}


def known_language(value: object) -> str | None:
    """`de-DE`, `nb_NO`, `no`, `German` as an ISO 639-1 code; None for what is no language."""
    if not isinstance(value, str):
        return None
    name = value.strip().lower()
    match = _CODE.fullmatch(name)
    code = _ALIASES.get(name) or (match and _ALIASES.get(match[1], match[1]))
    return code if code in _KNOWN else None


def language_of(text: str, market: str | None, languages: tuple[str, ...]) -> str:
    """The language of a redacted text, one of `languages`.

    A text with fewer than four letters, or one of which the detector is not sure, gets the language of its market,
    or failing that the detector's guess, or the first of `languages`. Raises SettingError for a language that the
    detector does not know.
    """
    fallback = _MARKETS.get((market or "").strip().lower())
    fallback = fallback if fallback in languages else None
    if len(languages) == 1:
        return languages[0]
    words = " ".join(_WORDLIKE.findall(PLACEHOLDER.sub(" ", text[: 2 * _LOOKED_AT])))[:_LOOKED_AT]
    if len(words) < _LETTERS:
        return fallback or languages[0]
    guess, probability = detect(words, languages)
    return guess if probability >= CONFIDENCE else fallback or guess


def detect(words: str, languages: tuple[str, ...]) -> tuple[str, float]:
    """The likeliest of `languages` and its probability among them, both labels of Norwegian taken together."""
    ranked = _identifier(languages).rank(words)
    shares = dict.fromkeys(languages, 0.0)
    for label, probability in ranked:
        shares[_ALIASES.get(label, label)] += probability
    best = max(languages, key=shares.__getitem__)
    return best, shares[best]


@cache
def _identifier(languages: tuple[str, ...]) -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    try:
        identifier.set_languages([label for language in languages for label in _LABELS.get(language, (language,))])
    except ValueError as error:
        raise SettingError(f"A language of {', '.join(languages)} cannot be detected: {error}") from None
    return identifier
