"""the numbers of complaints that are gone; customers whose data were erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    op.create_table(
        "kept_count",
        sa.Column("bucket_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("topic_id", sa.Uuid(), nullable=False),
        sa.Column("complaints", sa.Integer(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("segments", json, nullable=False),
        sa.PrimaryKeyConstraint("bucket_start", "topic_id", name=op.f("pk_kept_count")),
        comment="how many complaints are gone, by the topic they had; topic_id is the nil UUID for the unassigned",
    )
    op.create_table(
        "erasure",
        sa.Column("id", serial, autoincrement=True, nullable=False),
        sa.Column("customer_hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        comment="customers whose data were erased: what came from them before is not taken in again",
    )
    op.create_index(op.f("ix_erasure_customer_hash"), "erasure", ["customer_hash"])
