"""Topics of the shipped taxonomy are called in the reader's language; what people named stays."""

from __future__ import annotations

import pytest

from feedback.language import LANGUAGES, Language
from feedback.taxonomy import load_taxonomy
from feedback.topic_names import SHIPPED, area_name, topic_name


def test_all_that_is_shipped_has_a_name_in_every_language() -> None:
    taxonomy = load_taxonomy("casino")
    topics, areas = {each.name for each in taxonomy}, {each.area for each in taxonomy if each.area}
    assert topics | areas == SHIPPED
    for code in set(LANGUAGES) - {"en"}:
        named = {topic_name(each, Language(code)) for each in topics}
        assert len(named) == len(topics)
        assert not named & topics


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_name_that_people_gave_stays(code: str) -> None:
    assert topic_name("Trustly, payout, wait", Language(code)) == "Trustly, payout, wait"
    assert area_name("Meine Zahlungen", Language(code)) == "Meine Zahlungen"
