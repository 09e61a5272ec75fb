"""The file that says who is told: read strictly, and nothing of it ever shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feedback.domain import Severity
from feedback.errors import ChannelsError, SettingError
from feedback.notify.channels import Channels
from feedback.notify.channels_file import load_channels
from feedback.notify.email import Email
from feedback.notify.escalation import Quiet, Step
from tests.conftest import SettingsFactory

WHOLE = """
smtp:
  host: mail.casino.example
  user: feedback
  password: ${SMTP_PASSWORD}
  from: Feedback <feedback@casino.example>
everybody:
  - name: metrics
    alertmanager: http://alertmanager:9093
default:
  - email: support@casino.example
owners:
  payments:
    - email: payments@casino.example
      quotes: true
    - name: chat
      apprise: json://127.0.0.1/${CHAT}
    - webhook:
        url: https://hooks.casino.example/feedback
        secret: ${HOOK_SECRET}
"""
SECRETS = {"SMTP_PASSWORD": "pass-1234", "HOOK_SECRET": "0123456789abcdef", "CHAT": "room"}


def read(tmp_path: Path, text: str, environment: Mapping[str, str] = SECRETS) -> Channels:
    path = tmp_path / "channels.yaml"
    path.write_text(text, "utf-8")
    found = load_channels(str(path), environment)
    assert found is not None
    return found


def test_each_owner_has_their_own_and_everybody_s(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE)
    keys = [each.key for each, _ in found.reaching(["payments"])]
    assert keys == ["owners/payments/1", "owners/payments/chat", "owners/payments/3", "everybody/metrics"]
    assert [each.key for each, _ in found.reaching(["someone else"])] == ["default/1", "everybody/metrics"]
    assert set(found.by_key) == {*keys, "default/1"}


def test_the_server_is_as_written_and_encrypted_unless_said_otherwise(tmp_path: Path) -> None:
    channel = read(tmp_path, WHOLE).own("payments")[0]
    assert isinstance(channel, Email)
    assert (channel.smtp.security, channel.smtp.port, channel.smtp.password) == ("starttls", 587, "pass-1234")
    assert (channel.quotes, channel.smtp.unsubscribe) == (True, "feedback@casino.example")


def test_neither_addresses_nor_secrets_are_in_what_is_printed(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, WHOLE))
    for secret in (*SECRETS.values(), "payments@", "support@", "hooks.casino", "alertmanager:9093"):
        assert secret not in shown


def test_no_file_means_nobody() -> None:
    assert load_channels("") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("owners:", "owner:", "unknown key `owner`; known: smtp, everybody, default, owners"),
        ("  payments:\n", "  7:\n", "the owner 7 must be text; put it in quotes"),
        ("    - email: payments@casino.example", "    - mail: x@y.example", "unknown key `mail`"),
        ("    - email: payments@casino.example", "    - name: mailbox", "must have one of email, apprise, webhook"),
        ("payments@casino.example", "payments at casino", "`email` is not one plain address"),
        ("payments@casino.example", "a@b.example, c@d.example", "`email` is not one plain address"),
        ("      quotes: true", "      quotes: 1", "`quotes` must be true or false"),
        ("name: chat", 'name: "1"', "is a number, as channels without a name have"),
        ("name: chat", "name: [chat]", "`name` must be text"),
        ("json://127.0.0.1", "nonsense://", "Apprise does not know such an address"),
        ("https://hooks", "ftp://hooks", "is not a URL that begins with http"),
        ("http://alertmanager:9093", "http://alertmanager:none", "is not a URL that begins with http"),
        ("${HOOK_SECRET}", "short", "the secret of the webhook is too short"),
        ("${HOOK_SECRET}", "${NOT_SET}", "names the variable NOT_SET, which is not set in the environment"),
        ("  host: mail.casino.example\n", "", "`smtp`: `host` is missing"),
        ("  user: feedback\n", "", "has only one of `user` and `password`"),
        ("  user: feedback\n", "  user: feedback\n  starttls: false\n", "would send the password unencrypted"),
        ("  user: feedback\n", "  user: feedback\n  starttls: true\n  tls: true\n", "has both `tls` and `starttls`"),
        ("  user: feedback\n", "  user: feedback\n  port: 99999\n", "`port` must be a number from 1 to 65535"),
        ("Feedback <feedback@casino.example>", "Feedback", "`from` is not an address"),
        ("default:\n  - email", "default:\n    email", "`default` must be a list of channels"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in WHOLE
    with pytest.raises(ChannelsError) as raised:
        read(tmp_path, WHOLE.replace(old, new, 1))
    assert message in str(raised.value)
    assert "channels.yaml" in str(raised.value)
    assert not any(secret in str(raised.value) for secret in SECRETS.values())


def test_mail_needs_a_server_and_a_file_a_channel(tmp_path: Path) -> None:
    with pytest.raises(ChannelsError, match="the file has no `smtp:`"):
        read(tmp_path, "default:\n  - email: a@b.example\n")
    with pytest.raises(ChannelsError, match="names no channel"):
        read(tmp_path, "owners: {}\n")


def test_two_names_alike_are_refused(tmp_path: Path) -> None:
    twice = "default:\n" + "  - {name: ops, alertmanager: 'http://a'}\n" * 2
    with pytest.raises(ChannelsError, match="have the same name"):
        read(tmp_path, twice)


def test_a_file_that_is_not_there_is_a_wrong_setting(settings: SettingsFactory) -> None:
    with pytest.raises(SettingError, match=r"'channels' .* there is no such file"):
        settings(channels="nowhere.yaml")


STEPS = (
    WHOLE
    + """
escalation:
  default: [{after: 8h, to: payments}]
  support: [{after: 30m, to: payments}, {after: 1d, to: payments}]
quiet_hours:
  support: {from: "20:00", to: "07:00", zone: Europe/Helsinki, weekends: true, unless: critical}
  default: {from: "22:00", to: "06:00"}
"""
)


def test_who_is_next_and_when_all_is_quiet(tmp_path: Path) -> None:
    found = read(tmp_path, STEPS)
    assert found.steps_of("support") == (Step(timedelta(minutes=30), "payments"), Step(timedelta(days=1), "payments"))
    assert found.steps_of("somebody") == (Step(timedelta(hours=8), "payments"),)
    assert found.quiet_of("support") == Quiet(
        time(20), time(7), ZoneInfo("Europe/Helsinki"), weekends=True, unless=Severity.CRITICAL
    )
    night = found.quiet_of("somebody")
    assert night is not None
    assert night.zone == ZoneInfo("UTC"), "the operator's, where none is named"


def test_what_is_grave_enough_does_not_wait(tmp_path: Path) -> None:
    found = read(tmp_path, STEPS)
    (channel,) = found.own("support")
    night = datetime(2026, 3, 20, 21, tzinfo=ZoneInfo("UTC"))
    assert found.not_before("support", channel, night, Severity.CRITICAL) == night
    for grave in (Severity.HIGH, None):
        monday = found.not_before("support", channel, night, grave).astimezone(ZoneInfo("Europe/Helsinki"))
        assert f"{monday:%A %H:%M}" == "Monday 07:00"
    (everybody,) = found.everybody
    assert found.not_before("support", everybody, night) == night


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("after: 8h", "after: soon", "`escalation/default`: step 1: `after` is not a time such as 30m, 4h or 1d"),
        ("after: 8h", "after: 0h", "is not a time such as"),
        ("after: 8h", "after: 8", "`after` must be text; put it in quotes"),
        ("{after: 8h, to: payments}", "{after: 8h, to: nobody}", "goes to 'nobody', who has no channel under `owners`"),
        ("{after: 8h, to: payments}", "{after: 8h}", "`to` is missing"),
        ("[{after: 8h, to: payments}]", "8h", "`escalation/default` must be a list of steps"),
        ("after: 1d", "after: 10m", "each step must come after the one before"),
        ('"20:00"', "20:00", 'is not a time of day in quotes, such as "20:00"'),
        ('"20:00"', '"25:00"', "is not a time of day"),
        ('"20:00"', '"07:00"', "`quiet_hours/support` end when they begin"),
        ("Europe/Helsinki", "Europe/Turku", "`zone` is not an IANA time zone"),
        ("weekends: true", "weekends: 2", "`weekends` must be true or false"),
        ("unless: critical", "unless: grave", "`unless` is not a severity: low, medium, high, critical"),
    ],
)
def test_a_mistake_in_steps_or_hours_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in STEPS
    with pytest.raises(ChannelsError) as raised:
        read(tmp_path, STEPS.replace(old, new, 1))
    assert message in str(raised.value)


def test_owners_and_channels_have_a_language(tmp_path: Path) -> None:
    polish = WHOLE.replace("      quotes: true\n", "      quotes: true\n      language: pl\n")
    found = read(tmp_path, f"{polish}languages:\n  payments: fi\n  default: de\n")
    mail, chat, _ = found.own("payments")
    assert [found.language("payments", each) for each in (mail, chat, None)] == ["pl", "fi", "fi"]
    assert found.language("someone else", found.own("someone else")[0]) == "de"
    everybody = read(tmp_path, f"{WHOLE}languages:\n  payments: fi\n  everybody: nb\n  default: de\n")
    assert everybody.language("payments", everybody.everybody[0]) == "nb", "whosever alert it is"
    unsaid = read(tmp_path, WHOLE)
    assert unsaid.language("payments", unsaid.own("payments")[0]) is None


@pytest.mark.parametrize("text", ["languages:\n  payments: sv\n", "languages:\n  payments: no\n", "languages: de\n"])
def test_a_language_without_a_catalogue_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ChannelsError, match=r"languages|de, pl, nb, fi"):
        read(tmp_path, WHOLE + text)
