"""What customers say: one file of phrases a language, all with the same kinds and slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

LANGUAGES = ("en", "de", "pl", "nb", "fi")


@dataclass(frozen=True, slots=True)
class Wording:
    """One language. `says` and `adds` by complaint kind: the matter itself, and what may follow it.

    `greetings` and `closings` fit any text; `grumbles` (before) and `demands` (after) only a complaint.
    """

    months: tuple[str, ...]
    date: str
    levels: tuple[str, ...]
    greetings: tuple[str, ...]
    grumbles: tuple[str, ...]
    closings: tuple[str, ...]
    demands: tuple[str, ...]
    personal: Mapping[str, tuple[str, ...]]
    says: Mapping[str, tuple[str, ...]]
    adds: Mapping[str, tuple[str, ...]]


@cache
def wording(language: str) -> Wording:
    """The phrases of one of `LANGUAGES`."""
    text = (resources.files(__name__) / f"{language}.yaml").read_text(encoding="utf-8")
    # libyaml where the wheel has it: ten times as quick, and just as safe
    data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # nosec B506  # noqa: S506
    kinds = data["kinds"]
    return Wording(
        months=tuple(data["months"]),
        date=data["date"],
        levels=tuple(data["levels"]),
        greetings=tuple(data["greetings"]),
        grumbles=tuple(data["grumbles"]),
        closings=tuple(data["closings"]),
        demands=tuple(data["demands"]),
        personal={item: tuple(texts) for item, texts in data["personal"].items()},
        says={kind: tuple(texts["says"]) for kind, texts in kinds.items()},
        adds={kind: tuple(texts["adds"]) for kind, texts in kinds.items()},
    )
