"""A browser, and the dashboard of the replayed world for it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from feedback.api import create_app
from feedback.api.server import serve
from feedback.settings import Settings
from jobs.context import Context
from jobs.look import looks
from jobs.respond import responses
from tests.end_to_end.world import OpenContext, Replayed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def context(replayed: Replayed, tmp_path: Path, open_context: OpenContext) -> Context:
    """The replayed world in a copy of its own."""
    home = tmp_path / "var"
    shutil.copytree(replayed.settings.data_dir, home)
    return open_context(Settings(**{**replayed.settings.model_dump(), "data_dir": home}))


@pytest.fixture
def address(context: Context) -> Iterator[str]:
    """Where the dashboard of that world answers."""
    from tests.end_to_end.browser.browser_world import NOW

    app = create_app(context.settings, context.database, lambda: NOW, lambda *_: [], responses(context), looks(context))
    stop, ready, ports = threading.Event(), threading.Event(), []

    def on_ready(port: int) -> None:
        ports.append(port)
        ready.set()

    server = threading.Thread(target=serve, args=(app, 0, stop, on_ready))
    server.start()
    assert ready.wait(60)
    yield f"http://127.0.0.1:{ports[0]}"
    stop.set()
    server.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.fail("There is no Chromium on the PATH; on Debian `apt-get install chromium` brings it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Browser, address: str) -> Iterator[BrowserContext]:
    window = chromium.new_context(base_url=address, locale="en-GB")
    window.set_default_timeout(60_000)
    yield window
    window.close()


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """A tab; what the browser complains of, such as a breach of the Content-Security-Policy, fails the test."""
    page, complaints = window.new_page(), list[str]()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    assert [each for each in complaints if "status of 4" not in each] == []
