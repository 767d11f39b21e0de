"""How arrivals were judged: every judgement of an order, its track, and claims under doubt."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from dispatch.domain.arrival import ArrivalEvidence
from dispatch.domain.crew import PositionFix
from dispatch.domain.order import TroubleOrder
from dispatch.domain.words import CrewId, DistrictId, OrderId
from dispatch.store.crews import PgCrews
from dispatch.store.orders import arrival_evidence
from dispatch.store.reads.place_names import WHERE
from dispatch.store.reads.visible import listed, visible

AROUND = timedelta(minutes=15)
MOST_FIXES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedArrival:
    """One judgement: of which crew, when it was made, and what it said."""

    crew_id: CrewId
    crew_name: str
    judged_at: datetime
    evidence: ArrivalEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtedArrival:
    """An open order whose track contradicts its crew; `stands` where the crew was asked."""

    order_id: OrderId
    district_id: DistrictId | None
    opens: str
    title: str
    crew_name: str
    claimed_at: datetime
    reason: str
    stands: bool


_OF_ORDER = text(
    """
    SELECT arrival.*, crew.name AS crew_name
    FROM arrival JOIN crew ON crew.id = arrival.crew_id
    WHERE order_id = :id ORDER BY arrival.id DESC
    """
)
_DOUBTED = text(
    f"""
    SELECT sent.id AS order_id, sent.district_id, crew.name AS crew_name, newest.claimed_at,
        coalesce(newest.reasons[1], '') AS reason,
        coalesce('outage-' || sent.outage_id, 'incident-' || sent.incident_id) AS opens,
        {WHERE} AS title,
        EXISTS (
            SELECT FROM crew_action
            WHERE crew_action.order_id = sent.id AND crew_action.crew_id = sent.crew_id
                AND crew_action.kind = 'arrival_stands' AND crew_action.outcome = 'applied'
                AND crew_action.occurred_at >= newest.claimed_at
        ) AS stands
    FROM trouble_order AS sent
    JOIN crew ON crew.id = sent.crew_id
    LEFT JOIN outage ON outage.id = sent.outage_id
    LEFT JOIN incident ON incident.id = sent.incident_id
    LEFT JOIN ticket ON ticket.id = incident.ticket_id
    CROSS JOIN LATERAL (
        SELECT * FROM arrival
        WHERE arrival.order_id = sent.id AND arrival.crew_id = sent.crew_id
            AND arrival.sent_at = sent.assigned_at
        ORDER BY arrival.id DESC LIMIT 1
    ) AS newest
    WHERE sent.status NOT IN ('field_complete', 'cancelled')
        AND newest.verdict = 'contradicted' AND {visible("sent")}
    ORDER BY newest.claimed_at, sent.id
    """  # noqa: S608 (constants)
)
_ASKED = text(
    """
    SELECT EXISTS (
        SELECT FROM crew_action
        WHERE order_id = :order_id AND crew_id = :crew_id AND outcome = 'applied'
            AND kind = 'arrival_stands' AND occurred_at >= :claimed_at
    )
    """
)


def of_order(connection: Connection, order_id: OrderId) -> list[JudgedArrival]:
    """List every judgement of an order's arrivals, the newest first."""
    rows = connection.execute(_OF_ORDER, {"id": order_id}).mappings()
    return [
        JudgedArrival(
            crew_id=CrewId(row["crew_id"]),
            crew_name=row["crew_name"],
            judged_at=row["judged_at"],
            evidence=arrival_evidence(row),
        )
        for row in rows
    ]


def doubted(connection: Connection, districts: Collection[str] | None) -> list[DoubtedArrival]:
    """List claims that the track contradicts and that nobody has settled, oldest first."""
    rows = connection.execute(_DOUBTED, {"districts": listed(districts)}).mappings()
    return [DoubtedArrival(**row) for row in rows]


def has_answered(connection: Connection, order: TroubleOrder, claimed_at: datetime) -> bool:
    """Whether the crew was asked about its claim of that time, and said that it stands."""
    asked = {"order_id": order.id, "crew_id": order.crew_id, "claimed_at": claimed_at}
    return bool(connection.scalar(_ASKED, asked))


def track_of(connection: Connection, judged: JudgedArrival) -> Sequence[PositionFix]:
    """The crew's fixes around an arrival, at most the first few hundred; empty without any."""
    evidence = judged.evidence
    about = [at for at in (evidence.earliest, evidence.latest, evidence.claimed_at) if at]
    if not about:
        return ()
    crews = PgCrews(connection)
    return crews.list_fixes(judged.crew_id, min(about) - AROUND, max(about) + AROUND)[:MOST_FIXES]
