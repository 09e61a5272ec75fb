"""The tables. Ids are derived from what they name; times are aware UTC; texts are redacted before they come here."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    false,
)
from sqlalchemy.dialects.postgresql import JSONB


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out; a naive time is refused. SQLite keeps it as text without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without zone reached the database: {value!r}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Serial = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

complaint = Table(
    "complaint",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("source", String(200), nullable=False),
    Column("source_id", String(200), nullable=False),
    Column("received_at", UtcDateTime, nullable=False, index=True),
    Column("ingested_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime),
    Column("text", Text, nullable=False),
    Column("text_hash", String(64), nullable=False, index=True),
    Column("language", String(12), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("market", String(200)),
    Column("brand", String(200)),
    Column("product", String(200)),
    Column("customer_hash", String(64), index=True),
    Column("customer_segment", String(200)),
    Column("rating", Float),
    Column("first_response_at", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    Column("escalations", Integer),
    Column("attributes", Json, nullable=False),
    UniqueConstraint("source", "source_id"),
    Index("ix_complaint_source_received_at", "source", "received_at"),
)

rejected_record = Table(
    "rejected_record",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("source", String(200), nullable=False),
    Column("place", Text, nullable=False),
    Column("line", Integer),
    Column("reason", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("record", Json, nullable=False),
    Column("rejected_at", UtcDateTime, nullable=False),
    Column("accepted_at", UtcDateTime),
)

embedding = Table(
    "embedding",
    metadata,
    Column("text_hash", String(64), primary_key=True),
    Column("encoder_version", String(100), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

topic = Table(
    "topic",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("name", String(200), nullable=False),
    Column("owner", String(200)),
    Column("area", String(200)),
    Column("severity", String(10)),
    Column("born_at", UtcDateTime, nullable=False),
)

topic_model_version = Table(
    "topic_model_version",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("status", String(20), nullable=False),
    Column("trained_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime),
    Column("artefact", Text, nullable=False),
    Column("encoder_version", String(100), nullable=False),
    Column("metrics", Json, nullable=False),
    Column("judged_at", UtcDateTime, comment="as of when its series were last judged"),
    Column("hindsight", Json, comment="what it saw rising when it was published: see jobs.hindsight"),
)

topic_in_version = Table(
    "topic_in_version",
    metadata,
    Column("version_id", Uuid, ForeignKey("topic_model_version.id", ondelete="CASCADE"), primary_key=True),
    Column("topic_id", Uuid, ForeignKey("topic.id"), primary_key=True),
    Column("words", Json, nullable=False),
    Column("size", Integer, nullable=False),
    Column("centroid", LargeBinary),
    comment="centroid (float32, centred) is set for a provisional topic, born after the training",
)

edit = Table(
    "edit",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("kind", String(20), nullable=False),
    Column("topic_id", Uuid, nullable=False),
    Column("detail", Json, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("undone_at", UtcDateTime),
    Column("undone_by", String(200)),
    Column("undone_why", Text),
    comment="what people decided about topics, for good: see feedback.edits",
)

planned_event = Table(
    "planned_event",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("name", String(200), nullable=False),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("topic_id", Uuid),
    Column("expected", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(200), nullable=False),
    Column("removed_at", UtcDateTime),
    Column("removed_by", String(200)),
    comment="what was planned for which days: see feedback.events",
)

fix = Table(
    "fix",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("topic_id", Uuid, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("expect", Float, nullable=False),
    Column("note", Text, nullable=False),
    Column("who", String(200), nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_by", String(200)),
    Column("kind", String(20), nullable=False, server_default="fix"),
    comment="what was done about a topic: see feedback.domain.Fix",
)

outcome = Table(
    "outcome",
    metadata,
    Column("fix_id", Serial, ForeignKey("fix.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("judged_at", UtcDateTime, primary_key=True),
    Column("verdict", String(20), nullable=False),
    Column("days", Integer, nullable=False),
    Column("known_days", Integer, nullable=False),
    Column("observed", Integer, nullable=False),
    Column("expected", Float, nullable=False),
    Column("ratio", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    Column("certainty", Float, nullable=False),
    Column("regressed_at", UtcDateTime),
    Column("next_fix_at", UtcDateTime),
    Column("final", Boolean, nullable=False, server_default=false()),
    comment="each judgement that brought news: see feedback.domain.Outcome",
)

exposure = Table(
    "exposure",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("value", Float, nullable=False),
    comment="what the operator told of each day: see feedback.exposure",
)

lineage = Table(
    "lineage",
    metadata,
    Column("version_id", Uuid, ForeignKey("topic_model_version.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("fate", String(20), nullable=False),
    Column("before_id", Uuid),
    Column("after_id", Uuid),
    Column("similarity", Float),
)

assignment = Table(
    "assignment",
    metadata,
    Column("version_id", Uuid, ForeignKey("topic_model_version.id", ondelete="CASCADE"), primary_key=True),
    Column("complaint_id", Uuid, ForeignKey("complaint.id", ondelete="CASCADE"), primary_key=True),
    Column("topic_id", Uuid, ForeignKey("topic.id")),
    Column("similarity", Float, nullable=False),
    Column("bucket_start", UtcDateTime, nullable=False),
    Index("ix_assignment_version_bucket_topic", "version_id", "bucket_start", "topic_id"),
    Index("ix_assignment_complaint_id", "complaint_id"),
)

stale_bucket = Table(
    "stale_bucket",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("version_id", Uuid, ForeignKey("topic_model_version.id", ondelete="CASCADE"), nullable=False),
    Column("bucket_start", UtcDateTime, nullable=False),
    comment="buckets whose assignments changed since they were counted",
)

bucket_count = Table(
    "bucket_count",
    metadata,
    Column("version_id", Uuid, ForeignKey("topic_model_version.id", ondelete="CASCADE"), primary_key=True),
    Column("bucket_start", UtcDateTime, primary_key=True),
    Column("topic_id", Uuid, primary_key=True),
    Column("complaints", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("segments", Json, comment="customers by attribute and value; null where an earlier release counted"),
    comment="topic_id is the nil UUID for the unassigned",
)

kept_count = Table(
    "kept_count",
    metadata,
    Column("bucket_start", UtcDateTime, primary_key=True),
    Column("topic_id", Uuid, primary_key=True),
    Column("complaints", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("segments", Json, nullable=False),
    comment="how many complaints are gone, by the topic they had; topic_id is the nil UUID for the unassigned",
)

erasure = Table(
    "erasure",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("customer_hash", String(64), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("counts", Json, nullable=False),
    comment="customers whose data were erased: what came from them before is not taken in again",
)

signal = Table(
    "signal",
    metadata,
    Column("judged_at", UtcDateTime, primary_key=True),
    Column("topic_id", Uuid, ForeignKey("topic.id"), primary_key=True),
    Column("detector", String(40), primary_key=True),
    Column("version_id", Uuid, nullable=False),
    Column("window_start", UtcDateTime, nullable=False),
    Column("window_end", UtcDateTime, nullable=False),
    Column("observed", Integer, nullable=False),
    Column("expected", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    Column("p", Float, nullable=False),
    Column("q", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("rising", Boolean, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("segment", Json, comment="attribute and value, if the numbers are of one segment"),
)

alert = Table(
    "alert",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("topic_id", Uuid, ForeignKey("topic.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False, index=True),
    Column("opened_at", UtcDateTime, nullable=False, index=True),
    Column("last_rising_at", UtcDateTime, nullable=False),
    Column("judged_at", UtcDateTime, nullable=False),
    Column("calm_since", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    Column("evidence", Json, nullable=False),
)

transition = Table(
    "transition",
    metadata,
    Column("alert_id", Uuid, ForeignKey("alert.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("before", String(20)),
    Column("after", String(20), nullable=False),
    Column("who", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("numbers", Json),
)

verdict = Table(
    "verdict",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("alert_id", Uuid, nullable=False, index=True),
    Column("verdict", String(20), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(200), nullable=False),
    Column("why", Text, nullable=False),
    comment="no foreign key: a replay makes alerts again with the same id, and people's word holds again",
)

mute = Table(
    "mute",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("topic_id", Uuid, nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("until", UtcDateTime),
    Column("below", Float),
    Column("alert_id", Uuid),
    Column("segment", Json),
    Column("lifted_at", UtcDateTime),
    Column("lifted_by", String(200)),
    comment="see feedback.domain.Mute; what is lifted stays on record",
)

notice = Table(
    "notice",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("channel", String(400), nullable=False),
    Column("content", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("alert_id", Uuid),
    Column("position", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("token", Integer, nullable=False),
    Column("last_error", Text),
    Column("sent_at", UtcDateTime),
    Column("holder", String(200)),
    Column("lease_until", UtcDateTime),
    Index("ix_notice_state_next_at", "state", "next_at"),
    Index("ix_notice_alert_id_channel", "alert_id", "channel"),
    comment="the outbox; it outlives alerts that are forgotten, so alert_id is no foreign key",
)

ownership = Table(
    "ownership",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("attribute", String(20), nullable=False),
    Column("value", String(200), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ended_by", String(200)),
    comment="who answers for areas, markets and brands; what was taken back stays on record",
)

escalation = Table(
    "escalation",
    metadata,
    Column("alert_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("told", String(200), nullable=False),
    comment="whom an alert went on to because its owner did not take it on; position is that of the transition",
)

used_link = Table(
    "used_link",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    comment="links of messages that were followed: each counts once",
)

told = Table(
    "told",
    metadata,
    Column("alert_id", Uuid, primary_key=True),
    Column("channel", String(400), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("notice_id", Uuid, ForeignKey("notice.id", ondelete="CASCADE"), nullable=False, index=True),
    comment="which notice tells which channel of which transition; each at most once",
)

area_alert = Table(
    "area_alert",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("area", String(200), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("over_at", UtcDateTime),
    Column("facts", Json, nullable=False),
    comment="topics of an area that rise for one reason: see feedback.inhibition",
)

held_back = Table(
    "held_back",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("alert_id", Uuid, ForeignKey("alert.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("cause", String(20), nullable=False),
    Column("why", Text, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ended_why", Text),
    Column("told", Boolean, nullable=False),
    comment="rises of alerts that were not told at once: see feedback.domain.HeldBack",
)

threshold = Table(
    "threshold",
    metadata,
    Column("version_id", Uuid, ForeignKey("topic_model_version.id", ondelete="CASCADE"), primary_key=True),
    Column("detector", String(40), primary_key=True),
    Column("valid_from", UtcDateTime, primary_key=True),
    Column("value", Float, nullable=False),
    Column("origin", Json, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("job", String(40), primary_key=True),
    Column("window_start", UtcDateTime, primary_key=True),
    Column("status", String(20), nullable=False),
    Column("holder", String(200), nullable=False),
    Column("token", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("seconds", Float),
    Column("result", Json),
    Column("error", Text),
    Index("ix_run_status", "status"),
    comment="lease_until is, for a failed run, when it may be tried again",
)

request = Table(
    "request",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("kind", String(20), nullable=False),
    Column("detail", Json, nullable=False),
    Column("at", UtcDateTime, nullable=False, unique=True),
    Column("who", String(200), nullable=False),
    Column("why", Text, nullable=False),
    comment="what people asked workers for; how it went is in the run of that moment: see feedback.requests",
)

counting = Table(
    "counting",
    metadata,
    Column("version_id", Uuid, ForeignKey("topic_model_version.id", ondelete="CASCADE"), primary_key=True),
    Column("times", Integer, nullable=False),
    comment="how often buckets of a version were counted: readers keep what they made of them until it changes",
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    # by default what keys could do before they had roles
    Column("role", String(20), nullable=False, server_default="administrator"),
    Column("owner", String(200)),
    Column("expires_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    # what it may send complaints of; null: of all
    Column("sources", Json),
)

account = Table(
    "account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("owner", String(200)),
    Column("password", String(200)),
    Column("second_factor", Text),
    Column("last_step", BigInteger),
    Column("subject", String(400), unique=True),
    Column("language", String(2)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    comment="people who may sign in: see feedback.accounts.Account",
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("account_id", Uuid, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("hash", String(64), primary_key=True),
    comment="stand in for the second factor, each once",
)

session = Table(
    "session",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("account_id", Uuid, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("complete", Boolean, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

lock_out = Table(
    "lock_out",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    comment="failed attempts to sign in, by the keyed hash of a name or an address: see feedback.lock_out",
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("who", String(200), nullable=False),
    Column("way", String(20), nullable=False),
    Column("what", String(200), nullable=False),
    Column("subject", Json, nullable=False),
    comment="who changed what, when, and by which way",
)
