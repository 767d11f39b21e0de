"""The benchmark of closures draws what a road runs through, and says its figures by rank."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely
from sqlalchemy import Engine

from api.roads import Roads
from tests.bench.closures import CLOSINGS, WIDE, areas_across, spread, wide_areas
from tests.bench.seed import Size, grid_of, load_roads

SMALLEST = Size(feeders=1)


def test_every_area_drawn_shuts_one_street_of_the_companys_grid(database: Engine, tmp_path: Path):
    with database.begin() as connection:
        load_roads(connection, SMALLEST, tmp_path)
    roads = Roads(database, now=lambda: datetime.now(UTC))
    areas = areas_across(SMALLEST, CLOSINGS)
    assert len({tuple(area) for area in areas}) == CLOSINGS
    for area in areas:
        (shut,) = roads.what_shuts(shapely.Polygon(area), one_way=False)
        assert shut.sections == 1


def test_a_wide_area_shuts_many_streets_and_leaves_most_open(database: Engine, tmp_path: Path):
    size = Size(feeders=9)
    with database.begin() as connection:
        load_roads(connection, size, tmp_path)
    roads = Roads(database, now=lambda: datetime.now(UTC))
    columns, rows = grid_of(size)
    streets = 2 * columns * rows - columns - rows
    areas = wide_areas(size, WIDE)
    assert len({tuple(area) for area in areas}) > 1
    for area in areas:
        (shut,) = roads.what_shuts(shapely.Polygon(area), one_way=False)
        assert 10 < shut.sections < streets / 5


@pytest.mark.parametrize(
    ("times", "p50", "p99", "longest"),
    [([3.0], 3.0, 3.0, 3.0), ([4.0, 1.0, 3.0, 2.0], 2.0, 4.0, 4.0), (range(200), 99, 197, 199)],
)
def test_figures_are_told_by_nearest_rank(times, p50: float, p99: float, longest: float):
    assert spread(times) == {"p50": p50, "p99": p99, "longest": longest}
