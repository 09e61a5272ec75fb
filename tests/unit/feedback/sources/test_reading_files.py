"""Files as they come: whole, damaged, in the wrong encoding, not files at all."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from feedback.errors import SourceError
from feedback.sources import FieldMapping, RawRecord, UnreadableRecord, read

ROW = {"id": "T-1", "created_at": "2024-05-01T10:00:00Z", "text": "Wo ist mein Bonus?"}


def records(path: Path, *entries: str, encoding: str = "utf-8") -> list[RawRecord | UnreadableRecord]:
    return list(read(path, FieldMapping.parse(entries), encoding))


def written(tmp_path: Path, data: bytes | str, name: str = "complaints") -> Path:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def outcome(found: list[RawRecord | UnreadableRecord]) -> list[tuple[int, str]]:
    return [(one.line, one.reason if isinstance(one, UnreadableRecord) else str(one.fields["text"])) for one in found]


def test_json_lines_are_read_plain_and_gzipped_whatever_the_name(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({**ROW, "id": number}) for number in range(3))
    plain = records(written(tmp_path, lines, "export.csv"))
    packed = records(written(tmp_path, gzip.compress(lines.encode()), "export.txt"))
    assert plain == packed
    assert [record.fields["source_id"] for record in plain if isinstance(record, RawRecord)] == [0, 1, 2]


def test_gzip_members_after_one_another_are_one_file(tmp_path: Path) -> None:
    data = b"".join(gzip.compress(json.dumps(ROW).encode() + b"\n") for _ in range(3))
    assert len(records(written(tmp_path, data))) == 3


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_in_every_dialect(tmp_path: Path, delimiter: str, end: str) -> None:
    rows = [
        ["\ufeffid", "created_at", "text"],
        ["1", "2024-05-01", '"line one\nline ""two"""'],
        ["2", "2024-05-02", "x"],
    ]
    path = written(tmp_path, end.join(delimiter.join(row) for row in rows))
    assert outcome(records(path)) == [(2, 'line one\nline "two"'), (4, "x")]


def test_excel_names_its_delimiter_first(tmp_path: Path) -> None:
    assert outcome(records(written(tmp_path, "sep=;\nid;created_at;text\n1;2024;a, b, c\n"))) == [(3, "a, b, c")]


def test_utf_16_is_told_by_its_mark(tmp_path: Path) -> None:
    path = written(tmp_path, "id\tcreated_at\ttext\n1\t2024\tżółć\n".encode("utf-16"))
    assert outcome(records(path)) == [(2, "żółć")]


def test_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    good = json.dumps(ROW).encode()
    bad = [b"not json", b'{"text": "\xff"}', b'{"text": "\x00"}', b"[1]", b'{"id": ' + b"9" * 5000 + b"}", b"{" * 3000]
    found = records(written(tmp_path, b"\n".join([good, *bad, b"", good])))
    reasons = [reason for _, reason in outcome(found)]
    text = ROW["text"]
    assert reasons == [text, "bad_json", "encoding", "nul_bytes", "bad_json", "bad_json", "bad_json", text]
    assert [record.line for record in found] == [1, 2, 3, 4, 5, 6, 7, 9]


def test_the_encoding_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, "id;created_at;text\n1;2024;Grüße\n".encode("cp1252"))
    (refused,) = records(path)
    assert isinstance(refused, UnreadableRecord)
    assert refused.reason == "encoding"
    assert "--encoding" in refused.detail
    assert outcome(records(path, encoding="windows-1252")) == [(2, "Grüße")]


def test_an_unreadable_line_is_shown_without_its_words(tmp_path: Path) -> None:
    (refused,) = records(written(tmp_path, '{"id": 17, "email": "hans@web.de", oops}'))
    assert isinstance(refused, UnreadableRecord)
    assert refused.shape == '{"xx": 99, "xxxxx": "xxxx@xxx.xx", xxxx}'


def test_rows_of_the_wrong_width(tmp_path: Path) -> None:
    path = written(tmp_path, "id,created_at,text\n1,2024\n2,2024,good\n3,2024,one,two\n")
    assert outcome(records(path)) == [(2, "wrong_cells"), (3, "good"), (4, "wrong_cells")]


def test_a_lost_quotation_mark_costs_one_line(tmp_path: Path) -> None:
    rows = [f"{number},2024,good {number}" for number in range(3_000)]
    rows[10] = '10,2024,"never closed'
    rows[2_990] = '2990,2024,"nor this'
    found = outcome(records(written(tmp_path, "id,created_at,text\n" + "\n".join(rows))))
    assert Counter(reason == "open_quote" for _, reason in found) == {False: 2_998, True: 2}
    assert [line for line, reason in found if reason == "open_quote"] == [12, 2_992]


def test_a_cut_off_gzip_gives_all_that_was_whole(tmp_path: Path) -> None:
    lines = "".join(json.dumps({**ROW, "id": number, "note": f"{number * 7919:x}"}) + "\n" for number in range(20_000))
    data = gzip.compress(lines.encode())
    found = records(written(tmp_path, data[: len(data) // 2]))
    assert len(found) > 5_000
    assert all(isinstance(record, RawRecord) for record in found[:-1])
    assert isinstance(found[-1], UnreadableRecord)
    assert found[-1].reason == "truncated"
    assert found[-1].line == len(found)


def test_damaged_gzip_ends_with_a_refusal(tmp_path: Path) -> None:
    lines = "".join(json.dumps({**ROW, "id": number * 7919}) + "\n" for number in range(20_000))
    data = bytearray(gzip.compress(lines.encode()))
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    last = records(written(tmp_path, bytes(data)))[-1]
    assert isinstance(last, UnreadableRecord)


def test_ten_megabytes_in_one_text_are_refused_and_never_held(tmp_path: Path) -> None:
    long = b'{"id": 1, "created_at": "2024", "text": "' + b"x" * 10_000_000 + b'"}\n'
    path = written(tmp_path, long * 3 + json.dumps(ROW).encode())
    del long
    tracemalloc.start()
    found = [(record.line, getattr(record, "reason", None)) for record in read(path)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [(1, "too_long"), (2, "too_long"), (3, "too_long"), (4, None)]
    assert peak < 16_000_000


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        with path.open("w") as file:
            file.write("id,created_at,text\n")
            file.writelines(f"{row},2024-05-01T10:00:00Z,Where is my bonus {row}?\n" for row in range(rows))
        tracemalloc.start()
        assert sum(1 for _ in read(path)) == rows
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(20_000) < 1.2 * peak(5_000)


def test_a_header_that_does_not_serve_names_what_is_there(tmp_path: Path) -> None:
    path = written(tmp_path, "Vorgang;Eingang;Beschwerde\n1;2024;x\n")
    with pytest.raises(SourceError, match=r"Vorgang, Eingang, Beschwerde.*--map source_id=COLUMN"):
        records(path)
    with pytest.raises(SourceError, match="no column Text"):
        records(path, "source_id=Vorgang", "received_at=Eingang", "text=Text")
    assert outcome(records(path, "source_id=Vorgang", "received_at=Eingang", "text=Beschwerde")) == [(2, "x")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "blank lines"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"PK\x03\x04rest", "ZIP archive or an Excel"),
        (b'[{"id": 1}]', "one JSON document"),
        (b'{\n "id": 1\n}', "one JSON document"),
        (b"\x1f\x8b\x08broken", "Nothing can be read"),
        (b"i\0d,text\n1,2\n", "NUL bytes"),
    ],
)
def test_what_is_no_source_at_all(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        records(written(tmp_path, data))


def test_places_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a directory"):
        read(tmp_path)
    with pytest.raises(SourceError, match="No such file"):
        read(tmp_path / "missing.jsonl")
    with pytest.raises(SourceError, match="no text encoding 'klingon'"):
        read(written(tmp_path, "x"), encoding="klingon")
