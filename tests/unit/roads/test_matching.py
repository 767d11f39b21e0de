"""Tracks simulated on real roads: the streets driven are found, and the speeds come back."""

import numpy as np
import pytest

from gis.crs import distance_m
from gis.roads.cch import CchTravelTimes
from gis.roads.ends import Snap
from gis.roads.engine import Route
from gis.roads.graph import RoadGraph
from gis.roads.learned import (
    Learned,
    Run,
    SpeedPolicy,
    factors,
    learn_speeds,
    on_the_move,
    runs_of,
    travel_ms_at,
)
from gis.roads.matching import Matcher, Track
from gis.roads.speeds import RoadClass
from gis.roads.turns import TurnCosts, turns_of
from tests.unit.roads.streets import lauf

METRE = 1 / 111_195
ERROR_M = 5.0
POLICY = SpeedPolicy()
TRUE = {RoadClass.SECONDARY: 0.7, RoadClass.TERTIARY: 0.8, RoadClass.RESIDENTIAL: 1.2}


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(lauf().largest_part())


def slower(graph: RoadGraph) -> np.ndarray:
    factor = np.ones(len(RoadClass))
    factor[list(TRUE)] = list(TRUE.values())
    return np.rint(graph.edge_travel_ms / factor[graph.edge_class]).astype(np.int32)


def routes_of(graph: RoadGraph, travel_ms: np.ndarray, count: int, seed: int) -> list[Route]:
    engine = CchTravelTimes(graph.with_travel_ms(travel_ms))
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, graph.edge_count, (count, 2)).tolist()
    found = [engine.route(Snap(a, 0.0), Snap(b, 1.0)) for a, b in ends]
    return [route for route in found if route is not None and route.length_m > 1500]


def driven(
    graph: RoadGraph, travel_ms: np.ndarray, route: Route, rng: np.random.Generator, step_s=10.0
) -> Track:
    """What a device tells of a route driven at those times: a position a step, with error."""
    lines = [graph.line(edge) for edge in route.edges[1:-1]]
    times, points, clock = [0.0], [lines[0][:1]], 0.0
    for edge, line in zip(route.edges[1:-1], lines, strict=True):
        steps = distance_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])
        share = np.cumsum(steps) / max(steps.sum(), 1e-9)
        times.extend((clock + share * travel_ms[edge] / 1000).tolist())
        points.append(line[1:])
        clock = times[-1]
    at = np.arange(0, clock, step_s)
    lon, lat = (np.interp(at, times, axis) for axis in np.concatenate(points).T)
    error = rng.normal(0, ERROR_M * METRE, (2, len(at)))
    lon += error[0] / np.cos(np.radians(lat))
    return Track(at, lon, lat + error[1], np.full(len(at), 1.51 * ERROR_M))


def test_the_streets_of_a_drive_are_found_again(matcher):
    graph = matcher.graph
    rng = np.random.default_rng(11)
    right = whole = 0.0
    for route in routes_of(graph, graph.edge_travel_ms, 20, seed=2):
        parts = matcher.match(driven(graph, graph.edge_travel_ms, route, rng))
        found = {edge for part in parts for drive in part for edge in drive.route.edges}
        inner = route.edges[2:-2]
        right += sum(graph.edge_length_m[edge] for edge in inner if edge in found)
        whole += sum(graph.edge_length_m[edge] for edge in inner)
    assert whole > 20_000
    assert right / whole > 0.97


def test_the_length_driven_is_that_of_the_road_with_a_gap_as_in_a_tunnel(matcher):
    graph = matcher.graph
    route = max(routes_of(graph, graph.edge_travel_ms, 20, seed=3), key=lambda r: r.length_m)
    track = driven(graph, graph.edge_travel_ms, route, np.random.default_rng(1))
    middle = len(track.at_s) // 2
    keep = np.r_[0 : middle - 6, middle + 6 : len(track.at_s)]
    gap = Track(track.at_s[keep], track.lon[keep], track.lat[keep], track.accuracy_m[keep])
    (whole,), (bridged,) = matcher.match(track), matcher.match(gap)
    assert max(drive.seconds for drive in bridged) == 130
    lengths = [sum(drive.route.length_m for drive in part) for part in (whole, bridged)]
    assert lengths[1] == pytest.approx(lengths[0], rel=0.05)


def test_a_long_silence_and_a_place_off_every_road_part_the_track(matcher):
    graph = matcher.graph
    route = max(routes_of(graph, graph.edge_travel_ms, 20, seed=3), key=lambda r: r.length_m)
    track = driven(graph, graph.edge_travel_ms, route, np.random.default_rng(1))
    later = track.at_s + np.where(np.arange(len(track.at_s)) > 20, 600.0, 0.0)
    assert len(matcher.match(Track(later, track.lon, track.lat, track.accuracy_m))) == 2
    lat = track.lat.copy()
    lat[10] += 5
    assert len(matcher.match(Track(track.at_s, track.lon, lat, track.accuracy_m))) == 2


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_track_too_short_or_nowhere_near_a_road_is_no_drive(matcher, count):
    far = Track(np.arange(count) * 10.0, np.zeros(count), np.zeros(count), np.full(count, np.nan))
    assert matcher.match(far) == []


def test_speeds_driven_on_a_real_towns_roads_come_back_within_five_per_cent(matcher):
    graph = matcher.graph
    travel_ms, rng = slower(graph), np.random.default_rng(4)
    free = turns_of(graph, TurnCosts(0, 0, 0))
    runs = []
    for route in routes_of(graph, travel_ms, 150, seed=5):
        for part in on_the_move(driven(graph, travel_ms, route, rng), POLICY):
            for drives in matcher.match(part):
                runs += [(8, run) for run in runs_of(graph, free, drives, POLICY)]
    learned = {each.road_class: each for each in learn_speeds(runs, SpeedPolicy(drawn_by=0.0))}
    for road_class, factor in TRUE.items():
        assert learned[road_class].runs >= 15
        assert learned[road_class].factor == pytest.approx(factor, rel=0.05)


def test_few_runs_hardly_move_a_speed_and_many_do():
    run = Run(RoadClass.PRIMARY, 0.0, 1000.0, 60.0, 120.0)
    (few,) = learn_speeds([(8, run)])
    (many,) = learn_speeds([(8, run)] * 500)
    assert 0.8 < few.factor < 1
    assert many.factor == pytest.approx(0.5, rel=0.03)
    assert many.runs == 500
    assert many.km == pytest.approx(500)


def test_an_hour_without_runs_is_driven_as_its_class_is():
    learned = [
        Learned(RoadClass.PRIMARY, 8, 0.5, 30, 30.0),
        Learned(RoadClass.PRIMARY, 20, 1.0, 10, 10.0),
    ]
    table = factors(learned)
    assert (table[RoadClass.PRIMARY, 8], table[RoadClass.PRIMARY, 20]) == (0.5, 1.0)
    assert table[RoadClass.PRIMARY, 3] == pytest.approx(0.625)
    assert (table[RoadClass.SERVICE] == 1).all()
    graph = lauf()
    primary = graph.edge_class == RoadClass.PRIMARY
    times = travel_ms_at(graph, table, 8)
    assert (times[~primary] == graph.edge_travel_ms[~primary]).all()
    assert times[primary] == pytest.approx(2 * graph.edge_travel_ms[primary], abs=1)


def test_a_wait_at_the_lights_counts_and_a_stay_does_not():
    lon = np.array([11.0, 11.002, 11.004, *[11.004] * 30, 11.006, 11.008])
    at = np.arange(len(lon)) * 10.0
    track = Track(at, lon, np.full(len(lon), 49.5), np.full(len(lon), 5.0))
    before, after = on_the_move(track, POLICY)
    assert (before.at_s[-1], after.at_s[0]) == (20.0, 320.0)
    short = Track(at[:8], lon[:8], track.lat[:8], track.accuracy_m[:8])
    assert len(on_the_move(short, POLICY)) == 1
