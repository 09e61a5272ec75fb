"""how grave topics are; which alerts are held back and why; areas' alerts; what each channel was told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("topic", sa.Column("severity", sa.String(length=10), nullable=True))
    op.create_table(
        "area_alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area", sa.String(length=200), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_alert")),
        comment="topics of an area that rise for one reason: see feedback.inhibition",
    )
    op.create_table(
        "held_back",
        sa.Column("id", serial, autoincrement=True, nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_held_back_alert_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_back")),
        comment="rises of alerts that were not told at once: see feedback.domain.HeldBack",
    )
    op.create_index(op.f("ix_held_back_alert_id"), "held_back", ["alert_id"])
    op.create_table(
        "told",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=400), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_told_notice_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alert_id", "channel", "position", name=op.f("pk_told")),
        comment="which notice tells which channel of which transition; each at most once",
    )
    op.create_index(op.f("ix_told_notice_id"), "told", ["notice_id"])
    op.execute(
        "INSERT INTO told (alert_id, channel, position, notice_id) "
        "SELECT alert_id, channel, position, id FROM notice WHERE alert_id IS NOT NULL"
    )
