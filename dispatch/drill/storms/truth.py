"""What truly breaks in an episode: faults by kind and exposed length, calm and stormy."""

from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from dispatch.drill.storms import parameters as p
from dispatch.drill.storms.ground import Floats, Ground, Ints
from gis.network.trace import Device, DeviceKind


class FaultKind(StrEnum):
    """What a call is truly about; the last two put nobody out for long."""

    LINE = "line"
    TRANSFORMER = "transformer"
    LOW_VOLTAGE = "low_voltage"
    SERVICE = "service"
    INTERNAL = "internal"
    MOMENTARY = "momentary"
    WRONG_CALL = "wrong_call"


REAL = frozenset({FaultKind.LINE, FaultKind.TRANSFORMER, FaultKind.LOW_VOLTAGE, FaultKind.SERVICE})
"""Outages that a crew has to mend."""

ISOLATED = frozenset({FaultKind.SERVICE, FaultKind.INTERNAL})
"""Faults of one home."""


RECLOSING = frozenset({DeviceKind.BREAKER, DeviceKind.RECLOSER, DeviceKind.FEEDER_HEAD})
"""Devices that guard a trunk, and try again before they stay open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The weather, and how far the world is from what is usually assumed of it.

    `gasps` is the share of customers with a meter that tells of its end. `call_rate` and `delay`
    multiply, `wrong_links` and `mislocated` are shares. `asked`: callers tell of the neighbours.
    `kinds`: how many call differs by kind of customer.
    """

    storm: bool = False
    gasps: float = 0.0
    call_rate: float = 1.0
    delay: float = 1.0
    wrong_links: float = 0.0
    mislocated: float = 0.0
    asked: bool = False
    kinds: bool = False

    @property
    def weather(self) -> str:
        """The word for it."""
        return "storm" if self.storm else "calm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault as it truly is; times in seconds from the episode's beginning.

    `device` is the preorder number of what opened, None where one home is out (or nobody): then
    `row` is the customer. `hazard` says whether it leaves something dangerous.
    """

    number: int
    kind: FaultKind
    onset_s: float
    feeder_id: str
    device: int | None = None
    row: int | None = None
    hazard: bool = False

    @property
    def is_real(self) -> bool:
        """Whether it is an outage that a crew has to mend."""
        return self.kind in REAL

    @property
    def is_isolated(self) -> bool:
        """Whether it is one home's own fault."""
        return self.kind in ISOLATED


@dataclass(frozen=True, slots=True, eq=False)
class _Exposed:
    """What may break: yearly rates of one kind, and the devices or customers concerned."""

    kind: FaultKind
    rate: Floats
    what: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Weather:
    """When things break: at any time, or about the passing of a storm's front.

    The front moves along the unit vector `along` from `start` (metres) at `speed` (metres/hour).
    """

    storm: bool
    along: Floats
    start: float
    speed: float

    def hours(self, rng: np.random.Generator, xy: Floats) -> Floats:
        """Hours of the episode at which things at these places break, shape (n,)."""
        if not self.storm:
            return rng.uniform(0.0, p.LAST_FAULT_H, len(xy))
        front = p.STORM_ENTERS_H + (xy @ self.along - self.start) / self.speed
        hours: Floats = np.clip(rng.normal(front, p.STORM_WIDTH_H), 0.0, p.LAST_FAULT_H)
        return hours


def draw_faults(rng: np.random.Generator, ground: Ground, condition: Condition) -> list[Fault]:
    """Draw an episode's faults, in the order of their times; numbers begin with 0."""
    size = len(ground.customers.accounts) / 10_000
    weather = _weather(rng, ground, storm=condition.storm)
    drawn: list[Fault] = []
    for exposed, count in _counts(rng, ground, storm=condition.storm):
        drawn += _draw(rng, ground, exposed, count, weather)
    drawn += _momentaries(rng, ground, drawn)
    everybody = np.arange(len(ground.customers.accounts), dtype=np.int64)
    wrong = _Exposed(FaultKind.WRONG_CALL, np.ones(len(everybody)), everybody)
    count = int(rng.poisson(p.WRONG_CALLS[condition.storm] * max(size, 0.3)))
    drawn += _draw(rng, ground, wrong, count, replace(weather, storm=False))
    drawn.sort(key=lambda fault: (fault.onset_s, fault.kind, fault.device or 0, fault.row or 0))
    return [replace(fault, number=number) for number, fault in enumerate(drawn)]


def expected(ground: Ground, *, storm: bool) -> tuple[float, float, float]:
    """Mean numbers of faults of devices, services and installations in an episode."""
    people = len(ground.customers.accounts)
    if storm:
        size = people / 10_000
        return (
            p.STORM_DEVICE_FAULTS * size,
            p.STORM_SERVICE_FAULTS * size,
            p.STORM_INTERNAL_FAULTS * size,
        )
    yearly = (yearly_faults(ground), p.SERVICE_FAULTS * people, p.INTERNAL_FAULTS * people)
    pressed = p.CALM_REAL_OUTAGES / (yearly[0] + yearly[1])
    return pressed * yearly[0], pressed * yearly[1], pressed * yearly[2]


def yearly_faults(ground: Ground) -> float:
    """How many faults of devices a calm year has."""
    return sum(float(exposed.rate.sum()) for exposed in _device_exposure(ground))


def momentary_share(ground: Ground) -> float:
    """How many of all openings of devices are momentary, in the mean."""
    exposed = _device_exposure(ground)
    lasting = sum(float(each.rate.sum()) for each in exposed)
    held = p.MOMENTARIES * sum(
        float(rate)
        for each in exposed
        if each.kind is FaultKind.LINE
        for rate, number in zip(each.rate, each.what.tolist(), strict=True)
        if ground.devices[number].kind in RECLOSING
    )
    return held / (lasting + held)


def _counts(rng: np.random.Generator, ground: Ground, *, storm: bool) -> list[tuple[_Exposed, int]]:
    """How many faults of which kind; kinds of devices share theirs by their yearly rates."""
    devices = _device_exposure(ground)
    people = np.zeros(0, dtype=np.int64)
    means = expected(ground, storm=storm)
    total = max(int(rng.poisson(means[0])), p.FEWEST_DEVICE_FAULTS[storm])
    weights = np.array([exposed.rate.sum() for exposed in devices])
    shares = rng.multinomial(total, weights / weights.sum())
    singles = [
        (_Exposed(kind, np.zeros(0), people), int(rng.poisson(mean)))
        for kind, mean in ((FaultKind.SERVICE, means[1]), (FaultKind.INTERNAL, means[2]))
    ]
    return [*zip(devices, shares.tolist(), strict=True), *singles]


def line_faults(device: Device) -> float:
    """Faults per year of the line between a device and the next ones below."""
    trunk = p.TRUNK_SHARE if device.kind in RECLOSING else 1.0
    return device.length_m / 1_000 * p.LINE_FAULTS_PER_KM * trunk


def _device_exposure(ground: Ground) -> list[_Exposed]:
    """Yearly rates of everything whose failure opens a device that somebody hangs on."""
    feeding = [d for d in ground.devices if d.customers]
    lines = [d for d in feeding if d.transformer_id is None and d.length_m > 0]
    own = [d for d in feeding if d.kind is DeviceKind.TRANSFORMER]
    guards: dict[str, list[int]] = defaultdict(list)
    for device in feeding:
        if device.transformer_id is not None and device.kind is not DeviceKind.TRANSFORMER:
            guards[device.transformer_id].append(device.pre)
    low = [(pre, len(g)) for d in own for g in [guards.get(d.asset_id, [d.pre])] for pre in g]
    return [
        _Exposed(
            FaultKind.LINE,
            np.array([line_faults(d) for d in lines]),
            np.array([d.pre for d in lines], dtype=np.int64),
        ),
        _Exposed(
            FaultKind.TRANSFORMER,
            np.full(len(own), p.TRANSFORMER_FAULTS),
            np.array([d.pre for d in own], dtype=np.int64),
        ),
        _Exposed(
            FaultKind.LOW_VOLTAGE,
            np.array([p.LOW_VOLTAGE_FAULTS / among for _, among in low]),
            np.array([pre for pre, _ in low], dtype=np.int64),
        ),
    ]


def _draw(
    rng: np.random.Generator, ground: Ground, exposed: _Exposed, count: int, weather: _Weather
) -> list[Fault]:
    """Draw faults of one kind; a device or customer breaks once in an episode."""
    people = ground.customers
    if exposed.kind in ISOLATED or exposed.kind is FaultKind.WRONG_CALL:
        rows = rng.choice(len(people.accounts), min(count, len(people.accounts)), replace=False)
        hours = weather.hours(rng, people.xy[rows])
        return [
            Fault(
                number=0,
                kind=exposed.kind,
                onset_s=round(hour * 3_600),
                feeder_id=ground.devices[people.device[row]].feeder_id,
                row=row,
            )
            for row, hour in zip(rows.tolist(), hours.tolist(), strict=True)
        ]
    count = min(count, int((exposed.rate > 0).sum()))
    if not count:
        return []
    chances = exposed.rate / exposed.rate.sum()
    what = exposed.what[rng.choice(len(exposed.what), count, replace=False, p=chances)]
    xy = np.array([people.xy[slice(*ground.below(d))].mean(axis=0) for d in what.tolist()])
    hours = weather.hours(rng, xy.reshape(-1, 2))
    return [
        _device_fault(rng, ground, exposed.kind, device, round(hour * 3_600))
        for device, hour in zip(what.tolist(), hours.tolist(), strict=True)
    ]


def _device_fault(
    rng: np.random.Generator, ground: Ground, kind: FaultKind, device: int, onset_s: float
) -> Fault:
    if rng.random() < p.MISCOORDINATION:
        parent_id = ground.devices[device].parent_id
        device = device if parent_id is None else ground.tracing.number_of_device[parent_id]
    return Fault(
        number=0,
        kind=kind,
        onset_s=onset_s,
        feeder_id=ground.devices[device].feeder_id,
        device=device,
        hazard=bool(rng.random() < p.HAZARD_SHARE),
    )


def _momentaries(rng: np.random.Generator, ground: Ground, drawn: list[Fault]) -> list[Fault]:
    """Reclosings that hold: as often as lasting line faults, behind breakers and reclosers."""
    return [
        Fault(
            number=0,
            kind=FaultKind.MOMENTARY,
            onset_s=round(float(rng.uniform(0, p.LAST_FAULT_H * 3_600))),
            feeder_id=fault.feeder_id,
            device=fault.device,
        )
        for fault in drawn
        if fault.kind is FaultKind.LINE
        and fault.device is not None
        and ground.devices[fault.device].kind in RECLOSING
        and rng.random() < p.MOMENTARIES
    ]


def _weather(rng: np.random.Generator, ground: Ground, *, storm: bool) -> _Weather:
    bearing = float(rng.uniform(0.0, 2 * np.pi))
    along = np.array([np.sin(bearing), np.cos(bearing)])
    reach = ground.customers.xy @ along
    speed = max(p.STORM_SPEED_KMH * 1_000, float(np.ptp(reach)) / p.STORM_SLOWEST_H)
    return _Weather(storm, along, float(reach.min()), speed)
