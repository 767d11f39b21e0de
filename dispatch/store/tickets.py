"""Trouble tickets, what they are attached to, and the call-backs owed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    bindparam,
    literal_column,
    or_,
    select,
    text,
    update,
)

from dispatch.domain.desk import DeskAction
from dispatch.domain.ticket import AreaAtReport, Complaint, Place, TicketStatus, TroubleTicket
from dispatch.domain.words import (
    AreaClass,
    Channel,
    Disposition,
    DistrictId,
    FoundBy,
    OutageId,
    PlannedOutageId,
    TicketId,
    UsagePointId,
)
from dispatch.errors import IdentityTaken, NotFound, StaleVersion
from dispatch.journal import SYSTEM
from dispatch.ports import Attachment, Told
from dispatch.store.direct import Direct, Row
from dispatch.store.points import lon_lat_instead, point
from dispatch.store.tables.tickets import attachment as link
from dispatch.store.tables.tickets import ticket as t
from dispatch.store.tables.tickets import told

_SELECT = select(*lon_lat_instead(t))
_GET = Direct(_SELECT.where(t.c.id == bindparam("id")))
_BY_NUMBER = Direct(
    _SELECT.where(
        or_(
            t.c.id == bindparam("number"),
            text("right(ticket.id, 12) = lower(CAST(:number AS text))"),
        )
    )
    .order_by(t.c.received_at.desc(), t.c.id)
    .limit(literal_column("1", Integer))
)
_UPDATE = Direct(
    update(t).where(t.c.id == bindparam("read_id"), t.c.version == bindparam("read_version"))
)
"""Names the row and the version it was read at; what is written comes as parameters."""

_COLUMNS = tuple(column.name for column in t.c)
# A report, the outage that explains it and the note for who groups the feeder, in one statement.
_ADD = Direct(
    f"""
    WITH added AS (
        INSERT INTO ticket ({", ".join(_COLUMNS)})
        VALUES ({", ".join(f":{name}" for name in _COLUMNS)})
    ), attached AS (
        INSERT INTO attachment (ticket_id, outage_id, probability, basis, reasons, by, at)
        SELECT CAST(:id AS text), CAST(:outage_id AS bigint),
            CAST(:probability AS double precision), CAST(:basis AS text),
            CAST(:reasons AS text[]), CAST(:by AS text), CAST(:at AS timestamptz)
        WHERE CAST(:basis AS text) IS NOT NULL
    )
    INSERT INTO feeder_news (feeder_id, district_id, at, joined)
    SELECT CAST(:feeder_id AS text),
        CASE WHEN CAST(:feeder_id AS text) IS NULL THEN CAST(:district_id AS text) END,
        CAST(:recorded_at AS timestamptz), CAST(:disposition AS text) = 'attached'
    WHERE coalesce(CAST(:feeder_id AS text), CAST(:district_id AS text)) IS NOT NULL
    """  # noqa: S608 (names of columns)
)
_ATTACH = Direct(
    """
    INSERT INTO attachment (ticket_id, outage_id, probability, basis, reasons, by, at)
    VALUES (:ticket_id, :outage_id, :probability, :basis, :reasons, :by, :at)
    """
)
_WEIGH = Direct(
    """
    UPDATE attachment SET probability = thought.probability
    FROM unnest(CAST(:tickets AS text[]), CAST(:probabilities AS float8[]))
        AS thought (ticket_id, probability)
    WHERE attachment.ticket_id = thought.ticket_id AND attachment.detached_at IS NULL
    """
)
_END = Direct(
    """
    UPDATE attachment
    SET detached_at = greatest(:ended_at, at), detached_by = :ended_by, detached_reason = :why
    WHERE ticket_id = :ticket_id AND detached_at IS NULL
    """
)
NOBODY_TO_CALL = (Channel.METER, Channel.SCADA, Channel.CREW)
"""Channels behind which there is no customer who could say that power is on."""

# A caller told before is told again after another restoration; the journal keeps the answers.
_MERGED_FROM = text(
    """
    WITH RECURSIVE larger AS (
        SELECT merged_into_id AS id FROM outage WHERE id = :outage_id
        UNION
        SELECT merged_into_id FROM outage JOIN larger USING (id)
    )
    SELECT id FROM ticket
    WHERE outage_id IN (SELECT id FROM larger)
        AND id IN (SELECT ticket_id FROM attachment WHERE outage_id = :outage_id)
    """
)
_MUST_TELL = text(
    """
    INSERT INTO told (ticket_id, due_at)
    SELECT ticket_id, :due_at FROM unnest(CAST(:ids AS text[])) AS ticket_id ORDER BY ticket_id
    ON CONFLICT (ticket_id) DO UPDATE
    SET due_at = excluded.due_at, told_at = NULL, by = NULL, power_on = NULL,
        satisfied = NULL, note = NULL, held_by = NULL, held_until = NULL
    WHERE told.told_at IS NOT NULL
    """
)
_TOLD = text(
    """
    INSERT INTO told (ticket_id, due_at, told_at, by, power_on, satisfied, note)
    VALUES (:ticket_id, :at, :at, :by, :power_on, :satisfied, :note)
    ON CONFLICT (ticket_id) DO UPDATE
    SET told_at = excluded.told_at, by = excluded.by, power_on = excluded.power_on,
        satisfied = excluded.satisfied, note = excluded.note, held_by = NULL, held_until = NULL
    """
)
_NOTE_ACTION = Direct(
    """
    INSERT INTO desk_action (id, ticket_id, kind, at, recorded_at, by)
    VALUES (:id, :ticket_id, :kind, :at, :recorded_at, :by)
    ON CONFLICT (id) DO NOTHING
    """
)
_NOTED_ACTION = Direct("SELECT ticket_id, kind FROM desk_action WHERE id = :id")
_TOLD_AT = Direct("SELECT told_at FROM told WHERE ticket_id = :ticket_id")


class PgTickets:
    """Reads and writes tickets on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, ticket_id: TicketId) -> TroubleTicket | None:
        """Read one ticket, if there is one."""
        row = _GET.first(self._connection, {"id": ticket_id})
        return None if row is None else _from_row(row)

    def get(self, ticket_id: TicketId) -> TroubleTicket:
        """Read one ticket."""
        ticket = self.find(ticket_id)
        if ticket is None:
            raise NotFound("ticket", ticket_id=ticket_id)
        return ticket

    def find_by_number(self, number: str) -> TroubleTicket | None:
        """Read the latest ticket that people call so: its id, or the last twelve signs of it."""
        row = _BY_NUMBER.first(self._connection, {"number": number})
        return None if row is None else _from_row(row)

    def add(self, ticket: TroubleTicket, attachment: Attachment | None = None) -> None:
        """Store a new ticket, attached from the start if there is an attachment."""
        _ADD.run(self._connection, {**_to_row(ticket), **_link_row(attachment)})

    def save(self, ticket: TroubleTicket) -> TroubleTicket:
        """Write `ticket` over the version it was read at."""
        saved = replace(ticket, version=ticket.version + 1)
        read = {"read_id": ticket.id, "read_version": ticket.version}
        if _UPDATE.run(self._connection, {**_to_row(saved), **read}) != 1:
            raise StaleVersion("the ticket has changed", ticket_id=ticket.id)
        return saved

    def list_of_outage(self, outage_id: OutageId) -> Sequence[TroubleTicket]:
        """List the tickets that an outage explains, oldest first."""
        return self._list(t.c.outage_id == outage_id)

    def list_merged_from(self, outage_id: OutageId) -> Sequence[TroubleTicket]:
        """List tickets that an outage had and that it became part of has now, oldest first."""
        ids = self._connection.scalars(_MERGED_FROM, {"outage_id": outage_id}).all()
        return self._list(t.c.id.in_(ids)) if ids else []

    def list_of_planned(self, planned_id: PlannedOutageId) -> Sequence[TroubleTicket]:
        """List the tickets that a planned outage explains, oldest first."""
        return self._list(t.c.planned_outage_id == planned_id)

    def attach(self, attachment: Attachment) -> None:
        """End the ticket's current attachment, if any, and begin this one."""
        self._end(
            attachment.ticket_id,
            by=attachment.by,
            reason=f"attached to outage {attachment.outage_id}",
            at=attachment.at,
        )
        begun = {"ticket_id": attachment.ticket_id, "outage_id": attachment.outage_id}
        _ATTACH.run(self._connection, {**begun, **_link_row(attachment)})

    def detach(self, ticket_id: TicketId, *, by: str, reason: str, at: datetime) -> None:
        """End the ticket's current attachment."""
        self._end(ticket_id, by=by, reason=reason, at=at)

    def weigh(self, probabilities: Mapping[TicketId, float]) -> None:
        """Take down anew how probably tickets belong to the outages they are attached to."""
        asked = {"tickets": list(probabilities), "probabilities": list(probabilities.values())}
        _WEIGH.run(self._connection, asked)

    def kept_apart(self, ticket_id: TicketId) -> frozenset[OutageId]:
        """List the outages that a human took this ticket out of, and did not put it back into."""
        newer = link.alias("newer")
        query = select(link.c.outage_id).where(
            link.c.ticket_id == ticket_id,
            link.c.detached_by != SYSTEM,
            ~select(newer.c.id)
            .where(
                newer.c.ticket_id == link.c.ticket_id,
                newer.c.outage_id == link.c.outage_id,
                newer.c.id > link.c.id,
            )
            .exists(),
        )
        return frozenset(map(OutageId, self._connection.scalars(query)))

    def must_tell(self, ticket_ids: Collection[TicketId], due_at: datetime) -> None:
        """Note that callers are to be told; one who waits already keeps the date."""
        if ticket_ids:
            self._connection.execute(_MUST_TELL, {"ids": list(ticket_ids), "due_at": due_at})

    def record_told(self, told: Told) -> None:
        """Note what a caller answered."""
        self._connection.execute(
            _TOLD,
            {
                "ticket_id": told.ticket_id,
                "at": told.at,
                "by": told.by,
                "power_on": told.power_on,
                "satisfied": told.satisfied,
                "note": told.note,
            },
        )

    def find_told_at(self, ticket_id: TicketId) -> datetime | None:
        """When this caller was last called back since supply came back; None if not yet."""
        row = _TOLD_AT.first(self._connection, {"ticket_id": ticket_id})
        return None if row is None else row["told_at"]

    def is_new(self, action: DeskAction, recorded_at: datetime) -> bool:
        """Note what a desk sent; False if just that was noted before.

        Raises
        ------
        IdentityTaken
            The id was used before for something else.
        """
        row = {
            "id": action.id,
            "ticket_id": action.ticket_id,
            "kind": action.kind.value,
            "at": action.at,
            "recorded_at": recorded_at,
            "by": action.by,
        }
        if _NOTE_ACTION.run(self._connection, row) == 1:
            return True
        noted = _NOTED_ACTION.first(self._connection, {"id": action.id})
        if noted is None or dict(noted) != {k: row[k] for k in ("ticket_id", "kind")}:
            raise IdentityTaken("this id was used before for something else", id=action.id)
        return False

    def list_unverified(self, outage_id: OutageId) -> Sequence[TicketId]:
        """List the outage's open reports whose caller has not said that power is on."""
        query = (
            select(t.c.id)
            .outerjoin(told, told.c.ticket_id == t.c.id)
            .where(
                t.c.outage_id == outage_id,
                t.c.status != TicketStatus.CLOSED.value,
                t.c.channel.not_in([channel.value for channel in NOBODY_TO_CALL]),
                or_(told.c.power_on.is_(None), ~told.c.power_on),
            )
            .order_by(t.c.received_at, t.c.id)
        )
        return [TicketId(ticket_id) for ticket_id in self._connection.scalars(query)]

    def _list(self, condition: ColumnElement[bool]) -> Sequence[TroubleTicket]:
        query = _SELECT.where(condition).order_by(t.c.received_at, t.c.id)
        return [_from_row(row) for row in self._connection.execute(query).mappings()]

    def _end(self, ticket_id: TicketId, *, by: str, reason: str, at: datetime) -> None:
        ended = {"ticket_id": ticket_id, "ended_at": at, "ended_by": by, "why": reason}
        _END.run(self._connection, ended)


def _from_row(row: Row) -> TroubleTicket:
    return TroubleTicket(
        id=TicketId(row["id"]),
        complaint=Complaint(
            channel=Channel(row["channel"]),
            description=row["description"],
            hazards=tuple(row["hazards"]),
            symptoms=tuple(row["symptoms"]),
            multiple_premises=row["multiple_premises"],
            account=row["account"],
            phone=row["phone"],
            meter=row["meter"],
            address=row["address"],
        ),
        place=_place(row),
        area=AreaAtReport(
            area_class=AreaClass(row["area_class"]),
            map_version=row["area_version"],
            covered=row["area_covered"],
        ),
        district_id=_maybe_district(row["district_id"]),
        received_at=row["received_at"],
        recorded_at=row["recorded_at"],
        disposition=Disposition(row["disposition"]),
        status=TicketStatus(row["status"]),
        outage_id=row["outage_id"],
        planned_outage_id=row["planned_outage_id"],
        repeats_id=row["repeats_id"],
        urged=row["urged"],
        restored_at=row["restored_at"],
        closed_at=row["closed_at"],
        version=row["version"],
    )


def _place(row: Row) -> Place | None:
    if row["lon"] is None:
        return None
    usage_point_id = row["usage_point_id"]
    return Place(
        lon=row["lon"],
        lat=row["lat"],
        accuracy_m=row["accuracy_m"],
        found_by=FoundBy(row["found_by"]),
        usage_point_id=None if usage_point_id is None else UsagePointId(usage_point_id),
        transformer_id=row["transformer_id"],
        feeder_id=row["feeder_id"],
        district_id=_maybe_district(row["district_id"]),
    )


def _maybe_district(district_id: str | None) -> DistrictId | None:
    return None if district_id is None else DistrictId(district_id)


def _to_row(ticket: TroubleTicket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "district_id": ticket.district_id,
        "received_at": ticket.received_at,
        "recorded_at": ticket.recorded_at,
        "area_class": ticket.area.area_class.value,
        "area_version": ticket.area.map_version,
        "area_covered": ticket.area.covered,
        "status": ticket.status.value,
        "disposition": ticket.disposition.value,
        "outage_id": ticket.outage_id,
        "planned_outage_id": ticket.planned_outage_id,
        "repeats_id": ticket.repeats_id,
        "urged": ticket.urged,
        "restored_at": ticket.restored_at,
        "closed_at": ticket.closed_at,
        "version": ticket.version,
        **_complaint_row(ticket.complaint),
        **_place_row(ticket.place),
    }


def _link_row(attachment: Attachment | None) -> dict[str, Any]:
    """What an attachment says beside which two things it ties."""
    if attachment is None:
        return dict.fromkeys(("probability", "basis", "reasons", "by", "at"))
    return {
        "probability": attachment.probability,
        "basis": attachment.basis,
        "reasons": list(attachment.reasons),
        "by": attachment.by,
        "at": attachment.at,
    }


def _complaint_row(complaint: Complaint) -> dict[str, Any]:
    return {
        "channel": complaint.channel.value,
        "account": complaint.account,
        "phone": complaint.phone,
        "meter": complaint.meter,
        "address": complaint.address,
        "description": complaint.description,
        "hazards": list(complaint.hazards),
        "symptoms": list(complaint.symptoms),
        "multiple_premises": complaint.multiple_premises,
    }


def _place_row(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {
            "usage_point_id": None,
            "transformer_id": None,
            "feeder_id": None,
            "point": None,
            "accuracy_m": None,
            "found_by": FoundBy.NOT_FOUND.value,
        }
    return {
        "usage_point_id": place.usage_point_id,
        "transformer_id": place.transformer_id,
        "feeder_id": place.feeder_id,
        "point": point(place.lon, place.lat),
        "accuracy_m": place.accuracy_m,
        "found_by": place.found_by.value,
    }
