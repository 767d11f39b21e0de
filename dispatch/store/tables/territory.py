"""Tables of the territory: districts, areas with their class, places, zones, ways in."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE

from dispatch.store.tables.base import metadata, moment, one_of, shape

district = Table(
    "district",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("assignment_mode", Text, nullable=False, server_default="automatic"),
    shape("boundary", "MULTIPOLYGON"),
    one_of("assignment_mode", "district_assignment_mode", "automatic", "proposed"),
    Index("district_boundary_ix", "boundary", postgresql_using="gist"),
)

area_map = Table(
    "area_map",
    metadata,
    Column("version", Integer, Identity(), primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    moment("loaded_at", nullable=False),
    Column("source", Text, nullable=False),
)

area = Table(
    "area",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("version", ForeignKey("area_map.version", ondelete="CASCADE"), nullable=False),
    Column("area_class", Text, nullable=False),
    shape("boundary", "MULTIPOLYGON", nullable=False),
    one_of("area_class", "area_class_known", "urban", "rural", "remote"),
    Index("area_boundary_ix", "boundary", postgresql_using="gist"),
)

place = Table(
    "place",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("address_text_id", ForeignKey("address_text.id"), comment="null: cannot be searched"),
    Column("transformer_id", ForeignKey("transformer.id", ondelete="CASCADE")),
    Column("extent_m", Double, nullable=False, server_default="0"),
    shape("point", "POINT", nullable=False),
    UniqueConstraint("source", "source_id", name="place_source"),
    Index("place_point_ix", "point", postgresql_using="gist"),
    Index("place_address_text_ix", "address_text_id", "id"),
    comment="Addresses, streets, villages, landmarks, poles and transformers to search by name",
)

hazard_zone = Table(
    "hazard_zone",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("districts", ARRAY(Text), nullable=False),
    Column("period", TSTZRANGE, nullable=False),
    shape("area", "POLYGON", nullable=False),
    Column("by", Text, nullable=False),
    moment("declared_at", nullable=False),
    moment("ended_at"),
    Column("ended_by", Text),
    one_of("kind", "hazard_zone_kind", "storm", "flood", "fire", "no_go"),
    Index(
        "hazard_zone_standing_ix",
        "period",
        postgresql_where=text("ended_at IS NULL"),
        postgresql_using="gist",
    ),
    comment="Storms, floods, fires and ground nobody may enter, as dispatchers declared them",
)

access_note = Table(
    "access_note",
    metadata,
    Column("usage_point_id", ForeignKey("usage_point.id", ondelete="CASCADE"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("by", Text, nullable=False),
    moment("written_at", nullable=False),
    comment="How a crew gets to a customer's place: the key, the dog, whom to call ahead",
)
