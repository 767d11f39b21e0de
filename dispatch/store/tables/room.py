"""Tables of the control room: who looks at what, alarms taken note of, bulk actions."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from dispatch.store.tables.base import metadata, moment

presence = Table(
    "presence",
    metadata,
    Column("tab", Text, primary_key=True, comment="made by the browser, one for each open page"),
    Column("name", Text, nullable=False),
    Column("thing", Text, nullable=False, comment="what is open there, such as outage-17"),
    Column("district_id", Text),
    moment("seen_at", nullable=False),
    comment="Which dispatcher has what open; it holds for a moment and is no part of the record",
)

alarm_taken = Table(
    "alarm_taken",
    metadata,
    Column("alarm", Text, primary_key=True, comment="the alarm's id, which names its occasion"),
    Column("district_id", Text),
    moment("at", nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Index("alarm_taken_at_ix", "at"),
    comment="Alarms that somebody took note of; those of clocks stand in clock_warning",
)

bulk_action = Table(
    "bulk_action",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("action", Text, nullable=False),
    Column("by", Text, nullable=False),
    moment("at", nullable=False),
    moment("undo_until", nullable=False),
    moment("undone_at"),
    comment="One thing done to many rows of the list at once",
)

bulk_item = Table(
    "bulk_item",
    metadata,
    Column("bulk_id", ForeignKey("bulk_action.id", ondelete="CASCADE"), primary_key=True),
    Column("thing", Text, primary_key=True, comment="such as outage-17"),
    Column("kept", JSONB, nullable=False, comment="what was done, and what undoing puts back"),
    moment("undone_at"),
    comment="What a bulk action did, row by row, for undoing; what was refused is not kept",
)
