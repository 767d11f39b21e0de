"""Made-up arrivals, true and false: none that is false is confirmed, and the true ones are."""

import json

import pytest
from typer.testing import CliRunner

from api.cli import build
from dispatch.domain.arrival import ArrivalPolicy
from dispatch.domain.stay import StayPolicy
from dispatch.drill.arrivals.city import made_up
from dispatch.drill.arrivals.false import FALSE
from dispatch.drill.arrivals.genuine import GENUINE
from dispatch.drill.arrivals.report import as_json, of_all
from dispatch.drill.arrivals.running import drill, wilson
from dispatch.drill.arrivals.scenes import Asked

EACH, SEED = 3, 5


@pytest.fixture(scope="module")
def city():
    return made_up(SEED)


@pytest.mark.parametrize("kind", GENUINE, ids=lambda kind: kind.name)
def test_true_arrivals_are_confirmed_in_time_where_positions_can(city, kind):
    (count,) = drill(city, each=EACH, seed=SEED, kinds=[kind])
    if kind.asked is Asked.SILENT:
        assert count.confirmed == 0
    else:
        assert count.confirmed == count.cases
    if kind.asked is Asked.CONFIRM:
        assert (count.in_time, count.holds) == (count.cases, count.cases)


@pytest.mark.parametrize("kind", FALSE, ids=lambda kind: kind.name)
def test_false_arrivals_are_not_confirmed(city, kind):
    (count,) = drill(city, each=EACH, seed=SEED, kinds=[kind])
    assert count.confirmed == (count.cases if kind.asked is Asked.BEYOND else 0)


def test_a_careless_policy_is_found_out(city):
    careless = ArrivalPolicy(fence_m=600.0, stay=StayPolicy(still_m=500.0, drift_m=500.0))
    lax = [
        kind for kind in FALSE if kind.name in {"claims from 400 m away", "creeps past in a jam"}
    ]
    counts = drill(city, each=EACH, seed=SEED, kinds=lax, policy=careless)
    assert of_all(counts)["false"]["hits"] > 0


def test_the_same_seed_gives_the_same_figures(city):
    kinds = [GENUINE[0], FALSE[0]]
    first, again = (
        as_json("town", SEED, drill(city, each=2, seed=SEED, kinds=kinds)) for _ in range(2)
    )
    assert first == again


@pytest.mark.parametrize(
    ("hits", "cases", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilson_gives_the_published_intervals(hits, cases, low, high):
    assert wilson(hits, cases) == pytest.approx((low, high), abs=1e-4)


def test_the_command_writes_its_figures(tmp_path):
    path = tmp_path / "arrivals.json"
    asked = ["drill", "arrival", "--each", "1", "--seed", "2", "--json", str(path)]
    done = CliRunner().invoke(build(), asked)
    assert "false arrivals confirmed: 0/" in done.output.replace("\n", " ")
    written = json.loads(path.read_text("utf-8"))
    assert {each["kind"] for each in written["kinds"]} >= {"drives past", "the button forgotten"}
