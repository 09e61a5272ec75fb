"""A Presidio recogniser for finds that no single pattern can describe."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from presidio_analyzer import LocalRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of text, half open, with how sure it is, 0 to 1."""

    start: int
    end: int
    score: float


class Finder(LocalRecognizer):
    """Gives what `find` yields to Presidio."""

    entity: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(supported_entities=[self.entity])

    def load(self) -> None:
        """Nothing to load."""

    @abstractmethod
    def find(self, text: str) -> Iterator[Found]:
        """Where the entity stands in `text`."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        return [RecognizerResult(self.entity, found.start, found.end, found.score) for found in self.find(text)]
