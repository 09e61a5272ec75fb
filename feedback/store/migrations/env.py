"""Alembic's entry: migrate the engine that `create_database` hands over, in one transaction: all the way or not at all.

SQLite, too, takes back what was begun; who migrates at the same time waits, and then finds nothing left to do.
"""

from alembic import context

from feedback.store.database import exclusively
from feedback.store.tables import metadata

LOCK = 6_023
"""PostgreSQL: taken by who migrates."""

engine = context.config.attributes["engine"]

with engine.execution_options(immediate=True).begin() as connection:
    exclusively(connection, LOCK)
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    context.run_migrations()
