"""What meters tell of their supply, with losses; only some customers have one that does."""

from dataclasses import dataclass

import numpy as np

from dispatch.domain.facts import MeterSignalKind
from dispatch.drill.storms import parameters as p
from dispatch.drill.storms.ground import Ints

Told = list[tuple[float, int, MeterSignalKind]]
"""Second of the episode, row of the customer, what its meter says."""


@dataclass(frozen=True, slots=True, eq=False)
class Meters:
    """The meters of an episode; `talks` says of each customer whether theirs tells."""

    talks: "np.typing.NDArray[np.bool_]"

    def gasps(self, rng: np.random.Generator, rows: Ints, at_s: float) -> Told:
        """Last gasps of customers who went dark at `at_s`."""
        return self._told(
            rng, rows, at_s, (p.GASP_HEARD, p.GASP_WITHIN_S, MeterSignalKind.LAST_GASP)
        )

    def power_ups(self, rng: np.random.Generator, rows: Ints, at_s: float) -> Told:
        """Power-up signals of customers who have light again since `at_s`."""
        return self._told(
            rng, rows, at_s, (p.POWER_UP_HEARD, p.POWER_UP_WITHIN_S, MeterSignalKind.POWER_UP)
        )

    def mistakes(self, rng: np.random.Generator, hours: float) -> Told:
        """False last gasps of an episode, each followed by a power-up."""
        rows = np.flatnonzero(self.talks)
        count = int(rng.poisson(len(rows) * p.FALSE_GASPS_PER_YEAR * hours / p.HOURS_PER_YEAR))
        told: Told = []
        for row in rng.choice(rows, count).tolist() if count else ():
            at_s = float(rng.uniform(0.0, hours * 3_600))
            told += [
                (at_s, row, MeterSignalKind.LAST_GASP),
                (at_s + 600.0, row, MeterSignalKind.POWER_UP),
            ]
        return told

    def _told(
        self,
        rng: np.random.Generator,
        rows: Ints,
        at_s: float,
        how: tuple[float, float, MeterSignalKind],
    ) -> Told:
        heard, within_s, kind = how
        rows = rows[self.talks[rows]]
        rows = rows[rng.random(len(rows)) < heard]
        seconds = at_s + rng.uniform(0.0, within_s, len(rows))
        return [(float(s), int(r), kind) for s, r in zip(seconds, rows, strict=True)]


def meters_of(rng: np.random.Generator, customers: int, share: float) -> Meters:
    """Give a share of the customers a meter that tells."""
    return Meters(rng.random(customers) < share)
