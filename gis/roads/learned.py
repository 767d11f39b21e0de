"""Speeds learned from the crews' own tracks, by road class and hour of the day.

What is learned is a factor on the planned speed, so that a signposted limit keeps its say: the
median over runs on one class, drawn towards the class's factor of all hours, and that towards one,
the more the fewer runs there are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gis.crs import Floats, distance_m
from gis.roads.graph import CLOSED_MS, Int32s, RoadGraph
from gis.roads.matching import Drive, Track
from gis.roads.speeds import SPEED_KMH, RoadClass
from gis.roads.turns import Turns

HOURS = 24


@dataclass(frozen=True, slots=True)
class SpeedPolicy:
    """How speeds are learned (assumptions).

    Attributes
    ----------
    step_s
        Positions closer in time than this are left out: their error would be most of the way.
    stand_s, stand_m
        Whoever stays within the one for the other long is not on a drive.
    pure_share
        A way counts for a class if so much of it is on that class.
    least_run_m
        Shorter runs on one class say little.
    drawn_by
        So many runs weigh as much as what a factor is drawn towards.
    """

    step_s: float = 10.0
    stand_s: float = 120.0
    stand_m: float = 40.0
    pure_share: float = 0.9
    least_run_m: float = 200.0
    drawn_by: float = 10.0


@dataclass(frozen=True, slots=True)
class Run:
    """A drive on one class of road: planned and driven time, from when on."""

    road_class: RoadClass
    from_s: float
    metres: float
    planned_s: float
    driven_s: float


@dataclass(frozen=True, slots=True)
class Learned:
    """One class at one hour: the factor on its planned speed, and how many runs told it."""

    road_class: RoadClass
    hour: int
    factor: float
    runs: int
    km: float


def on_the_move(track: Track, policy: SpeedPolicy) -> list[Track]:
    """Part a track into drives: thinned in time, without the times it stood still."""
    kept = _thinned(track.at_s, policy.step_s)
    track = Track(track.at_s[kept], track.lon[kept], track.lat[kept], track.accuracy_m[kept])
    parts, begin, at = [], 0, 0
    while at < len(track.at_s):
        after = _stands_until(track, at, policy)
        if after is None:
            at += 1
            continue
        parts.append(track.part(slice(begin, at + 1)))
        begin = at = after
    parts.append(track.part(slice(begin, len(track.at_s))))
    return [part for part in parts if len(part.at_s) > 1]


def _thinned(at_s: Floats, step_s: float) -> list[int]:
    kept: list[int] = []
    for at, time in enumerate(at_s.tolist()):
        if not kept or time - at_s[kept[-1]] >= step_s:
            kept.append(at)
    return kept


def _stands_until(track: Track, at: int, policy: SpeedPolicy) -> int | None:
    """The last position of a stay that begins here; None where it drives on."""
    away = distance_m(track.lon[at], track.lat[at], track.lon[at:], track.lat[at:])
    gone = np.flatnonzero(away > policy.stand_m)
    last = at + (int(gone[0]) if len(gone) else len(away)) - 1
    stays = track.at_s[last] - track.at_s[at] >= policy.stand_s
    return last if stays and last > at else None


def runs_of(
    graph: RoadGraph, turns: Turns, drives: Sequence[Drive], policy: SpeedPolicy
) -> list[Run]:
    """Put the ways of one unbroken part together into runs on one class each."""
    runs: list[Run] = []
    open_run: Run | None = None
    for drive in drives:
        run = _run_of(graph, turns, drive, policy)
        if run is not None and open_run is not None and run.road_class == open_run.road_class:
            open_run = Run(
                run.road_class,
                open_run.from_s,
                open_run.metres + run.metres,
                open_run.planned_s + run.planned_s,
                open_run.driven_s + run.driven_s,
            )
            continue
        runs += _long_enough(open_run, policy)
        open_run = run
    return [*runs, *_long_enough(open_run, policy)]


def _long_enough(run: Run | None, policy: SpeedPolicy) -> list[Run]:
    return [run] if run is not None and run.metres >= policy.least_run_m else []


def _run_of(graph: RoadGraph, turns: Turns, drive: Drive, policy: SpeedPolicy) -> Run | None:
    """Tell a way's planned time without its turns from the time it took; None of mixed classes."""
    edges = np.array(drive.route.edges)
    metres = graph.edge_length_m[edges].copy()
    metres[-1] -= max(metres.sum() - drive.route.length_m, 0.0) if len(edges) == 1 else 0.0
    if len(edges) > 1:  # the first and the last are driven in part; the rest says how much
        metres[[0, -1]] *= _share_of_ends(metres, drive.route.length_m)
    whole = metres.sum()
    classes = graph.edge_class[edges]
    if whole < 1:  # a wait in the traffic, which belongs to the run
        return Run(RoadClass(int(classes[0])), drive.from_s, 0.0, 0.0, drive.seconds)
    share = np.bincount(classes, metres)
    best = int(share.argmax())
    if share[best] < policy.pure_share * whole:
        return None
    length = np.maximum(graph.edge_length_m[edges], 1e-9)
    planned_s = float((graph.edge_travel_ms[edges] * metres / length).sum() / 1000)
    driven_s = drive.seconds - turns.cost_ms(drive.route.edges) / 1000
    driven_s = max(driven_s, drive.seconds / 10)
    return Run(RoadClass(best), drive.from_s, float(whole), planned_s, driven_s)


def _share_of_ends(metres: Floats, driven_m: float) -> float:
    ends = metres[0] + metres[-1]
    return float(np.clip((driven_m - metres[1:-1].sum()) / ends, 0, 1)) if ends > 0 else 0.0


def learn_speeds(
    runs: Iterable[tuple[int, Run]], policy: SpeedPolicy | None = None
) -> tuple[Learned, ...]:
    """Learn factors from runs, each with its local hour; classes and hours without runs are absent.

    A class's hours are drawn towards the class, and the class towards its planned speed.
    """
    drawn_by = (policy or SpeedPolicy()).drawn_by
    cells: dict[RoadClass, dict[int, list[Run]]] = {}
    for hour, run in runs:
        cells.setdefault(run.road_class, {}).setdefault(hour, []).append(run)
    return tuple(
        learned
        for road_class in sorted(cells)
        for learned in _of_class(cells[road_class], drawn_by)
    )


def _of_class(hours: dict[int, list[Run]], drawn_by: float) -> Iterator[Learned]:
    every = [run for runs in hours.values() for run in runs]
    of_class = _drawn(every, 0.0, drawn_by)
    for hour in sorted(hours):
        runs = hours[hour]
        factor = float(np.exp(_drawn(runs, of_class, drawn_by)))
        km = sum(run.metres for run in runs) / 1000
        yield Learned(runs[0].road_class, hour, factor, len(runs), km)


def _drawn(runs: Sequence[Run], towards: float, drawn_by: float) -> float:
    """The median logarithm of the runs' factors by their length, drawn towards another."""
    logs = np.log([run.planned_s / run.driven_s for run in runs])
    weight = np.array([run.metres for run in runs])
    order = np.argsort(logs, kind="stable")
    half = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    median = float(logs[order][min(int(half), len(logs) - 1)])
    return (len(runs) * median + drawn_by * towards) / (len(runs) + drawn_by)


def factors(learned: Iterable[Learned]) -> Floats:
    """Give the factors as a table, shape (classes, 24).

    An hour without runs has its class's mean by runs, a class without any has one.
    """
    table = np.ones((len(RoadClass), HOURS))
    by_class: dict[int, list[Learned]] = {}
    for each in learned:
        by_class.setdefault(int(each.road_class), []).append(each)
    for road_class, each_hour in by_class.items():
        runs = np.array([each.runs for each in each_hour], float)
        values = np.array([each.factor for each in each_hour])
        table[road_class] = (runs * values).sum() / runs.sum()
        table[road_class, [each.hour for each in each_hour]] = values
    return table


def slower_by_hour(learned: Iterable[Learned], hour: float, ahead: int = 12) -> tuple[float, ...]:
    """How much longer drives take in each of the coming hours than at this hour's speeds.

    Parameters
    ----------
    learned
        The speeds driven by; those of this hour are in the travel times already.
    hour
        The time of day in hours, 17.5 for half past five: each hour from now on lies in two hours
        of the clock.
    ahead
        How many hours to give.

    Returns
    -------
    tuple of float
        A factor for each hour from now on, then one for the day as a whole. Classes count by the
        time that crews spent on them; without any, 1 for good.
    """
    learned = tuple(learned)
    spent = np.zeros(len(RoadClass))
    for each in learned:
        spent[each.road_class] += each.km / SPEED_KMH[each.road_class]
    if not spent.any():
        return (1.0,)
    clock = spent @ (1 / factors(learned))
    begun, part = int(hour) % HOURS, hour % 1
    coming = [
        (1 - part) * clock[(begun + n) % HOURS] + part * clock[(begun + n + 1) % HOURS]
        for n in range(ahead)
    ]
    return tuple(float(each / clock[begun]) for each in (*coming, clock.mean()))


def travel_ms_at(graph: RoadGraph, table: Floats, hour: int) -> Int32s:
    """Give the times of all edges at an hour of the day, whole milliseconds, shape (m,)."""
    exact = np.rint(graph.edge_travel_ms / table[graph.edge_class, hour])
    whole: Int32s = np.clip(exact, 1, CLOSED_MS - 1).astype(np.int32)
    return whole
