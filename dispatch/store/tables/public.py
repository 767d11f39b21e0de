"""The tables of what the public is shown and told: areas, the picture, who waits, messages."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dispatch.store.tables.base import metadata, moment, one_of

public_areas = Table(
    "public_areas",
    metadata,
    Column("single", Integer, primary_key=True, server_default="1"),
    Column("made_from", Text, nullable=False, comment="the customers they were made from"),
    Column("areas", JSONB, nullable=False),
    Column("ground", Text, nullable=False, comment="what lies under them, as GeoJSON"),
    moment("made_at", nullable=False),
    CheckConstraint("single = 1", name="one_set_of_public_areas"),
    comment="Into which areas the public map is cut; one row",
)

public_picture = Table(
    "public_picture",
    metadata,
    Column("single", Integer, primary_key=True, server_default="1"),
    Column("number", BigInteger, nullable=False),
    Column("memory", JSONB, nullable=False, comment="the counts behind what is told"),
    moment("made_at", nullable=False),
    moment("written_at", nullable=False),
    CheckConstraint("single = 1", name="one_public_picture"),
    comment="What the public is shown now; one row, its files beside it",
)

public_file = Table(
    "public_file",
    metadata,
    Column("name", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False, comment="gzip"),
    Column("digest", Text, nullable=False),
    comment="The files of the public picture, written together",
)

watcher = Table(
    "watcher",
    metadata,
    Column("id", Text, primary_key=True, comment="the client's"),
    Column("phone", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("area_id", Text, nullable=False, comment="empty: waits for a report only"),
    Column("area_name", Text, nullable=False),
    Column("ticket_id", ForeignKey("ticket.id")),
    moment("consented_at", nullable=False),
    moment("expires_at", nullable=False),
    CheckConstraint("expires_at > consented_at", name="watcher_expires_after_consent"),
    Index("one_watcher_per_phone_and_area", "phone", "area_id", unique=True),
    Index("watcher_expires_ix", "expires_at"),
    Index("watcher_ticket_ix", "ticket_id"),
    comment="Who asked to be told when supply is back; deleted when told or expired",
)

message = Table(
    "message",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("phone", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="waiting"),
    moment("made_at", nullable=False),
    moment("expires_at", nullable=False),
    moment("leased_until"),
    Column("tries", Integer, nullable=False, server_default="0"),
    moment("ended_at"),
    Column("note", Text, nullable=False, server_default=""),
    one_of("status", "message_status", "waiting", "sent", "failed", "expired"),
    Index("message_waiting_ix", "made_at", postgresql_where=text("status = 'waiting'")),
    Index("message_ended_ix", "ended_at", postgresql_where=text("status <> 'waiting'")),
    comment="Text messages for a gateway of the company's to send; nothing here sends them",
)
