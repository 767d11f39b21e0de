"""Days on real roads, every way of sending, and what is told of them."""

import json
import math

import pytest
from typer.testing import CliRunner

from api.cli import build
from dispatch.drill.policies.choosing import OURS, ROAD
from dispatch.drill.policies.day import make_day
from dispatch.drill.policies.ground import ground_on_roads
from dispatch.drill.policies.running import HINDSIGHT, compare, drawn, ways
from dispatch.drill.policies.scores import KEPT, WORDS, mean_of, paired
from dispatch.planning.district import PlanningPolicy
from gis.roads.readers import read_roads
from tests.data import test_data
from tests.unit.policies.test_playing import a_planner


@pytest.fixture(scope="module")
def road_files():
    folder = "roads_nanchang_kddcup2021"
    return [test_data(f"{folder}/{name}.csv") for name in ("nodes", "edges")]


@pytest.fixture(scope="module")
def city(road_files):
    return ground_on_roads(read_roads(road_files), "city", crews=5)


def test_a_day_is_the_same_for_the_same_seed_and_another_for_another(city):
    first, again, other = (make_day(city, seed, storm=True) for seed in (1, 1, 2))
    assert first.jobs == again.jobs and first.hours == again.hours
    assert first.jobs != other.jobs
    assert all(job.work_min > 0 and math.isfinite(job.received_min) for job in first.jobs)


def test_two_days_with_every_way_of_sending_come_to_figures_below_the_bound(city):
    known = ways(a_planner)
    found = compare(drawn(city, storm=True, seeds=(1, 2), load=0.5), known, PlanningPolicy())
    assert set(found.figures) == {*known, HINDSIGHT}
    for rows in found.figures.values():
        assert all(set(row) == set(WORDS) for row in rows)
        assert all(r[KEPT] <= b + 1e-6 for r, b in zip(rows, found.bound, strict=True))
    assert found.ahead(OURS).value == 0
    assert found.gap().value >= 0


def test_the_command_tells_both_columns_of_a_scenario(road_files, tmp_path):
    what_if = tmp_path / "fewer.toml"
    what_if.write_text('[[crews]]\nid = "C01"\naway = true\n', encoding="utf-8")
    told = tmp_path / "told.json"
    options = [f"--roads={path}" for path in road_files]
    options += ["--weather=storm", "--episodes=2", "--load=0.4", "--crews=4"]
    options += [f"--scenario={what_if}", f"--json={told}", f"--method={ROAD}"]
    result = CliRunner().invoke(build(), ["drill", "--policies", *options], terminal_width=200)
    assert result.exit_code == 0, result.output
    rows = json.loads(told.read_text(encoding="utf-8"))
    assert [row["case"] for row in rows] == ["as it is", "fewer"]
    assert rows[0]["orders"] == rows[1]["orders"]
    assert set(rows[0]["figures"]) == {ROAD, HINDSIGHT}


def test_a_mean_has_an_interval_from_two_days_on():
    assert mean_of([1.0, 2.0, 3.0]).value == 2
    assert mean_of([1.0, 2.0, 3.0]).low == pytest.approx(2 - 4.3027 / math.sqrt(3), abs=1e-3)
    assert math.isnan(mean_of([1.0]).low)
    assert math.isnan(mean_of([math.nan]).value)
    assert paired([3.0, 5.0], [1.0, 3.0]).value == 2
