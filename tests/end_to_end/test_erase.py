"""Erasing a customer: not one byte of what they wrote is left, in the database's file or beside it."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from feedback.domain import Author, Span, derived_id
from feedback.errors import FeedbackError
from feedback.ingest import ingest_file
from feedback.intake.pipeline import customer_hash
from feedback.requests import JOB, Request, RequestKind, RequestState
from feedback.settings import hash_key
from feedback.sources import FieldMapping
from feedback.store import departures, topics
from feedback.store.counts import counts
from feedback.store.notices import listed
from feedback.store.requests import add_request, request_of
from feedback.store.tables import alert, assignment, complaint, embedding, erasure, rejected_record, topic
from feedback.store.topics import published_version
from jobs import assign as assigning
from jobs import curate
from jobs import erase as erasing
from jobs.context import Context, Parts
from jobs.count import run as count
from jobs.digest import write as write_digest
from jobs.embed import run as embed
from jobs.erase import Customer, erase, find_customer
from jobs.export import export
from jobs.intake import run as take_in
from jobs.progress import Silent
from jobs.publish import publish
from jobs.published import artefact_dir, published
from jobs.run import execute
from jobs.week import gather as gather_week
from models.artifacts import load, save
from tests.end_to_end.made_up import FAULT, NOW, SUBJECTS, judge, made_up_context, version

KEY = "kunde-778231"
WORDS = ("Quittenbaum", "Zitronenfalter", "Haselnussbruch", "Mitternachtsblau", "Regenpfeiferei")
TEXTS = [f"Meine Auszahlung <{word}> fehlt & niemand_hilft, *{word}* wartet seit Dienstag." for word in WORDS]
EVER = Span(NOW - timedelta(days=400), NOW + timedelta(days=400))
BY = Author("dpo", "request 12", NOW + timedelta(hours=1))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A world with an alert, its notice and a digest that quote one customer, who also sent a bad record, and whose
    complaints somebody moved."""
    home = tmp_path_factory.mktemp("made")
    made = made_up_context(home)
    channels = home / "channels.yaml"
    channels.write_text("default:\n  - webhook: {url: 'http://127.0.0.1:1/', secret: 0123456789abcdef}\n", "utf-8")
    settings = made.settings.model_copy(update={"channels": str(channels)})
    made = replace(made, settings=settings, parts=Parts(settings, Silent()))
    put_into_inbox(made)
    take_in(made, NOW)
    with made.write() as connection:
        vector = np.eye(SUBJECTS, dtype=np.float16)[FAULT].tobytes()
        mine = select(complaint.c.text_hash).where(complaint.c.source == "inbox").distinct()
        rows = [{"text_hash": each, "vector": vector} for each in connection.execute(mine).scalars()]
        connection.execute(embedding.insert(), [{**row, "encoder_version": "made-up"} for row in rows])
    publish(made, version(made, SUBJECTS), NOW - timedelta(days=1))
    assert judge(made, NOW) == {"Topic"}
    write_digest(made, "2026-W12", NOW)
    assert move_by_request(made, [*ids_of(made, the_customer(made)), ids_of_others(made)[0]]).state is RequestState.DONE
    made.database.close()
    return made


def move_by_request(context: Context, chosen: list[UUID]) -> Request:
    """As the API asks for it, and a worker does it."""
    detail = {"topic": str(derived_id("topic", FAULT)), "complaints": [str(each) for each in chosen]}
    with context.database.write() as connection:
        asked = add_request(connection, RequestKind.MOVE, detail, Author("anna", "belongs there", NOW))
    execute(context, JOB, asked.at)
    with context.database.read() as connection:
        done = request_of(connection, asked.id)
    assert done
    return done


def ids_of(context: Context, customer: Customer) -> list[UUID]:
    with context.database.read() as connection:
        return departures.complaints_of(connection, customer.hash, BY.at)


def ids_of_others(context: Context) -> list[UUID]:
    with context.database.read() as connection:
        found = select(complaint.c.id).where(complaint.c.source != "inbox").order_by(complaint.c.id)
        return list(connection.execute(found).scalars())


def records() -> list[dict[str, object]]:
    at = [NOW - timedelta(hours=place + 1) for place in range(len(TEXTS))]
    told: list[dict[str, object]] = [
        {"source_id": f"FALL-{place}-{word}", "received_at": when.isoformat(), "text": text, "customer_key": KEY}
        for place, (word, text, when) in enumerate(zip(WORDS, TEXTS, at, strict=True))
    ]
    bad: dict[str, object] = {
        "source_id": "FALL-9-Sumpfdotter",
        "received_at": "gestern",
        "text": "Sumpfdotterblume",
        "customer_key": KEY,
    }
    return [*told, bad]


def put_into_inbox(context: Context) -> Path:
    path = context.settings.inbox_dir / "desk.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(each) for each in records()), "utf-8")
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    return path


def the_customer(context: Context) -> Customer:
    return find_customer(context, KEY)


def needles(context: Context) -> dict[str, bytes]:
    """All that must not be found any more."""
    with context.database.read() as connection:
        ids = connection.execute(select(complaint.c.id, complaint.c.text_hash).where(complaint.c.source == "inbox"))
        rows = ids.all()
    written = [*WORDS, "Sumpfdotter", *(f"FALL-{place}" for place in range(len(WORDS))), KEY]
    written += [str(row.id) for row in rows] + [row.id.hex for row in rows] + [row.text_hash for row in rows]
    return {each: each.encode() for each in written}


def found_in(context: Context, wanted: dict[str, bytes]) -> dict[str, set[str]]:
    """Which files of the data directory, the database's with its log among them, hold which of these."""
    files = {path: path.read_bytes() for path in context.settings.data_dir.rglob("*") if path.is_file()}
    held = {path.name: {name for name, each in wanted.items() if each in content} for path, content in files.items()}
    return {name: each for name, each in held.items() if each}


def test_no_byte_of_an_erased_customer_is_left(context: Context) -> None:
    wanted = needles(context)
    before = found_in(context, wanted)
    assert set().union(*before.values()) == set(wanted), "the search finds what is there"
    assert any(name.endswith(".html") for name in before)
    assert any(name.endswith(".md") for name in before)
    assert "desk.jsonl" in before
    erased = erase(context, the_customer(context), BY)
    assert erased.counts["complaints"] == len(TEXTS)
    assert erased.counts["vectors"] == len(TEXTS)
    assert erased.counts["rejected records"] == 1
    assert erased.counts["alerts"] == 1
    assert erased.counts["notices"] == 1
    assert erased.counts["edits"] == 1
    assert erased.counts["requests"] == 1
    assert erased.counts["original files"] == 1
    assert erased.counts["pages"] == 4, "of the owner and of everybody, as HTML and as Markdown"
    assert found_in(context, wanted) == {}


def test_the_hash_stays_in_the_record_of_erasures_alone(context: Context) -> None:
    customer = the_customer(context)
    erase(context, customer, BY)
    wanted = {"hash": customer.hash.encode()}
    assert set(found_in(context, wanted)) <= {"feedback.db", "feedback.db-wal"}
    with context.write() as connection:
        (row,) = connection.execute(select(erasure)).all()
        connection.execute(delete(erasure))
    assert (row.customer_hash, row.who, row.why, row.at) == (customer.hash, "dpo", "request 12", BY.at)
    assert row.finished_at is not None
    assert context.database.scrub()
    assert found_in(context, wanted) == {}


def test_the_others_quotes_alerts_and_numbers_stay(context: Context) -> None:
    def numbers() -> list[tuple[object, ...]]:
        count(context, NOW)
        with context.database.read() as connection:
            found = published_version(connection)
            assert found
            return sorted((tuple(each) for each in counts(connection, found.id, EVER)), key=repr)

    before = numbers()
    erase(context, the_customer(context), BY)
    assert numbers() == before
    (page,) = (context.settings.data_dir / "digests").glob("*/*everybody*.html")
    assert "Wo bleibt mein Bonus Nummer" in page.read_text("utf-8")
    with context.database.read() as connection:
        assert connection.execute(select(alert.c.evidence)).scalar_one()["complaint_ids"]
    assert len(listed_ids(context)) == 1


def listed_ids(context: Context) -> list[str]:
    with context.database.read() as connection:
        (notice,) = listed(connection)
    return list(notice.content["complaint_ids"])


def test_numbers_outlive_a_later_publication(context: Context) -> None:
    def total() -> int:
        with context.database.read() as connection:
            found = published_version(connection)
            assert found
            return sum(each[2] for each in counts(connection, found.id, EVER))

    before = total()
    erase(context, the_customer(context), BY)
    publish(context, version(context, FAULT), NOW)
    assert total() == before


def test_the_same_file_does_not_bring_the_customer_back(context: Context) -> None:
    erase(context, the_customer(context), BY)
    wanted = {word: word.encode() for word in (*WORDS, "FALL-")}
    path = context.settings.data_dir.parent / "again.jsonl"
    fresh = {**records()[0], "source_id": "NEU-1", "received_at": (BY.at + timedelta(hours=1)).isoformat()}
    lines = [*records(), {**fresh, "text": "Schon wieder ein Fehler"}]
    path.write_text("\n".join(json.dumps(each) for each in lines), "utf-8")
    later = BY.at + timedelta(days=1)
    found = ingest_file(context.database, context.parts.intake, path, "inbox", FieldMapping(), later)
    assert (found.accepted, found.rejected) == (1, len(records()))
    assert found_in(context, wanted) == {}
    with context.database.read() as connection:
        rows = connection.execute(select(rejected_record)).all()
        assert connection.execute(
            select(complaint.c.source_id).where(complaint.c.source == "inbox")
        ).scalars().all() == ["NEU-1"]
    assert {(row.reason, json.dumps(row.record)) for row in rows} == {("erased_customer", "{}")}
    assert [row.line for row in sorted(rows, key=lambda row: row.line)] == list(range(1, len(records()) + 1))


def test_a_killed_erasure_run_again_finishes(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, customer = needles(context), the_customer(context)
    forget = departures.forget
    monkeypatch.setattr(erasing, "BATCH", 2)
    calls = []

    def killed(*given: Any) -> object:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return forget(*given)

    with monkeypatch.context() as patch:
        patch.setattr(departures, "forget", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(context, customer, BY)
    erased = erase(context, customer, replace(BY, at=BY.at + timedelta(hours=1)))
    assert erased.counts["complaints"] == len(TEXTS), "both runs together, in one record"
    assert found_in(context, wanted) == {}
    with context.database.read() as connection:
        assert len(connection.execute(select(erasure)).all()) == 1


def test_erasing_again_finds_nothing_and_says_since_when(context: Context) -> None:
    erase(context, the_customer(context), BY)
    again = erase(context, the_customer(context), replace(BY, at=BY.at + timedelta(days=1)))
    assert (again.counts, again.before) == ({}, BY.at)


def test_an_unknown_customer_is_not_put_on_record(context: Context) -> None:
    with pytest.raises(FeedbackError, match="No complaint of this customer is kept"):
        erase(context, find_customer(context, "nobody"), BY)
    with pytest.raises(FeedbackError, match="No complaint of this customer is kept"):
        export(context, find_customer(context, "nobody"), NOW)
    with context.database.read() as connection:
        assert connection.execute(select(erasure)).all() == []


def test_the_export_holds_all_that_is_erased(context: Context) -> None:
    customer = the_customer(context)
    found = json.loads(json.dumps(export(context, customer, NOW), default=str))
    assert sorted(each["source_id"] for each in found["complaints"]) == [f"FALL-{p}-{w}" for p, w in enumerate(WORDS)]
    assert {each["topics"][0]["topic"] for each in found["complaints"]} == {"Topic"}
    assert len(found["vectors"]) == len(TEXTS)
    assert [each["record"]["text"] for each in found["rejected_records"]] == ["Sumpfdotterblume"]
    assert [len(found["named_in"][name]) for name in ("alerts", "notices")] == [1, 1]
    assert len(found["quoted_in"]) == 4
    erase(context, customer, BY)
    left = export(context, customer, NOW)
    assert (left["complaints"], left["rejected_records"], len(left["erasures"])) == ([], [], 1)


def test_a_customer_can_be_named_by_the_hash(context: Context) -> None:
    hashed = customer_hash(hash_key(context.settings.data_dir), KEY)
    assert hashed is not None
    assert find_customer(context, hashed) == Customer(hashed, None)
    assert find_customer(context, f" {KEY} ") == Customer(hashed, KEY)


def test_a_text_that_is_erased_while_it_is_embedded_leaves_no_vector(context: Context) -> None:
    customer, before = the_customer(context), context.parts.encoder
    with context.database.write() as connection:
        connection.execute(delete(embedding))

    class Interrupted:
        """An encoder during whose work the customer is erased."""

        version, dimensions = before.version, before.dimensions

        def encode(self, texts: list[str]) -> np.ndarray[Any, Any]:
            if not customer_is_gone():
                erase(context, customer, BY)
            return np.zeros((len(texts), 4), np.float32)

    def customer_is_gone() -> bool:
        with context.database.read() as connection:
            return not departures.complaints_of(connection, customer.hash, BY.at)

    mine = hashes_of(context, customer)
    context.parts.__dict__["encoder"] = Interrupted()
    embed(context, NOW)
    with context.database.read() as connection:
        kept = set(connection.execute(select(embedding.c.text_hash)).scalars())
    assert mine
    assert kept
    assert not kept & mine


def hashes_of(context: Context, customer: Customer) -> set[str]:
    with context.database.read() as connection:
        mine = select(complaint.c.text_hash).where(complaint.c.customer_hash == customer.hash)
        return set(connection.execute(mine).scalars())


def test_a_complaint_that_is_erased_while_it_is_assigned_is_no_failure(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(context, version(context, FAULT), NOW)
    customer, judge_rows = the_customer(context), assigning.judged
    with context.database.write() as connection:
        connection.execute(delete(assignment))

    def judged_meanwhile(*given: Any) -> Any:
        if hashes_of(context, customer):
            erase(context, customer, BY)
        return judge_rows(*given)

    monkeypatch.setattr(assigning, "judged", judged_meanwhile)
    assert assigning.run(context, NOW)["assigned"] > 0
    with context.database.read() as connection:
        assert connection.execute(select(assignment).limit(1)).first()


def test_a_digest_written_while_a_customer_is_erased_does_not_quote_them(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, customer = needles(context), the_customer(context)

    def gathered_before(*given: Any) -> Any:
        week = gather_week(*given)
        if hashes_of(context, customer):
            erase(context, customer, BY)
        return week

    monkeypatch.setattr("jobs.digest.gather", gathered_before)
    assert write_digest(context, "2026-W12", NOW)
    assert found_in(context, wanted) == {}


def test_complaints_that_are_erased_before_they_are_moved_are_not_written_down_again(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, customer, current = needles(context), the_customer(context), published

    def erased_meanwhile(given: Context) -> Any:
        if ids_of(context, customer):
            erase(context, customer, BY)
        return current(given)

    monkeypatch.setattr("jobs.curate.published", erased_meanwhile)
    asked = move_by_request(context, ids_of(context, customer))
    assert asked.state is RequestState.REFUSED
    assert found_in(context, wanted) == {}


def test_a_topic_that_is_split_while_a_customer_is_erased_names_nothing_of_theirs(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, customer = needles(context), the_customer(context)
    with ThreadPoolExecutor(1) as pool:
        erasing_meanwhile = []

        def halved(vectors: Any, _parts: int) -> Any:
            erasing_meanwhile.append(pool.submit(erase, context, customer, BY))
            return np.arange(len(vectors)) % 2

        monkeypatch.setattr(curate, "cut", halved)
        edit = curate.split(context, derived_id("topic", FAULT), 2, BY)
        assert erasing_meanwhile[0].result().counts["edits"] == 2
    assert any(word in edit.detail["parts"][0]["name"].casefold() for word in ("auszahlung", "bonus"))
    assert found_in(context, wanted) == {}


def test_a_topic_whose_complaints_are_all_alike_is_not_split(context: Context) -> None:
    with pytest.raises(FeedbackError, match="too much alike to be cut into 2"):
        curate.split(context, derived_id("topic", FAULT), 2, BY)


def test_the_key_goes_where_others_name_it(context: Context) -> None:
    with context.write() as connection:
        one = connection.execute(select(complaint.c.id).where(complaint.c.source != "inbox").limit(1)).scalar_one()
        named = {"brought_by": KEY, "visits": 3}
        connection.execute(update(complaint).where(complaint.c.id == one).values(attributes=named))
        found = connection.execute(select(alert.c.id, alert.c.evidence)).one()
        driver = {"attribute": "brought_by", "value": KEY, "observed": 9, "total": 30}
        evidence = {**found.evidence, "drivers": [driver, {**driver, "value": "a friend"}]}
        connection.execute(update(alert).where(alert.c.id == found.id).values(evidence=evidence))
    erase(context, the_customer(context), BY)
    assert found_in(context, {"key": KEY.encode()}) == {}
    with context.database.read() as connection:
        assert connection.execute(select(complaint.c.attributes).where(complaint.c.id == one)).scalar_one() == {
            "visits": 3
        }
        (kept,) = connection.execute(select(alert.c.evidence)).scalar_one()["drivers"]
    assert kept["value"] == "a friend"


def test_words_that_only_the_customer_used_go_from_topics_and_models(context: Context) -> None:
    with context.database.read() as connection:
        current = published_version(connection)
    assert current
    own, shared = WORDS[0].lower(), "bonus"
    folder = artefact_dir(context, current.id)
    model = load(folder)
    words = {"de": (own, shared)}
    save(
        replace(model, words=(words,) * len(model.topic_ids), names=(f"{WORDS[0]}, Bonus",) * len(model.names)), folder
    )
    with context.write() as connection:
        for each in model.topic_ids:
            topics.redescribe(connection, current.id, each, words, 5)
        connection.execute(update(topic).values(name=f"{WORDS[0]}, Bonus"))
        found = connection.execute(select(alert.c.id, alert.c.evidence)).one()
        evidence = {**found.evidence, "topic": f"{WORDS[0]}, Bonus"}
        connection.execute(update(alert).where(alert.c.id == found.id).values(evidence=evidence))
    curate.rename(context, model.topic_ids[0], "Anna's", BY)
    erased = erase(context, the_customer(context), BY)
    assert erased.counts["words"] == 1
    assert found_in(context, {each: each.encode() for each in (WORDS[0], own)}) == {}
    assert set(load(folder).names) == {"Bonus"}
    assert load(folder).words[0] == {"de": (shared,)}
    with context.database.read() as connection:
        assert all(list(each.words["de"]) == [shared] for each in topics.topics_of(connection, current.id))
        assert set(connection.execute(select(topic.c.name)).scalars()) == {"Anna's", "Bonus"}
        assert connection.execute(select(alert.c.evidence)).scalar_one()["topic"] == "Bonus"
