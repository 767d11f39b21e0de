"""Tables of the electrical network, from substation to usage point."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import JSONB

from dispatch.store.tables.base import metadata, moment, one_of, shape

substation = Table(
    "substation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    shape("point", "POINT"),
)

feeder = Table(
    "feeder",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("substation_id", ForeignKey("substation.id")),
    Column("head_node", Text),
    Column("district_id", ForeignKey("district.id"), index=True),
)

device = Table(
    "device",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("feeder_id", ForeignKey("feeder.id", ondelete="CASCADE"), nullable=False),
    Column("parent_id", Text),
    Column("pre", Integer, nullable=False),
    Column("post", Integer, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("length_m", Double, nullable=False, server_default="0"),
    shape("point", "POINT"),
    UniqueConstraint("feeder_id", "pre", name="device_preorder"),
    Index("device_name_ix", "name"),
    comment="Protective devices as switched now; the subtree of one is pre <= x < post in its"
    " feeder",
)

switch = Table(
    "switch",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("from_node", Text, nullable=False),
    Column("to_node", Text, nullable=False),
    Column("phases", Text, nullable=False),
    Column("normal_open", Boolean, nullable=False),
    Column("current_open", Boolean, nullable=False),
    Column("feeder_id", ForeignKey("feeder.id", ondelete="SET NULL"), index=True),
    shape("point", "POINT"),
    Index("switch_point_ix", "point", postgresql_using="gist"),
)

line_section = Table(
    "line_section",
    metadata,
    Column("id", Text, primary_key=True),
    Column("level", Text, nullable=False),
    Column("from_node", Text, nullable=False),
    Column("to_node", Text, nullable=False),
    Column("phases", Text, nullable=False),
    Column("length_m", Double, nullable=False),
    Column("feeder_id", ForeignKey("feeder.id", ondelete="SET NULL")),
    Column("device_id", Text),
    shape("line", "LINESTRING", nullable=False),
    one_of("level", "line_section_level", "mv", "lv", "service"),
    Index("line_section_line_ix", "line", postgresql_using="gist"),
    Index("line_section_feeder_ix", "feeder_id"),
)

transformer = Table(
    "transformer",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("node", Text),
    Column("lv_node", Text),
    Column("rated_kva", Double),
    Column("phases", Text, nullable=False, server_default="ABC"),
    Column("feeder_id", ForeignKey("feeder.id", ondelete="SET NULL")),
    Column("device_id", Text),
    Column("device_pre", Integer),
    Column("district_id", ForeignKey("district.id"), index=True),
    Column("customers", Integer, nullable=False, server_default="0"),
    Column(
        "kinds",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="how many of the customers are of each known kind",
    ),
    moment("retired_at"),
    shape("point", "POINT", nullable=False),
    Index("transformer_point_ix", "point", postgresql_using="gist"),
    Index("transformer_feeder_ix", "feeder_id", "device_pre"),
)

address_text = Table(
    "address_text",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("search_text", Text, nullable=False),
    Column("area_text", Text, nullable=False, server_default=""),
    UniqueConstraint("search_text", "area_text", name="address_text_once"),
    Index(
        "address_text_search_ix",
        "search_text",
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    ),
    comment="The words by which customers and places are found, once for all neighbours",
)

usage_point = Table(
    "usage_point",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("account", Text, nullable=False, unique=True),
    Column("meter", Text, unique=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),
    Column("address_text_id", ForeignKey("address_text.id"), comment="null: cannot be searched"),
    Column("transformer_id", ForeignKey("transformer.id"), index=True),
    Column("device_id", Text, comment="the low-voltage device it hangs on, where modelled"),
    Column("district_id", ForeignKey("district.id")),
    Column("disconnected_for", Text, comment="why supply is cut on purpose, such as arrears"),
    Column("critical", Text, comment="hospital, dialysis at home, water works ..."),
    Column("kind", Text, comment="residential, commercial ...; null: not known, or none of these"),
    Column("phases", Text, comment="letters of ABC of the low-voltage network; null: not known"),
    shape("point", "POINT"),
    Index("usage_point_point_ix", "point", postgresql_using="gist"),
    Index("usage_point_address_text_ix", "address_text_id", "id"),
    Index(
        "usage_point_critical_ix",
        "transformer_id",
        postgresql_where=text("critical IS NOT NULL"),
    ),
)

usage_point_phone = Table(
    "usage_point_phone",
    metadata,
    Column("phone", Text, primary_key=True),
    Column("usage_point_id", ForeignKey("usage_point.id", ondelete="CASCADE"), primary_key=True),
    Index("usage_point_phone_usage_point_ix", "usage_point_id"),
)

network_problem = Table(
    "network_problem",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("ids", ARRAY(Text), nullable=False),
    comment="What the last trace found wrong with the loaded network",
)
