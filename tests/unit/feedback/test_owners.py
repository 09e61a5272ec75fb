"""Who is told of what, of all who answer for something."""

from __future__ import annotations

from feedback.domain import Segment
from feedback.owners import NOBODY, Charge, Owned, Owners, Responsible

OWNERS = Owners.of(
    {
        Charge(Owned.AREA, "Bonuses"): "promotions",
        Charge(Owned.MARKET, "DE"): "dach",
        Charge(Owned.MARKET, "PL"): "warsaw",
        Charge(Owned.BRAND, "Lucky"): "lucky team",
    },
    default="desk",
)
GERMANY, POLAND, LUCKY, CHAT = (
    Segment(*each) for each in (("market", "DE"), ("market", "PL"), ("brand", "Lucky"), ("channel", "live chat"))
)


def test_a_topic_is_its_owner_s_else_its_area_s_else_the_default_owner_s() -> None:
    assert OWNERS.of_topic("payments", "Bonuses") == Responsible("payments")
    assert OWNERS.of_topic(None, "bonuses") == Responsible("promotions")
    assert OWNERS.of_topic(None, "Games") == Responsible("desk", is_owned=False)
    assert OWNERS.of_topic(None, None) == Responsible("desk", is_owned=False)


def test_the_owners_of_where_it_rises_hear_of_it_too() -> None:
    found = OWNERS.of_alert("payments", "Bonuses", None, [GERMANY, LUCKY, CHAT])
    assert found.everyone == ("payments", "dach", "lucky team")


def test_a_topic_that_nobody_owns_is_the_market_s_where_it_rises_there_alone() -> None:
    assert OWNERS.of_alert(None, None, POLAND, [POLAND]) == Responsible("warsaw")
    assert OWNERS.of_alert(None, None, CHAT, [CHAT]) == Responsible("desk", is_owned=False)
    assert OWNERS.of_alert(None, None, None, [POLAND]) == Responsible("desk", ("warsaw",), is_owned=False)


def test_what_was_said_to_be_nobody_s_is_not_given_back_to_its_area_or_market() -> None:
    assert OWNERS.of_topic(NOBODY, "Bonuses") == Responsible("desk", is_owned=False)
    assert OWNERS.of_alert(NOBODY, None, POLAND, [POLAND]) == Responsible("desk", ("warsaw",), is_owned=False)


def test_nobody_is_told_twice() -> None:
    assert OWNERS.of_alert("dach", None, GERMANY, [GERMANY, GERMANY]).everyone == ("dach",)
