"""What a dispatcher needs to correct the grouping: outages near by, and what can be taken back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import OutageId, TicketId
from dispatch.store.reads.visible import listed, visible

NEAR_DEGREES = 0.03
MOST_NEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class NearOutage:
    """Another open outage: with the same device, on the same feeder, or within some 3 km."""

    id: OutageId
    version: int
    status: OutageStatus
    device_kind: str
    device_name: str
    started_at: datetime
    same_feeder: bool
    same_device: bool
    distance_m: float
    reports: int
    crew_on_its_way: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """The newest merge: `outage_id` ended as a part of this one, `tickets` came from it."""

    outage_id: OutageId
    device_name: str
    at: datetime
    by: str
    tickets: tuple[TicketId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOff:
    """The newest split by a person: `outage_id` was opened for the tickets that left."""

    outage_id: OutageId
    device_name: str
    at: datetime
    by: str


_NEAR = text(
    f"""
    SELECT other.id, other.version, other.status, other.device_kind, other.device_name,
        other.started_at, coalesce(other.feeder_id = mine.feeder_id, false) AS same_feeder,
        coalesce(other.device_id = mine.device_id, false) AS same_device,
        ST_DistanceSphere(other.point, mine.point) AS distance_m,
        (
            SELECT count(*) FROM ticket
            WHERE ticket.outage_id = other.id AND ticket.disposition <> 'enquiry'
        ) AS reports,
        EXISTS (
            SELECT FROM trouble_order
            WHERE trouble_order.outage_id = other.id
                AND trouble_order.status IN ('accepted', 'en_route', 'arrived')
        ) AS crew_on_its_way
    FROM outage AS mine JOIN outage AS other ON other.id <> mine.id
        AND other.status <> 'closed' AND other.status <> 'restored'
        AND (
            other.feeder_id = mine.feeder_id
            OR other.point && ST_Expand(mine.point, :reach)
            OR other.device_id = mine.device_id
        )
    WHERE mine.id = :id AND {visible("other")}
    ORDER BY same_device DESC, same_feeder DESC, distance_m, other.id LIMIT :most
    """  # noqa: S608 (constants)
)
# Every caller that came with the part and is still here; those who called since are not among them.
_TAKEN_IN = text(
    """
    SELECT part.id AS outage_id, part.device_name, part.closed_at AS at,
        coalesce(
            (
                SELECT event.actor FROM event
                WHERE event.stream = 'outage:' || part.id AND event.kind = 'outage.merged'
                ORDER BY event.id DESC LIMIT 1
            ),
            ''
        ) AS by,
        array_agg(DISTINCT ticket.id ORDER BY ticket.id) AS tickets
    FROM ticket
    JOIN attachment ON attachment.ticket_id = ticket.id AND attachment.detached_at IS NOT NULL
    JOIN outage AS part ON part.id = attachment.outage_id AND part.merged_into_id = :id
    WHERE ticket.outage_id = :id AND ticket.status <> 'closed'
        AND attachment.detached_at = part.closed_at
    GROUP BY part.id
    ORDER BY part.closed_at DESC, part.id DESC LIMIT 1
    """
)
_STAYING = text(
    """
    SELECT count(*) FROM ticket
    WHERE outage_id = :id AND status <> 'closed' AND NOT (id = ANY(:leaving))
    """
)
_SPLIT_OFF = text(
    """
    SELECT apart.id AS outage_id, apart.device_name, event.at, event.actor AS by
    FROM event JOIN outage AS apart ON apart.id = CAST(event.body ->> 'into' AS bigint)
    WHERE event.stream = :stream AND event.kind = 'outage.split' AND apart.status = 'predicted'
    ORDER BY event.id DESC LIMIT 1
    """
)


def near_outages(
    connection: Connection, outage_id: OutageId, districts: Collection[str] | None
) -> list[NearOutage]:
    """List the other open outages that may be the same fault, at most twelve.

    Those of the same feeder come first, then the nearest; empty if there is none.
    """
    values = {
        "id": outage_id,
        "reach": NEAR_DEGREES,
        "most": MOST_NEAR,
        "districts": listed(districts),
    }
    return [_near(row) for row in connection.execute(_NEAR, values).mappings()]


def last_merge(connection: Connection, outage_id: OutageId) -> TakenIn | None:
    """The newest merge into an outage that a split would undo; None where nobody would stay."""
    row = connection.execute(_TAKEN_IN, {"id": outage_id}).mappings().one_or_none()
    if row is None:
        return None
    staying = connection.scalar(_STAYING, {"id": outage_id, "leaving": list(row["tickets"])})
    if not staying:
        return None
    return TakenIn(**{**row, "tickets": tuple(TicketId(each) for each in row["tickets"])})


def last_split(connection: Connection, outage_id: OutageId) -> SplitOff | None:
    """The newest split of an outage that a merge would undo: what left is a prediction still."""
    row = connection.execute(_SPLIT_OFF, {"stream": f"outage:{outage_id}"}).mappings()
    found = row.one_or_none()
    return None if found is None else SplitOff(**found)


def _near(row: RowMapping) -> NearOutage:
    return NearOutage(**{**row, "id": OutageId(row["id"]), "status": OutageStatus(row["status"])})
