"""accounts, sessions, lock-outs and the audit log; keys have a role, an expiry and a last use."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    moment = sa.DateTime(timezone=True)
    # keys could do everything so far, and whoever uses one counts on it
    op.add_column("api_key", sa.Column("role", sa.String(20), nullable=False, server_default="administrator"))
    op.add_column("api_key", sa.Column("owner", sa.String(200)))
    op.add_column("api_key", sa.Column("expires_at", moment))
    op.add_column("api_key", sa.Column("last_used_at", moment))
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("password", sa.String(200)),
        sa.Column("second_factor", sa.Text()),
        sa.Column("last_step", sa.BigInteger()),
        sa.Column("subject", sa.String(400)),
        sa.Column("language", sa.String(2)),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("disabled_at", moment),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
        sa.UniqueConstraint("subject", name=op.f("uq_account_subject")),
        comment="people who may sign in: see feedback.accounts.Account",
    )
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "hash", name=op.f("pk_recovery_code")),
        comment="stand in for the second factor, each once",
    )
    op.create_table(
        "session",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("begun_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_session_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"])
    op.create_table(
        "lock_out",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_lock_out")),
        comment="failed attempts to sign in, by the keyed hash of a name or an address: see feedback.lock_out",
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", serial, autoincrement=True, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("what", sa.String(200), nullable=False),
        sa.Column("subject", json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        comment="who changed what, when, and by which way",
    )
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"])
