"""A made-up network along roads: a small grid of streets, and a real city's."""

from collections import Counter

import networkx as nx
import numpy as np
import pytest
import shapely

from dispatch.drill.county import parameters
from dispatch.drill.elsewhere import network_on
from gis.crs import distance_m
from gis.errors import EmptyInput
from gis.network.detect import read_network
from gis.network.model import SwitchKind
from gis.network.readers.layers import write_layers
from gis.network.trace import trace
from gis.roads.graph import RoadGraph
from gis.roads.tables import read_tables


def grid(folder, side, step=0.004):
    """Streets of a square town in the hills, `side` junctions each way."""
    folder.mkdir(exist_ok=True)
    spots = [(i, j) for i in range(side) for j in range(side)]
    rows = [f"{i}_{j},{115 + i * step},{28 + j * step}" for i, j in spots]
    (folder / "nodes.csv").write_text("\n".join(["id,lon,lat", *rows]))
    pairs = [((i, j), (i + a, j + b)) for i, j in spots for a, b in ((0, 1), (1, 0))]
    rows = [f"{i}_{j},{k}_{m},0" for (i, j), (k, m) in pairs if k < side and m < side]
    (folder / "edges.csv").write_text("\n".join(["from,to,oneway", *rows]))
    return read_tables(folder / "nodes.csv", folder / "edges.csv")


@pytest.fixture(scope="session")
def town_roads(tmp_path_factory) -> RoadGraph:
    return grid(tmp_path_factory.mktemp("town"), 14)


@pytest.fixture(scope="session")
def town(town_roads):
    return network_on(town_roads, 2, customers=4_000, feeders=5)


@pytest.fixture(params=["town", "nanchang"], scope="session")
def made(request):
    return request.getfixturevalue(request.param)


def same(one, other):
    return all(
        getattr(one, rows) == getattr(other, rows)
        for rows in ("feeders", "sections", "switches", "transformers", "usage_points")
    )


def test_the_tracer_finds_nothing_wrong(made):
    assert trace(made).problems == ()


def test_the_tracer_finds_nothing_wrong_with_any_seed_and_size(town_roads):
    for seed, feeders, customers in [(1, 1, 57), (2, 2, 900), (3, 7, 399), (4, 20, 9_000)]:
        network = network_on(town_roads, seed, customers=customers, feeders=feeders)
        assert trace(network).problems == ()
        assert len(network.feeders) == feeders
        assert len(network.usage_points) == customers


def test_feeders_are_trees_that_only_open_points_join(made):
    graph = nx.MultiGraph()
    graph.add_edges_from((s.from_node, s.to_node) for s in made.sections)
    graph.add_edges_from((s.from_node, s.to_node) for s in made.switches if not s.normal_open)
    assert nx.is_forest(graph)
    assert nx.number_connected_components(graph) == len(made.feeders)


def test_open_points_join_two_feeders(made):
    tracing = trace(made)
    ties = [s for s in made.switches if s.normal_open]
    assert len(ties) >= len(made.feeders) / 2
    for tie in ties:
        assert len({tracing.feeder_of_node[n] for n in (tie.from_node, tie.to_node)}) == 2


def test_a_breaker_stands_at_every_head_and_other_devices_below(made):
    heads = {feeder.head_node for feeder in made.feeders}
    kinds = Counter(switch.kind for switch in made.switches)
    assert heads == {s.from_node for s in made.switches if s.kind is SwitchKind.BREAKER}
    assert kinds[SwitchKind.BREAKER] == len(heads)
    assert kinds[SwitchKind.RECLOSER] >= len(heads) / 2
    assert kinds[SwitchKind.SECTIONALISER] >= len(heads) / 2
    assert kinds[SwitchKind.FUSE] > len(heads)


def test_the_same_seed_gives_the_same_network(town, town_roads):
    assert same(network_on(town_roads, 2, customers=4_000, feeders=5), town)
    assert not same(network_on(town_roads, 3, customers=4_000, feeders=5), town)


def test_customers_per_transformer_have_the_real_quartiles(nanchang):
    counts = list(Counter(u.transformer_id for u in nanchang.usage_points).values())
    assert len(nanchang.usage_points) == 12_000
    assert np.allclose(np.quantile(counts, [0.25, 0.5, 0.75]), [14, 51, 85], atol=3)
    assert max(counts) <= 190


def test_feeders_share_the_transformers_fairly(nanchang):
    counts = list(Counter(trace(nanchang).feeder_of_transformer.values()).values())
    assert len(counts) == len(nanchang.feeders) == 8
    assert 20 <= min(counts) <= max(counts) <= 44


def test_substations_lie_apart(nanchang):
    at = [s.point for s in nanchang.substations]
    assert len(at) == 3
    gaps = [distance_m(a.x, a.y, b.x, b.y) for a in at for b in at if a is not b]
    assert min(gaps) > 4_000


def test_sections_have_the_roads_geometry_and_their_real_length(nanchang, nanchang_roads):
    drawn = {
        tuple(map(tuple, np.sort(nanchang_roads.line(edge), axis=0).tolist())): float(
            nanchang_roads.edge_length_m[edge]
        )
        for edge in range(nanchang_roads.edge_count)
    }
    for section in nanchang.sections:
        key = tuple(map(tuple, np.sort(shapely.get_coordinates(section.line), axis=0).tolist()))
        assert abs(drawn[key] - section.length_m) < 0.06


def test_customers_live_near_their_transformer_and_hang_on_it(made):
    tracing = trace(made)
    point = {t.id: t.point for t in made.transformers}
    for customer in made.usage_points:
        place = point[customer.transformer_id]
        assert distance_m(customer.point.x, customer.point.y, place.x, place.y) < 135
        assert tracing.transformer_of_account[customer.account] == customer.transformer_id


def test_names_are_chinese_different_and_say_that_they_are_made_up(made):
    for rows in (made.substations, made.feeders, made.transformers):
        names = [row.name for row in rows]
        assert len(set(names)) == len(names)
        assert all(parameters.SYNTHETIC in name for name in names)
    assert parameters.SYNTHETIC in made.name
    assert all(parameters.SYNTHETIC in u.name for u in made.usage_points)


def test_accounts_meters_and_telephones_are_all_different(made):
    people = made.usage_points
    for of in ([u.account for u in people], [u.meter for u in people], [u.phones for u in people]):
        assert len(set(of)) == len(people)
    assert all(u.phones[0].startswith(parameters.PHONE_PREFIX) for u in people)


def test_what_is_written_is_read_again(town, tmp_path):
    write_layers(town, tmp_path / "town.gpkg")
    result = read_network(tmp_path / "town.gpkg")
    assert result.refusals == ()
    assert trace(result.network).problems == ()
    assert {u.account for u in result.network.usage_points} == {
        u.account for u in town.usage_points
    }
    assert result.network.normally_open() == town.normally_open()


def test_too_few_customers_are_refused(town_roads):
    with pytest.raises(ValueError, match="57 customers or more"):
        network_on(town_roads, 1, customers=100, feeders=2)
    with pytest.raises(ValueError, match="1 feeder or more"):
        network_on(town_roads, 1, feeders=0)


def test_roads_without_a_street_between_two_junctions_are_refused(town_roads):
    alone = town_roads.keep_nodes(np.arange(town_roads.node_count) == 0)
    with pytest.raises(EmptyInput, match="two junctions"):
        network_on(alone, 1)


def test_a_hamlet_far_off_has_a_feeder_of_its_own(tmp_path):
    """Its substation serves so few that by their number it would have none."""
    town = {f"{i}_{j}": (115 + i * 0.004, 28 + j * 0.004) for i in range(14) for j in range(14)}
    hamlet = {f"h{k}": (117 + k * 0.004, 28.0) for k in range(4)}
    spots = "\n".join(f"{name},{lon},{lat}" for name, (lon, lat) in {**town, **hamlet}.items())
    (tmp_path / "nodes.csv").write_text(f"id,lon,lat\n{spots}\n")
    streets = [(f"{i}_{j}", f"{i + 1}_{j}") for i in range(13) for j in range(14)]
    streets += [(f"{i}_{j}", f"{i}_{j + 1}") for i in range(14) for j in range(13)]
    streets += [("13_0", "h0"), ("h0", "h1"), ("h1", "h2"), ("h2", "h3")]
    rows = "\n".join(f"{a},{b},0" for a, b in streets)
    (tmp_path / "edges.csv").write_text(f"from,to,oneway\n{rows}\n")
    roads = read_tables(tmp_path / "nodes.csv", tmp_path / "edges.csv")
    made = network_on(roads, 1, customers=6_000, feeders=4)
    assert {f.substation_id for f in made.feeders} == {s.id for s in made.substations}
    assert max(s.point.x for s in made.substations) > 116.9
