"""Networks for the drill: parts of large ones, customers where the data has none, and made-up ones.

Everything here that is made up says so in the network's name.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from shapely import LineString, Point

from dispatch.drill.storms import parameters as p
from gis.crs import LocalMetric, local_metric
from gis.network.model import (
    Feeder,
    Level,
    LineSection,
    Network,
    Substation,
    Switch,
    SwitchKind,
    Transformer,
    UsagePoint,
)
from gis.network.trace import trace

MADE_UP = "made up"
ORIGIN = (-97.0, 38.0)
"""Where the American-style network lies, lon and lat in EPSG:4326: open plains, no place meant."""


def some_feeders(network: Network, count: int, seed: int) -> Network:
    """The network with at most `count` of its feeders, drawn from a seed; 0 keeps all.

    What hangs on the others stays in the network without supply.
    """
    if count <= 0 or count >= len(network.feeders):
        return network
    rng = np.random.default_rng([seed, 3])
    kept = sorted(rng.choice(len(network.feeders), count, replace=False).tolist())
    return replace(
        network,
        name=f"{network.name}, {count} of {len(network.feeders)} feeders",
        feeders=tuple(network.feeders[i] for i in kept),
    )


def with_customers(network: Network, seed: int) -> Network:
    """Give made-up customers to the transformers that have none on record, where most have none.

    Their number follows the quartiles of a real utility (`parameters`), they live about their
    transformer; a transformer without a position gets none. A network that has customers at most of
    its transformers is given back as it is.
    """
    supplied = _supplied(network)
    bare = [t for t in network.transformers if t.id not in supplied and t.point is not None]
    if 2 * len(bare) <= len(network.transformers):
        return network
    rng = np.random.default_rng([seed, 5])
    quartiles = np.array(p.CUSTOMERS_QUARTILES, dtype=np.float64)
    sizes = np.interp(rng.random(len(bare)), np.linspace(0, 1, len(quartiles)), quartiles)
    added = [
        person
        for transformer, size in zip(bare, sizes.round().astype(int).tolist(), strict=True)
        for person in _around(rng, transformer, size)
    ]
    return replace(
        network,
        name=f"{network.name}, with {len(added):,} customers {MADE_UP}",
        usage_points=(*network.usage_points, *added),
    )


def _supplied(network: Network) -> set[str]:
    """Transformers with a customer on record, by name or through the low-voltage network."""
    return set(trace(network).transformer_of_account.values())


def _around(rng: np.random.Generator, transformer: Transformer, count: int) -> Iterator[UsagePoint]:
    assert transformer.point is not None
    plane = local_metric(round(transformer.point.x, 1), round(transformer.point.y, 1))
    middle = np.array(plane.xy(transformer.point.x, transformer.point.y))
    xy = middle + rng.normal(0.0, p.CUSTOMERS_AROUND_M / 2, (count, 2))
    lon, lat = plane.lon_lat(xy[:, 0], xy[:, 1])
    for number, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True), start=1):
        yield UsagePoint(
            account=f"{MADE_UP} {transformer.id}.{number}",
            transformer_id=transformer.id,
            point=Point(round(x, 7), round(y, 7)),
        )


def american(seed: int) -> Network:
    """Make up a network of the American kind: many fused laterals, few customers per transformer.

    One substation with feeders in all directions; each has a trunk with reclosers and laterals
    behind fuses, some with a second fuse half-way. Positions are EPSG:4326.
    """
    rng = np.random.default_rng([seed, 7])
    draft = _Draft(rng, local_metric(*ORIGIN))
    for number in range(p.AMERICAN_FEEDERS):
        draft.add_feeder(number, p.AMERICAN_TRANSFORMERS // p.AMERICAN_FEEDERS)
    return Network(
        name=f"American style ({MADE_UP}, seed {seed})",
        substations=(Substation(id="S", name="S", point=Point(*ORIGIN)),),
        feeders=tuple(draft.feeders),
        sections=tuple(draft.sections),
        switches=tuple(draft.switches),
        transformers=tuple(draft.transformers),
        usage_points=tuple(draft.usage_points),
    )


@dataclass(slots=True, eq=False)
class _Draft:
    """A network in the making; places are metres in `plane`."""

    rng: np.random.Generator
    plane: LocalMetric
    feeders: list[Feeder] = field(default_factory=list)
    sections: list[LineSection] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    transformers: list[Transformer] = field(default_factory=list)
    usage_points: list[UsagePoint] = field(default_factory=list)
    places: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add_feeder(self, number: int, transformers: int) -> None:
        """Add a trunk and laterals until so many transformers are on it."""
        bearing = 2 * np.pi * number / p.AMERICAN_FEEDERS
        name = f"F{number + 1}"
        start = (200 * float(np.cos(bearing)), 200 * float(np.sin(bearing)))
        head = self._node(f"{name}.head", start)
        self.feeders.append(Feeder(id=name, name=name, substation_id="S", head_node=head))
        at = self._switch(f"{name}.breaker", SwitchKind.BREAKER, head)
        spots = np.linspace(0, transformers, p.AMERICAN_RECLOSERS + 2)[1:-1]
        placed, laterals = 0, 0
        while placed < transformers:
            bearing += float(self.rng.normal(0.0, 0.15))
            at = self._span(at, bearing, p.AMERICAN_TRUNK_SPAN_M)
            laterals += 1
            before = placed
            size = min(int(self.rng.integers(*p.AMERICAN_LATERAL)), transformers - placed)
            side = bearing + float(self.rng.choice([-1.0, 1.0])) * np.pi / 2
            self._lateral(f"{name}.{laterals}", at, side, size)
            placed += size
            if any(before < spot <= placed for spot in spots):
                at = self._switch(f"{name}.recloser{laterals}", SwitchKind.RECLOSER, at)

    def _lateral(self, name: str, at: str, bearing: float, size: int) -> None:
        at = self._switch(f"{name}.fuse", SwitchKind.FUSE, at)
        second = size // 2 if self.rng.random() < p.AMERICAN_BRANCHING else -1
        for number in range(size):
            if number == second and number:
                at = self._switch(f"{name}.fuse2", SwitchKind.FUSE, at)
            bearing += float(self.rng.normal(0.0, 0.2))
            at = self._span(at, bearing, p.AMERICAN_SPAN_M)
            self._transformer(f"{name}.T{number + 1}", at)

    def _transformer(self, name: str, at: str) -> None:
        low, high = p.AMERICAN_CUSTOMERS
        transformer = Transformer(id=name, name=name, node=at, point=self._point(self.places[at]))
        self.transformers.append(transformer)
        x, y = self.places[at]
        for number in range(int(self.rng.integers(low, high + 1))):
            dx, dy = self.rng.normal(0.0, 35.0, 2).tolist()
            self.usage_points.append(
                UsagePoint(
                    account=f"{name}.{number + 1}",
                    transformer_id=name,
                    point=self._point((x + dx, y + dy)),
                )
            )

    def _node(self, name: str, place: tuple[float, float]) -> str:
        self.places[name] = place
        return name

    def _span(self, at: str, bearing: float, lengths: tuple[float, float]) -> str:
        """Run a section of line on from a node."""
        length = float(self.rng.uniform(*lengths))
        x, y = self.places[at]
        place = (x + length * float(np.cos(bearing)), y + length * float(np.sin(bearing)))
        node = self._node(f"n{len(self.places)}", place)
        ends = [self._point(self.places[n]).coords[0] for n in (at, node)]
        self.sections.append(
            LineSection(
                id=f"s{len(self.sections)}",
                from_node=at,
                to_node=node,
                level=Level.MV,
                line=LineString(ends),
                length_m=round(length, 1),
            )
        )
        return node

    def _switch(self, name: str, kind: SwitchKind, at: str) -> str:
        node = self._node(f"{name}.after", self.places[at])
        self.switches.append(
            Switch(
                id=name, kind=kind, from_node=at, to_node=node, point=self._point(self.places[at])
            )
        )
        return node

    def _point(self, place: tuple[float, float]) -> Point:
        lon, lat = self.plane.lon_lat(*place)
        return Point(round(float(lon), 7), round(float(lat), 7))
