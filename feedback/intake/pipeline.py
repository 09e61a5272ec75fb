"""From a raw record to a complaint, or to a rejected record that says why not."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feedback.domain import Attribute, Complaint, RejectedRecord
from feedback.errors import SettingError
from feedback.intake.dates import DateError, Moment, read_moment
from feedback.intake.details import read_details
from feedback.intake.kinds import ALL_KINDS
from feedback.intake.language import known_language, language_of
from feedback.intake.validate import clean, plain, short

LANGUAGES = ("de", "pl", "nb", "fi", "en")
LONGEST = 1_000_000
"""Characters of a text beyond which it is no complaint but a mishap."""

_EXCERPT = 500
_LEAST_KEY = 4
_SOURCE_ID_LENGTH = 200
_MOST_ATTRIBUTES = 50
_PLAIN_NUMBER = 10_000_000
_DIALLED = re.compile(r"(?:\+|00)[0-9 ]{8,}")
_HASH = re.compile(r"[0-9a-f]{64}")
_KEPT = (
    "source_id", "received_at", "text", "channel", "language", "market", "brand", "product", "customer_segment",
    "rating", "first_response_at", "resolved_at", "escalations",
)  # fmt: skip


class _RejectionError(Exception):
    """A record cannot become a complaint. Its arguments: the reason's code and the sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """How records are read.

    `hash_key` keys the hashes of customers and must stay the same for as long as their complaints are kept.
    `redact` names kinds out of `feedback.intake.kinds.ENTITIES`. Texts are kept to `max_text` characters; of a longer
    one the first so many, and its attribute `text_cut_from` says how long it was.
    """

    hash_key: bytes = field(repr=False)
    languages: tuple[str, ...] = LANGUAGES
    time_zone: str = "UTC"
    redact: tuple[str, ...] = ALL_KINDS
    max_text: int = 20_000


@dataclass(slots=True)
class Tally:
    """What an intake has assumed or changed so far, for the command to tell."""

    naive_dates: int = 0
    cut_texts: int = 0


class Intake:
    """Validates, redacts and completes one record at a time; the same record gives the same complaint.

    Raises SettingError when made with an empty key, an unknown time zone, language or kind.
    """

    def __init__(self, options: IntakeOptions) -> None:
        if not options.hash_key:
            raise SettingError("The key for hashing customers is empty; set one and keep it.")
        if not options.languages:
            raise SettingError("No language is configured; at least one is needed.")
        from feedback.intake.redact import redactor

        self.options = options
        self.zone = _zone(options.time_zone)
        self.tally = Tally()
        self._redactor = redactor(options.redact)
        self._id_redactor = redactor(("email", "iban"))
        language_of("some words to load the detector with", None, options.languages)

    def take(
        self, fields: Mapping[str, object], source: str, place: str, line: int | None, now: datetime
    ) -> Complaint | RejectedRecord:
        """The complaint in `fields`, which bear the names of a complaint's fields; `now` is aware UTC.

        `source_id`, `received_at` and `text` are required; nothing else costs a record its place: what cannot be
        read of the rest is kept as an attribute under the field's name. Never raises for what is in `fields`.
        """
        try:
            return self._complaint(fields, source, now)
        except (_RejectionError, DateError) as rejection:
            return RejectedRecord(
                source, place, line, rejection.reason, self._redactor.redact(rejection.detail), self._kept(fields)
            )

    def _complaint(self, fields: Mapping[str, object], source: str, now: datetime) -> Complaint:
        source_id = self._source_id(fields.get("source_id"))
        received = self._received(fields.get("received_at"), now)
        raw = _text(fields.get("text"))
        text = self._redactor.redact(raw, self.options.max_text)
        details = read_details(fields, partial(self._later, received=received.at, now=now))
        attributes = self._attributes(fields, details.unread)
        if len(raw) > self.options.max_text:
            attributes["text_cut_from"] = len(raw)
            self.tally.cut_texts += 1
        self.tally.naive_dates += received.is_naive
        market = self._short(details.market)
        return Complaint(
            source=source,
            source_id=source_id,
            received_at=received.at,
            text=text,
            text_hash=text_hash(text),
            language=known_language(fields.get("language")) or language_of(text, market, self.options.languages),
            channel=details.channel,
            market=market,
            brand=self._short(details.brand),
            product=self._short(details.product),
            customer_hash=self._customer(fields),
            customer_segment=self._short(details.customer_segment),
            rating=details.rating,
            first_response_at=details.first_response_at,
            resolved_at=details.resolved_at,
            escalations=details.escalations,
            attributes=attributes,
        )

    def _received(self, value: object, now: datetime) -> Moment:
        if not isinstance(value, datetime) and short(value) is None:
            raise DateError("missing_date", "The record does not say when it was received.")
        return read_moment(value, self.zone, now)

    def _later(self, value: object, received: datetime, now: datetime) -> datetime | None:
        """A moment after the receipt; None when it cannot be read or cannot be meant."""
        try:
            at = read_moment(value, self.zone, now).at
        except DateError:
            return None
        return at if at >= received else None

    def _source_id(self, value: object) -> str:
        """An id that is personal itself (an address, an account, a phone number) or too long is kept as its hash."""
        text = clean(plain(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        if not text:
            raise _RejectionError("missing_source_id", "The record has no id in its source.")
        personal = len(text) > _SOURCE_ID_LENGTH or _DIALLED.fullmatch(text) or self._id_redactor.spans(text)
        return self._hash(text) if personal else text

    def _id_or_none(self, value: object) -> str | None:
        try:
            return self._source_id(value)
        except _RejectionError:
            return None

    def _customer(self, fields: Mapping[str, object]) -> str | None:
        given = fields.get("customer_hash")
        if isinstance(given, str) and _HASH.fullmatch(given):
            return given
        return customer_hash(self.options.hash_key, fields.get("customer_key"))

    def _hash(self, text: str) -> str:
        return _keyed(self.options.hash_key, text)

    def _short(self, value: object) -> str | None:
        text = short(value)
        return None if text is None else self._redactor.short(text)

    def _attributes(self, fields: Mapping[str, object], unread: Mapping[str, object]) -> dict[str, Attribute]:
        """The free attributes but those that say the customer's key again, which is kept as a hash alone."""
        given, key = fields.get("attributes"), _key(fields.get("customer_key"))
        pairs = {**given, **unread} if isinstance(given, Mapping) else unread
        if len(key) >= _LEAST_KEY:
            pairs = {name: value for name, value in pairs.items() if _key(value) != key}
        named = ((self._short(name), self._attribute(value)) for name, value in islice(pairs.items(), _MOST_ATTRIBUTES))
        return {name: value for name, value in named if name is not None and value is not None}

    def _attribute(self, value: object) -> Attribute | None:
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float) and abs(value) < _PLAIN_NUMBER:
            return value
        return self._short(value)  # a long number may be an account or a person's

    def _kept(self, fields: Mapping[str, object]) -> dict[str, object]:
        """What a rejected record keeps: known fields, redacted and cut, the customer as a hash.

        The id is the one its complaint would have: a placeholder would make one complaint of many when taken in again.
        """
        kept: dict[str, object] = {name: self._excerpt(fields[name], name) for name in _KEPT if name in fields}
        kept["source_id"] = self._id_or_none(fields.get("source_id"))
        kept["customer_hash"] = self._customer(fields)
        kept["attributes"] = self._attributes(fields, {})
        return {name: value for name, value in kept.items() if value not in (None, {})}

    def _excerpt(self, value: object, name: str) -> object:
        if isinstance(value, str):
            limit = self.options.max_text if name == "text" and len(value) <= LONGEST else _EXCERPT
            return self._redactor.redact(clean(value[: 2 * limit]), limit)
        return self._attribute(value) if isinstance(value, bool | int | float | datetime) else None


def customer_hash(hash_key: bytes, key: object) -> str | None:
    """What a complaint keeps of its customer's key, HMAC-SHA-256 in hex; None where there is nothing in it."""
    text = _key(key)
    return _keyed(hash_key, text) if text else None


def _key(value: object) -> str:
    """What a customer is known by, as it is hashed; empty for what is no key."""
    return clean(plain(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def is_customer_hash(text: str) -> bool:
    return _HASH.fullmatch(text) is not None


def _keyed(hash_key: bytes, text: str) -> str:
    return hmac.new(hash_key, text.encode(), hashlib.sha256).hexdigest()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(f"There is no time zone {name!r}; names look like Europe/Berlin.") from None


def _text(value: object) -> str:
    if value is None or value == "":
        raise _RejectionError("empty_text", "The record has no text.")
    if not isinstance(value, str):
        raise _RejectionError("bad_text", "The text is not a string.")
    if len(value) > LONGEST:
        raise _RejectionError("too_long", f"The text has {len(value):,} characters; at most {LONGEST:,} are taken.")
    if not (text := clean(value)):
        raise _RejectionError("empty_text", "The text holds nothing but blanks.")
    return text


def text_hash(text: str) -> str:
    """SHA-256 in hex of a redacted text, in NFC and with all white space folded."""
    return hashlib.sha256(" ".join(unicodedata.normalize("NFC", text).split()).encode()).hexdigest()
