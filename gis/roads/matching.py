"""Map matching: which streets a track of positions was driven on.

A hidden Markov model after Newson and Krumm (2009): a position is likely near its street, measured
by its own accuracy, and a step is likely where the way by road is about as long as the line. The
likeliest sequence is found by Viterbi's algorithm; ways come from the hierarchy over lengths.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gis.crs import Floats, distance_m
from gis.roads.cch import CchTravelTimes
from gis.roads.ends import Snap
from gis.roads.engine import Route
from gis.roads.graph import CLOSED_MS, RoadGraph
from gis.roads.snapping import Snapper

ACCURACY_SIGMA = 1.51
"""A circle that holds 68 of 100 positions has the radius of so many standard deviations an axis."""


@dataclass(frozen=True, slots=True)
class MatchPolicy:
    """How tracks are read (assumptions).

    Attributes
    ----------
    least_sigma_m, usual_sigma_m
        Error of a position along one axis: at least, and where the device says nothing.
    reach_sigmas, least_reach_m, most_roads
        Which roads a position may lie on.
    detour_m, detour_mps
        How much longer the way by road may well be than the line: and so much more a second.
    longest_gap_s
        A longer silence parts the track.
    fastest_mps
        No way is driven faster.
    jitter_m
        So little a way back on a street is error, and no drive round the block.
    """

    least_sigma_m: float = 4.0
    usual_sigma_m: float = 10.0
    reach_sigmas: float = 4.0
    least_reach_m: float = 30.0
    most_roads: int = 6
    detour_m: float = 10.0
    detour_mps: float = 1.0
    longest_gap_s: float = 180.0
    fastest_mps: float = 50.0
    jitter_m: float = 40.0


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Positions of one vehicle, ascending in time, shape (k,) each.

    Attributes
    ----------
    at_s
        Seconds of any one clock.
    lon, lat
        WGS-84.
    accuracy_m
        Radius that holds 68 of 100 positions; NaN where the device says nothing.
    """

    at_s: Floats
    lon: Floats
    lat: Floats
    accuracy_m: Floats

    def part(self, keep: slice) -> "Track":
        """Give a part of it."""
        return Track(self.at_s[keep], self.lon[keep], self.lat[keep], self.accuracy_m[keep])


@dataclass(frozen=True, slots=True)
class Drive:
    """A way driven between two positions of a track, and how long it took."""

    from_s: float
    to_s: float
    route: Route

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.to_s - self.from_s


class Matcher:
    """Matches tracks to one road graph."""

    def __init__(self, graph: RoadGraph, policy: MatchPolicy | None = None) -> None:
        self.graph = graph
        self.policy = policy or MatchPolicy()
        self._snapper = Snapper(graph)
        # weights of the hierarchy are millimetres, so that its seconds are metres
        millimetres = np.clip(np.rint(graph.edge_length_m * 1000), 1, CLOSED_MS - 1)
        self._lengths = CchTravelTimes(graph.with_travel_ms(millimetres.astype(np.int32)))

    def match(self, track: Track) -> list[list[Drive]]:
        """Give what was driven, in unbroken parts; nothing where no road explains the track.

        A silence, a position far from every road and a step that no way explains part the track.
        """
        drives = [self._drives(part, snaps) for part, snaps in self._parts(track)]
        return [each for each in drives if each]

    def _parts(self, track: Track) -> Iterator[tuple[Track, list[Snap]]]:
        """Part a track where it breaks, each part with the likeliest place of every position."""
        policy = self.policy
        sigma = np.where(
            np.isnan(track.accuracy_m), policy.usual_sigma_m, track.accuracy_m / ACCURACY_SIGMA
        )
        sigma = np.maximum(sigma, policy.least_sigma_m)
        reach = np.maximum(policy.reach_sigmas * sigma, policy.least_reach_m)
        near = self._snapper.near_all(track.lon, track.lat, reach, policy.most_roads)
        search = _Viterbi(self, track, sigma, near)
        begin = 0
        for at in range(len(track.at_s) + 1):
            if at < len(track.at_s) and search.step(at):
                continue
            if at - begin > 1:
                yield track.part(slice(begin, at)), search.places()
            begin = at if at < len(track.at_s) and search.start(at) else at + 1

    def ways_m(self, before: list[Snap], after: list[Snap]) -> Floats:
        """Give the metres by road between two positions' places, shape (n, m)."""
        metres = self._lengths.seconds(before, after)
        for row, one in enumerate(before):
            for column, other in enumerate(after):
                if self._is_jitter(one, other):
                    metres[row, column] = 0.0
        return metres

    def _is_jitter(self, one: Snap, other: Snap) -> bool:
        """Whether the one position seems to lie a little behind the other on one street."""
        if one.edge != other.edge:
            return False
        back_m = (one.fraction - other.fraction) * float(self.graph.edge_length_m[one.edge])
        return 0 < back_m <= self.policy.jitter_m

    def _drives(self, track: Track, snaps: list[Snap]) -> list[Drive]:
        drives = []
        here = snaps[0]
        for at, found in enumerate(snaps[1:], 1):
            one_way = self.graph.twin[here.edge] < 0
            there = here if one_way and self._is_jitter(here, found) else found
            route = self._lengths.route(here, there)
            if route is not None:
                drives.append(Drive(float(track.at_s[at - 1]), float(track.at_s[at]), route))
            here = there
        return drives


class _Viterbi:
    """The search over one track: the places of the latest position, how likely, how reached."""

    def __init__(
        self, matcher: Matcher, track: Track, sigma: Floats, near: list[list[Snap]]
    ) -> None:
        self._matcher = matcher
        self._track = track
        self._sigma = sigma
        self._near = near
        self._score: Floats = np.zeros(0)
        self._reached: list[tuple[int, list[int]]] = []

    def start(self, at: int) -> bool:
        """Begin a part; False where no road is near."""
        self._score = self._emission(at)
        self._reached = [(at, [])] if len(self._score) else []
        return bool(len(self._score))

    def step(self, at: int) -> bool:
        """Go on to a position; False where nothing explains the step, or nothing has begun."""
        if not self._reached or not self._near[at]:
            return False
        track, policy = self._track, self._matcher.policy
        seconds = float(track.at_s[at] - track.at_s[at - 1])
        if seconds <= 0 or seconds > policy.longest_gap_s:
            return False
        line_m = distance_m(track.lon[at - 1], track.lat[at - 1], track.lon[at], track.lat[at])
        ways_m = self._matcher.ways_m(self._near[at - 1], self._near[at])
        likely = -np.abs(ways_m - line_m) / (policy.detour_m + policy.detour_mps * seconds)
        likely[ways_m > policy.fastest_mps * seconds + policy.jitter_m] = -np.inf
        whole = self._score[:, None] + likely
        best = whole.argmax(axis=0)
        score = whole[best, np.arange(whole.shape[1])] + self._emission(at)
        if np.isneginf(score).all():
            return False
        self._score = score
        self._reached.append((at, best.tolist()))
        return True

    def places(self) -> list[Snap]:
        """Give the likeliest places of the part's positions."""
        which = int(self._score.argmax())
        found = []
        for at, back in reversed(self._reached):
            found.append(self._near[at][which])
            if back:
                which = back[which]
        return found[::-1]

    def _emission(self, at: int) -> Floats:
        offset = np.array([snap.offset_m for snap in self._near[at]])
        likely: Floats = -0.5 * (offset / self._sigma[at]) ** 2
        return likely
