"""when a version was last judged, and what it saw rising when it was published."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    judged_at = sa.Column(
        "judged_at", sa.DateTime(timezone=True), nullable=True, comment="as of when its series were last judged"
    )
    op.add_column("topic_model_version", judged_at)
    comment = "what it saw rising when it was published: see jobs.hindsight"
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("topic_model_version", sa.Column("hindsight", json, nullable=True, comment=comment))
