"""Tables of orders, their steps, what crews sent, and the evidence of arrival."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dispatch.store.tables.base import REAL, metadata, moment, one_of, shape

order_number = Sequence("order_number", metadata=metadata)

trouble_order = Table(
    "trouble_order",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("district_id", ForeignKey("district.id")),
    Column("outage_id", ForeignKey("outage.id")),
    Column("incident_id", ForeignKey("incident.id")),
    Column("status", Text, nullable=False),
    Column("crew_id", ForeignKey("crew.id")),
    Column("proposed_crew_id", ForeignKey("crew.id")),
    Column("skills", ARRAY(Text), nullable=False),
    Column("hazards", ARRAY(Text), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("urged", Integer, nullable=False),
    shape("point", "POINT"),
    Column("accuracy_m", REAL),
    Column("area_class", Text, nullable=False),
    moment("received_at", nullable=False),
    moment("assigned_at"),
    moment("accepted_at"),
    moment("en_route_at"),
    moment("arrived_at"),
    moment("completed_at"),
    Column("travel_s", REAL),
    Column("travel_basis", Text),
    Column("why", ARRAY(Text), nullable=False),
    moment("hold_until"),
    Column(
        "after",
        ARRAY(BigInteger),
        nullable=False,
        server_default="{}",
        comment="orders whose work has to be done before that on this one begins",
    ),
    Column(
        "supports_id",
        ForeignKey("trouble_order.id"),
        comment="the order whose work this one's crew is the second crew of",
    ),
    Column("parts", ARRAY(Text), nullable=False, server_default="{}", comment="what it needs"),
    Column(
        "fetched",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="parts that its crew has loaded for it",
    ),
    Column("version", Integer, nullable=False),
    CheckConstraint("num_nonnulls(outage_id, incident_id) = 1", name="order_has_one_subject"),
    CheckConstraint("supports_id < id", name="order_supports_an_earlier_one"),
    one_of(
        "status",
        "trouble_order_status",
        *("awaiting_assignment", "assigned", "accepted", "en_route", "arrived"),
        *("field_complete", "cancelled"),
    ),
    CheckConstraint(
        "crew_id IS NOT NULL OR status IN ('awaiting_assignment', 'field_complete', 'cancelled')",
        name="order_under_way_has_a_crew",
    ),
    Index(
        "one_active_order_per_crew",
        "crew_id",
        unique=True,
        postgresql_where=text("status IN ('assigned', 'accepted', 'en_route', 'arrived')"),
    ),
    Index(
        "one_open_order_per_outage",
        "outage_id",
        unique=True,
        postgresql_where=text(
            "status NOT IN ('field_complete', 'cancelled') AND supports_id IS NULL"
        ),
    ),
    Index(
        "one_open_order_per_incident",
        "incident_id",
        unique=True,
        postgresql_where=text(
            "status NOT IN ('field_complete', 'cancelled') AND supports_id IS NULL"
        ),
    ),
    Index(
        "one_open_support_per_order",
        "supports_id",
        unique=True,
        postgresql_where=text("status NOT IN ('field_complete', 'cancelled')"),
    ),
    Index("trouble_order_outage_ix", "outage_id"),
    Index("trouble_order_crew_ix", "crew_id", "completed_at"),
    Index(
        "trouble_order_open_ix",
        "district_id",
        postgresql_where=text("status NOT IN ('field_complete', 'cancelled')"),
    ),
)

dispatch_step = Table(
    "dispatch_step",
    metadata,
    Column("order_id", ForeignKey("trouble_order.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    moment("at", nullable=False),
    moment("recorded_at", nullable=False),
    Column("by", Text, nullable=False),
    Column("crew_id", Text),
    Column("reason", Text),
    Column("facts", JSONB, nullable=False),
    Index(
        "dispatch_step_sent_ix",
        "crew_id",
        "at",
        postgresql_where=text("kind IN ('assigned', 'reassigned')"),
    ),
    Index(
        "dispatch_step_passed_ix",
        "at",
        postgresql_where=text(
            "kind IN ('assigned', 'reassigned', 'returned', 'awaiting_assignment', 'escalated')"
        ),
    ),
)

crew_action = Table(
    "crew_action",
    metadata,
    Column("id", Text, primary_key=True),
    Column("crew_id", ForeignKey("crew.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("order_id", BigInteger, nullable=False),
    moment("occurred_at", nullable=False),
    moment("received_at", nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("crew_action_order_ix", "order_id"),
    comment="What a crew's phone sent, once, and what became of it",
)

missed_check_in = Table(
    "missed_check_in",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("order_id", ForeignKey("trouble_order.id"), nullable=False),
    Column("crew_id", ForeignKey("crew.id"), nullable=False),
    Column("district_id", ForeignKey("district.id")),
    moment("last_sign_at", nullable=False),
    moment("due_at", nullable=False),
    moment("raised_at", nullable=False),
    moment("heard_at"),
    moment("acknowledged_at"),
    Column("acknowledged_by", Text),
    Column("note", Text),
    UniqueConstraint("order_id", "crew_id", "due_at", name="each_check_in_missed_once"),
    Index(
        "missed_check_in_open_ix",
        "raised_at",
        postgresql_where=text("heard_at IS NULL AND acknowledged_at IS NULL"),
    ),
    Index("missed_check_in_unheard_ix", "id", postgresql_where=text("heard_at IS NULL")),
    comment="A crew at its site that did not say in time that all is well, and who looked after it",
)

photo = Table(
    "photo",
    metadata,
    Column("id", Text, primary_key=True),
    Column("order_id", ForeignKey("trouble_order.id"), nullable=False),
    Column("crew_id", ForeignKey("crew.id"), nullable=False),
    moment("taken_at", nullable=False),
    moment("begun_at", nullable=False),
    moment("finished_at"),
    Column(
        "bytes", Integer, nullable=False, comment="how many it has, or will have once it is here"
    ),
    Column("width", Integer),
    Column("height", Integer),
    Column("content", LargeBinary, nullable=False, comment="what has come so far, JPEG"),
    Index("photo_order_ix", "order_id", "taken_at"),
    Index("photo_unfinished_ix", "begun_at", postgresql_where=text("finished_at IS NULL")),
    comment="Photographs that crews took; read apart from everything else of the order",
)

arrival = Table(
    "arrival",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("order_id", ForeignKey("trouble_order.id"), nullable=False),
    Column("crew_id", ForeignKey("crew.id"), nullable=False),
    moment("sent_at", nullable=False),
    Column("verdict", Text, nullable=False),
    moment("earliest"),
    moment("latest"),
    moment("claimed_at"),
    Column("reasons", ARRAY(Text), nullable=False),
    moment("judged_at", nullable=False),
    one_of("verdict", "arrival_verdict", "confirmed", "claimed_only", "contradicted", "withdrawn"),
    Index("arrival_order_ix", "order_id", "crew_id", "id"),
    comment="Every judgement of an arrival, of each time that a crew was sent the newest counts",
)

order_eta = Table(
    "order_eta",
    metadata,
    Column("order_id", ForeignKey("trouble_order.id", ondelete="CASCADE"), primary_key=True),
    Column("crew_id", ForeignKey("crew.id"), nullable=False),
    moment("fixed_at", nullable=False),
    Column("travel_s", REAL, comment="NULL where no open road leads"),
    Column("basis", Text, nullable=False),
    postgresql_with={"fillfactor": 50},
    comment="When crews on their way are expected at the door, by their last position",
)
