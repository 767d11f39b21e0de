"""Homes along the streets: where every customer lives, and how the address is written."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from dispatch.drill.county import parameters as p
from dispatch.drill.county.frame import Bools, Floats, Ints, rank_within, stream
from dispatch.drill.county.places import Place
from dispatch.drill.county.roads import Roads
from dispatch.drill.county.sites import Sites

LOT_M = 13.0
BUILDING_ROOMS = 2  # flats on each landing


@dataclass(frozen=True, slots=True, eq=False)
class Lots:
    """Building plots on both sides of the settlements' streets, numbered along each street."""

    xy: Floats
    outward: Floats
    place: Ints
    street: Ints
    number: Ints
    streets: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Premises:
    """One row per customer, in the order of their transformers.

    `building` counts from 1 in a compound and is 0 elsewhere; `street` indexes `streets`.
    """

    transformer: Ints
    xy: Floats
    building: Ints
    unit: Ints
    street: Ints
    number: Ints
    address: tuple[str, ...]
    streets: tuple[str, ...]


def make_lots(roads: Roads) -> Lots:
    """Cut plots along every way that serves a settlement; numbers are odd on the left side."""
    begun: dict[tuple[int, str], float] = {}
    names: dict[str, int] = {"": 0}
    parts = []
    for way in roads.ways:
        if way.place < 0:
            continue
        line = roads.xy[list(way.nodes)]
        at = np.r_[0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
        along = np.arange(LOT_M / 2, at[-1], LOT_M)
        key = (way.place, way.name)
        first = begun.get(key, 0.0)
        begun[key] = first + np.ceil(at[-1] / LOT_M) * LOT_M
        here = np.column_stack([np.interp(along, at, line[:, 0]), np.interp(along, at, line[:, 1])])
        piece = np.clip(np.searchsorted(at, along) - 1, 0, len(line) - 2)
        step = line[piece + 1] - line[piece]
        left = np.column_stack([-step[:, 1], step[:, 0]]) / np.hypot(*step.T).reshape(-1, 1)
        number = 2 * np.floor((first + along) / LOT_M).astype(np.int64)
        street = names.setdefault(way.name, len(names))
        for side, extra in ((1.0, 1), (-1.0, 2)):
            label = np.tile([way.place, street], (len(along), 1))
            plot = (here + side * 11 * left, side * left, label, number + extra)
            parts.append(np.column_stack(plot))
    table = np.vstack(parts)
    whole = table[:, 4:].astype(np.int64)
    return Lots(table[:, :2], table[:, 2:4], whole[:, 0], whole[:, 1], whole[:, 2], tuple(names))


def make_premises(seed: int, sites: Sites, places: list[Place], roads: Roads) -> Premises:
    """House every customer near the transformer that supplies it."""
    rng = stream(seed, "premises")
    lots = make_lots(roads)
    transformer = np.repeat(np.arange(len(sites.customers)), sites.customers)
    within = rank_within(transformer)
    size = _building_sizes(rng, len(sites.customers))
    rooms = size.prod(axis=1)[transformer] * BUILDING_ROOMS
    compound = sites.compound[transformer]
    building = np.where(compound, within // rooms + 1, 0)
    lot, row = _lots_of(sites, lots, transformer, (within, building))
    in_building = within % rooms
    per_unit = size[transformer, 1] * BUILDING_ROOMS
    unit = np.where(compound, in_building // per_unit + 1, 0)
    deep = np.where(compound, 18 + 9.0 * (building % 3), 17.0 * row)
    aside = np.column_stack([lots.outward[lot][:, 1], -lots.outward[lot][:, 0]])
    shift = np.where(compound, (unit - 1) * 11.0, 0.0)
    xy = lots.xy[lot] + lots.outward[lot] * deep[:, None] + aside * shift[:, None]
    xy += np.where(compound[:, None], 0.0, rng.normal(0, 1.2, xy.shape))
    floor = in_building % per_unit // BUILDING_ROOMS + 1
    room = floor * 100 + in_building % BUILDING_ROOMS + 1
    special = transformer >= sites.public
    table = (transformer, lot, building, unit, room, within)
    address = _addresses(sites, lots, places, table, special)
    return Premises(
        transformer=transformer,
        xy=np.where(special[:, None], sites.xy[transformer], xy).round(2),
        building=building,
        unit=unit,
        street=lots.street[lot],
        number=lots.number[lot],
        address=tuple(address),
        streets=lots.streets,
    )


def _building_sizes(rng: np.random.Generator, count: int) -> Ints:
    """Units and floors of the buildings in each compound."""
    return np.column_stack([rng.integers(1, 4, count), rng.choice([5, 6, 6, 7, 11], count)])


def _lots_of(
    sites: Sites, lots: Lots, transformer: Ints, order: tuple[Ints, Ints]
) -> tuple[Ints, Ints]:
    """Each customer's plot, and the row behind the street in which the house stands."""
    within, building = order
    near, first, count = _lots_by_transformer(sites, lots)
    houses = np.minimum(count, sites.customers)[transformer]
    # A compound's buildings stand apart: every third plot of those near by, then those between.
    step, all_ = (building - 1) * 3, count[transformer]
    plot = np.where(building > 0, (step + step // all_) % all_, within % houses)
    return near[first[transformer] + plot], np.where(building > 0, 0, within // houses)


def _lots_by_transformer(sites: Sites, lots: Lots) -> tuple[Ints, Ints, Ints]:
    """Plots sorted by transformer and distance; where each one's begin, and how many there are."""
    orders: list[Ints] = []
    firsts = np.zeros(len(sites.place), dtype=np.int64)
    counts_of = np.zeros(len(sites.place), dtype=np.int64)
    done = 0
    for home in np.unique(sites.place):
        mine = np.flatnonzero(sites.place == home)
        here = np.flatnonzero(lots.place == home)
        near = KDTree(sites.xy[mine]).query(lots.xy[here])
        gap, owner = np.asarray(near[0]), np.asarray(near[1])
        for k, t in enumerate(mine):
            own = np.flatnonzero(owner == k)
            if not len(own):  # a twin of another transformer: it shares the nearest plots
                own = np.argsort(np.hypot(*(lots.xy[here] - sites.xy[t]).T), kind="stable")[:12]
            own = own[np.argsort(gap[own], kind="stable")]
            orders.append(here[own])
            firsts[t], counts_of[t] = done, len(own)
            done += len(own)
    return np.concatenate(orders), firsts, counts_of


def _addresses(
    sites: Sites,
    lots: Lots,
    places: list[Place],
    table: tuple[Ints, Ints, Ints, Ints, Ints, Ints],
    special: Bools,
) -> list[str]:
    """Write every address in full, each different from all others."""
    transformer, lot, building, _, _, _ = table
    place = sites.place[transformer]
    rural = np.array([q.kind in ("village", "hamlet") for q in places])[place]
    head = [_head(q, places) for q in places]
    group = rank_within(sites.place)
    door = (place * len(lots.streets) + lots.street[lot]) * 100_000 + lots.number[lot]
    again = rank_within(np.where(building > 0, -1 - np.arange(len(door)), door))
    estates = [name.rpartition("号公变")[0].rstrip("0123456789") for name in sites.name]
    first_lot = np.flatnonzero(np.r_[True, np.diff(transformer) > 0])
    gate = lot[first_lot]  # the plot that gives the compound its number
    out: list[str] = []
    rows = zip(*(column.tolist() for column in (*table, place, again)), strict=True)
    for t, l_, b, u, r, k, home, nth in rows:
        if special[len(out)]:
            tail = f"{lots.streets[lots.street[l_]]}{lots.number[l_]}号{sites.owner[t]}"
        elif b:
            l_ = gate[t]  # noqa: PLW2901
            street = f"{lots.streets[lots.street[l_]]}{lots.number[l_]}号"
            tail = f"{street}{estates[t]}{b}栋{u}单元{r}室"
        elif rural[len(out)]:
            tail = f"{group[t] + 1}组{k + 1}号"
        else:
            street = f"{lots.streets[lots.street[l_]]}{lots.number[l_]}号"
            tail = street if not nth else f"{street}{nth}01室"
        out.append(head[home] + tail)
    return out


def _head(place: Place, places: list[Place]) -> str:
    town = f"{p.CITY}{p.COUNTY}{places[place.town].name}"
    return town if place.kind in ("seat", "town") else town + place.name
