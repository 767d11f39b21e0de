"""A feeder as arrays: its protective devices in preorder, so that a subtree is an interval."""

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.facts import FeederTree
from dispatch.rates import MINUTES_PER_YEAR, Floats, Rates, counted_by_kind

Ints = NDArray[np.intp]


class Feeder:
    """A feeder's tree as arrays in preorder, made once for as long as its switching stands.

    `pre` and `post` have shape (devices,), as have `parent` (-1 at a head), `customers` (at or
    below), `could_call` (these again, each counting as its kind calls) and `rate` (faults per
    minute that open the device, in the calm). `callers_of` is `could_call` of each transformer.
    """

    def __init__(self, tree: FeederTree, rates: Rates) -> None:
        self.tree = tree
        self.devices = tree.devices
        self.row = {device.id: row for row, device in enumerate(tree.devices)}
        self.pre = np.array([d.pre for d in tree.devices], dtype=np.intp)
        self.post = np.array([d.post for d in tree.devices], dtype=np.intp)
        self.parent = np.array(
            [self.row.get(d.parent_id or "", -1) for d in tree.devices], dtype=np.intp
        )
        self.transformer_pre = {t.id: t.pre for t in tree.transformers}
        places = np.array([t.pre for t in tree.transformers], dtype=np.intp)
        heads = np.array([t.customers for t in tree.transformers], dtype=float)
        order = np.argsort(places, kind="stable")
        self._places, self._transformers = places[order], order
        self._number = {t.id: row for row, t in enumerate(tree.transformers)}
        self.callers_of = {
            t.id: counted_by_kind(t.customers, t.kinds, rates.calls_by_kind)
            for t in tree.transformers
        }
        callers = np.array(list(self.callers_of.values()), dtype=float)
        first, last = np.searchsorted(self._places, [self.pre, self.post])
        self.customers: Floats = _sums(heads[order], first, last)
        self.could_call: Floats = _sums(callers[order], first, last)
        self.served: Ints = (last - first).astype(np.intp)
        self.rate: Floats = np.asarray(self._rates(rates) / MINUTES_PER_YEAR, dtype=float)

    def _rates(self, rates: Rates) -> Floats:
        """Faults a year that open each device: its own line and itself, and some from below."""
        base = np.array(
            [rates.per_device.get(d.kind, rates.other_device) for d in self.devices], dtype=float
        )
        km = np.array([d.length_m / 1000 for d in self.devices], dtype=float)
        medium = np.array([d.kind != "transformer" for d in self.devices], dtype=bool)
        if not km[medium].any():
            km = np.where(medium, rates.km_where_unknown * self._own_transformers(), 0.0)
        own = base + rates.per_km * np.where(medium, km, 0.0)
        above = own.copy()
        below = self.parent >= 0
        np.add.at(above, self.parent[below], rates.clears_above * own[below])
        return above

    def _own_transformers(self) -> Floats:
        own = self.served.astype(float)
        medium = np.array([d.kind != "transformer" for d in self.devices], dtype=bool)
        below = (self.parent >= 0) & medium
        np.subtract.at(own, self.parent[below], self.served[below])
        return np.asarray(np.maximum(own, 0.0), dtype=float)

    @property
    def all_customers(self) -> float:
        """Customers of the whole feeder, one at least."""
        return max(float(self.customers[self.parent < 0].sum()), 1.0)

    def times_calling(self, transformer_id: str) -> float:
        """How often a transformer's customers call, against as many of the mean of all."""
        row = self._number.get(transformer_id)
        customers = 0 if row is None else self.tree.transformers[row].customers
        return self.callers_of[transformer_id] / customers if customers else 1.0

    def below(self, row: int) -> tuple[str, ...]:
        """Ids of the transformers at or below a device."""
        first, last = np.searchsorted(self._places, [self.pre[row], self.post[row]])
        return tuple(self.tree.transformers[i].id for i in self._transformers[first:last])

    def rows_below(self, row: int) -> list[int]:
        """Rows of the devices further down than a device, in preorder."""
        inside = (self.pre[row] < self.pre) & (self.pre < self.post[row])
        return np.flatnonzero(inside).tolist()

    def path(self, pre: int) -> list[int]:
        """Rows of the devices above a place, from the nearest up to the head."""
        holds = np.flatnonzero((self.pre <= pre) & (pre < self.post))
        return [int(row) for row in holds[::-1]]


def _sums(amounts: Floats, first: Ints, last: Ints) -> Floats:
    """Sums of amounts from each first up to each last place."""
    running = np.concatenate(([0.0], np.cumsum(amounts)))
    return np.asarray(running[last] - running[first], dtype=float)
