"""Records into complaints or rejected records."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.domain import Channel, Complaint, RejectedRecord
from feedback.errors import SettingError
from feedback.intake.pipeline import Intake, IntakeOptions, text_hash

NOW = datetime(2025, 1, 1, tzinfo=UTC)
GOOD: dict[str, object] = {"source_id": "T-1", "received_at": "2024-05-01T10:00:00Z", "text": "Wo ist mein Bonus?"}
INTAKE = Intake(IntakeOptions(b"key", time_zone="Europe/Berlin", max_text=400))


def taken(**fields: object) -> Complaint | RejectedRecord:
    return INTAKE.take({**GOOD, **fields}, "desk", "complaints.csv", 7, NOW)


def complaint(**fields: object) -> Complaint:
    found = taken(**fields)
    assert isinstance(found, Complaint)
    return found


def rejected(**fields: object) -> RejectedRecord:
    found = taken(**fields)
    assert isinstance(found, RejectedRecord)
    return found


def test_a_whole_record() -> None:
    found = complaint(
        channel="Email", language="de-DE", market="DE", brand="Nordglück", product="Slots", customer_key=17,
        customer_segment="VIP 3", rating="4/5", first_response_at="2024-05-01 13:00", resolved_at=1714645800,
        escalations="2", attributes={"payment_method": "Trustly", "retries": 3, "mobile_app": True},
    )  # fmt: skip
    assert found.channel is Channel.EMAIL
    assert (found.language, found.market, found.brand, found.product) == ("de", "DE", "Nordglück", "Slots")
    assert (found.customer_segment, found.rating, found.escalations) == ("VIP 3", 4.0, 2)
    assert found.first_response_at == datetime(2024, 5, 1, 11, tzinfo=UTC)
    assert found.attributes == {"payment_method": "Trustly", "retries": 3, "mobile_app": True}
    assert found == complaint(**{
        "channel": "e-mail", "language": "DE", "market": "DE ", "brand": "Nordglück", "product": "Slots",
        "customer_key": "17", "customer_segment": "VIP 3", "rating": 4, "first_response_at": "2024-05-01T11:00Z",
        "resolved_at": "1714645800", "escalations": 2, "attributes": found.attributes,
    })  # fmt: skip


def test_everything_that_is_kept_is_redacted() -> None:
    found = complaint(
        text="a@b.de fehlt",
        brand="c@d.de",
        customer_segment="0170 1234567",
        attributes={"e@f.de": "g@h.de", "n": 44051401359},
    )
    kept = json.dumps([found.text, found.brand, found.customer_segment, dict(found.attributes)])
    assert "@" not in kept
    assert "44051401359" not in kept


def test_the_customer_is_known_by_a_keyed_hash_only() -> None:
    other = Intake(IntakeOptions(b"other")).take({**GOOD, "customer_key": "hans1985"}, "desk", "x", 1, NOW)
    mine = complaint(customer_key="hans1985")
    assert isinstance(other, Complaint)
    assert mine.customer_hash is not None
    assert len(mine.customer_hash) == 64
    assert mine.customer_hash != other.customer_hash
    assert complaint(customer_hash=mine.customer_hash).customer_hash == mine.customer_hash


def test_a_free_attribute_does_not_say_the_customer_s_key_again() -> None:
    known = {"crm": " hans1985", "account": 4711, "visits": 3, "level": "gold"}
    assert set(complaint(customer_key="hans1985", attributes=known).attributes) == {"account", "visits", "level"}
    assert set(complaint(customer_key=4711, attributes=known).attributes) == {"crm", "visits", "level"}
    assert complaint(customer_key="3", attributes={"visits": 3}).attributes == {"visits": 3}, "it may mean anything"
    assert "account" not in str(rejected(text="", customer_key=4711, attributes=known).record)


@pytest.mark.parametrize("personal", ["hans@web.de", "+49 170 1234567", "DE89370400440532013000", "x" * 300])
def test_a_personal_source_id_is_hashed_and_stays_the_same(personal: str) -> None:
    found = complaint(source_id=personal)
    assert len(found.source_id) == 64
    assert found.id == complaint(source_id=f" {personal} ").id
    assert complaint(source_id=12345678).source_id == "12345678"


@pytest.mark.parametrize("source_id", ["hans@example.com", "44051401359", "T-1", 17, "+49 151 23456789"])
def test_a_rejected_record_keeps_the_id_that_its_complaint_would_have(source_id: object) -> None:
    kept = rejected(source_id=source_id, text="").record
    again = INTAKE.take({**kept, "text": GOOD["text"]}, "desk", "complaints.csv", 7, NOW)
    assert isinstance(again, Complaint)
    assert again.id == complaint(source_id=source_id).id


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"source_id": None}, "missing_source_id"), ({"source_id": " "}, "missing_source_id"),
        ({"source_id": ["x"]}, "missing_source_id"), ({"received_at": None}, "missing_date"),
        ({"received_at": "soon"}, "bad_date"), ({"received_at": "2025-02-01"}, "future_date"),
        ({"text": None}, "empty_text"), ({"text": " \n\t"}, "empty_text"), ({"text": "\u200b"}, "empty_text"),
        ({"text": 17}, "bad_text"), ({"text": "x" * 1_000_001}, "too_long"),
    ],
)  # fmt: skip
def test_rejections(fields: dict[str, object], reason: str) -> None:
    found = rejected(**fields)
    assert (found.reason, found.source, found.place, found.line) == (reason, "desk", "complaints.csv", 7)
    assert found.detail.endswith(".")


def test_a_rejected_record_is_redacted_and_short() -> None:
    found = rejected(
        received_at="a@b.de", text="c@d.de " * 5_000, customer_key="hans1985", source_id="e@f.de", brand="x" * 9_000,
        attributes={"g": "h@i.de", "nested": {"j": "k@l.de"}}, unknown="m@n.de",
    )  # fmt: skip
    kept = json.dumps(found.record) + found.detail
    assert "@" not in kept
    assert "hans1985" not in kept
    assert len(kept) < 2_000


def test_a_rejected_record_can_be_sent_again() -> None:
    found = rejected(received_at="2025-02-01", customer_key="hans1985", brand="Nordglück")
    later = INTAKE.take(found.record, "desk", "again", None, datetime(2025, 3, 1, tzinfo=UTC))
    assert isinstance(later, Complaint)
    assert later.customer_hash == complaint(customer_key="hans1985").customer_hash
    assert later.brand == "Nordglück"


def test_what_cannot_be_read_of_the_rest_is_kept_as_an_attribute() -> None:
    found = complaint(
        channel="pigeon", rating="great", escalations="often", resolved_at="2024-04-01", language="dialect",
        first_response_at="2030-01-01", attributes=[1],
    )  # fmt: skip
    assert (found.channel, found.rating, found.escalations) == (Channel.OTHER, None, None)
    assert (found.resolved_at, found.first_response_at) == (None, None)
    assert found.attributes == {
        "channel": "pigeon", "rating": "great", "escalations": "often", "resolved_at": "2024-04-01",
        "first_response_at": "2030-01-01", "language": "dialect",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "channel"),
    [
        ("E-Mail", Channel.EMAIL), ("live_chat", Channel.LIVE_CHAT), ("Telephone", Channel.PHONE), ("fax", Channel.FAX),
        ("Twitter", Channel.SOCIAL_MEDIA), ("web-form", Channel.CONTACT_FORM), ("App Review", Channel.APP_REVIEW),
        ("letter", Channel.LETTER), ("NPS", Channel.SURVEY), (None, Channel.OTHER),
    ],
)  # fmt: skip
def test_channels_have_many_names(given: object, channel: Channel) -> None:
    assert complaint(channel=given).channel is channel


def test_a_long_text_is_cut_and_says_so() -> None:
    found = complaint(text="Bonus " * 100)
    assert len(found.text) <= 400
    assert found.attributes == {"text_cut_from": 599}


def test_the_intake_counts_what_it_assumed() -> None:
    intake = Intake(IntakeOptions(b"key", max_text=10))
    for received in ("2024-05-01", "2024-05-01T10:00Z", "2024-05-02 10:00"):
        intake.take({**GOOD, "received_at": received}, "desk", "x", 1, NOW)
    assert (intake.tally.naive_dates, intake.tally.cut_texts) == (2, 3)


def test_text_is_cleaned() -> None:
    assert (
        complaint(text="  Wo\u200b ist\u00a0mein\r\n\r\n\r\n\r\nBonus\x07?\ud800 ").text
        == "Wo ist mein\n\nBonus?\ufffd"
    )


def test_the_hash_is_of_the_words_and_not_of_their_layout() -> None:
    assert text_hash("Wo  ist\nes? \u00e4") == text_hash("Wo ist es? a\u0308")
    assert complaint(text="von a@b.de").text_hash == complaint(text="von  c@d.de").text_hash


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (IntakeOptions(b""), "key"), (IntakeOptions(b"k", time_zone="Mars/Base"), "Mars/Base"),
        (IntakeOptions(b"k", languages=()), "language"), (IntakeOptions(b"k", languages=("en", "tlh")), "tlh"),
        (IntakeOptions(b"k", redact=("faces",)), "faces"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(options: IntakeOptions, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Intake(options)


SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.integers(-(10**400), 10**400) | st.text()
JSON = st.recursive(
    SCALARS | st.text(st.characters(categories=["Cs", "Cc", "L"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = [
    "source_id", "received_at", "text", "channel", "language", "market", "brand", "product", "customer_key",
    "customer_hash", "customer_segment", "rating", "first_response_at", "resolved_at", "escalations", "attributes",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(NAMES), JSON), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_field_gives_something_that_can_be_stored(fields: dict[str, object], whole: bool) -> None:
    record = {**fields, **GOOD} if whole else {**GOOD, **fields}
    found = INTAKE.take(record, "desk", "x", 1, NOW)
    assert isinstance(found, Complaint) or not whole
    assert found == INTAKE.take(record, "desk", "x", 1, NOW)
    kept = (
        found.record if isinstance(found, RejectedRecord) else {**found.attributes, "t": found.text, "b": found.brand}
    )
    written = json.dumps(kept, ensure_ascii=False, allow_nan=False)
    written.encode()
    assert "\\u0000" not in written
    if isinstance(found, Complaint):
        assert found.rating is None or math.isfinite(found.rating)
