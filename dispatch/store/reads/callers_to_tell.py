"""Whom agents have to tell that supply is back, longest due first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from dispatch.store.tickets import NOBODY_TO_CALL

AGAIN_AFTER = timedelta(minutes=30)
"""Who was not reached is tried again so long after; assumed."""
GIVEN_UP_AFTER = timedelta(days=2)

TO_BE_CALLED = """
    ticket.status = 'restored' AND NOT ticket.channel = ANY(CAST(:nobody AS text[]))
    AND (CAST(:districts AS text[]) IS NULL
        OR ticket.district_id = ANY(CAST(:districts AS text[])))
"""
WAITING = "told.told_at IS NULL"
NOT_REACHED = "told.due_at > :since AND told.told_at < :tried_before AND told.power_on IS NULL"
"""Conditions on `told` and `ticket`; `asked` gives what they name."""

_LIST = """
    SELECT told.ticket_id, ticket.district_id, told.due_at, told.told_at AS tried_at,
        ticket.restored_at,
        coalesce(ticket.phone, (
            SELECT min(listed.phone) FROM usage_point_phone AS listed
            WHERE listed.usage_point_id = ticket.usage_point_id
        )) AS phone,
        coalesce(nullif(usage_point.name, ''), ticket.account, '') AS name,
        coalesce(nullif(usage_point.address, ''), ticket.address, '') AS address,
        outage.device_name,
        CASE WHEN told.held_until > :now THEN told.held_by END AS held_by,
        CASE WHEN told.held_until > :now THEN told.held_until END AS held_until
    FROM told
    JOIN ticket ON ticket.id = told.ticket_id
    LEFT JOIN usage_point ON usage_point.id = ticket.usage_point_id
    LEFT JOIN outage ON outage.id = ticket.outage_id
    WHERE {condition} AND {to_be_called}
    ORDER BY told.due_at, told.ticket_id LIMIT :most
"""
# After a storm thousands wait: an index of their own gives the first few.
_WAITING = text(_LIST.format(condition=WAITING, to_be_called=TO_BE_CALLED))
_NOT_REACHED = text(_LIST.format(condition=NOT_REACHED, to_be_called=TO_BE_CALLED))
_ONE = text(_LIST.format(condition="told.ticket_id = :ticket_id", to_be_called=TO_BE_CALLED))


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTell:
    """A caller who is to be told; `tried_at` is when nobody answered, None if not tried yet.

    `held_by` is the agent who calls now, whose call it is until `held_until`; None for nobody.
    """

    ticket_id: str
    district_id: str | None
    due_at: datetime
    tried_at: datetime | None
    restored_at: datetime | None
    phone: str | None
    name: str
    address: str
    device_name: str | None
    held_by: str | None
    held_until: datetime | None


def asked(districts: Collection[str] | None, now: datetime) -> dict[str, object]:
    """What the conditions name."""
    return {
        "nobody": [channel.value for channel in NOBODY_TO_CALL],
        "districts": None if districts is None else sorted(districts),
        "now": now,
        "since": now - GIVEN_UP_AFTER,
        "tried_before": now - AGAIN_AFTER,
    }


def callers_to_tell(
    connection: Connection, districts: Collection[str] | None, *, now: datetime, most: int
) -> Sequence[ToTell]:
    """List those to be told in `districts` (None: all); who was not reached comes last."""
    said = asked(districts, now)
    waiting = connection.execute(_WAITING, {**said, "most": most}).mappings().all()
    again = connection.execute(_NOT_REACHED, {**said, "most": most - len(waiting)})
    return [ToTell(**row) for row in (*waiting, *again.mappings())]


def find_to_tell(
    connection: Connection, ticket_id: str, districts: Collection[str] | None, *, now: datetime
) -> ToTell | None:
    """Read one of them; None for somebody who is not to be told, or not by these districts."""
    said = {**asked(districts, now), "ticket_id": ticket_id, "most": 1}
    row = connection.execute(_ONE, said).mappings().first()
    return None if row is None else ToTell(**row)
