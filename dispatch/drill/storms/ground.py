"""A network made ready for the drill: who hangs where in truth, and where on record."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from dispatch.domain.facts import DeviceNode, FeederTree, Surroundings, TransformerNode
from dispatch.drill.storms import parameters as p
from dispatch.waking import DEGREES_PER_HOUR
from gis.crs import LocalMetric, local_metric
from gis.errors import EmptyInput
from gis.network.model import Network
from gis.network.trace import Device, DeviceKind, Tracing, trace

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOWHERE = -1


@dataclass(frozen=True, eq=False)
class Customers:
    """The connected customers in the order of their devices, so that a subtree is a slice.

    `xy` is in metres, `lonlat` EPSG:4326, both of shape (n, 2). `transformer` is the number of the
    one that truly supplies each (NOWHERE: none), `recorded` that of the records. `kinds` are as the
    records have them, None where they do not.
    """

    accounts: tuple[str, ...]
    device: Ints
    transformer: Ints
    recorded: Ints
    xy: Floats
    lonlat: Floats
    kinds: tuple[str | None, ...]

    @cached_property
    def calls_by_kind(self) -> dict[str, float]:
        """How often each kind here calls against the mean of all those whose kind is known."""
        many = Counter(kind for kind in self.kinds if kind is not None)
        called = sum(p.CALLS_BY_KIND[kind] * count for kind, count in many.items())
        return {kind: p.CALLS_BY_KIND[kind] * many.total() / called for kind in sorted(many)}

    @cached_property
    def times_calling(self) -> Floats:
        """How often each customer calls against the mean, where kinds differ; shape (n,)."""
        times = self.calls_by_kind
        return np.array([times.get(kind or "", 1.0) for kind in self.kinds], dtype=float)


@dataclass(frozen=True, eq=False)
class Ground:
    """A traced network with customers; transformers are numbered in the order of their devices.

    `trees` are what the records say, as methods see it: with the recorded number of customers.
    """

    name: str
    tracing: Tracing
    plane: LocalMetric
    customers: Customers
    transformers: tuple[TransformerNode, ...]
    transformer_feeder: tuple[str, ...]
    trees: Mapping[str, FeederTree] = field(repr=False)

    @property
    def devices(self) -> tuple[Device, ...]:
        """All devices, in preorder, a feeder after the other."""
        return self.tracing.devices

    @cached_property
    def surroundings(self) -> Surroundings:
        """What the records say is here, as one district."""
        nodes = [device for tree in self.trees.values() for device in tree.devices]
        return Surroundings(
            devices=Counter(node.kind for node in nodes),
            km=sum(node.length_m for node in nodes if node.kind != "transformer") / 1_000,
            customers=len(self.customers.accounts),
            within=timedelta(hours=p.STIRRING_H),
        )

    @cached_property
    def ahead_of_utc(self) -> timedelta:
        """By how much the customers' hours, which are the sun's, are ahead of UTC."""
        return timedelta(hours=float(self.customers.lonlat[:, 0].mean()) / DEGREES_PER_HOUR)

    @cached_property
    def homes(self) -> KDTree:
        """The customers' homes, to be asked who lives near; metres."""
        return KDTree(self.customers.xy)

    @cached_property
    def place_of_transformer(self) -> Ints:
        """The preorder number of each transformer's own device."""
        return np.array([t.pre for t in self.transformers], dtype=np.int64)

    def below(self, device: int) -> tuple[int, int]:
        """The interval [first, last) of the customers at or below a device."""
        ends = [device, self.devices[device].post]
        first, last = np.searchsorted(self.customers.device, ends)
        return int(first), int(last)

    def transformers_below(self, device: int) -> tuple[int, int]:
        """The interval of the transformers at or below a device; for one below a transformer, it.

        A device on the low-voltage side of a transformer is scored and shown as the transformer.
        """
        device = self.shown(device)
        ends = [device, self.devices[device].post]
        first, last = np.searchsorted(self.place_of_transformer, ends)
        return int(first), int(last)

    def shown(self, device: int) -> int:
        """The device itself, or the transformer that it is on the low-voltage side of.

        Reports are known by their transformer, so no method can tell what lies below one.
        """
        found = self.devices[device]
        while found.transformer_id is not None and found.kind is not DeviceKind.TRANSFORMER:
            assert found.parent_id is not None
            found = self.tracing.device(found.parent_id)
        return found.pre

    def mislinked(self, rng: np.random.Generator, share: float) -> "Ground":
        """The same ground with a share of the customers recorded on a neighbouring transformer."""
        people = self.customers
        rows = np.flatnonzero((rng.random(len(people.recorded)) < share) & (people.recorded >= 0))
        if not len(rows) or len(self.transformers) < 2:  # noqa: PLR2004 - no neighbour
            return self
        lon, lat = [t.lon for t in self.transformers], [t.lat for t in self.transformers]
        stands = np.column_stack(self.plane.xy(lon, lat))
        near = np.asarray(KDTree(stands).query(stands[people.transformer[rows]], k=2)[1])
        other = np.where(near[:, 0] == people.transformer[rows], near[:, 1], near[:, 0])
        recorded = people.recorded.copy()
        recorded[rows] = other
        return replace(
            self,
            customers=replace(people, recorded=recorded),
            trees=_trees(self.tracing, self.transformers, recorded, people.kinds),
        )


def ground_of(network: Network) -> Ground:
    """Trace a network and place its customers.

    Raises
    ------
    EmptyInput
        No connected customer is reached by a feeder, or nothing has a position.
    """
    tracing = trace(network)
    accounts, device, transformer, lonlat = _hanging(network, tracing)
    kind_of = {u.account: u.kind and u.kind.value for u in network.usage_points}
    kinds = tuple(kind_of[account] for account in accounts)
    known = np.isfinite(lonlat[:, 0])
    if not known.any():
        raise EmptyInput(
            network.name or "the network", "connected customers that a feeder reaches, with places"
        )
    middle = lonlat[known].mean(axis=0)
    lonlat = np.where(known[:, None], lonlat, middle)
    plane = local_metric(*middle.tolist())
    nodes = _transformer_nodes(network, tracing, middle)
    return Ground(
        name=network.name,
        tracing=tracing,
        plane=plane,
        customers=Customers(
            accounts=accounts,
            device=device,
            transformer=transformer,
            recorded=transformer,
            xy=np.column_stack(plane.xy(*lonlat.T)),
            lonlat=lonlat,
            kinds=kinds,
        ),
        transformers=nodes,
        transformer_feeder=tuple(tracing.devices[t.pre].feeder_id for t in nodes),
        trees=_trees(tracing, nodes, transformer, kinds),
    )


def _hanging(network: Network, tracing: Tracing) -> tuple[tuple[str, ...], Ints, Ints, Floats]:
    """Accounts, devices, transformers and places of the connected customers, by device."""
    stands = {t.id: t.point for t in network.transformers}
    order = {
        device.asset_id: number
        for number, device in enumerate(
            d for d in tracing.devices if d.kind is DeviceKind.TRANSFORMER
        )
    }
    rows = []
    for person in network.usage_points:
        device_id = tracing.device_of_account.get(person.account)
        if person.disconnected_for is not None or device_id is None:
            continue
        of = tracing.transformer_of_account.get(person.account)
        point = person.point or stands.get(of or "")
        place = (np.nan, np.nan) if point is None else (point.x, point.y)
        number = tracing.number_of_device[device_id]
        rows.append((number, person.account, order.get(of or "", NOWHERE), place))
    rows.sort(key=lambda row: row[:2])
    return (
        tuple(row[1] for row in rows),
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.int64),
        np.array([row[3] for row in rows], dtype=np.float64).reshape(-1, 2),
    )


def _transformer_nodes(
    network: Network, tracing: Tracing, middle: Floats
) -> tuple[TransformerNode, ...]:
    by_id = {t.id: t for t in network.transformers}
    nodes = []
    for device in tracing.devices:
        if device.kind is not DeviceKind.TRANSFORMER:
            continue
        known = by_id[device.asset_id]
        lon, lat = (known.point.x, known.point.y) if known.point is not None else middle.tolist()
        nodes.append(
            TransformerNode(
                id=device.asset_id,
                name=known.name,
                device_id=device.id,
                pre=device.pre,
                lon=lon,
                lat=lat,
                customers=device.customers,
            )
        )
    return tuple(nodes)


def _trees(
    tracing: Tracing,
    transformers: tuple[TransformerNode, ...],
    recorded: Ints,
    kinds: tuple[str | None, ...],
) -> dict[str, FeederTree]:
    """Each feeder as the records have it."""
    of_kind: dict[int, Counter[str]] = defaultdict(Counter)
    for number, kind in zip(recorded.tolist(), kinds, strict=True):
        if kind is not None:
            of_kind[number][kind] += 1
    counts = np.bincount(recorded[recorded >= 0], minlength=len(transformers))
    listed = [
        replace(t, customers=int(count), kinds=tuple(sorted(of_kind[number].items())))
        for number, (t, count) in enumerate(zip(transformers, counts, strict=True))
    ]
    trees = {}
    for feeder_id, head_id in tracing.head_of_feeder.items():
        head = tracing.device(head_id)
        trees[feeder_id] = FeederTree(
            feeder_id=feeder_id,
            devices=tuple(_node(d) for d in tracing.devices[head.pre : head.post]),
            transformers=tuple(t for t in listed if head.pre <= t.pre < head.post),
        )
    return trees


def _node(device: Device) -> DeviceNode:
    return DeviceNode(
        id=device.id,
        kind=device.kind.value,
        name=device.asset_id,
        parent_id=device.parent_id,
        pre=device.pre,
        post=device.post,
        lon=None if device.point is None else device.point.x,
        lat=None if device.point is None else device.point.y,
        length_m=device.length_m,
    )
