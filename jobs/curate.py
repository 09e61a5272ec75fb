"""What people do to topics: each is written down with who and why, holds at once and for good, and can be undone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from feedback.alerts import resolve
from feedback.domain import Author, Severity, derived_id
from feedback.edits import LABELS, Curation, Edit, EditKind, fold
from feedback.errors import FeedbackError
from feedback.store import alerts, counts, edits, topics
from feedback.store.embeddings import decode_vectors
from feedback.store.kept_counts import mark_kept
from feedback.store.labels import label, refuse_hidden
from jobs.assign import moved
from jobs.candidate import listed
from jobs.context import Context
from jobs.notices import write_notices
from jobs.published import Published, published, read_rule
from models.centre import Floats
from models.curate import split as cut
from models.topics import describe, name_of

EXAMPLES = 40
"""So many complaints nearest its centre say what a part of a split topic is about, in any later version."""

DESCRIBED = 20_000
"""At most so many of the latest complaints are read to find the words of a topic that changed."""


def find_topic(context: Context, named: str, *, of_old: bool = False) -> UUID:
    """The topic of that id, beginning of an id, or name; `of_old` also one of versions before.

    FeedbackError when there is none, or more than one.
    """
    known = {each.id: each.name for each in _current(context).topics}
    if of_old:
        with context.database.read() as connection:
            hidden = edits.curation(connection).hidden
            known |= {key: row.name for key, row in topics.topic_names(connection).items() if key not in hidden}
    wanted = named.strip().casefold()
    found = [key for key in known if str(key) == wanted]
    found = found or [key for key, name in known.items() if name.casefold() == wanted]
    found = found or [key for key in known if len(wanted) >= 4 and str(key).startswith(wanted)]
    if len(found) != 1:
        what = "no topic" if not found else f"{len(found)} topics"
        raise FeedbackError(f"There is {what} {named!r}; `feedback topics list` shows all, by name and id.")
    return found[0]


def rename(context: Context, topic_id: UUID, name: str, by: Author) -> Edit:
    """Give a topic a name for good."""
    return _label(context, EditKind.RENAME, topic_id, name, by)


def own(context: Context, topic_id: UUID, owner: str, by: Author) -> Edit:
    """Say who answers for a topic."""
    return _label(context, EditKind.OWNER, topic_id, owner, by)


def place(context: Context, topic_id: UUID, area: str, by: Author) -> Edit:
    """Say to which area a topic belongs."""
    return _label(context, EditKind.AREA, topic_id, area, by)


def grade(context: Context, topic_id: UUID, severity: Severity, by: Author) -> Edit:
    """Say how grave a topic is."""
    return _label(context, EditKind.SEVERITY, topic_id, severity, by)


def merge(context: Context, gone: UUID, into: UUID, by: Author) -> Edit:
    """Let topic `into` take all complaints of `gone`, now and later."""
    if gone == into:
        raise FeedbackError("A topic cannot be merged with itself.")
    return _decide(context, EditKind.MERGE, gone, {"into": str(into)}, by, (into,))


def split(context: Context, topic_id: UUID, parts: int, by: Author) -> Edit:
    """Cut a topic into `parts` by what its complaints are about. FeedbackError when they are too few."""
    current = _current(context)
    with context.write() as connection:  # from here on: what is erased after it was read would be written down again
        found = _cut(connection, current, topic_id, parts, by)
        return _write(context, connection, current, EditKind.SPLIT, topic_id, {"parts": found}, by, _parts(found))


def _cut(connection: Connection, current: Published, topic_id: UUID, parts: int, by: Author) -> list[dict[str, Any]]:
    """The parts with their names and examples."""
    rows = topics.vectors_of_topic(connection, current.version.id, topic_id, current.version.encoder_version)
    texts = topics.texts_of(connection, [row.id for row in rows])
    if len(rows) < 2 * parts:
        raise FeedbackError(f"The topic has {len(rows)} complaints, too few to be cut into {parts}.")
    languages = [row.language for row in rows]
    vectors = current.model.offsets.apply(decode_vectors([row.vector for row in rows]), languages)
    labels = cut(vectors, parts)
    if len(np.unique(labels)) < parts:
        raise FeedbackError(f"The topic's complaints are too much alike to be cut into {parts}.")
    words = describe([texts[row.id] for row in rows], languages, labels)
    return [
        {
            "id": str(derived_id("part", topic_id, by.at, label)),
            "name": name_of(words[label]) or f"Part {label + 1}",
            "examples": [str(rows[row].id) for row in _central(vectors, labels == label)],
        }
        for label in range(parts)
    ]


def _central(vectors: Floats, inside: NDArray[np.bool_]) -> list[int]:
    """The rows inside a part that are nearest its centre."""
    rows = np.flatnonzero(inside)
    nearest = np.argsort(-(vectors[rows] @ vectors[rows].mean(axis=0)), kind="stable")
    found: list[int] = rows[nearest[:EXAMPLES]].tolist()
    return found


def _parts(found: Sequence[Mapping[str, Any]]) -> list[UUID]:
    return [UUID(each["id"]) for each in found]


def move(context: Context, chosen: Sequence[UUID], topic_id: UUID, by: Author) -> Edit:
    """Say that complaints belong to a topic, whatever they are like. FeedbackError when one is not known."""
    return _decide(context, EditKind.MOVE, topic_id, {"complaints": [str(each) for each in chosen]}, by, (topic_id,))


def pin(context: Context, topic_id: UUID, by: Author) -> Edit:
    """Keep a topic for good as it is, like one of the taxonomy."""
    return _decide(context, EditKind.PIN, topic_id, {}, by)


def retire(context: Context, topic_id: UUID, by: Author) -> Edit:
    """Let a topic go: nobody sees it any more, and complaints like its own belong to no topic."""
    return _decide(context, EditKind.RETIRE, topic_id, {}, by)


def undo(context: Context, edit_id: int, by: Author) -> Edit:
    """Take a decision back. FeedbackError when there is none of that number in force."""
    current = _current(context)
    with context.write() as connection:
        undone = edits.undo_edit(connection, edit_id, by.at, by.who, by.why)
        if undone is None:
            raise FeedbackError(f"No decision {edit_id} is in force; `feedback topics edits` lists them.")
        if undone.kind in LABELS:
            topics.apply_labels(connection, _with_value(edits.curation(connection), undone))
        _take_effect(context, connection, current, by, _touched(undone))
    return undone


def _current(context: Context) -> Published:
    current = published(context)
    if current is None:
        raise FeedbackError("There are no topics yet: `feedback run retrain` trains the first version.")
    return current


def _label(context: Context, kind: EditKind, topic_id: UUID, value: str, by: Author) -> Edit:
    with context.write() as connection:
        return label(connection, kind, topic_id, value, by)


def _decide(
    context: Context,
    kind: EditKind,
    topic_id: UUID,
    detail: Mapping[str, Any],
    by: Author,
    touched: Collection[UUID] = (),
) -> Edit:
    current = _current(context)
    with context.write() as connection:
        return _write(context, connection, current, kind, topic_id, detail, by, touched)


def _write(
    context: Context,
    connection: Connection,
    current: Published,
    kind: EditKind,
    topic_id: UUID,
    detail: Mapping[str, Any],
    by: Author,
    touched: Collection[UUID],
) -> Edit:
    refuse_hidden(connection, [topic_id, *touched])
    _refuse_unknown(connection, detail.get("complaints", ()))
    made = edits.add_edit(connection, kind, topic_id, detail, by.at, by.who, by.why)
    _take_effect(context, connection, current, by, touched)
    return made


def _refuse_unknown(connection: Connection, given: Sequence[str]) -> None:
    """In the transaction of the decision: until it, some may have been erased."""
    known = topics.texts_of(connection, [UUID(each) for each in given])
    if missing := [str(place) for place, each in enumerate(given, 1) if UUID(each) not in known]:
        # by place, not by id: what is said here is kept
        raise FeedbackError(f"Of the {len(given)} complaints given, these are not there: number {', '.join(missing)}.")


def _with_value(decided: Curation, undone: Edit) -> Curation:
    """With the label that holds after one was taken back: that of an earlier decision, or what was there before."""
    before = fold([Edit(0, undone.kind, undone.topic_id, {"value": undone.detail["before"]}, undone.at, "", "")])
    values = {kind: {**before.labels[kind], **decided.labels[kind]} for kind in LABELS}
    return Curation(labels=values)


def _touched(edit: Edit) -> list[UUID]:
    into = [UUID(edit.detail["into"])] if "into" in edit.detail else []
    return [edit.topic_id, *_parts(edit.detail.get("parts", ())), *into]


def _take_effect(
    context: Context, connection: Connection, current: Published, by: Author, touched: Collection[UUID]
) -> None:
    """In the transaction of the decision: assign and count anew, name what changed, end alerts of what is gone."""
    version, rule = current.version, read_rule(context, connection, current.version)
    known = {each.id for each in topics.all_topics_of(connection, version.id)}
    areas = {part.id: area for part in rule.curation.parts if (area := _area_of(connection, part.of))}
    unlisted = [each for each in listed(rule.model, by.at, areas) if each.id not in known]
    topics.add_topics(connection, version.id, unlisted)
    for changed in moved(context, connection, version, rule, by.at):
        topics.assign(connection, version.id, changed)
    mark_kept(connection, version.id)
    counts.recount(connection, version.id)
    _describe(connection, current, set(touched) - rule.curation.hidden)
    for alert in alerts.latest_alerts(connection, to_change=True).values():
        if alert.is_open and alert.topic_id in rule.curation.hidden:
            decision = resolve(alert, by.who, by.at, f"Its topic is no more: {by.why}")
            if decision.alert and decision.transition:
                kept = alerts.evidence_of(connection, alert.id)
                alerts.store_alert(connection, decision.alert, by.at, kept)
                position = alerts.add_transition(connection, decision.transition)
                write_notices(context, connection, decision.transition, position, by.at)


def _area_of(connection: Connection, topic_id: UUID) -> str | None:
    row = topics.topic_names(connection).get(topic_id)
    return row.area if row else None


def _describe(connection: Connection, current: Published, touched: Collection[UUID]) -> None:
    """Find the words of topics that changed, against those of all others."""
    if not touched:
        return
    rows = topics.latest_assigned(connection, current.version.id, DESCRIBED)
    names = sorted({row.topic_id for row in rows if row.topic_id})
    labels = np.array([names.index(row.topic_id) if row.topic_id else -1 for row in rows], np.intp)
    words = describe([row.text for row in rows], [row.language for row in rows], labels)
    sizes = topics.sizes_of(connection, current.version.id)
    for topic in set(touched) & set(names):
        topics.redescribe(connection, current.version.id, topic, words[names.index(topic)], sizes[topic])
