"""What a version of the rates would change against those in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dispatch.domain.words import DistrictId
from dispatch.learning.learn import value_in
from dispatch.rates import Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One number of a version beside the one in force; `before` None: nothing is in force for it.

    `low` and `high` hold it nine times in ten, `events` is what it rests on. `district_id` None
    is the company.
    """

    what: str
    district_id: DistrictId | None
    before: float | None
    value: float
    low: float
    high: float
    events: float

    @property
    def ratio(self) -> float | None:
        """The new number over the old one."""
        return self.value / self.before if self.before else None

    @property
    def clear(self) -> bool:
        """Whether the old number lies outside the interval: the record says otherwise."""
        return self.before is not None and not self.low <= self.before <= self.high


def changes(
    estimates: Sequence[Mapping[str, Any]], in_force: Mapping[DistrictId | None, Rates]
) -> list[Change]:
    """Compare the estimates that a version keeps with the rates in force, company first.

    Districts that had no events of their own are left out: they are the company's. `in_force` has
    the company's rates under None, and those of districts that have some.
    """
    found = []
    for estimate in estimates:
        district = estimate["district_id"]
        if district is not None and estimate["events"] < 1:
            continue
        rates = in_force.get(district, in_force[None])
        found.append(
            Change(
                what=estimate["what"],
                district_id=district,
                before=value_in(rates, estimate["what"]),
                value=estimate["value"],
                low=estimate["low"],
                high=estimate["high"],
                events=estimate["events"],
            )
        )
    return sorted(found, key=lambda c: (c.district_id is not None, c.district_id or ""))
