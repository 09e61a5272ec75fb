from __future__ import annotations

import random
from collections.abc import Sequence
from time import perf_counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from feedback.domain import Driver
from feedback.drivers import Named, Told, find_drivers

Record = dict[str, str]
LANGUAGE = {"DE": "de", "NO": "nb", "PL": "pl", "FI": "fi"}


def complaints(
    count: int, germans: float, seed: int, live_chat: float = 0.3, trustly: float | None = None
) -> list[Record]:
    """Complaints in which market and language go together and everything else is chance."""
    rng = random.Random(seed)
    records = []
    for number in range(count):
        market = "DE" if rng.random() < germans else rng.choice(["NO", "PL", "FI"])
        language = LANGUAGE[market] if rng.random() < 0.95 else "en"
        record = {
            "market": market,
            "language": language,
            "channel": "live chat" if rng.random() < live_chat else "e-mail",
            "brand": rng.choice(["one", "two", "three"]),
            "ticket": str(number),
        }
        if trustly is not None:
            record["payment"] = "Trustly" if rng.random() < trustly else "card"
        records.append(record)
    return records


def named(drivers: Sequence[Driver]) -> list[tuple[str, str]]:
    return [(driver.attribute, driver.value) for driver in drivers]


def test_names_what_a_rise_is_made_of_with_its_numbers() -> None:
    window, baseline = complaints(60, 0.8, 1), complaints(400, 0.25, 2)
    drivers = find_drivers(window, baseline)
    assert named(drivers) == [("market", "DE")]
    driver = drivers[0]
    observed = sum(record["market"] == "DE" for record in window)
    before = sum(record["market"] == "DE" for record in baseline)
    assert (driver.observed, driver.total, driver.baseline_share) == (observed, 60, before / 400)
    spread = hypergeom(460, observed + before, 60)
    assert driver.p == pytest.approx(spread.sf(observed) + spread.pmf(observed) / 2)
    assert driver.p < driver.q < 0.001


def test_two_things_at_once_are_both_named_strongest_first() -> None:
    window = complaints(80, 0.7, 3, live_chat=0.95, trustly=0.3)
    drivers = find_drivers(window, complaints(400, 0.25, 4, trustly=0.3))
    assert named(drivers) == [("channel", "live chat"), ("market", "DE")]


def test_of_values_that_say_the_same_the_stronger_is_kept() -> None:
    window, baseline = complaints(60, 0.8, 1), complaints(400, 0.25, 2)
    assert ("language", "de") in named(
        find_drivers([{"language": r["language"]} for r in window], [{"language": r["language"]} for r in baseline])
    )
    assert ("language", "de") not in named(find_drivers(window, baseline))


def test_chance_names_hardly_anything() -> None:
    named_at_all = sum(
        bool(find_drivers(complaints(40, 0.25, seed), complaints(150, 0.25, 900 + seed))) for seed in range(200)
    )
    assert named_at_all <= 200 * 0.08


def test_a_new_topic_is_held_against_all_complaints() -> None:
    window = complaints(15, 0.9, 5)
    population = {"market": {"DE": 0.3, "NO": 0.3, "PL": 0.2, "FI": 0.2}, "language": {"de": 0.3, "en": 0.1}}
    drivers = find_drivers(window, [], population)
    assert len(drivers) == 1
    driver = drivers[0]
    assert (driver.value.lower(), driver.baseline_share) == ("de", 0.3)
    assert driver.p == pytest.approx(binom.sf(driver.observed, 15, 0.3) + binom.pmf(driver.observed, 15, 0.3) / 2)


def test_with_nothing_to_compare_with_nothing_is_named() -> None:
    assert find_drivers(complaints(15, 0.9, 5), []) == []
    assert find_drivers([], complaints(15, 0.9, 5)) == []
    assert find_drivers([], [], {}) == []


def test_only_complaints_that_state_an_attribute_count_in_it() -> None:
    window = complaints(30, 0.25, 6, trustly=0.9) + complaints(30, 0.25, 7)
    baseline = complaints(200, 0.25, 8, trustly=0.3) + [{"payment": ""}] * 100
    drivers = find_drivers(window, baseline)
    assert named(drivers) == [("payment", "Trustly")]
    assert drivers[0].total == 30
    assert drivers[0].baseline_share == pytest.approx(0.3, abs=0.1)


def test_an_attribute_stated_only_since_the_rise_explains_nothing() -> None:
    window = [{**record, "app": "5.1"} for record in complaints(40, 0.25, 9)]
    assert find_drivers(window, complaints(300, 0.25, 10)) == []


def test_a_value_that_is_new_is_named() -> None:
    window = [{"version": "5.1" if n < 9 else "5.0"} for n in range(20)]
    drivers = find_drivers(window, [{"version": "5.0"}] * 100)
    assert named(drivers) == [("version", "5.1")]
    assert drivers[0].baseline_share == 0


def test_names_that_identify_are_ignored() -> None:
    window = [{"ticket": str(n // 3), "agent": f"{n % 150}"} for n in range(600)]
    assert find_drivers(window, [{"ticket": f"b{n}", "agent": "x"} for n in range(600)]) == []


def test_at_most_the_limit_is_listed() -> None:
    rng = random.Random(11)
    window = [{f"a{i}": "x" if rng.random() < 0.8 else "y" for i in range(8)} for _ in range(60)]
    baseline = [{f"a{i}": "x" if rng.random() < 0.3 else "y" for i in range(8)} for _ in range(300)]
    drivers = find_drivers(window, baseline)
    assert len(drivers) == 5
    assert [driver.p for driver in drivers] == sorted(driver.p for driver in drivers)


VOCABULARY = [f"word{number}" for number in range(800)]


def texts(count: int, seed: int, **named: float) -> list[Named | None]:
    """Texts of words that are rarer the later they come; each of `named` (for example Trustly) with its share."""
    rng = random.Random(seed)
    found: list[Named | None] = []
    for _ in range(count):
        words = {VOCABULARY[min(int(rng.paretovariate(0.6)) - 1, 799)] for _ in range(15)}
        methods = [name for name, share in named.items() if rng.random() < share]
        found.append({"payment method": sorted(methods), "word": sorted(words)})
    return found


def blank(count: int) -> list[Record]:
    return [{} for _ in range(count)]


def among(window: list[Named | None], baseline: list[Named | None], population: Sequence[Named] = ()) -> list[Driver]:
    return find_drivers(blank(len(window)), blank(len(baseline)), told=Told(window, baseline, population))


def test_a_payment_method_that_texts_name_more_often_is_named_with_its_numbers() -> None:
    window, baseline = texts(60, 1, Trustly=0.6, Visa=0.5), texts(400, 2, Trustly=0.2, Visa=0.5)
    drivers = among(window, baseline)
    assert named(drivers) == [("payment method", "Trustly")]
    driver = drivers[0]
    observed, before = (
        sum("Trustly" in (each or {})["payment method"] for each in side) for side in (window, baseline)
    )
    assert (driver.observed, driver.total, driver.baseline_share) == (observed, 60, before / 400)
    assert driver.in_text
    spread = hypergeom(460, observed + before, 60)
    assert driver.p == pytest.approx(spread.sf(observed) + spread.pmf(observed) / 2)
    assert driver.p < driver.q < 0.001


def test_one_that_was_as_common_before_is_not_named() -> None:
    assert among(texts(60, 3, Trustly=0.6, Visa=0.3), texts(400, 4, Trustly=0.6, Visa=0.3)) == []


def test_a_text_may_name_several() -> None:
    window, baseline = texts(80, 5, Trustly=0.6, Visa=0.6), texts(400, 6, Trustly=0.15, Visa=0.15)
    assert sorted(named(among(window, baseline))) == [("payment method", "Trustly"), ("payment method", "Visa")]


def with_word(told: list[Named | None], every: int, *words: str) -> list[Named | None]:
    return [
        {**(each or {}), "word": [*(each or {})["word"], *words]} if row % every == 0 else each
        for row, each in enumerate(told)
    ]


def test_a_word_is_named_and_those_that_come_with_it_are_not() -> None:
    drivers = among(
        with_word(texts(42, 7), 3, "gateway", "timeout"), with_word(texts(400, 8), 50, "gateway", "timeout")
    )
    assert named(drivers) == [("word", "gateway")]
    assert (drivers[0].observed, drivers[0].total, drivers[0].baseline_share) == (14, 42, 0.02)


def test_a_word_in_fewer_texts_than_count_is_not_named() -> None:
    assert among(with_word(texts(12, 9), 6, "gateway"), texts(400, 10)) == []


def test_an_attribute_explains_the_words_of_its_language() -> None:
    def side(count: int, germans: float, seed: int) -> tuple[list[Record], list[Named | None]]:
        records = complaints(count, germans, seed)
        own = {"de": ["auszahlung", "konto"], "pl": ["wypłata"], "nb": ["uttak"], "fi": ["kotiutus"], "en": ["payout"]}
        return records, [{"word": own[record["language"]]} for record in records]

    (window, now), (baseline, before) = side(60, 0.85, 1), side(400, 0.25, 2)
    told = Told(now, before)
    assert [driver.attribute for driver in find_drivers(window, baseline, told=told)] in (["market"], ["word"])
    assert len(find_drivers(window, baseline, told=told)) == 1


def test_texts_that_were_not_read_count_on_neither_side() -> None:
    window, baseline = texts(60, 1, Trustly=0.6), texts(400, 2, Trustly=0.2)
    longer = among([*window, *[None] * 100], [None, *baseline, *[None] * 50])
    assert longer == among(window, baseline)


def test_without_a_past_names_are_held_against_all_complaints() -> None:
    window, everything = texts(20, 11, Trustly=0.9), [each for each in texts(500, 12, Trustly=0.2) if each]
    names = [{"payment method": (each or {})["payment method"]} for each in window]
    (driver,) = among([*names], texts(5, 13), [{"payment method": each["payment method"]} for each in everything])
    assert (driver.value, driver.total, driver.in_text) == ("Trustly", 20, True)
    assert driver.baseline_share == pytest.approx(0.2, abs=0.05)
    assert among([*names], texts(5, 13)) == []


def test_an_attribute_and_a_name_of_the_same_words_are_two_things() -> None:
    window = [{"payment method": "Visa"} for _ in range(40)]
    baseline = [{"payment method": "Visa" if n % 4 == 0 else "BLIK"} for n in range(200)]
    told = Told([{"payment method": ["BLIK"]}] * 40, [{"payment method": ["Visa"]}] * 200)
    assert {(driver.value, driver.in_text) for driver in find_drivers(window, baseline, told=told)} <= {
        ("Visa", False),
        ("BLIK", True),
    }


def test_chance_names_hardly_any_of_eight_hundred_words() -> None:
    found = sum(bool(among(texts(40, seed, Visa=0.3), texts(300, 700 + seed, Visa=0.3))) for seed in range(120))
    assert found <= 120 * 0.08


def test_two_thousand_texts_on_either_side_take_well_under_a_second() -> None:
    window, baseline = texts(2_000, 14, Trustly=0.5), texts(2_000, 15, Trustly=0.3)
    start = perf_counter()
    assert named(among(window, baseline)) == [("payment method", "Trustly")]
    assert perf_counter() - start < 1.5


RECORDS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "x", "y", "z"])), max_size=60)


@given(RECORDS, RECORDS, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_drivers_are_sound_whatever_comes_in(
    window: list[Record], baseline: list[Record], order: random.Random
) -> None:
    drivers = find_drivers(window, baseline, {"a": {"x": 0.2, "y": 1.0}})
    for driver in drivers:
        assert 3 <= driver.observed <= driver.total <= len(window)
        assert driver.share > driver.baseline_share
        assert 0 <= driver.p <= driver.q <= 0.05
    assert len(set(named(drivers))) == len(drivers)
    order.shuffle(window)
    order.shuffle(baseline)
    assert find_drivers(window, baseline, {"a": {"x": 0.2, "y": 1.0}}) == drivers


TEXTS = st.lists(
    st.none() | st.dictionaries(st.sampled_from(["a", "word"]), st.lists(st.sampled_from("xyz"), unique=True)),
    max_size=60,
)


@given(TEXTS, TEXTS, st.lists(st.sampled_from([{"a": ["x"]}, {"a": ["y", "z"]}, {}]), max_size=30))
@example([{}, *[{"word": ["x", "y", "z"]}] * 4], [], [])
@settings(max_examples=150, deadline=None)
def test_what_texts_name_is_sound_whatever_comes_in(
    window: list[Named | None], baseline: list[Named | None], population: list[Named]
) -> None:
    read = sum(each is not None for each in window)
    for driver in among(window, baseline, population):
        assert driver.in_text
        assert 3 <= driver.observed <= driver.total == read
        assert driver.share > driver.baseline_share
        assert 0 <= driver.p <= driver.q <= 0.05


def test_ten_thousand_complaints_with_twenty_attributes_take_less_than_a_second() -> None:
    rng = random.Random(12)
    records = [{f"a{i}": str(rng.randrange(8)) for i in range(20)} for _ in range(10_000)]
    start = perf_counter()
    find_drivers(records[:2_000], records[2_000:])
    assert perf_counter() - start < 2.0
