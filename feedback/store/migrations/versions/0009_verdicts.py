"""what owners say of alerts, and what they want to hear no more of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "verdict",
        sa.Column("id", serial, autoincrement=True, nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
        comment="no foreign key: a replay makes alerts again with the same id, and people's word holds again",
    )
    op.create_index(op.f("ix_verdict_alert_id"), "verdict", ["alert_id"])
    op.create_table(
        "mute",
        sa.Column("id", serial, autoincrement=True, nullable=False),
        sa.Column("topic_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("below", sa.Float(), nullable=True),
        sa.Column("alert_id", sa.Uuid(), nullable=True),
        sa.Column("segment", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mute")),
        comment="see feedback.domain.Mute; what is lifted stays on record",
    )
    op.create_index(op.f("ix_mute_topic_id"), "mute", ["topic_id"])
