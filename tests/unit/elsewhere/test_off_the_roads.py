"""What the demonstration says of roads that are not those of its network."""

from datetime import UTC, datetime

import pytest

from api.demo.play import off_the_roads
from api.demo.stage import Base, Stage
from gis.roads.cch import CchTravelTimes
from gis.roads.network import RoadNetwork
from tests.unit.roads.streets import graph_of

STREET = {1: (11.000, 49.500), 2: (11.010, 49.500)}


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    ways = {10: ([1, 2], {"highway": "residential"})}
    return RoadNetwork(CchTravelTimes(graph_of(tmp_path_factory.mktemp("street"), STREET, ways)))


def a_stage(*places):
    crews = [Base(crew_id=f"C{n}", lon=lon, lat=lat) for n, (lon, lat) in enumerate(places)]
    return Stage(day=[], crews=crews, roads=[], begins=datetime(2026, 7, 15, tzinfo=UTC))


def test_nothing_is_said_where_every_crew_stands_at_a_road(roads):
    assert off_the_roads(a_stage((11.001, 49.5), (11.009, 49.5)), roads) is None


def test_crews_beside_the_roads_are_counted(roads):
    said = off_the_roads(a_stage((11.001, 49.5), (-52.0, -27.5)), roads)
    assert said is not None
    assert said.startswith("1 of 2 crews have no road within")


def test_a_demonstration_without_roads_says_that_its_times_are_guesses():
    assert "no roads were given" in (off_the_roads(a_stage((11.0, 49.5)), None) or "")
