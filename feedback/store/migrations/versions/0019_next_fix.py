"""which outcomes the next fix of the topic has ended."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outcome", sa.Column("next_fix_at", sa.DateTime(timezone=True)))
