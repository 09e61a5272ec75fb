"""A house with the doors that tests go through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from feedback.store.database import open_database
from tests.conftest import SettingsFactory
from tests.integration.web.web_world import House


@pytest.fixture
def house(settings: SettingsFactory, sqlite_database: str) -> Iterator[House]:
    database = open_database(sqlite_database)
    yield House(settings(), database)
    database.close()


@pytest.fixture
def browser(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client
