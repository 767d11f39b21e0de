"""A film of a day or a storm, to look at and to take along."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from api.access import TEACHERS
from api.callers import Calling
from api.filming import LONGEST, Take, film_page
from api.house import House
from api.inputs.fields import Moment
from api.routers.commitments import District, districts_for
from api.routers.frame import language_of
from api.routers.parts import Working
from dispatch.domain.words import OutageId
from dispatch.store.reads.details import outage_detail
from dispatch.store.transaction import reading
from maps.dossier import points_of
from maps.papermap import view_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

USUALLY = timedelta(days=1)
SHORTEST = timedelta(minutes=1)


@router.get("/outages/{outage_id}/map")
def get_outage_map(
    outage_id: int, request: Request, caller: Calling, house: Working
) -> HTMLResponse:
    """One outage on a map to move in, from its first moment to its last."""
    now = house.now()
    with reading(house.engine) as connection:
        detail = outage_detail(connection, OutageId(outage_id), caller.scope)
    outage = detail.outage
    until = outage.restored_at or outage.closed_at or now
    take = Take(
        districts=caller.scope,
        since=max(min(outage.started_at, until - SHORTEST), until - LONGEST),
        until=until,
        crews=caller.role in TEACHERS,
        only=outage.id,
        view=view_of(points_of(detail)),
    )
    return _shown(request, house, take, "page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be filmed, and whether it is to look at or to keep."""

    since: Annotated[Moment | None, Query(alias="from")] = None
    until: Annotated[Moment | None, Query()] = None
    district: District = None
    shape: Annotated[str, Query(alias="as", pattern="^(page|file)$")] = "page"


@router.get("/reports/film")
def get_film(
    request: Request,
    caller: Calling,
    house: Working,
    asked: Annotated[Asked, Depends()],
) -> HTMLResponse:
    """Show what happened from one moment to another, the last day if none is named.

    Where crews were is for supervisors.
    """
    end = asked.until or house.now()
    take = Take(
        districts=districts_for(caller, asked.district),
        since=asked.since or end - USUALLY,
        until=end,
        crews=caller.role in TEACHERS,
    )
    return _shown(request, house, take, asked.shape)


def _shown(request: Request, house: House, take: Take, shape: str) -> HTMLResponse:
    with reading(house.engine) as connection:
        made = film_page(
            connection,
            request.app.state.pages,
            language_of(request),
            house.clockface.zone,
            take,
            now=house.now(),
            nonce=request.state.csp_nonce,
            demo=request.app.state.settings.demo,
        )
    headers = {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"}
    if shape == "file":
        name = f"film-{take.since.astimezone(house.clockface.zone):%Y%m%d-%H%M}.html"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return HTMLResponse(made, headers=headers)
