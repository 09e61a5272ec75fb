"""A notice about an alert, with all that can be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from feedback.chart import Series
from feedback.digest import Quote
from feedback.domain import Alert, AlertState, Channel, Driver, Segment, Signal, Span, Transition, Voices, derived_id
from feedback.events import PlannedEvent
from feedback.explanation import Finding
from feedback.notify.email import Email, Smtp
from feedback.notify.message import About, Rise, alert_content
from feedback.notify.outbox import Notice, NoticeKind, notice_id

NOW = datetime(2026, 3, 9, 6, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2026, 3, 9, tzinfo=ZONE).astimezone(UTC)
KEY = "owners/payments/1"
SMTP = Smtp(
    "127.0.0.1", 25, "none", "Rückmeldung <feedback@casino.example>", "feedback@casino.example", "stop@c.example"
)
EMAIL = Email(KEY, "team@casino.example", SMTP)

ALERT = Alert(derived_id("alert"), derived_id("topic"), AlertState.OPEN, NOW, NOW)
OPENED = Transition(ALERT, None, NOW, "feedback", "41 in 7 days, 12 expected (7 to 18).")
RESOLVED = Transition(
    replace(ALERT, state=AlertState.RESOLVED, resolved_at=NOW + timedelta(days=9)),
    AlertState.OPEN,
    NOW + timedelta(days=9),
    "feedback",
    "Calm for 4 days: 9 in the last 7 days, 12 expected (up to 18).",
)
ABOUT = About(derived_id("topic"), "Bonus <payout> & verspätet", "payments", "bonus")
SIGNAL = Signal(
    topic_id=derived_id("topic"),
    version_id=derived_id("version"),
    detector="eb7",
    window=Span(MIDNIGHT - timedelta(days=7), MIDNIGHT),
    observed=41,
    expected=12.1,
    low=7.0,
    high=18.0,
    p=1e-9,
    q=1e-7,
    score=9.0,
    threshold=4.0,
    rising=True,
    complete=True,
    segment=Segment("market", "DE"),
)
DAYS = tuple(date(2026, 2, 1) + timedelta(days=each) for each in range(36))
SERIES = Series(DAYS, (1,) * 35 + (20,), (None,) * 10 + (1.5,) * 26, (0.0,) * 36, (4.0,) * 35 + (float("inf"),))
DRIVER = Driver("payment_method", "Trustly <b>", 23, 41, 0.2, 1e-6, 1e-5)
CAMPAIGN = PlannedEvent(1, "Spring <campaign>", date(2026, 3, 4), date(2026, 3, 6), None, "", NOW, "anna")
RISE = Rise(Finding(SIGNAL, None, None, None, Voices(41, 38, 36)), (DRIVER,), ("c1",), SERIES, (CAMPAIGN,))
QUOTE = Quote("Wo bleibt mein <script>Bonus</script>?", "de", Channel.EMAIL, NOW, "DE")


def notice(kind: NoticeKind = NoticeKind.OPENED, position: int = 0, **changes: Any) -> Notice:
    """A notice about the alert; one that is resolved says little."""
    change, rise = (RESOLVED, None) if kind is NoticeKind.RESOLVED else (OPENED, RISE)
    content = {**alert_content(kind, ABOUT, change, rise, ZONE), **changes}
    return Notice(notice_id(ALERT.id, position, KEY), kind, "payments", KEY, content, NOW, NOW, ALERT.id, position)


def update() -> Notice:
    """The resolution, as it follows the first notice."""
    first = notice()
    tie = {"thread": str(first.id), "thread_subject": first.content["subject"], "labels": first.content["labels"]}
    return notice(NoticeKind.RESOLVED, 1, **tie)
