"""A zone: when it holds, where, and what may be drawn as one."""

from datetime import timedelta

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.words import DistrictId, ZoneId
from dispatch.domain.zone import LONGEST, Zone, ZoneKind, first_there
from dispatch.errors import IllegalStep, InvalidInput
from gis.errors import BadOutline
from gis.outlines import area_km2, outline_of
from tests.store.builders import NOW

WEST = DistrictId("west")
HOUR = timedelta(hours=1)


def a_zone(kind: ZoneKind = ZoneKind.STORM, **fields: object) -> Zone:
    given_fields = {
        "id": ZoneId(1),
        "kind": kind,
        "name": "Meihua",
        "area": shapely.box(0, 0, 1, 1),
        "districts": frozenset({WEST}),
        "starts_at": NOW,
        "ends_at": NOW + HOUR,
        "by": "li",
        "declared_at": NOW,
        **fields,
    }
    return Zone(**given_fields)  # type: ignore[arg-type]


def test_a_zone_holds_from_its_beginning_until_just_before_its_end():
    zone = a_zone()
    held = [zone.holds_at(NOW + n * HOUR) for n in (-1, 0, 0.5, 1)]
    assert held == [False, True, True, False]


def test_an_ended_zone_held_before_that_and_is_ended_once():
    ended = a_zone(ends_at=None, kind=ZoneKind.NO_GO).end(at=NOW + HOUR, by="li")
    assert ended.holds_at(NOW) and not ended.holds_at(NOW + HOUR)
    assert ended.end(at=NOW + 2 * HOUR, by="wang") is ended
    with pytest.raises(IllegalStep, match="over"):
        ended.move_end(NOW + 5 * HOUR, now=NOW + 3 * HOUR)


def test_the_end_of_a_storm_that_has_lasted_for_days_can_be_moved():
    zone = a_zone(ends_at=NOW + LONGEST)
    now = NOW + LONGEST - HOUR
    assert zone.move_end(now + 2 * HOUR, now=now).ends_at == now + 2 * HOUR


def test_only_ground_nobody_may_enter_stays_without_an_end():
    assert a_zone(ZoneKind.NO_GO).move_end(None, now=NOW).ends_at is None
    with pytest.raises(InvalidInput, match="no-go"):
        a_zone().move_end(None, now=NOW)
    with pytest.raises(InvalidInput, match="14 days"):
        a_zone().move_end(NOW + LONGEST + HOUR, now=NOW)


@pytest.mark.parametrize(
    ("district", "lon", "lat", "inside"),
    [
        ("west", 0.5, 0.5, True),
        ("west", 1.0, 1.0, True),
        ("west", 2, 2, False),
        ("east", 0.5, 0.5, False),
        (None, 0.5, 0.5, False),
        ("west", None, None, False),
    ],
)
def test_a_place_lies_in_a_zone_of_its_own_district(district, lon, lat, inside):
    assert a_zone().holds(district, lon, lat) is inside


def test_a_no_go_zone_bars_and_breaks_nothing_and_a_storm_breaks_and_bars_nothing():
    both = (a_zone(), a_zone(ZoneKind.NO_GO))
    barred = first_there(both, WEST, 0.5, 0.5, no_go=True)
    stormy = first_there(both, WEST, 0.5, 0.5, no_go=False)
    assert barred is both[1] and stormy is both[0]
    assert first_there(both[:1], WEST, 0.5, 0.5, no_go=True) is None


@pytest.mark.parametrize(
    ("corners", "said"),
    [
        ([], "three corners"),
        ([(0, 0), (1, 1), (0, 0)], "three corners"),
        ([(0, 0), (1, 0), (2, 0)], "an area|cross"),
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "cross itself"),
        ([(-179, 0), (179, 0), (179, 1)], "km across"),
    ],
)
def test_corners_that_enclose_no_one_area_are_refused(corners, said):
    with pytest.raises(BadOutline, match=said):
        outline_of(corners, widest_km=1_000)


@given(lat=st.floats(-60, 60), side=st.floats(0.001, 1.0))
def test_the_size_of_an_outline_is_that_of_the_ground(lat: float, side: float):
    corners = [(0.0, lat), (side, lat), (side, lat + side), (0.0, lat + side)]
    square = outline_of(corners, widest_km=1_000)
    at_equator = (side * 111.195) ** 2
    assert 0.45 * at_equator < area_km2(square) <= at_equator
