"""Whatever the bytes, reading ends in records or in a SourceError, and no line is lost."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.errors import SourceError
from feedback.sources import RawRecord, UnreadableRecord, read

CSV_BITS = st.lists(st.sampled_from(["a", '"', ",", ";", "\n", "\r\n", "\0", "ż", "1,2024,x\n", '2,2024,"y"\n', "\r"]))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def consumed(data: bytes) -> list[RawRecord | UnreadableRecord] | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "f")
        path.write_bytes(data)
        try:
            return list(read(path))
        except SourceError:
            return None


@given(st.binary(max_size=400), st.booleans(), st.integers(0, 30))
@settings(max_examples=150, deadline=None)
def test_arbitrary_bytes(data: bytes, packed: bool, cut: int) -> None:
    packed_data = gzip.compress(data)
    found = consumed(packed_data[: len(packed_data) - cut] if packed else data)
    lines = [record.line or 0 for record in found or []]
    assert lines == sorted(set(lines)), "each line is read once, in order"
    assert all(1 <= line <= len(data.splitlines()) + 1 for line in lines)


@given(CSV_BITS)
@settings(max_examples=200, deadline=None)
def test_every_line_of_a_csv_is_in_a_record(bits: list[str]) -> None:
    body = "".join(bits)
    found = consumed(b"id,created_at,text\n" + body.encode())
    assert found is not None
    starts = [record.line for record in found]
    assert starts == sorted(set(starts))
    unquoted = [number for number, line in enumerate(body.split("\n"), 2) if line.strip()]
    if '"' not in body:
        assert starts == unquoted


@given(st.lists(JSON_VALUES | st.text(st.characters(exclude_characters="\n")), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_every_json_line_yields_one_record(values: list[object]) -> None:
    lines = ['{"id": 1}', *(value if isinstance(value, str) else json.dumps(value) for value in values)]
    found = consumed("\n".join(lines).encode("utf-8", "surrogatepass"))
    assert found is not None
    assert len(found) == sum(1 for line in lines if line.encode("utf-8", "surrogatepass").strip())
