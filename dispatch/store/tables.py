"""Every table that the house shares: what the power system is, who works on it, who may call.

What happens from report to restoration stands in `operations.py`; both fill one `metadata`.
Coordinates are EPSG:4326 (lon, lat), times are `timestamptz`.
"""

from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

SRID = 4326

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_ix",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(constraint_name)s",
    }
)


def moment(name: str, *, nullable: bool = True) -> Column[object]:
    """A column that holds a time with its zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def shape(name: str, kind: str, *, nullable: bool = True) -> Column[object]:
    """A geometry column; its GiST index is declared by the table."""
    return Column(name, Geometry(kind, srid=SRID, spatial_index=False), nullable=nullable)


def one_of(column: str, name: str, *values: str) -> CheckConstraint:
    """A check that `column` holds one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


# Territory ---------------------------------------------------------------------------------

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

# The electrical network --------------------------------------------------------------------

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
    shape("point", "POINT"),
    Index("usage_point_point_ix", "point", postgresql_using="gist"),
    Index("usage_point_address_text_ix", "address_text_id", "id"),
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

# Places and roads ----------------------------------------------------------------------------

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

# Who may -------------------------------------------------------------------------------------

user_account = Table(
    "user_account",
    metadata,
    Column("login", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("districts", ARRAY(Text), nullable=False, comment="empty: every district"),
    Column("crew_id", Text),
    moment("disabled_at"),
    one_of(
        "role",
        "user_account_role",
        *("agent", "dispatcher", "crew", "supervisor", "integration", "admin"),
    ),
)

access_token = Table(
    "access_token",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="SHA-256 of the secret"),
    Column("label", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("districts", ARRAY(Text), nullable=False, comment="empty: every district"),
    Column("crew_id", Text),
    Column("login", ForeignKey("user_account.login", ondelete="CASCADE")),
    moment("created_at", nullable=False),
    moment("expires_at"),
    moment("revoked_at"),
    one_of("kind", "access_token_kind", "token", "session"),
)

rule_set = Table(
    "rule_set",
    metadata,
    Column("version", Integer, Identity(), primary_key=True),
    moment("valid_from", nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("rules", JSONB, nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    comment="Commitments as data; the set in force is the newest whose valid_from has passed",
)

# What inference assumes ------------------------------------------------------------------------

rates_version = Table(
    "rates_version",
    metadata,
    Column("version", Integer, Identity(start=2), primary_key=True),
    moment("made_at", nullable=False),
    Column("made_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    moment("since", nullable=False),
    moment("until", nullable=False),
    Column("outages", Integer, nullable=False),
    Column("company", JSONB, nullable=False, comment="rates where a district has none"),
    Column("districts", JSONB, nullable=False, comment="rates by district"),
    Column("estimates", JSONB, nullable=False, comment="what each number rests on"),
    comment="Rates re-estimated from closed outages; append-only. Version 1 is what was shipped",
)

rates_in_force = Table(
    "rates_in_force",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("version", ForeignKey("rates_version.version"), comment="null: as shipped"),
    moment("from_at", nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    comment="Which rates were put into force when; append-only, the last row counts",
)

# Who hangs where ------------------------------------------------------------------------------

link_look = Table(
    "link_look",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    moment("made_at", nullable=False),
    moment("since", nullable=False),
    moment("until", nullable=False),
    Column("judged", Integer, nullable=False),
    Column("rates_version", Integer, nullable=False),
    Column("by", Text, nullable=False),
    comment="When suspected links were worked out, of which time and by which rates",
)

link_decision = Table(
    "link_decision",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("usage_point_id", ForeignKey("usage_point.id", ondelete="CASCADE"), nullable=False),
    Column("account", Text, nullable=False),
    Column("transformer_id", Text, nullable=False),
    Column("candidate_id", Text, nullable=False),
    Column("district_id", ForeignKey("district.id")),
    Column("verdict", Text, nullable=False),
    Column("probability", Double, nullable=False),
    Column("outages", Integer, nullable=False),
    moment("at", nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    moment("undone_at"),
    Column("undone_by", Text),
    Column("undone_for", Text),
    one_of("verdict", "link_decision_verdict", "corrected", "dismissed"),
    Index("link_decision_usage_point_ix", "usage_point_id"),
    Index("link_decision_at_ix", "at"),
    comment="What a person made of a suspected link; taken back, never removed",
)

suspected_link = Table(
    "suspected_link",
    metadata,
    Column("usage_point_id", ForeignKey("usage_point.id", ondelete="CASCADE"), primary_key=True),
    Column("account", Text, nullable=False),
    Column("transformer_id", Text, nullable=False),
    Column("candidate_id", Text, nullable=False),
    Column("district_id", ForeignKey("district.id")),
    Column("probability", Double, nullable=False),
    Column("of_candidate", Double, nullable=False),
    Column("outages", Integer, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("decision_id", ForeignKey("link_decision.id")),
    Index(
        "suspected_link_open_ix",
        text("probability DESC"),
        "account",
        postgresql_where=text("decision_id IS NULL"),
    ),
    comment="Customers who seem to hang on another transformer, as last worked out",
)
