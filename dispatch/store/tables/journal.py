"""The table of the journal."""

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from dispatch.store.tables.base import metadata, moment

event = Table(
    "event",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("stream", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    moment("at", nullable=False),
    moment("recorded_at", nullable=False),
    Column("actor", Text, nullable=False),
    Column("district_id", Text),
    Column("body", JSONB, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("stream", "seq", name="event_stream_order"),
    Index("event_at_ix", "at"),
    Index("event_district_ix", "district_id", "id"),
    comment="Append-only, hash-chained per stream; a trigger refuses UPDATE and DELETE",
)
