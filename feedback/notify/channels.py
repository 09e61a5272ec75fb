"""Reads the channels file: who is told, and how. Its addresses and secrets stay in memory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from feedback.errors import ChannelsError
from feedback.notify import apprise
from feedback.notify.alertmanager import Alertmanager
from feedback.notify.email import ADDRESS, Email, Security, Smtp
from feedback.notify.message import Message
from feedback.notify.outbox import Result
from feedback.notify.webhook import Webhook
from feedback.strict_yaml import read_yaml

TOP_KEYS = ("smtp", "everybody", "default", "owners")
SMTP_KEYS = ("host", "port", "starttls", "tls", "user", "password", "from", "unsubscribe")
KINDS = ("email", "apprise", "webhook", "alertmanager")
PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
LOCAL = ("localhost", "127.0.0.1", "::1")

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_NAME = re.compile(r"[\w. -]{1,60}")


class Channel(Protocol):
    """A way to reach somebody. `key` names it without telling the address; `quotes` may be put in if set."""

    @property
    def key(self) -> str: ...

    @property
    def quotes(self) -> bool: ...

    @property
    def digests(self) -> bool: ...

    def send(self, message: Message, now: datetime, seconds: float) -> Result:
        """Try once, within so many seconds in all; never raises for what the receiver does."""


@dataclass(frozen=True, slots=True)
class Channels:
    """Who is told how: the owners named in the file, `default` for the others, and `everybody` of everything."""

    owners: Mapping[str, Sequence[Channel]]
    default: Sequence[Channel] = ()
    everybody: Sequence[Channel] = ()

    def own(self, owner: str) -> Sequence[Channel]:
        """Those of an owner alone."""
        return self.owners.get(owner, self.default)

    def of(self, owner: str) -> Sequence[Channel]:
        """All that hear of an owner's alerts."""
        return (*self.own(owner), *self.everybody)

    @property
    def by_key(self) -> Mapping[str, Channel]:
        every = (self.default, self.everybody, *self.owners.values())
        return {each.key: each for channels in every for each in channels}


def load_channels(setting: str, environment: Mapping[str, str] | None = None) -> Channels | None:
    """The channels of a file; None for the empty setting. `${NAME}` in it stands for a variable of `environment`.

    Raises ChannelsError, naming the place in the file and what would be right, never the address or secret.
    """
    if not setting:
        return None
    document = read_yaml(Path(setting), "channels file", setting, (), ChannelsError)
    return _Reader(f"The channels file {setting}", os.environ if environment is None else environment).read(document)


@dataclass(frozen=True, slots=True)
class _Reader:
    what: str
    environment: Mapping[str, str]

    def read(self, document: object) -> Channels:
        top = self._mapping(document, TOP_KEYS, self.what)
        smtp = self._smtp(top["smtp"]) if top.get("smtp") is not None else None
        owners = top.get("owners") or {}
        if not isinstance(owners, dict):
            raise ChannelsError(f"{self.what}: `owners` must map each owner's name to a list of channels.")
        channels = Channels(
            {self._owner(name): self._list(each, f"owners/{name}", smtp) for name, each in owners.items()},
            self._list(top.get("default") or [], "default", smtp),
            self._list(top.get("everybody") or [], "everybody", smtp),
        )
        if not channels.by_key:
            raise ChannelsError(f"{self.what} names no channel; for none at all, leave the setting 'channels' empty.")
        return channels

    def _owner(self, name: object) -> str:
        if not isinstance(name, str) or not name.strip():
            raise ChannelsError(f"{self.what}: the owner {name!r} must be text; put it in quotes.")
        return name.strip()

    def _list(self, entries: object, place: str, smtp: Smtp | None) -> tuple[Channel, ...]:
        if not isinstance(entries, list):
            raise ChannelsError(
                f"{self.what}: `{place}` must be a list of channels, such as `- email: someone@example.org`."
            )
        found = tuple(self._channel(entry, place, number, smtp) for number, entry in enumerate(entries, 1))
        if len({each.key for each in found}) < len(found):
            raise ChannelsError(f"{self.what}: two channels of `{place}` have the same name; each needs its own.")
        return found

    def _channel(self, entry: object, place: str, number: int, smtp: Smtp | None) -> Channel:
        what = f"{self.what}: channel {number} of `{place}`"
        fields = self._mapping(entry, (*KINDS, "name", "quotes"), what)
        kinds = [kind for kind in KINDS if kind in fields]
        if len(kinds) != 1:
            raise ChannelsError(f"{what} must have one of {', '.join(KINDS)}; it has {len(kinds) or 'none'}.")
        kind = kinds[0]
        key = f"{place}/{self._name(fields, number, what)}"
        quotes = self._flag(fields, "quotes", what, default=False)
        if quotes and kind == "alertmanager":
            raise ChannelsError(f"{what}: an alertmanager takes no quotes; leave `quotes` out.")
        makers: Mapping[str, Callable[[], Channel]] = {
            "email": lambda: Email(key, self._address(fields["email"], what), self._needed(smtp, what), quotes),
            "apprise": lambda: apprise.Apprise(key, self._apprise(fields["apprise"], what), quotes),
            "webhook": lambda: self._webhook(fields["webhook"], what, key, quotes=quotes),
            "alertmanager": lambda: Alertmanager(key, self._url(fields["alertmanager"], f"{what}: `alertmanager`")),
        }
        return makers[kind]()

    def _name(self, fields: Mapping[str, Any], number: int, what: str) -> str:
        name = fields.get("name", str(number))
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ChannelsError(f"{what}: `name` must be text of at most 60 letters, digits, spaces, dots and hyphens.")
        if "name" in fields and name.isdigit():
            raise ChannelsError(f"{what}: the name {name!r} is a number, as channels without a name have; use a word.")
        return name

    def _needed(self, smtp: Smtp | None, what: str) -> Smtp:
        if smtp is None:
            raise ChannelsError(f"{what} is e-mail, and the file has no `smtp:` with host and from.")
        return smtp

    def _webhook(self, value: object, what: str, key: str, *, quotes: bool) -> Webhook:
        fields = self._mapping(value, ("url", "secret"), f"{what}: `webhook`")
        url = self._url(fields.get("url"), f"{what}: `url` of the webhook")
        secret = self._text(fields.get("secret"), f"{what}: `secret` of the webhook")
        if len(secret) < 16:
            raise ChannelsError(f"{what}: the secret of the webhook is too short; take 16 characters or more.")
        return Webhook(key, url, secret, quotes)

    def _apprise(self, value: object, what: str) -> str:
        url = self._text(value, f"{what}: `apprise`")
        if apprise.library(url) is None:
            raise ChannelsError(
                f"{what}: Apprise does not know such an address; see its list of services for the form."
            )
        return url

    def _url(self, value: object, what: str) -> str:
        url = self._text(value, what)
        try:
            parts = urlsplit(url)
            usable = (
                parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
            )
        except ValueError:  # a port that is no number
            usable = False
        if not usable or not url.isascii() or any(mark.isspace() for mark in url):
            raise ChannelsError(f"{what} is not a URL that begins with http:// or https://.")
        return url

    def _address(self, value: object, what: str) -> str:
        address = self._text(value, f"{what}: `email`")
        if not ADDRESS.fullmatch(address) or not address.isascii():
            raise ChannelsError(f"{what}: `email` is not one plain address such as someone@example.org.")
        return address

    def _smtp(self, value: object) -> Smtp:
        what = f"{self.what}: `smtp`"
        fields = self._mapping(value, SMTP_KEYS, what)
        host, security = self._text(fields.get("host"), f"{what}: `host`"), self._security(fields, what)
        sender = self._text(fields.get("from"), f"{what}: `from`")
        address = parseaddr(sender)[1]
        if not ADDRESS.fullmatch(address) or not sender.isprintable():
            raise ChannelsError(f"{what}: `from` is not an address such as Feedback <feedback@example.org>.")
        user, password = (self._optional(fields, name, what) for name in ("user", "password"))
        if bool(user) != bool(password):
            raise ChannelsError(f"{what} has only one of `user` and `password`; give both or none.")
        if user and security == "none" and host not in LOCAL:
            raise ChannelsError(f"{what} would send the password unencrypted; set `starttls: true` or `tls: true`.")
        unsubscribe = self._address(fields["unsubscribe"], what) if "unsubscribe" in fields else address
        return Smtp(host, self._port(fields, security, what), security, sender, address, unsubscribe, user, password)

    def _security(self, fields: Mapping[str, Any], what: str) -> Security:
        tls = self._flag(fields, "tls", what, default=False)
        starttls = self._flag(fields, "starttls", what, default=not tls)
        if tls and starttls:
            raise ChannelsError(f"{what} has both `tls` and `starttls`; one is right.")
        return "tls" if tls else "starttls" if starttls else "none"

    def _port(self, fields: Mapping[str, Any], security: Security, what: str) -> int:
        port = fields.get("port", PORTS[security])
        if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
            raise ChannelsError(f"{what}: `port` must be a number from 1 to 65535, such as {PORTS[security]}.")
        return port

    def _flag(self, fields: Mapping[str, Any], name: str, what: str, *, default: bool) -> bool:
        value = fields.get(name, default)
        if not isinstance(value, bool):
            raise ChannelsError(f"{what}: `{name}` must be true or false.")
        return value

    def _optional(self, fields: Mapping[str, Any], name: str, what: str) -> str:
        return self._text(fields[name], f"{what}: `{name}`") if name in fields else ""

    def _text(self, value: object, what: str) -> str:
        if value is None:
            raise ChannelsError(f"{what} is missing.")
        if not isinstance(value, str) or not value.strip():
            raise ChannelsError(f"{what} must be text; put it in quotes.")
        return _VARIABLE.sub(lambda found: self._variable(found[1], what), value.strip())

    def _variable(self, name: str, what: str) -> str:
        if not self.environment.get(name):
            raise ChannelsError(f"{what} names the variable {name}, which is not set in the environment.")
        return self.environment[name]

    def _mapping(self, value: object, known: Sequence[str], what: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise ChannelsError(f"{what} must be a mapping with some of: {', '.join(known)}.")
        unknown = [str(key) for key in value if key not in known]
        if unknown:
            raise ChannelsError(f"{what} has the unknown key `{unknown[0]}`; known: {', '.join(known)}.")
        return value
