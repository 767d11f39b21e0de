"""Crews for a place without a crew list."""

import numpy as np
import pytest

from dispatch.drill.elsewhere import crews_on, write_crews_csv
from dispatch.store.loading.crews import read_crews
from gis.crs import distance_m
from gis.errors import EmptyInput

TOWNS = np.array([[115.0, 28.0], [115.5, 28.0], [115.0, 28.5]])


@pytest.fixture
def points():
    rng = np.random.default_rng(1)
    return np.concatenate([town + rng.normal(0, 0.01, (80, 2)) for town in TOWNS])


def test_every_town_gets_a_crew_in_its_middle(points):
    bases = np.array([crew[2:] for crew in crews_on(points, 4, 3)])
    for town in TOWNS:
        assert distance_m(bases[:, 0], bases[:, 1], *town).min() < 1_000


def test_bases_are_points_of_the_place(points):
    known = {tuple(row) for row in points.round(7).tolist()}
    crews = crews_on(points, 4, 9)
    assert len({crew_id for crew_id, *_ in crews}) == 9
    assert all((lon, lat) in known for _, _, lon, lat in crews)


def test_the_same_seed_gives_the_same_crews(points):
    assert crews_on(points, 4, 6) == crews_on(points, 4, 6)
    assert crews_on(points, 4, 6) != crews_on(points, 5, 6)


def test_crews_share_a_base_where_points_are_few():
    crews = crews_on([(115.0, 28.0)], 1, 3)
    assert [crew_id for crew_id, *_ in crews] == ["C01", "C02", "C03"]
    assert {crew[2:] for crew in crews} == {(115.0, 28.0)}


def test_a_place_without_points_is_refused():
    with pytest.raises(EmptyInput, match="at least one point"):
        crews_on([], 1, 3)


def test_the_loader_takes_what_is_written(points, tmp_path):
    crews = crews_on(points, 4, 6)
    path = write_crews_csv(crews, tmp_path / "crews.csv")
    rows, refused = read_crews(path, {}, zone="Asia/Shanghai")
    assert refused == []
    assert [(row.id, row.name, row.base.x, row.base.y) for row in rows] == crews
    assert {row.starts for row in rows} == {row.ends for row in rows} == {"00:00"}
    assert {"lv", "mv", "hazard", "cable", "live_line"} <= {s for row in rows for s in row.skills}
