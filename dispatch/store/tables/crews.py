"""Tables of crews: where they are posted, lent and on shift."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint

from dispatch.store.tables.base import metadata, moment, one_of, shape

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
    Column("carries", ARRAY(Text), nullable=False, server_default="{}", comment="parts aboard"),
)

depot = Table(
    "depot",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("district_id", ForeignKey("district.id"), nullable=False, index=True),
    Column("stock", ARRAY(Text), nullable=False),
    shape("point", "POINT", nullable=False),
    comment="Where crews fetch the parts that they do not carry",
)

posting = Table(
    "posting",
    metadata,
    Column("crew_id", ForeignKey("crew.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Text, nullable=False),
    Column("by", Text, nullable=False),
    moment("asked_at", nullable=False),
    moment("ends_at", nullable=False),
    shape("point", "POINT", nullable=False),
    comment="Where crews were asked to stand by; the row goes when that ends",
)

lending_rule = Table(
    "lending_rule",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("from_id", ForeignKey("district.id"), nullable=False, index=True),
    Column("to_id", ForeignKey("district.id")),
    Column("most", Integer, nullable=False),
    Column("keep_free", Integer, nullable=False),
    moment("since", nullable=False),
    moment("until"),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    moment("revoked_at"),
    Column("revoked_by", Text),
    CheckConstraint("from_id <> to_id", name="lending_rule_between_two_districts"),
    CheckConstraint("most >= 1 AND keep_free >= 0", name="lending_rule_counts"),
    CheckConstraint("until IS NULL OR until > since", name="lending_rule_not_empty"),
    comment="Consent that a district gave beforehand to lend crews",
)

crew_loan = Table(
    "crew_loan",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("from_id", ForeignKey("district.id"), nullable=False),
    Column("to_id", ForeignKey("district.id"), nullable=False),
    Column("crew_id", ForeignKey("crew.id")),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    moment("asked_at", nullable=False),
    Column("asked_by", Text, nullable=False),
    moment("wanted_until"),
    Column("period", TSTZRANGE, comment="while the crew works for the borrower"),
    Column("terms", Text, nullable=False),
    moment("answered_at"),
    Column("answered_by", Text),
    Column("answered_for", Text),
    Column("rule_id", ForeignKey("lending_rule.id")),
    Column("ended_by", Text),
    Column("ended_for", Text),
    Column("version", Integer, nullable=False),
    one_of("status", "crew_loan_status", "asked", "granted", "refused", "recalled", "ended"),
    CheckConstraint("from_id <> to_id", name="loan_between_two_districts"),
    CheckConstraint(
        "status NOT IN ('granted', 'recalled') OR (crew_id IS NOT NULL AND period IS NOT NULL)",
        name="loan_granted_has_a_crew",
    ),
    ExcludeConstraint(("crew_id", "="), ("period", "&&"), name="crew_lent_once"),
    Index(
        "crew_loan_open_ix",
        *("from_id", "to_id"),
        postgresql_where=text("status IN ('asked', 'granted', 'recalled')"),
    ),
    Index("crew_loan_to_ix", "to_id", "asked_at"),
    Index("crew_loan_from_ix", "from_id", "asked_at"),
    comment="Crews that one district asked of another, lent and got back",
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

crew_rest = Table(
    "crew_rest",
    metadata,
    Column("crew_id", ForeignKey("crew.id", ondelete="CASCADE"), primary_key=True),
    Column("period", TSTZRANGE, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    comment="The break that somebody gave a crew, the last one; that of every day is its pattern's",
)

shift_pattern = Table(
    "shift_pattern",
    metadata,
    Column("crew_id", ForeignKey("crew.id", ondelete="CASCADE"), primary_key=True),
    Column("starts", Text, nullable=False, comment="HH:MM local"),
    Column("ends", Text, nullable=False, comment="HH:MM local; before `starts`: next day"),
    Column("zone", Text, nullable=False, comment="IANA time zone"),
    Column("meal", Text, comment="HH:MM local; when the meal break of every day begins"),
    Column("meal_minutes", Integer),
    CheckConstraint(
        "(meal IS NULL) = (meal_minutes IS NULL) AND coalesce(meal_minutes, 1) BETWEEN 1 AND 240",
        name="meal_has_a_length",
    ),
    comment="Every-day shifts, as most crew lists give them; equal times mean round the clock",
)
