"""The tables of what happens: tickets, outages, orders, crews, clocks, interruptions, events."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint

from dispatch.store.tables import metadata, moment, one_of, shape

REAL: Double[float] = Double()

outage_number = Sequence("outage_number", metadata=metadata)
order_number = Sequence("order_number", metadata=metadata)
incident_number = Sequence("incident_number", metadata=metadata)
planned_number = Sequence("planned_number", metadata=metadata)
proposal_number = Sequence("proposal_number", metadata=metadata)

# Outages -------------------------------------------------------------------------------------

planned_outage = Table(
    "planned_outage",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("district_id", ForeignKey("district.id"), nullable=False, index=True),
    Column("feeder_id", ForeignKey("feeder.id")),
    Column("reason", Text, nullable=False),
    moment("starts_at", nullable=False),
    moment("ends_at", nullable=False),
    moment("notified_at"),
    moment("cancelled_at"),
    moment("ended_at"),
    moment("overdue_at"),
    Column("version", Integer, nullable=False),
    CheckConstraint("ends_at > starts_at", name="planned_outage_ends_after_start"),
    Index(
        "planned_outage_watched_ix",
        "ends_at",
        postgresql_where=text("cancelled_at IS NULL AND ended_at IS NULL AND overdue_at IS NULL"),
    ),
)

planned_outage_transformer = Table(
    "planned_outage_transformer",
    metadata,
    Column(
        "planned_outage_id", ForeignKey("planned_outage.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("transformer_id", ForeignKey("transformer.id"), primary_key=True),
    Index("planned_outage_transformer_ix", "transformer_id"),
)

outage = Table(
    "outage",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("district_id", ForeignKey("district.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("feeder_id", ForeignKey("feeder.id")),
    Column("device_id", Text),
    Column("device_kind", Text, nullable=False),
    Column("device_name", Text, nullable=False),
    shape("point", "POINT", nullable=False),
    Column("accuracy_m", REAL, nullable=False),
    Column("area_class", Text, nullable=False),
    moment("started_at", nullable=False),
    moment("opened_at", nullable=False),
    moment("confirmed_at"),
    moment("restored_at"),
    moment("closed_at"),
    Column("cause", Text),
    Column("close_reason", Text),
    Column("parent_id", ForeignKey("outage.id")),
    Column("merged_into_id", ForeignKey("outage.id")),
    moment("etr_at"),
    Column("etr_source", Text),
    Column("etr_confidence", Text),
    Column("prediction", JSONB),
    Column("version", Integer, nullable=False),
    one_of(
        "status",
        "outage_status",
        *("predicted", "confirmed", "partially_restored", "restored", "closed"),
    ),
    one_of("level", "outage_level", "feeder_model", "transformer", "points"),
    Index("outage_open_ix", "district_id", postgresql_where=text("status <> 'closed'")),
    Index("outage_opened_ix", "district_id", "opened_at"),
    Index("outage_feeder_ix", "feeder_id", postgresql_where=text("status <> 'closed'")),
    Index("outage_point_ix", "point", postgresql_using="gist"),
    Index("outage_parent_ix", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
)

outage_transformer = Table(
    "outage_transformer",
    metadata,
    Column("outage_id", ForeignKey("outage.id"), primary_key=True),
    Column("transformer_id", ForeignKey("transformer.id"), primary_key=True),
    moment("out_from", nullable=False),
    moment("restored_at"),
    Index(
        "one_open_outage_per_transformer",
        "transformer_id",
        unique=True,
        postgresql_where=text("restored_at IS NULL"),
    ),
    Index("outage_transformer_recent_ix", "transformer_id", "restored_at"),
    CheckConstraint(
        "restored_at IS NULL OR restored_at >= out_from",
        name="outage_transformer_restored_after_out",
    ),
)

notice = Table(
    "notice",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("outage_id", ForeignKey("outage.id"), nullable=False),
    Column("district_id", ForeignKey("district.id"), nullable=False),
    Column("transformers", ARRAY(Text), nullable=False, comment="whom it covers"),
    Column("facts", JSONB, nullable=False, comment="what it states besides"),
    moment("say_by", nullable=False),
    moment("released_at", nullable=False),
    Column("released_by", Text, nullable=False),
    moment("withdrawn_at"),
    Column("withdrawn_by", Text),
    Column("withdrawn_for", Text),
    Column("version", Integer, nullable=False),
    Index(
        "one_notice_out_per_outage",
        "outage_id",
        unique=True,
        postgresql_where=text("withdrawn_at IS NULL"),
    ),
    Index("notice_outage_ix", "outage_id"),
    Index("notice_released_ix", "released_at"),
    CheckConstraint(
        "withdrawn_at IS NULL OR withdrawn_at >= released_at",
        name="notice_withdrawn_after_release",
    ),
    comment="What the public was told of an outage; it answers callers while the outage is open",
)

notice_answer = Table(
    "notice_answer",
    metadata,
    Column("notice_id", ForeignKey("notice.id"), primary_key=True),
    Column("how", Text, primary_key=True),
    Column("key", Text, primary_key=True, comment="what counts once: a ticket, or a customer"),
    Column("usage_point_id", ForeignKey("usage_point.id"), nullable=False),
    moment("at", nullable=False),
    one_of("how", "notice_answer_how", "question", "attached", "repeat"),
    Index("notice_answer_key_ix", "key"),
    comment="Who was answered from a notice; each is counted, nothing is estimated",
)

outage_usage_point = Table(
    "outage_usage_point",
    metadata,
    Column("outage_id", ForeignKey("outage.id"), primary_key=True),
    Column("usage_point_id", ForeignKey("usage_point.id"), primary_key=True),
    moment("out_from", nullable=False),
    moment("restored_at"),
    Index(
        "one_open_outage_per_usage_point",
        "usage_point_id",
        unique=True,
        postgresql_where=text("restored_at IS NULL"),
    ),
    Index("outage_usage_point_recent_ix", "usage_point_id", "restored_at"),
    CheckConstraint(
        "restored_at IS NULL OR restored_at >= out_from",
        name="outage_usage_point_restored_after_out",
    ),
    comment="Single homes: an outage of one service, or what is left out after a restoration",
)

interruption = Table(
    "interruption",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("usage_point_id", ForeignKey("usage_point.id"), nullable=False),
    Column("outage_id", ForeignKey("outage.id")),
    Column("planned_outage_id", ForeignKey("planned_outage.id")),
    Column("district_id", ForeignKey("district.id")),
    Column("period", TSTZRANGE, nullable=False),
    ExcludeConstraint(
        ("usage_point_id", "="), ("period", "&&"), name="interruptions_never_overlap"
    ),
    CheckConstraint("NOT isempty(period)", name="interruption_not_empty"),
    CheckConstraint(
        "num_nonnulls(outage_id, planned_outage_id) = 1", name="interruption_has_one_cause"
    ),
    Index("interruption_outage_ix", "outage_id"),
)

# Tickets -------------------------------------------------------------------------------------

ticket = Table(
    "ticket",
    metadata,
    Column("id", Text, primary_key=True),
    Column("district_id", ForeignKey("district.id")),
    Column("channel", Text, nullable=False),
    Column("account", Text),
    Column("phone", Text),
    Column("meter", Text),
    Column("address", Text),
    Column("description", Text, nullable=False),
    Column("hazards", ARRAY(Text), nullable=False),
    Column("symptoms", ARRAY(Text), nullable=False),
    Column("multiple_premises", Boolean),
    moment("received_at", nullable=False),
    moment("recorded_at", nullable=False),
    Column("usage_point_id", ForeignKey("usage_point.id")),
    Column("transformer_id", ForeignKey("transformer.id")),
    Column("feeder_id", ForeignKey("feeder.id")),
    shape("point", "POINT"),
    Column("accuracy_m", REAL),
    Column("found_by", Text, nullable=False),
    Column("area_class", Text, nullable=False),
    Column("area_version", Integer),
    Column("area_covered", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("disposition", Text, nullable=False),
    Column("outage_id", ForeignKey("outage.id")),
    Column("planned_outage_id", ForeignKey("planned_outage.id")),
    Column("repeats_id", ForeignKey("ticket.id")),
    Column("urged", Integer, nullable=False, server_default="0"),
    moment("restored_at"),
    moment("closed_at"),
    Column("version", Integer, nullable=False),
    one_of("status", "ticket_status", "open", "restored", "closed"),
    one_of(
        "disposition",
        "ticket_disposition",
        *("attached", "new_outage", "incident", "planned", "enquiry", "unlocated"),
    ),
    Index("ticket_outage_ix", "outage_id"),
    Index("ticket_feeder_open_ix", "feeder_id", postgresql_where=text("status = 'open'")),
    Index("ticket_usage_point_ix", "usage_point_id", "received_at"),
    Index("ticket_phone_ix", "phone", "received_at"),
    Index("ticket_transformer_ix", "transformer_id", "received_at"),
    Index("ticket_point_ix", "point", postgresql_using="gist"),
    Index("ticket_planned_ix", "planned_outage_id"),
    Index("ticket_repeats_ix", "repeats_id", postgresql_where=text("repeats_id IS NOT NULL")),
    Index(
        "ticket_unlocated_ix",
        "received_at",
        postgresql_where=text("disposition = 'unlocated' AND status = 'open'"),
    ),
)

attachment = Table(
    "attachment",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False),
    Column("outage_id", ForeignKey("outage.id"), nullable=False),
    Column("probability", REAL, nullable=False),
    Column("basis", Text, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("by", Text, nullable=False),
    moment("at", nullable=False),
    moment("detached_at"),
    Column("detached_by", Text),
    Column("detached_reason", Text),
    CheckConstraint("probability BETWEEN 0 AND 1", name="attachment_probability"),
    Index(
        "one_outage_per_ticket",
        "ticket_id",
        unique=True,
        postgresql_where=text("detached_at IS NULL"),
    ),
    Index("attachment_outage_ix", "outage_id"),
    Index("attachment_ticket_ix", "ticket_id"),
)

split_proposal = Table(
    "split_proposal",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("outage_id", ForeignKey("outage.id"), nullable=False),
    Column("district_id", ForeignKey("district.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("place", Text, nullable=False, comment="the device, or the home, as one word"),
    Column("device_id", Text),
    Column("device_kind", Text, nullable=False),
    Column("device_name", Text, nullable=False),
    Column("usage_point_id", ForeignKey("usage_point.id")),
    shape("point", "POINT", nullable=False),
    Column("probability", REAL, nullable=False),
    Column("tickets", ARRAY(Text), nullable=False),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("hazards", ARRAY(Text), nullable=False),
    Column("critical", Boolean, nullable=False),
    moment("proposed_at", nullable=False),
    moment("decided_at"),
    Column("decided_by", Text),
    Column("decided_for", Text),
    Column("into_id", ForeignKey("outage.id")),
    Column("version", Integer, nullable=False),
    one_of("status", "split_proposal_status", "open", "accepted", "dismissed", "withdrawn"),
    CheckConstraint("probability BETWEEN 0 AND 1", name="split_proposal_probability"),
    Index(
        "one_open_proposal_per_place",
        *("outage_id", "place"),
        unique=True,
        postgresql_where=text("status = 'open'"),
    ),
    Index("split_proposal_outage_ix", "outage_id"),
    Index("split_proposal_open_ix", "district_id", postgresql_where=text("status = 'open'")),
    comment="Reports of a confirmed outage behind which another fault seems to hide",
)

incident = Table(
    "incident",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False, unique=True),
    Column("district_id", ForeignKey("district.id")),
    Column("kind", Text, nullable=False),
    Column("hazards", ARRAY(Text), nullable=False),
    Column("status", Text, nullable=False),
    shape("point", "POINT"),
    Column("accuracy_m", REAL),
    Column("area_class", Text, nullable=False),
    moment("received_at", nullable=False),
    moment("closed_at"),
    Column("close_reason", Text),
    Column("version", Integer, nullable=False),
    one_of("status", "incident_status", "open", "closed"),
    Index("incident_open_ix", "district_id", postgresql_where=text("status = 'open'")),
)

feeder_news = Table(
    "feeder_news",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("feeder_id", ForeignKey("feeder.id"), index=True),
    Column("district_id", ForeignKey("district.id"), index=True),
    moment("at", nullable=False),
    CheckConstraint("num_nonnulls(feeder_id, district_id) = 1", name="feeder_news_of_one_place"),
    comment="Feeders, or districts where none is known, that grouping has to look at, once for each"
    " report; it takes them away first",
)

told = Table(
    "told",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    moment("due_at", nullable=False),
    moment("told_at"),
    Column("by", Text),
    Column("power_on", Boolean),
    Column("satisfied", Boolean),
    Column("note", Text),
    Index("told_waiting_ix", "due_at", postgresql_where=text("told_at IS NULL")),
    comment="Every caller who is to be told that supply is back, and what they answered",
)

# Crews and orders ----------------------------------------------------------------------------

crew = Table(
    "crew",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("district_id", ForeignKey("district.id"), nullable=False, index=True),
    Column("skills", ARRAY(Text), nullable=False),
    Column("members", Text, nullable=False, server_default=""),
    Column("phone", Text, nullable=False, server_default=""),
    Column("vehicle", Text, nullable=False, server_default=""),
    shape("base", "POINT", nullable=False),
    moment("retired_at"),
)

shift = Table(
    "shift",
    metadata,
    Column("crew_id", ForeignKey("crew.id", ondelete="CASCADE"), nullable=False),
    Column("period", TSTZRANGE, nullable=False),
    PrimaryKeyConstraint("crew_id", "period"),
    ExcludeConstraint(("crew_id", "="), ("period", "&&"), name="shifts_never_overlap"),
    comment="Single shifts by date",
)

shift_pattern = Table(
    "shift_pattern",
    metadata,
    Column("crew_id", ForeignKey("crew.id", ondelete="CASCADE"), primary_key=True),
    Column("starts", Text, nullable=False, comment="HH:MM local"),
    Column("ends", Text, nullable=False, comment="HH:MM local; before `starts`: next day"),
    Column("zone", Text, nullable=False, comment="IANA time zone"),
    comment="Every-day shifts, as most crew lists give them; equal times mean round the clock",
)


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
    Column("version", Integer, nullable=False),
    CheckConstraint("num_nonnulls(outage_id, incident_id) = 1", name="order_has_one_subject"),
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
        postgresql_where=text("status NOT IN ('field_complete', 'cancelled')"),
    ),
    Index(
        "one_open_order_per_incident",
        "incident_id",
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

arrival = Table(
    "arrival",
    metadata,
    Column("order_id", ForeignKey("trouble_order.id"), primary_key=True),
    Column("crew_id", ForeignKey("crew.id"), primary_key=True),
    Column("verdict", Text, nullable=False),
    moment("earliest"),
    moment("latest"),
    moment("claimed_at"),
    Column("reasons", ARRAY(Text), nullable=False),
    moment("judged_at", nullable=False),
    one_of("verdict", "arrival_verdict", "confirmed", "claimed_only", "contradicted"),
)

# Clocks --------------------------------------------------------------------------------------

clock = Table(
    "clock",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("district_id", ForeignKey("district.id")),
    Column("rule_id", Text, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("ticket_id", ForeignKey("ticket.id")),
    Column("order_id", ForeignKey("trouble_order.id")),
    Column("area_class", Text, nullable=False),
    Column("started_from", Text, nullable=False),
    moment("started_at", nullable=False),
    moment("due_at", nullable=False),
    Column("warned", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    moment("stopped_earliest"),
    moment("stopped_latest"),
    moment("judged_at"),
    Column("judged_by", Text),
    CheckConstraint("num_nonnulls(ticket_id, order_id) = 1", name="clock_has_one_subject"),
    UniqueConstraint("rule_id", "ticket_id", name="one_clock_per_rule_and_ticket"),
    UniqueConstraint("rule_id", "order_id", name="one_clock_per_rule_and_order"),
    one_of("verdict", "clock_verdict", "running", "kept", "missed", "cannot_say", "void"),
    Index("clock_running_ix", "due_at", postgresql_where=text("verdict = 'running'")),
    Index("clock_ticket_ix", "ticket_id"),
    Index("clock_order_ix", "order_id"),
)

# What meters and switchgear say ----------------------------------------------------------------

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
    moment("at", nullable=False),
    moment("received_at", nullable=False),
    Column("source", Text, nullable=False),
    Column("by", Text, nullable=False),
    one_of("source", "device_sighting_source", "scada", "crew", "dispatcher"),
    Index("device_sighting_feeder_ix", "feeder_id", "at"),
    Index("device_sighting_device_ix", "device_id", "at"),
    comment="Who saw which device open or closed, once for each id of the sender",
)

# Roads in the field --------------------------------------------------------------------------

road_closure = Table(
    "road_closure",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("district_id", ForeignKey("district.id")),
    Column("reason", Text, nullable=False),
    Column("period", TSTZRANGE, nullable=False),
    Column("by", Text, nullable=False),
    shape("line", "LINESTRING", nullable=False),
    moment("lifted_at"),
)

# The journal ---------------------------------------------------------------------------------

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
