"""What may hang together where no network is on record: a tree assumed from where things stand.

Whoever knows only transformers, or only positions, knows of no device. But lines run from place to
place, so what goes dark together lies together. From the places a tree is made whose inner nodes
are *areas*: "some device above these, not known". Such a tree goes through the same inference as a
feeder's own; what is said on it is said of areas, never of devices.

Two ways, for two kinds of knowledge. Where every transformer is known, the shortest lines that
join them stand for the network (Euclid's spanning tree). Looked at from its middle, a line cut
anywhere leaves what lies beyond in the dark; where the devices stand nobody knows, so each cut is
as probable as the mean over all the ways in which they may stand. Where only the places of callers
are known, those nearest each other are joined first; people live in between whom nobody knows.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from scipy.spatial import Delaunay, QhullError
from scipy.spatial.distance import pdist

from dispatch.domain.facts import DeviceNode, FeederTree, TransformerNode
from gis.crs import local_metric

Floats = NDArray[np.float64]

AREA, TRANSFORMER, CELL = "area", "transformer", "cell"
"""Kinds of what may go dark at once on an assumed tree."""

DETOUR = 1.3  # a line is so many times as long as the straight one (assumption)
AT_BRANCH = 0.5  # how probably a device stands where a branch leaves (assumption)
MIDWAY = 0.1  # how probably one stands on any other span (assumption)
TELLS_APART = 1.15
"""An area that is hardly larger than one inside it is not told from it."""

MOST_CUSTOMERS = 10_000
LONGEST_SPAN_M = 2_000.0
"""What one feeder supplies at most, and how far apart its transformers are (assumptions)."""

CELL_KM = 0.9  # of line that fail as often as a transformer with what feeds it (assumption)
WHOLE_CELL = 20  # customers of a whole transformer; a cell of fewer is a part of one (assumption)
BESIDE_LINE_KM = 0.15  # how far on both sides people hang on what lies between two cells, together
SAME_FEEDER_M = 2_000.0  # places so far apart are on one feeder once in e times (assumption)
FARTHEST_M = 6_000.0  # and so far apart never


@dataclass(slots=True, eq=False)
class _Knot:
    """An area in the making: its own spots, the areas inside, and the km that fail as one.

    `size` counts its spots, `between` are customers inside whose places nobody knows.
    """

    own: list[int] = field(default_factory=list)
    inside: list["_Knot"] = field(default_factory=list)
    km: float = 0.0
    between: float = 0.0
    size: int = 0

    def members(self) -> list[int]:
        """Numbers of all its spots, in order."""
        found, left = list[int](), [self]
        while left:
            knot = left.pop()
            found += knot.own
            left += knot.inside
        return sorted(found)

    def take(self, part: "_Knot", chance: float) -> None:
        """Take in what lies beyond a line, as an area if a device may stand there.

        With `chance` a device cuts it off, and its faults are its own; else they are felt here.
        """
        self.size += part.size
        inner = max((each.size for each in part.inside), default=1)
        if part.size >= TELLS_APART * inner and part.size > 1:
            self.km += (1 - chance) * part.km
            part.km *= chance
            self.inside.append(part)
        else:
            self.own += part.own
            self.inside += part.inside
            self.km += part.km
            self.between += part.between


# --- every transformer is known ---


def zones_along_lines(spots: Sequence[TransformerNode]) -> list[tuple[FeederTree, ...]]:
    """What may be one feeder each, with the trees assumed over it; no spots have no zones.

    The trees are the branches of the shortest lines that join the transformers, as they are seen
    from the middle and from both ends: from where they are fed, nobody knows. Transformers further
    apart than `LONGEST_SPAN_M`, or with more than `MOST_CUSTOMERS` together, are in different
    zones. Linear in the spots but for sorting and their triangulation.
    """
    return [_seen(spots, zone, lines) for zone, lines in _zones(spots, MOST_CUSTOMERS)]


def one_zone(spots: Sequence[TransformerNode]) -> tuple[FeederTree, ...]:
    """The trees assumed over transformers that are known to be on one feeder; at least one."""
    ((zone, lines),) = _zones(spots, math.inf, math.inf)
    return _seen(spots, zone, lines)


def _seen(
    spots: Sequence[TransformerNode], zone: Sequence[int], lines: Iterable[tuple[int, int, float]]
) -> tuple[FeederTree, ...]:
    """A zone's trees, as it is seen from its middle and from both ends."""
    near = _neighbourhood(zone, lines)
    heads = dict.fromkeys((_middle(zone, near), *_ends(zone[0], near)))
    return tuple(_tree(spots, TRANSFORMER, [_branches(head, near)]) for head in heads)


def _zones(
    spots: Sequence[TransformerNode], customers_most: float, span_most_m: float = LONGEST_SPAN_M
) -> list[tuple[list[int], list[tuple[int, int, float]]]]:
    """Spots that may be on one feeder, each zone with the lines that join it (Kruskal)."""
    zone = list(range(len(spots)))
    customers = [spot.customers for spot in spots]

    def find(i: int) -> int:
        while zone[i] != i:
            zone[i] = zone[zone[i]]
            i = zone[i]
        return i

    lines = []
    for metres, i, j in _spans(spots):
        a, b = find(i), find(j)
        if a == b or metres > span_most_m or customers[a] + customers[b] > customers_most:
            continue
        zone[max(a, b)] = min(a, b)
        customers[min(a, b)] += customers[max(a, b)]
        lines.append((i, j, metres))
    members: dict[int, list[int]] = {}
    for i in range(len(spots)):
        members.setdefault(find(i), []).append(i)
    joined: dict[int, list[tuple[int, int, float]]] = {head: [] for head in members}
    for line in lines:
        joined[find(line[0])].append(line)
    return [(members[head], joined[head]) for head in sorted(members)]


def _spans(spots: Sequence[TransformerNode]) -> list[tuple[float, int, int]]:
    """Pairs that a shortest tree may join, with their distance, the nearest first."""
    xy = _plane(spots)
    pairs = _neighbours(xy)
    away = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    return sorted(zip(away.tolist(), *pairs.T.tolist(), strict=True))


def _plane(spots: Sequence[TransformerNode]) -> Floats:
    """Metres east and north of their middle: (spots, 2)."""
    lon, lat = [spot.lon for spot in spots], [spot.lat for spot in spots]
    if not spots:
        return np.zeros((0, 2))
    return np.column_stack(local_metric(float(np.mean(lon)), float(np.mean(lat))).xy(lon, lat))


FEW = 4


def _neighbours(xy: Floats) -> NDArray[np.intp]:
    """Pairs of neighbours, the lower number first: (pairs, 2). They hold a shortest tree."""
    if len(xy) >= FEW:
        try:
            corners = Delaunay(xy, qhull_options="QJ").simplices
        except QhullError:  # all in one place, or on a line
            pass
        else:
            sides = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
            return np.unique(np.sort(sides, axis=1), axis=0).astype(np.intp)
    return np.column_stack(np.triu_indices(len(xy), 1)).astype(np.intp)


Near = Mapping[int, Sequence[tuple[int, float]]]
"""What each spot is joined to, and how far that is."""


def _neighbourhood(zone: Sequence[int], lines: Iterable[tuple[int, int, float]]) -> Near:
    near: dict[int, list[tuple[int, float]]] = {i: [] for i in zone}
    for i, j, metres in lines:
        near[i].append((j, metres))
        near[j].append((i, metres))
    return near


def _ends(start: int, near: Near) -> tuple[int, int]:
    """Both ends of the longest way through a zone."""
    first = _farthest(start, near)
    return first, _farthest(first, near)


def _farthest(start: int, near: Near) -> int:
    order, above = _walk(start, near)
    away = {start: 0.0}
    for i in order[1:]:
        away[i] = away[above[i]] + next(metres for j, metres in near[i] if j == above[i])
    return max(order, key=lambda i: (away[i], -i))


def _branches(root: int, near: Near) -> _Knot:
    """A zone as nested areas, each what lies beyond a line when it is fed from `root`."""
    order, above = _walk(root, near)
    parts: dict[int, _Knot] = {}
    for i in reversed(order):
        parts[i] = _Knot(own=[i], size=1)
        below = [(j, metres) for j, metres in near[i] if j != above.get(i)]
        main = max((parts[j].size for j, _ in below), default=0)
        for j, metres in sorted(below):
            part = parts.pop(j)
            part.km += metres * DETOUR / 1000
            leaves = len(below) > 1 and (i == root or part.size < main)
            parts[i].take(part, AT_BRANCH if leaves else MIDWAY)
    return parts[root]


def _middle(zone: Sequence[int], near: Near) -> int:
    """The spot from which no branch holds more than half of the zone."""
    order, above = _walk(zone[0], near)
    size = dict.fromkeys(zone, 1)
    heaviest = dict.fromkeys(zone, 0)
    for i in reversed(order[1:]):
        size[above[i]] += size[i]
        heaviest[above[i]] = max(heaviest[above[i]], size[i])
    return min(zone, key=lambda i: (max(heaviest[i], len(zone) - size[i]), i))


def _walk(root: int, near: Near) -> tuple[list[int], dict[int, int]]:
    """The spots from the root outwards, and which comes before each."""
    order, above = [root], dict[int, int]()
    for i in order:
        for j, _ in near[i]:
            if j != above.get(i):
                above[j] = i
                order.append(j)
    return order, above


# --- only the places of callers are known ---


def tree_of_cells(
    spots: Sequence[TransformerNode], per_km2: Sequence[float], elsewhere: int
) -> FeederTree:
    """The tree assumed over cells of positions: the nearest ones joined first.

    Parameters
    ----------
    spots
        Cells that somebody called from, with the customers thought to live in each.
    per_km2
        Customers thought to live around each, per square kilometre.
    elsewhere
        Customers of the district that live in none of the cells nor between them.
    """
    knots = {i: _Knot(own=[i], size=1) for i in range(len(spots))}
    if len(spots) > 1:
        xy = _plane(spots)
        people = list(per_km2)
        for a, b, metres, _ in linkage(pdist(xy), "average").tolist():
            first, second = int(a), int(b)
            if metres > FARTHEST_M:
                break
            km = metres * DETOUR / 1000
            dense = min(people[first], people[second])
            people.append(dense)
            rarely = math.exp(-metres / SAME_FEEDER_M)
            both = _Knot(km=km * rarely, between=km * BESIDE_LINE_KM * dense)
            for part in (knots.pop(first), knots.pop(second)):
                both.take(part, AT_BRANCH)
            knots[len(people) - 1] = both
    return _tree(spots, CELL, [knots[n] for n in sorted(knots)], elsewhere)


# --- as a feeder's tree ---

NO_LINE_KM = 0.001
"""What has no line of its own may open all the same, hardly ever."""


def _tree(
    spots: Sequence[TransformerNode], kind: str, heads: Sequence[_Knot], elsewhere: int = 0
) -> FeederTree:
    """Write nested areas down in preorder."""
    writer = _Writer(spots, kind)
    for head in heads:
        writer.write(head, None)
    if elsewhere:
        writer.hide("elsewhere", len(writer.devices), elsewhere)
        writer.open_device("elsewhere", AREA, "", None, None, 0.0)
    return FeederTree(
        feeder_id="",
        devices=tuple(writer.devices),
        transformers=tuple(writer.transformers),
    )


@dataclass(slots=True, eq=False)
class _Writer:
    """Puts areas and their spots into preorder."""

    spots: Sequence[TransformerNode]
    kind: str
    devices: list[DeviceNode] = field(default_factory=list)
    transformers: list[TransformerNode] = field(default_factory=list)

    def write(self, knot: _Knot, parent_id: str | None) -> None:
        """Add an area with all in it; of a single spot only that."""
        if knot.size > 1:
            parent_id = self._open_area(knot, parent_id)
        row = len(self.devices) - 1
        for i in sorted(knot.own):
            self._add_spot(self.spots[i], parent_id)
        for inner in sorted(knot.inside, key=lambda each: each.members()[0]):
            self.write(inner, parent_id)
        if knot.size > 1:
            self.devices[row] = replace(self.devices[row], post=len(self.devices))

    def _open_area(self, knot: _Knot, parent_id: str | None) -> str:
        members = knot.members()
        names = " ".join(sorted(self.spots[i].id for i in members))
        area_id = f"{AREA}:{crc32(names.encode()):08x}"
        first = self.spots[knot.own[0] if knot.own else members[0]]
        if round(knot.between):
            self.hide(f"between:{area_id}", len(self.devices), round(knot.between))
        name = f"{first.name} +{len(members) - 1}"
        self.open_device(area_id, AREA, name, parent_id, None, knot.km)
        return area_id

    def _add_spot(self, spot: TransformerNode, parent_id: str | None) -> None:
        device_id = f"{self.kind}:{spot.id}"
        self.transformers.append(replace(spot, device_id=device_id, pre=len(self.devices)))
        km = CELL_KM * min(1.0, spot.customers / WHOLE_CELL) if self.kind == CELL else 0.0
        self.open_device(device_id, self.kind, spot.name, parent_id, (spot.lon, spot.lat), km)

    def hide(self, id_: str, pre: int, customers: int) -> None:
        """Add customers whose places nobody knows: all that is known of them is their silence."""
        self.transformers.append(
            TransformerNode(
                id=id_, name="", device_id=None, pre=pre, lon=0.0, lat=0.0, customers=customers
            )
        )

    def open_device(
        self,
        id_: str,
        kind: str,
        name: str,
        parent_id: str | None,
        lonlat: tuple[float, float] | None,
        km: float,
    ) -> None:
        """Add a device; what comes in it moves its end."""
        pre = len(self.devices)
        self.devices.append(
            DeviceNode(
                id=id_,
                kind=kind,
                name=name,
                parent_id=parent_id,
                pre=pre,
                post=pre + 1,
                lon=None if lonlat is None else lonlat[0],
                lat=None if lonlat is None else lonlat[1],
                length_m=max(km, NO_LINE_KM) * 1000,
            )
        )
