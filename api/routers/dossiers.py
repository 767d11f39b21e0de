"""One outage for the file: a page that prints, the same as PDF, and a map to move in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Connection

from api.arrived import arrived_of
from api.basemap import OSM_FILES
from api.callers import Caller, Calling
from api.clock import system_now
from api.house import House
from api.routers.frame import page
from api.routers.parts import Working
from dispatch.domain.outage import Outage, OutageStatus
from dispatch.domain.words import OutageId
from dispatch.store.reads import darkness, details, field, map_layers
from dispatch.store.reads.below import lines_below
from dispatch.store.reads.details import OutageDetail
from dispatch.store.reads.links import districts_to_choose
from dispatch.store.reads.seals import seals
from dispatch.store.transaction import reading
from maps import dossier, papermap, plots
from maps.paper import as_pdf
from maps.style import MAIN_AND_LINKS, SMALL_ROADS

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

STEPS_SAID = 8
CURVE_HIGH = 120


@router.get("/outages/{outage_id}/dossier")
def get_dossier(outage_id: int, request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """Everything about one outage on a page made for paper."""
    return page(
        request, "dossier.html", caller=caller, pdf=False, **_values(house, caller, outage_id)
    )


@router.get("/outages/{outage_id}/dossier.pdf", response_class=Response)
def get_dossier_pdf(outage_id: int, request: Request, caller: Calling, house: Working) -> Response:
    """The same page as a PDF; its fonts are in it."""
    made = page(
        request, "dossier.html", caller=caller, pdf=True, **_values(house, caller, outage_id)
    )
    return Response(
        as_pdf(bytes(made.body).decode()),
        media_type="application/pdf",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'inline; filename="outage-{outage_id}.pdf"',
        },
    )


def _values(house: House, caller: Caller, outage_id: int) -> dict[str, Any]:
    now = house.now()
    with reading(house.engine) as connection:
        detail = details.outage_detail(connection, OutageId(outage_id), caller.scope)
        order = detail.orders[-1].order if detail.orders else None
        drawn = {
            "map": _map(connection, caller, detail, now),
            "attribution": (map_layers.road_source(connection) or "").lower().endswith(OSM_FILES),
            **arrived_of(connection, order, house),
        }
        course = dossier.course_of(darkness.changes(connection, [detail.outage.id], now), now)
        ends = seals(connection, dossier.streams_of(detail))
        names = _names(connection, caller, detail, house)
        districts = dict(districts_to_choose(connection, None))
    outage = detail.outage
    until = max([at for at, _ in course.steps] or [outage.started_at]) if _over(outage) else now
    story = dossier.story_of(detail.timeline, one_clock=house.now is system_now)
    return {
        **drawn,
        "detail": detail,
        "order": order,
        "names": names,
        "district_name": districts.get(outage.district_id, outage.district_id),
        "course": course,
        "curve": plots.over_time(
            course.steps, outage.started_at, until, house.clockface.zone, high=CURVE_HIGH
        ),
        "shown_steps": course.steps[:STEPS_SAID],
        "clocks": (*detail.clocks, *(c for sent in detail.orders for c in sent.clocks)),
        "told": dossier.estimates_of(
            detail.timeline, outage.restored_at, now, is_open=outage.is_open
        ),
        "callers": detail.tickets[: dossier.MOST_CALLERS],
        "story": story[: dossier.MOST_LINES],
        "lines_more": max(0, len(story) - dossier.MOST_LINES),
        "seal": dossier.sealed(ends, outage.id),
    }


def _over(outage: Outage) -> bool:
    return outage.status in {OutageStatus.RESTORED, OutageStatus.CLOSED}


def _map(
    connection: Connection, caller: Caller, detail: OutageDetail, now: datetime
) -> papermap.PaperMap:
    """The surroundings, as far as the caller may see them, and what was out."""
    view = papermap.view_of(dossier.points_of(detail))
    fine = (view.east - view.west) / papermap.WIDE / 2
    main = map_layers.roads(connection, view, MAIN_AND_LINKS, fine)
    small = map_layers.roads(connection, view, SMALL_ROADS, fine)
    lines = map_layers.network(connection, view, caller.scope, ["mv"], fine, now)
    outage = detail.outage
    below = lines_below(connection, outage)
    state = "predicted" if outage.status is OutageStatus.PREDICTED else "out"
    spots = [
        (part.lon, part.lat, "out" if part.restored_at is None else "lit", part.name)
        for part in detail.transformers
    ]
    return papermap.draw(
        view,
        [("road", small), ("main", main), ("line", lines), (state, below)],
        [*spots, (outage.lon, outage.lat, "device", outage.device.name)],
    )


def _names(
    connection: Connection, caller: Caller, detail: OutageDetail, house: House
) -> Mapping[str, str]:
    """What the crews are called that the story names."""
    standing = field.crews_now(connection, caller.scope, house.now())
    known: dict[str, str] = {each.state.crew.id: each.state.crew.name for each in standing}
    for sent in detail.orders:
        if sent.order.crew_id is not None and sent.crew_name is not None:
            known[sent.order.crew_id] = sent.crew_name
    return known
