"""Tables of positions and of the trackers that send them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

from dispatch.store.tables.base import REAL, metadata, moment, one_of


def last_position(name: str, comment: str, *key: str) -> Table:
    """A table of newest good fixes; rewritten in place all the time, so its pages are half full."""
    return Table(
        name,
        metadata,
        Column("crew_id", ForeignKey("crew.id", ondelete="CASCADE"), nullable=False),
        Column("device", Text, nullable=False),
        Column("fix_id", Text, nullable=False),
        Column("lon", REAL, nullable=False),
        Column("lat", REAL, nullable=False),
        moment("fixed_at", nullable=False),
        moment("received_at", nullable=False),
        Column("accuracy_m", REAL),
        Column("speed_mps", REAL),
        Column("mock", Boolean, nullable=False),
        Column("battery", SmallInteger, comment="per cent left of the device's"),
        PrimaryKeyConstraint(*key),
        postgresql_with={"fillfactor": 50},
        comment=comment,
    )


crew_position = last_position("crew_position", "The newest good fix of every crew", "crew_id")

device_position = last_position(
    "device_position",
    "The newest good fix of every device for every crew that it spoke for",
    "crew_id",
    "device",
)

position_fix = Table(
    "position_fix",
    metadata,
    Column("crew_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    moment("fixed_at", nullable=False),
    moment("received_at", nullable=False),
    Column("lon", REAL, nullable=False),
    Column("lat", REAL, nullable=False),
    Column("accuracy_m", REAL),
    Column("speed_mps", REAL),
    Column("mock", Boolean, nullable=False),
    Column("device", Text, nullable=False, server_default="", comment="the tracker it came from"),
    Column("doubts", SmallInteger, nullable=False, server_default="0", comment="sum of Doubt"),
    PrimaryKeyConstraint("crew_id", "fixed_at", "id"),
    postgresql_partition_by="RANGE (fixed_at)",
    comment="Every fix, by day; the key makes a repeated fix vanish",
)

tracker = Table(
    "tracker",
    metadata,
    Column("id", Text, primary_key=True, comment="wire:device"),
    Column("wire", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("vehicle", Text),
    Column("datum", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of its secret"),
    Column("terminal", Text, comment="JT/T 808: terminal id of the first registration"),
    moment("enrolled_at", nullable=False),
    moment("revoked_at"),
    moment("seen_at"),
    one_of("wire", "tracker_wire", "traccar", "osmand", "owntracks", "gpslogger", "jt808"),
    one_of("datum", "tracker_datum", "wgs84", "gcj02", "bd09"),
    comment="Devices that may say where a crew is",
)

tracker_binding = Table(
    "tracker_binding",
    metadata,
    Column("tracker_id", ForeignKey("tracker.id", ondelete="CASCADE"), nullable=False),
    moment("since", nullable=False),
    Column("crew_id", ForeignKey("crew.id")),
    PrimaryKeyConstraint("tracker_id", "since"),
    comment="For whom a device speaks from a moment on; no crew: for nobody",
)

tracker_tally = Table(
    "tracker_tally",
    metadata,
    Column("tracker_id", ForeignKey("tracker.id", ondelete="CASCADE"), nullable=False),
    Column("what", Text, nullable=False, comment="taken, or why not"),
    Column("count", BigInteger, nullable=False),
    moment("last_at", nullable=False),
    PrimaryKeyConstraint("tracker_id", "what"),
    comment="What became of what each device sent",
)

unknown_tracker = Table(
    "unknown_tracker",
    metadata,
    Column("wire", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    moment("first_at", nullable=False),
    moment("last_at", nullable=False),
    PrimaryKeyConstraint("wire", "device"),
    comment="Devices that are not enrolled; the latest thousand, counted, their fixes not kept",
)
