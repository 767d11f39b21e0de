"""Driving speeds learned from the tracks of crews, kept, driven by and taken back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import Result
from sqlalchemy import Engine
from typer.testing import CliRunner

from api.cli import build as program
from api.house import Policies, furnish
from api.roads import Roads
from api.speeds import keep_speeds, learn_from_tracks, learn_tonight
from dispatch.errors import TooLittleToLearn
from dispatch.journal import SYSTEM
from dispatch.planning.district import PlanningPolicy
from dispatch.store import speeds
from dispatch.store.partitions import ensure_fix_partitions
from dispatch.store.transaction import PgStore
from gis.roads.learned import Learned, slower_by_hour
from gis.roads.speeds import RoadClass
from tests.api.grid import SIDE, lay_roads, place
from tests.api.test_roads import close, flood
from tests.store import builders as build

ZONE = ZoneInfo("UTC")
NIGHT = build.NOW.replace(hour=3, minute=0) + timedelta(days=1)
PLANNED_S = 60.0
DRIVEN_S = 120.0


@pytest.fixture
def tracked(database: Engine) -> Engine:
    """A company whose crew drove up and down the grid, at half the planned speed, at eight."""
    lay_roads(database)
    with database.begin() as c:
        ensure_fix_partitions(c, build.NOW)
        build.add_district(c)
        build.add_crew(c, "C1")
        fixes = [
            build.a_fix(f"f{n}", lon=lon, lat=lat, accuracy_m=6.0, fixed_at=at, received_at=at)
            for n, (at, lon, lat) in enumerate(rounds())
        ]
        PgStore(c).crews.record_fixes(fixes)
    return database


def rounds() -> Iterator[tuple[datetime, float, float]]:
    """Sixty drives along rows of the grid, a position every ten seconds, ten minutes between."""
    at = build.NOW.replace(hour=8, minute=0)
    for drive in range(60):
        row = drive % SIDE
        for step in range(int((SIDE - 1) * DRIVEN_S / 10)):
            yield (
                at + timedelta(seconds=10 * step),
                *place(row, step * 10 / DRIVEN_S),
            )
        at += timedelta(seconds=(SIDE - 1) * DRIVEN_S)
        if at.hour != 8:
            at = at.replace(hour=8, minute=0) + timedelta(days=1)
        at += timedelta(minutes=5)


def drive_min(engine: Engine, at: datetime) -> float:
    times = Roads(engine, now=lambda: at).current()
    return times.travel_to(*place(0, 1), [place(0, 0)])[0].seconds / 60


def learn(url: str, *arguments: str) -> Result:
    environment = {"RELIGHT_DATABASE_URL": url, "COLUMNS": "200", "RELIGHT_ZONE": "UTC"}
    return CliRunner().invoke(program(), ["learn", "speeds", *arguments], env=environment)


def some(factor: float) -> tuple[Learned, ...]:
    return (Learned(RoadClass.MOTORWAY, 8, factor, 40, 60.0),)


def keep(engine: Engine, factor: float, by: str = "test") -> int:
    period = (build.NOW, build.NOW + timedelta(days=1))
    made = keep_speeds(engine, some(factor), period, ZONE, by=by, reason="test", now=build.NOW)
    return made.version


def put(engine: Engine, version: int, by: str = "test") -> None:
    with engine.begin() as c:
        speeds.put_into_force(c, version, by=by, reason="test", now=build.NOW)


def test_what_crews_drove_is_learned_by_class_and_hour(tracked: Engine):
    until = build.NOW + timedelta(days=20)
    every = learn_from_tracks(tracked, build.NOW - timedelta(days=1), until, ZONE)
    learned = max(every, key=lambda each: each.runs)
    assert (learned.road_class, learned.hour) == (RoadClass.MOTORWAY, 8)
    assert learned.runs >= 40
    assert learned.factor == pytest.approx(PLANNED_S / DRIVEN_S, rel=0.1)


def test_too_few_drives_are_nothing_to_learn_from(database: Engine):
    lay_roads(database)
    with pytest.raises(TooLittleToLearn, match="0 drives"):
        learn_from_tracks(database, build.NOW, NIGHT, ZONE)


def test_a_version_is_driven_by_at_its_hours_until_another_is_put_into_force(database: Engine):
    lay_roads(database)
    eight, nine = (build.NOW.replace(hour=hour) for hour in (8, 9))
    version = keep(database, 0.5)
    assert drive_min(database, eight) == pytest.approx(1, abs=0.01)
    put(database, version)
    assert drive_min(database, eight) == pytest.approx(2, abs=0.01)
    put(database, speeds.SHIPPED_SPEEDS)
    assert drive_min(database, nine) == pytest.approx(1, abs=0.01)


def test_a_process_takes_the_hours_speeds_as_the_hour_comes(database: Engine):
    lay_roads(database)
    period = (build.NOW, build.NOW + timedelta(days=1))
    rush = Learned(RoadClass.MOTORWAY, 8, 0.5, 30, 60.0)
    calm = Learned(RoadClass.MOTORWAY, 9, 1.0, 30, 60.0)
    kept = keep_speeds(
        database, (rush, calm), period, ZONE, by="test", reason="test", now=build.NOW
    )
    put(database, kept.version)
    clock = [build.NOW.replace(hour=8, minute=59)]
    roads = Roads(database, now=lambda: clock[0], look_again_s=0.0)
    pair = place(0, 1), [place(0, 0)]
    assert roads.current().travel_to(*pair[0], pair[1])[0].seconds == pytest.approx(120, abs=1)
    clock[0] += timedelta(minutes=1)
    assert roads.current().travel_to(*pair[0], pair[1])[0].seconds == pytest.approx(60, abs=1)


def test_a_closure_acts_while_the_hours_speeds_are_being_prepared(database: Engine):
    lay_roads(database)
    period = (build.NOW, build.NOW + timedelta(days=1))
    both = [Learned(RoadClass.MOTORWAY, hour, 1 / (hour - 6), 30, 60.0) for hour in (8, 9)]
    kept = keep_speeds(database, tuple(both), period, ZONE, by="test", reason="test", now=build.NOW)
    put(database, kept.version)
    clock = [build.NOW.replace(hour=8, minute=59)]
    roads = Roads(database, now=lambda: clock[0])
    roads.refresh()
    roads.followed = True
    before = roads.current().version
    (network,) = roads._known.networks.networks
    engine = network.engine
    with engine._guard:
        engine._spare.readers += 1  # a question that goes on: nothing can be prepared
    clock[0] += timedelta(minutes=1)
    roads.look()
    assert roads.current().version == before, "the speeds of the hour before are driven by"
    closure = close(database, replace(flood(), starts_at=clock[0]))
    roads.look()
    assert roads.shut_here == {closure.id}
    shut = roads.current().travel_to(*place(0, 1), [place(0, 0)])[0].seconds
    with engine._guard:
        engine._spare.readers -= 1
        engine._guard.notify_all()
    roads.refresh()
    assert roads.current().version != before
    assert roads.shut_here == {closure.id}
    assert roads.current().travel_to(*place(0, 1), [place(0, 0)])[0].seconds == pytest.approx(shut)
    assert shut > 2 * 3 * 60, "three streets round the block, at nine"


def test_the_planner_counts_the_jam_of_this_hour_once_and_the_coming_hours_against_it(
    database: Engine,
):
    lay_roads(database)
    rush = Learned(RoadClass.MOTORWAY, 8, 0.5, 30, 60.0)
    calm = Learned(RoadClass.MOTORWAY, 9, 1.0, 30, 60.0)
    period = (build.NOW, build.NOW + timedelta(days=1))
    kept = keep_speeds(
        database, (rush, calm), period, ZONE, by="test", reason="test", now=build.NOW
    )
    policies = Policies(planning=PlanningPolicy(slow_by_hour=(2.0, 1.0)))
    eight = build.NOW.replace(hour=8)
    house = furnish(database, zone="UTC", now=lambda: eight, policies=policies)
    house.travel_times()
    assert house.planning.slow_by_hour == (2.0, 1.0), "planned speeds know no hours"
    put(database, kept.version)
    house.roads.refresh()
    house.close()
    assert drive_min(database, eight) == pytest.approx(2, abs=0.01)
    assert house.planning.slow_by_hour[:2] == pytest.approx((1.0, 0.5))


def test_an_hour_from_now_lies_in_two_hours_of_the_clock():
    rush = Learned(RoadClass.PRIMARY, 8, 0.5, 30, 60.0)
    calm = Learned(RoadClass.PRIMARY, 9, 1.0, 30, 60.0)
    assert slower_by_hour((rush, calm), 8.5, 1)[0] == pytest.approx(0.75)
    assert slower_by_hour((), 8.5) == (1.0,)


def test_classes_count_by_the_time_that_crews_spent_on_them():
    slow = Learned(RoadClass.PRIMARY, 8, 0.5, 30, 600.0)
    calm = Learned(RoadClass.PRIMARY, 9, 1.0, 30, 600.0)
    rare = Learned(RoadClass.TRACK, 8, 1.0, 30, 0.001)
    still = Learned(RoadClass.TRACK, 9, 0.1, 30, 0.001)
    assert slower_by_hour((slow, calm, rare, still), 8.0, 2)[1] == pytest.approx(0.5, abs=0.01)


def test_the_night_keeps_and_drives_by_what_it_learns_but_overrules_nobody(tracked: Engine):
    later = NIGHT + timedelta(days=8)
    first = learn_tonight(tracked, later, ZONE)
    assert first is not None
    with tracked.connect() as c:
        assert speeds.put_in_force_by(c) == SYSTEM
    assert learn_tonight(tracked, later + timedelta(hours=1), ZONE) is None
    put(tracked, speeds.SHIPPED_SPEEDS, by="a person")
    second = learn_tonight(tracked, later + timedelta(days=1), ZONE)
    assert second is not None
    with tracked.connect() as c:
        assert speeds.find_in_force(c) is None
        kept = speeds.list_versions(c)
    assert [each.version for each in kept] == [first.version, second.version]
    assert kept[0] == first


def test_an_operator_learns_applies_lists_and_goes_back(tracked: Engine, database_url: str):
    period = (
        "--since",
        f"{build.NOW:%Y-%m-%d}",
        "--until",
        f"{NIGHT + timedelta(days=20):%Y-%m-%d}",
    )
    shown = learn(database_url, *period)
    assert shown.exit_code == 0, shown.output
    assert "Nothing was stored" in shown.output
    applied = learn(database_url, *period, "--apply")
    assert "version 2 is in force" in applied.output
    assert "2 *" in learn(database_url, "--list").output
    assert "version 1 is in force" in learn(database_url, "--revert", "1").output
    assert "1 *" in learn(database_url, "--list").output
    assert learn(database_url, "--revert", "9").exit_code != 0
    assert learn(database_url, "--list", "--store").exit_code != 0
