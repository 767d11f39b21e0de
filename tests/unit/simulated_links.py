"""A town in which some customers hang on another transformer than the record says."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from dispatch.domain.past import Darkness, LinkedCustomer, LinkHistory, ReportedLoss
from dispatch.domain.words import OutageId, UsagePointId
from dispatch.rates import Delay
from tests.unit.simulated_past import SINCE, delays


@dataclass
class Town:
    """Streets of five transformers each, 40 customers on each, outages over some years.

    Beside outages there is what misleads: single faults, reports filed under somebody else,
    transformers that were out and not written down, customers who never call and others who do
    nearly always. `metered` is the share of meters that can send a last gasp: they do in nine
    outages of ten, and once a year for nothing.
    """

    seed: int = 1
    streets: int = 24
    each: int = 40
    years: float = 5.0
    transformer_faults: float = 0.25
    street_faults: float = 0.5
    wrong: float = 0.02
    share: float = 0.1
    misfiled: float = 0.02
    unrecorded: float = 0.05
    single: float = 0.014
    metered: float = 0.0

    def __post_init__(self):
        rng = self.rng = np.random.default_rng(self.seed)
        names = [f"{s}-{t}" for s in range(self.streets) for t in range(5)]
        count = len(names)
        size = count * self.each
        self.names = names
        self.truly = np.repeat(np.arange(count), self.each)
        self.record = self.truly.copy()
        for who in np.flatnonzero(rng.random(size) < self.wrong):
            self.record[who] = int(rng.choice(self._near(int(self.truly[who]))))
        self.eager = rng.gamma(1.5, 1 / 1.5, size)  # some call much more often than others
        self.meters = np.random.default_rng(self.seed + 1_000)
        self.able = self.meters.random(size) < self.metered
        self.gasps = self._for_nothing()
        self.darkness: list[Darkness] = []
        self.reports: list[tuple[int, float]] = []
        number = 0
        for t in range(count):
            for _ in range(rng.poisson(self.transformer_faults * self.years)):
                number += 1
                self._outage(number, [t])
        for s in range(self.streets):
            for _ in range(rng.poisson(self.street_faults * self.years)):
                number += 1
                self._outage(number, list(range(5 * s, 5 * s + 5)))
        for who in np.flatnonzero(rng.random(size) < 1 - np.exp(-self.single * self.years)):
            self.reports.append((int(who), float(rng.uniform(0, self.years * 525_960))))

    def _for_nothing(self) -> list[tuple[int, float]]:
        """Last gasps without an outage, of the meters that can send any."""
        able = np.flatnonzero(self.able)
        whose = np.repeat(able, self.meters.poisson(self.years, able.size))
        when = self.meters.uniform(0, self.years * 525_960, whose.size)
        return list(zip(whose.tolist(), when.tolist(), strict=True))

    def _near(self, t: int) -> list[int]:
        """The other transformers of the street, and two of the next one."""
        street = t // 5
        following = 5 * ((street + 1) % self.streets)
        return [5 * street + n for n in range(5) if 5 * street + n != t] + [
            following,
            following + 1,
        ]

    def _outage(self, number: int, out: list[int]) -> None:
        rng = self.rng
        began = float(rng.uniform(0, self.years * 525_960))
        lasted = float(rng.uniform(45, 240))
        share = rng.beta(self.share * 12, (1 - self.share) * 12)
        homes = np.flatnonzero(np.isin(self.truly, out))
        calling = homes[rng.random(homes.size) < np.minimum(share * self.eager[homes], 0.9)]
        after = delays(rng, Delay(), calling.size)
        mine = [(int(who), began + m) for who, m in zip(calling, after, strict=True) if m < lasted]
        if not mine:
            return
        for who, at in mine:
            filed = int(rng.integers(self.truly.size)) if rng.random() < self.misfiled else who
            self.reports.append((filed, at))
        able = homes[self.able[homes]]
        gasped = able[self.meters.random(able.size) < 0.9]
        self.gasps += [(int(who), began + self.meters.exponential(0.5)) for who in gasped]
        on_record = [t for t in out if len(out) == 1 or rng.random() > self.unrecorded]
        for t in on_record:
            self.darkness.append(
                Darkness(
                    outage_id=OutageId(number),
                    transformer_id=self.names[t],
                    from_at=self._time(min(at for _, at in mine)),
                    to_at=self._time(began + lasted),
                    customers=len(on_record) * self.each,
                    callers=len(mine),
                    gasps=int(gasped.size),
                )
            )

    def _time(self, minute: float):
        return SINCE + timedelta(minutes=minute)

    @property
    def history(self) -> LinkHistory:
        calls: dict[int, int] = {}
        for who, _ in (*self.reports, *self._gasps_astray()):
            calls[who] = calls.get(who, 0) + 1
        customers = tuple(
            LinkedCustomer(
                usage_point_id=UsagePointId(who),
                account=f"A{who}",
                transformer_id=self.names[self.record[who]],
                nearby=tuple(self.names[t] for t in self._near(int(self.record[who]))),
            )
            for who in sorted(calls)
            if calls[who] > 1
        )
        return LinkHistory(
            customers=customers,
            darkness=tuple(self.darkness),
            reports=tuple(
                ReportedLoss(
                    usage_point_id=UsagePointId(who),
                    transformer_id=self.names[self.record[who]],
                    at=self._time(at),
                )
                for who, at in self.reports
            ),
            gasps=tuple(
                ReportedLoss(
                    usage_point_id=UsagePointId(who),
                    transformer_id=self.names[self.record[who]],
                    at=self._time(at),
                )
                for who, at in self.gasps
            ),
            served=dict.fromkeys(self.names, self.each),
        )

    def _gasps_astray(self) -> list[tuple[int, float]]:
        """Those from meters whose transformer on record was not out."""
        dark: dict[str, list[Darkness]] = {}
        for each in self.darkness:
            dark.setdefault(each.transformer_id, []).append(each)
        within = timedelta(minutes=15)
        return [
            (who, at)
            for who, at in self.gasps
            if not any(
                each.from_at - within <= self._time(at) <= each.to_at
                for each in dark.get(self.names[self.record[who]], ())
            )
        ]

    @property
    def wrong_ones(self) -> dict[int, str]:
        """Customers whose record is wrong, with where they truly hang."""
        return {
            int(who): self.names[self.truly[who]]
            for who in np.flatnonzero(self.truly != self.record)
        }
