"""Our inference at the drill's desk when it knows less: transformers only, or positions only.

The same episodes and the same desk. What the method does not know it does not look at: above the
transformers nothing, or of the customers nothing but where callers are and how densely people live.
Its areas are scored, and remembered by the desk, as the device that is likest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from dispatch.assumed import TRANSFORMER, one_zone
from dispatch.domain.facts import FeederEvidence, OutageFact, Surroundings
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import NetworkLevel, OutageId, TicketId
from dispatch.drill.storms.ground import Ground
from dispatch.drill.storms.records import Group, Picture
from dispatch.feeder import Feeder
from dispatch.levels import (
    CUSTOMERS_PER_TRANSFORMER,
    View,
    along_lines,
    cell_at,
    judge_views,
    likest,
    on_cells,
    rates_at,
)
from dispatch.rates import Rates
from dispatch.verdict import Costs, Judged

SETTLED_M = 250.0
"""Land is settled where somebody lives in a square so wide."""

KNOWN_TO_M = 100.0
"""How right the place of a caller is taken to be who is known by a position."""


@dataclass(slots=True, eq=False)
class LevelMethod:
    """Judges each feeder by the posterior on an assumed tree."""

    name: str
    level: NetworkLevel
    per_km2: float
    costs: Costs = field(default_factory=Costs)
    rates: Rates = field(init=False)
    assumed: dict[str, list[Feeder]] = field(default_factory=dict)
    true: dict[str, Feeder] = field(default_factory=dict)
    area_of: dict[int, frozenset[str]] = field(default_factory=dict)
    cell_of: dict[TicketId, str] = field(default_factory=dict)
    last_key: int = 0

    def __post_init__(self) -> None:
        self.rates = rates_at(self.level, Rates())

    def look(self, evidence: FeederEvidence, now: datetime) -> Picture:
        """Judge one feeder."""
        views = self._views(evidence)
        _, verdict = judge_views(views, self.rates, self.costs, now=now)
        areas = {d.id: (v.feeder, row) for v in views for row, d in enumerate(v.feeder.devices)}
        transformer_of = {r.ticket_id: r.transformer_id for r in evidence.reports}
        groups = [self._group(j, areas, evidence, transformer_of) for j in verdict.outages]
        explained: dict[int, dict[TicketId, float]] = {}
        for ticket_id, (outage_id, probability) in verdict.explained.items():
            explained.setdefault(outage_id, {})[ticket_id] = probability
        confirmed: dict[int, str | None] = {o.id: o.device_id for o in evidence.outages}
        groups += [
            Group(key=key, device_id=confirmed.get(key), tickets=tickets)
            for key, tickets in explained.items()
        ]
        return Picture(groups=tuple(groups))

    def _views(self, evidence: FeederEvidence) -> list[View]:
        """The evidence as the level has it, on each tree that may be assumed."""
        outages = tuple(map(self._outage, evidence.outages))
        known = replace(
            evidence, outages=outages, sightings=(), around=_around(evidence.around, self.level)
        )
        if self.level is NetworkLevel.TRANSFORMER:
            feeder_id = evidence.tree.feeder_id
            if feeder_id not in self.assumed:
                trees = one_zone(evidence.tree.transformers)
                self.assumed[feeder_id] = [Feeder(tree, self.rates) for tree in trees]
            return [View(along_lines(known, f), f) for f in self.assumed[feeder_id]]
        placed = replace(
            known,
            reports=tuple(
                replace(r, accuracy_m=KNOWN_TO_M if r.spread else 0.0) for r in known.reports
            ),
        )
        everybody = sum(t.customers for t in evidence.tree.transformers)
        self.cell_of = {r.ticket_id: cell_at(r.lon or 0.0, r.lat or 0.0) for r in evidence.reports}
        dense = dict.fromkeys((r.ticket_id for r in evidence.reports), self.per_km2)
        known = on_cells(placed, dense, everybody)
        return [View(known, Feeder(known.tree, self.rates))]

    def _outage(self, outage: OutageFact) -> OutageFact:
        """A prediction as it was made; the desk keeps it as the device that is likest."""
        if outage.status is not OutageStatus.PREDICTED:
            return outage
        return replace(
            outage, device_id=None, transformers=self.area_of.get(outage.id, frozenset())
        )

    def _group(
        self,
        judged: Judged,
        areas: Mapping[str, tuple[Feeder, int]],
        evidence: FeederEvidence,
        transformer_of: Mapping[TicketId, str | None],
    ) -> Group:
        key = judged.outage_id
        if key is None:
            self.last_key += 1
            key = OutageId(self.last_key)
        self.area_of[key] = judged.transformers
        told = self._told(judged, areas, evidence, transformer_of)
        return Group(
            key=key,
            device_id=None if judged.device_id is None else next(iter(told), None),
            tickets=judged.tickets,
            devices=tuple(sorted(told.items(), key=lambda each: -each[1])),
            send=judged.send,
        )

    def _told(
        self,
        judged: Judged,
        areas: Mapping[str, tuple[Feeder, int]],
        evidence: FeederEvidence,
        transformer_of: Mapping[TicketId, str | None],
    ) -> dict[str, float]:
        """Devices of the plan that somebody who looks the areas up would take them for.

        The one that is meant comes first.
        """
        feeder_id = evidence.tree.feeder_id
        if feeder_id not in self.true:
            self.true[feeder_id] = Feeder(evidence.tree, self.rates)
        true, told = self.true[feeder_id], dict[str, float]()
        chance: dict[str | None, float] = {judged.device_id: 0.0, **dict(judged.devices)}
        for device_id, probability in chance.items():
            if device_id is None:
                continue
            feeder, row = areas[device_id]
            places = feeder.below(row)
            if self.level is NetworkLevel.POINTS:
                places = self._callers_in(places, transformer_of)
            found = likest(places, true, least=0.0)
            if found is not None:
                told[found] = told.get(found, 0.0) + probability
        return told

    def _callers_in(
        self, cells: Iterable[str], transformer_of: Mapping[TicketId, str | None]
    ) -> tuple[str, ...]:
        """Transformers of the callers in some cells."""
        here = set(cells)
        found = {transformer_of[t] for t, cell in self.cell_of.items() if cell in here}
        return tuple(sorted(id_ for id_ in found if id_ is not None))


def _around(around: Surroundings | None, level: NetworkLevel) -> Surroundings | None:
    """The surroundings without what the level does not know."""
    if around is None:
        return None
    count = around.devices.get(TRANSFORMER, 0)
    if level is NetworkLevel.POINTS:
        count = max(round(around.customers / CUSTOMERS_PER_TRANSFORMER), 1)
    return replace(around, devices={TRANSFORMER: count}, km=0.0)


def settled_per_km2(ground: Ground) -> float:
    """Customers per square kilometre of settled land, as a company may know it of its district."""
    squares = np.unique(np.floor(ground.customers.xy / SETTLED_M), axis=0)
    return len(ground.customers.accounts) / (len(squares) * (SETTLED_M / 1000) ** 2)
