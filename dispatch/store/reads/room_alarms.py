"""Everything that alarms the room now: one list, whatever it comes from."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from dispatch.domain.alarm import Alarm, AlarmKind, RoomAlarms, Taken, gravest_first
from dispatch.domain.rules import Recipient
from dispatch.store.reads.alarms import Alarm as ClockAlarm
from dispatch.store.reads.alarms import OpenWarnings, open_warnings
from dispatch.store.reads.arrivals import doubted
from dispatch.store.reads.on_site import SilentCrew, silent_crews
from dispatch.store.reads.place_names import WHERE
from dispatch.store.reads.proposals import waiting
from dispatch.store.reads.visible import listed, visible

CLOCKS_OF = timedelta(days=7)
"""How far back warnings of clocks are looked for."""

MOST_CLOCKS = 200
"""So many clocks a screen lists; the gravest, and how many more there are."""

BEFORE_A_CUT = timedelta(minutes=30)
"""How long before planned work begins the room hears of it."""

SILENT_AFTER = timedelta(minutes=30)
"""After how long without a sign a crew alarms that was seen on this order; an assumption."""

_HAZARDS = text(
    f"""
    SELECT coalesce('outage-' || sent.outage_id, 'incident-' || sent.incident_id) AS opens,
        sent.district_id, sent.hazards, sent.received_at AS at,
        {WHERE} AS title
    FROM trouble_order AS sent
    LEFT JOIN outage ON outage.id = sent.outage_id
    LEFT JOIN incident ON incident.id = sent.incident_id
    LEFT JOIN ticket ON ticket.id = incident.ticket_id
    WHERE sent.status NOT IN ('field_complete', 'cancelled') AND sent.hazards <> '{{}}'
        AND sent.supports_id IS NULL AND {visible("sent")}
    UNION ALL
    SELECT 'unlocated-' || ticket.id, ticket.district_id, ticket.hazards, ticket.received_at,
        {WHERE}
    FROM ticket
    LEFT JOIN outage ON outage.id = ticket.outage_id
    LEFT JOIN incident ON incident.ticket_id = ticket.id
    WHERE ticket.disposition = 'unlocated' AND ticket.status = 'open' AND ticket.hazards <> '{{}}'
        AND {visible("ticket")}
    """  # noqa: S608 (constants)
)
_ESTIMATES = text(
    f"""
    SELECT outage.id, outage.district_id, outage.device_name AS title, outage.etr_at,
        outage.etr_source, coalesce(outage.etr_said_at, outage.opened_at) AS said_at,
        crew.name AS crew_name
    FROM outage
    LEFT JOIN trouble_order AS sent ON sent.outage_id = outage.id
        AND sent.status NOT IN ('field_complete', 'cancelled') AND sent.supports_id IS NULL
    LEFT JOIN crew ON crew.id = sent.crew_id
    WHERE outage.status NOT IN ('closed', 'restored')
        AND (outage.etr_alarm <> 'none' OR outage.etr_at <= :now) AND {visible("outage")}
    """  # noqa: S608 (constants)
)
_PLANNED = text(
    f"""
    SELECT planned.id, planned.district_id, planned.starts_at, planned.ends_at,
        planned.reminded_at,
        concat_ws(' · ', planned.reason, coalesce(feeder.name, (
            SELECT min(transformer.name) FROM planned_outage_transformer AS part
            JOIN transformer ON transformer.id = part.transformer_id
            WHERE part.planned_outage_id = planned.id
        ))) AS title
    FROM planned_outage AS planned
    LEFT JOIN feeder ON feeder.id = planned.feeder_id
    WHERE planned.cancelled_at IS NULL AND planned.ended_at IS NULL
        AND planned.starts_at <= :soon
        AND (planned.starts_at > :now OR planned.ends_at < :now) AND {visible("planned")}
    """  # noqa: S608 (constants)
)
_SILENT = text(
    f"""
    SELECT sent.id AS order_id, sent.district_id, crew.name AS crew_name, seen.fixed_at,
        coalesce('outage-' || sent.outage_id, 'incident-' || sent.incident_id) AS opens,
        {WHERE} AS title
    FROM trouble_order AS sent
    JOIN crew ON crew.id = sent.crew_id
    JOIN crew_position AS seen ON seen.crew_id = sent.crew_id
    LEFT JOIN outage ON outage.id = sent.outage_id
    LEFT JOIN incident ON incident.id = sent.incident_id
    LEFT JOIN ticket ON ticket.id = incident.ticket_id
    WHERE sent.status IN ('en_route', 'arrived') AND seen.fixed_at >= sent.assigned_at
        AND seen.fixed_at < :silent_since
        AND NOT EXISTS (
            SELECT FROM crew_action
            WHERE crew_action.order_id = sent.id AND crew_action.received_at >= :silent_since
        )
        AND {visible("sent")}
    """  # noqa: S608 (constants)
)
_SAME_DEVICE = text(
    f"""
    SELECT later.id, earlier.id AS first, later.district_id, later.device_name AS title,
        later.confirmed_at AS at
    FROM outage AS later
    JOIN outage AS earlier ON earlier.device_id = later.device_id
        AND earlier.status <> 'closed' AND earlier.status IN ('confirmed', 'partially_restored')
        AND (earlier.confirmed_at, earlier.id) < (later.confirmed_at, later.id)
    WHERE later.status <> 'closed' AND later.status IN ('confirmed', 'partially_restored')
        AND 'confirmed' IN (later.status, earlier.status) AND {visible("later")}
    """  # noqa: S608 (constants)
)
_TAKEN = text('SELECT alarm, at, "by", note FROM alarm_taken WHERE alarm = ANY(:alarms)')


def room_alarms(
    connection: Connection,
    districts: Collection[str] | None,
    now: datetime,
    *,
    most_clocks: int | None = MOST_CLOCKS,
) -> RoomAlarms:
    """What alarms these districts: open ones first, the gravest, then the newest.

    A clock is one alarm, at its gravest level. `most_clocks` of them are listed, None for all; the
    others are counted.
    """
    seen = {"districts": listed(districts)}
    missed = silent_crews(connection, districts)
    clocks = open_warnings(
        connection,
        districts,
        since=now - CLOCKS_OF,
        to=Recipient.DISPATCHER,
        limit=most_clocks,
    )
    found = [
        *_hazards(connection, seen),
        *map(_missed, missed),
        *_silent(connection, seen, now, but={each.order_id for each in missed}),
        *map(_clock, clocks.listed),
        *_hidden(connection, districts),
        *_same_device(connection, seen),
        *_doubted(connection, districts),
        *_planned(connection, seen, now),
        *_estimates(connection, seen, now),
    ]
    asked = {"alarms": [alarm.id for alarm in found]}
    taken = {
        row.alarm: Taken(at=row.at, by=row.by, note=row.note)
        for row in connection.execute(_TAKEN, asked)
    }
    in_order = sorted(
        (replace(alarm, taken=alarm.taken or taken.get(alarm.id)) for alarm in found),
        key=gravest_first,
    )
    return RoomAlarms(listed=tuple(in_order), unlisted=_unlisted(clocks))


def _unlisted(clocks: OpenWarnings) -> dict[AlarmKind, int]:
    over = sum(each.warning.overdue for each in clocks.listed)
    more = {
        AlarmKind.CLOCK_OVER: clocks.over - over,
        AlarmKind.CLOCK_SOON: clocks.soon - (len(clocks.listed) - over),
    }
    return {kind: count for kind, count in more.items() if count}


def _hazards(connection: Connection, seen: Mapping[str, object]) -> Iterator[Alarm]:
    for row in connection.execute(_HAZARDS, seen):
        yield Alarm(
            id=f"hazard:{row.opens}.{len(row.hazards)}",
            kind=AlarmKind.HAZARD,
            district_id=row.district_id,
            opens=row.opens,
            title=row.title,
            at=row.at,
            facts={"hazards": list(row.hazards)},
        )


def _missed(crew: SilentCrew) -> Alarm:
    at = f"outage-{crew.outage_id}" if crew.incident_id is None else f"incident-{crew.incident_id}"
    seen_at = None if crew.last_fix_at is None else crew.last_fix_at.isoformat()
    return Alarm(
        id=f"check_in_missed:{crew.id}",
        kind=AlarmKind.CHECK_IN_MISSED,
        district_id=crew.district_id,
        opens=at,
        title=crew.title,
        at=crew.last_sign_at,
        due_at=crew.due_at,
        facts={"crew": crew.crew_name, "missed": crew.id, "last_seen_at": seen_at},
    )


def _silent(
    connection: Connection, seen: Mapping[str, object], now: datetime, *, but: Collection[int]
) -> Iterator[Alarm]:
    """Crews without a sign, other than those who missed a check-in on the order."""
    for row in connection.execute(_SILENT, {**seen, "silent_since": now - SILENT_AFTER}):
        if row.order_id in but:
            continue
        yield Alarm(
            id=f"crew_silent:{row.order_id}.{_second(row.fixed_at)}",
            kind=AlarmKind.CREW_SILENT,
            district_id=row.district_id,
            opens=row.opens,
            title=row.title,
            at=row.fixed_at + SILENT_AFTER,
            facts={"crew": row.crew_name, "last_seen_at": row.fixed_at.isoformat()},
        )


def _clock(each: ClockAlarm) -> Alarm:
    warning = each.warning
    if each.incident_id is not None:
        opens = f"incident-{each.incident_id}"
    elif each.outage_id is not None:
        opens = f"outage-{each.outage_id}"
    else:
        opens = f"unlocated-{warning.ticket_id}"
    return Alarm(
        id=f"clock:{warning.number}",
        kind=AlarmKind.CLOCK_OVER if warning.overdue else AlarmKind.CLOCK_SOON,
        district_id=warning.district_id,
        opens=opens,
        title=each.place,
        at=warning.sent_at,
        due_at=warning.due_at,
        level=warning.level,
        facts={"rule": warning.rule_id, "level": warning.level, "warning": warning.number},
    )


def _hidden(connection: Connection, districts: Collection[str] | None) -> Iterator[Alarm]:
    for each in waiting(connection, districts):
        proposal = each.proposal
        yield Alarm(
            id=f"hidden_fault:{proposal.id}.{len(proposal.tickets)}",
            kind=AlarmKind.HIDDEN_FAULT,
            district_id=proposal.district_id,
            opens=f"outage-{proposal.outage_id}",
            title=proposal.place.device.name,
            at=proposal.proposed_at,
            facts={
                "hazards": sorted(proposal.hazards),
                "critical": proposal.critical,
                "probability": proposal.probability,
                "behind": each.outage_device,
            },
        )


def _same_device(connection: Connection, seen: Mapping[str, object]) -> Iterator[Alarm]:
    """Two outages confirmed with one device, as by a crew that found the neighbour's fault."""
    for row in connection.execute(_SAME_DEVICE, seen):
        yield Alarm(
            id=f"same_device:{row.id}.{row.first}",
            kind=AlarmKind.SAME_DEVICE,
            district_id=row.district_id,
            opens=f"outage-{row.id}",
            title=row.title,
            at=row.at,
            facts={"first": row.first},
        )


def _doubted(connection: Connection, districts: Collection[str] | None) -> Iterator[Alarm]:
    for each in doubted(connection, districts):
        yield Alarm(
            id=f"arrival_doubted:{each.order_id}.{_second(each.claimed_at)}",
            kind=AlarmKind.ARRIVAL_DOUBTED,
            district_id=each.district_id,
            opens=each.opens,
            title=each.title,
            at=each.claimed_at,
            facts={"crew": each.crew_name, "reason": each.reason, "stands": each.stands},
        )


def _planned(connection: Connection, seen: Mapping[str, object], now: datetime) -> Iterator[Alarm]:
    for row in connection.execute(_PLANNED, {**seen, "now": now, "soon": now + BEFORE_A_CUT}):
        late = row.ends_at < now
        kind = AlarmKind.PLANNED_LATE if late else AlarmKind.PLANNED_BEGINS
        yield Alarm(
            id=f"{kind.value}:{row.id}",
            kind=kind,
            district_id=row.district_id,
            opens=f"planned-{row.id}",
            title=row.title,
            at=row.ends_at if late else row.starts_at - BEFORE_A_CUT,
            due_at=row.ends_at if late else row.starts_at,
            facts={"reminded": row.reminded_at is not None},
        )


def _estimates(
    connection: Connection, seen: Mapping[str, object], now: datetime
) -> Iterator[Alarm]:
    for row in connection.execute(_ESTIMATES, {**seen, "now": now}):
        passed = row.etr_at <= now
        kind = AlarmKind.ESTIMATE_PASSED if passed else AlarmKind.ESTIMATE_EXPIRING
        yield Alarm(
            id=f"{kind.value}:{row.id}.{_second(row.etr_at)}",
            kind=kind,
            district_id=row.district_id,
            opens=f"outage-{row.id}",
            title=row.title,
            at=row.etr_at if passed else row.said_at,
            due_at=row.etr_at,
            facts={"source": row.etr_source, "crew": row.crew_name},
        )


def _second(at: datetime) -> int:
    return int(at.timestamp())
