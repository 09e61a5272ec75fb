"""Delivering what is in the outbox, against receivers that fail, and senders that are killed."""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing import get_context

import pytest

from feedback.domain import derived_id
from feedback.notify.channels import Channel, Channels
from feedback.notify.email import Email
from feedback.notify.outbox import Notice, NoticeState
from feedback.notify.webhook import Webhook
from feedback.settings import Settings
from feedback.store.database import Database, open_database
from feedback.store.notices import add_notices, listed, tally
from jobs.context import Context, Parts
from jobs.deliver import Pace, run
from jobs.progress import Silent
from jobs.run import this_process
from tests.integration.notify.receivers import free_port, http_receiver, smtp_server
from tests.unit.feedback.notify.notify_samples import KEY, NOW, SMTP, notice, update

SECRET = "0123456789abcdef"
PATIENT = Pace(seconds=30.0)


class Clock:
    """The time on the wall, which a test moves on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def context_with(database: Database, settings: Callable[..., Settings], clock: Clock, *channels: Channel) -> Context:
    made = settings()
    parts = Parts(made, Silent())
    parts.channels = Channels({}, channels)
    return Context(made, database, parts, Silent(), clock, this_process())


def fill(database: Database, *notices: Notice) -> None:
    with database.write() as connection:
        add_notices(connection, notices)


def states(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {str(state): number for state, number in tally(connection).items() if number}


def many(number: int, channel: str = KEY) -> list[Notice]:
    return [replace(notice(), id=derived_id(channel, each), alert_id=None, channel=channel) for each in range(number)]


def test_a_failed_notice_is_sent_again_with_its_key_and_an_update_waits_for_it(
    database: Database, settings: Callable[..., Settings]
) -> None:
    clock = Clock()
    with http_receiver(500, 200) as receiver:
        context = context_with(database, settings, clock, Webhook(KEY, receiver.url, SECRET))
        fill(database, notice(), update())
        assert run(context, NOW, PATIENT) == {"sent": 0, "pending": 1, "dead": 0}
        assert run(context, NOW, PATIENT) == {"sent": 0, "pending": 0, "dead": 0}
        clock.now += timedelta(minutes=1)
        assert run(context, NOW, PATIENT)["sent"] == 2
        assert [each.headers["Idempotency-Key"] for each in receiver.got] == [
            str(notice().id),
            str(notice().id),
            str(update().id),
        ]
    assert states(database) == {"sent": 2}


def test_one_that_hangs_does_not_hold_up_the_others(database: Database, settings: Callable[..., Settings]) -> None:
    with http_receiver("hang") as stuck, http_receiver(200) as well, smtp_server() as mailbox:

        class UntilTheOthersAreSent(Clock):
            """It is asked after each attempt: the receiver hangs until the last of the others has got its own."""

            def __call__(self) -> datetime:
                if len(mailbox.mails) == len(well.got) == 2:
                    stuck.released.set()
                return super().__call__()

        channels: list[Channel] = [
            Webhook("a", stuck.url, SECRET),
            Webhook("b", well.url, SECRET),
            Webhook("c", f"http://127.0.0.1:{free_port()}/", SECRET),
            Email("d", "team@casino.example", replace(SMTP, port=mailbox.port)),
        ]
        context = context_with(database, settings, UntilTheOthersAreSent(), *channels)
        fill(database, *(each for key in "abcd" for each in many(2, key)))
        assert run(context, NOW, PATIENT) == {"pending": 4, "sent": 4, "dead": 0}
    with database.read() as connection:
        told = {each.channel: each.last_error for each in listed(connection)}
    assert str(told["a"]).startswith("RemoteDisconnected"), "and not that it gave no answer in time"
    assert str(told["c"]).startswith("ConnectionRefusedError")


def test_giving_up_is_loud_and_says_neither_address_nor_secret(
    database: Database, settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    with http_receiver(410) as receiver, caplog.at_level(logging.INFO):
        context = context_with(database, settings, Clock(), Webhook(KEY, receiver.url, SECRET))
        fill(database, notice())
        assert run(context, NOW, PATIENT)["dead"] == 1
        assert any(each.levelno == logging.ERROR and "given up" in each.getMessage() for each in caplog.records)
        assert receiver.url not in caplog.text
    assert SECRET not in caplog.text
    with database.read() as connection:
        (dead,) = listed(connection, NoticeState.DEAD)
    assert dead.last_error == "HTTP 410"


def test_a_channel_that_is_gone_from_the_file_is_not_silently_nobody(
    database: Database, settings: Callable[..., Settings]
) -> None:
    context = context_with(database, settings, Clock(), Webhook("other", "http://127.0.0.1:1", SECRET))
    fill(database, notice())
    assert run(context, NOW, PATIENT)["dead"] == 1
    with database.read() as connection:
        assert listed(connection)[0].last_error == f"the channels file has no channel '{KEY}' any more"


def test_a_message_that_cannot_be_made_is_tried_again(database: Database, settings: Callable[..., Settings]) -> None:
    context = context_with(database, settings, Clock(), Webhook(KEY, "http://127.0.0.1:1", SECRET))
    fill(database, replace(notice(), content={}))
    assert run(context, NOW, PATIENT)["pending"] == 1
    with database.read() as connection:
        assert listed(connection)[0].last_error == "the message cannot be made: KeyError"


def test_without_a_channels_file_nothing_is_touched(database: Database, settings: Callable[..., Settings]) -> None:
    context = context_with(database, settings, Clock())
    context.parts.channels = None
    fill(database, notice())
    assert run(context, NOW) == {"sent": 0}
    assert states(database) == {"pending": 1}


def test_a_sender_that_is_to_stop_leaves_the_rest(database: Database, settings: Callable[..., Settings]) -> None:
    with http_receiver(200) as receiver:
        context = context_with(database, settings, Clock(), Webhook(KEY, receiver.url, SECRET))
        fill(database, *many(40))
        stopping = replace(context, stopping=lambda: len(receiver.got) > 0)
        run(stopping, NOW, PATIENT)
        sent = states(database)["sent"]
        assert 0 < sent < 40
        assert len(receiver.got) == sent, "what was claimed is sent and said so"
        run(context, NOW, PATIENT)
    assert states(database) == {"sent": 40}


def _send(url: str, receiver: str) -> None:
    database = open_database(url)
    made = Settings(taxonomy="none")
    parts = Parts(made, Silent())
    parts.channels = Channels({}, [Webhook(KEY, receiver, SECRET)])
    run(Context(made, database, parts, Silent(), lambda: NOW, this_process()), NOW, PATIENT)


@pytest.mark.slow
def test_killed_in_the_middle_none_is_lost(database: Database, database_url: str) -> None:
    fill(database, *many(120))
    processes = get_context("spawn")
    with http_receiver(200) as receiver:
        for kills in range(3):
            sender = processes.Process(target=_send, args=(database_url, receiver.url))
            sender.start()
            while len(receiver.got) < 30 * (kills + 1) and sender.is_alive():
                time.sleep(0.005)
            os.kill(sender.pid or 0, signal.SIGKILL)
            sender.join()
        last = processes.Process(target=_send, args=(database_url, receiver.url))
        last.start()
        last.join()
        counted = Counter(each.headers["Idempotency-Key"] for each in receiver.got)
    assert states(database) == {"sent": 120}
    assert len(counted) == 120
    assert sum(counted.values()) <= 120 + 3 * 16, "no more twice than were claimed when it was killed"
    assert json.loads(receiver.got[0].body)["key"] in counted
