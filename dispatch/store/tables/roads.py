"""Tables of the roads, of what was loaded, and of closures."""

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import TSTZRANGE

from dispatch.store.tables.base import metadata, moment, shape

road_graph = Table(
    "road_graph",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    moment("loaded_at", nullable=False),
    Column("nodes", Integer, nullable=False),
    Column("edges", Integer, nullable=False),
    Column("arrays", LargeBinary, nullable=False, comment="the graph as NumPy arrays (npz)"),
    Column("node_order", LargeBinary, comment="what the hierarchy takes longest to compute"),
)

road_line = Table(
    "road_line",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("graph", ForeignKey("road_graph.name", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("road_class", Text, nullable=False),
    shape("line", "LINESTRING", nullable=False),
    Index("road_line_line_ix", "line", postgresql_using="gist"),
    comment="The same roads to draw",
)

load_receipt = Table(
    "load_receipt",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("what", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    moment("loaded_at", nullable=False),
)

road_closure = Table(
    "road_closure",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("district_id", ForeignKey("district.id")),
    Column("reason", Text, nullable=False),
    Column("period", TSTZRANGE, nullable=False),
    Column("by", Text, nullable=False),
    shape("drawn", "GEOMETRY", nullable=False),
    Column("one_way", Boolean, nullable=False),
    moment("lifted_at"),
    Column("lifted_by", Text),
    Index(
        "road_closure_standing_ix",
        "period",
        postgresql_where=text("lifted_at IS NULL"),
        postgresql_using="gist",
    ),
)

road_closure_taken = Table(
    "road_closure_taken",
    metadata,
    Column("closure_id", ForeignKey("road_closure.id", ondelete="CASCADE"), primary_key=True),
    Column("process", Text, primary_key=True, comment="host:pid"),
    moment("taken_at", comment="null where the process began while it stood"),
    moment("opened_at", comment="since when it is driven there again; null while it is not"),
    comment="From when to when a process drives by a closure; by the database's clock",
)
