"""Reads YAML that people write: every mistake is one sentence that names the file and the place in it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml

from feedback.errors import FeedbackError

SIZE_LIMIT = 2_000_000
"""Bytes; two hundred topics with ten phrases in ten languages fit well into it."""

DEPTH_LIMIT = 8
"""The formats nest five deep."""


def read_yaml(
    file: Path | Traversable, noun: str, place: str, shipped: Sequence[str], error: type[FeedbackError]
) -> object:
    """What a file holds. Raises `error` where it is not there, too large, or no YAML without aliases and doubles.

    `noun` and `place` say in messages what it is and where; `shipped` are the names that may be given for a path.
    """
    reader = _Reader(noun, place, error)
    return reader.parse(reader.read(file, shipped))


@dataclass(frozen=True, slots=True)
class _Reader:
    noun: str
    place: str
    error: type[FeedbackError]

    @property
    def what(self) -> str:
        return f"The {self.noun} {self.place}"

    def read(self, file: Path | Traversable, shipped: Sequence[str]) -> bytes:
        try:
            with file.open("rb") as stream:
                raw = stream.read(SIZE_LIMIT + 1)
        except FileNotFoundError:
            names = ", ".join([*shipped, "none"])
            raise self.error(
                f"There is no {self.noun} file {self.place}. Give the path of a YAML file, or one of: {names}."
            ) from None
        except OSError as error:
            raise self.error(f"{self.what} cannot be read: {error.strerror or error}.") from error
        if len(raw) > SIZE_LIMIT:
            raise self.error(f"{self.what} is larger than {SIZE_LIMIT:,} bytes; is it the right file?")
        return raw

    def parse(self, raw: bytes) -> object:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.error(f"{self.what} is not UTF-8 text (byte {error.start}).") from None
        try:
            self._refuse_bombs(text)
            return yaml.load(text, Loader=_StrictLoader)  # nosec B506  # noqa: S506 - the loader is a SafeLoader
        except yaml.YAMLError as error:
            raise self.error(f"{self.what} is not valid YAML: {_where(error)}.") from error
        except ValueError as error:  # a date such as 2026-13-45 passes YAML's pattern and fails in Python
            raise self.error(f"{self.what} holds an impossible value: {error}.") from error

    def _refuse_bombs(self, text: str) -> None:
        """Aliases can grow a small file into gigabytes, and deep nesting exhausts the stack; nobody needs either."""
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise self.error(f"{self.what} uses a YAML alias (line {_line(event)}); write it out.")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > DEPTH_LIMIT:
                raise self.error(f"{self.what} nests deeper than {DEPTH_LIMIT} levels (line {_line(event)}).")


class _StrictLoader(yaml.SafeLoader):
    """Safe, and a key written twice is an error instead of the second silently replacing the first."""


def _mapping_without_doubles(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Hashable, object]:
    seen: set[str] = set()
    for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key.value!r} is written twice", key.start_mark
            )
        seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _mapping_without_doubles)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


def _where(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return " ".join(str(error).split())
