"""The `feedback` command as a user meets it: what it prints, what it keeps, how it ends."""

from __future__ import annotations

import gzip
import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from feedback.digest import iso_week
from feedback.domain import Outcome, OutcomeVerdict
from feedback.notify.outbox import NoticeState
from feedback.store import fixes
from feedback.store.database import open_database
from feedback.store.notices import add_notices
from tests.integration.api import api_world
from tests.integration.notify.receivers import Mailbox, http_receiver, smtp_server
from tests.running import ROOT, run_to_end
from tests.unit.feedback.notify.notify_samples import notice
from tests.unit.feedback.test_support_words import BACKGROUND

GOOD = {"id": "T-1", "created": "2026-03-01T10:00:00Z", "text": "Mein Bonus ist nicht gutgeschrieben worden."}


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def feedback(tmp_path: Path) -> Command:
    """Runs the command in a folder of its own."""

    def run(*words: str, **variables: str) -> Ended:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1", **variables}
        ended = run_to_end(tmp_path, words, environment)
        assert "Traceback" not in ended.stderr, ended.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def ready(feedback: Command) -> Command:
    assert feedback("init").code == 0
    return feedback


def test_init_writes_a_commented_file_and_can_be_repeated(feedback: Command, tmp_path: Path) -> None:
    assert feedback("init").code == 0
    text = (tmp_path / "feedback.toml").read_text("utf-8")
    assert "# false_alarms_per_week = 1.0" in text
    again = feedback("init")
    assert again.code == 0
    assert "stays as it is" in again.out
    assert (tmp_path / "feedback.toml").read_text("utf-8") == text


def test_without_init_the_message_says_what_to_do(feedback: Command) -> None:
    ended = feedback("status")
    assert ended.code == 1
    assert "feedback init" in ended.err


def test_a_wrong_setting_stops_every_command_and_is_named(ready: Command) -> None:
    ended = ready("status", FEEDBACK_TIME_ZONE="Europe/Berln")
    assert ended.code == 1
    for part in ("time_zone", "Europe/Berln", "Europe/Berlin"):
        assert part in ended.err
    assert "FEEDBACK_TIMEZONE" in ready("status", FEEDBACK_TIMEZONE="UTC").err


def test_reading_a_file_twice_changes_nothing_and_news_updates(ready: Command, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(GOOD) + "\n", "utf-8")
    assert "1 accepted, 0 updated, 0 unchanged, 0 rejected" in ready("ingest", "a.jsonl").out
    assert "0 accepted, 0 updated, 1 unchanged, 0 rejected" in ready("ingest", "a.jsonl").out
    file.write_text(json.dumps({**GOOD, "rating": 2, "resolved_at": "2026-03-02T10:00:00Z"}) + "\n", "utf-8")
    assert "0 accepted, 1 updated, 0 unchanged, 0 rejected" in ready("ingest", "a.jsonl").out
    assert "0 accepted, 0 updated, 1 unchanged, 0 rejected" in ready("ingest", "a.jsonl").out


def test_bad_records_are_kept_with_their_reason_and_the_rest_goes_through(ready: Command, tmp_path: Path) -> None:
    records = [
        GOOD,
        {**GOOD, "id": "T-2", "text": "  "},
        {**GOOD, "id": "T-3", "created": "2999-01-01T00:00:00Z"},
        {**GOOD, "id": "T-4", "created": "yesterday-ish"},
        {"id": "T-5", "text": "no date, write to anna@example.com"},
    ]
    lines = [json.dumps(record).encode() for record in records] + [b"{half a rec", b"\xff\xfe\x00", b""]
    (tmp_path / "b.jsonl").write_bytes(b"\n".join(lines))
    ended = ready("ingest", "b.jsonl", "--json")
    assert ended.code == 0
    counts = json.loads(ended.out)
    assert (counts["accepted"], counts["rejected"]) == (1, 6)
    kept = json.loads(ready("rejected", "list", "--json").out)
    assert sorted(each["line"] for each in kept) == [2, 3, 4, 5, 6, 7]
    assert all(each["reason"] and each["detail"] for each in kept)
    assert "anna@example.com" not in json.dumps(kept), "rejected records are redacted as well"
    ready("ingest", "b.jsonl")
    assert len(json.loads(ready("rejected", "list", "--json").out)) == 6, "the same record is kept once"


def test_a_truncated_gzip_keeps_what_came_before_the_cut(ready: Command, tmp_path: Path) -> None:
    lines = "".join(
        json.dumps({**GOOD, "id": f"T-{number}", "text": f"Bonus {number} fehlt"}) + "\n" for number in range(3000)
    )
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(lines.encode())[:-2000])
    ended = ready("ingest", "c.jsonl.gz", "--json")
    counts = json.loads(ended.out)
    assert counts["accepted"] > 0
    assert counts["rejected"] >= 1


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda folder: (folder / "x.csv").write_text("when,what\n1,2\n"), "--map"),
        (lambda folder: (folder / "x.csv").mkdir(), "directory"),
        (lambda folder: None, "x.csv"),
        (lambda folder: (folder / "x.csv").write_bytes(b""), "x.csv"),
    ],
)
def test_what_cannot_be_read_at_all_is_said_and_fails(
    ready: Command, tmp_path: Path, make: Callable[[Path], object], part: str
) -> None:
    make(tmp_path)
    ended = ready("ingest", "x.csv")
    assert ended.code == 1
    assert part in ended.err


def test_naive_dates_are_read_in_the_operators_zone_and_that_is_said(ready: Command, tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text('id,date,text\n1,2026-03-01 10:00,"Zu lange gewartet, immer wieder"\n', "utf-8")
    ended = ready("ingest", "n.csv", FEEDBACK_TIME_ZONE="Europe/Helsinki")
    assert "1 accepted" in ended.out
    assert "Europe/Helsinki" in ended.out


def test_a_mended_record_is_taken_in_again(ready: Command, tmp_path: Path) -> None:
    soon = datetime.now(UTC) + timedelta(hours=3)
    record = {**GOOD, "created": f"{soon:%Y-%m-%d %H:%M}"}  # it has passed where the clocks are ahead
    (tmp_path / "r.jsonl").write_text(json.dumps(record) + "\n", "utf-8")
    assert "1 rejected" in ready("ingest", "r.jsonl").out
    still = json.loads(ready("rejected", "retry", "--json").out)
    assert (still["accepted"], still["rejected"]) == (0, 1)
    mended = json.loads(ready("rejected", "retry", "--json", FEEDBACK_TIME_ZONE="Pacific/Kiritimati").out)
    assert (mended["accepted"], mended["rejected"]) == (1, 0)
    assert json.loads(ready("rejected", "list", "--json").out) == []
    assert json.loads(ready("status", "--json").out)["rejected_records"] == 0


def test_a_file_in_another_encoding_is_read_when_it_is_named(ready: Command, tmp_path: Path) -> None:
    rows = "id;created;text\n1;2026-03-01;Überweisung fehlt schon wieder\n"
    (tmp_path / "w.csv").write_bytes(rows.encode("windows-1252"))
    ready("ingest", "w.csv")
    assert "--encoding" in ready("rejected", "list").out
    assert "1 accepted" in ready("ingest", "w.csv", "--encoding", "windows-1252").out
    unknown = ready("ingest", "w.csv", "--encoding", "windows-9")
    assert unknown.code == 1
    assert "windows-9" in unknown.err


def test_an_unknown_job_lists_the_jobs(ready: Command) -> None:
    ended = ready("run", "forecast")
    assert ended.code == 1
    assert "retrain" in ended.err


def test_a_bad_week_is_explained(ready: Command) -> None:
    ended = ready("digest", "--week", "2026-W60")
    assert ended.code == 1
    assert "2026-W60" in ended.err


def test_a_week_that_has_not_begun_has_no_digest(ready: Command) -> None:
    ended = ready("digest", "--week", "2999-W01")
    assert ended.code == 1
    assert "has not begun" in ended.err


def test_folders_that_cannot_be_made_are_named(feedback: Command, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    for variable in ({"FEEDBACK_DATA_DIR": "taken"}, {"FEEDBACK_DATABASE_URL": "sqlite:///taken/x.db"}):
        ended = feedback("init", **variable)
        assert ended.code == 1
        assert "taken" in ended.err


def test_the_service_does_not_start_on_a_port_that_is_taken(ready: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = ready("up", FEEDBACK_PORT=str(port))
    assert ended.code == 1
    assert f"Port {port}" in ended.err


def test_the_service_does_not_start_on_a_taxonomy_that_cannot_be_used(ready: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("topics: []\n", "utf-8")
    ended = ready("up", FEEDBACK_TAXONOMY="mine.yaml")
    assert ended.code == 1
    assert "mine.yaml" in ended.err


@pytest.mark.parametrize("setting", ["taxonomy", "entities"])
def test_a_replay_does_not_start_on_a_file_that_cannot_be_used(ready: Command, tmp_path: Path, setting: str) -> None:
    (tmp_path / "own.yaml").write_text("nothing: [of the kind", "utf-8")
    (tmp_path / "feedback.toml").write_text(f'{setting} = "own.yaml"\n', "utf-8")
    refused = ready("replay", "--from", "2026-01-01", "--to", "2026-01-02", "--from-scratch")
    assert refused.code == 1
    assert "own.yaml" in refused.err
    assert "Traceback" not in refused.err


def test_a_key_has_a_name(ready: Command) -> None:
    for name in ("", "  ", "a\nb", "x" * 300):
        assert ready("keys", "add", name).code == 1


def test_keys_are_shown_once_and_revoked(ready: Command) -> None:
    key = ready("keys", "add", "helpdesk").out.strip()
    assert key.startswith("ft_")
    assert key not in ready("keys", "list").out
    assert ready("keys", "add", "helpdesk").code == 1
    assert ready("keys", "revoke", "helpdesk").code == 0
    assert ready("keys", "revoke", "helpdesk").code == 1


def test_empty_tables_say_so_and_json_is_json(ready: Command) -> None:
    for command in ("alerts", "topics"):
        assert ready(command).code == 0
        assert json.loads(ready(command, "--json").out) == []
    assert json.loads(ready("status", "--json").out)["complaints"] == 0


def test_a_backtest_says_what_it_needs(ready: Command) -> None:
    for options, part in (
        (("--kinds", "step,leap"), "--kinds takes step, ramp, new, spike"),
        (("--lift", "2,one"), "--lift takes numbers"),
        (("--lift", "0.5"), "--lift takes numbers above 1"),
        ((), "feedback run retrain"),
    ):
        ended = ready("backtest", *options)
        assert ended.code == 1
        assert part in ended.err


def test_events_are_entered_listed_and_taken_out(ready: Command) -> None:
    added = ready("events", "add", "Black Friday", "--from", "2026-11-27", "--to", "2026-11-30", "--who", "ana")
    assert added.code == 0
    assert "'Black Friday', 2026-11-27 to 2026-11-30, is event 1" in added.out
    (listed,) = json.loads(ready("events", "list", "--json").out)
    assert (listed["name"], listed["first"], listed["topic"], listed["who"]) == (
        "Black Friday",
        "2026-11-27",
        "all",
        "ana",
    )
    assert ready("events", "remove", "1").code == 0
    assert "No event has been entered" in ready("events", "list").out


def test_numbers_a_day_are_taken_in_and_bad_lines_named(ready: Command, tmp_path: Path) -> None:
    file = tmp_path / "players.csv"
    file.write_text("day,players\n2026-03-01,100\n2026-03-02,many\n2026-03-03,120\n", "utf-8")
    taken = ready("exposure", "ingest", str(file))
    assert taken.code == 1
    assert "2 numbers of 2 days taken in" in taken.out
    assert "line 3: players is 'many', not a number from 0 on." in taken.err
    file.write_text("day,players\n2026-03-03,140\n", "utf-8")
    again = ready("exposure", "ingest", str(file))
    assert again.code == 0
    assert 'exposure = "players"' in again.out
    (listed,) = json.loads(ready("exposure", "list", "--json").out)
    assert (listed["name"], listed["days"], listed["mean"], listed["in_force"]) == ("players", 2, 120.0, False)


def test_an_event_that_cannot_be_is_refused_in_a_sentence(ready: Command) -> None:
    backwards = ready("events", "add", "Release", "--from", "2026-11-27", "--to", "2026-11-20")
    assert backwards.code != 0
    assert "would end (2026-11-20) before it begins (2026-11-27)" in backwards.err
    unknown = ready("events", "remove", "7")
    assert unknown.code != 0
    assert "There is no event 7" in unknown.err


@pytest.fixture
def judged_fix(ready: Command, tmp_path: Path) -> Command:
    """Fix 1, judged twice."""
    database = open_database(f"sqlite:///{tmp_path / 'var' / 'feedback.db'}")
    at = api_world.MIDNIGHT - timedelta(days=28)
    with database.write() as connection:
        api_world.publish(connection)
        fix = fixes.add_fix(connection, api_world.BONUS.id, at, -0.4, "gateway exchanged", at, "ana")
        worked = Outcome(fix.id, api_world.MIDNIGHT, OutcomeVerdict.WORKED, 27, 120, 41, 80.2, 0.51, 0.39, 0.66, 0.9987)
        early = replace(worked, judged_at=at + timedelta(days=4), verdict=OutcomeVerdict.UNKNOWN, days=3)
        fixes.store_outcomes(connection, [early, worked])
    database.close()
    return ready


def test_a_fix_shows_what_it_achieved_in_sentences_and_numbers(judged_fix: Command) -> None:
    told = judged_fix("fixes", "show", "1").out.replace("\u00a0", " ")
    assert "Bonus payout delayed." in told
    assert "Fix 1 of 8 February 2026, “gateway exchanged”: worked." in told
    assert "41 came in; 80 would have been expected without it: 49 % fewer" in told
    assert "Brodersen et al. 2015" in told
    assert "0.39–0.66" in told
    shown = json.loads(judged_fix("fixes", "show", "1", "--json").out)
    assert [each["verdict"] for each in shown["outcomes"]] == ["not enough data yet", "worked"]
    (listed,) = json.loads(judged_fix("fixes", "list", "--json").out)
    assert (listed["topic"], listed["verdict"], listed["ratio"]) == ("Bonus payout delayed", "worked", 0.51)
    assert "worked" in judged_fix("fixes", "list").out


def test_a_fix_that_cannot_be_is_refused_with_what_to_do(ready: Command) -> None:
    for words, reason in (
        (("--topic", "x", "--expect", "40%"), "write --expect -40%"),
        (("--topic", "x", "--expect", "-140%"), "write --expect -40%"),
        (("--topic", "x", "--at", "yesterday-ish"), "write a day, 2026-05-04"),
        (("--topic", "x", "--at", "2999-01-01"), "in the future"),
    ):
        ended = ready("fixes", "add", *words)
        assert ended.code == 1
        assert reason in ended.err
    for command in ("show", "withdraw"):
        ended = ready("fixes", command, "7")
        assert (ended.code, "There is no fix 7; `feedback fixes list`" in ended.err) == (1, True)
    assert "No fix has been entered" in ready("fixes", "list").out


def test_a_fix_is_withdrawn_once(judged_fix: Command) -> None:
    assert "Fix 1 is withdrawn." in judged_fix("fixes", "withdraw", "1", "--who", "ben").out
    again = judged_fix("fixes", "withdraw", "1")
    assert (again.code, "was withdrawn by ben before" in again.err) == (1, True)
    assert "No fix has been entered" in judged_fix("fixes", "list").out
    assert "It was withdrawn on" in judged_fix("fixes", "show", "1").out


@pytest.fixture
def alerted(ready: Command, tmp_path: Path) -> str:
    """The id of an alert of an earlier release, which kept no reasons, with a fortnight of complaints."""
    database = open_database(f"sqlite:///{tmp_path / 'var' / 'feedback.db'}")
    with database.write() as connection:
        api_world.publish(connection)
        for back in range(14):
            api_world.complain(connection, api_world.BONUS, api_world.MIDNIGHT - timedelta(days=back), 2 + back % 3)
        key = api_world.open_alert(connection, api_world.BONUS, api_world.NOW)
        # ids follow from the topic and the time: this one begins with the same letter
        api_world.open_alert(connection, api_world.BONUS, api_world.NOW - timedelta(hours=25))
    database.close()
    return str(key)


def test_an_alert_s_life_ends_with_how_its_customers_are_served(ready: Command, tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'var' / 'feedback.db'}")
    with database.write() as connection:
        api_world.publish(connection)
        kept = {**api_world.EVIDENCE, "support": BACKGROUND.as_dict()}
        alert = api_world.open_alert(connection, api_world.BONUS, evidence=kept)
    database.close()
    for command in ("alerts show", "explain"):
        told = ready(*command.split(), str(alert)).out.replace("\u00a0", " ")
        assert "First response: half in 4 hrs" in told, command
        assert "would be satisfied instead of 69 %. That is an association, not an effect." in told, command


def test_an_alert_is_explained_by_the_key_that_alerts_shows(ready: Command, alerted: str) -> None:
    listed = ready("alerts").out
    assert alerted[:8] in listed
    headings, *_ = listed.splitlines()
    assert headings.split() == ["Alert", "Opened", "State", "Topic", "Owner", "Count", "Expected"], "in 80 columns"
    ended = ready("explain", alerted[:8])
    assert ended.code == 0
    told = ended.out.replace("\u00a0", " ")
    assert "In the 7 days to 8 March 2026" in told
    assert "41 complaints came in; 12 were expected (6–20)" in told
    assert "Why so many were expected was not yet kept" in told
    assert "2 to 8 March 2026" in told
    told = json.loads(ready("explain", alerted, "--json").out)
    assert told["alert_id"] == alerted
    assert told["latest"]["reason"] is None
    assert told["latest"]["signal"]["observed"] == 41
    assert [each["complaints"] for each in told["weeks"]][-1] > 0


def test_an_alert_that_is_not_there_or_not_the_only_one_is_refused_in_a_sentence(ready: Command, alerted: str) -> None:
    unknown = ready("explain", "zebra")
    assert unknown.code == 1
    assert "There is no alert 'zebra'" in unknown.err
    assert "feedback alerts" in unknown.err
    nothing = ready("explain", " ")
    assert nothing.code == 1
    ambiguous = ready("explain", alerted[0])
    assert ambiguous.code == 1
    assert "2 alerts begin with '0'; give more of the id" in ambiguous.err


CHANNELS = """
owners:
  payments:
    - name: chat
      webhook:
        url: {url}
        secret: ${{HOOK_SECRET}}
"""


MAILBOXES = """
smtp: {{host: 127.0.0.1, port: {port}, starttls: false, from: f@casino.example}}
owners:
  payments:
    - email: payments@casino.example
  unowned:
    - email: support@casino.example
everybody:
  - email: all@casino.example
languages: {{payments: fi, unowned: fi, everybody: nb}}
"""


def test_channels_can_be_tried_and_a_failure_is_told(ready: Command, tmp_path: Path) -> None:
    with http_receiver(200, 404) as receiver:
        (tmp_path / "channels.yaml").write_text(CHANNELS.format(url=receiver.url), "utf-8")
        variables = {"FEEDBACK_CHANNELS": "channels.yaml", "HOOK_SECRET": "0123456789abcdef"}
        tried = ready("notices", "test", "payments", **variables)
        assert (tried.code, tried.out) == (0, "owners/payments/chat: delivered\n")
        refused = ready("notices", "test", "payments", **variables)
        assert (refused.code, refused.out) == (1, "owners/payments/chat: HTTP 404\n")
        nobody = ready("notices", "test", "somebody", **variables)
        assert (nobody.code, "has no channel" in nobody.err) == (1, True)
    assert "names no file" in ready("notices", "test", "payments").err


def test_trials_and_digests_are_mailed_in_the_reader_s_language(ready: Command, tmp_path: Path) -> None:
    with smtp_server() as mailbox:
        (tmp_path / "channels.yaml").write_text(MAILBOXES.format(port=mailbox.port), "utf-8")
        variables = {"FEEDBACK_CHANNELS": "channels.yaml"}
        assert ready("notices", "test", "payments", **variables).code == 0
        assert subjects(mailbox) == ["Kanavasi testi", "En test av kanalen din"]
        mailbox.mails.clear()
        sent = ready("digest", "--send", **variables)
        assert "2 digests went into the outbox; of what waited there 2 were sent." in sent.out
        assert sorted(subjects(mailbox)) == ["Uke", "Viikko"]
        assert "Nobody is told anew" in ready("digest", "--send", **variables).out
        assert len(mailbox.mails) == 2
        unfinished = ready("digest", "--send", "--week", iso_week(datetime.now(UTC).date()), **variables)
        assert (unfinished.code, "is not over" in unfinished.err) == (1, True)
    assert "names no file" in ready("digest", "--send").err


def subjects(mailbox: Mailbox) -> list[str]:
    """What the mails are about, of digests without the week's number."""
    found = [message_from_bytes(each, policy=default)["Subject"] for each in mailbox.mails]
    return [each.split()[0] if ":" in each else each for each in found]


def test_a_wrong_channels_file_stops_the_start(ready: Command, tmp_path: Path) -> None:
    (tmp_path / "channels.yaml").write_text(CHANNELS.format(url="ftp://nowhere"), "utf-8")
    ended = ready("up", FEEDBACK_CHANNELS="channels.yaml", HOOK_SECRET="0123456789abcdef")
    assert ended.code == 1
    assert "channel 1 of `owners/payments`: `url` of the webhook is not a URL" in ended.err


def test_what_was_given_up_is_named_loudly_and_sent_again(ready: Command, tmp_path: Path) -> None:
    assert ready("notices", "list").out == "No notice has been written.\n"
    database = open_database(f"sqlite:///{tmp_path / 'var' / 'feedback.db'}")
    with database.write() as connection:
        add_notices(connection, [replace(notice(), state=NoticeState.DEAD, attempts=48, last_error="HTTP 500")])
    database.close()
    key = str(notice().id)[:8]
    assert "1 NOTICE WAS GIVEN UP" in ready("status").err
    assert json.loads(ready("status", "--json").out)["dead_notices"] == 1
    listed = ready("notices", "list", "--state", "dead").out
    assert key in listed
    assert "HTTP 500" in listed
    assert "no state 'lost'; it is pending, sent, dead" in ready("notices", "list", "--state", "lost").err
    assert "Name one notice" in ready("notices", "retry").err
    assert "begins with 'zzz'" in ready("notices", "retry", "zzz").err
    assert ready("notices", "retry", key).out == "1 notice will be sent again.\n"
    assert ready("notices", "retry", "--all").out == "0 notices will be sent again.\n"
    assert ready("status").err == ""
