"""The taxonomy file: what is shipped, and what a person is told who writes a wrong one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.domain import PinnedTopic, derived_id
from feedback.errors import FeedbackError, TaxonomyError
from feedback.owners import Charge, Owned
from feedback.strict_yaml import SIZE_LIMIT
from feedback.taxonomy import load_owners, load_taxonomy

FIVE = {"en", "de", "pl", "nb", "fi"}
GOOD = """
topics:
  - id: late-parcel
    name: Late parcel
    owner: logistics
    area: Delivery
    phrases:
      en: ["Where is my parcel?", "Note: still nothing"]
      nb: [Hvor er pakken min]
"""


@pytest.fixture(scope="module")
def casino() -> tuple[PinnedTopic, ...]:
    return load_taxonomy("casino")


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint_about(folder: Path, text: str) -> str:
    path = write(folder, text)
    with pytest.raises(TaxonomyError) as caught:
        load_taxonomy(path)
    assert str(path) in str(caught.value), "the message names the file"
    return str(caught.value)


def test_the_shipped_taxonomy_holds_the_complaint_types_of_the_trade(casino: tuple[PinnedTopic, ...]) -> None:
    assert [topic.key for topic in casino] == [
        "bonus-not-credited",
        "bonus-payout-delayed",
        "wrong-bonus-amount",
        "bonus-terms-unclear",
        "free-spins-missing",
        "loyalty-vip",
        "withdrawal-delayed",
        "withdrawal-refused",
        "deposit-failed",
        "verification-documents",
        "login-account-lock",
        "self-exclusion-limits",
        "game-fault",
        "charged-twice",
        "support-slow-rude",
        "unwanted-marketing",
        "data-protection-request",
    ]
    assert all(topic.owner and topic.area for topic in casino)


def test_the_shipped_phrases_are_parallel_in_five_languages(casino: tuple[PinnedTopic, ...]) -> None:
    for topic in casino:
        assert set(topic.phrases) == FIVE, topic.key
        assert len({len(texts) for texts in topic.phrases.values()}) == 1, topic.key
        for place in range(len(topic.phrases["en"])):
            ends = Counter(texts[place].rstrip('”“»"').endswith("?") for texts in topic.phrases.values())
            assert len(ends) == 1, f"{topic.key} {place}: a question in one language is one in all"
            numbers = {language: set(re.findall(r"\d+", texts[place])) for language, texts in topic.phrases.items()}
            stated = [found for found in numbers.values() if found]
            assert all(found <= max(stated, key=len) for found in stated), f"{topic.key} {place}: {numbers}"


def test_no_shipped_phrase_is_written_twice(casino: tuple[PinnedTopic, ...]) -> None:
    counts = Counter(text for topic in casino for texts in topic.phrases.values() for text in texts)
    assert [text for text, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(("language", "letters"), [("de", "äöüß"), ("pl", "ąćęłńóśźż"), ("nb", "æøå"), ("fi", "äö")])
def test_the_shipped_phrases_keep_the_letters_of_their_language(
    casino: tuple[PinnedTopic, ...], language: str, letters: str
) -> None:
    text = " ".join(phrase for topic in casino for phrase in topic.phrases[language]).lower()
    assert [letter for letter in letters if letter not in text] == []


def test_none_means_no_pinned_topics() -> None:
    assert load_taxonomy("none") == ()


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    (topic,) = load_taxonomy(write(tmp_path, GOOD))
    assert topic.key == "late-parcel"
    assert topic.phrases == {"en": ("Where is my parcel?", "Note: still nothing"), "nb": ("Hvor er pakken min",)}
    assert (topic.name, topic.owner, topic.area) == ("Late parcel", "logistics", "Delivery")
    assert topic.id == derived_id("pinned topic", "late-parcel")


def test_a_path_may_be_given_as_text_and_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert len(load_taxonomy(str(write(tmp_path, "\ufeff" + GOOD)))) == 1


def test_name_owner_and_area_may_be_left_out(tmp_path: Path) -> None:
    (topic,) = load_taxonomy(write(tmp_path, "topics: [{id: refunds, phrases: {sv: [Var är mina pengar]}}]"))
    assert (topic.name, topic.owner, topic.area) == ("refunds", None, None)


def test_a_missing_file_says_what_may_be_given(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"no taxonomy file .*absent.yaml.*casino, none"):
        load_taxonomy(tmp_path / "absent.yaml")


def test_a_folder_is_no_taxonomy(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="cannot be read"):
        load_taxonomy(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("id: late-parcel", "key: late-parcel"), r"Topic 1 \(Late parcel\).*unknown key `key`; known: id, name"),
        (("id: late-parcel", "area: x"), r"the key 'area' is written twice"),
        (("  - id: late-parcel\n    name", "  - name"), r"Topic 1 \(Late parcel\).*has no `id`"),
        (("id: late-parcel", "id: 12"), r"`id` is 12, it must be text; put it in quotes"),
        (("id: late-parcel", "id: ''"), r"`id` is '', it must be text"),
        (("owner: logistics", "owner: [a, b]"), r"\(late-parcel\).*`owner`.*must be text"),
        (("owner: logistics", "color: red"), r"unknown key `color`"),
        (
            ("owner: logistics", "severity: huge"),
            r"`severity` is 'huge', it must be one of low, medium, high",
        ),
        (("owner: logistics", "severity: 3"), r"`severity` is 3, it must be text"),
        (("nb:", "no:"), r"`no` is written `nb`"),
        (("nb:", "'no':"), r"`no` is written `nb`"),
        (("nb:", "xx:"), r"`xx` is no ISO 639-1"),
        (("nb:", "nb-NO:"), r"`nb-NO` is no ISO 639-1"),
        (("nb:", "en:"), r"line 9, column 7: the key 'en' is written twice"),
        (("[Hvor er pakken min]", "[]"), r"phrases in `nb` must be a list with at least one"),
        (("[Hvor er pakken min]", "Hvor er pakken min?"), r"phrases in `nb` must be a list"),
        (("[Hvor er pakken min]", "['  ']"), r"phrase 1 in `nb` is not text"),
        (("[Hvor er pakken min]", "[a, 17]"), r"phrase 2 in `nb` is not text; put it in quotes"),
        (("[Hvor er pakken min]", "[{Merk: tomt}]"), r"colon followed by a space needs quotes"),
        (("[Hvor er pakken min]", "[unclosed"), r"not valid YAML: line \d+"),
        (("[Hvor er pakken min]", "!!python/object/apply:os.getcwd []"), r"not valid YAML: line 9"),
        (("[Hvor er pakken min]", "[2026-13-45]"), r"impossible value"),
    ],
)
def test_what_is_wrong_and_what_would_be_right(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    text = GOOD.replace(*change)
    assert text != GOOD
    assert re.search(told, complaint_about(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no list `topics:`"),
        ("- a\n- b", "no list `topics:`"),
        ("topics: []", "at least one topic"),
        ("topics: {a: b}", "must be a list"),
        ("topics: [refunds]", "Topic 1 .* is not a mapping"),
        ("topics: [{id: a, phrases: {en: [x]}}]\nverison: 1", "unknown key `verison`; known: topics"),
        ("topics: [{id: a}]", "has no `phrases`"),
        ("topics: [{id: a, phrases: {}}]", "no phrases in any language"),
        ("topics: [{id: a, phrases: [x]}]", "must map language codes"),
        ("topics: [{id: a, phrases: {en: [x]}}, {id: a, name: b, phrases: {en: [y]}}]", "Topics 1 and 2 .* same id, a"),
        (
            "topics: [{id: a, name: Refund, phrases: {en: [x]}}, {id: b, name: refund, phrases: {en: [y]}}]",
            "Topics 1 and 2 .* same name",
        ),
        ("topics: " + "[" * 40 + "]" * 40, "nests deeper"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("topics: [\x07]", "not valid YAML"),
    ],
)
def test_wrong_from_the_top(tmp_path: Path, text: str, told: str) -> None:
    assert re.search(told, complaint_about(tmp_path, text))


def test_aliases_that_would_grow_without_end_are_refused(tmp_path: Path) -> None:
    layers = "\n".join(
        f"{name}: &{name} [{', '.join(f'*{before}' for _ in range(9))}]" for before, name in [("a", "b"), ("b", "c")]
    )
    told = complaint_about(tmp_path, f"a: &a [x, x, x]\n{layers}\ntopics: *c")
    assert "alias (line 2)" in told


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    assert "larger than" in complaint_about(tmp_path, GOOD + "#" * SIZE_LIMIT)


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(GOOD.replace("Hvor", "Hvår").encode("latin-1"))
    with pytest.raises(TaxonomyError, match="not UTF-8"):
        load_taxonomy(path)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_whatever_is_in_the_file_it_loads_or_is_explained(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    told = str(path)
    try:
        load_taxonomy(path)
    except FeedbackError as error:
        told = str(error)
    assert str(path) in told


OWNED = """
owners:
  areas: {Parcels: logistics}
  markets: {DE: dach, "NO": nordics}
topics: [{id: a, phrases: {en: [x]}}]
"""


def test_areas_markets_and_brands_have_owners_too(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWNED, "utf-8")
    assert load_owners(path) == {
        Charge(Owned.AREA, "Parcels"): "logistics",
        Charge(Owned.MARKET, "DE"): "dach",
        Charge(Owned.MARKET, "NO"): "nordics",
    }
    assert [each.key for each in load_taxonomy(path)] == ["a"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"NO": nordics', "NO: nordics", "False under `markets` must be text; put it in quotes"),
        ("markets:", "countries:", "unknown key `countries`; known: areas, markets, brands"),
        ("{Parcels: logistics}", "[Parcels]", "`areas` must map each to its owner"),
        ("{Parcels: logistics}", "{Parcels: 7}", "`Parcels` is 7, it must be text"),
    ],
)
def test_a_mistake_about_owners_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWNED.replace(old, new, 1), "utf-8")
    with pytest.raises(TaxonomyError) as raised:
        load_owners(path)
    assert message in str(raised.value)
