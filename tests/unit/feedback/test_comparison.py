"""The page that compares two topic model versions, and its map."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.comparison import (
    ComparedQuote,
    ComparedTopic,
    ComparedVersion,
    ComparisonReport,
    ComparisonSentences,
    DoubtfulPair,
    DoubtfulTopic,
    as_dict,
    measures,
    render_html,
    topic_map,
)
from feedback.domain import Fate, TopicKind
from feedback.topic_map import WIDTH, Spot, draw

AT = datetime(2026, 7, 2, 9, 30, tzinfo=UTC)
NASTY = "<script>alert('x')</script> & <EMAIL> \u202e"


def version(number: int, status: str, coherence: float | None = 0.25) -> ComparedVersion:
    return ComparedVersion(UUID(int=number << 96), status, AT, 12, 0.911, coherence, 0.47, None)


def topic(number: int, fate: Fate = Fate.KEPT, name: str = "Bonus missing", **more: object) -> ComparedTopic:
    gone, new = fate in (Fate.MERGED, Fate.RETIRED), fate in (Fate.BORN, Fate.SPLIT)
    made = ComparedTopic(
        topic_id=UUID(int=number),
        number=number,
        name=name,
        kind=TopicKind.DISCOVERED,
        fate=fate,
        had=not new,
        has=not gone,
        doubtful=False,
        other=None,
        size_before=0 if new else 40,
        size_after=0 if gone else 41,
        stayed=0 if gone or new else 40,
        place=(number * 0.1, 0.5),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def report(*topics: ComparedTopic, doubtful: tuple[DoubtfulPair, ...] = (), complaints: int = 6303) -> ComparisonReport:
    return ComparisonReport(
        before=version(1, "published"),
        after=version(2, "candidate"),
        made_at=AT,
        zone=ZoneInfo("Europe/Berlin"),
        complaints=complaints,
        first=AT if complaints else None,
        last=AT if complaints else None,
        kept=0.972,
        gained=0.009,
        lost=0.008,
        ari=0.925,
        topics=topics,
        doubtful=doubtful,
    )


def pair() -> DoubtfulPair:
    quote = ComparedQuote(NASTY, "fi")
    old = DoubtfulTopic(UUID(int=7 << 96), "Päästä, syy", 49, {"fi": ("päästä", "syy")}, [quote])
    new = DoubtfulTopic(UUID(int=9 << 96), "Jäädyttää", 21, {"fi": ("jäädyttää",)}, [quote])
    return DoubtfulPair(old, new, 0.6)


class Page(HTMLParser):
    """The tags and the text of a page, and whatever it would load or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"} or name.startswith("on")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_what_others_wrote_is_escaped_everywhere() -> None:
    quote = ComparedQuote(NASTY, "en", NASTY)
    moved = topic(
        1,
        Fate.MERGED,
        NASTY,
        other=NASTY,
        words_before={"en": (NASTY,)},
        went=((NASTY, 3),),
        quotes_went=(quote,),
    )
    page = Page(render_html(report(moved, doubtful=(pair(),))))
    assert "script" not in page.tags
    assert page.links == []
    assert page.open == []
    assert "\u202e" not in page.text
    assert "[email]" in page.text


def test_doubtful_pairs_stand_before_all_else_with_their_command() -> None:
    found = Page(render_html(report(topic(1), topic(2, Fate.BORN), doubtful=(pair(),)))).text
    assert "feedback topics merge 00000009 --into 00000007" in found
    assert found.index("To decide") < found.index("Measures") < found.index("What changed")
    assert "once 00000002 is published" in found


def test_every_fate_is_told_in_words() -> None:
    fates = [
        topic(1),
        topic(2, Fate.BORN),
        topic(3, Fate.MERGED, other="Cash"),
        topic(4, Fate.SPLIT, other="Login"),
        topic(5, Fate.SPLIT, had=True, has=False),
        topic(6, Fate.RETIRED, doubtful=True),
    ]
    say = ComparisonSentences(report(*fates))
    told = ["kept", "born", "merged into Cash", "split from Login", "split up", "retired, doubtful"]
    assert [say.fate(each) for each in fates] == told
    assert say.fates() == "1 topic is kept, 1 born, 1 merged, 2 split and 1 retired."
    assert [each.changed for each in fates] == [False, True, True, True, True, True]


def test_a_large_exchange_is_worth_a_look() -> None:
    assert topic(1, size_before=141, size_after=82, stayed=82).changed
    assert not topic(1, size_before=141, size_after=139, stayed=138).changed


def test_nothing_to_compare_on_is_said() -> None:
    found = Page(render_html(report(complaints=0))).text
    assert "no complaint that both versions can judge" in found
    assert "97.2" not in found


def test_what_is_not_known_is_a_dash() -> None:
    found = report(topic(1))
    lines = {each.name: each for each in measures(replace(found, after=version(2, "candidate", None)))}
    assert (lines["Coherence"].before, lines["Coherence"].after) == ("0.250", "–")
    assert lines["Examples at home"].before == "–"


def test_json_has_all_of_it() -> None:
    found = json.loads(json.dumps(as_dict(report(topic(1), doubtful=(pair(),))), default=str))
    assert found["fates"] == {"kept": 1}
    assert found["doubtful"][0]["command"].startswith("feedback topics merge")
    assert found["topics"][0]["size_before"] == 40
    assert found["zone"] == "Europe/Berlin"


def test_the_map_tells_fates_apart_without_colour() -> None:
    topics = [topic(number, fate) for number, fate in enumerate((Fate.KEPT, Fate.BORN, Fate.SPLIT, Fate.MERGED), 1)]
    page = render_html(report(*topics, topic(5, Fate.RETIRED)))
    paths = re.findall(r'<path d="([^"]+)"', page)
    assert len({re.sub(r"[\d.-]+", "", path) + path.split("L")[0] for path in paths}) == 5
    assert page.count("stroke-dasharray") == 2, "merged and retired topics are gone"


def test_topics_without_a_place_are_not_on_the_map() -> None:
    assert [each.spot.number for each in topic_map(report(topic(1), topic(2, place=None))).marks] == [1]
    assert "<svg" not in render_html(report(topic(1, place=None)))


spots = st.lists(
    st.builds(
        Spot,
        st.uuids(),
        st.integers(1, 200),
        st.text(max_size=30),
        st.integers(0, 5000),
        st.sampled_from([fate for fate in Fate if fate is not Fate.DOUBTFUL]),
        st.booleans(),
        st.floats(-1, 1),
        st.floats(-1, 1),
        st.booleans(),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=40)
@given(spots)
def test_marks_lie_within_the_map(found: list[Spot]) -> None:
    drawn = draw(found)
    assert [mark.spot for mark in drawn.marks] == found
    for mark in drawn.marks:
        assert mark.radius <= mark.x <= WIDTH - mark.radius
        assert mark.radius <= mark.y <= drawn.height - mark.radius
    assert draw(found) == drawn


@pytest.mark.parametrize("count", [2, 20, 60, 120])
def test_marks_do_not_cover_each_other(count: int) -> None:
    same = [Spot(UUID(int=n), n, f"Topic {n}", 10 + n, Fate.KEPT, True, 0.0, 0.0) for n in range(count)]
    marks = draw(same).marks
    for one in marks:
        for two in marks[: marks.index(one)]:
            apart = ((one.x - two.x) ** 2 + (one.y - two.y) ** 2) ** 0.5
            assert apart > 0.9 * (one.radius + two.radius)
