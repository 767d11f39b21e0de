"""Tracing random radial networks, held against slow answers from networkx."""

from itertools import pairwise

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from gis.network.devices import Tracing
from gis.network.model import Network
from gis.network.trace import trace
from tests.unit.network.radial import networks


def device_graph(tracing: Tracing) -> "nx.DiGraph[str]":
    """The forest of devices by parents alone."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(device.id for device in tracing.devices)
    graph.add_edges_from((d.parent_id, d.id) for d in tracing.devices if d.parent_id)
    return graph


def wires(network: Network, open_switches: frozenset[str]) -> "nx.MultiGraph[str]":
    """All that conducts, as a graph of nodes."""
    graph: nx.MultiGraph[str] = nx.MultiGraph()
    graph.add_nodes_from(feeder.head_node for feeder in network.feeders)
    for section in network.sections:
        graph.add_edge(section.from_node, section.to_node, key=section.id)
    for switch in network.switches:
        if switch.id not in open_switches:
            graph.add_edge(switch.from_node, switch.to_node, key=switch.id)
    return graph


@given(networks())
def test_the_interval_of_a_device_holds_it_and_its_descendants_and_nothing_else(
    network: Network,
) -> None:
    tracing = trace(network)
    graph = device_graph(tracing)
    for device in tracing.devices:
        inside = {each.id for each in tracing.devices[device.pre : device.post]}
        assert inside == {device.id} | nx.descendants(graph, device.id)


@given(networks(), st.data())
def test_the_lowest_common_device_is_that_of_the_slow_search(
    network: Network, data: st.DataObject
) -> None:
    tracing = trace(network)
    asked = data.draw(st.lists(st.sampled_from(tracing.devices), min_size=1, max_size=4))
    paths = [[each.id for each in tracing.path_to_head(device.id)] for device in asked]
    common = [id_ for id_ in paths[0] if all(id_ in path for path in paths)]
    found = tracing.lowest_common_device([device.id for device in asked])
    assert (found.id if found else None) == (common[0] if common else None)


@given(networks())
def test_a_node_belongs_to_the_feeder_whose_head_conducts_to_it(network: Network) -> None:
    tracing = trace(network)
    graph = wires(network, network.normally_open())
    expected = {
        node: feeder.id
        for feeder in network.feeders
        for node in nx.node_connected_component(graph, feeder.head_node)
    }
    assert tracing.feeder_of_node == expected


@given(networks())
def test_the_devices_above_a_transformer_are_the_protective_switches_on_its_way(
    network: Network,
) -> None:
    tracing = trace(network)
    graph = wires(network, network.normally_open())
    head_of = {feeder.id: feeder.head_node for feeder in network.feeders}
    protective = {s.id for s in network.switches if s.kind.is_protective}
    for transformer in network.transformers:
        head = head_of[tracing.feeder_of_transformer[transformer.id]]
        way = nx.shortest_path(graph, head, transformer.node)
        crossed = {key for one, other in pairwise(way) for key in graph[one][other]}
        above = tracing.path_to_head(tracing.device_of_transformer[transformer.id])[1:]
        switches = {device.asset_id for device in above if device.id.startswith("switch:")}
        assert switches == crossed & protective


@given(networks())
def test_no_customer_and_no_metre_of_line_is_lost_or_counted_twice(network: Network) -> None:
    tracing = trace(network)
    heads = [tracing.device(id_) for id_ in tracing.head_of_feeder.values()]
    assert sum(head.customers for head in heads) == len(network.usage_points)
    assert sum(head.transformers for head in heads) == len(network.transformers)
    total_m = sum(section.length_m for section in network.sections)
    assert sum(device.length_m for device in tracing.devices) == total_m


@given(networks())
def test_customers_below_a_device_are_one_interval_of_the_accounts(network: Network) -> None:
    tracing = trace(network)
    for feeder in network.feeders:
        tree = tracing.tree(feeder.id)
        for number, id_ in enumerate(tree.ids):
            inside = {each.id for each in tracing.below(id_)}
            expected = {a for a, device in tracing.device_of_account.items() if device in inside}
            first, last = tree.customers_below(number)
            assert set(tree.accounts[first:last]) == expected
            assert last - first == tracing.device(id_).customers


@given(networks(), st.data())
def test_any_switching_leaves_every_conducting_node_in_exactly_one_feeder(
    network: Network, data: st.DataObject
) -> None:
    ids = [switch.id for switch in network.switches]
    is_open = frozenset(data.draw(st.sets(st.sampled_from(ids)))) if ids else frozenset()
    tracing = trace(network, is_open)
    graph = wires(network, is_open)
    lit = set().union(
        *(nx.node_connected_component(graph, feeder.head_node) for feeder in network.feeders)
    )
    assert set(tracing.feeder_of_node) == lit
    assert len({device.id for device in tracing.devices}) == len(tracing.devices)
    pieces = {frozenset(nx.node_connected_component(graph, f.head_node)) for f in network.feeders}
    meetings = len(network.feeders) - len(pieces)
    found = [problem for problem in tracing.problems if problem.kind in {"loop", "feeders_meet"}]
    assert len(found) == _cycles(graph.subgraph(lit)) + meetings


def _cycles(graph: "nx.MultiGraph[str]") -> int:
    return graph.number_of_edges() - len(graph) + nx.number_connected_components(graph)
