"""Which topics are made mostly of questions and misunderstandings, and what customers ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection, Row

from feedback import interval
from feedback.domain import EXPLAINED, OUTCOME_RULES, Span
from feedback.faq import LEAST, Faq, FaqEntry, FaqSuggestion, is_mostly_asked, ranked
from feedback.interval import Estimate
from feedback.kpi import Tally, tallied
from feedback.owners import Owners
from feedback.questions import RULES, is_asking, questions
from feedback.series import bucket_start, day_of
from feedback.store import counts
from feedback.store.fixes import fixes, outcomes_of
from feedback.store.kpi import Selection, records, tellings
from feedback.store.samples import texts_by_topic
from feedback.store.topics import StoredTopic
from jobs.context import Context
from jobs.ownership import owners_of
from jobs.published import Published
from models.copies import copies
from models.topics import lemmatise

LOOKED_AT = timedelta(weeks=8)

READ = 200
"""So many complaints of a topic are read at most; they place the share within six points."""

SHOWN = 3
"""So many questions of a language are shown."""

CERTAIN = 3
"""With so many of the topic's words a question is about the topic beyond doubt: more of them make it no better."""

ALIKE = 0.6
"""Questions whose wordings are so similar are one question."""


@dataclass(frozen=True, slots=True)
class WeekFaq:
    """The suggestions and entries for everybody's topics; `of` picks an owner's."""

    faq: Faq

    def of(self, mine: Collection[UUID]) -> Faq:
        return Faq(
            [each for each in self.faq.suggestions if each.topic_id in mine],
            [each for each in self.faq.entries if each.topic_id in mine],
        )


def gather_faq(context: Context, connection: Connection, current: Published, span: Span, as_of: datetime) -> WeekFaq:
    """By the eight weeks up to the end of `span`, as known at `as_of`."""
    zone = context.settings.zone
    looked_at = Span(bucket_start(day_of(span.end, zone) - LOOKED_AT, zone), span.end)
    entries = _entries(connection, current, as_of)
    done = {each.topic_id for each in entries}
    volumes = _volumes(connection, current, looked_at)
    topics = {each.id: each for each in current.topics if each.id not in done and volumes[each.id] >= LEAST}
    rows = texts_by_topic(connection, current.version.id, looked_at, as_of, list(topics), READ)
    known = {key: list(group) for key, group in groupby(rows, attrgetter("topic_id"))}
    shares = {key: share for key, texts in known.items() if (share := _share(texts)) and is_mostly_asked(share)}
    tallies = _tallies(context, connection, Selection(current.version.id, looked_at, as_of, topics=list(shares)))
    owners = owners_of(context, connection)
    found = [
        _suggestion(topics[key], owners, looked_at, volumes[key], share, known[key], tallies.get(key))
        for key, share in shares.items()
    ]
    return WeekFaq(Faq(ranked(found), entries))


def questions_of(texts: Sequence[Row[Any]], words: Mapping[str, Sequence[str]]) -> Mapping[str, list[str]]:
    """What the texts ask by language, the language that asks most first. The rows (text, language) come with the
    nearest to the topic's centre first; `words` are the topic's, by language."""
    asked: dict[str, list[list[str]]] = {}
    for row in texts:
        if is_asking(row.text, row.language):
            asked.setdefault(row.language, []).append(questions(row.text, row.language))
    found = {
        language: _telling(asked[language], language, set(words.get(language, ())))
        for language in sorted(asked, key=lambda each: (-len(asked[each]), each))
    }
    return {language: each for language, each in found.items() if each}


def _telling(asked: Sequence[Sequence[str]], language: str, words: set[str]) -> list[str]:
    """Of each text the question that holds most of the topic's words, near copies once: what holds most of them first,
    then what is asked most often. "Which is it now?" says nothing by itself: what holds much fewer than others is left
    out, and what holds none, unless the topic has no words in that language."""
    everything = [each for text in asked for each in text]
    lemmas = lemmatise(everything, language)
    held = {each: min(len(words & set(of)), CERTAIN) for each, of in zip(everything, lemmas, strict=True)}
    most = max(held.values(), default=0)
    own = [max(text, key=lambda each: held[each]) for text in asked if text]
    kept = [each for each in own if 2 * held[each] > most or not words]
    copy_of = copies(kept, ALIKE, least_words=1)
    firsts, sizes = np.unique(copy_of, return_counts=True)
    order = sorted(
        zip(firsts.tolist(), sizes.tolist(), strict=True), key=lambda each: (-held[kept[each[0]]], -each[1], each[0])
    )
    return [kept[first] for first, _ in order[:SHOWN]]


def _share(texts: Sequence[Row[Any]]) -> Estimate | None:
    """Of the texts in languages that have rules, those that ask."""
    told = [is_asking(row.text, row.language) for row in texts if row.language in RULES]
    return interval.share(sum(told), len(told)) if told else None


def _suggestion(
    topic: StoredTopic,
    owners: Owners,
    span: Span,
    complaints: int,
    share: Estimate,
    texts: Sequence[Row[Any]],
    tally: Tally | None,
) -> FaqSuggestion:
    minutes, way = _minutes(tally)
    return FaqSuggestion(
        topic_id=topic.id,
        topic=topic.name,
        area=topic.area,
        owner=owners.of_topic(topic.owner, topic.area).owner,
        span=span,
        complaints=complaints,
        asking=share,
        minutes=minutes,
        timed_by=way,
        questions=questions_of(texts, topic.words),
    )


def _minutes(tally: Tally | None) -> tuple[float | None, str | None]:
    """The median time that a topic takes, and what it is the time of."""
    for way, times in (("resolution", tally and tally.resolution), ("first response", tally and tally.first_response)):
        wait = times.wait() if times else None
        if wait and wait.median:
            return wait.median.value / 60, way
    return None, None


def _tallies(context: Context, connection: Connection, selection: Selection) -> dict[UUID | None, Tally]:
    if not selection.topics:
        return {}
    told = tellings(connection, selection.before, context.settings.scales)
    return tallied(records(connection, selection), told, attrgetter("topic"))


def _volumes(connection: Connection, current: Published, span: Span) -> Counter[UUID]:
    found: Counter[UUID] = Counter()
    for _, topic, number, _ in counts.counts(connection, current.version.id, span):
        found[topic] += number
    return found


def _entries(connection: Connection, current: Published, as_of: datetime) -> list[FaqEntry]:
    """What was explained and is watched still."""
    names = {each.id: each.name for each in current.topics}
    watched = [each for each in fixes(connection, as_of - OUTCOME_RULES.watched, as_of) if each.kind in EXPLAINED]
    homes = [(each, current.rule.curation.home(each.topic_id)) for each in watched]
    return [
        FaqEntry(home, names[home], each, next(reversed(outcomes_of(connection, each.id, as_of)), None))
        for each, home in homes
        if home in names
    ]
