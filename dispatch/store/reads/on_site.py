"""Crews that did not check in, as the console's alarms show them, and the photographs of orders."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, text

from dispatch.domain.photo import Photo
from dispatch.domain.words import DistrictId, OrderId
from dispatch.store.photos import ABOUT, photo_from_row
from dispatch.store.reads.place_names import WHERE
from dispatch.store.reads.visible import listed, visible
from dispatch.store.tables.orders import photo


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentCrew:
    """A crew at a site that did not say in time that all is well.

    `last_sign_at` is when somebody pressed something, `last_fix_at` its newest position.
    """

    id: int
    district_id: DistrictId | None
    order_id: int
    outage_id: int | None
    incident_id: int | None
    crew_id: str
    crew_name: str
    last_sign_at: datetime
    last_fix_at: datetime | None
    due_at: datetime
    title: str


_SILENT = text(
    f"""
    SELECT missed.id, missed.district_id, missed.order_id, sent.outage_id, sent.incident_id,
        missed.crew_id,
        crew.name AS crew_name, missed.last_sign_at, missed.due_at,
        crew_position.fixed_at AS last_fix_at,
        {WHERE} AS title
    FROM missed_check_in AS missed
    JOIN crew ON crew.id = missed.crew_id
    JOIN trouble_order AS sent ON sent.id = missed.order_id
    LEFT JOIN crew_position ON crew_position.crew_id = missed.crew_id
    LEFT JOIN outage ON outage.id = sent.outage_id
    LEFT JOIN incident ON incident.id = sent.incident_id
    LEFT JOIN ticket ON ticket.id = incident.ticket_id
    WHERE missed.heard_at IS NULL AND missed.acknowledged_at IS NULL AND {visible("missed")}
    ORDER BY missed.due_at, missed.id
    """  # noqa: S608 (constants)
)


def silent_crews(connection: Connection, districts: Collection[str] | None) -> list[SilentCrew]:
    """List the crews of whom a word is missed, the longest silent first."""
    asked = {"districts": listed(districts)}
    return [SilentCrew(**row) for row in connection.execute(_SILENT, asked).mappings()]


def photos_of(connection: Connection, order_ids: Sequence[OrderId]) -> list[Photo]:
    """List the whole photographs of orders, the oldest first, without their content."""
    query = ABOUT.where(photo.c.order_id.in_(order_ids), photo.c.finished_at.is_not(None)).order_by(
        photo.c.taken_at, photo.c.id
    )
    return [photo_from_row(row) for row in connection.execute(query).mappings()]


def picture_of(connection: Connection, photo_id: str) -> tuple[OrderId, bytes] | None:
    """Read a whole photograph, a JPEG, and of which order it is."""
    query = select(photo.c.order_id, photo.c.content).where(
        photo.c.id == photo_id, photo.c.finished_at.is_not(None)
    )
    row = connection.execute(query).first()
    return None if row is None else (OrderId(row.order_id), bytes(row.content))


def drop_broken_off(connection: Connection, before: datetime) -> int:
    """Forget photographs begun before a time that never became whole; how many."""
    stale = delete(photo).where(photo.c.finished_at.is_(None), photo.c.begun_at < before)
    return connection.execute(stale).rowcount
