"""Reads the channels file, strictly: every mistake is one sentence that names the place and what would be right."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from email.utils import parseaddr
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from feedback.domain import Severity
from feedback.errors import ChannelsError
from feedback.language import LANGUAGES
from feedback.notify import apprise
from feedback.notify.alertmanager import Alertmanager
from feedback.notify.channels import Channel, Channels
from feedback.notify.email import ADDRESS, Email, Security, Smtp
from feedback.notify.escalation import Quiet, Step
from feedback.notify.webhook import Webhook
from feedback.strict_yaml import read_yaml

TOP_KEYS = ("smtp", "everybody", "default", "owners", "escalation", "quiet_hours", "languages")
SMTP_KEYS = ("host", "port", "starttls", "tls", "user", "password", "from", "unsubscribe")
KINDS = ("email", "apprise", "webhook", "alertmanager")
STEPS = "a list of steps, such as `- {after: 4h, to: someone}`"
HOURS = 'hours, such as `{from: "20:00", to: "07:00"}`'
PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
LOCAL = ("localhost", "127.0.0.1", "::1")

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_NAME = re.compile(r"[\w. -]{1,60}")
_DURATION = re.compile(r"(\d{1,4})\s*([mhd])")
_UNITS: Mapping[str, timedelta] = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
UTC = ZoneInfo("UTC")


def load_channels(setting: str, environment: Mapping[str, str] | None = None, zone: ZoneInfo = UTC) -> Channels | None:
    """The channels of a file; None for the empty setting. `${NAME}` in it stands for a variable of `environment`.

    Quiet hours are in `zone` where they name none.

    Raises ChannelsError, naming the place in the file and what would be right, never the address or secret.
    """
    if not setting:
        return None
    document = read_yaml(Path(setting), "channels file", setting, (), ChannelsError)
    known = os.environ if environment is None else environment
    return _Reader(f"The channels file {setting}", known, zone).read(document)


@dataclass(frozen=True, slots=True)
class _Reader:
    what: str
    environment: Mapping[str, str]
    zone: ZoneInfo

    def read(self, document: object) -> Channels:
        top = self._mapping(document, TOP_KEYS, self.what)
        smtp = self._smtp(top["smtp"]) if top.get("smtp") is not None else None
        owners = self._by_owner(top, "owners", "a list of channels")
        named = {name: self._list(each, f"owners/{name}", smtp) for name, each in owners.items()}
        channels = Channels(
            named,
            self._list(top.get("default") or [], "default", smtp),
            self._list(top.get("everybody") or [], "everybody", smtp),
            {name: self._steps(each, name, named) for name, each in self._by_owner(top, "escalation", STEPS).items()},
            {name: self._quiet(each, name) for name, each in self._by_owner(top, "quiet_hours", HOURS).items()},
            {
                name: self._language(each, f"{self.what}: `languages/{name}`")
                for name, each in self._by_owner(top, "languages", "a language, such as de").items()
            },
        )
        if not channels.by_key:
            raise ChannelsError(f"{self.what} names no channel; for none at all, leave the setting 'channels' empty.")
        return channels

    def _by_owner(self, top: Mapping[str, Any], key: str, what: str) -> Mapping[str, Any]:
        found = top.get(key) or {}
        if not isinstance(found, dict):
            raise ChannelsError(f"{self.what}: `{key}` must map each owner's name to {what}.")
        return {self._owner(name): each for name, each in found.items()}

    def _steps(self, entries: object, owner: str, named: Mapping[str, object]) -> tuple[Step, ...]:
        what = f"{self.what}: `escalation/{owner}`"
        if not isinstance(entries, list) or not entries:
            raise ChannelsError(f"{what} must be {STEPS}.")
        steps = tuple(self._step(each, f"{what}: step {place}", named) for place, each in enumerate(entries, 1))
        if any(later.after <= earlier.after for earlier, later in pairwise(steps)):
            raise ChannelsError(f"{what}: each step must come after the one before; `after` counts from the start.")
        return steps

    def _step(self, entry: object, what: str, named: Mapping[str, object]) -> Step:
        fields = self._mapping(entry, ("after", "to"), what)
        to = self._text(fields.get("to"), f"{what}: `to`")
        if not named.get(to):
            raise ChannelsError(f"{what} goes to {to!r}, who has no channel under `owners`.")
        return Step(self._duration(fields.get("after"), f"{what}: `after`"), to)

    def _duration(self, value: object, what: str) -> timedelta:
        found = _DURATION.fullmatch(self._text(value, what))
        length = int(found[1]) * _UNITS[found[2]] if found else timedelta()
        if not length:
            raise ChannelsError(f"{what} is not a time such as 30m, 4h or 1d.")
        return length

    def _quiet(self, entry: object, owner: str) -> Quiet:
        what = f"{self.what}: `quiet_hours/{owner}`"
        fields = self._mapping(entry, ("from", "to", "zone", "weekends", "unless"), what)
        zone = self._text(fields["zone"], f"{what}: `zone`") if "zone" in fields else None
        if zone and zone not in available_timezones():
            raise ChannelsError(f"{what}: `zone` is not an IANA time zone such as Europe/Berlin.")
        start, end = (self._hour(fields.get(name), f"{what}: `{name}`") for name in ("from", "to"))
        if start == end:
            raise ChannelsError(f"{what} end when they begin; nobody would ever be told.")
        weekends = self._flag(fields, "weekends", what, default=False)
        return Quiet(start, end, ZoneInfo(zone) if zone else self.zone, weekends, self._severity(fields, what))

    def _severity(self, fields: Mapping[str, Any], what: str) -> Severity | None:
        value = fields.get("unless")
        if value is not None and value not in set(Severity):
            raise ChannelsError(f"{what}: `unless` is not a severity: {', '.join(Severity)}.")
        return Severity(value) if value else None

    def _hour(self, value: object, what: str) -> time:
        # YAML reads a bare 20:00 as the number 1200
        if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value.strip()):
            raise ChannelsError(f'{what} is not a time of day in quotes, such as "20:00".')
        return time.fromisoformat(value.strip())

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
        fields = self._mapping(entry, (*KINDS, "name", "quotes", "language"), what)
        kinds = [kind for kind in KINDS if kind in fields]
        if len(kinds) != 1:
            raise ChannelsError(f"{what} must have one of {', '.join(KINDS)}; it has {len(kinds) or 'none'}.")
        kind = kinds[0]
        key = f"{place}/{self._name(fields, number, what)}"
        quotes = self._flag(fields, "quotes", what, default=False)
        if quotes and kind == "alertmanager":
            raise ChannelsError(f"{what}: an alertmanager takes no quotes; leave `quotes` out.")
        language = self._language(fields["language"], f"{what}: `language`") if "language" in fields else ""
        makers: Mapping[str, Callable[[], Channel]] = {
            "email": lambda: Email(
                key, self._address(fields["email"], what), self._needed(smtp, what), quotes, language
            ),
            "apprise": lambda: apprise.Apprise(key, self._apprise(fields["apprise"], what), quotes, language),
            "webhook": lambda: replace(self._webhook(fields["webhook"], what, key, quotes=quotes), language=language),
            "alertmanager": lambda: Alertmanager(
                key, self._url(fields["alertmanager"], f"{what}: `alertmanager`"), language
            ),
        }
        return makers[kind]()

    def _language(self, value: object, what: str) -> str:
        # YAML reads a bare `no` as false
        if value not in LANGUAGES:
            raise ChannelsError(f"{what} is not one of {', '.join(LANGUAGES)}.")
        return str(value)

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
