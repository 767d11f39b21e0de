"""The dispatchers' console: the list, the map's layers, and everything about one thing."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlalchemy import Connection

from api.arrived import arrived_of
from api.basemap import OSM_FILES
from api.callers import Caller, Calling
from api.house import House
from api.routers.crews import fetch_of
from api.routers.frame import Written, geojson, language_of, page
from api.routers.notices import notices_of
from api.routers.parts import Working, left_uncovered, order_for, weighed
from api.routers.room import rows_of
from dispatch.asking import ASKED_WITHIN
from dispatch.assignment import Fetch, RankedCrew, choose, why_waiting
from dispatch.domain.access import AccessNote
from dispatch.domain.eta import DoorEta
from dispatch.domain.order import DispatchStep, OrderStatus, TroubleOrder
from dispatch.domain.rules import PauseReason, Recipient
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import CrewId, IncidentId, OrderId, OutageId, TicketId, UsagePointId
from dispatch.errors import NotFound
from dispatch.procedures.fetching import stocked_near
from dispatch.procedures.foreseeing import Foreseen
from dispatch.procedures.sequencing import waits_for
from dispatch.procedures.supporting import partner_of
from dispatch.store.access_notes import PgAccessNotes
from dispatch.store.depots import PgDepots
from dispatch.store.orders import PgOrders
from dispatch.store.outages import PgOutages
from dispatch.store.reads import (
    corrections,
    details,
    field,
    map_layers,
    on_site,
    proposals,
    settling,
    suspects,
)
from dispatch.store.reads.demand import district_names
from dispatch.store.reads.details import OutageDetail, TimelineEntry
from dispatch.store.reads.network_search import find_in_network
from dispatch.store.reads.planned import planned_outages
from dispatch.store.reads.worklist import worklist
from dispatch.store.roads import taken_by
from dispatch.store.rules import PgRules
from dispatch.store.transaction import reading
from dispatch.usecases.seek_evidence import SeekEvidence, seek_evidence
from dispatch.usecases.verify_restoration import VerifyRestoration, verify_restoration
from maps import layers, style
from maps.judging import line_up, marriages, of_the_order, weakly_explained
from maps.languages import marked
from maps.pages import Pages
from maps.shell import shell
from maps.story import Shown
from maps.words import WORDS

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

LEGEND = (
    ("hazard", "work", marked("Danger")),
    ("outage-predicted", "work", marked("Outage, predicted")),
    ("outage-confirmed", "work", marked("Outage, confirmed")),
    ("outage-partial", "work", marked("Outage, partly restored")),
    ("incident", "work", marked("Incident")),
    ("report", "reports", marked("Report")),
    ("transformer-out", "transformers", marked("Transformer without supply")),
    ("suspect", "thought", marked("Device that may have opened, and how probably")),
    ("thought-out", "thought", marked("Transformer, perhaps out with the open row")),
    ("caller", "thought", marked("Caller of the open row")),
    ("caller-weak", "thought", marked("Caller of the open row, weakly explained")),
    ("crew-free", "crews", marked("Crew, free")),
    ("crew-busy", "crews", marked("Crew with an order")),
    ("crew-stale", "crews", marked("Crew, position old or unknown")),
    ("mv-lit", "network", marked("Line with supply")),
    ("predicted", "network", marked("Line, thought to be out")),
    ("out", "network", marked("Line out")),
    ("partial", "network", marked("Line out, some of it back")),
    ("planned-line", "network", marked("Line cut for planned work")),
    ("planned", "planned", marked("Transformer under planned work")),
    ("planned-soon", "planned", marked("Transformer, planned work within a day")),
    ("way", "crews", marked("Way of a crew to its order")),
    ("road-closed", "closures", marked("Road closed")),
    ("road-announced", "closures", marked("Road that will be closed")),
    ("zone-storm", "zones", marked("Storm zone")),
    ("zone-flood", "zones", marked("Flood zone")),
    ("zone-fire", "zones", marked("Fire zone")),
    ("zone-no-go", "zones", marked("No-go zone")),
    ("cover-near", "coverage", marked("Free crew within 15 minutes")),
    ("cover-far", "coverage", marked("Free crew within 30 minutes")),
    ("cover-over", "coverage", marked("Free crew further away")),
    ("cover-nobody", "coverage", marked("No free crew can come")),
)
LAYERS = (
    ("network", marked("Network")),
    ("work", marked("Outages and incidents")),
    ("transformers", marked("Transformers without supply")),
    ("reports", marked("Reports")),
    ("thought", marked("What is thought of the open row")),
    ("crews", marked("Crews")),
    ("promises", marked("Commitments about to run out")),
    ("planned", marked("Planned work")),
    ("closures", marked("Closed roads")),
    ("zones", marked("Zones")),
    ("coverage", marked("Coverage by free crews")),
)
ON_ITS_WAY = frozenset({OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE, OrderStatus.ARRIVED})
PLAN_AHEAD = timedelta(hours=2)
ZONE_LASTS = timedelta(hours=6)
"""How long a zone is proposed to hold."""

After = Annotated[str | None, Query(max_length=100, description="mark what is newer than this")]


@router.get("/console")
def get_console(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The map, the list and the detail of one thing."""
    pages: Pages = request.app.state.pages
    language = language_of(request)
    with reading(house.engine) as connection:
        rows = rows_of(connection, request, caller, house)
        pauses = _pauses_of(connection, house.now())
        names = district_names(connection, caller.scope)
        view = map_layers.extent(connection, caller.scope)
        source = map_layers.road_source(connection) or ""
    return page(
        request,
        "console.html",
        caller=caller,
        map=shell(view).with_nonce(request.state.csp_nonce),
        style=json.dumps(style.themes()),
        rows=json.dumps(rows, ensure_ascii=False),
        storm_from=request.app.state.settings.storm_from,
        district_names=json.dumps(names, ensure_ascii=False),
        pauses=pauses,
        legend=[(name, layer, pages.say(language, label)) for name, layer, label in LEGEND],
        switches=[(layer, pages.say(language, label)) for layer, label in LAYERS],
        plan_from=house.now() + PLAN_AHEAD,
        plan_until=house.now() + 2 * PLAN_AHEAD,
        zone_until=house.now() + ZONE_LASTS,
        attribution=source.lower().endswith(OSM_FILES),
        ground=request.app.state.basemap.shown(),
    )


def _pauses_of(connection: Connection, now: datetime) -> list[PauseReason]:
    """For what a dispatcher may let clocks stand still by the rules in force."""
    return [
        each
        for each in PgRules(connection).at(now).pauses
        if each.in_use and Recipient.DISPATCHER in each.by
    ]


@router.get("/console/crews")
def get_crews(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The crews as a list, those on shift first, and the depots."""
    with reading(house.engine) as connection:
        standing = field.crews_now(connection, caller.scope, house.now())
        names = district_names(connection, caller.scope)
        depots = PgDepots(connection).list_of(names)
    standing.sort(key=lambda each: (not each.state.on_shift, each.state.crew.id))
    return page(
        request, "_crews.html", caller=caller, crews=standing, depots=depots, districts=names
    )


@router.get("/console/planned")
def get_planned(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """Supply cut on purpose: announced, under way, or over since yesterday."""
    with reading(house.engine) as connection:
        found = planned_outages(connection, caller.scope, house.now())
    return page(request, "_planned.html", caller=caller, planned=found)


@router.get("/console/closures")
def get_closures(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """Roads that cannot be driven, now or announced."""
    shown = [
        (closure, len(lines.geoms))
        for closure, lines in house.roads.closures()
        if caller.sees(closure.district_id)
    ]
    with reading(house.engine) as connection:
        taken = taken_by(connection, [closure.id for closure, _ in shown])
    return page(request, "_closures.html", caller=caller, closures=shown, taken=taken)


@router.get("/console/network")
def get_network(
    request: Request,
    caller: Calling,
    house: Working,
    q: Written,
    of: Literal["device", "all"] = "device",
) -> Response:
    """Devices, or transformers as well, whose name or number holds what was typed."""
    words = q.strip()
    with reading(house.engine) as connection:
        found = find_in_network(connection, words, caller.scope, with_transformers=of == "all")
    pages: Pages = request.app.state.pages
    language = language_of(request)
    kinds = {kind: pages.say(language, name) for kind, name in WORDS["device"].items()}
    return JSONResponse(
        [
            {
                **asdict(each),
                "says": f"{kinds.get(each.kind, each.kind)} · {each.name} · {each.feeder}",
            }
            for each in (found if words else [])
        ]
    )


@router.get("/console/outages/{outage_id}")
def get_outage(
    outage_id: int, request: Request, caller: Calling, house: Working, after: After = None
) -> HTMLResponse:
    """Everything about one outage, with the crews that could go."""
    with reading(house.engine) as connection:
        try:
            detail = details.outage_detail(connection, OutageId(outage_id), caller.scope)
        except NotFound:
            return page(request, "_gone.html", caller=caller, status=404)
        names = _crew_names(connection, caller, house.now())
        judged = _judged(connection, caller, detail)
        order = detail.orders[-1].order if detail.orders else None
        arrived = arrived_of(connection, order, house)
        photos = on_site.photos_of(connection, [each.order.id for each in detail.orders])
        held_for = None if order is None else _held_for(connection, detail, order)
        homes = [UsagePointId(home.id) for home in detail.homes]
        tickets = [each.ticket for each in detail.tickets]
        access = _access(connection, caller, tickets, homes)
    return page(
        request,
        "_outage.html",
        caller=caller,
        detail=detail,
        photos=photos,
        access=access,
        **judged,
        **arrived,
        names=names,
        notices=notices_of(house, caller, outage_id),
        after=None if after is None else Shown.read(after),
        seen=Shown.of(detail.timeline),
        **_ranking(house, order, held_for),
    )


@router.get("/console/outages/{outage_id}/settle")
def get_settle(
    outage_id: int,
    request: Request,
    caller: Calling,
    house: Working,
    seen: Annotated[str | None, Query(max_length=200, description="the mark on screen")] = None,
) -> Response:
    """What would settle the outage, or whom to call back; 204 where the mark is still the same.

    It is worked out only for who has opened it, and only when something has changed: a prediction,
    an answer, a meter's signal, or ten minutes.
    """
    policy, now = house.policies.grouping, house.now()
    with reading(house.engine) as connection:
        outage = PgOutages(connection).get(OutageId(outage_id))
        caller.must_see(outage.district_id, "outage", id=outage_id)
        news = settling.news_of(connection, outage)
    mark = f"{news}-{int(now.timestamp() // ASKED_WITHIN.total_seconds())}"
    if seen == mark:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    with house.transaction() as store:
        evidence = seek_evidence(store, SeekEvidence(outage_id=outage.id), policy=policy, now=now)
        verification = verify_restoration(
            store, VerifyRestoration(outage_id=outage.id), policy=policy, now=now
        )
    return page(
        request,
        "_settle.html",
        caller=caller,
        mark=mark,
        evidence=evidence,
        verification=verification,
    )


def _access(
    connection: Connection,
    caller: Caller,
    tickets: Iterable[TroubleTicket],
    homes: Iterable[UsagePointId] = (),
) -> Mapping[UsagePointId, AccessNote]:
    """How to get to the callers' and the given homes, for whoever may know; empty for others."""
    if not caller.sees_access:
        return {}
    called = (ticket.place.usage_point_id for ticket in tickets if ticket.place is not None)
    places = {home for home in (*called, *homes) if home is not None}
    return PgAccessNotes(connection).of(places)


def _held_for(connection: Connection, detail: OutageDetail, order: TroubleOrder) -> str | None:
    return of_the_order(suspects.last_hold(connection, detail.outage.id, order.id))


def _judged(connection: Connection, caller: Caller, detail: OutageDetail) -> dict[str, Any]:
    """What is thought of the outage, and how a person may correct it."""
    outage = detail.outage
    order = detail.orders[-1].order if detail.orders else None
    near = corrections.near_outages(connection, outage.id, caller.scope) if outage.is_open else []
    callers = [each.ticket.place for each in detail.tickets if each.ticket.place is not None]
    named = {place.transformer_id for place in callers if place.transformer_id is not None}
    return {
        "transformer_names": suspects.transformer_names(connection, named),
        "lineup": line_up(suspects.suspects(connection, outage)),
        "look": suspects.last_look(connection, outage.id),
        "weak": weakly_explained(detail.tickets),
        "hidden": proposals.of_outage(connection, outage.id),
        "near": near,
        "marriages": marriages(
            outage, near, crew_on_its_way=order is not None and order.status in ON_ITS_WAY
        ),
        "taken_in": corrections.last_merge(connection, outage.id) if outage.is_open else None,
        "split_off": corrections.last_split(connection, outage.id) if outage.is_open else None,
    }


@router.get("/console/outages/{outage_id}/thought")
def get_thought(outage_id: int, caller: Calling, house: Working) -> Response:
    """What inference thinks of one outage, as GeoJSON: devices, transformers, callers."""
    with reading(house.engine) as connection:
        detail = details.outage_detail(connection, OutageId(outage_id), caller.scope)
        drawn = layers.thought(
            line_up(suspects.suspects(connection, detail.outage)),
            suspects.thought_out(connection, detail.outage),
            detail.tickets,
            weakly_explained(detail.tickets),
        )
    return geojson(drawn)


@router.get("/console/incidents/{incident_id}")
def get_incident(
    incident_id: int, request: Request, caller: Calling, house: Working, after: After = None
) -> HTMLResponse:
    """Everything about one incident, with the crews that could go."""
    with reading(house.engine) as connection:
        orders = PgOrders(connection)
        try:
            incident = orders.get_incident(IncidentId(incident_id))
            caller.must_see(incident.district_id, "incident", id=incident_id)
            detail = details.ticket_detail(connection, TicketId(incident.ticket_id), caller.scope)
        except NotFound:
            return page(request, "_gone.html", caller=caller, status=404)
        order = orders.find_open_of_incident(incident.id)
        noted = details.story(connection, f"incident:{incident.id}")
        steps = [] if order is None else [_entry(step) for step in orders.list_steps(order.id)]
        names = _crew_names(connection, caller, house.now())
        arrived = arrived_of(connection, order, house)
        photos = [] if order is None else on_site.photos_of(connection, [order.id])
        access = _access(connection, caller, [detail.ticket])
    timeline = sorted((*detail.timeline, *noted, *steps), key=lambda entry: entry.at)
    return page(
        request,
        "_incident.html",
        caller=caller,
        incident=incident,
        ticket=detail.ticket,
        clocks=detail.clocks,
        order=order,
        photos=photos,
        access=access,
        **arrived,
        timeline=timeline,
        names=names,
        after=None if after is None else Shown.read(after),
        seen=Shown.of(timeline),
        **_ranking(house, order),
    )


@router.get("/console/reports/{ticket_id}")
def get_report(
    ticket_id: str, request: Request, caller: Calling, house: Working, after: After = None
) -> HTMLResponse:
    """A report, most often one that still needs a place."""
    with reading(house.engine) as connection:
        try:
            detail = details.ticket_detail(connection, TicketId(ticket_id), caller.scope)
        except NotFound:
            return page(request, "_gone.html", caller=caller, status=404)
    return page(
        request,
        "_report.html",
        caller=caller,
        detail=detail,
        ticket=detail.ticket,
        names={},
        after=None if after is None else Shown.read(after),
        seen=Shown.of(detail.timeline),
    )


@router.get("/console/layers/{layer}")
def get_layer(
    layer: str, caller: Calling, house: Working, bbox: Written, zoom: float = 13
) -> Response:
    """One layer of the map within `bbox` (west,south,east,north), as GeoJSON."""
    box, districts, now = layers.box_of(bbox), caller.scope, house.now()
    with reading(house.engine) as connection:
        if layer == "roads":
            drawn = layers.roads(connection, box, zoom)
        elif layer == "network":
            drawn = layers.network(connection, box, districts, zoom, now)
        elif layer == "transformers":
            drawn = layers.transformers(connection, box, districts)
        elif layer == "reports":
            drawn = layers.reports(connection, box, districts)
        elif layer == "work":
            drawn = layers.work(worklist(connection, districts, now), box)
        elif layer == "crews":
            drawn = layers.crews(field.crews_now(connection, districts, now), now)
        elif layer == "closures":
            drawn = layers.closures(house.roads.closures(), box, now)
        else:
            raise NotFound("layer", layer=layer)
    return geojson(drawn)


def _ranking(
    house: House, order: TroubleOrder | None, held_for: str | None = None
) -> dict[str, Any]:
    """The crews for an order that still wants one, the one the system would send, why it waits."""
    ranked: tuple[RankedCrew, ...] = ()
    foreseen, proposed = Foreseen(), None
    leaves: Mapping[CrewId, str] = {}
    eta: DoorEta | None = None
    waits: tuple[str, ...] = ()
    begins_after: tuple[OrderId, ...] = ()
    partner: TroubleOrder | None = None
    fetch: Fetch | None = None
    stocked: Sequence[str] = ()
    if order is not None and order.is_open:
        travel_times, proposed = house.travel_times(), order.proposed_crew_id
        with house.transaction() as store:
            ranked, foreseen = weighed(house, store, order, travel_times)
            eta = store.etas.find(order.id)
            begins_after = waits_for(store.orders, order)
            partner = partner_of(store.orders, order)
            fetch = fetch_of(store, order, house)
            stocked = stocked_near(store, order)
        leaves = left_uncovered(house, order, ranked, travel_times)
        waits = why_waiting(
            order,
            ranked,
            planned=foreseen.chosen,
            after=begins_after,
            held_for=held_for,
            now=house.now(),
        )
    best = choose(ranked)
    nearest = None if best is None else best.state.crew.id
    return {
        "ranked": ranked,
        "best": proposed or nearest,
        "foreseen": foreseen,
        "leaves": leaves,
        "waits": waits,
        "begins_after": begins_after,
        "partner": partner,
        "fetch": fetch,
        "stocked": stocked,
        **_eta(house, eta),
    }


def _eta(house: House, eta: DoorEta | None) -> dict[str, Any]:
    stale = eta is not None and eta.is_stale(house.now(), house.policies.eta)
    return {"eta": eta, "eta_stale": stale}


@router.get("/console/orders/{order_id}/eta")
def get_eta(order_id: int, request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """When the crew of an order is expected at the door."""
    with house.transaction() as store:
        order = order_for(store, caller, order_id)
        eta = store.etas.find(order.id)
    return page(request, "_eta.html", caller=caller, order=order, **_eta(house, eta))


def _entry(step: DispatchStep) -> TimelineEntry:
    return TimelineEntry(
        at=step.at,
        recorded_at=step.recorded_at,
        what=f"order:{step.order_id}",
        kind=step.kind.value,
        by=step.by,
        crew_id=step.crew_id,
        reason=step.reason,
        facts=step.facts,
    )


def _crew_names(connection: Connection, caller: Caller, now: datetime) -> Mapping[str, str]:
    standing = field.crews_now(connection, caller.scope, now)
    return {each.state.crew.id: each.state.crew.name for each in standing}
