from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.alerts import (
    LEGAL,
    AcknowledgementError,
    Decision,
    acknowledge,
    decide,
    flaps,
    hand_over,
    resolve,
    waits_to_be_told,
)
from feedback.domain import Alert, AlertPolicy, AlertState, Signal, Span, Transition, derived_id

TOPIC, VERSION = derived_id("topic", 1), derived_id("version", 1)
START = datetime(2026, 3, 2, tzinfo=UTC)
POLICY = AlertPolicy()
DAY, QUARTER = timedelta(days=1), timedelta(hours=6)


def at(quarter: int) -> datetime:
    """The n-th evaluation: 00, 06, 12 and 18 o'clock."""
    return START + quarter * QUARTER


def signal(now: datetime, *, rising: bool, complete: bool | None = None, topic: UUID = TOPIC) -> Signal:
    """What a run finds: at midnight about the complete day, else about the one that fills."""
    whole = now.hour == 0 if complete is None else complete
    end = now.replace(hour=0) + (timedelta() if whole else DAY)
    window = Span(end - 7 * DAY, end)
    numbers = (41, 1e-6, 1e-5, 6.0) if rising else (14, 0.3, 0.6, 0.52)
    observed, p, q, score = numbers
    return Signal(topic, VERSION, "EB7", window, observed, 12.2, 6.0, 19.0, p, q, score, 3.0, rising, complete=whole)


def judge(alert: Alert | None, quarter: int, *, rising: bool) -> Decision:
    now = at(quarter)
    return decide(alert, signal(now, rising=rising), now, POLICY)


def follow(pattern: str, alert: Alert | None = None, start: int = 0) -> tuple[Alert | None, list[Transition]]:
    """Judge one quarter day a letter, `r` for rising."""
    transitions = []
    for quarter, letter in enumerate(pattern, start):
        decision = judge(alert, quarter, rising=letter == "r")
        alert = decision.alert
        if decision.transition:
            transitions.append(decision.transition)
    return alert, transitions


def states(pattern: str) -> list[AlertState]:
    return [transition.alert.state for transition in follow(pattern)[1]]


def opened() -> Alert:
    alert = judge(None, 0, rising=True).alert
    assert alert
    return alert


def test_a_rise_opens_an_alert_and_says_why() -> None:
    decision = judge(None, 3, rising=True)
    assert decision.transition
    assert decision.transition.alert == decision.alert
    assert decision.transition.before is None
    assert decision.transition.who == "feedback"
    assert decision.transition.why == "41 in 7 days, 12 expected (6 to 19)."
    assert decision.alert == Alert(derived_id("alert", TOPIC, at(3).isoformat()), TOPIC, AlertState.OPEN, at(3), at(3))


def test_calm_without_an_alert_is_nothing() -> None:
    assert judge(None, 0, rising=False) == Decision(None)


def test_a_second_rise_feeds_the_same_alert() -> None:
    alert = opened()
    decision = judge(alert, 5, rising=True)
    assert decision == Decision(replace(alert, last_rising_at=at(5)))


def test_it_resolves_after_four_calm_days_and_says_so() -> None:
    # up at midnight and six, calm from the end of that day, resolved four days after it
    alert, transitions = follow("rr" + "." * 18)
    assert alert
    assert alert.state is AlertState.OPEN
    assert alert.calm_since == START + DAY
    decision = judge(alert, 20, rising=False)
    assert decision.transition
    assert decision.transition.alert.state is AlertState.RESOLVED
    assert decision.transition.alert.resolved_at == START + 5 * DAY
    assert decision.transition.why == "Calm for 4 days: 14 in the last 7 days, 12 expected (up to 19)."
    assert len(transitions) == 1


def test_more_than_is_expected_is_not_calm_though_it_is_no_rise_either() -> None:
    alert, transitions = follow("rr" + "." * 14)
    assert alert
    assert alert.calm_since
    between = replace(signal(at(16), rising=False), observed=20)
    alert = decide(alert, between, at(16), POLICY).alert
    assert alert
    assert (alert.state, alert.calm_since) == (AlertState.OPEN, None)
    alert, transitions = follow("." * 19, alert, 17)
    assert transitions == [], "calm is counted anew from the fifth day"
    assert [each.alert.state for each in follow(".", alert, 36)[1]] == [AlertState.RESOLVED]


@pytest.mark.parametrize(
    ("observed", "quarter", "is_back"), [(60, 4, False), (61, 4, True), (41, 27, False), (41, 32, True)]
)
def test_what_was_said_to_be_no_issue_comes_back_once_it_is_another_or_clearly_more(
    observed: int, quarter: int, is_back: bool
) -> None:
    alert = resolve(opened(), "ana", at(1), "not an issue: test data").alert
    found = replace(signal(at(quarter), rising=True), observed=observed)
    decision = decide(alert, found, at(quarter), POLICY, dismissed=40)
    assert (decision.transition is not None) is is_back
    assert is_back or decision == Decision(alert)
    assert decide(alert, found, at(quarter), POLICY).transition, "of what was ended otherwise any rise brings it back"


def test_a_day_that_still_fills_is_not_calm() -> None:
    alert = opened()
    for quarter in (1, 2, 3):
        assert judge(alert, quarter, rising=False) == Decision(alert)
    now = at(4000)
    assert decide(alert, signal(now, rising=False, complete=False), now, POLICY) == Decision(alert)


def test_a_rise_between_starts_the_calm_anew() -> None:
    assert states("r" + "." * 14 + "r" + "." * 16) == [AlertState.OPEN]
    assert states("r" + "." * 14 + "r" + "." * 17) == [AlertState.OPEN, AlertState.RESOLVED]


def test_four_days_are_four_days_when_the_clocks_go_forward() -> None:
    alert = replace(opened(), calm_since=START)
    end = START + 4 * DAY - timedelta(hours=1)
    calm = replace(signal(START + 4 * DAY, rising=False), window=Span(end - 7 * DAY, end))
    decision = decide(alert, calm, end, POLICY)
    assert decision.alert
    assert decision.alert.state is AlertState.RESOLVED


def test_an_alert_taken_on_stays_so_while_it_rises_and_resolves_the_same_way() -> None:
    taken = acknowledge(opened(), "ana", at(1)).alert
    assert taken
    assert follow("rrr", taken, 2)[1] == []
    resolved, transitions = follow("." * 24, taken, 2)
    assert resolved
    assert resolved.state is AlertState.RESOLVED
    assert [t.before for t in transitions] == [AlertState.ACKNOWLEDGED]


def test_a_rise_soon_after_is_the_old_issue_back() -> None:
    resolved, _ = follow("r" + "." * 20)
    assert resolved
    assert resolved.resolved_at == at(20)
    decision = judge(resolved, 32, rising=True)
    assert decision.transition
    assert decision.transition.before is AlertState.RESOLVED
    assert decision.transition.why.startswith("Back 3 days after it was resolved: 41 in 7 days")
    after = decision.transition.alert
    assert (after.id, after.state, after.opened_at) == (resolved.id, AlertState.REGRESSED, resolved.opened_at)
    assert (after.resolved_at, after.calm_since, after.last_rising_at) == (None, None, at(32))


def test_a_regressed_alert_behaves_as_an_open_one() -> None:
    regressed, _ = follow("r" + "." * 20 + "r")
    assert regressed
    assert regressed.state is AlertState.REGRESSED
    assert acknowledge(regressed, "ana", at(40)).transition
    assert follow("." * 30, regressed, 22)[1][0].before is AlertState.REGRESSED


@pytest.mark.parametrize(("days", "same"), [(28, True), (29, False)])
def test_a_rise_long_after_is_a_new_alert(days: int, same: bool) -> None:
    resolved, _ = follow("r" + "." * 20)
    assert resolved
    decision = judge(resolved, 20 + 4 * days, rising=True)
    assert decision.alert
    assert decision.transition
    assert (decision.alert.id == resolved.id) is same
    assert decision.transition.before is (AlertState.RESOLVED if same else None)


def test_a_run_that_comes_late_undoes_nothing() -> None:
    alert = judge(opened(), 9, rising=True).alert
    assert judge(alert, 8, rising=False) == Decision(alert)
    assert judge(alert, 8, rising=True) == Decision(alert)
    resolved, _ = follow("r" + "." * 20)
    assert judge(resolved, 19, rising=True) == Decision(resolved)


def test_a_window_that_ended_before_the_last_rise_is_not_calm() -> None:
    alert = opened()
    now = at(2)
    assert decide(alert, signal(now, rising=False, complete=True), now, POLICY).alert == replace(
        alert, calm_since=START
    )
    risen = judge(alert, 1, rising=True).alert
    assert decide(risen, signal(now, rising=False, complete=True), now, POLICY) == Decision(risen)


def test_signals_and_alerts_of_different_topics_do_not_mix() -> None:
    with pytest.raises(ValueError, match="is about topic"):
        decide(opened(), signal(at(1), rising=True, topic=uuid4()), at(1), POLICY)


def test_acknowledging() -> None:
    alert = opened()
    decision = acknowledge(alert, "ana", at(1))
    assert decision.alert
    assert decision.transition == Transition(decision.alert, AlertState.OPEN, at(1), "ana", "taken on")
    assert acknowledge(decision.alert, "bob", at(2)) == Decision(decision.alert)
    resolved, _ = follow("r" + "." * 20)
    assert resolved
    with pytest.raises(AcknowledgementError, match="was resolved on 07 March 2026"):
        acknowledge(resolved, "ana", at(21))


# a step: how many quarter days pass, what then happens
STEPS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 6), st.integers(0, 200)), st.sampled_from(["rise", "calm", "calm", "acknowledge"])
    ),
    max_size=60,
)


@given(STEPS, st.integers(0, 10), st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_any_history_is_lawful(steps: list[tuple[int, str]], resolve_days: int, regress_days: int) -> None:
    policy = AlertPolicy(timedelta(days=resolve_days), timedelta(days=regress_days))
    alert: Alert | None = None
    opened_ids: list[UUID] = []
    quarter = 0
    for passed, what in steps:
        quarter += passed
        now = at(quarter)
        before = alert
        if what == "acknowledge":
            if alert is None or not alert.is_open:
                continue
            decision = acknowledge(alert, "ana", now)
        else:
            found = signal(now, rising=what == "rise")
            decision = decide(alert, found, now, policy)
            assert decision == decide(alert, found, now, policy), "the same twice from the same start"
            again = decide(decision.alert, found, now, policy)
            assert again == Decision(decision.alert), "the same signal decides nothing new"
        alert, transition = decision.alert, decision.transition
        if transition is None:
            assert alert is None or before is None or alert.state == before.state
            continue
        assert alert == transition.alert
        assert (transition.before, alert.state) in LEGAL
        assert transition.at == now
        assert transition.why
        if transition.before is None:
            assert before is None or not before.is_open, "one open alert a topic"
            assert alert.id not in opened_ids
            opened_ids.append(alert.id)
        else:
            assert before
            assert (alert.id, transition.before) == (before.id, before.state)
        if alert.state is AlertState.RESOLVED:
            assert what == "calm"
            assert now.hour == 0
            assert alert.calm_since
            assert alert.calm_since >= alert.last_rising_at
            assert alert.resolved_at == now
        if alert.state is AlertState.REGRESSED:
            assert what == "rise"


@pytest.mark.parametrize("state", AlertState)
def test_who_is_handed_an_alert_has_yet_to_take_it_on(state: AlertState) -> None:
    resolved_at = at(2) if state is AlertState.RESOLVED else None
    alert = Alert(derived_id("alert"), TOPIC, state, at(0), at(0), resolved_at=resolved_at)
    decision = hand_over(alert, "payments", "ana", at(3), "theirs")
    if state is AlertState.RESOLVED:
        assert decision == Decision(alert)
        return
    assert decision.alert == replace(alert, state=AlertState.OPEN)
    assert decision.transition == Transition(decision.alert, state, at(3), "ana", "Handed over to payments: theirs")
    assert (state, AlertState.OPEN) in LEGAL


@given(STEPS)
@settings(max_examples=100, deadline=None)
def test_an_alert_never_goes_back_in_time(steps: list[tuple[int, str]]) -> None:
    alert: Alert | None = None
    quarter = 300
    for passed, what in steps:
        now = at(quarter + passed % 7 - 3)
        quarter += passed % 7
        after = decide(alert, signal(now, rising=what == "rise"), now, POLICY).alert
        if alert and after and alert.id == after.id:
            assert after.opened_at == alert.opened_at
            assert after.last_rising_at >= alert.last_rising_at
        alert = after


def test_one_that_came_back_three_times_in_four_weeks_flaps() -> None:
    back = [START, START + 5 * DAY, START + 10 * DAY]
    assert not flaps(back[:2], START + 10 * DAY, POLICY)
    assert flaps(back, START + 10 * DAY, POLICY)
    assert not flaps(back, START + 28 * DAY, POLICY), "the first is long ago"
    assert not flaps(back, START + 10 * DAY, replace(POLICY, flapping_returns=0)), "switched off"


def test_one_that_flaps_needs_longer_calm() -> None:
    alert, _ = follow("r")
    assert alert
    back = [START - 9 * DAY, START - 5 * DAY, START]
    steady, flapping = alert, alert
    for day in range(1, 14):
        found = signal(START + day * DAY, rising=False)
        for_good = decide(steady, found, START + day * DAY, POLICY).alert
        again = decide(flapping, found, START + day * DAY, POLICY, back).alert
        assert for_good
        assert again
        steady, flapping = for_good, again
        assert steady.is_open == (day < 5)
        assert flapping.is_open == (day < 13)


def test_the_calm_of_one_that_flaps_is_never_shorter_than_of_others() -> None:
    alert, _ = follow("r")
    back = [START - 9 * DAY, START - 5 * DAY, START]
    slow = replace(POLICY, resolve_after=20 * DAY, flapping_resolve_after=12 * DAY)
    for day in range(1, 16):
        alert = decide(alert, signal(START + day * DAY, rising=False), START + day * DAY, slow, back).alert
    assert alert
    assert alert.is_open


def test_a_return_waits_only_if_it_was_just_told_that_it_flaps() -> None:
    back = [START, START + DAY, START + 2 * DAY, START + 4 * DAY]
    now = START + 4 * DAY
    assert waits_to_be_told(back[:3], back, now, POLICY)
    assert not waits_to_be_told(back[:2], back[:3], START + 2 * DAY, POLICY), "that it flaps has not been told"
    assert not waits_to_be_told(back[:3], back, START + 9 * DAY, POLICY), "a week later"
    assert not waits_to_be_told([], back, now, POLICY)


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from("rcf")), max_size=40))
@settings(max_examples=1_000, deadline=None)
def test_any_history_is_lawful_whether_it_flaps_or_not(steps: list[tuple[int, str]]) -> None:
    now, alert, returns, before = START, None, list[datetime](), None
    for quarters, what in steps:
        now += quarters * QUARTER
        decision = decide(alert, signal(now, rising=what == "r", complete=what != "f"), now, POLICY, returns)
        change = decision.transition
        if change:
            started_anew = alert is None or change.alert.id != alert.id
            before = None if started_anew else before
            assert (change.before, change.alert.state) in LEGAL
            assert change.before is before, "no change is left out"
            calm = change.at - change.alert.calm_since if change.alert.calm_since else None
            if change.alert.state is AlertState.RESOLVED and flaps(returns, now, POLICY):
                assert calm
                assert calm + timedelta(hours=1) >= POLICY.flapping_resolve_after
            returns = [] if started_anew else returns
            returns += [now] if change.alert.state is AlertState.REGRESSED else []
            before = change.alert.state
        alert = decision.alert
        assert what != "r" or (alert and alert.is_open), "a rise has an open alert"
