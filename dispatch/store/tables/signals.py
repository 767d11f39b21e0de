"""Tables of what meters and switchgear say."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text

from dispatch.store.tables.base import metadata, moment, one_of

meter_signal = Table(
    "meter_signal",
    metadata,
    Column("id", Text, primary_key=True),
    Column("usage_point_id", ForeignKey("usage_point.id"), nullable=False),
    Column("transformer_id", ForeignKey("transformer.id", ondelete="SET NULL")),
    Column("feeder_id", ForeignKey("feeder.id", ondelete="SET NULL")),
    Column("district_id", ForeignKey("district.id")),
    Column("kind", Text, nullable=False),
    moment("at", nullable=False),
    moment("received_at", nullable=False),
    one_of("kind", "meter_signal_kind", "last_gasp", "power_up", "ping_on", "ping_off"),
    Index("meter_signal_feeder_ix", "feeder_id", "at"),
    Index("meter_signal_usage_point_ix", "usage_point_id", "at"),
    comment="What meters said of their supply, once for each id of the sender",
)

device_sighting = Table(
    "device_sighting",
    metadata,
    Column("id", Text, primary_key=True),
    Column("device_id", Text, nullable=False),
    Column("feeder_id", ForeignKey("feeder.id", ondelete="SET NULL")),
    Column("district_id", ForeignKey("district.id")),
    Column("is_open", Boolean, nullable=False),
    Column("is_live", Boolean, comment="With voltage; empty: nobody looked"),
    moment("at", nullable=False),
    moment("received_at", nullable=False),
    Column("source", Text, nullable=False),
    Column("by", Text, nullable=False),
    one_of("source", "device_sighting_source", "scada", "crew", "dispatcher"),
    Index("device_sighting_feeder_ix", "feeder_id", "at"),
    Index("device_sighting_device_ix", "device_id", "at"),
    comment="Who saw which device open or closed, once for each id of the sender",
)
