"""counts by segment; what was counted before is counted again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    comment = "customers by attribute and value; null where an earlier release counted"
    op.add_column("bucket_count", sa.Column("segments", json, nullable=True, comment=comment))
    comment = "attribute and value, if the numbers are of one segment"
    op.add_column("signal", sa.Column("segment", json, nullable=True, comment=comment))
    op.execute(
        "INSERT INTO stale_bucket (version_id, bucket_start) SELECT DISTINCT version_id, bucket_start FROM bucket_count"
    )
