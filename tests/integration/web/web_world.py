"""People, a browser and a clock for the tests of pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

import pyotp
from fastapi import FastAPI
from sqlalchemy import Connection
from starlette.testclient import TestClient

from feedback import ingest
from feedback.accounts import Account
from feedback.authentication import SEALED_FOR
from feedback.passwords import hashed
from feedback.roles import Role
from feedback.sealed import seal
from feedback.settings import Settings, hash_key
from feedback.store import accounts, runs, sessions
from feedback.store.database import Database
from tests.applications import create_app
from tests.integration.api.api_world import NOW, responding

PASSWORD = "correct horse battery"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@cache
def kept_password() -> str:
    """Worked out once for all tests: it is slow on purpose."""
    return hashed(PASSWORD)


@dataclass
class Clock:
    """Time that a test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class House:
    """The service with its database, and doors for browsers."""

    settings: Settings
    database: Database
    clock: Clock = field(default_factory=Clock)

    @property
    def app(self) -> FastAPI:
        return create_app(
            self.settings, self.database, self.clock, _take_nothing, responding(self.settings, self.database)
        )

    @contextmanager
    def browser(self, address: str = "192.0.2.1", **headers: str) -> Iterator[TestClient]:
        base = self.settings.public_url or "http://127.0.0.1:8000"
        told = {"sec-fetch-site": "same-origin", **headers}
        with TestClient(self.app, base, follow_redirects=False, headers=told, client=(address, 50_000)) as client:
            yield client

    def add(self, name: str, role: Role = Role.ANALYST, owner: str = "", *, second_factor: bool = False) -> Account:
        with self.database.write() as connection:
            made = accounts.add_account(connection, name, role, self.clock(), owner, kept_password())
            if second_factor:
                sealed = seal(SECRET, hash_key(self.settings.data_dir), SEALED_FOR, self.clock())
                accounts.change_account(connection, made.id, second_factor=sealed)
        return made

    def session(self, account: Account) -> str:
        """The id of a session, without the slow sign-in."""
        with self.database.write() as connection:
            return sessions.begin_session(connection, account.id, self.clock())

    def code(self) -> str:
        return pyotp.TOTP(SECRET).at(self.clock())


def let_run(connection: Connection, jobs: Iterable[str], at: datetime) -> None:
    """Each of `jobs` has succeeded for the window `at`."""
    for job in jobs:
        claimed = runs.claim(connection, job, at, "tests", at, lambda _: False)
        assert claimed
        runs.succeed(connection, claimed, at, 1.0, {})


def sign_in(client: TestClient, name: str = "anna", password: str = PASSWORD, **more: str) -> int:
    return client.post("/sign-in", data={"name": name, "password": password, **more}).status_code


def _take_nothing(_records: Sequence[Mapping[str, object]], _source: str, _now: datetime) -> Sequence[ingest.Taken]:
    raise RuntimeError("nothing is sent in these tests")
