"""The reader's language: nothing of a digest or a mail is left in English, and numbers are written as there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.digest import Digest, DigestFix, render_html, render_markdown, subject
from feedback.domain import (
    AlertState,
    Copies,
    Driver,
    Fix,
    GivenVerdict,
    Mute,
    Outcome,
    OutcomeVerdict,
    Segment,
    SegmentCount,
    SilentSource,
    Verdict,
    Voices,
)
from feedback.errors import SettingError
from feedback.events import PlannedEvent
from feedback.exposure import EndedExposure
from feedback.faq import Faq, FaqSuggestion
from feedback.interval import Estimate
from feedback.kpi import Compared, Figures, Impact, Support, Wait
from feedback.language import ENGLISH, LANGUAGES, Language, language_of
from feedback.notify.message import alert_content, alert_message, digest_message, passed_on
from feedback.notify.outbox import Notice, NoticeKind
from feedback.outcome import in_short
from feedback.phrases import complaints_words, drivers_words, humane, percent, segment_words
from tests.unit.feedback.notify.notify_samples import ABOUT, OPENED, QUOTE, RESOLVED, RISE, SIGNAL, ZONE, notice
from tests.unit.feedback.test_digest import BERLIN, NEW, WEEK, WITHDRAWAL, alert, at, empty, rich, topic

EVERY = [Language(code) for code in LANGUAGES]
GERMAN, POLISH, NORWEGIAN, FINNISH = (Language(code) for code in ("de", "pl", "nb", "fi"))

WAIT = Wait(80, 3, Estimate(4 * 3600, 3 * 3600, 5 * 3600, 80), Estimate(90_000, 80_000, 100_000, 80))
QUICK = Wait(300, 0, Estimate(1800, 1500, 2000, 300), Estimate(9000, 8000, 9900, 300))


def figures(wait: Wait, satisfied: float) -> Figures:
    share = Estimate(satisfied, satisfied - 0.05, satisfied + 0.05, 120)
    few = Estimate(0.5, 0.1, 0.9, 4)
    return Figures(Estimate(41, 31, 53, 41), None, wait, wait, share, share, share, few, share)


def whole() -> Digest:
    """A week in which there is something to say everywhere."""
    week = rich()
    rise, new, back = week.rose
    segment = Segment("market", "DE")
    where = [SegmentCount(Segment(name, value), 9, 0.0 if value == "VIP" else 2.0, 0, 3, 1e-6) for name, value in SEEN]
    drivers = [
        Driver("channel", "live chat", 33, 41, 0.4, 1e-6, 1e-5),
        Driver("language", "fi", 30, 41, 0.0, 1e-6, 1e-5),
        Driver("customer_segment", "VIP", 12, 41, 0.004, 1e-3, 0.01),
        Driver("amount", "50 to 1,000 EUR", 12, 41, 0.3, 1e-3, 0.01, in_text=True),
    ]
    told = [
        Driver("word", "gateway", 30, 41, 0.3, 1e-3, 0.01, in_text=True),
        Driver("duration", "weeks", 12, 41, 0.3, 1e-3, 0.01, in_text=True),
        Driver("amount", "over 500 EUR", 12, 41, 0.3, 1e-3, 0.01, in_text=True),
        Driver("amount", "under 50 EUR", 12, 41, 0.3, 1e-3, 0.01, in_text=True),
    ]
    event = PlannedEvent(1, "Zqx", date(2026, 11, 9), date(2026, 11, 11), None, "", at(1), "anna")
    verdict = GivenVerdict(rise.alert_id, Verdict.WRONG_OWNER, at(12), "anna", "")
    mute = Mute(1, WITHDRAWAL.topic_id, at(12), "anna", "", at(30), 2.0, rise.alert_id, segment)
    fix = Fix(3, WITHDRAWAL.topic_id, at(4, 10), -0.4, "Zqx", "ana", at(4, 10))
    outcome = Outcome(3, at(9), OutcomeVerdict.WORKED, 28, 120, 41, 80.2, 0.51, 0.39, 2.4, 0.9987)
    compared = Compared(figures(WAIT, 0.4), figures(QUICK, 0.7))
    asked = FaqSuggestion(
        WITHDRAWAL.topic_id,
        "Zqx",
        None,
        "anna",
        WEEK,
        48,
        Estimate(0.8, 0.7, 0.9, 48),
        90.0,
        "resolution",
        {"de": ["?"]},
    )
    return replace(
        week,
        generated_at=at(14),
        silent=(SilentSource("zqx", date(2026, 11, 12), 41.3),),
        ended=EndedExposure("zqx", date(2026, 11, 12), given_up=True),
        unassigned=27,
        unowned=[replace(NEW, topic_id=topic(f"{each}").topic_id) for each in range(7)],
        support=Support(
            WEEK,
            WEEK,
            compared,
            {},
            {WITHDRAWAL.topic_id: compared},
            [Impact(WITHDRAWAL.topic_id, 0.6, 0.7, Estimate(0.1, 0.05, 0.2, 80))],
        ),
        names={WITHDRAWAL.topic_id: "Zqx"},
        faq=Faq([asked, replace(asked, timed_by="first response")], []),
        rose=[
            replace(rise, drivers=drivers, where=where, segment=segment, copies=Copies(14, 3, 41), events=[event]),
            replace(new, drivers=told, copies=Copies(41, 1, 41), voices=Voices(57, 38, 36), late=True, verdict=verdict),
            replace(back, state=AlertState.ACKNOWLEDGED, where=where, copies=Copies(20, 2, 60)),
            alert(NEW, copies=Copies(20, 1, 60), where=where, segment=where[0].segment),
        ],
        still_open=[replace(WEEK_ALERT, state=state, muted=mute) for state in (AlertState.OPEN, AlertState.REGRESSED)],
        calmed=[replace(WEEK_ALERT, opened_at=at(11), resolved_at=at(12)), replace(WEEK_ALERT, resolved_at=None)],
        fixes=[
            DigestFix(WITHDRAWAL, fix, replace(outcome, verdict=each, regressed_at=at(12))) for each in OutcomeVerdict
        ]
        + [
            DigestFix(WITHDRAWAL, fix, replace(outcome, verdict=OutcomeVerdict.UNKNOWN, days=3)),
            DigestFix(WITHDRAWAL, fix),
        ],
    )


SEEN = (
    ("market", "PL"),
    ("language", "pl"),
    ("channel", "e-mail"),
    ("channel", "phone"),
    ("brand", "Zqx"),
    ("customer_segment", "VIP"),
)
WEEK_ALERT = alert(
    WITHDRAWAL, opened_at=at(28, 10), verdict=GivenVerdict(WITHDRAWAL.topic_id, Verdict.REAL, at(12), "anna", "")
)


def mails(to: Language) -> list[str]:
    """What mails about alerts hold, subjects and all."""
    calmed = replace(
        RESOLVED, alert=replace(RESOLVED.alert, calm_since=SIGNAL.window.end - timedelta(days=4)), signal=SIGNAL
    )
    by_hand = replace(RESOLVED, why="not an issue: Zqx")
    back = replace(OPENED, before=AlertState.RESOLVED)
    vast = replace(
        RISE, finding=replace(RISE.finding, signal=replace(SIGNAL, p=1e-30, complete=False, expected=0.0), late=True)
    )
    contents = [
        alert_content(NoticeKind.OPENED, ABOUT, OPENED, vast, ZONE, to),
        alert_content(NoticeKind.REGRESSED, ABOUT, back, RISE, ZONE, to),
        alert_content(NoticeKind.RESOLVED, ABOUT, calmed, None, ZONE, to),
        alert_content(NoticeKind.RESOLVED, ABOUT, by_hand, None, ZONE, to),
        passed_on(alert_content(NoticeKind.ESCALATED, ABOUT, OPENED, RISE, ZONE, to), "Zqx", at(12), ZONE),
    ]
    made = [alert_message(_notice(each), [QUOTE]) for each in contents]
    return [text for each in made for text in (each.subject, each.text, each.html)]


def _notice(content: dict[str, object]) -> Notice:
    return replace(notice(), content=content)


def digests(digest: Digest, to: Language) -> list[str]:
    return [render_markdown(digest, to), render_html(digest, lambda name, _: name, to), subject(digest, to)]


def test_every_language_says_all_there_is_to_say() -> None:
    for digest in (whole(), empty()):
        assert len({render_markdown(digest, to) for to in EVERY}) == len(EVERY)
    told = {to: "\n".join([*digests(whole(), to), *mails(to)]) for to in EVERY}
    for to, text in told.items():
        assert f'<html lang="{to.code}">' in text
        assert "{" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


# --- nothing in English ----------------------------------------------------------------------------------------------

CYRILLIC = {ord(letter): "жш"[letter.islower()] for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def disguised(message: str) -> str:
    """The message with other letters, and its placeholders as they are."""
    return "".join(
        part if part.startswith("{") else part.translate(CYRILLIC) for part in re.split(r"(\{\w+\})", message)
    )


@pytest.fixture
def disguise(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Every message that goes through a catalogue loses its Latin letters."""

    def put_on() -> None:
        def gettext(self: Language, message: str, **values: object) -> str:
            return disguised(message).format(**values)

        def pgettext(self: Language, context: str, message: str, **values: object) -> str:
            return disguised(message).format(**values)

        def ngettext(self: Language, one: str, many: str, number: int, **values: object) -> str:
            return disguised(one if number == 1 else many).format(**{"number": number, **values})

        for made in (gettext, pgettext, ngettext):
            monkeypatch.setattr(Language, made.__name__, made)

    return put_on


def words(texts: list[str]) -> set[str]:
    """The words that a reader sees, alternative texts of pictures among them."""
    whole = "\n".join(texts)
    whole = re.sub(r"<style>.*?</style>|<!--.*?-->", " ", whole, flags=re.DOTALL)
    alternatives = re.findall(r'alt="([^"]*)"', whole)
    shown = unescape(re.sub(r"<[^>]+>|\]\([^)]*\)", " ", " ".join([whole, *alternatives])))
    return set(re.findall(r"[A-Za-z]{2,}", shown))


def test_every_word_of_a_digest_and_a_mail_goes_through_a_catalogue(disguise: Callable[[], None]) -> None:
    kept = whole(), [ABOUT, OPENED, RISE, QUOTE]
    # names of countries, languages and months are no messages, and what people wrote stays as it is
    theirs = re.findall(r"[A-Za-z]{2,}", re.sub(r"\w+=|<[^>]*>|\w+\(", " ", repr(kept)))
    named = [ENGLISH.country(each) for each in ("DE", "PL", "NO", "FI")]
    spoken = [ENGLISH.language(each) for each in LANGUAGES]
    months = [ENGLISH.day(date(2026, month, 1)) for month in range(1, 13)]
    # units and lists are the library's, numbers in words are English alone, and placeholders stand in customers' words
    other = {"hrs", "hours", "mins", "and", "two", "three", "link", "email", "campaign", "script"}
    other |= {"feedback", "explain", "EUR", "DOCTYPE", "html"}
    allowed = {*theirs, *other, *re.findall("[A-Za-z]{2,}", " ".join([*filter(None, [*named, *spoken]), *months]))}
    disguise()
    seen = words([*digests(whole(), ENGLISH), *digests(empty(), ENGLISH), *mails(ENGLISH)])
    assert seen - allowed == set()
    assert not seen & {"this", "week", "expected", "alert", "topic", "customers", "complaints", "open"}


# --- forms, numbers, days --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1 zgłoszenie"), (2, "2 zgłoszenia"), (5, "5 zgłoszeń"), (12, "12 zgłoszeń"), (22, "22 zgłoszenia")],
)
def test_polish_has_three_plurals(number: int, said: str) -> None:
    assert complaints_words(number, POLISH) == said


@pytest.mark.parametrize(
    ("to", "said"),
    [(GERMAN, "1.204,5"), (POLISH, "1 204,5"), (NORWEGIAN, "1 204,5"), (FINNISH, "1 204,5"), (ENGLISH, "1,204.5")],
)
def test_numbers_carry_the_marks_of_the_language(to: Language, said: str) -> None:
    assert to.decimal(1204.5).replace("\u00a0", " ") == said


@given(st.integers(0, 10**9), st.sampled_from(EVERY))
def test_a_number_keeps_its_digits_and_does_not_break(number: int, to: Language) -> None:
    told = to.number(number)
    assert re.sub(r"\D", "", told) == str(number)
    assert " " not in told


@given(st.floats(0, 1), st.sampled_from(EVERY))
def test_a_share_is_the_same_share_in_every_language(share: float, to: Language) -> None:
    assert re.findall(r"\d+", percent(share, to)) == re.findall(r"\d+", percent(share))


@given(st.floats(0, 1e6), st.sampled_from(EVERY))
def test_what_is_rounded_for_people_has_the_same_digits_everywhere(value: float, to: Language) -> None:
    assert re.findall(r"\d", humane(value, to)) == re.findall(r"\d", humane(value))


@given(st.dates(date(1971, 1, 1), date(2100, 12, 31)), st.sampled_from(EVERY))
def test_a_date_holds_its_day_and_year_in_one_piece(day: date, to: Language) -> None:
    told = to.dated(day)
    assert re.findall(r"\d+", told) == [str(day.day), str(day.year)]
    assert " " not in told


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.sampled_from(EVERY))  # noqa: DTZ001  # hypothesis adds none
def test_a_time_is_that_of_the_zone_it_carries(moment: datetime, to: Language) -> None:
    local = moment.replace(tzinfo=timezone(timedelta(hours=2)))
    assert [int(each) for each in re.findall(r"\d+", to.time(local))] == [moment.hour, moment.minute]


def test_weeks_and_days_read_as_they_are_written() -> None:
    said = {to.code: render_markdown(empty(), to).splitlines()[2] for to in EVERY}
    assert said == {
        "en": "Week 46, 9–15 November 2026",
        "de": "Woche 46, 9.–15. November 2026",
        "pl": "Tydzień 46, 9–15 listopada 2026",
        "nb": "Uke 46, 9.–15. november 2026",
        "fi": "Viikko 46, 9.–15. marraskuuta 2026",
    }


def test_names_and_lists_are_those_of_the_language() -> None:
    drivers = [
        Driver("market", "DE", 33, 41, 0.4, 1e-6, 1e-5),
        Driver("channel", "live chat", 29, 41, 0.35, 1e-6, 1e-5),
    ]
    assert drivers_words(drivers, GERMAN) == (
        "vor allem: Deutschland (33 von 41, sonst 40\u00a0%) und Live-Chat (29 von 41, sonst 35\u00a0%)"
    )
    assert drivers_words(drivers, POLISH).startswith("głównie: Niemcy (33 z 41, zwykle 40%) i czat")
    assert segment_words(Segment("language", "nb"), NORWEGIAN) == "på norsk"
    assert segment_words(Segment("channel", "e-mail"), FINNISH) == "sähköpostitse"


def test_a_fix_is_told_in_the_reader_s_language() -> None:
    fix = Fix(3, WITHDRAWAL.topic_id, at(4, 5), -0.4, "Gateway", "ana", at(4, 5))
    outcome = Outcome(3, at(9), OutcomeVerdict.WORKED, 28, 120, 41, 80.2, 0.51, 0.39, 0.66, 0.9987)
    assert in_short(fix, outcome, BERLIN, GERMAN).replace("\u00a0", " ") == (
        "Maßnahme 3 vom 4. Mai 2026, „Gateway“: hat gewirkt. In den 28 Tagen danach, für die es Daten gibt, gingen 41 "
        "ein; ohne die Maßnahme wären 80 zu erwarten gewesen: 49 % weniger. In neun von zehn Fällen liegt die wahre "
        "Wirkung zwischen 61 % weniger und 34 % weniger."
    )


def test_a_mail_says_why_an_alert_is_over_by_its_numbers() -> None:
    over = " ".join(mails(GERMAN)).replace("\u00a0", " ")
    assert "Seit 4 Tagen ruhig: 41 in den letzten 7 Tagen, 12 erwartet (bis 18)." in over
    assert "kein Problem: Zqx" in over
    assert "Calm for" not in over


def test_an_unknown_language_says_which_there_are() -> None:
    with pytest.raises(SettingError, match="en, de, pl, nb, fi"):
        language_of("sv")


def test_a_week_without_anything_is_one_line_in_every_language() -> None:
    """Beside whose week it is, and when that was made."""
    nothing = replace(empty(), busiest=())
    for to in EVERY:
        assert len([line for line in render_markdown(nothing, to).splitlines() if line]) == 4
    ill = render_markdown(replace(nothing, rejected=1))
    assert "## Health of the data" in ill
    assert "1 record could not be read" in ill


def test_a_mailbox_without_quotes_gets_no_customer_s_question() -> None:
    week = whole()
    assert week.faq is not None
    asked = replace(week.faq.suggestions[0], questions={"de": ["Wann verfällt der Bonus?"]})
    week = replace(week, faq=replace(week.faq, suggestions=[asked]))
    with_quotes, without = (digest_message(notice(), week, quotes=quotes) for quotes in (True, False))
    assert "Wann verfällt" in with_quotes.text
    assert "Wann verfällt" not in without.text + without.html
    assert asked.topic in without.text
