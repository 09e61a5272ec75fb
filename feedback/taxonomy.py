"""Reads the taxonomy: the file of pinned topics that people write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from feedback.domain import PinnedTopic, Severity
from feedback.errors import TaxonomyError
from feedback.owners import Charge, Owned
from feedback.strict_yaml import read_yaml

SHIPPED = ("casino",)
"""Taxonomies that come with the package, by name."""

NONE = "none"
"""The setting without any pinned topics."""

_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo
es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka
kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng
nl nn nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv
sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""

LANGUAGES = frozenset(_CODES.split())
"""ISO 639-1, without `no`: Norwegian is `nb` or `nn`, and YAML reads a bare `no` as false."""

CHARGES = {f"{each}s": each for each in Owned}
"""What the file's `owners` may name."""

TOPIC_KEYS = ("id", "name", "owner", "area", "severity", "phrases")


def load_taxonomy(setting: str | Path) -> tuple[PinnedTopic, ...]:
    """The pinned topics of a taxonomy, in the order of the file.

    `setting` is `casino` (the shipped taxonomy), `none` (no pinned topics) or the path of a YAML file of the same
    form. Raises TaxonomyError, naming the file, the topic and what would be right.
    """
    return () if str(setting) == NONE else _topics(_document(setting), str(setting))


def load_owners(setting: str | Path) -> Mapping[Charge, str]:
    """Who answers for areas, markets and brands by a taxonomy's `owners`. TaxonomyError as `load_taxonomy`."""
    document = None if str(setting) == NONE else _document(setting)
    owners = document.get("owners") if isinstance(document, dict) else None
    return _charges(owners, f"`owners` in the taxonomy {setting}") if owners is not None else {}


def _document(setting: str | Path) -> object:
    return read_yaml(_locate(setting), "taxonomy", str(setting), SHIPPED, TaxonomyError)


def _charges(owners: object, what: str) -> Mapping[Charge, str]:
    if not isinstance(owners, dict):
        raise TaxonomyError(f"{what} must be a mapping with some of: {', '.join(CHARGES)}.")
    _refuse_unknown(owners, tuple(CHARGES), what)
    found: dict[Charge, str] = {}
    for plural, values in owners.items():
        if not isinstance(values, dict):
            raise TaxonomyError(f"{what}: `{plural}` must map each to its owner, such as `DE: team-dach`.")
        for value in values:
            if not isinstance(value, str) or not value.strip():
                raise TaxonomyError(f"{what}: {value!r} under `{plural}` must be text{_quote_hint(value)}.")
            found[Charge(CHARGES[plural], value.strip())] = _text(values, value, f"{what}, `{plural}`")
    return found


def _locate(setting: str | Path) -> Path | Traversable:
    if str(setting) in SHIPPED:
        return resources.files("feedback") / "taxonomies" / f"{setting}.yaml"
    return Path(setting)


def _topics(document: object, place: str) -> tuple[PinnedTopic, ...]:
    entries = _entries(document, place)
    topics = tuple(_topic(entry, number, place) for number, entry in enumerate(entries, start=1))
    _refuse_doubles(topics, place)
    return topics


def _entries(document: object, place: str) -> Sequence[object]:
    if not isinstance(document, dict) or "topics" not in document:
        raise TaxonomyError(f"The taxonomy {place} has no list `topics:` at its top level.")
    _refuse_unknown(document, ("topics", "owners"), f"The taxonomy {place}")
    entries = document["topics"]
    if not isinstance(entries, list) or not entries:
        raise TaxonomyError(
            f"`topics` in the taxonomy {place} must be a list with at least one topic; "
            "for no pinned topics at all, set the taxonomy to `none`."
        )
    return entries


def _refuse_unknown(mapping: Mapping[object, object], known: Sequence[str], what: str) -> None:
    unknown = [str(key) for key in mapping if key not in known]
    if unknown:
        raise TaxonomyError(f"{what} has the unknown key `{unknown[0]}`; known: {', '.join(known)}.")


def _topic(entry: object, number: int, place: str) -> PinnedTopic:
    if not isinstance(entry, dict):
        raise TaxonomyError(f"Topic {number} in the taxonomy {place} is not a mapping with id, name and phrases.")
    what = _what(entry, number, place)
    _refuse_unknown(entry, TOPIC_KEYS, what)
    key = _text(entry, "id", what)
    return PinnedTopic(
        key=key,
        name=_text(entry, "name", what) if "name" in entry else key,
        owner=_optional_text(entry, "owner", what),
        area=_optional_text(entry, "area", what),
        phrases=_phrases(entry.get("phrases"), what),
        severity=_severity(_optional_text(entry, "severity", what), what),
    )


def _what(entry: Mapping[object, object], number: int, place: str) -> str:
    name = entry.get("id", entry.get("name"))
    label = f" ({name})" if isinstance(name, str) else ""
    return f"Topic {number}{label} in the taxonomy {place}"


def _text(entry: Mapping[object, object], key: str, what: str) -> str:
    value = entry.get(key)
    if value is None:
        raise TaxonomyError(f"{what} has no `{key}`.")
    if not isinstance(value, str) or not value.strip():
        raise TaxonomyError(f"{what}: `{key}` is {value!r}, it must be text{_quote_hint(value)}.")
    return value.strip()


def _optional_text(entry: Mapping[object, object], key: str, what: str) -> str | None:
    return None if entry.get(key) is None else _text(entry, key, what)


def _severity(value: str | None, what: str) -> Severity | None:
    if value is not None and value not in tuple(Severity):
        raise TaxonomyError(f"{what}: `severity` is {value!r}, it must be one of {', '.join(Severity)}.")
    return None if value is None else Severity(value)


def _quote_hint(value: object) -> str:
    return "; put it in quotes" if isinstance(value, bool | int | float) else ""


def _phrases(value: object, what: str) -> Mapping[str, tuple[str, ...]]:
    if value is None:
        raise TaxonomyError(f"{what} has no `phrases`; give examples by language, such as `en: [My bonus is missing]`.")
    if not isinstance(value, dict):
        raise TaxonomyError(f"{what}: `phrases` must map language codes to lists of examples.")
    phrases = {_language(code, what): _examples(code, texts, what) for code, texts in value.items()}
    if not phrases:
        raise TaxonomyError(f"{what} has no phrases in any language; give at least one.")
    return phrases


def _language(code: object, what: str) -> str:
    if code is False or code == "no":
        raise TaxonomyError(f"{what}: the language `no` is written `nb` (Bokmål) or `nn` (Nynorsk).")
    if not isinstance(code, str) or code not in LANGUAGES:
        raise TaxonomyError(
            f"{what}: `{code}` is no ISO 639-1 language code; write two small letters such as `en`, `de` or `nb`."
        )
    return code


def _examples(code: object, texts: object, what: str) -> tuple[str, ...]:
    if not isinstance(texts, list) or not texts:
        raise TaxonomyError(f"{what}: the phrases in `{code}` must be a list with at least one example.")
    return tuple(_example(text, f"{what}: phrase {place} in `{code}`") for place, text in enumerate(texts, start=1))


def _example(text: object, what: str) -> str:
    if not isinstance(text, str) or not text.strip():
        hint = " (a phrase with a colon followed by a space needs quotes)" if isinstance(text, dict) else ""
        raise TaxonomyError(f"{what} is not text{_quote_hint(text)}{hint}.")
    return " ".join(text.split())


def _refuse_doubles(topics: Sequence[PinnedTopic], place: str) -> None:
    _refuse_double(topics, lambda topic: topic.key, "id", place)
    _refuse_double(topics, lambda topic: topic.name.casefold(), "name", place)


def _refuse_double(topics: Sequence[PinnedTopic], value: Callable[[PinnedTopic], str], field: str, place: str) -> None:
    first: dict[str, int] = {}
    for number, topic in enumerate(topics, start=1):
        seen = first.setdefault(value(topic), number)
        if seen != number:
            raise TaxonomyError(
                f"Topics {seen} and {number} in the taxonomy {place} have the same {field}, {topic.key}; "
                f"each topic needs its own {field}."
            )
