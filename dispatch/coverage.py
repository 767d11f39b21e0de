"""How soon a free crew could be anywhere: who is covered, what a choice uncovers, where to wait.

Places are cells of customers. A place is covered while a free crew is at most `within_min` minutes
away by road. Nothing here sends anybody: a move is proposed, with what it gains and what it costs.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.words import AreaClass, CrewId

Floats = NDArray[np.float64]
Minutes = NDArray[np.float32]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

METRES_PER_DEGREE = 111_195.0
COARSER = 1.5
"""By how much cells grow where there are too many of them."""


def anywhere(_lon: float, _lat: float) -> bool:
    """Every place is open."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragePolicy:
    """Settings; assumptions until a utility sets its own.

    Attributes
    ----------
    within_min, then_min
        Minutes within which a place is covered, and within which it is at least not far.
    cell_m, most_cells
        The side of a cell, and how many a district has at most; beyond that cells grow.
    critical_counts
        As how many other customers a critical one counts where moves are compared.
    farthest_min
        A crew is not moved up further than this.
    least_share
        A move that gains less than this share of the district's weight is not worth a drive.
    street_counts
        What standing by in the street counts beside a base, where a crew has what it needs.
    streets_tried
        How many places without cover are tried, those with the most weight first.
    """

    within_min: float = 15.0
    then_min: float = 30.0
    cell_m: float = 500.0
    most_cells: int = 4_000
    critical_counts: float = 50.0
    farthest_min: float = 45.0
    least_share: float = 0.01
    street_counts: float = 0.8
    streets_tried: int = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Where customers are, arrays of shape (p,): EPSG:4326, customers and critical ones among them.

    `area` numbers the area class of each in the order of `AreaClass`.
    """

    lon: Floats
    lat: Floats
    customers: Ints
    critical: Ints
    area: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Squares that hold customers, arrays of shape (m,).

    Attributes
    ----------
    lon, lat
        The place with the most customers in it, EPSG:4326: one that is really there, by a road.
    west, south, east, north
        The square, degrees.
    customers, critical, area
        As in `Places`; the area class is that of (lon, lat).
    side_m
        How wide a cell is; more than was asked for where there were too many.
    """

    lon: Floats
    lat: Floats
    west: Floats
    south: Floats
    east: Floats
    north: Floats
    customers: Ints
    critical: Ints
    area: Ints
    side_m: float

    def __len__(self) -> int:
        """How many there are."""
        return len(self.lon)

    def at(self) -> list[tuple[float, float]]:
        """Where each is reached, (lon, lat)."""
        return list(zip(self.lon.tolist(), self.lat.tolist(), strict=True))


def cells_of(places: Places, policy: CoveragePolicy) -> Cells:
    """Lay a grid over the places; empty gives none.

    Where more than `most_cells` squares hold somebody, all are made wider until they are few
    enough: nobody is left out.
    """
    side_m = policy.cell_m
    middle = float(places.lat.mean()) if len(places.lat) else 0.0
    while True:
        high = side_m / METRES_PER_DEGREE
        wide = high / max(float(np.cos(np.radians(middle))), 0.01)
        column, row = np.floor(places.lon / wide), np.floor(places.lat / high)
        squares, cell = np.unique(np.column_stack((column, row)), axis=0, return_inverse=True)
        if len(squares) <= policy.most_cells:
            break
        side_m *= COARSER
    cell = cell.reshape(-1)
    count = len(squares)
    order = np.lexsort((-places.customers, cell))
    busiest = order[np.searchsorted(cell[order], np.arange(count))]
    west, south = squares[:, 0] * wide, squares[:, 1] * high
    return Cells(
        lon=places.lon[busiest],
        lat=places.lat[busiest],
        west=west,
        south=south,
        east=west + wide,
        north=south + high,
        customers=_summed(cell, places.customers, count),
        critical=_summed(cell, places.critical, count),
        area=places.area[busiest],
        side_m=side_m,
    )


def _summed(cell: NDArray[np.intp], values: Ints, count: int) -> Ints:
    return np.bincount(cell, values, count).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many customers have a free crew within the first limit, the second, later, or never."""

    customers: int
    near: int
    far: int
    over: int
    nobody: int

    @property
    def share(self) -> float | None:
        """The part that is covered, 0 to 1; None where there is nobody."""
        return self.near / self.customers if self.customers else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Who would lose cover: all customers, and the critical ones among them."""

    customers: int
    critical: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandBy:
    """A place where a crew could stand by, EPSG:4326; `base` is None for one in the street."""

    lon: float
    lat: float
    base: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveUp:
    """A free crew that would cover more from elsewhere.

    Attributes
    ----------
    customers, critical
        How many more are covered than now; one of them may be negative.
    drive_min
        What it costs: the drive there, minutes.
    before, after
        The share of customers covered, 0 to 1.
    """

    crew_id: CrewId
    to: StandBy
    customers: int
    critical: int
    drive_min: float
    before: float
    after: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Coverage:
    """What the free crews of a district cover.

    Attributes
    ----------
    crews
        The free crews.
    minutes
        From each crew to each cell by road, shape (n, m); infinite where no road leads.
    """

    cells: Cells
    crews: Sequence[CrewId]
    minutes: Minutes
    policy: CoveragePolicy = field(default_factory=CoveragePolicy)

    @cached_property
    def soonest(self) -> Minutes:
        """Minutes of the soonest free crew to each cell, shape (m,); infinite for nobody."""
        soonest: Minutes = self._two_soonest[0]
        return soonest

    @cached_property
    def weight(self) -> Floats:
        """What each cell counts where moves are compared, shape (m,)."""
        more = (self.policy.critical_counts - 1) * self.cells.critical
        weight: Floats = self.cells.customers + np.maximum(more, 0.0)
        return weight

    @cached_property
    def covered(self) -> Flags:
        """Which cells have a free crew within the first limit, shape (m,)."""
        return self._reached(self.soonest)

    def share(self, area: AreaClass | None = None) -> Share:
        """How the customers stand, of one area class or all."""
        counted = np.ones(len(self.cells), np.bool_)
        if area is not None:
            counted = self.cells.area == tuple(AreaClass).index(area)
        customers = np.where(counted, self.cells.customers, 0)
        near = self.covered
        far = (self.soonest <= self.policy.then_min) & ~near
        nobody = np.isinf(self.soonest)
        parts = (near, far, ~near & ~far & ~nobody, nobody)
        near_n, far_n, over_n, nobody_n = (int(customers[part].sum()) for part in parts)
        return Share(
            customers=int(customers.sum()), near=near_n, far=far_n, over=over_n, nobody=nobody_n
        )

    def without(self, crew_id: CrewId) -> "Coverage":
        """The same while a crew is away; as it is for one that is not among the free ones."""
        stay = [at for at, each in enumerate(self.crews) if each != crew_id]
        return Coverage(
            cells=self.cells,
            crews=[self.crews[at] for at in stay],
            minutes=self.minutes[stay],
            policy=self.policy,
        )

    def left_by(self, crew_id: CrewId) -> Loss:
        """Who loses cover when a crew is sent: those whom it alone covers; nobody if it is busy."""
        lost = np.zeros(len(self.cells), np.bool_)
        if crew_id in self.crews:
            lost = self.covered & ~self._reached(self._others(self.crews.index(crew_id)))
        return Loss(
            customers=int(self.cells.customers[lost].sum()),
            critical=int(self.cells.critical[lost].sum()),
        )

    def uncovered(self, is_open: Callable[[float, float], bool] = anywhere) -> list[StandBy]:
        """The cells without cover as places to stand by, the weightiest first, a few of them.

        Those that are not `is_open`, by (lon, lat), are left out.
        """
        open_cells = np.flatnonzero(~self.covered)
        heaviest = open_cells[np.argsort(-self.weight[open_cells], kind="stable")]
        places = ((float(self.cells.lon[at]), float(self.cells.lat[at])) for at in heaviest)
        there = (StandBy(lon=lon, lat=lat, base=None) for lon, lat in places if is_open(lon, lat))
        return list(islice(there, self.policy.streets_tried))

    def move_up(
        self,
        stand_bys: Sequence[StandBy],
        from_there: Minutes,
        drives: Minutes,
        *,
        stay: Collection[CrewId] = (),
    ) -> MoveUp | None:
        """The best single move of a free crew; None where none is worth its drive.

        Parameters
        ----------
        stand_bys
            k places to consider.
        from_there
            Minutes from each place to each cell, shape (k, m).
        drives
            Minutes from each crew to each place, shape (n, k).
        stay
            Crews that are not to be moved.

        Notes
        -----
        Gains are counted as if the crew were there already. A place in the street has to gain more
        than a base (`street_counts`); among equals the shorter drive wins.
        """
        if not self.crews or not stand_bys or not len(self.cells):
            return None
        gains = self._gains(from_there)
        counts = np.array([1.0 if s.base else self.policy.street_counts for s in stand_bys])
        movable = np.array([[crew not in stay] for crew in self.crews])
        worth = np.where(
            movable
            & (drives <= self.policy.farthest_min)
            & (gains > 0)
            & (gains >= self.policy.least_share * self.weight.sum()),
            gains * counts,
            -np.inf,
        )
        if np.isneginf(worth).all():
            return None
        best = np.lexsort((drives.ravel(), -worth.ravel()))[0]
        crew, to = np.unravel_index(best, worth.shape)
        return self._move(int(crew), stand_bys[int(to)], from_there[to], float(drives[crew, to]))

    def _gains(self, from_there: Minutes) -> Floats:
        """Weight gained by each crew at each place, shape (n, k)."""
        there = self._reached(from_there)
        others = self._reached(np.stack([self._others(at) for at in range(len(self.crews))]))
        left = np.where(others, 0.0, self.weight)
        with_it: Floats = (others @ self.weight)[:, None] + left @ there.T
        return with_it - float(self.weight[self.covered].sum())

    def _move(self, crew: int, to: StandBy, minutes: Minutes, drive_min: float) -> MoveUp:
        after = self._reached(np.minimum(self._others(crew), minutes))
        customers, critical = (
            int(values[after].sum()) - int(values[self.covered].sum())
            for values in (self.cells.customers, self.cells.critical)
        )
        total = max(int(self.cells.customers.sum()), 1)
        return MoveUp(
            crew_id=self.crews[crew],
            to=to,
            customers=customers,
            critical=critical,
            drive_min=drive_min,
            before=int(self.cells.customers[self.covered].sum()) / total,
            after=int(self.cells.customers[after].sum()) / total,
        )

    @cached_property
    def _two_soonest(self) -> Minutes:
        """Minutes of the soonest and of the second crew to each cell, shape (2, m)."""
        nobody = np.full((2, len(self.cells)), np.inf, np.float32)
        return np.sort(np.concatenate((self.minutes, nobody)), axis=0)[:2]

    @cached_property
    def _nearest(self) -> NDArray[np.intp]:
        """Which crew is the soonest at each cell, shape (m,)."""
        if not self.crews:
            return np.full(len(self.cells), -1)
        nearest: NDArray[np.intp] = self.minutes.argmin(axis=0)
        return nearest

    def _others(self, crew: int) -> Minutes:
        """Minutes of the soonest crew other than one, shape (m,)."""
        first, second = self._two_soonest
        others: Minutes = np.where(self._nearest == crew, second, first)
        return others

    def _reached(self, minutes: Minutes) -> Flags:
        return minutes <= self.policy.within_min


def together(shares: Iterable[Share]) -> Share:
    """Several districts as one."""
    listed = list(shares)
    return Share(
        customers=sum(each.customers for each in listed),
        near=sum(each.near for each in listed),
        far=sum(each.far for each in listed),
        over=sum(each.over for each in listed),
        nobody=sum(each.nobody for each in listed),
    )
