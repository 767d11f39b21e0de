"""What breaks on the simulated day: ground truth, which nobody in the control room sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import shapely

from dispatch.drill.county import parameters as p
from dispatch.drill.county.county import County
from dispatch.drill.county.frame import Bools, Floats, Ints, lonlat, metres, stream
from gis.areas import AreaClass
from gis.network.model import Level
from gis.network.trace import DeviceKind, Tracing, trace

FaultKind = Literal["mv_line", "transformer", "lv_line", "service", "internal"]
KINDS: tuple[FaultKind, ...] = ("mv_line", "transformer", "lv_line", "service", "internal")
CAUSES = {
    "mv_line": ("树木倒压导线", "雷击断线", "异物搭挂", "绝缘子击穿", "大风倒杆"),
    "transformer": ("高压熔丝熔断", "雷击配变", "配变过载"),
    "lv_line": ("低压导线断线", "低压熔丝熔断", "树枝压线"),
    "service": ("接户线断", "表箱烧损", "表后线松脱"),
    "internal": ("户内漏保跳闸", "户内线路短路", "电器短路"),
}
HOURS_PER_YEAR = 8_760
HAZARDS = ("wire_down", "wire_down", "wire_down", "fire", "smoke")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault as it truly is. EPSG:4326; times aware.

    `device_id` is the device that opened, as a tracing of the network names it, and None where a
    single customer is out. `clears_at` is when the simulator lets the light come back for the sake
    of who calls; the real end is arrival plus `repair_s`.
    """

    id: str
    kind: FaultKind
    cause: str
    at: datetime
    repair_s: int
    clears_at: datetime
    device_id: str | None
    account: str | None
    customers: int
    transformers: tuple[str, ...]
    hazard: str | None
    stormy: bool
    lon: float
    lat: float


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """The customers in the order of their devices, so that what a device supplies is a slice."""

    tracing: Tracing
    rows: Ints
    devices: Ints

    def below(self, device_id: str) -> Ints:
        """Rows of the customers at or below a device."""
        device = self.tracing.device(device_id)
        first, last = np.searchsorted(self.devices, [device.pre, device.post])
        return self.rows[first:last]


@dataclass(frozen=True, slots=True, eq=False)
class Exposed:
    """Everything of one kind that may break: yearly rate, place, and the device above it."""

    kind: FaultKind
    rate: Floats
    xy: Floats
    device: Sequence[str | None]
    storm_peak: float


def supply_of(county: County) -> Supply:
    """Trace the network; customers who are disconnected can lose nothing and are left out."""
    tracing = trace(county.network)
    connected = [i for i, u in enumerate(county.network.usage_points) if not u.disconnected_for]
    at = np.array(
        [
            tracing.number_of_device[
                tracing.device_of_account[county.network.usage_points[i].account]
            ]
            for i in connected
        ]
    )
    order = np.argsort(at, kind="stable")
    return Supply(tracing, np.array(connected)[order], at[order])


def make_faults(county: County, seed: int, supply: Supply, *, storm: bool) -> list[Fault]:
    """Draw the day's faults, in the order in which they happen."""
    rng = stream(seed, "faults")
    drawn: list[tuple[float, int, int, bool]] = []
    everything = _exposed(county, supply)
    for k, exposed in enumerate(everything):
        hours, which, stormy = _times(rng, county, exposed, storm=storm)
        drawn += [
            (float(h), k, int(w), bool(s)) for h, w, s in zip(hours, which, stormy, strict=True)
        ]
    faults = []
    for number, (hour, k, broken, by_storm) in enumerate(sorted(drawn), start=1):
        what = (f"X{number:04d}", everything[k], broken)
        faults.append(_fault(rng, county, supply, what, (hour, by_storm)))
    return faults


def front_hours(county: County, xy: Floats) -> Floats:
    """Local hour at which the middle of the storm front crosses each point, shape (n, 2)."""
    bearing = np.radians(p.STORM_BEARING_DEG)
    along = np.array([np.sin(bearing), np.cos(bearing)])
    start = (np.array(county.terrain.border.exterior.coords) @ along).min()
    hours: Floats = p.STORM_ENTERS_H + (xy @ along - start) / 1_000 / p.STORM_SPEED_KMH
    return hours


def _exposed(county: County, supply: Supply) -> list[Exposed]:
    tracing, network, homes = supply.tracing, county.network, county.premises.xy
    lines = [
        s for s in network.sections if s.level is Level.MV and s.id in tracing.device_of_section
    ]
    middle = metres(shapely.get_coordinates([s.line.centroid for s in lines if s.line is not None]))
    urban = next(a.polygon for a in county.areas if a.area_class is AreaClass.URBAN)
    cable: Bools = shapely.contains_xy(urban, lonlat(middle))
    km = np.array([s.length_m for s in lines]) / 1_000
    fuses = [
        d
        for d in tracing.devices
        if d.transformer_id is not None and d.kind is not DeviceKind.TRANSFORMER
    ]
    circuits = np.bincount([int(d.transformer_id[1:]) for d in fuses if d.transformer_id])
    per = np.array([circuits[int(d.transformer_id[1:])] for d in fuses if d.transformer_id])
    spots = metres(np.array([[d.point.x, d.point.y] for d in fuses if d.point is not None]))
    connected = np.zeros(len(homes))
    connected[supply.rows] = 1.0
    return [
        Exposed(
            "mv_line",
            km * np.where(cable, p.MV_FAULTS_PER_KM_URBAN, p.MV_FAULTS_PER_KM),
            middle,
            [tracing.device_of_section[s.id] for s in lines],
            p.STORM_PEAK,
        ),
        Exposed(
            "transformer",
            np.full(len(network.transformers), p.TRANSFORMER_FAULTS),
            county.sites.xy,
            [tracing.device_of_transformer[t.id] for t in network.transformers],
            p.STORM_PEAK,
        ),
        Exposed(
            "lv_line",
            p.LV_FAULTS_PER_TRANSFORMER / per,
            spots,
            [d.id for d in fuses],
            p.STORM_PEAK,
        ),
        Exposed(
            "service",
            connected * p.SERVICE_FAULTS_PER_CUSTOMER,
            homes,
            [None] * len(homes),
            p.STORM_PEAK_SERVICE,
        ),
        Exposed(
            "internal",
            connected * p.INTERNAL_FAULTS_PER_CUSTOMER,
            homes,
            [None] * len(homes),
            p.STORM_PEAK_INTERNAL,
        ),
    ]


def _times(
    rng: np.random.Generator, county: County, exposed: Exposed, *, storm: bool
) -> tuple[Floats, Ints, Bools]:
    """Local hours of the faults, what broke, and whether the storm did it."""
    hourly = exposed.rate / HOURS_PER_YEAR
    index = np.arange(len(hourly))
    calm = np.repeat(index, rng.poisson(hourly * 24))
    hours = rng.uniform(0, 24, len(calm))
    blown = np.zeros(0, dtype=np.int64)
    if storm:
        burst = hourly * exposed.storm_peak * p.STORM_WIDTH_H * np.sqrt(2 * np.pi)
        blown = np.repeat(index, rng.poisson(burst))
    middle = front_hours(county, exposed.xy[blown])
    hours = np.r_[hours, rng.normal(middle, p.STORM_WIDTH_H)]
    stormy = np.arange(len(hours)) >= len(calm)
    today = (hours >= 0) & (hours < 24)  # noqa: PLR2004 - hours of a day
    return hours[today], np.r_[calm, blown][today], stormy[today]


def _fault(
    rng: np.random.Generator,
    county: County,
    supply: Supply,
    what: tuple[str, Exposed, int],
    when: tuple[float, bool],
) -> Fault:
    id_, exposed, which = what
    hour, stormy = when
    device_id = exposed.device[which]
    if device_id is not None and rng.random() < p.MISCOORDINATION:
        device_id = supply.tracing.device(device_id).parent_id or device_id
    median, sigma = p.REPAIR_MIN[exposed.kind]
    repair = float(median * np.exp(rng.normal(0, sigma)))
    queue = rng.uniform(*(p.QUEUE_STORM_MIN if stormy else p.QUEUE_CALM_MIN))
    at = (p.DAY + timedelta(hours=hour)).replace(microsecond=0)
    rows = supply.below(device_id) if device_id is not None else np.array([which])
    dangerous = exposed.kind in ("mv_line", "lv_line", "transformer")
    hazard = dangerous and rng.random() < p.HAZARD_SHARE
    ids = np.unique(county.premises.transformer[rows])
    lon, lat = lonlat(exposed.xy[which][None])[0].tolist()
    return Fault(
        id=id_,
        kind=exposed.kind,
        cause=str(rng.choice(CAUSES[exposed.kind])),
        at=at,
        repair_s=round(repair * 60),
        clears_at=at + timedelta(minutes=round(queue + p.DRIVE_MIN + repair)),
        device_id=device_id,
        account=county.network.usage_points[which].account if device_id is None else None,
        customers=len(rows),
        transformers=tuple(county.network.transformers[t].id for t in ids.tolist()),
        hazard=str(rng.choice(HAZARDS)) if hazard else None,
        stormy=stormy,
        lon=lon,
        lat=lat,
    )
