"""Reads the file of entities: what complaints may name, and in which words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from feedback.errors import EntitiesError
from feedback.strict_yaml import read_yaml

SHIPPED = ("casino",)
"""Files that come with the package, by name."""

KEYS = ("extends", "names", "endings", "amounts", "durations", "numbers")
RESERVED = ("amount", "duration", "word")
"""Kinds that have a meaning of their own."""


@dataclass(frozen=True, slots=True)
class Name:
    """A payment method, a game or whatever else the file calls the `kind`, with the words it is known by."""

    kind: str
    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Currency:
    """`bands` are the amounts, ascending, that part one band from the next."""

    code: str
    words: tuple[str, ...]
    bands: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of time; `words` follow a number, `alone` says as much without one."""

    name: str
    hours: float
    words: tuple[str, ...]
    alone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """What is looked for. `endings` may follow a name, `numbers` are numbers in words."""

    names: tuple[Name, ...] = ()
    endings: tuple[str, ...] = ()
    currencies: tuple[Currency, ...] = ()
    units: tuple[Unit, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)

    def extended(self, own: Book) -> Book:
        """This and `own`, whose entries take the place of those of the same kind and name; without words, they go."""
        names = {(each.kind, each.name.casefold()): each for each in (*self.names, *own.names)}
        currencies = {each.code: each for each in (*self.currencies, *own.currencies)}
        units = {each.name: each for each in (*self.units, *own.units)}
        return Book(
            tuple(names.values()),
            tuple(dict.fromkeys((*self.endings, *own.endings))),
            tuple(currencies.values()),
            tuple(units.values()),
            {**self.numbers, **own.numbers},
        )


def load_book(setting: str | Path) -> Book:
    """What is looked for in complaints.

    `setting` is `casino` (the shipped file), `none` (nothing) or the path of a YAML file of the same form, which may
    extend the shipped one. Raises EntitiesError, naming the file, the entry and what would be right.
    """
    if str(setting) == "none":
        return Book()
    place = str(setting)
    document = read_yaml(_locate(setting), "entities file", place, SHIPPED, EntitiesError)
    return _book(document, f"The entities file {place}")


def _locate(setting: str | Path) -> Path | Traversable:
    if str(setting) in SHIPPED:
        return resources.files("feedback") / "entities" / f"{setting}.yaml"
    return Path(setting)


def _book(document: object, what: str) -> Book:
    known = _mapping(document, what)
    _refuse_unknown(known, KEYS, what)
    if not known:
        raise EntitiesError(f"{what} is empty; to look for nothing, set entities to `none`.")
    own = Book(
        tuple(_names(known.get("names"), what)),
        _words(known, "endings", what),
        tuple(_currency(each, f"{what}, amounts") for each in _list(known, "amounts", what)),
        tuple(_unit(each, f"{what}, durations") for each in _list(known, "durations", what)),
        dict(_numbers(known.get("numbers"), what)),
    )
    extends = known.get("extends")
    if extends is None:
        return own
    if extends not in SHIPPED:
        raise EntitiesError(f"{what}: `extends` is {extends!r}, it may be: {', '.join(SHIPPED)}.")
    return load_book(str(extends)).extended(own)


def _names(value: object, what: str) -> Iterator[Name]:
    for kind, entries in _mapping(value, f"{what}: `names`").items():
        if not isinstance(kind, str) or not kind.strip() or kind in RESERVED:
            raise EntitiesError(f"{what}: {kind!r} cannot be a kind of name; give text other than {_or(RESERVED)}.")
        seen: set[str] = set()
        for entry in _list({kind: entries}, kind, what):
            name = _name(kind.strip(), entry, f"{what}, {kind}")
            if name.name.casefold() in seen:
                raise EntitiesError(f"{what}, {kind}: {name.name} is there twice.")
            seen.add(name.name.casefold())
            yield name


def _name(kind: str, entry: object, what: str) -> Name:
    if not isinstance(entry, dict):
        name = _text(entry, what)
        return Name(kind, name, (name,))
    _refuse_unknown(entry, ("name", "words"), what)
    name = _required(entry, "name", what)
    return Name(kind, name, _words(entry, "words", f"{what}, {name}") if "words" in entry else (name,))


def _currency(entry: object, what: str) -> Currency:
    known = _mapping(entry, what)
    _refuse_unknown(known, ("currency", "words", "bands"), what)
    code = _required(known, "currency", what)
    bands = tuple(_number(each, f"{what}, {code}: a band") for each in _list(known, "bands", f"{what}, {code}"))
    if not bands or list(bands) != sorted(set(bands)):
        raise EntitiesError(f"{what}, {code}: `bands` must be amounts, each larger than the one before.")
    return Currency(code, _words(known, "words", f"{what}, {code}"), bands)


def _unit(entry: object, what: str) -> Unit:
    known = _mapping(entry, what)
    _refuse_unknown(known, ("unit", "hours", "words", "alone"), what)
    name = _required(known, "unit", what)
    hours = _number(known.get("hours"), f"{what}, {name}: `hours`")
    within = f"{what}, {name}"
    return Unit(name, hours, _words(known, "words", within), _words(known, "alone", within))


def _numbers(value: object, what: str) -> Iterator[tuple[str, float]]:
    for number, words in _mapping(value, f"{what}: `numbers`").items():
        amount = _number(number, f"{what}: a key in `numbers`")
        yield from ((word.lower(), amount) for word in _words({"numbers": words}, "numbers", what))


def _mapping(value: object, what: str) -> Mapping[object, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise EntitiesError(f"{what} is not a mapping of keys to values.")
    return value


def _refuse_unknown(mapping: Mapping[object, object], known: Sequence[str], what: str) -> None:
    unknown = [str(key) for key in mapping if key not in known]
    if unknown:
        raise EntitiesError(f"{what} has the unknown key `{unknown[0]}`; known: {', '.join(known)}.")


def _list(mapping: Mapping[object, object] | Mapping[str, object], key: str, what: str) -> Sequence[object]:
    value = dict(mapping).get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise EntitiesError(f"{what}: `{key}` must be a list.")
    return value


def _words(mapping: Mapping[object, object] | Mapping[str, object], key: str, what: str) -> tuple[str, ...]:
    words = (_text(each, f"{what}: {each!r} in `{key}`") for each in _list(mapping, key, what))
    return tuple(dict.fromkeys(words))


def _required(mapping: Mapping[object, object], key: str, what: str) -> str:
    if mapping.get(key) is None:
        raise EntitiesError(f"{what}: an entry has no `{key}`.")
    return _text(mapping[key], f"{what}: `{key}`")


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        hint = "; put it in quotes" if isinstance(value, bool | int | float) else ""
        raise EntitiesError(f"{what} is not text{hint}.")
    return " ".join(value.split())


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        raise EntitiesError(f"{what} is {value!r}, it must be a number above 0.")
    return float(value)


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
