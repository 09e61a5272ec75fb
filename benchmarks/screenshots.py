"""Pictures of every page of the dashboard, and what is wrong with them that a program can see.

    python benchmarks/screenshots.py [--data-dir var/demo] [--to var/screenshots] [--language en] [--only alert]

Serves a copy of what `make demo` left (which is played first if it is not there), as of its last day, signs in, and
takes each page at desktop and phone width, light and dark. Which pages there are the application itself says: every
route that people read, with each of the values found for what is open in its path. Beside them stand what only comes
of doing something: an answer refused, a second factor asked for and set up, a verdict given by the link in a mail.

Reported are, by page, its status, by how many pixels it is wider than a phone, and what the browser complains of; then
the links of all pages that lead nowhere. Needs Chromium.
"""

from __future__ import annotations

import argparse
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from rich.console import Console

from feedback.api import create_app, links
from feedback.api.cookie import cookie_name
from feedback.api.digests import folder
from feedback.api.server import serve
from feedback.authentication import SEALED_FOR
from feedback.links import PATH, links_of
from feedback.notify.outbox import Notice, NoticeKind
from feedback.passwords import hashed
from feedback.roles import Role
from feedback.sealed import seal
from feedback.second_factor import new_secret
from feedback.settings import Settings, hash_key
from feedback.store import accounts, notices, sessions
from feedback.store.alerts import alert_rows
from feedback.store.topics import published_version, topics_of, versions
from feedback.web.pages import PAGES
from jobs.bootstrap import build_context
from jobs.cli import demo_settings
from jobs.context import Context
from jobs.demo.invent import SEED
from jobs.demo.stage import stage
from jobs.demo.visitor import last_moment
from jobs.look import looks
from jobs.progress import Silent, Terminal
from jobs.respond import responses

WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}
THEMES = ("light", "dark")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that are thrown away
UNREAD = re.compile(r"/static/|\.png$|/sign-in/provider")
"""Routes that people do not read: what pages load, and the way to a provider that is not there."""

Step = Callable[[Page], object]


@dataclass(frozen=True, slots=True)
class Shot:
    """A page to take: its address, and what to do once it is open. A guest has not signed in."""

    name: str
    path: str
    then: Step = lambda _: None
    guest: bool = False


@dataclass
class Seen:
    """What was found while pages were taken."""

    status: dict[str, int] = field(default_factory=dict)
    too_wide: dict[str, int] = field(default_factory=dict)
    said: dict[str, set[str]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    """Where each address was found."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path("var/demo"))
    parser.add_argument("--to", type=Path, default=Path("var/screenshots"))
    parser.add_argument("--language", default="en")
    parser.add_argument("--only", default="", help="only pages whose name holds this")
    options = parser.parse_args()
    if CHROMIUM is None:
        parser.error("there is no Chromium on the PATH; on Debian `apt-get install chromium` brings it")
    options.to.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as home, copied(options.data_dir, Path(home)) as context:
        now = last_moment(context, datetime.now(UTC))
        shots, session = [each for each in all_shots(context, now) if options.only in each.name], visitor(context, now)
        with served(context, now) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM)
            seen = taken(browser, address, shots, session, options.to, options.language)
            dead = sorted(dead_links(browser, address, session, seen.links))
            browser.close()
    report(shots, seen, dead)


@contextmanager
def copied(data_dir: Path, home: Path) -> Iterator[Context]:
    """A copy to work in, for pictures need accounts and give verdicts."""
    settings = demo_settings().model_copy(update={"data_dir": data_dir})
    if not (data_dir / "feedback.db").exists():
        played = build_context(settings, Terminal(Console()), lambda: datetime.now(UTC), create=True)
        stage(played, SEED)
        played.database.close()
    shutil.copytree(data_dir, home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("encoder"))
    context = build_context(
        settings.model_copy(update={"data_dir": home}), Silent(), lambda: datetime.now(UTC), create=True
    )
    yield context
    context.database.close()


@contextmanager
def served(context: Context, now: datetime) -> Iterator[str]:
    """Where the dashboard answers."""
    app = create_app(context.settings, context.database, lambda: now, lambda *_: [], responses(context), looks(context))
    stop, ready, ports = threading.Event(), threading.Event(), list[int]()

    def on_ready(port: int) -> None:
        ports.append(port)
        ready.set()

    server = threading.Thread(target=serve, args=(app, 0, stop, on_ready))
    server.start()
    ready.wait()
    yield f"http://127.0.0.1:{ports[0]}"
    stop.set()
    server.join()


def visitor(context: Context, now: datetime) -> str:
    """The session of somebody who may do everything."""
    with context.database.write() as connection:
        made = accounts.add_account(connection, "ada", Role.ADMINISTRATOR, now, "", hashed(PASSWORD))
        accounts.add_account(connection, "olga", Role.OWNER, now, "payments", hashed(PASSWORD))
        guarded = accounts.add_account(connection, "greta", Role.ANALYST, now, "", hashed(PASSWORD))
        sealed = seal(new_secret(), hash_key(context.settings.data_dir), SEALED_FOR, now)
        accounts.change_account(connection, guarded.id, second_factor=sealed)
        return sessions.begin_session(connection, made.id, now)


def all_shots(context: Context, now: datetime) -> list[Shot]:
    """Every page that is read, for each of the values that fit, and what comes of doing something."""
    known, routers = values(context, now), [*(each.router for each in PAGES), links.router]
    read = sorted({route.path for each in routers for route in each.routes if "GET" in route.methods})
    plain = [shot for path in read if not UNREAD.search(path) for shot in filled(path, known)]
    return [*plain, *done(known)]


def values(context: Context, now: datetime) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """What stands in the place of each parameter, or of those that belong together, by the first of them."""
    with context.database.read() as connection:
        current = published_version(connection)
        assert current is not None
        alerts, made = alert_rows(connection), versions(connection)
        topics = topics_of(connection, current.id)
    kinds = {each.kind: each for each in topics}
    hot = [each for each in topics if alerts and each.id == alerts[0].topic_id]
    latest = max(folder(context.settings).iterdir())
    written = sorted(latest.glob("*.md"), key=lambda path: -path.stat().st_size)
    shown = [next(row for row in alerts if row.state == state) for state in sorted({row.state for row in alerts})]
    shown_token, *followed = tokens(context, now)
    return {
        "alert_id": [{"alert_id": str(each.id)} for each in shown],
        "topic_id": [{"topic_id": str(each.id)} for each in [*hot, *kinds.values()]],
        "version_id": [{"version_id": str(each.id)} for each in (current, *made[:1]) if each],
        "week": [{"week": latest.name, "name": path.stem} for path in written[:2]],
        "token": [{"token": shown_token}],
        "unused": [{"token": each} for each in followed],
        "topics": [{"query": "?" + "&".join(f"topic={each.id}" for each in topics[:2])}],
    }


def tokens(context: Context, now: datetime) -> list[str]:
    """Those of the links in a mail about the latest alert, one a verdict."""
    with context.database.write() as connection:
        row = alert_rows(connection, limit=1)[0]
        told = Notice(uuid4(), NoticeKind.OPENED, row.owner or "payments", "default/1", {}, now, now, row.id)
        notices.add_notices(connection, [told])
    made = links_of("https://feedback.example.org", hash_key(context.settings.data_dir), told.id, row.id, now)
    return [each.rpartition(PATH)[2] for each in made.values()]


def filled(path: str, known: Mapping[str, Sequence[Mapping[str, str]]]) -> Iterator[Shot]:
    """A route's pages. Whoever asks for a value that nobody has thought of gets a KeyError."""
    guest = path.startswith(("/sign-in", PATH))
    wanted = re.findall(r"\{(\w+)\}", path)
    if path == "/topics/merge":
        yield Shot("topics-merge", path + known["topics"][0]["query"])
    elif not wanted:
        yield Shot(path.strip("/").replace("/", "-") or "hot-issues", path, guest=guest)
    for number, chosen in enumerate(known[wanted[0]] if wanted else (), 1):
        stem = re.sub(r"/\{\w+\}", "", path).strip("/").replace("/", "-")
        yield Shot(f"{stem}-{number}", path.format(**chosen), guest=guest)


def done(known: Mapping[str, Sequence[Mapping[str, str]]]) -> list[Shot]:
    """What only comes of doing something; what changes the data comes last."""

    def sign_in(name: str, password: str) -> Step:
        def act(page: Page) -> None:
            page.locator("input[name=name]").fill(name)
            page.locator("input[name=password]").fill(password)
            page.locator("main form button").first.click()

        return act

    def press(action: str) -> Step:
        return lambda page: page.locator(f"form[action='{action}'] button").click()

    alert = known["alert_id"][0]["alert_id"]
    unused = iter([PATH + each["token"] for each in known["unused"]])

    def follow(page: Page) -> None:
        page.goto(next(unused))  # each counts once
        page.locator("button").first.click()

    return [
        Shot("sign-in-refused", "/sign-in", sign_in("ada", "wrong"), guest=True),
        Shot("sign-in-second-factor-asked", "/sign-in", sign_in("greta", PASSWORD), guest=True),
        Shot("account-second-factor", "/account", press("/account/second-factor")),
        Shot("refused-not-there", f"/alerts/{uuid4()}"),
        Shot("refused-link", PATH + "nothing", guest=True),
        Shot("figures-by-market", "/figures?by=market"),
        Shot("hot-issues-filtered", "/?market=FI&days=7"),
        Shot("alert-fix-form", f"/alerts/{alert}", lambda page: page.locator("summary").nth(-2).click()),
        Shot("verdict-given", "/sign-in", follow, guest=True),
    ]


def taken(browser: Browser, address: str, shots: Sequence[Shot], session: str, to: Path, language: str) -> Seen:
    """Take them all, and look around while there."""
    seen = Seen()
    for width, (across, down) in WIDTHS.items():
        for theme in THEMES:
            for guest in (False, True):
                window = browser.new_context(
                    base_url=address,
                    viewport={"width": across, "height": down},
                    color_scheme=theme,  # type: ignore[arg-type]
                    locale=language,
                    is_mobile=width == "phone",
                )
                if not guest:
                    cookie = {"name": cookie_name(Settings()), "value": session, "url": address}
                    window.add_cookies([cookie])  # type: ignore[list-item]
                for each in shots:
                    if each.guest is guest:
                        look(window, each, to / f"{each.name}-{width}-{theme}.png", seen, is_phone=width == "phone")
                window.close()
    return seen


def look(window: BrowserContext, shot: Shot, to: Path, seen: Seen, *, is_phone: bool) -> None:
    """Take one page."""
    page = window.new_page()
    said = seen.said.setdefault(shot.name, set())
    page.on("console", lambda each: said.add(each.text) if each.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.add(str(error)))
    answer = page.goto(shot.path)
    seen.status[shot.name] = answer.status if answer else 0
    shot.then(page)
    page.wait_for_load_state("networkidle")
    for href in page.locator("a[href]").evaluate_all("all => all.map(each => each.getAttribute('href'))"):
        seen.links.setdefault(href, shot.name)
    if is_phone:
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        seen.too_wide[shot.name] = max(wider, seen.too_wide.get(shot.name, 0))
    page.screenshot(path=to, full_page=True)
    page.close()


def dead_links(browser: Browser, address: str, session: str, found: Mapping[str, str]) -> Iterator[str]:
    """Addresses on this site that answer with an error, and where each stands; jumps within a page are not asked."""
    window = browser.new_context(base_url=address)
    window.add_cookies([{"name": cookie_name(Settings()), "value": session, "url": address}])
    for href, where in found.items():
        parts = urlsplit(href)
        if parts.netloc or not parts.path:
            continue
        status = window.request.get(href if href.startswith("/") else f"/{href}").status
        if status >= 400:
            yield f"{status} {href} (on {where})"
    window.close()


def report(shots: Iterable[Shot], seen: Seen, dead: Sequence[str]) -> None:
    print(f"{'page':36}{'status':>7}{'wider':>7}  said by the browser")
    for each in shots:
        said = "; ".join(sorted(seen.said[each.name]))
        print(f"{each.name:36}{seen.status[each.name]:>7}{seen.too_wide[each.name]:>7}  {said}")
    print(f"\n{len(seen.links)} links on them, {len(dead)} of which lead nowhere")
    for link in dead:
        print(f"  {link}")


if __name__ == "__main__":
    main()
