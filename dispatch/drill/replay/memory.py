"""What was told so far, and the step that is being told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dispatch.domain.words import OrderId, OutageId
from dispatch.ports import Store

Told = dict[str, Any]

NOTICEABLE = 0.05
"""A probability that moved by less, and a count that moved by a smaller share, is not told."""


def instant(at: datetime) -> str:
    """A time as the output has it: ISO 8601 in UTC with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was last told of an outage: its devices, most likely first, and who is out."""

    devices: tuple[tuple[str, float], ...]
    customers_out: int

    @property
    def first(self) -> str | None:
        """The most likely device."""
        return self.devices[0][0] if self.devices else None

    def differs(self, other: "Prediction | None") -> bool:
        """Whether it is worth telling after `other`."""
        if other is None or self.first != other.first:
            return True
        now, before = dict(self.devices), dict(other.devices)
        moved = (abs(now.get(d, 0.0) - before.get(d, 0.0)) for d in {*now, *before})
        least = max(1.0, NOTICEABLE * other.customers_out)
        return (
            any(by >= NOTICEABLE for by in moved)
            or abs(self.customers_out - other.customers_out) >= least
        )


@dataclass(slots=True)
class Memory:
    """What was told: where each ticket belongs and how surely, of outages, of orders."""

    outage_of: dict[str, tuple[OutageId, float]] = field(default_factory=dict)
    predictions: dict[OutageId, Prediction] = field(default_factory=dict)
    holding: dict[OrderId, None] = field(default_factory=dict)
    released: set[OrderId] = field(default_factory=set)

    def surest_of(self, outage_id: OutageId) -> float:
        """The highest probability with which a ticket belongs to the outage; 1 without any."""
        known = [p for outage, p in self.outage_of.values() if outage == outage_id]
        return max(known, default=1.0)


@dataclass(slots=True)
class Step:
    """One step of the replay: what was told of it, and which outages have to be looked at."""

    store: Store
    now: datetime
    told: list[Told] = field(default_factory=list)
    looked_at: dict[OutageId, Mapping[str, Any]] = field(default_factory=dict)
    merged: dict[OutageId, OutageId] = field(default_factory=dict)

    def tell(self, kind: str, **facts: object) -> None:
        """Add a line; facts that are None are left out."""
        known = {name: fact for name, fact in facts.items() if fact is not None}
        self.told.append({"at": instant(self.now), "type": kind, **known})
