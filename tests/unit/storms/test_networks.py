"""Networks for the drill: made-up ones, parts, and customers where there are none."""

from dataclasses import replace

import numpy as np
import pytest
from shapely import Point

from dispatch.drill.networks import american, some_feeders, with_customers
from dispatch.drill.storms import parameters as p
from dispatch.drill.storms.ground import ground_of
from gis.errors import EmptyInput
from gis.network.detect import read_network
from gis.network.notation import parse
from gis.network.trace import DeviceKind, trace
from tests.data import test_data
from tests.unit.storms.world import DRAWN


@pytest.fixture(scope="module")
def american_style():
    return american(1)


def test_the_american_style_network_is_the_same_for_the_same_seed(american_style):
    assert american(1) == american_style
    assert american(2) != american_style


def test_it_has_few_customers_per_transformer_all_with_supply(american_style):
    tracing = trace(american_style)
    assert len(american_style.transformers) == p.AMERICAN_TRANSFORMERS
    assert set(tracing.device_of_account) == {u.account for u in american_style.usage_points}
    counts = np.unique(list(tracing.transformer_of_account.values()), return_counts=True)[1]
    assert counts.min() >= p.AMERICAN_CUSTOMERS[0] and counts.max() <= p.AMERICAN_CUSTOMERS[1]
    assert not tracing.problems


def test_its_laterals_are_fused_and_its_trunks_have_reclosers(american_style):
    kinds = [d.kind for d in trace(american_style).devices]
    assert kinds.count(DeviceKind.BREAKER) == p.AMERICAN_FEEDERS
    assert kinds.count(DeviceKind.RECLOSER) == p.AMERICAN_FEEDERS * p.AMERICAN_RECLOSERS
    assert kinds.count(DeviceKind.FUSE) > 100


def test_transformers_without_customers_get_some_where_most_have_none():
    drawn = parse(DRAWN, "drawn", Point(116.0, 28.6))
    bare = replace(
        drawn, usage_points=tuple(u for u in drawn.usage_points if u.transformer_id == "T6")
    )
    full = with_customers(bare, 1)
    supplied = {u.transformer_id for u in full.usage_points}
    assert supplied == {t.id for t in drawn.transformers}
    assert "made up" in full.name
    assert full.usage_points[: len(bare.usage_points)] == bare.usage_points


def test_a_network_with_customers_is_left_as_it_is():
    drawn = parse(DRAWN, "drawn", Point(116.0, 28.6))
    assert with_customers(drawn, 1) is drawn


def test_only_customers_of_the_chosen_feeders_stay_on_the_ground():
    drawn = parse(DRAWN, "drawn", Point(116.0, 28.6))
    part = some_feeders(drawn, 1, seed=1)
    (feeder,) = part.feeders
    ground = ground_of(part)
    assert set(ground.trees) == {feeder.id}
    assert len(ground.customers.accounts) == {"F1": 230, "F2": 51}[feeder.id]
    assert some_feeders(drawn, 0, seed=1) is drawn


def test_the_pandapower_pair_becomes_a_network_with_customers_everywhere():
    folder = "network_oberrhein_schutterwald"
    names = ("mv_oberrhein_substations.json", "lv_schutterwald.json")
    network = read_network([test_data(f"{folder}/{name}") for name in names]).network
    full = with_customers(network, 1)
    ground = ground_of(full)
    on_one = np.bincount(ground.customers.transformer[ground.customers.transformer >= 0])
    assert len(on_one) == len(ground.transformers)
    assert len(ground.customers.accounts) > 5_000


def test_a_network_without_customers_or_places_is_refused():
    with pytest.raises(EmptyInput):
        ground_of(parse("[F1] -B:cb- a(T1:0)"))
