"""What is told of alerts together, what is held back and for how long, and what of those that keep coming back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from feedback.digest import iso_week, render_html, render_markdown
from feedback.domain import Author, Holding, Segment, SegmentCount, Verdict
from feedback.notify.alertmanager import apart, posted
from feedback.notify.message import alert_message
from feedback.notify.outbox import NoticeState
from feedback.store import alerts, held, topics
from feedback.store.complaints import store_complaints
from feedback.store.notices import claim
from feedback.store.topics import Assigned
from feedback.store.verdicts import mutes
from jobs.mutes import muted_by
from jobs.respond import end, life, mute, say, take_on
from jobs.week import gather
from tests.integration.lifecycle.lifecycle_world import VERSION, Lifecycle, Seen, calm, lifecycle, topic_id
from tests.integration.store.store_samples import NOW, sample

TRUSTLY = [Seen(each, driver="Trustly") for each in ("withdrawals", "deposits", "refunds")]
FAR = NOW + timedelta(days=400)


@pytest.fixture
def world(sqlite_database: str, tmp_path: Path) -> Iterator[Lifecycle]:
    with lifecycle(tmp_path, sqlite_database) as made:
        yield made


def waiting(world: Lifecycle) -> dict[str, Holding]:
    with world.context.database.read() as connection:
        found = held.waiting(connection)
        return {row.topic.lower(): found[row.id].cause for row in alerts.alert_rows(connection) if row.id in found}


def by(world: Lifecycle) -> Author:
    return Author("ana", "seen to", world.now)


def told_of_life(world: Lifecycle, topic: str) -> list[str]:
    return [each.what for each in life(world.context, world.alert_id(topic))]


def test_rises_for_one_reason_are_one_message_to_each_channel(world: Lifecycle) -> None:
    two = [Seen("withdrawals", driver="Trustly"), Seen("games", driver="Trustly"), Seen("deposits", driver="Skrill")]
    assert world.run(1, two) == 3, "each has a life of its own"
    (both,) = [each for each in world.told("all") if "together" in each]
    assert both.startswith(("Withdrawals and 1 more topic rose together (Trustly)", "Games and 1 more topic rose"))
    assert [each.split(":")[0] for each in world.told("floor")] == ["Games"], "an owner is told of what is theirs"
    (own,) = [each for each in world.notices() if each.channel.endswith("floor")]
    assert "Withdrawals" in own.content["sentences"][-1], "and what rose with it"
    assert len(world.told("desk")) == 2


def test_a_message_about_several_names_each_with_its_numbers(world: Lifecycle) -> None:
    world.run(1, TRUSTLY)
    (notice,) = [each for each in world.notices() if each.channel.endswith("all")]
    message = alert_message(notice)
    assert message.subject == "Payments: 3 topics rose together (Trustly) [high]"
    for topic in ("Withdrawals", "Deposits", "Refunds"):
        assert f"{topic}: 40, 7 expected" in message.text
        assert "<h2" in message.html
        assert f"{topic}: 40" in message.html
    assert "held back" in message.text
    assert [each["topic"]["name"] for each in message.facts["together"]] == [
        each["topic"]["name"] for each in notice.content["together"]
    ]
    labels = [posted(each, NOW)["labels"] for each in apart(message)]
    assert {each["topic"] for each in labels} == {"Withdrawals", "Deposits", "Refunds"}
    assert {each["severity"] for each in labels} == {"high"}


def test_what_follows_joins_the_common_thread_and_waits_for_it(world: Lifecycle) -> None:
    world.run(1, TRUSTLY)
    (first,) = [each for each in world.notices() if each.channel.endswith("all")]
    end(world.context, world.alert_id("refunds"), by(world))
    (second,) = [each for each in world.notices() if each.channel.endswith("all") and each.id != first.id]
    assert second.content["thread"] == str(first.id)
    assert second.content["labels"]["topic"] == "Refunds"
    with world.context.write() as connection:
        due = claim(connection, FAR, "me", lambda holder: False, 10)
    assert [each.id for each in due if each.channel.endswith("all")] == [first.id]
    assert all(each.state is NoticeState.PENDING for each in due)


def test_the_alert_of_an_area_holds_back_what_says_the_same_until_it_is_over(world: Lifecycle) -> None:
    world.run(1, TRUSTLY)
    later = Seen("chargebacks", driver="Trustly")
    assert world.run(6, [later]) == 1
    assert waiting(world) == {"chargebacks": Holding.AREA}
    assert len(world.told("all")) == 1
    for topic in ("withdrawals", "deposits", "refunds"):
        assert waiting(world) == {"chargebacks": Holding.AREA}
        end(world.context, world.alert_id(topic), by(world))
        world.run(6, [later])
    assert waiting(world) == {}
    assert world.told("desk")[-1].startswith("Chargebacks: 40")
    assert told_of_life(world, "chargebacks") == ["opened", "held back (area)", "no longer held back"]


def test_those_that_made_an_area_s_alert_do_not_hold_back_one_another(world: Lifecycle) -> None:
    world.run(1, TRUSTLY)
    for topic in ("withdrawals", "deposits", "refunds"):
        end(world.context, world.alert_id(topic), by(world))
    before = len(world.told("all"))
    assert world.run(6, TRUSTLY) == 3, "all come back at once, with nobody left to speak for them"
    assert waiting(world) == {}
    assert len(world.told("all")) == before + 1


def test_what_comes_to_differ_is_told(world: Lifecycle) -> None:
    world.run(1, TRUSTLY)
    world.run(6, [Seen("chargebacks", driver="Trustly"), Seen("fees", driver="Trustly")])
    assert waiting(world) == {"chargebacks": Holding.AREA}, "who answers for fees has not heard of it"
    assert world.told("books")[0].startswith("Fees: 40")
    world.run(6, [Seen("chargebacks", driver="Skrill")])
    assert waiting(world) == {}
    happened = life(world.context, world.alert_id("chargebacks"))
    assert "not driven by Trustly" in happened[-1].why


def test_topics_that_follow_one_another_make_an_area_s_alert_too(world: Lifecycle) -> None:
    for each in TRUSTLY:
        world.run(1, [each])
    assert len(world.told("all")) == 3
    last = world.notices()[-1]
    assert "That is an alert of the area: Payments" in " ".join(last.content["sentences"])
    world.run(1, [Seen("chargebacks", driver="Trustly")])
    assert waiting(world) == {"chargebacks": Holding.AREA}


def test_what_is_over_before_it_was_told_ends_unheard_and_is_on_record(world: Lifecycle) -> None:
    world.run(1, TRUSTLY)
    world.run(1, [Seen("chargebacks", driver="Trustly")])
    end(world.context, world.alert_id("chargebacks"), by(world))
    world.run(6, TRUSTLY)
    assert len(world.told("desk")) == 1
    assert waiting(world) == {}
    world.run(6, [Seen("chargebacks", driver="Skrill")])
    assert waiting(world) == {}
    assert world.told("desk")[-1].startswith("Back: Chargebacks")
    assert told_of_life(world, "chargebacks")[-1] in ("regressed", "no longer held back")


def test_what_is_held_back_is_in_the_digest_with_the_reason(world: Lifecycle) -> None:
    world.run(1, TRUSTLY)
    world.run(6, [Seen("chargebacks", driver="Trustly"), Seen("games", observed=400)])
    digest = gather(world.context, iso_week(world.now.date()), world.now + timedelta(hours=1)).digest(None)
    assert digest.rose[0].topic.name == "Games", "the gravest first"
    assert [each.topic.name for each in digest.still_open] == ["Chargebacks"]
    for shown in (render_markdown(digest), render_html(digest)):
        assert "It was not told: an alert of its area says the same." in shown
        assert "high severity" in shown


def test_what_rose_for_one_reason_is_told_together_in_the_digest(world: Lifecycle) -> None:
    for seen in ([Seen("withdrawals", driver="Trustly")], TRUSTLY[1:], [Seen("games", observed=400)]):
        world.run(1, seen)
    week = gather(world.context, iso_week(world.now.date()), world.now + timedelta(hours=1))
    together = {each.topic.name: set(each.together) for each in week.digest(None).rose}
    assert together == {
        "Games": set(),
        "Withdrawals": {"Deposits", "Refunds"},
        "Deposits": {"Withdrawals", "Refunds"},
        "Refunds": {"Withdrawals", "Deposits"},
    }
    for shown in (render_markdown(week.digest("payments")), render_html(week.digest("payments"))):
        assert "rose together with it (Trustly)." in shown, "beside the headline"
        assert "; what drives all of them is Trustly." in shown
    games = render_markdown(week.digest("games"))
    assert "together" not in games


def test_topics_of_the_same_customers_are_told_as_that(world: Lifecycle) -> None:
    world.run(1, [Seen("withdrawals"), Seen("fees")])
    ids = [str(world.alert_id(each)) for each in ("withdrawals", "fees")]
    group = {"id": ids[0], "driver": None, "customers": 5, "alerts": ids, "area": None}
    with world.context.write() as connection:
        alerts.keep_in_evidence(connection, world.alert_id("fees"), "group", group)
    digest = gather(world.context, iso_week(world.now.date()), world.now + timedelta(hours=1)).digest("payments")
    said = "It rose together with “Fees”; behind them are the same people: 5 customers in common."
    assert said in render_markdown(digest), "though it is somebody else's"


def comes_back(world: Lifecycle, times: int, topic: str = "games") -> None:
    """It rises, and so many times it is ended by hand a day later and rises again the day after."""
    world.run(24, [Seen(topic)])
    for _ in range(times):
        world.run(24, [Seen(topic)])
        end(world.context, world.alert_id(topic), by(world))
        world.run(24, [Seen(topic)])


def test_what_keeps_coming_back_is_told_as_that_and_then_not_each_time(world: Lifecycle) -> None:
    comes_back(world, 3)
    backs = [each for each in world.notices() if each.channel.endswith("floor") and each.kind == "regressed"]
    assert len(backs) == 3
    assert "keeps coming back" not in " ".join(backs[1].content["sentences"])
    assert "It keeps coming back: 3 times in 28 days." in " ".join(backs[2].content["sentences"])
    comes_back(world, 2)
    assert waiting(world) == {"games": Holding.FLAPPING}
    assert sum(each.startswith("Back") for each in world.told("floor")) == 3
    for _ in range(7):
        world.run(24, [Seen("games")])
    assert waiting(world) == {}
    assert sum(each.startswith("Back") for each in world.told("floor")) == 4, "two returns in one notice"


def test_what_keeps_coming_back_needs_longer_calm(world: Lifecycle) -> None:
    comes_back(world, 3)
    comes_back(world, 0, "deposits")
    for day in range(1, 14):
        world.run(24, [calm("games"), calm("deposits")])
        with world.context.database.read() as connection:
            still = {row.topic for row in alerts.alert_rows(connection, only_open=True)}
        assert still == ({"Games"} if day < 13 else set()) | ({"Deposits"} if day < 5 else set())


def test_with_flap_control_off_each_return_is_told(sqlite_database: str, tmp_path: Path) -> None:
    with lifecycle(tmp_path, sqlite_database, flapping_returns=0) as world:
        comes_back(world, 6)
        assert sum(each.startswith("Back") for each in world.told("floor")) == 6


def test_of_a_rise_that_nobody_was_told_of_nobody_is_told_the_end(world: Lifecycle) -> None:
    world.run(1, [Seen("games")])
    end(world.context, world.alert_id("games"), by(world))
    mute(world.context, world.alert_id("games"), by(world), until=world.now + timedelta(days=2))
    world.run(24, [Seen("games")])
    assert waiting(world) == {"games": Holding.MUTED}
    world.run(30, [])
    end(world.context, world.alert_id("games"), by(world))
    assert [each.split(":")[0] for each in world.told("floor")] == ["Games", "Closed"]


def told_to(world: Lifecycle, channel: str) -> list[str]:
    """The first word of each subject."""
    return [each.split(":")[0] for each in world.told(channel)]


def over(world: Lifecycle, topic: str = "games") -> None:
    """Calm for as long as it takes."""
    for _ in range(6):
        world.run(24, [calm(topic)])


def test_that_a_known_alert_is_back_is_told(world: Lifecycle) -> None:
    world.run(1, [Seen("games")])
    say(world.context, world.alert_id("games"), Verdict.KNOWN, by(world))
    over(world)
    world.run(24 * 10, [Seen("games", observed=90)])
    assert told_to(world, "floor") == ["Games", "Calm again", "Back"]
    assert "unmuted" in told_of_life(world, "games")


def test_a_verdict_that_replaces_another_ends_what_that_silenced(world: Lifecycle) -> None:
    world.run(1, [Seen("games")])
    alert = world.alert_id("games")
    mute(world.context, alert, by(world), below=2.0)
    world.now += timedelta(minutes=1)
    say(world.context, alert, Verdict.EXPECTED, by(world))
    world.now += timedelta(minutes=5)
    say(world.context, alert, Verdict.REAL, by(world))
    with world.context.database.read() as connection:
        assert muted_by(connection, alerts.alert_of(connection, alert), world.now) is None
        (kept,) = mutes(connection, topic_id("games"))
    assert kept.below == 2.0, "what somebody asked for stays"


def test_what_is_no_issue_is_closed_and_not_back_with_the_next_judgement(world: Lifecycle) -> None:
    world.run(1, [Seen("games")])
    say(world.context, world.alert_id("games"), Verdict.NOT_AN_ISSUE, Author("ana", "test data", world.now))
    for _ in range(8):
        world.run(6, [Seen("games")])
    assert told_to(world, "floor") == ["Games", "Closed"]
    (_, closed) = [each for each in world.notices() if each.channel.endswith("floor")]
    assert closed.content["sentences"] == ["Games: ana closed the alert. not an issue: test data"]
    world.run(6, [Seen("games", observed=90)])
    assert told_to(world, "floor") == ["Games", "Closed", "Back"], "it has become another"


def test_the_end_of_an_alert_that_was_muted_meanwhile_is_told(world: Lifecycle) -> None:
    world.run(1, [Seen("games")])
    mute(world.context, world.alert_id("games"), by(world), until=world.now + timedelta(days=30))
    over(world)
    assert told_to(world, "floor") == ["Games", "Calm again"]


def test_an_alert_that_becomes_graver_while_it_is_open_is_told_once_for_each_severity(world: Lifecycle) -> None:
    world.run(1, [Seen("games", observed=13)])
    for observed in (14, 60, 62, 300, 310, 20):
        world.run(6, [Seen("games", observed=observed)])
    told = world.told("floor")
    assert [each.split(":")[0] for each in told] == ["Games", "Graver", "Graver"]
    assert [each[each.index("[") :] for each in told] == ["[low]", "[high]", "[critical]"]
    mails = [each for each in world.notices() if each.channel.endswith("floor")]
    assert {each.content.get("thread") for each in mails} == {None, str(mails[0].id)}
    assert "has become graver: its severity is high now" in mails[1].content["sentences"][0]


def test_what_is_muted_and_becomes_graver_is_not_told(world: Lifecycle) -> None:
    world.run(1, [Seen("games", observed=13)])
    mute(world.context, world.alert_id("games"), by(world))
    world.run(6, [Seen("games", observed=300)])
    assert told_to(world, "floor") == ["Games"]


def test_the_life_of_an_alert_that_is_over_holds_no_later_mute(world: Lifecycle) -> None:
    world.run(1, [Seen("games")])
    first = world.alert_id("games")
    over(world)
    world.run(24 * 60, [Seen("games")])
    mute(world.context, world.alert_id("games"), by(world), until=world.now + timedelta(days=1))
    assert not [each.what for each in life(world.context, first) if "muted" in each.what]


GERMANY = Segment("market", "DE")


def there(observed: int) -> SegmentCount:
    return SegmentCount(GERMANY, observed, 3.0, 1.0, 6.0, 1e-6)


@pytest.mark.parametrize(
    ("rise", "is_told"),
    [
        (Seen("games", segment=GERMANY), False),
        (Seen("games", segment=Segment("market", "PL")), True),
        (Seen("games", observed=40, where=(there(36),)), False),  # 40, 33 of them above what is usual there: 7 remain
        (Seen("games", observed=40, where=(there(20),)), True),  # 23 elsewhere are more than usual too
        (Seen("games", observed=40, where=(there(36), replace(there(8), segment=Segment("brand", "Lucky")))), True),
        (Seen("games"), True),
    ],
)
def test_who_mutes_a_segment_hears_of_everything_else(world: Lifecycle, rise: Seen, *, is_told: bool) -> None:
    world.run(1, [Seen("games")])
    end(world.context, world.alert_id("games"), by(world))
    mute(world.context, world.alert_id("games"), by(world), until=world.now + timedelta(days=9), segment=GERMANY)
    world.run(24, [rise])
    assert any(each.startswith("Back") for each in world.told("floor")) is is_told
    assert waiting(world) == ({} if is_told else {"games": Holding.MUTED})
    world.run(24, [Seen("games", observed=60)])
    assert sum(each.startswith("Back") for each in world.told("floor")) == 1, "once it rises elsewhere too"


def test_each_change_keeps_the_numbers_of_its_moment(world: Lifecycle) -> None:
    world.run(1, [Seen("games", observed=40)])
    world.run(24, [Seen("games", observed=200)])
    take_on(world.context, world.alert_id("games"), by(world))
    for _ in range(6):
        world.run(24, [calm("games")])
    told = [(each.what, each.numbers) for each in life(world.context, world.alert_id("games")) if each.numbers]
    assert [(what, numbers["observed"]) for what, numbers in told] == [
        ("opened", 40),
        ("acknowledged", 200),
        ("resolved", 7),
    ]
    opened = told[0][1]
    assert (opened["expected"], opened["low"], opened["high"], opened["ratio"]) == (7.0, 3.0, 12.0, 40 / 7)
    assert opened["p"] == opened["q"] == 1e-6
    assert opened["window"]["end"] == (NOW + timedelta(hours=1)).isoformat()


def test_a_run_that_is_done_twice_tells_nothing_twice(world: Lifecycle) -> None:
    world.run(1, TRUSTLY)
    before = world.notices()
    assert world.run(0, TRUSTLY) == 0
    assert world.notices() == before


def wrote(world: Lifecycle, topic: str, customers: Sequence[str], **changes: Any) -> None:
    """Complaints of these customers about a topic, an hour ago."""
    at = world.now - timedelta(hours=1)
    found = [
        sample(1, source_id=f"{topic} {each}", received_at=at, customer_hash=each, **changes) for each in customers
    ]
    with world.context.write() as connection:
        store_complaints(connection, found, world.now)
        topics.assign(connection, VERSION.id, [Assigned(each.id, topic_id(topic), 0.9, NOW) for each in found])


def customers(name: str, number: int) -> list[str]:
    return [f"{name} {each}" for each in range(number)]


def test_rises_of_the_same_people_are_one_message(world: Lifecycle) -> None:
    wrote(world, "withdrawals", customers("anybody", 300))
    both = customers("both", 6)
    wrote(world, "games", [*both, *customers("player", 6)])
    wrote(world, "fees", [*both, *customers("payer", 6)])
    wrote(world, "deposits", [*both[:1], *customers("other", 12)])
    world.run(1, [Seen("games"), Seen("fees"), Seen("deposits")])
    together = [each for each in world.told("all") if "together" in each]
    assert len(together) == 1
    assert "(6 customers in common)" in together[0]
    assert len(world.told("all")) == 2, "one customer in common is nothing"


def test_more_important_customers_than_usual_make_an_alert_graver(world: Lifecycle) -> None:
    world.now -= timedelta(days=30)
    wrote(world, "games", customers("usual", 90), customer_segment="standard")
    wrote(world, "games", customers("important", 4), customer_segment="VIP")
    world.now += timedelta(days=30)
    wrote(world, "games", customers("now", 12), customer_segment="VIP", rating=1.0)
    wrote(world, "games", customers("also now", 10), customer_segment="standard")
    world.run(1, [Seen("games"), Seen("fees")])
    with world.context.database.read() as connection:
        found = {row.topic: row.evidence["severity"] for row in alerts.alert_rows(connection)}
    assert [each["what"] for each in found["Games"]["reasons"]] == ["size", "ratio", "segment"]
    assert [each["what"] for each in found["Fees"]["reasons"]] == ["size", "ratio"]
    assert "Severity high: 33 customers more" in life(world.context, world.alert_id("games"))[0].why
