"""Crews at work on a site: when they last gave a sign, and the words that did not come."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects.postgresql import insert

from dispatch.domain.safety import AtWork, MissedCheckIn
from dispatch.domain.words import CrewId, OrderId
from dispatch.errors import NotFound
from dispatch.store.direct import Row
from dispatch.store.tables.orders import missed_check_in as t

# A sign is what somebody pressed: a position comes from the phone of a man who lies on the ground
# as well. A phone's clock may run ahead, so nothing counts as later than we heard of it. Crews
# that have pressed nothing for the order work without the screen, and are not asked. A person who
# took note of a missed word has spoken for the crew.
_LAST_SIGN = """
    SELECT sent.id AS order_id, sent.crew_id, sent.district_id,
        greatest(sent.arrived_at, action.at, taken.at) AS last_sign_at
    FROM trouble_order AS sent
    CROSS JOIN LATERAL (
        SELECT max(least(occurred_at, received_at)) AS at FROM crew_action
        WHERE order_id = sent.id AND crew_id = sent.crew_id
    ) AS action
    CROSS JOIN LATERAL (
        SELECT max(acknowledged_at) AS at FROM missed_check_in
        WHERE order_id = sent.id AND crew_id = sent.crew_id
    ) AS taken
    WHERE sent.status NOT IN ('field_complete', 'cancelled') AND sent.status = 'arrived'
        AND action.at IS NOT NULL
"""
_SILENT = text(f"SELECT * FROM ({_LAST_SIGN}) AS work WHERE last_sign_at <= :since")  # noqa: S608 (constants)
_ONE = text(f"SELECT * FROM ({_LAST_SIGN} AND sent.id = :order_id) AS work")  # noqa: S608
_HEARD = text(
    """
    UPDATE missed_check_in AS missed SET heard_at = sign.at
    FROM (
        SELECT waiting.id, (
            SELECT max(least(occurred_at, received_at)) FROM crew_action
            WHERE order_id = waiting.order_id AND crew_id = waiting.crew_id
        ) AS at
        FROM missed_check_in AS waiting WHERE waiting.heard_at IS NULL
    ) AS sign
    WHERE sign.id = missed.id AND sign.at > missed.last_sign_at
    RETURNING missed.*
    """
)


class PgCheckIns:
    """Reads and writes check-ins on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_at_work(self, order_id: OrderId) -> AtWork | None:
        """Read when the crew of an order gave its last sign; None unless it is at the site."""
        row = self._connection.execute(_ONE, {"order_id": order_id}).mappings().first()
        return None if row is None else _at_work(row)

    def list_silent(self, since: datetime) -> Sequence[AtWork]:
        """List crews at their sites of whom nothing was heard after `since`."""
        return [
            _at_work(row) for row in self._connection.execute(_SILENT, {"since": since}).mappings()
        ]

    def hear(self) -> Sequence[MissedCheckIn]:
        """End the missed words of crews that have given a sign after all, and list them."""
        return [_missed(row) for row in self._connection.execute(_HEARD).mappings()]

    def miss(self, missed: MissedCheckIn) -> bool:
        """Keep a word that did not come; False if that was known."""
        row = {name: value for name, value in asdict(missed).items() if name != "id"}
        kept = (
            insert(t).values(**row).on_conflict_do_nothing(constraint="each_check_in_missed_once")
        )
        return self._connection.scalar(kept.returning(t.c.id)) is not None

    def lock(self, missed_id: int) -> MissedCheckIn:
        """Read one that nobody else changes before this transaction ends."""
        query = select(t).where(t.c.id == missed_id).with_for_update()
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("missed check-in", id=missed_id)
        return _missed(row)

    def save(self, missed: MissedCheckIn) -> None:
        """Write who took note of it."""
        taken: dict[str, Any] = {
            "acknowledged_at": missed.acknowledged_at,
            "acknowledged_by": missed.acknowledged_by,
            "note": missed.note,
        }
        self._connection.execute(update(t).where(t.c.id == missed.id).values(**taken))


def _at_work(row: Row) -> AtWork:
    return AtWork(
        order_id=OrderId(row["order_id"]),
        crew_id=CrewId(row["crew_id"]),
        district_id=row["district_id"],
        last_sign_at=row["last_sign_at"],
    )


def _missed(row: Row) -> MissedCheckIn:
    return MissedCheckIn(**row)
