"""The weekly digest: what an owner reads, and that nothing a customer wrote can break out of it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from html.parser import HTMLParser
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from feedback.chart import Series
from feedback.digest import (
    Digest,
    DigestAlert,
    DigestFix,
    DigestTopic,
    Quote,
    escape_markdown,
    file_stem,
    iso_week,
    owner_slug,
    pick_quotes,
    pictures,
    render_html,
    render_markdown,
    render_text,
    subject,
    week_span,
)
from feedback.domain import AlertState, Channel, Driver, Fix, Outcome, OutcomeVerdict, SilentSource, Span, TopicKind
from feedback.errors import SettingError
from feedback.exposure import EndedExposure
from feedback.language import LANGUAGES, Language
from feedback.phrases import chance_words, drivers_words, excerpt, humane, percent
from feedback.sentences import Sentences

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = week_span("2026-W46", BERLIN)
LONG = (
    "Ich habe am Montag meine Auszahlung angefordert und seitdem jeden Tag im Chat nachgefragt, aber niemand "
    "kann mir sagen, wo das Geld geblieben ist. "
) * 7


def at(day: int, month: int = 11, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def topic(name: str, count: int = 41, before: int = 14, expected: float | None = 11.7) -> DigestTopic:
    low, high = (None, None) if expected is None else (expected * 0.6, expected * 1.55)
    return DigestTopic(
        topic_id=uuid5(UUID(int=0), name),
        name=name,
        kind=TopicKind.PINNED,
        area="payments",
        words={"de": ["auszahlung", "bonus"], "pl": ["wypłata", "opóźnienie"]},
        count=count,
        count_before=before,
        expected=expected,
        low=low,
        high=high,
        customers=count - 3,
    )


def series(last_week: Sequence[int] = (3, 5, 8, 9, 7, 5, 4), usual: float = 1.7) -> Series:
    """Eight weeks to 15 November 2026, the first six days without an expectation."""
    days = [date(2026, 9, 21) + timedelta(days=place) for place in range(56)]
    quiet = [
        round(usual * (1.3 if day.weekday() < 5 else 0.4) + (place * 7 % 5 - 2) * usual / 3)
        for place, day in enumerate(days)
    ]
    expected = [None if place < 6 else usual * (1.2 if day.weekday() < 5 else 0.5) for place, day in enumerate(days)]
    return Series(
        days=tuple(days),
        observed=(*(max(0, value) for value in quiet[:49]), *last_week),
        expected=tuple(expected),
        low=tuple(None if value is None else max(0.0, value - 2 * value**0.5) for value in expected),
        high=tuple(None if value is None else value + 2 * value**0.5 for value in expected),
    )


def quote(text: str, language: str = "de", market: str | None = "DE", channel: Channel = Channel.EMAIL) -> Quote:
    return Quote(text, language, channel, at(12), market)


def alert(about: DigestTopic, **changes: object) -> DigestAlert:
    made = DigestAlert(
        alert_id=uuid5(UUID(int=1), about.name),
        topic=about,
        state=AlertState.OPEN,
        opened_at=at(12),
        window=WEEK,
        observed=about.count,
        expected=about.expected or 0.0,
        low=about.low or 0.0,
        high=about.high or 0.0,
        p=0.0002,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # each test names the fields it is about


MARKET = Driver("market", "DE", 33, 41, 0.4, 1e-6, 1e-5)
PAYMENT = Driver("payment_method", "Trustly", 29, 41, 0.35, 1e-5, 1e-4)
VERSION = Driver("app_version", "4.2.0", 12, 41, 0.004, 1e-3, 0.01)

QUOTES = (
    quote(LONG),
    quote("Der Bonus ist seit Tagen nicht da, bitte an <EMAIL> schreiben", channel=Channel.LIVE_CHAT),
    quote("Od tygodnia czekam na wypłatę bonusu, a konsultant [imię] tylko przeprasza.", "pl", "PL", Channel.LIVE_CHAT),
    quote("Bonusen min ble aldri utbetalt, og ingen svarer på e-post.", "nb", "NO"),
    quote("Bonusta ei ole maksettu vieläkään. Missä rahat ovat?", "fi", "FI", Channel.CONTACT_FORM),
    quote("Still waiting for my bonus payout – see https://evil.example/login?a=1", "en", None, Channel.SOCIAL_MEDIA),
)

WITHDRAWAL = topic("Withdrawal delayed", 23, 31)
NEW = replace(
    topic("verifizierung, selfie, app / weryfikacja, zdjęcie", 9, 0, None),
    kind=TopicKind.PROVISIONAL,
    words={"de": ["selfie", "verifizierung", "kamera"], "fi": ["kamera", "kuva"], "pl": ["zdjęcie", "weryfikacja"]},
)
LONG_NAME = topic(
    "Payments charged twice when the bank's confirmation page is closed before the customer returns to the cashier",
    18,
    6,
    3.62,
)


def empty() -> Digest:
    return Digest(
        owner="Payments & Bonus",
        week="2026-W46",
        span=WEEK,
        zone=BERLIN,
        generated_at=at(16, hour=5),
        total=312,
        total_before=305,
        unassigned_share=0.087,
        rejected=0,
        busiest=(topic("Withdrawal delayed", 23, 22, 21.4), topic("Bonus not credited", 4, 5, 3.62)),
    )


def rich() -> Digest:
    payout = topic("Delayed bonus payouts")
    return replace(
        empty(),
        rejected=4,
        rose=(
            alert(payout, drivers=(MARKET, PAYMENT, VERSION), quotes=QUOTES, series=series()),
            alert(
                NEW,
                expected=0.0,
                low=0.0,
                high=0.3,
                p=1e-9,
                window=Span(WEEK.start - timedelta(days=2), WEEK.end - timedelta(days=2)),
                quotes=QUOTES[3:5],
                series=series((0, 0, 1, 2, 3, 3, 0), usual=0.0),
            ),
            alert(
                LONG_NAME,
                state=AlertState.REGRESSED,
                opened_at=at(5, 10),
                resolved_at=at(20, 10),
                regressed_at=at(14),
                drivers=(VERSION,),
                quotes=QUOTES[1:4],
                series=series((1, 2, 2, 3, 2, 4, 4), usual=0.6),
            ),
        ),
        still_open=(alert(WITHDRAWAL, opened_at=at(28, 10), state=AlertState.ACKNOWLEDGED),),
        calmed=(
            alert(
                topic("Free spins missing", 4, 9, 5.0), opened_at=at(3), resolved_at=at(12), state=AlertState.RESOLVED
            ),
        ),
        new_topics=(
            NEW,
            replace(NEW, topic_id=UUID(int=9), name="sperre, limit", kind=TopicKind.DISCOVERED, quotes=QUOTES[1:3]),
        ),
        busiest=(payout, WITHDRAWAL, LONG_NAME, NEW, topic("Bonus not credited", 4, 5, 3.62)),
    )


@pytest.fixture(scope="module")
def rich_page() -> str:
    return render_html(rich())


# --- weeks and names -------------------------------------------------------------------------------------------------


def test_a_week_runs_from_monday_to_monday_in_the_operators_zone() -> None:
    assert week_span("2026-W46", BERLIN) == Span(
        datetime(2026, 11, 8, 23, tzinfo=UTC), datetime(2026, 11, 15, 23, tzinfo=UTC)
    )


def test_the_week_of_the_clock_change_has_an_hour_more() -> None:
    span = week_span("2026-W43", BERLIN)
    assert span.end - span.start == timedelta(days=7, hours=1)


@pytest.mark.parametrize("week", ["2026-W60", "2026-W00", "2025-W53", "0000-W10", "9999-W52"])
def test_a_week_that_does_not_exist_says_so(week: str) -> None:
    with pytest.raises(SettingError, match=f"no week '{week}'"):
        week_span(week, BERLIN)


@pytest.mark.parametrize("week", ["", "46", "2026-46", "2026-W6", "2026-w46", "2026-W46 ", "٢٠٢٦-W46"])
def test_what_is_not_written_as_a_week_gets_an_example(week: str) -> None:
    with pytest.raises(SettingError, match="such as 2026-W46"):
        week_span(week, BERLIN)


@given(
    day=st.dates(date(1971, 1, 1), date(2100, 12, 31)),
    zone=st.sampled_from(["Europe/Warsaw", "America/Havana", "Pacific/Apia", "UTC"]),
)
def test_every_day_lies_in_its_own_week(day: date, zone: str) -> None:
    local = ZoneInfo(zone)
    span = week_span(iso_week(day), local)
    assert datetime.combine(day, time(12), local).astimezone(UTC) in span
    assert week_span(iso_week(day + timedelta(days=7)), local).start == span.end


@given(first=st.text(), second=st.text())
def test_owners_get_file_names_of_their_own(first: str, second: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]{1,43}", owner_slug(first))
    assert (owner_slug(first) == owner_slug(second)) == (first == second)


def test_owners_that_read_alike_do_not_collide() -> None:
    names = ["Payments", "payments", "payments ", "pay/ments", "../payments", "платежи", "", owner_slug("Payments")]
    assert len({owner_slug(name) for name in names}) == len(names)
    assert owner_slug("Payments").startswith("payments-")


# --- what is said ----------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Spaces that do not break look like spaces to a reader."""
    return text.replace("\u00a0", " ")


def test_the_headline_comes_first_and_says_it_all() -> None:
    lines = [line for line in plain(render_markdown(rich())).splitlines() if line]
    assert lines[:3] == [
        "# Weekly digest: Payments & Bonus",
        "Week 46, 9–15 November 2026",
        "**Delayed bonus payouts: 41 this week, 12 expected (7–18); mostly Germany (33 of 41, usually 40 %)"
        " and Trustly (29 of 41, usually 35 %).**",
    ]
    assert "1 alert is still open, 1 alert calmed down and 2 topics are new." in lines[3]


def test_an_empty_week_is_one_honest_line() -> None:
    text = plain(render_markdown(empty()))
    assert "**Nothing rose beyond chance this week. 312 complaints, 305 the week before.**" in text
    assert len([line for line in text.splitlines() if line]) == 4
    assert subject(empty()) == f"Week 46, {empty().owner}: nothing rose beyond chance"


def test_a_week_in_which_something_is_open_has_the_table() -> None:
    text = plain(render_markdown(replace(empty(), still_open=rich().still_open)))
    assert "| Bonus not credited | 4 | 5 | 3.6 (2–6) |" in text
    assert "Quotes" not in text
    assert re.findall("^## .*", text, re.MULTILINE) == ["## Still open", "## Busiest topics"]


def test_a_rise_is_told_in_numbers() -> None:
    say = Sentences(rich())
    payout, new, back = rich().rose
    assert say.details(payout) == (
        "That is 3.5 times what was expected. 38 customers wrote about it this week. The week before there were 14."
    )
    assert plain(say.counts(new)) == "9 in the 7 days to 13 November, none were expected"
    assert plain(say.details(back)).endswith(
        "It is back: the alert first opened on 5 October and calmed down on 20 October."
    )
    assert plain(say.chance(payout)) == "More than chance alone explains (p = 0.0002). Alert opened on 12 November."
    assert say.drivers(new) == ""


def test_a_source_that_fell_silent_is_told() -> None:
    silent = SilentSource("zendesk", date(2026, 11, 12), 41.3)
    told = Sentences(replace(empty(), silent=(silent,))).remainder()
    assert plain(told).startswith("Nothing from zendesk since 12 November 2026, usually 41 a day: is it down?")


@pytest.mark.parametrize(
    ("given_up", "instead"),
    [(False, "each day counts as the same weekday before"), (True, "complaints are held against all others instead")],
)
def test_a_column_that_stopped_coming_is_told(given_up: bool, instead: str) -> None:
    say = Sentences(replace(empty(), ended=EndedExposure("players", date(2026, 11, 12), given_up)))
    assert plain(say.remainder()).startswith(f"No players since 12 November 2026: {instead}.")
    assert not say.is_empty()


def test_one_is_not_written_as_many() -> None:
    single = replace(topic("One", 1, 1, 0.4), customers=1)
    digest = replace(empty(), total=1, total_before=1, rejected=1, rose=(alert(single),))
    say = Sentences(digest)
    assert "1 customer wrote about it this week. The week before there was 1." in say.details(digest.rose[0])
    assert say.total() == "1 complaint, 1 the week before."
    assert "1 record could not be read; correct and send it again." in say.remainder()
    assert say.counts(digest.rose[0]) == "1 this week, 0.4 expected (0–1)"


@pytest.mark.parametrize(
    ("value", "said"),
    [(11.7, "12"), (0.4, "0.4"), (3.62, "3.6"), (3.0, "3"), (9.97, "10"), (0.03, "0"), (1234.5, "1,234")],
)
def test_numbers_are_rounded_for_people(value: float, said: str) -> None:
    assert humane(value) == said


@pytest.mark.parametrize(
    ("share", "said"), [(0.0, "0 %"), (0.004, "under 1 %"), (0.4, "40 %"), (0.996, "over 99 %"), (1.0, "100 %")]
)
def test_a_share_is_never_rounded_to_none_or_all(share: float, said: str) -> None:
    assert plain(percent(share)) == said


@pytest.mark.parametrize(
    ("p", "said"),
    [(0.0, "p < 0.0001"), (1e-9, "p < 0.0001"), (0.0002, "p = 0.0002"), (0.0314, "p = 0.031"), (0.4, "p = 0.4")],
)
def test_p_keeps_the_digits_that_mean_something(p: float, said: str) -> None:
    assert plain(chance_words(p)) == said


def test_less_than_half_is_not_called_mostly() -> None:
    assert drivers_words([VERSION]) == "more than usual from app version 4.2.0 (12 of 41, usually under 1\u00a0%)"
    never = Driver("language", "fi", 30, 41, 0.0, 1e-6, 1e-5)
    assert drivers_words([never]) == "mostly Finnish (30 of 41, usually none)"


def test_what_texts_name_is_said_as_one_would() -> None:
    def told(attribute: str, value: str, observed: int) -> Driver:
        return Driver(attribute, value, observed, 40, 0.03, 1e-6, 1e-5, in_text=True)

    assert drivers_words([told("word", "gateway", 12)]) == (
        "more than usual naming the word “gateway” (12 of 40, usually 3\u00a0%)"
    )
    assert drivers_words([told("payment method", "Trustly", 23), told("amount", "over 500 EUR", 21)]) == (
        "mostly Trustly (23 of 40, usually 3\u00a0%) and amounts over 500 EUR (21 of 40, usually 3\u00a0%)"
    )
    assert drivers_words([VERSION, told("duration", "weeks", 9), told("table limit", "high", 8)]) == (
        "more than usual from app version 4.2.0 (12 of 41, usually under 1\u00a0%), "
        "more than usual naming a duration in weeks (9 of 40, usually 3\u00a0%) "
        "and table limit high (8 of 40, usually 3\u00a0%)"
    )


def test_an_infinite_bound_is_left_out() -> None:
    unbounded = alert(topic("Cashier"), high=math.inf)
    assert Sentences(empty()).counts(unbounded) == "41 this week, 12 expected"


@pytest.mark.parametrize(
    ("observed", "said"),
    [(23, "still above what is usual"), (12, "back within what is usual"), (2, "below what is usual")],
)
def test_an_open_alert_says_where_it_stands(observed: int, said: str) -> None:
    told = Sentences(empty()).still_open(
        alert(WITHDRAWAL, observed=observed, state=AlertState.ACKNOWLEDGED, opened_at=at(28, 10))
    )
    assert said in told
    assert plain(told).endswith("Open for 18 days, since 28 October, acknowledged.")


def test_a_calmed_alert_says_when_and_after_how_long() -> None:
    told = Sentences(empty()).calmed(alert(WITHDRAWAL, opened_at=at(3), resolved_at=at(12), state=AlertState.RESOLVED))
    assert plain(told).endswith("Resolved on 12 November, 9 days after it opened.")


def test_dates_are_local_and_carry_another_years_number() -> None:
    say = Sentences(empty())
    assert plain(say.day(datetime(2026, 11, 11, 23, 30, tzinfo=UTC))) == "12 November"
    assert plain(say.day(datetime(2025, 12, 28, 12, tzinfo=UTC))) == "28 December 2025"


@pytest.mark.parametrize(
    ("week", "said"),
    [
        ("2026-W46", "Week 46, 9–15 November 2026"),
        ("2026-W40", "Week 40, 28 September – 4 October 2026"),
        ("2026-W01", "Week 1, 29 December 2025 – 4 January 2026"),
    ],
)
def test_a_week_is_named_by_its_days(week: str, said: str) -> None:
    assert Sentences(replace(empty(), week=week, span=week_span(week, BERLIN))).week() == said


def test_a_window_is_named_by_what_it_spans() -> None:
    say = Sentences(empty())
    one_day = Span(WEEK.start, WEEK.start + timedelta(days=1))
    hours = Span(WEEK.start + timedelta(hours=6), WEEK.start + timedelta(hours=12))
    assert plain(say.counts(alert(WITHDRAWAL, window=one_day))).startswith("23 on 9 November, ")
    assert plain(say.counts(alert(WITHDRAWAL, window=hours))).startswith(
        "23 from 9 November, 06:00 to 9 November, 12:00, "
    )


def test_a_week_that_is_not_over_says_so() -> None:
    early = replace(empty(), generated_at=at(12))
    assert "The week is not over yet: this counts what came in before 12 November, 13:00." in plain(
        render_markdown(early)
    )
    assert "not over" not in render_markdown(empty())


# --- quotes ----------------------------------------------------------------------------------------------------------


def test_every_language_is_heard_before_one_is_heard_twice() -> None:
    german = [quote(f"Nummer {number}") for number in range(5)]
    chosen = pick_quotes([*german, quote("Gdzie są pieniądze?", "pl"), quote("Hvor er pengene?", "nb")])
    assert [one.language for one in chosen] == ["de", "pl", "nb", "de", "de"]


def test_copies_and_empty_texts_are_no_further_quotes() -> None:
    assert [one.text for one in pick_quotes([quote("Same"), quote(" Same\n", "en"), quote("\u202e \n")])] == ["Same"]


def test_a_long_quote_is_cut_between_words() -> None:
    cut = excerpt(LONG)
    assert len(LONG) > 900
    assert len(cut) <= 282
    assert cut.endswith(" …")
    assert LONG.startswith(cut.removesuffix(" …"))
    assert LONG[len(cut) - 2] in " ,"
    assert len(excerpt("a" * 900)) == 282


def test_placeholders_read_well_in_every_format() -> None:
    assert excerpt("Call <PHONE> or <NATIONAL_ID>, not <b>") == "Call [phone] or [national-id], not <b>"
    assert "bitte an [email] schreiben" in render_markdown(rich())


def test_links_in_quotes_cannot_be_clicked() -> None:
    assert excerpt("see HTTPS://evil.example/x?y=1 or www.evil.example now") == "see [link] or [link] now"


@given(st.text())
def test_excerpts_are_one_harmless_line(text: str) -> None:
    made = excerpt(text)
    assert len(made) <= 282
    assert made == " ".join(made.split())
    assert not set(made) & set("\u202e\u2066\x00\x1b\r\n")
    made.encode()


# --- both formats hold what people wrote -----------------------------------------------------------------------------

NASTY = "<script>alert(1)</script> [a](javascript:x) ![b](http://c) `code` **bold** _x_ ~~y~~ a|b &lt; # 1. \\ </p> \"'"


def hostile() -> Digest:
    """Every text that comes from outside is an attack."""
    about = replace(
        topic(NASTY), area=NASTY, words={'x"><script>': [NASTY]}, quotes=[quote(NASTY, 'x"><script>', NASTY)]
    )
    driver = Driver(NASTY, NASTY, 33, 41, 0.4, 1e-6, 1e-5)
    risen = alert(about, drivers=(driver,), quotes=about.quotes, series=series())
    other = replace(about, topic_id=UUID(int=3))
    return replace(
        empty(),
        owner=NASTY,
        rose=(risen, alert(other)),
        still_open=(risen,),
        calmed=(risen,),
        new_topics=(replace(other, topic_id=UUID(int=4)),),
        busiest=(about,),
    )


class Page(HTMLParser):
    """The elements and attributes of a page, and whether they nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.style = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["style"]:
            self.style += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("digest", [rich(), empty(), hostile()], ids=["rich", "empty", "hostile"])
def test_the_page_loads_and_runs_nothing(digest: Digest) -> None:
    page = Page(render_html(digest))
    assert page.open == []
    assert {name for name, _ in page.elements} <= {
        *("html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "h3", "p", "strong", "span", "br"),
        *("blockquote", "img", "table", "thead", "tbody", "tr", "th", "td"),
    }
    allowed = {"src", "alt", "width", "height", "style", "class", "lang", "dir", "scope", "charset", "name", "content"}
    assert {key for _, attributes in page.elements for key in attributes} <= allowed
    assert all((image["src"] or "").startswith("data:image/png;base64,") for image in page.all("img"))
    looks = [page.style, *(attributes.get("style") or "" for _, attributes in page.elements)]
    assert not any(re.search(r"url\(|@import|expression", look) for look in looks)


def test_the_page_fits_mail_and_phone(rich_page: str) -> None:
    page = Page(rich_page)
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    assert "max-width:640px" in rich_page
    assert "prefers-color-scheme: dark" in rich_page
    assert {one.get("lang") for one in page.all("p")} >= {"de", "pl", "nb", "fi", "en"}
    assert plain(page.all("img")[0]["alt"] or "") == (
        "Complaints a day about Delayed bonus payouts: 41 in the week of 9 November, 12 expected (7–18)."
    )


def test_a_mailer_can_send_the_pictures_as_parts() -> None:
    digest = replace(rich(), rose=rich().rose[:1])
    page = Page(render_html(digest, lambda name, png: f"cid:{name}"))
    assert [image["src"] for image in page.all("img")] == [f"cid:{name}" for name in pictures(digest)]


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        *(("#1f2933", "#f4f6f8"), ("#1f2933", "#ffffff"), ("#52606d", "#f4f6f8"), ("#52606d", "#ffffff")),
        *(("#0b4f8a", "#f4f6f8"), ("#7a3e00", "#fdf0dc"), ("#e6eaee", "#14191f"), ("#e6eaee", "#1e252d")),
        *(("#a9b4bf", "#14191f"), ("#a9b4bf", "#1e252d"), ("#8fc1ee", "#14191f"), ("#ffd9a0", "#4a3210")),
    ],
)
def test_text_stands_out_in_both_themes(rich_page: str, ink: str, paper: str) -> None:
    """WCAG 2.2, success criterion 1.4.3: at least 4.5 to 1."""
    assert ink in rich_page
    assert paper in rich_page
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def markdown(text: str) -> tuple[str, list[Token]]:
    """What a CommonMark reader makes of it: the text it shows and every token."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = [inner for token in parser.parse(text) for inner in [token, *(token.children or [])]]
    return " ".join(token.content for token in tokens if token.type == "text"), tokens


@given(st.text(alphabet=st.one_of(st.sampled_from("<>[]()!`*_~|\\&#;:-+=.\"' 1ab"), st.characters())))
def test_text_survives_markdown_as_it_is(text: str) -> None:
    kept = excerpt(text)
    shown, tokens = markdown(f"> “{escape_markdown(kept)}”")
    assert {token.type for token in tokens} <= {
        "blockquote_open",
        "paragraph_open",
        "inline",
        "text",
        "paragraph_close",
        "blockquote_close",
    }
    assert shown == f"“{kept}”"


def test_markdown_shows_attacks_as_text() -> None:
    shown, tokens = markdown(render_markdown(hostile()))
    kinds = {token.type for token in tokens}
    assert not kinds & {
        "html_block",
        "html_inline",
        "link_open",
        "em_open",
        "s_open",
        "code_inline",
        "code_block",
        "fence",
    }
    assert [token.attrs["src"] for token in tokens if token.type == "image"] == list(pictures(hostile()))
    assert "<script>alert(1)</script> [a](javascript:x)" in shown
    assert sum(token.type == "td_open" for token in tokens) == 4


def test_markdown_links_to_the_pictures_beside_it() -> None:
    text, files = render_markdown(rich()), pictures(rich())
    assert re.findall(r"!\[.*\]\((.*)\)", text) == list(files)
    assert all(name.startswith(file_stem(rich())) and png.startswith(b"\x89PNG") for name, png in files.items())


def test_an_alert_without_a_series_has_no_picture() -> None:
    bare = replace(empty(), rose=(alert(WITHDRAWAL), alert(WITHDRAWAL, series=Series((), (), (), (), ()))))
    assert pictures(bare) == {}
    assert "![" not in render_markdown(bare)
    assert "<img" not in render_html(bare)


def test_the_same_digest_is_the_same_bytes(rich_page: str) -> None:
    assert render_html(rich()) == rich_page


@pytest.mark.parametrize("language", LANGUAGES)
def test_plain_text_is_for_reading(language: str) -> None:
    text = render_text(rich(), Language(language))
    assert not re.search(r"!\[|\*\*|\||\\|&lt;|&amp;|\.png|\u00a0|^#", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 72
    assert "\n\n\n\n" not in text
    assert not re.search("^[^>\\n][^\\n]*\\n>|^>[^\\n]*\\n[^>\\n]", text, re.MULTILINE), "quotes stand apart"
    assert len(re.findall("^-+$", text, re.MULTILINE)) == 7, "headings and the table's are underlined"


def test_plain_text_shows_what_people_wrote_as_it_is() -> None:
    told = " ".join(re.sub("^> ", "", render_text(hostile()), flags=re.MULTILINE).split())
    assert "**bold** _x_ ~~y~~ a|b &lt; # 1. \\ </p>" in told


def test_columns_of_plain_text_stand_under_one_another() -> None:
    lines = render_text(rich()).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("Topic "))
    assert lines[start : start + 4] == [
        "Topic                                  This week  Week before   Expected",
        "------------------------------------------------------------------------",
        "Delayed bonus payouts (rose)                  41           14  12 (7–18)",
        "Withdrawal delayed (still open)               23           31  12 (7–18)",
    ]


def test_what_is_new_after_a_training_is_told_of_five_and_counted() -> None:
    many = [replace(NEW, topic_id=UUID(int=each), name=f"new {each}") for each in range(9)]
    for shown in (render(replace(empty(), new_topics=many)) for render in (render_text, render_markdown, render_html)):
        assert "new 4" in shown
        assert "new 5" not in shown
        assert "And 4 more topics." in shown


def test_fixes_are_told_only_where_there_are_any() -> None:
    calm = digest_without_fixes()
    assert "Fixes" not in render_markdown(calm)
    assert ">Fixes<" not in render_html(calm)
    fix = Fix(3, WITHDRAWAL.topic_id, at(4, 10), -0.4, "gateway <b>exchanged</b> [x](y)", "ana", at(4, 10))
    worked = Outcome(3, at(9), OutcomeVerdict.WORKED, 28, 120, 41, 80.2, 0.51, 0.39, 0.66, 0.9987)
    both = [DigestFix(WITHDRAWAL, fix, worked), DigestFix(topic("Bonus missing"), replace(fix, id=4, note=""))]
    told = replace(calm, fixes=both)
    markdown, page = (render(told).replace("\u00a0", " ") for render in (render_markdown, render_html))
    assert "## Fixes" in markdown
    assert "41 came in; 80 would have been expected without it: 49 % fewer." in markdown
    assert "Fix 4 of 4 October 2026: not judged yet." in markdown
    assert "<b>" not in markdown
    assert "<b>" not in page
    assert ">Fixes</h2>" in page


def digest_without_fixes() -> Digest:
    return Digest("payments", "2026-W46", WEEK, BERLIN, at(16), 100, 90, 0.1, 0)


def test_an_alert_leads_to_its_page_in_the_dashboard() -> None:
    page = "https://feedback.casino.example/alerts/5d1f0b52"
    shown = replace(rich(), rose=[replace(each, page=page) for each in rich().rose])
    assert f'href="{page}"' in render_html(shown)
    assert page in render_markdown(shown)
    assert page not in render_html(rich())
