"""FAQ entries and trainings beside fixes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fix", sa.Column("kind", sa.String(length=20), nullable=False, server_default="fix"))
