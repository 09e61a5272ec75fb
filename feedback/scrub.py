"""Takes what certain customers wrote out of pages that were written before: digests, and reports on topic models."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable

from feedback.phrases import excerpt

_HTML = re.compile(r"<blockquote\b.*?</blockquote>\n?", re.DOTALL)
_SAID = re.compile(r"<p\b[^>]*>(.*?)</p>", re.DOTALL)
_MARKDOWN = re.compile(r"(?:^>[^\n]*\n?)+", re.MULTILINE)
_ORIGIN = re.compile(r"^> \([^\n]*\)\n?\Z", re.MULTILINE)


def letters(text: str) -> str:
    """A text by its letters and digits alone: the same however it was quoted, escaped or broken into lines."""
    return "".join(each for each in html.unescape(text).casefold() if each.isalnum())


def searchable(texts: Iterable[str]) -> str:
    """What `without_quotes_of` looks in."""
    return "\n".join(letters(excerpt(text, len(text) + 1)) for text in texts)


def without_quotes_of(page: str, texts: str) -> str:
    """A page, HTML or Markdown, without its quotes of what is `searchable`, be they whole, cut or one sentence.

    A quote so short that one of the texts happens to hold it goes as well.
    """

    def kept(said: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
        return lambda quote: "" if (words := letters(said(quote[0]))) and words in texts else quote[0]

    return _MARKDOWN.sub(kept(_said_in_markdown), _HTML.sub(kept(_said_in_html), page))


def _said_in_html(quote: str) -> str:
    found = _SAID.search(quote)
    return found[1] if found else ""


def _said_in_markdown(quote: str) -> str:
    return _ORIGIN.sub("", quote)
