"""What asks for an explanation, and what only chases a fault with a question mark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.questions import RULES, asks, is_asking, questions, sentences

ASKS = {
    "en": [
        "How many times do I have to wager the bonus?",
        "does the wagering requirement apply to the deposit as well",
        "I don't understand your wagering requirements.",
        "What does x40 wagering mean, is that on the deposit or just on the bonus?",
        "Could you explain which games count?",
    ],
    "de": [
        "Wie oft muss ich den Bonus umsetzen?",
        "gilt der umsatz auch für die einzahlung",
        "Ich verstehe eure Umsatzbedingungen nicht.",
        "Ich wollte fragen, ob man den Bonus ablehnen kann.",
    ],
    "pl": [
        "Ile razy trzeba obrócić bonusem?",
        "czy muszę płacić podatek od wygranych",
        "Nie rozumiem waszych warunków obrotu.",
        "Chciałbym wiedzieć, jak ustawić limit wpłat.",
    ],
    "nb": [
        "Hvor mange ganger må jeg omsette bonusen?",
        "gjelder omsetningskravet innskuddet også",
        "Jeg forstår ikke omsetningskravene deres.",
        "Jeg lurer på hvordan jeg setter en grense.",
    ],
    "fi": [
        "Montako kertaa bonus pitää kierrättää?",
        "koskeeko kierrätysvaatimus myös talletusta",
        "En ymmärrä kierrätysvaatimuksianne.",
        "Haluaisin tietää miten asetan rajan.",
    ],
}
CHASES = {
    "en": [
        "Where is my money?",
        "Why is my withdrawal still pending?",
        "Could you please add the bonus manually?",
        "Is this a joke?",
        "When I pressed the button, the game froze.",
    ],
    "de": [
        "Wo bleibt mein Bonus?",
        "Warum dauert die Auszahlung so lange?",
        "Könnt ihr das bitte prüfen?",
        "So geht das nicht.",
    ],
    "pl": ["Gdzie są moje pieniądze?", "Dlaczego wypłata trwa tak długo?", "Czy możecie dodać bonus ręcznie?"],
    "nb": ["Hvor er pengene mine?", "Hvorfor tar uttaket så lang tid?", "Kan dere se på dette?"],
    "fi": [
        "Missä rahani ovat?",
        "Miksi nosto on edelleen kesken?",
        "Voisitteko lisätä bonuksen?",
        "koko ajan väärä salasana",
    ],
}


@pytest.mark.parametrize(("language", "sentence"), [(key, each) for key, found in ASKS.items() for each in found])
def test_asking_for_an_explanation(language: str, sentence: str) -> None:
    assert asks(sentence, RULES[language])
    assert is_asking(sentence, language)


@pytest.mark.parametrize(("language", "sentence"), [(key, each) for key, found in CHASES.items() for each in found])
def test_chasing_a_fault(language: str, sentence: str) -> None:
    assert not asks(sentence, RULES[language])
    assert not is_asking(sentence, language)


def test_a_text_asks_if_it_does_not_chase_a_fault_more() -> None:
    both = "How long does a withdrawal take? Where is my money? Why is it still pending?"
    assert questions(both, "en") == ["How long does a withdrawal take?"]
    assert not is_asking(both, "en")
    assert is_asking("I have read the page. How long does a withdrawal take? Thanks in advance.", "en")


def test_questions_come_without_what_leads_up_to_them_or_only_misunderstands() -> None:
    text = "Good evening, The page makes no sense to me. Quick question: Which games count for wagering?"
    assert questions(text, "en") == ["Which games count for wagering?"]


@pytest.mark.parametrize(
    ("language", "statement"),
    [
        ("en", "However I tried, the bonus is not there."),
        ("de", "Wieder fehlt der Bonus auf meinem Konto."),
        ("pl", "Copper Comet chyba się nie liczy do obrotu."),
    ],
)
def test_a_word_that_only_begins_like_one_that_asks_asks_nothing(language: str, statement: str) -> None:
    assert questions(statement, language) == []


def test_a_language_without_rules_is_not_judged() -> None:
    assert questions("¿Cómo funciona el bono?", "es") == []
    assert not is_asking("¿Cómo funciona el bono?", "es")


@given(st.text(max_size=400), st.sampled_from(sorted(RULES)))
def test_any_text_can_be_read(text: str, language: str) -> None:
    found = questions(text, language)
    assert all(any(each in whole for whole in sentences(text)) for each in found)
    asked = any(asks(each, RULES[language]) for each in sentences(text))
    assert asked or not (found or is_asking(text, language))
