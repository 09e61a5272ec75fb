"""Which column of a source is which field of a complaint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from feedback.domain import Attribute
from feedback.errors import SettingError

REQUIRED = ("source_id", "received_at", "text")
ATTRIBUTES = "attributes"
ATTRIBUTE_LENGTH = 120
"""Longer values are prose, not attributes, and are left behind."""

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "source_id": ("id", "ticket_id", "ticket", "case_id", "complaint_id", "message_id", "uuid"),
    "received_at": (
        "received", "created", "created_at", "timestamp", "date", "datetime", "time", "created_on", "received_on",
        "submitted_at", "creation_date", "opened_at",
    ),
    "text": ("body", "message", "content", "complaint", "description", "comment", "feedback", "review"),
    "channel": ("contact_channel", "medium", "via"),
    "language": ("lang", "language_code"),
    "market": ("country", "country_code", "region", "jurisdiction"),
    "brand": ("site", "label", "casino"),
    "product": ("game", "vertical", "product_name"),
    "customer_key": ("customer", "customer_id", "player", "player_id", "user_id", "user", "account_id", "account"),
    "customer_hash": (),
    "customer_segment": ("segment", "vip", "vip_level", "tier", "loyalty_level"),
    "rating": ("csat", "score", "stars", "satisfaction"),
    "first_response_at": ("first_response", "first_reply_at", "answered_at", "responded_at"),
    "resolved_at": ("resolved", "closed_at", "closed", "solved_at"),
    "escalations": ("escalation_count", "escalated"),
    ATTRIBUTES: (),
}  # fmt: skip
FIELDS = tuple(SYNONYMS)

_PERSONAL = re.compile(
    r"((customer|player|user|contact|account|home|billing|client|kunden?|klient)_)?"
    r"(e_?mail|phone|telephone|mobile|cell|tel|iban|bank_account|card|address|street|zip|postcode|postal_code|city"
    r"|birth\w*|date_of_birth|dob|ip|ssn|passport|password|token|(first|last|full|sur|user|nick|middle|maiden)_?name|name"
    r"|handle|vorname|nachname|benutzername|telefon|handy|anschrift|adresse|strasse|straße|plz|ort|geburts\w*|imie|imię"
    r"|nazwisko|adres|ulica|kod_pocztowy|pesel|haslo|hasło|fornavn|etternavn|navn|mobil|fodsels\w*|fødsels\w*"
    r"|personnummer|nimi|etunimi|sukunimi|osoite|puhelin|hetu|henkilotunnus|henkilötunnus)"
    r"(_?(number|nummer|numer|numero|no|nr|address|adresse|adres|holder|line)|_?\d)*"
)


def normal(name: str) -> str:
    """A column's name as it is compared: `Created At`, `createdAt` and `created-at` are all `created_at`."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", split).strip("_").lower()


@dataclass(frozen=True, slots=True)
class Layout:
    """A mapping worked out for one list of columns.

    `places` and `attributes` give positions in it. `absent` are columns that were asked for and are not there,
    `missing` required fields that no column serves.
    """

    width: int
    places: Mapping[str, tuple[int, ...]]
    attributes: Mapping[str, int]
    absent: tuple[str, ...]
    missing: tuple[str, ...]

    def fields(self, values: Sequence[object]) -> dict[str, object]:
        """The fields of a record whose values stand in the order of the columns."""
        fields = {
            name: values[places[0]] if len(places) == 1 else joined(name, [values[place] for place in places])
            for name, places in self.places.items()
        }
        found = {name: attribute(values[place]) for name, place in self.attributes.items()}
        kept = {name: value for name, value in found.items() if value is not None}
        given = fields.get(ATTRIBUTES)
        fields[ATTRIBUTES] = {**given, **kept} if isinstance(given, Mapping) else kept
        return fields


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Field to columns, as the user wrote it; what is not written is found by name and usual synonyms.

    Columns that serve no field become attributes when they hold a number, a truth value, or a string of at most 120
    characters; lists of strings count as one string, joined by commas. Columns named after personal things
    (`email`, `first_name`, `iban` …) are left behind, and so are long strings and nested values, unless
    `attributes=COLUMN+COLUMN` says exactly which columns to take. `a.b` reaches into a nested object.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _layouts: dict[tuple[str, ...], Layout] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, entries: Iterable[str]) -> FieldMapping:
        """Reads `FIELD=COLUMN[+COLUMN]…` entries. Raises SettingError for an unknown field or an empty column."""
        return cls(dict(_entry(entry) for entry in entries))

    def layout(self, names: Sequence[str]) -> Layout:
        """Works the mapping out for columns called `names`."""
        by_name = _positions(names)
        absent = [c for columns in self.columns.values() for c in columns if c not in by_name]
        places = {name: self._places(name, by_name) for name in FIELDS if name != ATTRIBUTES}
        served = {name: found for name, found in places.items() if found}
        return Layout(
            len(names),
            served | self._nested_attributes(by_name),
            self._attributes(names, by_name, {place for found in served.values() for place in found}),
            tuple(absent),
            tuple(name for name in REQUIRED if name not in served),
        )

    def fields(self, record: Mapping[str, object]) -> dict[str, object]:
        """The fields of a record that brings its own names."""
        flat = self._flat(record)
        names = tuple(flat)
        layout = self._layouts.get(names)
        if layout is None:
            layout = self.layout(names)
            if len(self._layouts) < 64:  # a source has a handful of shapes; a hostile one does not get to fill memory
                self._layouts[names] = layout
        return layout.fields(list(flat.values()))

    def _flat(self, record: Mapping[str, object]) -> Mapping[str, object]:
        dotted = [c for columns in self.columns.values() for c in columns if "." in c and c not in record]
        found = {column: _reach(record, column.split(".")) for column in dotted}
        return {**record, **found} if found else record

    def _places(self, name: str, by_name: dict[str, int]) -> tuple[int, ...]:
        if name in self.columns:
            return tuple(by_name[column] for column in self.columns[name] if column in by_name)
        taken = {by_name.get(column) for columns in self.columns.values() for column in columns}
        normals = {normal(column): place for column, place in reversed(by_name.items()) if place not in taken}
        found = (normals[synonym] for synonym in (name, *SYNONYMS[name]) if synonym in normals)
        return tuple(found)[:1]

    def _nested_attributes(self, by_name: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        nested = ATTRIBUTES not in self.columns and ATTRIBUTES in by_name
        return {ATTRIBUTES: (by_name[ATTRIBUTES],)} if nested else {}

    def _attributes(self, names: Sequence[str], by_name: Mapping[str, int], taken: set[int]) -> dict[str, int]:
        if ATTRIBUTES in self.columns:
            return {column: by_name[column] for column in self.columns[ATTRIBUTES] if column in by_name}
        free = {name: place for name, place in by_name.items() if place not in taken and name != ATTRIBUTES}
        return {name: place for name, place in free.items() if name and not _PERSONAL.fullmatch(normal(name))}


def _entry(entry: str) -> tuple[str, tuple[str, ...]]:
    name, sign, right = entry.partition("=")
    columns = tuple(column.strip() for column in right.split("+"))
    if name.strip() not in FIELDS:
        raise SettingError(f"{name.strip()!r} is no field of a complaint. The fields: {', '.join(FIELDS)}.")
    if not sign or not all(columns):
        raise SettingError(f"{entry!r} names no column; write FIELD=COLUMN or FIELD=COLUMN+COLUMN.")
    return name.strip(), columns


def _positions(names: Sequence[str]) -> dict[str, int]:
    by_name: dict[str, int] = {}
    for place, name in enumerate(names):
        by_name.setdefault(name, place)
    return by_name


def _reach(record: object, path: Sequence[str]) -> object:
    for name in path:
        if not isinstance(record, Mapping):
            return None
        record = record.get(name)
    return record


def joined(name: str, values: Iterable[object]) -> object:
    """Several columns as one value: paragraphs of a text, otherwise parted by a blank; empty parts dropped."""
    parts = [str(value).strip() for value in values if isinstance(value, str | int | float)]
    return ("\n\n" if name == "text" else " ").join(part for part in parts if part) or None


def attribute(value: object) -> Attribute | None:
    """A value fit to be an attribute, or None."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    if isinstance(value, str):
        return value if 0 < len(value) <= ATTRIBUTE_LENGTH else None
    return value if isinstance(value, bool | int | float) else None
