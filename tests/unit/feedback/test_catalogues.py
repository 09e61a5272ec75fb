"""The catalogues: whatever a reader is told can be said in every language, with every number and name in its place."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from feedback.language import LANGUAGES

ROOT = Path(__file__).parents[3]
TRANSLATED = [code for code in LANGUAGES if code != "en"]
FORMS = {"de": 2, "pl": 3, "nb": 2, "fi": 2}

Key = tuple[str | None, str]


def in_sources() -> dict[Key, str | tuple[str, ...]]:
    """Every message by its context and its first form, as `make messages` finds them."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["babel"]["mappings"]
    methods = [(each["pattern"], each["method"]) for each in mappings]
    options = {
        each["pattern"]: {name: value for name, value in each.items() if name not in ("pattern", "method")}
        for each in mappings
    }
    found = extract_from_dir(ROOT / "feedback", methods, options)
    return {(context, _first(message)): message for _, _, message, _, context in found}


def _first(message: str | tuple[str, ...] | list[str]) -> str:
    return message if isinstance(message, str) else message[0]


def catalogue(code: str) -> Catalog:
    with (ROOT / "feedback/locale" / code / "LC_MESSAGES/feedback.po").open("rb") as text:
        return read_po(text, locale=code)


def messages(code: str) -> Mapping[Key, Message]:
    return {(each.context, _first(each.id)): each for each in catalogue(code) if each.id}


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.fixture(scope="module")
def sources() -> dict[Key, str | tuple[str, ...]]:
    return in_sources()


def test_the_sources_say_what_was_looked_for(sources: Mapping[Key, object]) -> None:
    assert len(sources) > 200
    assert {(None, "What rose"), (None, "e-mail"), ("in a picture", "expected")} <= set(sources)


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_message_is_in_every_catalogue_and_no_other(code: str, sources: Mapping[Key, object]) -> None:
    assert set(messages(code)) == set(sources), "run `make messages` and translate what is new"
    assert not catalogue(code).obsolete


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_message_is_translated_in_all_its_forms(code: str) -> None:
    found = catalogue(code)
    assert found.num_plurals == FORMS[code]
    for message in messages(code).values():
        assert not message.fuzzy, message.id
        assert all(form.strip() for form in forms(message)), message.id
        assert len(forms(message)) == (FORMS[code] if message.pluralizable else 1), message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_placeholder_has_its_place(code: str) -> None:
    for message in messages(code).values():
        one, *many = [message.id] if isinstance(message.id, str) else message.id
        wanted = placeholders(many[0] if many else one)
        first, *others = forms(message)
        assert wanted - {"number"} <= placeholders(first) <= wanted, message.id
        assert all(placeholders(form) == wanted for form in [*others, *([] if many else [first])]), message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_sentence_ends_as_it_does_in_english(code: str) -> None:
    for message in messages(code).values():
        ends = _first(message.id)[-1] in ".:?"
        assert all((form[-1] in ".:?") == ends for form in forms(message)), message.id
