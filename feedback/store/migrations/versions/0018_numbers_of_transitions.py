"""with each change of an alert's state the numbers at that moment."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NUMBERS = ("window", "segment", "observed", "expected", "low", "high", "ratio", "p", "q", "detector", "version_id")


def upgrade() -> None:
    json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    op.add_column("transition", sa.Column("numbers", json))
    _keep_those_of_openings()


def _keep_those_of_openings() -> None:
    """An alert's evidence holds the numbers that it opened with; those of later changes were not kept."""
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    alert = sa.table("alert", sa.column("id", sa.Uuid), sa.column("evidence", json))
    transition = sa.table(
        "transition", sa.column("alert_id", sa.Uuid), sa.column("position", sa.Integer), sa.column("numbers", json)
    )
    for row in op.get_bind().execute(sa.select(alert)):
        opening = row.evidence.get("opening")
        if opening and "window" in opening:
            first = (transition.c.alert_id == row.id) & (transition.c.position == 0)
            numbers = {name: opening.get(name) for name in NUMBERS}
            op.execute(sa.update(transition).where(first).values(numbers=numbers))
