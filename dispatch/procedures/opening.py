"""Open an outage or an incident, each with the order that will send a crew."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.domain.order import (
    PRIORITY_CRITICAL,
    PRIORITY_HAZARD,
    PRIORITY_PLAIN,
    DispatchStep,
    Incident,
    StepKind,
    TroubleOrder,
)
from dispatch.domain.outage import Outage, PredictedDevice, Scope
from dispatch.domain.ticket import Place, TroubleTicket
from dispatch.domain.words import AreaClass, DistrictId, NetworkLevel, OutageId
from dispatch.journal import SYSTEM, incident_event, order_event, outage_event
from dispatch.ports import Outages, Store
from dispatch.procedures.expecting import expect_first

WORK_SKILLS: Mapping[str, frozenset[str]] = {
    "service": frozenset({"lv"}),
    "points": frozenset(),
    "area": frozenset(),
}
"""Skills that work on a kind of device asks for; anything not named is medium voltage."""

MEDIUM_VOLTAGE = frozenset({"mv"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What a new outage is thought to be: the device, who is out, on which data."""

    device: PredictedDevice
    level: NetworkLevel
    scope: Scope
    lon: float
    lat: float
    started_at: datetime
    parent_id: OutageId | None = None

    def alone(self, place: Place, outages: Outages) -> "Suspicion":
        """The same for one home, where its transformer is out for another cause or has light."""
        return self.one_home(place) if outages.transformers_out(self.scope.transformers) else self

    def of_its_own(self, outages: Outages) -> "Suspicion":
        """The same without those who are out for another cause already."""
        return replace(self, scope=outages.not_held(self.scope))

    def one_home(self, place: Place) -> "Suspicion":
        """Only the caller's own home is out."""
        homes = frozenset({place.usage_point_id} if place.usage_point_id is not None else ())
        device = PredictedDevice(
            id=None, kind="service" if homes else "points", name=self.device.name
        )
        return replace(self, scope=Scope(usage_points=homes), device=device)


FIRST_LOOK = timedelta(seconds=10)
"""So long an order waits for the feeder to be looked at, should nobody get round to it."""


def suspect(store: Store, ticket: TroubleTicket, place: Place) -> Suspicion:
    """What one report alone makes likely.

    Most single reports are the customer's own fault; inference raises that to the transformer and
    further as soon as there is more to go by.
    """
    transformer = (
        None
        if place.transformer_id is None
        else store.directory.find_transformer(place.transformer_id)
    )
    alone = place.usage_point_id is not None and not ticket.complaint.others_out
    homes = frozenset({place.usage_point_id} if place.usage_point_id is not None else ())
    if not transformer or alone:
        kind = "service" if homes else "points"
        scope, lon, lat = Scope(usage_points=homes), place.lon, place.lat
        name = name_of(store, ticket) if transformer is None else transformer.name
        device = PredictedDevice(id=None, kind=kind, name=name)
    else:
        device = PredictedDevice(
            id=transformer.device_id, kind="transformer", name=transformer.name
        )
        scope = Scope(transformers=frozenset({transformer.id}))
        lon, lat = transformer.lon, transformer.lat
    if not transformer:
        level = NetworkLevel.POINTS
    elif transformer.device_id is None:
        level = NetworkLevel.TRANSFORMER
    else:
        level = NetworkLevel.FEEDER_MODEL
    return Suspicion(
        device=device,
        level=level,
        scope=scope,
        lon=lon,
        lat=lat,
        started_at=ticket.received_at,
    )


def open_outage(
    store: Store,
    ticket: TroubleTicket,
    place: Place,
    district_id: DistrictId,
    suspicion: Suspicion,
    *,
    now: datetime,
) -> Outage:
    """Open the outage that `ticket` reports, and the order for a crew to go there."""
    suspicion = suspicion.of_its_own(store.outages)
    outage = _outage(
        store, suspicion, district_id, place.feeder_id, ticket.area.area_class, now=now
    )
    return _open(
        store, replace(outage, accuracy_m=place.accuracy_m), suspicion, ticket=ticket, now=now
    )


def open_seen(
    store: Store,
    suspicion: Suspicion,
    district_id: DistrictId,
    feeder_id: str | None,
    *,
    now: datetime,
) -> Outage:
    """Open an outage that nobody has reported yet: a device, or meters, told of it."""
    suspicion = suspicion.of_its_own(store.outages)
    area = store.directory.area_at(suspicion.lon, suspicion.lat)
    outage = _outage(store, suspicion, district_id, feeder_id, area.area_class, now=now)
    return _open(store, outage, suspicion, ticket=None, now=now)


def _outage(
    store: Store,
    suspicion: Suspicion,
    district_id: DistrictId,
    feeder_id: str | None,
    area_class: AreaClass,
    *,
    now: datetime,
) -> Outage:
    outage = Outage(
        id=store.outages.next_id(),
        district_id=district_id,
        level=suspicion.level,
        feeder_id=feeder_id,
        device=suspicion.device,
        lon=suspicion.lon,
        lat=suspicion.lat,
        accuracy_m=0.0,
        area_class=area_class,
        started_at=suspicion.started_at,
        opened_at=now,
        parent_id=suspicion.parent_id,
    )
    return expect_first(store, outage, suspicion.scope, now=now)


def _open(
    store: Store,
    outage: Outage,
    suspicion: Suspicion,
    *,
    ticket: TroubleTicket | None,
    now: datetime,
) -> Outage:
    store.outages.add(outage, suspicion.scope)
    reported = None if ticket is None else ticket.id
    store.events.append(
        outage_event(outage, "opened", at=now, by=SYSTEM, ticket=reported, level=outage.level)
    )
    critical = store.directory.list_critical(suspicion.scope)
    order = TroubleOrder(
        id=store.orders.next_id(),
        district_id=outage.district_id,
        outage_id=outage.id,
        lon=outage.lon,
        lat=outage.lat,
        accuracy_m=outage.accuracy_m,
        area_class=outage.area_class,
        received_at=outage.started_at if ticket is None else ticket.received_at,
        skills=WORK_SKILLS.get(outage.device.kind, MEDIUM_VOLTAGE),
        priority=PRIORITY_CRITICAL if critical else PRIORITY_PLAIN,
        hold_until=None if critical else now + FIRST_LOOK,
    )
    add_order(store, order, now=now)
    return outage


def open_incident(
    store: Store, ticket: TroubleTicket, district_id: DistrictId | None, *, now: datetime
) -> Incident:
    """Open an incident of its own for a hazard or a fault without an outage."""
    place, hazards = ticket.place, ticket.complaint.hazards
    incident = Incident(
        id=store.orders.next_incident_id(),
        ticket_id=ticket.id,
        district_id=district_id,
        kind="hazard" if hazards else "quality",
        hazards=hazards,
        lon=place.lon if place else None,
        lat=place.lat if place else None,
        accuracy_m=place.accuracy_m if place else None,
        area_class=ticket.area.area_class,
        received_at=ticket.received_at,
    )
    store.orders.add_incident(incident)
    store.events.append(incident_event(incident, "opened", at=now, by=SYSTEM))
    order = TroubleOrder(
        id=store.orders.next_id(),
        district_id=district_id,
        incident_id=incident.id,
        lon=incident.lon,
        lat=incident.lat,
        accuracy_m=incident.accuracy_m,
        area_class=incident.area_class,
        received_at=incident.received_at,
        hazards=hazards,
        priority=PRIORITY_HAZARD if hazards else PRIORITY_PLAIN,
    )
    add_order(store, order, now=now)
    return incident


def add_order(store: Store, order: TroubleOrder, *, now: datetime) -> None:
    """Put a new order before the dispatchers."""
    store.orders.add(order)
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.AWAITING_ASSIGNMENT,
            at=now,
            recorded_at=now,
            by=SYSTEM,
        )
    )
    store.events.append(order_event(order, "awaiting_assignment", at=now, by=SYSTEM))


def name_of(store: Store, ticket: TroubleTicket) -> str:
    """What a home is called where no device names it: as it is on record, whoever called.

    Only a place that is no customer's is called by what its caller said.
    """
    complaint, place = ticket.complaint, ticket.place
    home = None if place is None else place.usage_point_id
    point = None if home is None else store.directory.find_usage_point(home)
    if point is not None:
        return point.account
    spot = ticket.id if place is None else f"{place.lat:.5f}, {place.lon:.5f}"
    return complaint.account or complaint.address or complaint.phone or spot
