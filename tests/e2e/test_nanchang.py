"""The roads of a Chinese city: the nearest crew by road goes, as a slow oracle says too."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from shapely import Point
from sqlalchemy import create_engine

from dispatch.store.cluster import Layout
from gis.network.model import Feeder, Network, Substation, Transformer, UsagePoint
from gis.network.readers.layers import write_layers
from tests.conftest import a_database
from tests.data import test_data
from tests.e2e.field import Field, minutes_of, opened

CREWS, CALLS, HOMES = 14, 9, 4
AT_THE_ENDS_S = 12.0
"""Two turns: a junction at either end is reached, or left, by one street of several."""


@pytest.fixture(scope="module")
def roads() -> tuple[Path, Path]:
    return (
        test_data("roads_nanchang_kddcup2021/nodes.csv"),
        test_data("roads_nanchang_kddcup2021/edges.csv"),
    )


@pytest.fixture(scope="module")
def streets(roads) -> tuple[dict[str, tuple[float, float]], nx.DiGraph]:
    """Where every junction is, and the slow oracle: from street to street, turns and all.

    A node of the graph is a street driven one way, or a junction: ("from", j) leads into every
    street that leaves it, and every street that arrives leads to ("to", j).
    """
    nodes, edges = (list(csv.DictReader(path.open(encoding="utf-8"))) for path in roads)
    where = {n["node_id"]: (float(n["lon"]), float(n["lat"])) for n in nodes}
    takes: dict[tuple[str, str], float] = {}
    for e in edges:
        way = e["from_node"], e["to_node"]
        seconds = float(e["length_m"]) / float(e["speed_mps"])
        takes[way] = min(seconds, takes.get(way, np.inf))
    beside: dict[str, set[str]] = {}
    for a, b in takes:
        beside.setdefault(a, set()).add(b)
        beside.setdefault(b, set()).add(a)
    graph = nx.DiGraph()
    for (a, b), seconds in takes.items():
        graph.add_edge(("from", a), (a, b), seconds=seconds)
        graph.add_edge((a, b), ("to", b), seconds=0.0)
        for c in beside[b]:
            if (b, c) in takes:
                turn = _turn_s(where[a], where[b], where[c], len(beside[b]))
                graph.add_edge((a, b), (b, c), seconds=turn + takes[b, c])
    return where, graph


def _turn_s(a, b, c, meet: int) -> float:
    """What docs/roads.md says of a turn: 3 s to the near side, 6 s across, 20 s round."""
    if a == c:
        return 20.0
    east = np.cos(np.radians(b[1]))
    into, out = (np.array([(q[0] - p[0]) * east, q[1] - p[1]]) for p, q in ((a, b), (b, c)))
    left = into[0] * out[1] - into[1] * out[0]
    bend = abs(np.degrees(np.arctan2(left, into @ out)))
    share = np.clip((bend - 30.0) / 60.0, 0.0, 1.0)
    return 0.0 if meet < 3 else share * (6.0 if left > 0 else 3.0)


@pytest.fixture
def city(test_cluster: Layout, roads, streets, tmp_path: Path) -> Iterator[Field]:
    """Crews and transformers on junctions drawn by lot, one transformer a feeder."""
    where, _ = streets
    drawn = np.random.default_rng(7).choice(sorted(where), CREWS + CALLS, replace=False)
    crews, sites = drawn[:CREWS], drawn[CREWS:]
    points = {f"T{i}": Point(where[node]) for i, node in enumerate(sites)}
    network = Network(
        name="南昌",
        substations=(Substation(id="S", name="110kV青云变", point=Point(where[sites[0]])),),
        feeders=tuple(
            Feeder(id=f"F{i}", name=f"10kV{i}线", substation_id="S", head_node=f"n{i}")
            for i in range(CALLS)
        ),
        sections=(),
        switches=(),
        transformers=tuple(
            Transformer(
                id=name, name=f"{i}号公变", node=f"n{i}", lv_node=None, point=point, rated_kva=400
            )
            for i, (name, point) in enumerate(points.items())
        ),
        usage_points=tuple(
            UsagePoint(account=f"{name}-{home}", point=point, transformer_id=name)
            for name, point in points.items()
            for home in range(HOMES)
        ),
    )
    write_layers(network, tmp_path / "city.gpkg")
    with a_database(test_cluster) as url:
        field = Field(create_engine(url))
        field.load("roads", *roads)
        field.load("network", tmp_path / "city.gpkg")
        for crew in crews:
            field.add_crew(f"crew {crew}", *where[crew])
        field.sites = dict(zip(points, sites, strict=True))
        with opened(field) as company:
            yield company
        field.engine.dispose()


def test_the_soonest_crew_by_road_goes_and_its_track_proves_it(city: Field, streets):
    where, graph = streets
    free = {f"crew {n}": n for n in where if f"crew {n}" in city.tokens}
    farther_by_line = 0
    for number, (transformer, site) in enumerate(city.sites.items()):
        city.at(number)
        outage_id = city.report(f"call {number}", account=f"{transformer}-0")["outage"]["id"]
        city.work()
        told = city.call("GET", f"outages/{outage_id}", "dispatcher")
        order = told["order"]
        found = nx.single_source_dijkstra_path_length(
            graph.reverse(copy=False), ("to", site), weight="seconds"
        )
        to_site = {crew: found["from", node] for crew, node in free.items()}
        soonest = min(free, key=lambda crew: to_site[crew])
        by_line = min(free, key=lambda crew: np.hypot(*np.subtract(where[free[crew]], where[site])))
        farther_by_line += by_line != soonest
        assert order["crew_id"] == soonest
        assert order["travel_s"] == pytest.approx(to_site[soonest], abs=AT_THE_ENDS_S)
        assert order["travel_basis"] == "road"
        _drive_and_mend(city, soonest, order, transformer, where[free.pop(soonest)], where[site])
    assert farther_by_line, "the draw should hold a call where the straight line is wrong"
    assert _customer_minutes(city) == CALLS * HOMES * 30.0


def _drive_and_mend(city: Field, crew: str, order: dict, transformer: str, start, site) -> None:
    """The crew drives at its road time, stays, and mends it half an hour after the call."""
    called = city.now
    left = (city.now - city.minutes(0)).total_seconds() / 60
    takes = order["travel_s"] / 60
    city.acts(crew, "accept", order["id"])
    city.acts(crew, "en_route", order["id"])
    track = [
        (left + takes * share, *(np.add(start, np.multiply(np.subtract(site, start), share))))
        for share in (0.2, 0.5, 0.8)
    ]
    stay = [(left + takes + minute, *site) for minute in (0, 1, 2, 3)]
    city.now = called + timedelta(minutes=takes + 3)
    city.drives(crew, [(m, float(x), float(y)) for m, x, y in (*track, *stay)])
    (arrival,) = city.sql(
        "SELECT verdict, latest FROM arrival WHERE order_id = :id", id=order["id"]
    )
    assert arrival.verdict == "confirmed"
    (clock,) = city.sql(
        "SELECT verdict, due_at FROM clock WHERE rule_id = 'arrival_commitment'"
        " AND ticket_id = (SELECT id FROM ticket WHERE outage_id = :id)",
        id=order["outage_id"],
    )
    assert clock.due_at - called == timedelta(minutes=minutes_of("arrival_commitment", "urban"))
    assert clock.verdict == ("kept" if arrival.latest <= clock.due_at else "missed")
    city.acts(crew, "findings", order["id"], device_id=f"transformer:{transformer}")
    city.now = called + timedelta(minutes=30)
    city.acts(crew, "restore", order["id"], cause="fuse")
    city.now = called


def _customer_minutes(city: Field) -> float:
    (row,) = city.sql(
        "SELECT sum(extract(epoch FROM upper(period) - lower(period))) / 60 AS total"
        " FROM interruption"
    )
    return float(row.total)
