"""Erase everything of one customer, so that no byte of it is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from feedback.domain import Author
from feedback.errors import FeedbackError
from feedback.intake.pipeline import customer_hash, is_customer_hash
from feedback.settings import hash_key
from feedback.store import departures, erasures
from feedback.store.complaints import complaints_by_id
from jobs.context import Context
from jobs.pages import drop_originals_of, scrub_pages
from jobs.vocabulary import drop_words_of

BATCH = 500
LEAST_KEY = 4
"""Characters of a key that is looked for by itself: a shorter one may mean anything."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Who is meant: the `hash` that complaints keep, and the `key` where it was given."""

    hash: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, all runs of it together; `before` is when the customer had been erased already."""

    customer_hash: str
    counts: Mapping[str, int]
    before: datetime | None


def find_customer(context: Context, given: str) -> Customer:
    """The customer of a key, or of the hash that complaints keep of it. FeedbackError where nothing is given."""
    given = given.strip()
    if is_customer_hash(given) and _is_known(context, given):
        return Customer(given, None)
    hashed = customer_hash(hash_key(context.settings.data_dir), given)
    if hashed is None:
        raise FeedbackError("The customer's key is empty; give it as your other systems write it.")
    return Customer(hashed, given)


def erase(context: Context, customer: Customer, by: Author) -> Erased:
    """Erase what was received of a customer up to now, a batch a transaction; killed, the same call finishes it.

    FeedbackError where nothing is kept of such a customer, nor ever was erased; and where other processes keep what was
    erased in the file for as long as they read.
    """
    before = _finished_at(context, customer)
    if not _is_known(context, customer.hash):
        raise FeedbackError(nothing_kept(customer))
    with context.database.write() as connection:
        number = erasures.begin(connection, customer.hash, by)
    _erase_complaints(context, customer, number, by.at)
    files = drop_originals_of(context, lambda fields: _hash_of(context, fields) == customer.hash, customer.key)
    with context.database.write() as connection:
        rejected = departures.drop_rejected_of(connection, customer.hash)
        named = _unname(connection, customer.key)
        gone = {"rejected records": rejected, "original files": files, "mentions of the key": named}
        erasures.add_counts(connection, number, gone)
    if not context.database.scrub():
        raise FeedbackError(
            "All rows are deleted, but another process still reads the database, and the file holds what it sees. "
            "Run the same command again, if need be with the service stopped."
        )
    with context.database.write() as connection:
        return Erased(customer.hash, erasures.finish(connection, number, context.wall()), before)


def nothing_kept(customer: Customer) -> str:
    """What is said where nothing is known of a customer."""
    return (
        f"No complaint of this customer is kept, nor any rejected record (hash {customer.hash[:12]}…). The key must be "
        "written as in the complaints' files; complaints without a customer key cannot be found."
    )


def _erase_complaints(context: Context, customer: Customer, number: int, until: datetime) -> None:
    with context.database.read() as connection:
        total = len(departures.complaints_of(connection, customer.hash, until))
    with context.progress.task("Erasing", total) as advance:
        while total:
            with context.database.read() as connection:
                ids = departures.complaints_of(connection, customer.hash, until, BATCH)
                written = complaints_by_id(connection, ids)
            if not ids:
                break
            # first what is beside them: without the texts, a run after this one was killed would not know what to look
            # for
            words = drop_words_of(context, customer.hash, {key: (e.language, e.text) for key, e in written.items()})
            texts = [each.text for each in written.values()]
            pages = scrub_pages(context, texts)
            with context.database.write() as connection:
                gone = departures.forget(connection, ids)
                erasures.add_counts(connection, number, {**gone, "pages": pages, "words": words})
            scrub_pages(
                context, texts
            )  # who wrote a page meanwhile sees what has gone, and writes it again, or is seen
            advance(total - len(ids))


def _unname(connection: Connection, key: str | None) -> int:
    """Take the customer's key out of what was told of others, where it is long enough to be theirs alone."""
    if key is None or len(key) < LEAST_KEY:
        return 0
    return departures.drop_attributes(connection, key) + departures.drop_drivers(connection, {key})


def _is_known(context: Context, hashed: str) -> bool:
    """Whether anything is kept of a customer, or was and is erased."""
    with context.database.read() as connection:
        return departures.is_kept(connection, hashed) or bool(erasures.erasures_of(connection, hashed))


def _finished_at(context: Context, customer: Customer) -> datetime | None:
    with context.database.read() as connection:
        done = [row.at for row in erasures.erasures_of(connection, customer.hash) if row.finished_at]
    return done[-1] if done else None


def _hash_of(context: Context, fields: Mapping[str, object]) -> str | None:
    return customer_hash(hash_key(context.settings.data_dir), fields.get("customer_key"))
