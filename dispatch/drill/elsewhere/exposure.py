"""What may break on a network, how often and where, and the faults that are drawn from it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import shapely
from shapely import Point

from dispatch.drill.county import parameters as p
from dispatch.drill.county.faults import (
    CAUSES,
    HAZARDS,
    Exposed,
    Fault,
    FaultKind,
    Supply,
)
from dispatch.drill.county.frame import Bools, Floats, Ints
from dispatch.drill.elsewhere import parameters as here
from gis.crs import LocalMetric, local_metric
from gis.errors import EmptyInput
from gis.network.model import Level, Network
from gis.network.trace import Device, DeviceKind, trace

LEAVES_SOMETHING_DANGEROUS = frozenset({"mv_line", "lv_line", "transformer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The simulated hours; `begins` is aware."""

    begins: datetime
    hours: float
    storm: bool


@dataclass(frozen=True, slots=True, eq=False)
class Land:
    """A network made ready to break: who hangs where, and where everybody lives.

    `homes` are metres in `plane`, shape (n, 2), one row per usage point of the network;
    `connected` are the rows of those who have something to lose.
    """

    network: Network
    supply: Supply
    plane: LocalMetric
    homes: Floats
    connected: Ints


def land_of(network: Network) -> Land:
    """Trace the network and place its customers.

    Raises
    ------
    EmptyInput
        The network has no customer who is connected, or nothing in it has a position.
    """
    name = network.name or "the network"
    connected = [i for i, u in enumerate(network.usage_points) if u.disconnected_for is None]
    if not connected:
        raise EmptyInput(name, "customers who are not disconnected; load or name them too")
    degrees = _homes(network)
    known = np.isfinite(degrees[:, 0])
    if not known.any():
        raise EmptyInput(name, "customers, or their transformers, with positions")
    middle = degrees[known].mean(axis=0)
    plane = local_metric(*middle.tolist())
    homes = np.column_stack(plane.xy(*np.where(known[:, None], degrees, middle).T))
    return Land(network, _supply(network, connected), plane, homes, np.array(connected))


def faults_on(rng: np.random.Generator, land: Land, window: Window, count: int) -> list[Fault]:
    """Draw `count` faults in the order in which they happen, `X0001` first.

    What breaks follows the yearly rates of `parameters`, calm and, with a storm, at its peak;
    storm faults follow the front across the land. All times lie inside the window. A device breaks
    twice, and a customer, only where there is nothing else to break.
    """
    everything = list(_exposed(land))
    sizes = [len(exposed.rate) for exposed in everything]
    kind = np.repeat(np.arange(len(sizes)), sizes)
    item = np.concatenate([np.arange(size) for size in sizes])
    rate = np.concatenate([exposed.rate for exposed in everything])
    width = _width(window)
    peak = np.array([exposed.storm_peak for exposed in everything])[kind]
    blown = rate * peak * width * np.sqrt(2 * np.pi) if window.storm else np.zeros(len(rate))
    weights = np.concatenate([rate * window.hours, blown])
    if not count or not weights.sum():
        return []
    draws = rng.choice(len(weights), count * here.DRAWS_PER_FAULT, p=weights / weights.sum())
    at = [(everything[kind[i]], int(item[i])) for i in (draws % len(rate)).tolist()]
    broken = [exposed.device[k] or f"customer {k}" for exposed, k in at]
    picked = _different_first(draws, broken)[:count]
    stormy, which = picked >= len(rate), picked % len(rate)
    xy = np.concatenate([exposed.xy for exposed in everything])
    hours = _hours(rng, _front(land, window, xy[which]), stormy, window)
    faults = []
    for number, k in enumerate(np.argsort(hours, kind="stable").tolist(), start=1):
        what = (f"X{number:04d}", everything[kind[which[k]]], int(item[which[k]]))
        when = window.begins + timedelta(seconds=round(float(hours[k]) * 3_600))
        faults.append(_fault(rng, land, what, when, stormy=bool(stormy[k])))
    return faults


def _supply(network: Network, connected: Sequence[int]) -> Supply:
    """Order the connected customers by device; those whom no feeder reaches are left out."""
    tracing = trace(network)
    device_of = tracing.device_of_account
    reached = [i for i in connected if network.usage_points[i].account in device_of]
    at = np.array(
        [tracing.number_of_device[device_of[network.usage_points[i].account]] for i in reached],
        dtype=np.int64,
    )
    order = np.argsort(at, kind="stable")
    return Supply(tracing, np.array(reached, dtype=np.int64)[order], at[order])


def _homes(network: Network) -> Floats:
    """Lon and lat of every customer or of its transformer, shape (n, 2); NaN for neither."""
    transformer = {t.id: t.point for t in network.transformers}
    places: list[Point | None] = [
        u.point if u.point is not None else transformer.get(u.transformer_id or "")
        for u in network.usage_points
    ]
    return np.array([(np.nan, np.nan) if q is None else (q.x, q.y) for q in places]).reshape(-1, 2)


def _exposed(land: Land) -> Iterator[Exposed]:
    """Everything whose failure puts somebody out, by kind."""
    tracing = land.supply.tracing
    feeding = {device.id: device for device in tracing.devices if device.customers}
    spot = {id_: _spot(land, device) for id_, device in feeding.items()}
    yield _lines(land, feeding, spot)
    own = [device for device in feeding.values() if device.kind is DeviceKind.TRANSFORMER]
    yield _at_devices("transformer", own, [p.TRANSFORMER_FAULTS] * len(own), spot)
    guards: dict[str, list[Device]] = defaultdict(list)
    for device in feeding.values():
        if device.transformer_id is not None and device.kind is not DeviceKind.TRANSFORMER:
            guards[device.transformer_id].append(device)
    for device in own:  # a low voltage without fuses of its own takes the transformer's with it
        guards.setdefault(device.asset_id, [device])
    low = [(device, len(group)) for group in guards.values() for device in group]
    rates = [p.LV_FAULTS_PER_TRANSFORMER / among for _, among in low]
    yield _at_devices("lv_line", [device for device, _ in low], rates, spot)
    singly: tuple[tuple[FaultKind, float, float], ...] = (
        ("service", p.SERVICE_FAULTS_PER_CUSTOMER, p.STORM_PEAK_SERVICE),
        ("internal", p.INTERNAL_FAULTS_PER_CUSTOMER, p.STORM_PEAK_INTERNAL),
    )
    rate = np.zeros(len(land.homes))
    rate[land.connected] = 1.0
    for kind, yearly, peak in singly:
        yield Exposed(kind, rate * yearly, land.homes, [None] * len(rate), peak)


def _lines(land: Land, feeding: Mapping[str, Device], spot: Mapping[str, Floats]) -> Exposed:
    """The medium-voltage sections, each by its length, with the device that clears its faults."""
    device_of = land.supply.tracing.device_of_section
    lines = [
        (section, device_of[section.id])
        for section in land.network.sections
        if section.level is Level.MV and device_of.get(section.id) in feeding
    ]
    xy = np.array([spot[device_id] for _, device_id in lines]).reshape(-1, 2)
    drawn = [i for i, (section, _) in enumerate(lines) if section.line is not None]
    middles = shapely.line_interpolate_point(
        [lines[i][0].line for i in drawn], 0.5, normalized=True
    )
    xy[drawn] = np.column_stack(land.plane.xy(shapely.get_x(middles), shapely.get_y(middles)))
    km = np.array([section.length_m for section, _ in lines]) / 1_000
    return Exposed("mv_line", km * p.MV_FAULTS_PER_KM, xy, [d for _, d in lines], p.STORM_PEAK)


def _at_devices(
    kind: FaultKind, devices: Sequence[Device], rates: Sequence[float], spot: Mapping[str, Floats]
) -> Exposed:
    xy = np.array([spot[device.id] for device in devices]).reshape(-1, 2)
    ids = [device.id for device in devices]
    return Exposed(kind, np.array(rates, dtype=np.float64), xy, ids, p.STORM_PEAK)


def _spot(land: Land, device: Device) -> Floats:
    """Where the device stands, or else the middle of those whom it supplies; metres."""
    if device.point is not None:
        return np.array(land.plane.xy(device.point.x, device.point.y))
    middle: Floats = land.homes[land.supply.below(device.id)].mean(axis=0)
    return middle


def _different_first(draws: Ints, broken: Sequence[str]) -> Ints:
    """Put the draws that break something else before those that break the same thing again."""
    first: dict[str, int] = {}
    for at, name in enumerate(broken):
        first.setdefault(name, at)
    rest = np.setdiff1d(np.arange(len(draws)), list(first.values()))
    ordered: Ints = draws[[*first.values(), *rest.tolist()]]
    return ordered


def _width(window: Window) -> float:
    return min(p.STORM_WIDTH_H, here.STORM_WIDTH_SHARE * window.hours)


def _front(land: Land, window: Window, xy: Floats) -> Floats:
    """Hour of the window at which the middle of the front crosses each point, shape (n,)."""
    bearing = np.radians(p.STORM_BEARING_DEG)
    along = np.array([np.sin(bearing), np.cos(bearing)])
    start = float((land.homes @ along).min())
    hours = here.FRONT_ENTERS * window.hours + (xy @ along - start) / 1_000 / p.STORM_SPEED_KMH
    crossing: Floats = np.clip(hours, 0.0, here.FRONT_LEAVES * window.hours)
    return crossing


def _hours(rng: np.random.Generator, front: Floats, stormy: Bools, window: Window) -> Floats:
    blown = rng.normal(front, _width(window))
    hours = np.where(stormy, blown, rng.uniform(0, window.hours, len(front)))
    inside: Floats = np.clip(hours, 0.0, window.hours)
    return inside


def _fault(
    rng: np.random.Generator,
    land: Land,
    what: tuple[str, Exposed, int],
    at: datetime,
    *,
    stormy: bool,
) -> Fault:
    id_, exposed, which = what
    device_id = exposed.device[which]
    if device_id is not None and rng.random() < p.MISCOORDINATION:
        device_id = land.supply.tracing.device(device_id).parent_id or device_id
    median, sigma = p.REPAIR_MIN[exposed.kind]
    repair = float(median * np.exp(rng.normal(0, sigma)))
    queue = float(rng.uniform(*(p.QUEUE_STORM_MIN if stormy else p.QUEUE_CALM_MIN)))
    rows = np.array([which]) if device_id is None else land.supply.below(device_id)
    hazard = exposed.kind in LEAVES_SOMETHING_DANGEROUS and rng.random() < p.HAZARD_SHARE
    lon, lat = land.plane.lon_lat(*exposed.xy[which])
    return Fault(
        id=id_,
        kind=exposed.kind,
        cause=str(rng.choice(CAUSES[exposed.kind])),
        at=at,
        repair_s=round(repair * 60),
        clears_at=at + timedelta(minutes=round(queue + p.DRIVE_MIN + repair)),
        device_id=device_id,
        account=land.network.usage_points[which].account if device_id is None else None,
        customers=len(rows),
        transformers=_transformers(land, device_id, rows),
        hazard=str(rng.choice(HAZARDS)) if hazard else None,
        stormy=stormy,
        lon=round(float(lon), 7),
        lat=round(float(lat), 7),
    )


def _transformers(land: Land, device_id: str | None, rows: Ints) -> tuple[str, ...]:
    """The transformers out, or that of the one customer who is."""
    tracing = land.supply.tracing
    accounts = [land.network.usage_points[row].account for row in rows.tolist()]
    of = tracing.transformer_of_account
    found = {of[account] for account in accounts if account in of}
    if device_id is not None:
        below = tracing.below(device_id)
        found |= {device.transformer_id for device in below if device.transformer_id is not None}
    return tuple(sorted(found))
