"""Roads that cannot be driven: drawn, shown back, closed, prolonged and opened again."""

from datetime import datetime
from typing import Any

import shapely
from fastapi import APIRouter
from pydantic import BaseModel

from api.access import API
from api.callers import Calling
from api.house import House
from api.inputs.drawn import ClosureEndIn, ClosureIn, DrawnIn
from api.routers.parts import Working
from dispatch.domain.words import DistrictId
from dispatch.errors import InvalidInput
from dispatch.store import roads
from dispatch.store.constraints import in_our_words
from dispatch.store.roads import Closing, RoadClosure
from dispatch.store.transaction import reading
from gis.roads.closing import WITHIN_M, Shut

router = APIRouter(tags=["dispatchers"])


class ShutOut(BaseModel):
    """What a drawing shuts, to be looked at before it is closed.

    `sections` are pieces of street between junctions, `streets` their names; `geometry` is GeoJSON.
    """

    sections: int
    length_m: float
    streets: list[str]
    geometry: dict[str, Any]


class ClosureOut(BaseModel):
    """Roads that cannot be driven; `geometry` is what was drawn, as GeoJSON."""

    id: int
    district_id: str | None
    reason: str
    starts_at: datetime
    ends_at: datetime | None
    by: str
    geometry: dict[str, Any]
    one_way: bool
    lifted_at: datetime | None

    @classmethod
    def of(cls, closure: RoadClosure) -> "ClosureOut":
        """Build from the closure."""
        return cls(
            id=closure.id,
            district_id=closure.district_id,
            reason=closure.reason,
            starts_at=closure.starts_at,
            ends_at=closure.ends_at,
            by=closure.by,
            geometry=shapely.geometry.mapping(closure.drawn),
            one_way=closure.one_way,
            lifted_at=closure.lifted_at,
        )


@router.get(f"{API}/road-closures")
def get_closures(caller: Calling, house: Working) -> list[ClosureOut]:
    """List roads closed now or announced."""
    with reading(house.engine) as connection:
        closures = roads.list_closures(connection, house.now())
    return [ClosureOut.of(c) for c in closures if caller.sees(c.district_id)]


@router.post(f"{API}/road-closures/preview")
def post_preview(body: DrawnIn, caller: Calling, house: Working) -> ShutOut:
    """Say what a drawing would shut, and close nothing."""
    _district_of(house, caller, body)
    shut = _what_it_shuts(house, body)
    lines = [line for each in shut for line in each.lines.geoms]
    return ShutOut(
        sections=sum(each.sections for each in shut),
        length_m=round(sum(each.length_m for each in shut), 1),
        streets=sorted({name for each in shut for name in each.names}),
        geometry=shapely.geometry.mapping(shapely.MultiLineString(lines)),
    )


@router.post(f"{API}/road-closures", status_code=201)
def post_closure(body: ClosureIn, caller: Calling, house: Working) -> ClosureOut:
    """Close roads to every crew until a time, or until they are opened; in force at once."""
    now = house.now()
    starts_at = body.starts_at or now
    if body.ends_at is not None and body.ends_at <= max(starts_at, now):
        raise InvalidInput("ends_at", body.ends_at.isoformat(), "a time after starts_at, and ahead")
    district_id = _district_of(house, caller, body)
    _what_it_shuts(house, body)
    closing = Closing(
        district_id=district_id,
        reason=body.reason,
        drawn=body.wgs84(),
        one_way=body.one_way,
        starts_at=starts_at,
        ends_at=body.ends_at,
        by=caller.name,
    )
    with in_our_words(), house.engine.begin() as connection:
        closure = roads.add_closure(connection, closing, now=now)
    _in_force(house)
    return ClosureOut.of(closure)


@router.put(f"{API}/road-closures/{{closure_id}}/end")
def put_end(closure_id: int, body: ClosureEndIn, caller: Calling, house: Working) -> ClosureOut:
    """Keep roads closed longer, or not as long, as was thought."""
    now = house.now()
    with in_our_words(), house.engine.begin() as connection:
        closure = roads.find_closure(connection, closure_id)
        caller.must_see(closure.district_id, "road closure", id=closure_id)
        if body.ends_at is not None and body.ends_at <= max(closure.starts_at, now):
            raise InvalidInput("ends_at", body.ends_at.isoformat(), "a time after it begins, ahead")
        closure = roads.move_end(connection, closure_id, body.ends_at, by=caller.name, now=now)
    _in_force(house)
    return ClosureOut.of(closure)


@router.delete(f"{API}/road-closures/{{closure_id}}", status_code=204)
def delete_closure(closure_id: int, caller: Calling, house: Working) -> None:
    """Open the roads again; doing so twice changes nothing."""
    with in_our_words(), house.engine.begin() as connection:
        closure = roads.find_closure(connection, closure_id)
        caller.must_see(closure.district_id, "road closure", id=closure_id)
        roads.lift_closure(connection, closure_id, by=caller.name, now=house.now())
    _in_force(house)


def _in_force(house: House) -> None:
    """Drive by it in this process before the answer goes out; the worker plans anew by itself."""
    house.roads.look()


def _district_of(house: House, caller: Calling, body: DrawnIn) -> DistrictId | None:
    """The district a drawing lies in; NotFound for one the caller may not close roads in."""
    lon, lat = shapely.get_coordinates(body.wgs84().representative_point())[0].tolist()
    with house.transaction() as store:
        district_id = store.directory.find_district(lon, lat)
    caller.must_see(district_id, "road", lon=lon, lat=lat)
    return district_id


def _what_it_shuts(house: House, body: DrawnIn) -> tuple[Shut, ...]:
    """What is shut; InvalidInput where that is nothing, with the reason."""
    shut = house.roads.what_shuts(body.wgs84(), one_way=body.one_way)
    field = "line" if body.line is not None else "area"
    if shut is None:
        raise InvalidInput(field, "no roads", "roads to be loaded first")
    if not any(each.edges for each in shut):
        expected = (
            f"a line within {WITHIN_M:.0f} m of a road that may be driven that way"
            if body.line is not None
            else "an area that a road enters"
        )
        raise InvalidInput(field, "no road there", expected)
    return shut
