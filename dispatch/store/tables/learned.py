"""Tables of what is learned, version by version, and of suspected links."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dispatch.store.tables.base import metadata, moment, one_of


def _versions(name: str, *learned: Column[Any], comment: str) -> Table:
    """A table of what was learned of some past, one row for each time; append-only."""
    return Table(
        f"{name}_version",
        metadata,
        Column("version", Integer, Identity(start=2), primary_key=True),
        moment("made_at", nullable=False),
        Column("made_by", Text, nullable=False),
        Column("reason", Text, nullable=False),
        moment("since", nullable=False),
        moment("until", nullable=False),
        *learned,
        comment=comment,
    )


def _in_force(name: str, *, shipped: str, comment: str) -> Table:
    """A table of which of the versions was put into force when; append-only."""
    return Table(
        f"{name}_in_force",
        metadata,
        Column("id", BigInteger, Identity(), primary_key=True),
        Column("version", ForeignKey(f"{name}_version.version"), comment=f"null: {shipped}"),
        moment("from_at", nullable=False),
        Column("by", Text, nullable=False),
        Column("reason", Text, nullable=False),
        comment=comment,
    )


rates_version = _versions(
    "rates",
    Column("outages", Integer, nullable=False),
    Column("company", JSONB, nullable=False, comment="rates where a district has none"),
    Column("districts", JSONB, nullable=False, comment="rates by district"),
    Column("estimates", JSONB, nullable=False, comment="what each number rests on"),
    comment="Rates re-estimated from closed outages; append-only. Version 1 is what was shipped",
)

rates_in_force = _in_force(
    "rates",
    shipped="as shipped",
    comment="Which rates were put into force when; append-only, the last row counts",
)

speeds_version = _versions(
    "speeds",
    Column("zone", Text, nullable=False, comment="of the hours, IANA"),
    Column("runs", Integer, nullable=False),
    Column("cells", JSONB, nullable=False, comment="factors on the planned speed, class by hour"),
    comment="Driving speeds learned from tracks; append-only. Version 1 is what was shipped",
)

speeds_in_force = _in_force(
    "speeds",
    shipped="as shipped",
    comment="Which speeds were put into force when; append-only, the last row counts",
)

forecast_version = _versions(
    "forecast",
    Column("repairs", Integer, nullable=False),
    Column("model", JSONB, nullable=False, comment="numbers and words, nothing that is run"),
    Column("report", JSONB, nullable=False, comment="how it did on weeks it had not seen"),
    comment="Waits for crews and supply, learned; append-only. Version 1 is the shipped table",
)

forecast_in_force = _in_force(
    "forecast",
    shipped="the table",
    comment="Which forecasts were put into force when; append-only, the last row counts",
)

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
