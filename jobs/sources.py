"""Tells once when a source falls silent, and once when something comes from it again."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from feedback.language import Language
from feedback.notify.channels import Channel
from feedback.notify.outbox import Notice, NoticeKind, notice_id
from feedback.notify.sources import heard_content, silence_of, silent_content
from feedback.series import day_of, days
from feedback.store.notices import add_notices, of_kind
from jobs.context import Context
from jobs.silence import by_source, silent_sources
from models.detect.silence import GONE

WATCHED = timedelta(days=2 * GONE)
"""So long after a silence was told its end is."""


def tell_sources(context: Context, now: datetime) -> int:
    """Notices to the channels of the default owner; the number written. Who was told of a silence is told of its end.

    What was told is in the outbox, by the source and its last day before the silence.
    """
    if context.parts.channels is None or not context.telling:
        return 0
    with context.write() as connection:
        told = of_kind(connection, NoticeKind.SILENT, now - WATCHED)
        return add_notices(
            connection,
            [*_silences(context, connection, now), *_ends(context, connection, told, now)],
        )


def _silences(context: Context, connection: Connection, now: datetime) -> list[Notice]:
    owner = context.settings.default_owner
    assert context.parts.channels is not None
    channels = [each for each, _ in context.parts.channels.reaching([owner]) if each.outcomes]
    return [
        _notice(context, NoticeKind.SILENT, channel, each.source, each.last_day, silent_content(each, to), now)
        for each in silent_sources(context, connection, now)
        for channel, to in ((one, _language(context, one)) for one in channels)
    ]


def _ends(context: Context, connection: Connection, told: list[Notice], now: datetime) -> list[Notice]:
    assert context.parts.channels is not None
    by_key = context.parts.channels.by_key
    if not told:
        return []
    span = days(min(silence_of(each).last_day for each in told), day_of(now, context.settings.zone))
    sources, counts = by_source(context, connection, span, now)
    ends = []
    for each in told:
        silent, channel = silence_of(each), by_key.get(each.channel)
        came = dict(zip(sources, counts, strict=True)).get(silent.source)
        heard = [] if came is None else [day for day, number in zip(span, came, strict=True) if number]
        after = [day for day in heard if day > silent.last_day]
        if channel and after:
            content = heard_content(silent, after[0], _language(context, channel))
            ends.append(_notice(context, NoticeKind.HEARD, channel, silent.source, silent.last_day, content, now))
    return ends


def _language(context: Context, channel: Channel) -> Language:
    assert context.parts.channels is not None
    owner = context.settings.default_owner
    return Language(context.parts.channels.language(owner, channel) or context.settings.reader_language)


def _notice(
    context: Context,
    kind: NoticeKind,
    channel: Channel,
    source: str,
    last_day: date,
    content: dict[str, object],
    now: datetime,
) -> Notice:
    assert context.parts.channels is not None
    owner = context.settings.default_owner
    return Notice(
        id=notice_id(f"{kind} source {source}", last_day, channel.key),
        kind=kind,
        owner=owner,
        channel=channel.key,
        content=content,
        created_at=now,
        next_at=context.parts.channels.not_before(owner, channel, context.wall()),
    )
