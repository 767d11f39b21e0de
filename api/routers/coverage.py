"""Who has a free crew near: shares, cells, and a crew that would cover more from elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.crews import PostingIn
from api.inputs.fields import ReasonIn
from api.routers.frame import Written, geojson, page
from api.routers.parts import Working, in_one_go
from api.views.sayings import SayingOut, reasons_of
from dispatch.coverage import Coverage, MoveUp, Share, together
from dispatch.domain.crew import Crew, CrewState, Posting
from dispatch.domain.words import AreaClass, CrewId, DistrictId
from dispatch.domain.zone import Zone
from dispatch.errors import NotFound
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.covering import gains
from dispatch.store.crews import PgCrews
from dispatch.store.reads import field
from dispatch.store.reads.demand import district_names
from dispatch.store.transaction import reading
from dispatch.store.zones import zones_at
from dispatch.usecases.post_crew import PostCrew, post_crew
from dispatch.usecases.release_crew import ReleaseCrew, release_crew
from maps import layers

router = APIRouter(tags=["dispatchers"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One district with its crews, and what the free ones cover."""

    district_id: DistrictId
    name: str
    states: list[CrewState]
    coverage: Coverage
    postings: list[Posting]
    zones: Sequence[Zone]

    def crew_name(self, crew_id: CrewId) -> str:
        """What a crew of the district is called."""
        return next((s.crew.name for s in self.states if s.crew.id == crew_id), crew_id)

    def by_area(self) -> list[tuple[AreaClass, Share]]:
        """The share of each area class that has customers here."""
        shares = [(area, self.coverage.share(area)) for area in AreaClass]
        return [(area, share) for area, share in shares if share.customers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A crew that would cover more from elsewhere, and why in reasons of the record."""

    move: MoveUp
    name: str
    why: tuple[str, ...]


class ShareOut(BaseModel):
    """Customers by the minutes of the soonest free crew; `share` null where there is nobody.

    `near` have one within `within_min`, `far` within `then_min`, `over` later, `nobody` never.
    """

    customers: int
    near: int
    far: int
    over: int
    nobody: int
    share: float | None

    @classmethod
    def of(cls, share: Share) -> "ShareOut":
        """Build from the share."""
        return cls(
            customers=share.customers,
            near=share.near,
            far=share.far,
            over=share.over,
            nobody=share.nobody,
            share=None if share.share is None else round(share.share, 4),
        )


class AreaShareOut(ShareOut):
    """The same of one area class."""

    area_class: str


class MoveUpOut(BaseModel):
    """A free crew that would cover more from another place; nobody is sent by this.

    `base` is whose base the place is, null for one in the street. `customers` and `critical` are
    how many more it would cover, `before` and `after` the share covered.
    """

    crew_id: str
    name: str
    lon: float
    lat: float
    base: str | None
    customers: int
    critical: int
    drive_min: float
    before: float
    after: float
    why: list[SayingOut]

    @classmethod
    def of(cls, proposal: Proposal) -> "MoveUpOut":
        """Build from the proposal."""
        move = proposal.move
        return cls(
            crew_id=move.crew_id,
            name=proposal.name,
            lon=round(move.to.lon, 6),
            lat=round(move.to.lat, 6),
            base=move.to.base,
            customers=move.customers,
            critical=move.critical,
            drive_min=round(move.drive_min, 1),
            before=round(move.before, 4),
            after=round(move.after, 4),
            why=reasons_of(proposal.why),
        )


class PostingOut(BaseModel):
    """Where a crew was asked to stand by; it ends with an order, by word, or at `ends_at`."""

    crew_id: str
    lon: float
    lat: float
    place: str
    by: str
    asked_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, posting: Posting) -> "PostingOut":
        """Build from the posting."""
        return cls(
            crew_id=posting.crew_id,
            lon=round(posting.lon, 6),
            lat=round(posting.lat, 6),
            place=posting.place,
            by=posting.by,
            asked_at=posting.asked_at,
            ends_at=posting.ends_at,
        )


class DistrictCoverOut(BaseModel):
    """How a district is covered; `cell_m` is the side of its cells, more than 500 in a large one.

    `free` are the crews that count: on shift, without an order, and not about to end.
    """

    district_id: str
    name: str
    free: list[str]
    cell_m: float
    whole: ShareOut
    areas: list[AreaShareOut]
    move_up: MoveUpOut | None
    standing_by: list[PostingOut]


class CoverageOut(BaseModel):
    """The districts of the caller; `cells` is GeoJSON, null unless it was asked for."""

    at: datetime
    within_min: float
    then_min: float
    districts: list[DistrictCoverOut]
    cells: dict[str, Any] | None


@router.get(f"{API}/coverage")
def get_coverage(
    caller: Calling,
    house: Working,
    district: Annotated[str | None, Query(max_length=100, description="this one only")] = None,
    cells: Annotated[bool, Query(description="the cells as GeoJSON besides")] = False,  # noqa: FBT002
) -> CoverageOut:
    """Say who has a free crew within fifteen minutes, and which crew could cover more."""
    travel_times, policy = house.travel_times(), house.coverage.policy
    found = list(standings(house, caller, travel_times, district))
    return CoverageOut(
        at=house.now(),
        within_min=policy.within_min,
        then_min=policy.then_min,
        districts=[_district_out(house, each, travel_times) for each in found],
        cells=layers.coverage([each.coverage for each in found]) if cells else None,
    )


@router.post(f"{API}/coverage/move-up", status_code=HTTPStatus.CREATED)
def post_move_up(body: PostingIn, caller: Calling, house: Working) -> PostingOut:
    """Ask a free crew to stand by at a place; it is told on its phone and nobody else is moved."""

    def ask(store: Store) -> Posting:
        _crew_for(store, caller, body.crew_id, house.now())
        command = PostCrew(
            crew_id=CrewId(body.crew_id),
            lon=body.lon,
            lat=body.lat,
            place=body.place,
            by=caller.name,
            reason=body.reason,
        )
        return post_crew(store, command, now=house.now())

    return PostingOut.of(in_one_go(house, ask))


@router.delete(f"{API}/coverage/move-up/{{crew_id}}", status_code=HTTPStatus.NO_CONTENT)
def delete_move_up(crew_id: str, body: ReasonIn, caller: Calling, house: Working) -> None:
    """Let a crew stand by no longer; 404 for one that does not."""

    def end(store: Store) -> None:
        _crew_for(store, caller, crew_id, house.now())
        command = ReleaseCrew(crew_id=CrewId(crew_id), by=caller.name, reason=body.reason)
        release_crew(store, command, now=house.now())

    in_one_go(house, end)


@router.get(f"{API}/crew/stand-by", tags=["crews"])
def get_stand_by(caller: Calling, house: Working) -> PostingOut | None:
    """Where the calling crew is asked to stand by; null for nowhere."""
    with house.transaction() as store:
        posting = store.crews.find_posting(caller.crew)
    if posting is None or posting.ends_at <= house.now():
        return None
    return PostingOut.of(posting)


def _crew_for(store: Store, caller: Caller, crew_id: str, now: datetime) -> Crew:
    """Read a crew that works for the caller; one that is lent is the borrower's to post."""
    try:
        crew = store.crews.get(CrewId(crew_id))
    except NotFound:
        raise NotFound("crew", id=crew_id) from None
    loan = store.loans.find_of_crew(crew.id)
    away = loan is not None and loan.holds(now)
    caller.must_see(loan.to_id if loan and away else crew.district_id, "crew", id=crew_id)
    return crew


@router.get("/console/coverage", include_in_schema=False, response_class=HTMLResponse)
def get_coverage_part(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The same as a table, with what is proposed."""
    travel_times = house.travel_times()
    found = list(standings(house, caller, travel_times, None))
    proposals = [(each, proposal_for(house, each, travel_times)) for each in found]
    return page(
        request,
        "_coverage.html",
        caller=caller,
        found=found,
        whole=together(each.coverage.share() for each in found),
        proposals=[(each, proposal) for each, proposal in proposals if proposal is not None],
        policy=house.coverage.policy,
    )


@router.get("/console/layers/coverage", include_in_schema=False)
def get_coverage_layer(caller: Calling, house: Working, bbox: Written) -> Response:
    """The cells within `bbox` (west,south,east,north), as GeoJSON."""
    box = layers.box_of(bbox)
    found = standings(house, caller, house.travel_times(), None)
    return geojson(layers.coverage([each.coverage for each in found], box))


def standings(
    house: House, caller: Caller, travel_times: TravelTimes, district: str | None
) -> Iterator[Standing]:
    """The districts a caller sees, or one of them; `NotFound` for one it does not see."""
    now = house.now()
    with reading(house.engine) as connection:
        names = district_names(connection, caller.scope)
        crews = field.crews_now(connection, names.keys(), now)
        store = PgCrews(connection)
        postings = {each: store.list_postings(each, now) for each in names}
        zones = zones_at(connection, names.keys(), now)
    if district is not None:
        if DistrictId(district) not in names:
            raise NotFound("district", id=district)
        names = {DistrictId(district): names[DistrictId(district)]}
    for district_id, name in names.items():
        states = [c.state for c in crews if c.state.works_for == district_id]
        coverage = house.coverage.coverage(district_id, states, travel_times, now)
        yield Standing(
            district_id=district_id,
            name=name,
            states=states,
            coverage=coverage,
            postings=list(postings[district_id]),
            zones=zones,
        )


def proposal_for(house: House, standing: Standing, travel_times: TravelTimes) -> Proposal | None:
    """The best single move of a district's crews; None where none is worth its drive."""
    move = house.coverage.move_up(
        standing.district_id,
        standing.states,
        travel_times,
        house.now(),
        posted={each.crew_id: (each.lon, each.lat) for each in standing.postings},
        zones=standing.zones,
    )
    if move is None:
        return None
    names = {state.crew.id: state.crew.name for state in standing.states}
    name = names[move.crew_id]
    return Proposal(move=move, name=name, why=gains(move, name, house.coverage.policy))


def _district_out(house: House, standing: Standing, travel_times: TravelTimes) -> DistrictCoverOut:
    proposal = proposal_for(house, standing, travel_times)
    return DistrictCoverOut(
        district_id=standing.district_id,
        name=standing.name,
        free=list(standing.coverage.crews),
        cell_m=round(standing.coverage.cells.side_m, 1),
        whole=ShareOut.of(standing.coverage.share()),
        areas=[
            AreaShareOut(area_class=area.value, **ShareOut.of(share).model_dump())
            for area, share in standing.by_area()
        ],
        move_up=None if proposal is None else MoveUpOut.of(proposal),
        standing_by=[PostingOut.of(each) for each in standing.postings],
    )
