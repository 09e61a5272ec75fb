"""Slack, Teams and a hundred more, through Apprise."""

from __future__ import annotations

import logging
import threading
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from feedback.notify.message import Message
from feedback.notify.outbox import DELIVERED, Result, passing

if TYPE_CHECKING:
    from apprise import Apprise as Library


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
        """Send title and text. Apprise does not say why it failed, so every failure may pass."""
        target = library(self.url)
        if target is None:
            return passing("Apprise does not know the address")
        done: list[bool] = []
        sending = threading.Thread(target=lambda: done.append(_notify(target, message)), daemon=True)
        sending.start()
        # its limits are for single reads, and it does not tell which connection to cut
        sending.join(seconds)
        if not done:
            return passing("no answer in time")
        return DELIVERED if done[0] else passing("the service refused it, or did not answer")


def library(url: str) -> Library | None:
    """Apprise with this one address; None where it is none that Apprise knows."""
    # what it logs may hold addresses and texts
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its plugins, which it loads all
        import apprise

        found = apprise.Apprise()
        return found if found.add(url) else None


def _notify(target: Library, message: Message) -> bool:
    try:
        return bool(target.notify(body=message.text, title=message.subject, body_format="text"))
    except Exception:  # a plugin's defect is a failed delivery, told without what it says
        return False
