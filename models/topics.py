"""Says what a topic is about: its words in each language, a name, and quotes. The only file that imports bertopic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np

from models.centre import Floats, Ints

if TYPE_CHECKING:
    from simplemma import Lemmatizer
    from spacy.language import Language
    from spacy.tokenizer import Tokenizer

Words = Mapping[str, tuple[str, ...]]
"""A topic's words by language, the language with most of its texts first, the most telling word first."""

SPACY = {"de": "de", "pl": "pl", "nb": "nb", "fi": "fi", "en": "en"}
"""Languages with stop words and lemmas; others are split into lower-case tokens."""

PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]*>")
"""What redaction leaves behind: <EMAIL>, <NATIONAL_ID>, …"""

NOT_WORDS = frozenset({"emptydoc", "ca", "wo", "didn", "don", "doesn", "isn", "wasn", "won", "couldn", "can"})
"""BERTopic's stand-in for an empty text, and what is left of English contractions."""

FEW_TEXTS = 3
"""A topic with fewer texts in a language has no words in it, unless that is its main language."""

NAME_WORDS = 3
NEAR_DUPLICATE = 0.95
QUOTE_POOL = 50
"""Quotes are looked for among so many texts nearest the centroid in each language."""


def describe(texts: Sequence[str], languages: Sequence[str], labels: Ints, n_words: int = 8) -> Mapping[int, Words]:
    """The most telling words of each topic, by class-based TF-IDF (Grootendorst 2022) over lemmas, per language.

    `labels` (n,) are the topics of the n texts; -1 marks texts without one, which serve as background. Every label
    gets an entry, maybe an empty one.
    """
    by_language = Counter(languages)
    words: dict[int, dict[str, tuple[str, ...]]] = {int(label): {} for label in np.unique(labels[labels >= 0])}
    for language in by_language:
        rows = np.flatnonzero(np.asarray(languages) == language)
        found = _words_of_language([texts[row] for row in rows.tolist()], language, labels[rows], n_words)
        for label, telling in found.items():
            words[label][language] = telling
    return {label: _main_first(label, found, languages, labels) for label, found in words.items()}


def _main_first(label: int, words: Words, languages: Sequence[str], labels: Ints) -> Words:
    counts = Counter(languages[row] for row in np.flatnonzero(labels == label).tolist())
    ranked = [language for language, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    kept = ranked[:1] + [language for language in ranked[1:] if counts[language] >= FEW_TEXTS]
    return {language: words[language] for language in kept if words.get(language)}


def _words_of_language(
    texts: Sequence[str], language: str, labels: Ints, n_words: int
) -> Mapping[int, tuple[str, ...]]:
    tokens = _supported(lemmatise(texts, language), labels)
    vocabulary = {word for words in tokens for word in words}
    if (
        len(vocabulary) < 2 or not (labels >= 0).any()
    ):  # nothing to weigh words against, and scikit-learn's TF-IDF fails on a single one
        return {
            label: tuple(words) for label, words in zip(labels.tolist(), tokens, strict=True) if words and label >= 0
        }
    from bertopic import BERTopic

    class Words(BERTopic):  # type: ignore[misc]
        """Without the search for representative texts, half of the time of a fit: ours come from the centroids."""

        def _save_representative_docs(self, documents: object) -> None:
            self.representative_docs_: dict[int, list[str]] = {}

    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction
    from sklearn.feature_extraction.text import CountVectorizer

    model = Words(
        language="multilingual",  # "english", the default, strips every letter beyond ASCII
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
        vectorizer_model=CountVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False),
        top_n_words=n_words + len(NOT_WORDS),
    )
    # the labels are given, so the vectors are never looked at
    model.fit([" ".join(words) for words in tokens], embeddings=np.ones((len(tokens), 1)), y=labels.tolist())
    # BERTopic renumbers topics by size: its number for ours is where the same text went
    theirs = dict(zip(labels.tolist(), model.topics_, strict=True))
    return {label: _telling(model.get_topic(number) or [], n_words) for label, number in theirs.items() if label >= 0}


def _supported(tokens: Sequence[Sequence[str]], labels: Ints) -> list[list[str]]:
    """Each text's words once, less those that only one text of its topic has where the topic has several."""
    seen: dict[int, Counter[str]] = {}
    for label, words in zip(labels.tolist(), tokens, strict=True):
        seen.setdefault(label, Counter()).update(set(words))
    several = {label for label, count in Counter(labels.tolist()).items() if count >= FEW_TEXTS}
    return [
        [word for word in dict.fromkeys(words) if label not in several or seen[label][word] > 1]
        for label, words in zip(labels.tolist(), tokens, strict=True)
    ]


def _telling(scored: Iterable[tuple[str, float]], n_words: int) -> tuple[str, ...]:
    words = [word for word, score in scored if word and score > 0 and word not in NOT_WORDS]
    return tuple(words[:n_words])


def lemmatise(texts: Sequence[str], language: str) -> list[list[str]]:
    """Each text's words that may tell something: lower-case lemmas, no stop words, numbers or placeholders."""
    tokenizer = cast("Tokenizer", _pipeline(language).tokenizer)
    plain = (PLACEHOLDER.sub(" ", text) for text in texts)
    return [
        [lemma for token in document if (lemma := _lemma(token.text, language))] for document in tokenizer.pipe(plain)
    ]


@lru_cache(maxsize=16)
def _pipeline(language: str) -> Language:
    import spacy

    return spacy.blank(SPACY.get(language, "xx"))


@lru_cache(maxsize=500_000)
def _lemma(token: str, language: str) -> str:
    """The token's lemma in lower case; empty where the token says nothing."""
    lower = token.lower()
    if len(lower) < 2 or not lower.isalpha():
        return ""
    if language not in SPACY:
        return lower
    stop_words = _pipeline(language).Defaults.stop_words
    if lower in stop_words or lower in NOT_WORDS:
        return ""
    lemma = _lemmatizer().lemmatize(token, lang=language).lower()
    return "" if lemma in stop_words else lemma


@lru_cache(maxsize=1)
def _lemmatizer() -> Lemmatizer:
    from simplemma import Lemmatizer
    from simplemma.strategies import DefaultStrategy

    # the dictionaries of Polish and Finnish take 400 MB each in the quick form, 70 MB in this one
    return Lemmatizer(lemmatization_strategy=DefaultStrategy(low_memory=True))


NAMELESS = "New subject"
"""What a topic is called whose complaints have no word in common that says anything, until somebody names it."""


def name_of(words: Words, language: str = "en") -> str:
    """A short name for people to change: the first words in `language`, else in the first that has any; empty where
    none has."""
    found = words.get(language) or next(filter(None, words.values()), ())
    return ", ".join(found[:NAME_WORDS]).capitalize()


def quotes(
    vectors: Floats, centroids: Floats, labels: Ints, languages: Sequence[str], k: int = 5
) -> Mapping[int, tuple[int, ...]]:
    """Rows of the k texts that speak best for each topic: nearest its centroid, by turns from its languages.

    `vectors` (n, d) and `centroids` (label, d) are centred unit rows. Near-duplicates of a quote are passed over; the
    language with most of the topic's texts comes first. A label without texts has no entry.
    """
    names = np.asarray(languages)
    return {
        int(label): _quotes_of(vectors, centroids[label], np.flatnonzero(labels == label), names, k)
        for label in np.unique(labels[labels >= 0])
    }


def _quotes_of(
    vectors: Floats, centroid: Floats, rows: Ints, languages: np.ndarray[tuple[int], np.dtype[np.str_]], k: int
) -> tuple[int, ...]:
    near = rows[np.argsort(-(vectors[rows] @ centroid), kind="stable")]
    ranked = [language for language, _ in Counter(languages[rows].tolist()).most_common()]
    queues = [near[languages[near] == language][:QUOTE_POOL].tolist() for language in ranked]
    chosen: list[int] = []
    while len(chosen) < k and any(queues):
        for queue in filter(None, queues):
            chosen += _next_quote(queue, vectors, chosen)
    return tuple(chosen[:k])


def _next_quote(queue: list[int], vectors: Floats, chosen: Sequence[int]) -> list[int]:
    """Takes the first text off the queue that repeats none of the chosen; none if all do."""
    while queue:
        row = queue.pop(0)
        if not chosen or float((vectors[chosen] @ vectors[row]).max()) < NEAR_DUPLICATE:
            return [row]
    return []
