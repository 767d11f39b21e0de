"""Years of closed outages made up from known rates, as a record would keep them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from dispatch.domain.past import Past, PastOutage, PastPart, PlacedDevice
from dispatch.domain.words import DistrictId, OutageId
from dispatch.rates import Delay

SINCE = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass
class Truth:
    """What the world is really like."""

    share: float = 0.1
    concentration: float = 12.0
    delay: Delay = field(default_factory=Delay)
    per_km: float = 0.1
    fuse: float = 0.02
    transformer: float = 0.06
    single: float = 0.004
    false: float = 0.01


def delays(rng: np.random.Generator, delay: Delay, size: int) -> np.ndarray:
    quick = rng.gamma(delay.shape, delay.scale_min, size)
    late = rng.exponential(delay.late_min, size)
    return np.where(rng.random(size) < delay.soon, quick, late)


@dataclass
class World:
    """Districts of fuses with transformers below; `watched` is the share of fuses under SCADA."""

    seed: int = 1
    years: float = 3.0
    fuses: int = 60
    below: int = 5
    customers: int = 30
    watched: float = 0.3

    def __post_init__(self):
        self.rng = np.random.default_rng(self.seed)
        self.devices: list[PlacedDevice] = []
        self.outages: list[PastOutage] = []
        self.homes: dict[DistrictId, int] = {}
        self.happened = 0
        self.until = SINCE + timedelta(days=365.25 * self.years)

    def add_district(self, name: str, truth: Truth, fuses: int | None = None) -> "World":
        district = DistrictId(name)
        for n in range(self.fuses if fuses is None else fuses):
            self._lateral(district, truth, f"{name}-{n}")
        count = self.homes.get(district, 0)
        for rate, restored in ((truth.single, True), (truth.false, False)):
            for _ in range(self.rng.poisson(rate * count * self.years)):
                at = self._moment()
                self._add(
                    kind="service",
                    district_id=district,
                    opened_at=at,
                    restored_at=at + timedelta(hours=2) if restored else None,
                )
        return self

    def _lateral(self, district: DistrictId, truth: Truth, name: str) -> None:
        km = float(self.rng.uniform(0.1, 3.0))
        customers = self.below * self.customers
        watched = bool(self.rng.random() < self.watched)
        fuse = PlacedDevice(
            id=name, kind="fuse", district_id=district, km=km, customers=customers, watched=watched
        )
        own = [
            PlacedDevice(
                id=f"{name}-{n}",
                kind="transformer",
                district_id=district,
                parent_id=name,
                customers=int(self.rng.integers(2, 2 * self.customers)),
            )
            for n in range(self.below)
        ]
        customers = sum(t.customers for t in own)
        self.devices += [fuse, *own]
        self.homes[district] = self.homes.get(district, 0) + customers
        up = 0.05 * len(own) * truth.transformer
        self._faults(fuse, truth, truth.fuse + truth.per_km * km + up)
        for transformer in own:
            self._faults(transformer, truth, truth.transformer)

    def _faults(self, device: PlacedDevice, truth: Truth, rate: float) -> None:
        for _ in range(self.rng.poisson(rate * self.years)):
            self.outage(device, truth, self._moment())

    def outage(self, device: PlacedDevice, truth: Truth, began: datetime) -> None:
        """It breaks; a record is left if anybody calls before it is over, or it tells itself."""
        self.happened += 1
        c = truth.concentration
        share = self.rng.beta(truth.share * c, (1 - truth.share) * c)
        callers = int(self.rng.binomial(device.customers, share))
        called = np.sort(delays(self.rng, truth.delay, callers))
        heard = 0.0 if device.watched else called[0] if callers else 0.0
        lasted = heard + float(self.rng.uniform(40, 200))
        cut = self.rng.random() < 0.4
        first = device.customers // 2 if cut else device.customers
        in_first = self.rng.random(callers) < first / device.customers
        parts = []
        for size, mine, lit in (
            (first, called[in_first], lasted),
            (device.customers - first, called[~in_first], lasted * 1.5),
        ):
            if size:
                heard_of = tuple(began + timedelta(minutes=m) for m in mine if m < lit)
                lit_at = began + timedelta(minutes=lit)
                parts.append(PastPart(customers=size, lit_at=lit_at, called_at=heard_of))
        if device.watched or any(part.called_at for part in parts):
            self._add(
                kind=device.kind,
                device_id=device.id,
                district_id=device.district_id,
                opened_at=began + timedelta(minutes=heard),
                began_at=began if device.watched else None,
                restored_at=max(part.lit_at for part in parts),
                confirmed=True,
                parts=tuple(parts),
            )

    def _moment(self) -> datetime:
        return SINCE + timedelta(days=float(self.rng.uniform(0, 365.25 * self.years)))

    def _add(self, **facts: object) -> None:
        self.outages.append(PastOutage(id=OutageId(len(self.outages) + 1), **facts))

    @property
    def past(self) -> Past:
        return Past(
            since=SINCE,
            until=self.until,
            outages=tuple(self.outages),
            devices=tuple(self.devices),
            customers=self.homes,
        )
