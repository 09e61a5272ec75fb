"""What readers get, in all five languages, to look at and to read: the week's digest and the mails about alerts.

    python benchmarks/digests.py --at 2026-07-01 [--data-dir var/demo] [--to var/mails] [--time-zone Europe/Berlin]
        [--owner payments]

Works in a copy of the database, as of the beginning of the day --at. Mailboxes on this machine, one for each language,
get what readers get in service: the digest of the last week that was over then, everybody's and one owner's (of the
gravest alert, unless named); mails about the gravest alerts that rose before, one of them to the next in line as well,
and that one is over; and what a fix achieved. As nobody was there in a demonstration, a fix is written down for the
alert that ended last, and a verdict for the one that opened last. What arrives is written down as it came: the text,
the HTML with its pictures in it, and pictures of that at desktop and phone width, light and dark.

Reported are, by mail, its subject, by how many pixels it is wider than a phone of 320, and the words that stand in it
as in its English fellow, in which what was not translated would show; names and quotes are among them. Needs Chromium.
"""

from __future__ import annotations

import argparse
import base64
import re
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from aiosmtpd.controller import Controller
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Connection, Row

from feedback.alerts import kept_signal
from feedback.domain import AlertState, Author, Transition, Verdict
from feedback.language import LANGUAGES
from feedback.severity import rank_of, severity_of
from feedback.store.alerts import alert_of, alert_rows, transitions_of
from feedback.store.escalations import Escalation
from feedback.store.fixes import add_fix
from feedback.store.notices import listed
from jobs.bootstrap import build_context
from jobs.cli import demo_settings
from jobs.context import Context
from jobs.deliver import run as deliver
from jobs.digest import last_week
from jobs.notices import last_rise, write_again, write_digest_notices, write_escalation, write_notices
from jobs.outcome import run as judge_fixes
from jobs.ownership import owners_of
from jobs.progress import Silent
from jobs.respond import say

WIDTHS = {"desktop": 1280, "phone": 390}
THEMES = ("light", "dark")
NARROWEST = 320
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ALERTS = 3
NEXT_IN_LINE = "head of support"
WORD = re.compile(r"[^\W\d_]{4,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at", type=datetime.fromisoformat, required=True, help="a day, such as 2026-07-01")
    parser.add_argument("--data-dir", type=Path, default=Path("var/demo"))
    parser.add_argument("--to", type=Path, default=Path("var/mails"))
    parser.add_argument("--time-zone", default="Europe/Berlin")
    parser.add_argument("--owner", default="", help="whose digest beside everybody's")
    options = parser.parse_args()
    if CHROMIUM is None:
        parser.error("there is no Chromium on the PATH; on Debian `apt-get install chromium` brings it")
    options.to.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as home, mailboxes() as (port, mails):
        told = tell(options, Path(home), port)
    written = {name: written_down(options.to, name, mail) for name, mail in named(mails, told).items()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        wider = {name: pictured(browser, options.to, name) for name in written}
        browser.close()
    report(written, wider)


@contextmanager
def mailboxes() -> Iterator[tuple[int, list[bytes]]]:
    """An SMTP server's port, and all that it takes."""
    mails: list[bytes] = []

    class Taking:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            mails.append(envelope.content)
            return "250 taken"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    controller = Controller(Taking(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port, mails
    finally:
        controller.stop()


def tell(options: argparse.Namespace, home: Path, port: int) -> dict[str, str]:
    """Everything that there is to tell goes out; what each notice tells, by its key."""
    shutil.copytree(options.data_dir, home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("encoder"))
    context = opened(home, options.time_zone, "", options.at)
    now = context.wall()
    with context.database.read() as connection:
        grave = sorted(risen(connection, now), key=lambda row: -rank_of(severity_of(row.evidence)))[:ALERTS]
        owners = owners_of(context, connection)
    owner = options.owner or owners.of_topic(grave[0].owner, grave[0].area).owner
    context.database.close()
    (home / "channels.yaml").write_text(channels_file(owner, port), "utf-8")
    context = opened(home, options.time_zone, str(home / "channels.yaml"), options.at)
    tell_alerts(context, grave, owner, now)
    act(context, now)
    judge_fixes(context, now)
    write_digest_notices(context, last_week(context, now), now)
    deliver(context, now)
    with context.database.read() as connection:
        sent = listed(connection)
    context.database.close()
    return {str(each.id): f"{each.kind}-{str(each.alert_id)[:8]}" if each.alert_id else each.kind for each in sent}


def opened(home: Path, zone: str, channels: str, at: datetime) -> Context:
    own = {"data_dir": home, "time_zone": zone, "channels": channels, "public_url": "https://feedback.example.org"}
    settings = demo_settings().model_copy(update=own)
    now = at.replace(tzinfo=settings.zone).astimezone(UTC)
    return build_context(settings, Silent(), lambda: now, create=True)


def channels_file(owner: str, port: int) -> str:
    """A mailbox in each language for everybody, for the owner and for who is next in line."""

    def boxes(whose: str) -> list[dict[str, Any]]:
        return [
            {"email": f"{code}.{whose}@example.org", "name": f"{code} {whose}", "language": code, "quotes": True}
            for code in LANGUAGES
        ]

    smtp = {"host": "127.0.0.1", "port": port, "starttls": False, "from": "Feedback <feedback@example.org>"}
    owners = {owner: boxes("owner"), NEXT_IN_LINE: boxes("next")}
    return yaml.safe_dump({"smtp": smtp, "owners": owners, "everybody": boxes("everybody")})


def risen(connection: Connection, now: datetime) -> list[Row[Any]]:
    """The alerts that last rose before `now`."""
    return [row for row in alert_rows(connection) if row.opened_at < now and row.last_rising_at < now]


def tell_alerts(context: Context, grave: Sequence[Row[Any]], owner: str, now: datetime) -> None:
    """Each alert's last rise, the first one once more to the next in line, and the end of one that is over."""
    with context.write() as connection:
        for row in grave:
            write_again(context, connection, alert_of(connection, row.id), now)
        first, position = grave[0], last_rise(connection, grave[0].id)
        passed = Escalation(first.id, position, 0, now, owner, NEXT_IN_LINE)
        write_escalation(context, connection, passed, now - timedelta(hours=4), now)
        for row in [each for each in grave if each.state == AlertState.RESOLVED][:1]:
            write_notices(context, connection, *ended(connection, row), now)


def ended(connection: Connection, row: Row[Any]) -> tuple[Transition, int]:
    """The change by which an alert was over, with its place in the alert's history."""
    last = transitions_of(connection, row.id)[-1]
    # what is not told of a calm judgement is not kept with the change
    untold = {"p": 1.0, "q": 1.0, "score": 0.0, "threshold": 0.0}
    kept = {**untold, **last.numbers} if last.numbers and "version_id" in last.numbers else None
    signal = kept_signal(kept, row.topic_id) if kept else None
    change = Transition(alert_of(connection, row.id), AlertState(last.before), last.at, last.who, last.why, signal)
    return change, last.position


def act(context: Context, now: datetime) -> None:
    """What people would have done: a fix of what ended last, and a word about what opened last."""
    with context.database.read() as connection:
        rows = risen(connection, now)
    over = max((row for row in rows if row.resolved_at and row.resolved_at < now - timedelta(days=14)),
               key=lambda row: row.resolved_at, default=None)  # fmt: skip
    if over:
        with context.write() as connection:
            add_fix(connection, over.topic_id, over.last_rising_at, -0.5, "gateway exchanged", now, "anna")
    latest = [row for row in rows if not row.resolved_at]
    if latest:
        say(context, latest[0].id, Verdict.REAL, Author("anna", "the provider confirms it", now - timedelta(hours=2)))


def named(mails: Sequence[bytes], told: Mapping[str, str]) -> Mapping[str, EmailMessage]:
    """The mails by what they tell, to whom, and in which language."""
    found: dict[str, EmailMessage] = {}
    for each in mails:
        mail = message_from_bytes(each, policy=default)
        code, _, whose = mail["To"].partition("@")[0].partition(".")
        found[f"{told[mail['X-Feedback-Key']]}-{whose}-{code}"] = mail
    return dict(sorted(found.items()))


def written_down(to: Path, name: str, mail: EmailMessage) -> EmailMessage:
    """The mail's two texts as files, the HTML with its pictures in it."""
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    page = str(html.get_content())
    for part in mail.walk():
        if part.get_content_type() == "image/png":
            shown = base64.b64encode(part.get_content()).decode()
            page = page.replace(f"cid:{part['Content-ID'][1:-1]}", f"data:image/png;base64,{shown}")
    (to / f"{name}.txt").write_text(f"{mail['Subject']}\n\n{plain.get_content()}", "utf-8")
    (to / f"{name}.html").write_text(page, "utf-8")
    return mail


def pictured(browser: Browser, to: Path, name: str) -> int:
    """Take the HTML at each width, light and dark; by how many pixels it is wider than the narrowest phone."""
    address = (to / f"{name}.html").resolve().as_uri()
    for width, across in WIDTHS.items():
        for theme in THEMES:
            page = browser.new_page(viewport={"width": across, "height": 800}, color_scheme=theme)  # type: ignore[arg-type]
            page.goto(address)
            page.screenshot(path=to / f"{name}-{width}-{theme}.png", full_page=True)
            page.close()
    page = browser.new_page(viewport={"width": NARROWEST, "height": 800})
    page.goto(address)
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.close()
    return wider


def report(written: Mapping[str, EmailMessage], wider: Mapping[str, int]) -> None:
    print(f"{'mail':36}{'wider':>6}  subject; words as in English")
    for name, mail in written.items():
        english = written.get(f"{name[:-2]}en")
        same = words(mail) & words(english) if english is not None and english is not mail else set[str]()
        print(f"{name:36}{wider[name]:>6}  {mail['Subject']}")
        if same:
            print(f"{'':44}{' '.join(sorted(same))}")


def words(mail: EmailMessage) -> set[str]:
    """The words of its text, but for quotes and addresses."""
    plain = mail.get_body(("plain",))
    assert plain is not None
    lines = [line for line in str(plain.get_content()).splitlines() if not line.startswith(">") and "://" not in line]
    return set(WORD.findall("\n".join(lines)))


if __name__ == "__main__":
    main()
