"""Notes the changes that commands make, by the operating system's user."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from typing import Any

from feedback.settings import load_settings
from feedback.store.audit import Entry, note
from feedback.store.database import open_database
from jobs.console import wall

CHANGING: Mapping[str, tuple[str, ...]] = {
    "accounts add": ("name", "role", "owner"),
    "accounts disable": ("name",),
    "accounts enable": ("name",),
    "accounts password": ("name",),
    "accounts role": ("name", "role", "owner"),
    "accounts second-factor-reset": ("name",),
    "alerts acknowledge": ("alert",),
    "alerts mute": ("alert", "until", "below", "segment"),
    "alerts resolve": ("alert",),
    "alerts unmute": ("alert",),
    "alerts verdict": ("alert", "what", "owner"),
    "events add": ("name", "first", "last", "topic"),
    "events remove": ("number",),
    "exposure ingest": ("file",),
    "faq withdraw": ("number",),
    "faq write": ("topic", "training"),
    "fixes add": ("topic", "at"),
    "fixes withdraw": ("number",),
    "ingest": ("source",),
    "keys add": ("name", "role", "owner", "expires"),
    "keys revoke": ("name",),
    "models publish": ("version",),
    "models rollback": (),
    "notices retry": ("notice", "every"),
    "owners remove": ("attribute", "value"),
    "owners set": ("attribute", "value", "owner"),
    "privacy erase": (),
    "privacy export": (),
    "rejected retry": (),
    "replay": ("first", "last", "from_scratch"),
    "restore": ("file",),
    "retrain": (),
    "run": ("job", "at"),
    "topics area": ("topic", "name"),
    "topics load": (),
    "topics merge": ("topic", "into"),
    "topics move": ("to",),
    "topics owner": ("topic", "name"),
    "topics pin": ("topic",),
    "topics rename": ("topic", "name"),
    "topics retire": ("topic",),
    "topics severity": ("topic", "level"),
    "topics split": ("topic", "parts"),
    "topics undo": ("number",),
}
"""Commands that change something, with the parameters that say to what. Customers' keys are none of them."""

Callback = Callable[..., Any]


def noted(command: str, callback: Callback) -> Callback:
    """`callback`, after which the change is noted, if `command` made one."""

    def called(**given: Any) -> Any:
        answer = callback(**given)
        told = {name: given.get(name) for name in CHANGING[command]}
        _note(command, {name: str(value) for name, value in told.items() if value not in (None, "", False, ())})
        return answer

    return called if command in CHANGING else callback


def _note(command: str, subject: Mapping[str, str]) -> None:
    database = open_database(load_settings().url)
    with database.write() as connection:
        note(connection, Entry(wall(), getpass.getuser(), "command line", command, subject))
    database.close()
