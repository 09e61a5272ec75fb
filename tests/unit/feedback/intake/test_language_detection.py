"""Languages given and found."""

from __future__ import annotations

import pytest

from feedback.errors import SettingError
from feedback.intake.language import known_language, language_of

ALL = ("de", "pl", "nb", "fi", "en")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("de-DE", "de"), ("nb_NO", "nb"), ("no", "nb"), ("nn-NO", "nb"), ("NOR", "nb"), ("German", "de"), ("SV", "sv"),
        ("xx", None), ("Trustly", None), ("", None), (None, None), (7, None), ("unknown", None), ("  fi ", "fi"),
    ],
)  # fmt: skip
def test_given_languages(given: object, code: str | None) -> None:
    assert known_language(given) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Wo ist mein Bonus?", "de"), ("Gdzie jest moja wypłata?", "pl"), ("Hvor er pengene mine?", "nb"),
        ("Missä rahani ovat?", "fi"), ("Where is my withdrawal?", "en"), ("WO BLEIBT MEINE AUSZAHLUNG", "de"),
        ("Uttaket mitt er ikke kommet <EMAIL> <PHONE> <NATIONAL_ID>", "nb"),
    ],
)  # fmt: skip
def test_short_phrases_of_the_trade(text: str, code: str) -> None:
    assert language_of(text, None, ALL) == code


@pytest.mark.parametrize("text", ["", "ok", "???", "12345", "<EMAIL>", "👍"])
def test_too_little_to_tell_leaves_it_to_the_market(text: str) -> None:
    assert language_of(text, "PL", ALL) == "pl"
    assert language_of(text, "Norway", ALL) == "nb"
    assert language_of(text, None, ALL) == "de"
    assert language_of(text, "PL", ("en", "de")) == "en"


def test_one_language_needs_no_detection() -> None:
    assert language_of("Wo ist mein Bonus?", None, ("en",)) == "en"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(SettingError, match="klingon"):
        language_of("Where is my bonus?", None, ("en", "klingon"))
