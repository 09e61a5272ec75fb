"""Quotes are found however a page wrote them."""

from __future__ import annotations

import html

from hypothesis import given
from hypothesis import strategies as st

from feedback.digest import escape_markdown
from feedback.phrases import excerpt
from feedback.scrub import letters, searchable, without_quotes_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400).filter(letters)


def in_html(text: str) -> str:
    said = html.escape(excerpt(text))
    return f'<blockquote class="line">\n<p lang="de">„{said}“</p>\n<p class="muted">German, e-mail</p>\n</blockquote>\n'


def in_markdown(text: str) -> str:
    return f"> {escape_markdown('“' + excerpt(text).replace(chr(10), ' ') + '”')}\n> (German, e-mail)\n"


@given(TEXT)
def test_a_quote_goes_whatever_is_in_it(text: str) -> None:
    wanted = searchable([text])
    for quote in (in_html, in_markdown):
        page = f"# Week\n\n{quote(text)}\nThe end.\n"
        assert without_quotes_of(page, wanted).replace("\n", "") == "# WeekThe end."


@given(TEXT, TEXT)
def test_a_quote_of_what_somebody_else_wrote_stays(text: str, other: str) -> None:
    page = in_html("Wo ist mein Geld geblieben? " + other) + "\n" + in_markdown("Wo ist mein Geld? " + other)
    assert without_quotes_of(page, searchable([text])) == page or "wo ist mein geld" in text.casefold()


def test_one_sentence_of_a_text_goes_too() -> None:
    text = "Hello. How does wagering work? See https://casino.example/terms for what I mean."
    page = in_html("How does wagering work?") + in_html("Another question?")
    assert without_quotes_of(page, searchable([text])) == in_html("Another question?")


def test_of_two_quotes_in_markdown_only_the_wanted_one_goes() -> None:
    page = in_markdown("Zwei *Sterne*_und_ mehr & <b>") + "\n" + in_markdown("Bleibt")
    assert without_quotes_of(page, searchable(["Zwei *Sterne*_und_ mehr & <b>"])) == "\n" + in_markdown("Bleibt")
