"""Tables of outages, planned and not, of notices, and of who is without supply."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Sequence,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint

from dispatch.store.tables.base import REAL, metadata, moment, one_of, shape

outage_number = Sequence("outage_number", metadata=metadata)

planned_number = Sequence("planned_number", metadata=metadata)

planned_outage = Table(
    "planned_outage",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("district_id", ForeignKey("district.id"), nullable=False, index=True),
    Column("feeder_id", ForeignKey("feeder.id")),
    Column("reason", Text, nullable=False),
    moment("starts_at", nullable=False),
    moment("ends_at", nullable=False),
    moment("notified_at"),
    moment("cancelled_at"),
    moment("ended_at"),
    moment("overdue_at"),
    moment("reminded_at"),
    Column("version", Integer, nullable=False),
    CheckConstraint("ends_at > starts_at", name="planned_outage_ends_after_start"),
    Index(
        "planned_outage_watched_ix",
        "ends_at",
        postgresql_where=text("cancelled_at IS NULL AND ended_at IS NULL AND overdue_at IS NULL"),
    ),
)

planned_outage_transformer = Table(
    "planned_outage_transformer",
    metadata,
    Column(
        "planned_outage_id", ForeignKey("planned_outage.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("transformer_id", ForeignKey("transformer.id"), primary_key=True),
    Index("planned_outage_transformer_ix", "transformer_id"),
)

outage = Table(
    "outage",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("district_id", ForeignKey("district.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("feeder_id", ForeignKey("feeder.id")),
    Column("device_id", Text),
    Column("device_kind", Text, nullable=False),
    Column("device_name", Text, nullable=False),
    shape("point", "POINT", nullable=False),
    Column("accuracy_m", REAL, nullable=False),
    Column("area_class", Text, nullable=False),
    moment("started_at", nullable=False),
    moment("opened_at", nullable=False),
    moment("confirmed_at"),
    moment("restored_at"),
    moment("closed_at"),
    Column("cause", Text),
    Column("phases", Text, comment="Letters of ABC that are open; empty: all, or not said"),
    Column("close_reason", Text),
    Column("parent_id", ForeignKey("outage.id")),
    Column("merged_into_id", ForeignKey("outage.id")),
    moment("etr_at"),
    Column("etr_source", Text),
    Column("etr_confidence", Text),
    moment("etr_from"),
    moment("etr_to"),
    Column("etr_basis", Text),
    moment("etr_said_at"),
    Column("etr_alarm", Text, nullable=False, server_default="none"),
    Column("prediction", JSONB),
    Column("version", Integer, nullable=False),
    one_of(
        "status",
        "outage_status",
        *("predicted", "confirmed", "partially_restored", "restored", "closed"),
    ),
    one_of("etr_alarm", "outage_etr_alarm", "none", "expiring", "passed"),
    Index(
        "outage_expected_ix",
        "etr_at",
        postgresql_where=text("status <> 'closed' AND etr_alarm <> 'passed'"),
    ),
    one_of("level", "outage_level", "feeder_model", "transformer", "points"),
    Index("outage_open_ix", "district_id", postgresql_where=text("status <> 'closed'")),
    Index("outage_opened_ix", "district_id", "opened_at"),
    Index("outage_feeder_ix", "feeder_id", postgresql_where=text("status <> 'closed'")),
    Index("outage_point_ix", "point", postgresql_using="gist"),
    Index(
        "outage_near_ix",
        "point",
        postgresql_using="gist",
        postgresql_where=text("level = 'points'"),
    ),
    Index("outage_parent_ix", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
)

outage_transformer = Table(
    "outage_transformer",
    metadata,
    Column("outage_id", ForeignKey("outage.id"), primary_key=True),
    Column("transformer_id", ForeignKey("transformer.id"), primary_key=True),
    moment("out_from", nullable=False),
    moment("restored_at"),
    Index(
        "one_open_outage_per_transformer",
        "transformer_id",
        unique=True,
        postgresql_where=text("restored_at IS NULL"),
    ),
    Index("outage_transformer_recent_ix", "transformer_id", "restored_at"),
    Index(
        "outage_transformer_back_ix",
        "restored_at",
        postgresql_where=text("restored_at IS NOT NULL"),
    ),
    CheckConstraint(
        "restored_at IS NULL OR restored_at >= out_from",
        name="outage_transformer_restored_after_out",
    ),
)

notice = Table(
    "notice",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("outage_id", ForeignKey("outage.id"), nullable=False),
    Column("district_id", ForeignKey("district.id"), nullable=False),
    Column("transformers", ARRAY(Text), nullable=False, comment="whom it covers"),
    Column("facts", JSONB, nullable=False, comment="what it states besides"),
    moment("say_by", nullable=False),
    moment("released_at", nullable=False),
    Column("released_by", Text, nullable=False),
    moment("withdrawn_at"),
    Column("withdrawn_by", Text),
    Column("withdrawn_for", Text),
    Column("version", Integer, nullable=False),
    Index(
        "one_notice_out_per_outage",
        "outage_id",
        unique=True,
        postgresql_where=text("withdrawn_at IS NULL"),
    ),
    Index("notice_outage_ix", "outage_id"),
    Index("notice_released_ix", "released_at"),
    CheckConstraint(
        "withdrawn_at IS NULL OR withdrawn_at >= released_at",
        name="notice_withdrawn_after_release",
    ),
    comment="What the public was told of an outage; it answers callers while the outage is open",
)

notice_answer = Table(
    "notice_answer",
    metadata,
    Column("notice_id", ForeignKey("notice.id"), primary_key=True),
    Column("how", Text, primary_key=True),
    Column("key", Text, primary_key=True, comment="what counts once: a ticket, or a customer"),
    Column("usage_point_id", ForeignKey("usage_point.id"), nullable=False),
    moment("at", nullable=False),
    one_of("how", "notice_answer_how", "question", "attached", "repeat"),
    Index("notice_answer_key_ix", "key"),
    comment="Who was answered from a notice; each is counted, nothing is estimated",
)

outage_usage_point = Table(
    "outage_usage_point",
    metadata,
    Column("outage_id", ForeignKey("outage.id"), primary_key=True),
    Column("usage_point_id", ForeignKey("usage_point.id"), primary_key=True),
    moment("out_from", nullable=False),
    moment("restored_at"),
    Index(
        "one_open_outage_per_usage_point",
        "usage_point_id",
        unique=True,
        postgresql_where=text("restored_at IS NULL"),
    ),
    Index("outage_usage_point_recent_ix", "usage_point_id", "restored_at"),
    Index(
        "outage_usage_point_back_ix",
        "restored_at",
        postgresql_where=text("restored_at IS NOT NULL"),
    ),
    CheckConstraint(
        "restored_at IS NULL OR restored_at >= out_from",
        name="outage_usage_point_restored_after_out",
    ),
    comment="Single homes: an outage of one service, or what is left out after a restoration",
)

interruption = Table(
    "interruption",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("usage_point_id", ForeignKey("usage_point.id"), nullable=False),
    Column("outage_id", ForeignKey("outage.id")),
    Column("planned_outage_id", ForeignKey("planned_outage.id")),
    Column("district_id", ForeignKey("district.id")),
    Column("period", TSTZRANGE, nullable=False),
    ExcludeConstraint(
        ("usage_point_id", "="), ("period", "&&"), name="interruptions_never_overlap"
    ),
    CheckConstraint("NOT isempty(period)", name="interruption_not_empty"),
    CheckConstraint(
        "num_nonnulls(outage_id, planned_outage_id) = 1", name="interruption_has_one_cause"
    ),
    Index("interruption_outage_ix", "outage_id"),
)
