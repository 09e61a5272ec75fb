"""Slack, Teams and a hundred more, through Apprise."""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from feedback.notify.message import Message
from feedback.notify.outbox import DELIVERED, Result, of_status, passing

if TYPE_CHECKING:
    from apprise import Apprise as Library
    from apprise.logger import NotifyLogEntry

STATUS = re.compile(r"error=([1-5]\d\d)\b")
"""How its plugins log the HTTP status that a service refused with, the only place where they tell it."""


@dataclass(frozen=True, slots=True)
class Apprise:
    """A service by Apprise's URL, such as slack://…"""

    digests: ClassVar[bool] = False
    outcomes: ClassVar[bool] = True
    key: str
    url: str = field(repr=False)
    quotes: bool = False
    language: str = ""

    def send(self, message: Message, now: datetime, seconds: float) -> Result:
        """Send title and text, which ends in the beginning of the key: services know no key, so that people see by it
        what is a copy.

        Apprise says whether it succeeded, and logs the HTTP status where there is one: that tells what will fail again,
        such as a token that is wrong. How long a busy service asks to be left alone it does not tell.
        """
        target = library(self.url)
        if target is None:
            return passing("Apprise does not know the address")
        done: list[Result] = []
        sending = threading.Thread(target=lambda: done.append(_notify(target, message)), daemon=True)
        sending.start()
        # its limits are for single reads, and it does not tell which connection to cut: what hangs may still arrive
        sending.join(seconds)
        return done[0] if done else passing("no answer in time")


def library(url: str) -> Library | None:
    """Apprise with this one address; None where it is none that Apprise knows."""
    # what it logs may hold addresses and texts
    logging.getLogger("apprise").propagate = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its plugins, which it loads all
        import apprise

        found = apprise.Apprise()
        return found if found.add(url) else None


def _notify(target: Library, message: Message) -> Result:
    statuses: list[int] = []

    def read(line: NotifyLogEntry, _service: object) -> None:
        statuses.extend(int(each) for each in STATUS.findall(line.message))

    text = f"{message.text.rstrip()}\n\n#{str(message.key)[:8]}"
    try:
        delivered = bool(target.notify(body=text, title=message.subject, body_format="text", log_callback=read))
    except Exception:  # a plugin's defect is a failed delivery, told without what it says
        delivered = False
    return DELIVERED if delivered else _failed(statuses)


def _failed(statuses: Sequence[int]) -> Result:
    """Of several attempts or recipients one that may pass decides."""
    results = [result for each in statuses if not (result := of_status(each)).delivered]
    unknown = passing("the service refused it, or did not answer")
    return next((each for each in results if not each.permanent), results[0] if results else unknown)
