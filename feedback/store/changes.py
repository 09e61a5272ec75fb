"""Whether anything was written to the database, whoever wrote it."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Engine, event


class Changes:
    """Asks SQLite over a connection of its own, which never writes: so it hears of every commit, also of those of this
    process, and asking takes microseconds. PostgreSQL has nothing as quick. Not for several threads at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: sqlite3.Connection | None = None

    def number(self) -> int | None:
        """Another one after every commit; None where it is not known."""
        if self._engine.dialect.name != "sqlite":
            return None
        try:
            self._held = self._held or self._opened()
            return int(self._held.execute("PRAGMA data_version").fetchall()[0][0])
        except sqlite3.Error:
            return None

    def _opened(self) -> sqlite3.Connection:
        pooled = self._engine.raw_connection()
        pooled.detach()  # the pool's are for those who read and write
        opened: Any = pooled.dbapi_connection
        assert isinstance(opened, sqlite3.Connection)
        opened.execute("PRAGMA busy_timeout = 0")  # who asks does not wait
        # not to be opened again: another connection counts from another number
        event.listen(self._engine, "engine_disposed", lambda _: opened.close())
        return opened
