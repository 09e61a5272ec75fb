"""The items of a batch: where they come from and their fields, or why they cannot be looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from feedback.api.problems import ProblemError
from feedback.domain import Channel
from feedback.sources.mapping import ATTRIBUTES, FieldMapping, Layout, attribute

ITEM_LIMIT = 1_000
FIELD_LIMIT = 200
SOURCE_LENGTH = 200
NOT_YOURS = "not_your_source"


@dataclass(frozen=True, slots=True)
class Item:
    """`fields` as they were sent; `ignored` names those that no complaint has room for."""

    source: str
    fields: Mapping[str, object]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An item that the intake is not asked about, as it has no source or no fields that could be looked at."""

    index: int
    source: str
    source_id: str | None
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Batch:
    """`items` by their place among all that were sent."""

    items: Mapping[int, Item]
    refused: tuple[RefusedItem, ...]

    def by_source(self) -> dict[str, list[int]]:
        """The places of each source's items, in the order sent."""
        places: dict[str, list[int]] = {}
        for place, item in self.items.items():
            places.setdefault(item.source, []).append(place)
        return places


def as_batch(value: object, default_source: object, sources: Collection[str] = ()) -> Batch:
    """One object, an array of them, or an object with `items` and perhaps a `source` for those without. Where `sources`
    are given, items of others are refused.

    A problem when there are too many (413) or it is something else (422).
    """
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        default_source, value = value.get("source", default_source), value["items"]
    source = _checked_source(default_source)
    values = [value] if isinstance(value, dict) else value
    if not isinstance(values, list):
        raise ProblemError(422, "unreadable-body", "Send one object, an array of objects, or {“items”: […]}.")
    if len(values) > ITEM_LIMIT:
        detail = f"{len(values):,} items were sent; at most {ITEM_LIMIT:,} are taken in one request."
        raise ProblemError(413, "too-many-items", detail)
    read = [_read(place, each, source, sources) for place, each in enumerate(values)]
    items = {place: each for place, each in enumerate(read) if isinstance(each, Item)}
    return Batch(items, tuple(each for each in read if isinstance(each, RefusedItem)))


def _read(index: int, value: object, default_source: str, sources: Collection[str]) -> Item | RefusedItem:
    if not isinstance(value, dict):
        return RefusedItem(index, default_source, None, "not_an_object", "The item is not an object with fields.")
    source = _source(value.get("source", default_source))
    if source is None:
        detail = f"The item's source is not a printable name of 1 to {SOURCE_LENGTH} characters."
        return RefusedItem(index, default_source, None, "bad_source", detail)
    if sources and source not in sources:
        detail = f"This key sends complaints of {', '.join(sources)} alone."
        return RefusedItem(index, source, None, NOT_YOURS, detail)
    if len(value) > FIELD_LIMIT:
        detail = f"The item has {len(value):,} fields; at most {FIELD_LIMIT} are read."
        return RefusedItem(index, source, None, "too_many_fields", detail)
    fields = {name: each for name, each in value.items() if name != "source"}
    return Item(source, fields, tuple(_ignored(fields)))


def _checked_source(value: object) -> str:
    source = _source(value)
    if source is None:
        detail = f"The source is not a printable name of 1 to {SOURCE_LENGTH} characters."
        raise ProblemError(422, "bad-source", detail)
    return source


def _source(value: object) -> str | None:
    name = value.strip() if isinstance(value, str) else ""
    return name if 0 < len(name) <= SOURCE_LENGTH and name.isprintable() else None


@lru_cache(maxsize=64)
def _layout(names: tuple[str, ...]) -> Layout:
    """A sender's items have a handful of shapes."""
    return FieldMapping().layout(names)


def _ignored(fields: Mapping[str, object]) -> Iterator[str]:
    """The fields that become neither a part of a complaint nor an attribute, though they hold something."""
    layout = _layout(tuple(fields))
    served = {place for places in layout.places.values() for place in places}
    for place, (name, value) in enumerate(fields.items()):
        kept = place in served or (name in layout.attributes and attribute(value) is not None)
        if not kept and value not in (None, "", [], {}):
            yield name.encode("utf-8", "replace").decode()


_TEXT = {"type": "string"}
_ITEM: dict[str, Any] = {
    "type": "object",
    "title": "Complaint",
    "description": "One complaint. Only the first three fields are required; what cannot be read of the others is left "
    "behind or kept as an attribute, and costs no complaint its place.",
    "required": ["source_id", "received_at", "text"],
    "properties": {
        "source_id": {
            "type": ["string", "number"],
            "description": "Its id there; a long one is kept as its hash.",
        },
        "received_at": {**_TEXT, "format": "date-time", "description": "When it came in, with its zone."},
        "text": {**_TEXT, "description": "What the customer wrote; redacted before it is stored."},
        "source": {"description": "Where it comes from: a name."},
        "channel": {"description": f"One of {', '.join(Channel)}; what is something else counts as other."},
        "language": {"description": "ISO 639-1; detected when absent."},
        "market": {"description": "The customer's market, such as DE."},
        "brand": {"description": "The brand it is about."},
        "product": {"description": "The game or product it is about."},
        "customer_key": {"description": "The customer's id; only a keyed hash of it is stored."},
        "customer_segment": {"description": "What kind of customer, such as VIP."},
        "rating": {"description": "A number, in the source's unit."},
        "first_response_at": {"description": "When it was answered, a time."},
        "resolved_at": {"description": "When it was settled, a time."},
        "escalations": {"description": "How often it was passed on, a number."},
        ATTRIBUTES: {
            "description": "An object with anything else worth comparing, such as the payment method: strings, "
            "numbers, truth values."
        },
    },
    "additionalProperties": True,
}
_EXAMPLE = {
    "source_id": "48213",
    "received_at": "2026-03-02T09:14:00+01:00",
    "text": "Mein Bonus wurde nach der Einzahlung nicht gutgeschrieben.",
    "channel": "e-mail",
    "market": "DE",
    "customer_key": "c-9912",
    ATTRIBUTES: {"payment_method": "Trustly"},
}


def batch_schema() -> dict[str, Any]:
    """OpenAPI's description of what `as_batch` reads."""
    item = {"$ref": "#/components/schemas/Complaint"}
    many = {"type": "array", "maxItems": ITEM_LIMIT, "items": item}
    wrapped = {"type": "object", "required": ["items"], "properties": {"source": _TEXT, "items": many}}
    return {
        "schema": {"anyOf": [item, many, {**wrapped, "title": "Batch"}]},
        "examples": {
            "one": {"summary": "One complaint", "value": _EXAMPLE},
            "many": {"summary": "Several", "value": [_EXAMPLE, {**_EXAMPLE, "source_id": "48214"}]},
            "batch": {"summary": "A batch of one source", "value": {"source": "zendesk", "items": [_EXAMPLE]}},
        },
    }


def item_schema() -> dict[str, Any]:
    """OpenAPI's description of one complaint."""
    return _ITEM
