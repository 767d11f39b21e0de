"""On a storm's day every district of the demonstration has a crew that it could lend."""

import numpy as np
import pytest
import shapely

from api.demo.reserves import RESERVES, with_reserves
from dispatch.coverage import Cells, Coverage
from dispatch.domain.loan import LendingPolicy
from dispatch.domain.words import CrewId
from dispatch.drill.county import County, generate
from dispatch.drill.county.files import write_roads
from dispatch.drill.county.parameters import DAY_SHIFT
from dispatch.procedures.covering import to_spare
from gis.areas import District
from gis.roads.cch import engine_for
from gis.roads.network import RoadNetwork
from gis.roads.readers import read_roads

DEMO_SEED = 20260618
MINUTE_S = 60.0


@pytest.fixture(scope="module")
def demo() -> County:
    return generate(DEMO_SEED, 20_000)


@pytest.fixture(scope="module")
def roads(demo: County, tmp_path_factory) -> RoadNetwork:
    path = write_roads(demo, tmp_path_factory.mktemp("demo") / "roads.osm")
    return RoadNetwork(engine_for(read_roads([path]).largest_part()))


def could_lend(
    county: County, district: District, roads: RoadNetwork, *, busy: int = 0
) -> frozenset[CrewId]:
    """Whom a district could do without by day, all crews at their bases but its first `busy`."""
    served = [t for t in county.network.transformers if t.point is not None]
    lon, lat = np.array([[t.point.x, t.point.y] for t in served]).T
    inside = shapely.contains_xy(district.polygon, lon, lat)
    by = {t.id: 0 for t in served}
    for each in county.network.usage_points:
        if each.transformer_id in by:
            by[each.transformer_id] += 1
    customers = np.array([by[t.id] for t in served])[inside]
    lon, lat = lon[inside], lat[inside]
    cells = Cells(
        lon=lon,
        lat=lat,
        west=lon,
        south=lat,
        east=lon,
        north=lat,
        customers=customers,
        critical=np.zeros_like(customers),
        area=np.zeros_like(customers),
        side_m=0.0,
    )
    crews = [
        crew
        for crew in county.crews
        if crew.district_id == district.id and crew.shift_start == DAY_SHIFT[0]
    ][busy:]
    minutes = roads.table([(crew.lon, crew.lat) for crew in crews], cells.at()) / MINUTE_S
    coverage = Coverage(
        cells=cells,
        crews=[CrewId(crew.id) for crew in crews],
        minutes=minutes.astype(np.float32),
    )
    policy = LendingPolicy()
    return to_spare(coverage, keep_covered=policy.keep_covered, keep_free=policy.keep_free)


def test_with_its_reserve_each_town_could_lend_while_a_crew_works_and_without_never(
    demo: County, roads: RoadNetwork
):
    stormy = with_reserves(demo)
    for district in demo.districts[1:]:
        assert not could_lend(demo, district, roads), district.name
    for district in demo.districts[1:]:
        assert could_lend(stormy, district, roads, busy=1), district.name


def test_reserves_are_crews_of_their_own(demo: County):
    stormy = with_reserves(demo)
    assert stormy.crews[: len(demo.crews)] == demo.crews
    added = stormy.crews[len(demo.crews) :]
    towns = [district.id for district in demo.districts[1:]]
    assert [crew.district_id for crew in added] == [t for t in towns for _ in range(RESERVES)]
    for told in ("id", "name", "phone", "vehicle"):
        assert len({getattr(crew, told) for crew in stormy.crews}) == len(stormy.crews)
