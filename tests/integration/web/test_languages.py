"""In another language no page says in English what the catalogue has a translation of."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from babel.messages.pofile import read_po
from starlette.testclient import TestClient

from feedback.language import LANGUAGES
from tests.integration.api.api_world import BONUS, LOGIN, VERSION

OTHERS = [each for each in LANGUAGES if each != "en"]
VOID = {"meta", "link", "input", "img", "br", "rect", "polyline", "path"}
EXCEPTED = {BONUS.name, "Login fails", "Support slow", "anna", "accounts", "promotions", "unowned"}
"""Names that people gave, and what a setting holds."""


class Texts(HTMLParser):
    """What is read on a page, but for parts that say they are English, and languages' names for themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.found += [value for name in ("aria-label", "placeholder", "data-confirm") if (value := known.get(name))]
        if tag not in VOID:
            foreign = tag in ("option", "tr", "td", "span") and "lang" in known
            self._open.append(foreign or bool(self._open and self._open[-1]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not (self._open and self._open[-1]):
            self.found.append(" ".join(data.split()))


@cache
def english(code: str) -> list[re.Pattern[str]]:
    """What English says of all that the language says otherwise."""
    po = files("feedback").joinpath("locale", code, "LC_MESSAGES", "feedback.po").read_bytes()
    made = []
    for message in read_po(BytesIO(po), locale=code):
        forms = [message.id] if isinstance(message.id, str) else list(message.id)
        said = [message.string] if isinstance(message.string, str) else list(message.string or ())
        for form in forms:
            plain = re.sub(r"\{\w+\}", "", form)
            if form and form not in said and re.search(r"[A-Za-z]{3}", plain):
                made.append(re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(form))))
    return made


def untranslated(page: str, code: str) -> set[str]:
    texts = Texts()
    texts.feed(page)
    asked = set(texts.found) - EXCEPTED
    return {each for each in asked if any(message.fullmatch(each) for message in english(code))}


PAGES = (
    "/", "/alerts", "/topics", "/topics/map", "/topics/decisions", "/models", f"/models/{VERSION.id}", "/fixes",
    "/figures", "/digests", "/health", "/settings", "/sign-in", f"/topics/{BONUS.id}", f"/topics/{uuid4()}",
    f"/topics/merge?topic={BONUS.id}&topic={LOGIN.id}", "/topics/merge",
)  # fmt: skip


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("path", PAGES, ids=[f"page {number}" for number in range(len(PAGES))])
def test_pages_speak_one_language(browser: TestClient, alert: UUID, path: str, code: str) -> None:
    page = browser.get(path, headers={"Accept-Language": code}).text
    assert f'<html lang="{code}"' in page
    assert untranslated(page, code) == set()


@pytest.mark.parametrize("code", OTHERS)
def test_an_alert_and_what_cannot_be_done_about_it_speak_one_language(
    browser: TestClient, alert: UUID, code: str
) -> None:
    to = {"Accept-Language": code}
    assert untranslated(browser.get(f"/alerts/{alert}", headers=to).text, code) == set()
    browser.post(f"/alerts/{alert}/resolve")
    for path, form in (
        (f"/alerts/{alert}/acknowledge", {}),
        (f"/alerts/{alert}/fix", {"day": "2030-01-01", "note": "mended"}),
        (f"/topics/{BONUS.id}/label", {"what": "severity", "value": "enormous"}),
        (f"/topics/{BONUS.id}/merge", {"into": str(BONUS.id)}),
        ("/fixes/99/withdraw", {}),
        ("/models/roll-back", {}),
    ):
        refused = browser.post(path, data=form, headers=to)
        assert refused.status_code >= 400, path
        assert untranslated(refused.text, code) == set(), path
        assert not re.search(r"There is no|cannot be|was resolved|No version", refused.text), path


def test_english_on_another_page_would_be_found() -> None:
    assert untranslated("<p>Hot issues</p><p>28 days: 13, 2.7 expected (0–7)</p>", "de") != set()
    assert untranslated('<table><tr lang="en"><td>Hot issues</td></tr></table>', "de") == set()
