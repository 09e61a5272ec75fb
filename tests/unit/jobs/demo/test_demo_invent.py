"""The invented half year: the same for the same seed, lifelike in its rhythm, and silent about what was planted."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from feedback.domain import Channel
from jobs.demo import Invented, Planted, invent, write
from jobs.demo.invent import DAYS
from jobs.demo.world import MARKETS

FIELDS = {
    "source_id",
    "received_at",
    "text",
    "channel",
    "language",
    "market",
    "brand",
    "product",
    "customer_key",
    "customer_segment",
    "rating",
    "first_response_at",
    "resolved_at",
    "escalations",
    "payment_method",
}
LANGUAGES = {"en", "de", "pl", "nb", "fi"}


@pytest.fixture(scope="module")
def story() -> Invented:
    return invent()


@pytest.fixture(scope="module", params=[1, 2, 3])
def any_story(request: pytest.FixtureRequest) -> Invented:
    return invent(request.param)


def received(record: dict[str, object]) -> datetime:
    return datetime.fromisoformat(str(record["received_at"]))


def planted(story: Invented, kind: str) -> Planted:
    return next(rise for rise in story.planted if rise.kind == kind)


def of(story: Invented, rise: Planted) -> list[dict[str, object]]:
    return [record for record in story.records if record["source_id"] in rise.source_ids]


def test_the_same_seed_and_end_give_the_same_file(story: Invented, tmp_path: Path) -> None:
    write(story.records, tmp_path / "one.jsonl.gz")
    write(invent(story.seed, date(2026, 7, 1)).records, tmp_path / "two.jsonl.gz")
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()


def test_another_seed_tells_another_story(story: Invented) -> None:
    other = invent(8)
    assert {rise.onset for rise in other.planted} != {rise.onset for rise in story.planted}
    assert {record["text"] for record in other.records} != {record["text"] for record in story.records}


def test_every_record_has_the_intakes_fields_and_nothing_else(story: Invented) -> None:
    for record in story.records:
        assert set(record) <= FIELDS
        assert {"source_id", "received_at", "text", "channel", "market", "brand", "product"} <= set(record)
        assert Channel(str(record["channel"]))
        assert record.get("language", "en") in LANGUAGES
        assert record["market"] in MARKETS
        assert record["brand"] in MARKETS[str(record["market"])].brands
        assert 1 <= int(str(record.get("rating", 1))) <= 5
        assert str(record["text"]).strip()
        assert not re.search(r"[{}]", str(record["text"])), "every slot is filled"


def test_times_are_utc_and_in_order_and_within_the_half_year(any_story: Invented) -> None:
    times = [received(record) for record in any_story.records]
    assert all(before <= after for before, after in pairwise(times))
    assert all(any_story.start <= moment < any_story.end for moment in times)
    assert all(str(record["received_at"]).endswith("Z") for record in any_story.records)
    assert any_story.end - any_story.start == timedelta(days=DAYS)


def test_the_support_answers_after_the_complaint_and_before_the_end(story: Invented) -> None:
    for record in story.records:
        moments = [received(record)]
        for field in ("first_response_at", "resolved_at"):
            if field in record:
                moments.append(datetime.fromisoformat(str(record[field])))
        assert moments == sorted(moments)
        assert moments[-1] < story.end
        assert "first_response_at" in record or "resolved_at" not in record


def test_about_six_thousand_complaints_growing_over_time(any_story: Invented) -> None:
    assert 5_500 <= len(any_story.records) <= 6_700
    days = Counter(received(record).date() for record in any_story.records)
    assert len(days) == DAYS
    in_order = [days[day] for day in sorted(days)]
    assert 20 <= sum(in_order[:28]) / 28 <= 33
    assert 35 <= sum(in_order[-28:]) / 28 <= 50


def test_mondays_are_busy_and_saturdays_are_not_and_nights_are_quiet(story: Invented) -> None:
    weekdays = Counter(received(record).weekday() for record in story.records)
    assert weekdays[0] > 1.1 * weekdays[5]
    hours = Counter(received(record).hour for record in story.records)
    assert sum(hours[hour] for hour in range(18, 22)) > 4 * sum(hours[hour] for hour in range(2, 6))


def test_the_markets_write_in_their_languages_and_most_leave_the_language_out(story: Invented) -> None:
    told = [record for record in story.records if "language" in record]
    assert 0.26 <= len(told) / len(story.records) <= 0.34
    spoken = Counter((record["market"], record["language"]) for record in told)
    for market, language in [("DE", "de"), ("PL", "pl"), ("NO", "nb"), ("FI", "fi"), ("INT", "en")]:
        assert spoken[market, language] > 0.8 * sum(count for key, count in spoken.items() if key[0] == market)


def test_some_customers_write_again_and_stay_who_they_are(story: Invented) -> None:
    homes: dict[object, set[tuple[object, object]]] = {}
    keys = [record["customer_key"] for record in story.records if "customer_key" in record]
    for record in story.records:
        if "customer_key" in record:
            homes.setdefault(record["customer_key"], set()).add((record["market"], record["brand"]))
    assert 0.7 <= len(set(keys)) / len(keys) <= 0.92
    assert all(len(home) == 1 for home in homes.values())


def test_few_texts_repeat_and_personal_data_is_in_about_one_of_seven(story: Invented) -> None:
    texts = [str(record["text"]) for record in story.records]
    assert len(set(texts)) > 0.96 * len(texts)
    assert 0.02 <= sum("@example." in text for text in texts) / len(texts) <= 0.12
    assert sum(bool(re.search(r"\b[A-Z]{2}\d{2}( \w{4}){3,}", text)) for text in texts) > 30


def test_three_rises_are_planted_in_the_weeks_they_belong_to(any_story: Invented) -> None:
    assert [rise.kind for rise in any_story.planted] == ["step", "new fault", "ramp"]
    weeks = [(rise.onset - any_story.start) // timedelta(days=7) + 1 for rise in any_story.planted]
    assert 14 <= weeks[0] <= 18
    assert 19 <= weeks[1] <= 22
    assert 18 <= weeks[2] <= 20
    assert planted(any_story, "ramp").end == any_story.end
    for rise in any_story.planted:
        assert all(rise.onset <= moment < rise.end for moment in rise.complaints.values())
        assert [received(record) for record in of(any_story, rise)] == [
            moment.replace(microsecond=0) for moment in sorted(rise.complaints.values())
        ]


def test_the_step_is_mostly_one_payment_method_in_two_markets(any_story: Invented) -> None:
    rise = planted(any_story, "step")
    records = of(any_story, rise)
    assert {record["market"] for record in records} == {"DE", "FI"}
    assert sum(record.get("payment_method") == "Trustly" for record in records) > 0.6 * len(records)
    assert 9 <= (rise.end - rise.onset).days <= 11
    assert 20 <= len(records) <= 60


def test_nobody_was_told_abroad_before_the_new_fault(any_story: Invented) -> None:
    rise = planted(any_story, "new fault")
    assert 3 <= len(rise.complaints) / (rise.end - rise.onset).days <= 7
    assert len({record["market"] for record in of(any_story, rise)}) >= 4
    telling = re.compile(r"VPN|GPS|wifi|WLAN|abroad|Ausland|zagranic|utlandet|ulkomail", re.IGNORECASE)
    before = [record for record in any_story.records if received(record) < rise.onset]
    assert [record["text"] for record in before if telling.search(str(record["text"]))] == []


def test_the_ramp_climbs_in_poland_over_four_weeks_and_stays(any_story: Invented) -> None:
    rise = planted(any_story, "ramp")
    assert {record["market"] for record in of(any_story, rise)} == {"PL"}
    ages = [(moment - rise.onset).days for moment in rise.complaints.values()]
    assert sum(age < 14 for age in ages) < sum(14 <= age < 28 for age in ages)
    plateau_days = (rise.end - rise.onset).days - 28
    assert sum(age >= 28 for age in ages) / plateau_days > 2 * sum(age < 14 for age in ages) / 14


def test_the_records_do_not_tell_what_was_planted(story: Invented) -> None:
    ids = [record["source_id"] for record in story.records]
    assert ids == [f"FB-{number:06}" for number in range(1, len(ids) + 1)]
    extra = {source_id for rise in story.planted for source_id in rise.source_ids}
    shapes = {frozenset(record) for record in story.records if record["source_id"] not in extra}
    assert all(frozenset(record) in shapes for record in story.records if record["source_id"] in extra)
    assert "planted" not in json.dumps(story.records).lower()


def test_the_end_may_be_a_moment_and_lies_outside(story: Invented) -> None:
    end = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
    told = invent(story.seed, end)
    times = [received(record) for record in told.records]
    assert told.end == end
    assert end - timedelta(days=2) < max(times) < end
    assert min(times) >= end - timedelta(days=DAYS)


def test_a_moment_without_a_zone_is_utc() -> None:
    assert invent(1, datetime(2026, 3, 10, 9)).end == datetime(2026, 3, 10, 9, tzinfo=UTC)  # noqa: DTZ001


@pytest.mark.parametrize("name", ["demo.jsonl", "deep/demo.jsonl.gz"])
def test_what_is_written_reads_back(story: Invented, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(story.records[:50], path)
    raw = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    assert [json.loads(line) for line in raw.decode("utf-8").splitlines()] == story.records[:50]
    assert "\\u" not in raw.decode("utf-8"), "letters stay letters"
