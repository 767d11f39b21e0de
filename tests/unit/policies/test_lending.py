"""Districts plan apart, and lend each other crews by the product's rule."""

import json

import pytest
from typer.testing import CliRunner

from api.cli import build
from dispatch.domain.loan import LendingPolicy
from dispatch.domain.words import DistrictId
from dispatch.drill.policies.choosing import OURS, Nearest
from dispatch.drill.policies.day import make_day
from dispatch.drill.policies.ground import DISTRICT, apart, ground_on_roads
from dispatch.drill.policies.lending import Lending
from dispatch.drill.policies.playing import play
from dispatch.errors import InvalidInput
from dispatch.planning.district import PlanningPolicy
from gis.roads.readers import read_roads
from tests.data import test_data
from tests.unit.policies.days import a_day, a_duty, a_job
from tests.unit.policies.test_playing import AsTold, a_planner, move

PLANNING = PlanningPolicy()
NEAREST = Nearest(by_road=True)
NORTH, SOUTH = DistrictId("north"), DistrictId("south")


def crews(*, southern: int, ends: float = 1200):
    """One crew of the north at minute 0, those of the south at minute 10."""
    north = (0, a_duty("N", district=NORTH, ends=ends))
    return [north, *((10, a_duty(f"S{k}", district=SOUTH, ends=ends)) for k in range(southern))]


def three_in_the_north():
    return [(5, a_job(500 + k, district_id=NORTH, work_min=100)) for k in range(3)]


def lent(day, **policy):
    lends = Lending(a_planner(), LendingPolicy(**policy))
    return play(day, NEAREST, PLANNING, lends=lends)


def who(found):
    return [served.crew_id for served in found.served]


def test_districts_apart_leave_the_others_crews_standing():
    day = a_day(crews(southern=3), three_in_the_north())
    found = play(day, NEAREST, PLANNING)
    assert who(found) == ["N", "N", "N"]
    assert found.loans == 0


def test_a_district_in_need_gets_the_crews_its_neighbour_can_spare_and_no_more():
    day = a_day(crews(southern=3), three_in_the_north())
    found = lent(day, least_orders=2, ask_below=0.9, least_gain=0.3)
    assert sorted(set(who(found))) == ["N", "S0", "S1"]
    assert found.loans == 2
    assert found.lent_min > 0


def test_a_neighbour_with_one_crew_keeps_it():
    found = lent(a_day(crews(southern=1), three_in_the_north()), least_orders=2)
    assert found.loans == 0


def test_a_neighbour_with_orders_that_wait_is_not_asked():
    waiting = [(900, a_job(499, district_id=SOUTH, needs=frozenset({"hv"})))]
    skilled = [
        (at, a_duty(d.crew.id, district=d.crew.district_id, skills=frozenset({"lv"})))
        for at, d in crews(southern=3)
    ]
    found = lent(a_day(skilled, [*waiting, *three_in_the_north()]), least_orders=2)
    assert found.loans == 0


def test_a_crew_is_called_home_when_an_order_of_its_own_waits():
    """Both southern crews are busy when the south gets two orders: the one lent comes home."""
    at_home = [(12, a_job(510 + k, district_id=SOUTH, work_min=300)) for k in range(2)]
    found = lent(a_day(crews(southern=2), [*three_in_the_north(), *at_home]), least_orders=2)
    assert found.loans == 1
    borrowed = next(s for s in found.served if s.job.district_id == NORTH and s.crew_id != "N")
    home = [s for s in found.served if s.job.district_id == SOUTH]
    assert {s.crew_id for s in home} == {"S0", "S1"}
    assert max(s.arrived_min for s in home) == pytest.approx(borrowed.done_min + 7)


def test_a_crew_that_is_not_lent_cannot_be_sent_abroad():
    day = a_day(crews(southern=1), [(5, a_job(500, district_id=NORTH))])
    with pytest.raises(InvalidInput):
        play(day, AsTold({500.0: [move("S0", 1)]}), PLANNING)


@pytest.fixture(scope="module")
def road_files():
    folder = "roads_nanchang_kddcup2021"
    return [test_data(f"{folder}/{name}.csv") for name in ("nodes", "edges")]


def test_the_same_things_break_whether_districts_plan_apart_or_not(road_files):
    ground = ground_on_roads(read_roads(road_files), "city", crews=5, districts=2)
    whole, parts = (make_day(g, 1, storm=True, load=0.5) for g in (ground, apart(ground)))
    assert [j.received_min for j in whole.jobs] == [j.received_min for j in parts.jobs]
    assert [j.work_min for j in whole.jobs] == [j.work_min for j in parts.jobs]
    assert whole.districts() == [DISTRICT]
    assert parts.districts() == ["D1", "D2"]
    customers = sum(int(ward.cells.customers.sum()) for ward in parts.wards.values())
    assert customers == len(ground.network.usage_points)


def test_the_command_tells_districts_apart_from_those_that_lend(road_files, tmp_path):
    told = tmp_path / "told.json"
    options = [f"--roads={path}" for path in road_files]
    options += ["--weather=storm", "--episodes=1", "--load=0.5", "--crews=6", "--lending"]
    options += ["--districts=2", f"--json={told}"]
    result = CliRunner().invoke(build(), ["drill", "--policies", *options], terminal_width=200)
    assert result.exit_code == 0, result.output
    rows = json.loads(told.read_text(encoding="utf-8"))
    names = ["one district", "districts apart", "districts that lend"]
    assert [row["case"] for row in rows] == names
    assert len({row["orders"][0] for row in rows}) == 1
    assert rows[1]["figures"][OURS][0]["loans"] == 0
