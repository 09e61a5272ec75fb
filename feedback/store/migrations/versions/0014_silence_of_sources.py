"""When each source was last heard of, without looking at all its complaints."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_complaint_source_received_at", "complaint", ["source", "received_at"])
