"""Travel times of a process: by the loaded roads, by what is closed, else straight and said so."""

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine, text

from api.house import conninfo_of
from api.roadnews import RoadNews
from api.roads import Roads, StraightLines
from api.worker import plan_everywhere
from dispatch.errors import NotFound
from dispatch.store import roads as stored
from dispatch.store.loading.roads import store_roads
from dispatch.store.roads import Closing, RoadClosure
from tests.api.conftest import FieldClock, Town
from tests.api.grid import STEP_M, a_grid, lay_roads, place
from tests.loops import run_async
from tests.store.builders import LAT, LON, NOW


def flood(drawn: BaseGeometry | None = None, ends_at: datetime | None = None) -> Closing:
    return Closing(
        district_id=None,
        reason="flood",
        drawn=drawn or LineString([place(0, 0.4), place(0, 0.6)]),
        starts_at=NOW,
        ends_at=ends_at,
        by="test",
    )


class Watched(Roads):
    """Roads that say when they were read."""

    def __init__(self, engine: Engine, **settings: Any) -> None:
        super().__init__(engine, **settings)
        self.read = threading.Event()

    def look(self) -> None:
        super().look()
        self.read.set()

    async def until_shut(self) -> None:
        while minutes(self, place(0, 1), place(0, 0)) < 2:
            await asyncio.to_thread(self.read.wait, 10)
            self.read.clear()


def close(engine: Engine, closing: Closing) -> RoadClosure:
    with engine.begin() as c:
        return stored.add_closure(c, closing, now=NOW)


def minutes(roads: Roads, start: tuple[float, float], end: tuple[float, float]) -> float:
    return roads.current().travel_to(*end, [start])[0].seconds / 60


def test_without_roads_a_straight_line_is_used_and_said(database: Engine):
    (travel,) = Roads(database, now=lambda: NOW).current().travel_to(LON, LAT, [place(0, 2)])
    assert travel.basis == "straight_line"
    assert travel.metres == pytest.approx(2 * STEP_M, rel=0.01)


def test_nobody_to_send_is_no_error():
    assert StraightLines().travel_to(LON, LAT, []) == []


def test_with_roads_the_time_is_that_of_the_road(database: Engine):
    lay_roads(database)
    (travel,) = Roads(database, now=lambda: NOW).current().travel_to(*place(1, 2), [place(0, 0)])
    assert travel.basis == "road"
    turn_s = 6  # to the left, across the traffic
    assert travel.seconds == pytest.approx(180 + turn_s, abs=1)


def test_a_closed_road_is_driven_round_until_it_opens(database: Engine):
    lay_roads(database)
    with database.begin() as c:
        stored.add_closure(c, flood(ends_at=NOW + timedelta(hours=1)), now=NOW)
    before, during, after = (
        minutes(Roads(database, now=at), place(0, 1), place(0, 0))
        for at in (lambda: NOW - timedelta(hours=1), lambda: NOW, lambda: NOW + timedelta(hours=2))
    )
    assert before == after == pytest.approx(1, abs=0.01)
    assert during == pytest.approx(3, abs=0.4)


def test_other_roads_are_taken_up_when_they_are_loaded(database: Engine, clock: FieldClock):
    roads = Roads(database, now=clock, look_again_s=0.0)
    assert roads.current().travel_to(*place(0, 1), [place(0, 0)])[0].basis == "straight_line"
    lay_roads(database)
    assert roads.current().travel_to(*place(0, 1), [place(0, 0)])[0].basis == "road"


class Slow(Roads):
    """Roads that unpack others only when they may."""

    def __init__(self, engine: Engine, **settings: Any) -> None:
        super().__init__(engine, **settings)
        self.may = threading.Event()

    def _unpacked(self):
        found = super()._unpacked()
        assert self.may.wait(20)
        return found


def store_east(engine: Engine, *, digest: str, at: float = 1.0) -> None:
    east = replace(a_grid(), node_lon=a_grid().node_lon + at, shape_lon=a_grid().shape_lon + at)
    with engine.begin() as c:
        store_roads(c, east, name="east", digest=digest, now=NOW)


def test_a_closure_acts_while_other_roads_are_unpacked(database: Engine):
    lay_roads(database)
    roads = Slow(database, now=lambda: NOW)
    roads.refresh()
    roads.followed = True
    store_east(database, digest="two")
    close(database, flood())
    roads.look()
    assert len(roads.shut_here) == 1
    assert minutes(roads, place(0, 1), place(0, 0)) == pytest.approx(3, abs=0.4)
    east = place(0, 0)[0] + 1, place(0, 0)[1]
    (there,) = roads.current().travel_to(place(0, 1)[0] + 1, place(0, 1)[1], [east])
    assert there.basis == "straight_line", "the other roads are not there yet"
    roads.may.set()
    roads.refresh()
    (there,) = roads.current().travel_to(place(0, 1)[0] + 1, place(0, 1)[1], [east])
    assert there.basis == "road"
    assert len(roads.shut_here) == 1
    assert minutes(roads, place(0, 1), place(0, 0)) == pytest.approx(3, abs=0.4)


def test_roads_loaded_while_others_are_unpacked_are_taken_up_as_well(database: Engine):
    lay_roads(database)
    roads = Slow(database, now=lambda: NOW)
    roads.refresh()
    roads.followed = True
    store_east(database, digest="two")
    roads.look()
    store_east(database, digest="three", at=2.0)
    roads.may.set()
    roads.refresh()
    east = place(0, 0)[0] + 2, place(0, 0)[1]
    assert roads.current().travel_to(place(0, 1)[0] + 2, place(0, 1)[1], [east])[0].basis == "road"


def test_who_closes_a_road_of_a_graph_that_is_being_unpacked_waits_for_it(database: Engine):
    lay_roads(database)
    roads = Slow(database, now=lambda: NOW)
    roads.refresh()
    store_east(database, digest="two")
    roads.look()
    threading.Timer(0.3, roads.may.set).start()
    line = LineString([(x + 1, y) for x, y in (place(0, 0.4), place(0, 0.6))])
    shut = roads.what_shuts(line, one_way=False)
    assert shut is not None and sum(each.sections for each in shut) == 1


def test_a_closure_is_prolonged_and_lifted(database: Engine):
    lay_roads(database)
    closure = close(database, flood(ends_at=NOW + timedelta(hours=1)))
    later = Roads(database, now=lambda: NOW + timedelta(hours=2), look_again_s=0.0)
    assert minutes(later, place(0, 1), place(0, 0)) == pytest.approx(1, abs=0.01)
    with database.begin() as c:
        until = NOW + timedelta(hours=3)
        assert stored.move_end(c, closure.id, until, by="test", now=NOW).ends_at == until
    assert minutes(later, place(0, 1), place(0, 0)) == pytest.approx(3, abs=0.4)
    with database.begin() as c:
        assert stored.lift_closure(c, closure.id, by="test", now=NOW)
        assert not stored.lift_closure(c, closure.id, by="test", now=NOW)
        with pytest.raises(NotFound):
            stored.move_end(c, closure.id, None, by="test", now=NOW)
    assert minutes(later, place(0, 1), place(0, 0)) == pytest.approx(1, abs=0.01)


def test_a_place_whose_every_road_is_flooded_is_unreachable_and_no_straight_line(database: Engine):
    lay_roads(database)
    around = [place(-1, -1), place(-1, 5), place(5, 5), place(5, -1)]
    close(database, flood(Polygon(around)))
    times = Roads(database, now=lambda: NOW).current()
    (travel,) = times.travel_to(*place(0, 1), [place(0, 0)])
    assert travel.basis == "unreachable"
    assert np.isinf(times.minutes([place(0, 0)], [place(0, 1)])).all()


def test_every_process_hears_of_a_closure_and_does_not_wait_to_look_again(
    database: Engine, clock: FieldClock
):
    lay_roads(database)
    mine, other = (Watched(database, now=clock, look_again_s=3600.0) for _ in range(2))
    url = conninfo_of(database)

    async def scene() -> None:
        news = [RoadNews(roads, url) for roads in (mine, other)]
        async with news[0].followed(), news[1].followed():
            await asyncio.gather(*(each.listening.wait() for each in news))
            assert minutes(mine, place(0, 1), place(0, 0)) == pytest.approx(1, abs=0.01)
            await asyncio.to_thread(close, database, flood())
            await asyncio.gather(mine.until_shut(), other.until_shut())

    run_async(asyncio.wait_for(scene(), 20))


def test_two_processes_shut_the_same_edges(database: Engine):
    lay_roads(database)
    close(database, flood(LineString([place(0.02, 0.3), place(0.01, 1.4), place(1.3, 1.5)])))
    shut = []
    for _ in range(2):
        roads = Roads(database, now=lambda: NOW)
        ((_, lines),) = roads.closures()
        shut.append(lines.wkb)
    assert shut[0] == shut[1]
    assert len(shut[0]) > 0


def test_graphs_loaded_under_two_names_are_driven_side_by_side(database: Engine):
    lay_roads(database)
    store_east(database, digest="two")
    times = Roads(database, now=lambda: NOW).current()
    lon, lat = place(0, 0)
    there = (lon + 1, lat)
    assert [t.basis for t in times.travel_to(*place(0, 1), [(lon, lat), there])] == [
        "road",
        "straight_line",
    ]
    assert times.travel_to(place(0, 1)[0] + 1, lat, [there])[0].basis == "road"
    table = times.minutes([(lon, lat), there], [place(0, 1), (place(0, 1)[0] + 1, lat)])
    assert table[0, 0] == table[1, 1] == pytest.approx(1, abs=0.01)
    assert table[0, 1] == pytest.approx(table[1, 0], rel=0.02)
    assert table[0, 1] > 100


def test_an_area_is_previewed_closed_listed_and_opened(town: Town):
    lay_roads(town.engine)
    area = {"area": [place(-0.2, 0.4), place(0.2, 0.4), place(0.2, 0.6), place(-0.2, 0.6)]}
    seen = town.post("road-closures/preview", "dispatcher", area)
    assert seen.status_code == 200, seen.text
    assert (seen.json()["sections"], seen.json()["length_m"]) == (1, STEP_M)
    assert seen.json()["geometry"]["type"] == "MultiLineString"
    assert town.get("road-closures", "dispatcher").json() == []
    made = town.post("road-closures", "dispatcher", {**area, "reason": "flood"})
    assert made.status_code == 201, made.text
    path = f"road-closures/{made.json()['id']}"
    until = (town.clock() + timedelta(hours=2)).isoformat()
    assert town.put(f"{path}/end", "dispatcher", {"ends_at": until}).status_code == 200
    assert town.put(f"{path}/end", "dispatcher", {"ends_at": NOW.isoformat()}).status_code == 422
    gone = town.client.delete(f"/api/v1/{path}", headers=town.headers("dispatcher"))
    assert gone.status_code == 204
    assert town.put(f"{path}/end", "dispatcher", {"ends_at": until}).status_code == 404


def test_roads_that_are_shut_have_every_district_planned_anew_when_that_begins(town: Town):
    lay_roads(town.engine)
    roads = Roads(town.engine, now=lambda: datetime.now(UTC), look_again_s=3600.0)
    planned = threading.Event()

    def changed() -> None:
        plan_everywhere(town.house)
        planned.set()

    async def scene() -> None:
        news = RoadNews(roads, conninfo_of(town.engine), changed=changed)
        async with news.followed():
            await news.listening.wait()
            begins = datetime.now(UTC) + timedelta(seconds=1)
            await asyncio.to_thread(close, town.engine, replace(flood(), starts_at=begins))
            assert not jobs(town)
            assert await asyncio.to_thread(planned.wait, 15)

    run_async(asyncio.wait_for(scene(), 20))
    assert jobs(town) == {"assign:east", "assign:west"}


def jobs(town: Town) -> set[str]:
    with town.engine.connect() as c:
        return set(c.scalars(text("SELECT lock FROM procrastinate_jobs")))


@pytest.mark.parametrize(
    ("drawn", "why"),
    [
        ({"line": [place(0.3, 0.3), place(0.5, 0.5)]}, "within 25 m of a road"),
        ({"area": [place(0.3, 0.3), place(0.5, 0.3), place(0.5, 0.5)]}, "a road enters"),
        ({"area": [place(0, 0), place(0, 1), place(0, 2)]}, "an area, not a line"),
        ({}, "either a line or an area"),
        ({"area": [place(0, 0), place(0, 1), place(1, 2)], "one_way": True}, "only a line"),
    ],
)
def test_what_shuts_no_road_is_refused_with_the_reason(town: Town, drawn, why):
    lay_roads(town.engine)
    answer = town.post("road-closures", "dispatcher", {**drawn, "reason": "flood"})
    assert answer.status_code == 422
    assert why in answer.text


def test_nothing_is_closed_while_no_roads_are_loaded(town: Town):
    body = {"line": [place(0, 0), place(0, 1)], "reason": "flood"}
    answer = town.post("road-closures", "dispatcher", body)
    assert answer.status_code == 422
    assert "roads to be loaded first" in answer.text
