"""Digest and alert mails as files in a browser: they fit the narrowest phone, and everybody can read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from feedback.digest import render_html
from feedback.domain import Verdict
from feedback.language import LANGUAGES, Language
from feedback.notify.message import alert_message, trial_message
from tests.end_to_end.browser.browser_world import faults
from tests.unit.feedback.notify.notify_samples import NOW, QUOTE, notice, update
from tests.unit.feedback.test_digest import empty, rich
from tests.unit.feedback.test_language import mails, whole

pytestmark = pytest.mark.browser

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # a PNG


BROKEN = """rows => rows.flatMap(row => [...row.childNodes]).filter(part => part.nodeType == Node.TEXT_NODE).flatMap(
  part => [...part.data.matchAll(/\\S+/g)].filter(word => {
    const range = document.createRange()
    range.setStart(part, word.index)
    range.setEnd(part, word.index + word[0].length)
    return range.getClientRects().length > 1
  }).map(word => word[0]))"""
"""Words that stand on two lines."""


@pytest.fixture
def sheet(chromium: Browser) -> Iterator[Page]:
    window = chromium.new_context()
    yield window.new_page()
    window.close()


def everything(to: Language) -> dict[str, str]:
    """Each kind of mail with all that it can hold."""
    links = {each: f"https://feedback.example.org/verdict/{'a2' * 42}{each[0]}" for each in Verdict}
    address = "https://feedback.example.org/alerts/5d1f0b52-6b0c-5d0a-9d3e-0a6f2f0f2c11"
    html = [each for each in mails(to) if each.startswith("<!DOCTYPE")]
    assert len(html) == 5
    return {
        "digest of everything": render_html(whole(), to=to),
        "digest": render_html(rich(), to=to),
        "digest of a calm week": render_html(empty(), to=to),
        "alert with links": alert_message(notice(), [QUOTE], lambda _: links, lambda _: address).html,
        "end": alert_message(update()).html,
        "trial": trial_message("payments", notice().id, NOW, to).html,
        **{f"alert {number}": each for number, each in enumerate(html)},
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("code", LANGUAGES)
def test_mails_meet_wcag_and_fit_the_narrowest_phone(sheet: Page, tmp_path: Path, code: str, theme: str) -> None:
    sheet.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    for name, html in everything(Language(code)).items():
        path = tmp_path / "mail.html"
        path.write_text(re.sub(r'src="cid:[^"]+"', f'src="data:image/png;base64,{PIXEL}"', html), "utf-8")
        sheet.goto(path.as_uri())
        assert faults(sheet) == [], name
        assert sheet.locator("img:not([alt]), img[alt='']").count() == 0, name
        assert sheet.evaluate("[...document.images].every(each => each.complete && each.naturalWidth)"), name


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_figure_s_name_is_broken_on_a_usual_phone(sheet: Page, tmp_path: Path, code: str) -> None:
    path = tmp_path / "mail.html"
    path.write_text(render_html(whole(), to=Language(code)), "utf-8")
    sheet.goto(path.as_uri())
    for width in (375, 390, 430):
        sheet.set_viewport_size({"width": width, "height": 800})
        rows = sheet.locator("table").last.locator("tbody th")
        assert rows.count() > 3
        assert rows.evaluate_all(BROKEN) == []
        assert sheet.evaluate("document.documentElement.scrollWidth") <= width
