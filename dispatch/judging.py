"""From groups of reports to a verdict: identity, account, and when a crew is asked for.

Whether an order is sent at once or held for a moment is decided by expected cost: a needless trip
against a late arrival.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from dispatch.assumed import AREA
from dispatch.domain.facts import FeederEvidence, OutageFact
from dispatch.domain.outage import Calling, OutageStatus
from dispatch.domain.words import NetworkLevel, OutageId
from dispatch.explaining import calling_of, expected_share
from dispatch.gathered import Gathered
from dispatch.hidden import hidden_behind
from dispatch.inference import Posterior
from dispatch.rates import Floats
from dispatch.sayings import reason
from dispatch.verdict import Costs, Judged, Verdict
from dispatch.without import MANY, filed_wrongly

UNLIKELY_DEVICE = 0.005
MOST_DEVICES = 8
"""Devices that a judgement names: no unlikelier ones, and no more."""

WELL_MAY_BE = 0.1
"""What is that improbable, or less, is left out when it is told how many may be out."""

SUREST: Mapping[NetworkLevel, float] = {
    NetworkLevel.FEEDER_MODEL: 1.0,
    NetworkLevel.TRANSFORMER: 0.9,
    NetworkLevel.POINTS: 0.7,
}
"""How probably what can go dark together is in the tree at all: an assumed one may be cut elsewhere
(assumption). Nothing is told surer than that."""

EVEN = 0.5

RECLOSING = frozenset({"breaker", "recloser"})
RECLOSES_MIN = 1.0
"""A device that recloses by itself has done so, or is locked out, within a minute (assumption; the
rated sequence O-0.5 s-CO-2 s-CO-2 s-CO of IEC 62271-111 takes seconds, slow settings tens)."""

STILL_NEW = timedelta(minutes=2)
"""A report that old when its outage was opened was in another one before."""


@dataclass(slots=True)
class Group:
    """Reports (by number) thought to be one outage, on the way to a judgement.

    Without a posterior it is a home's own, `row` None, or a fact: the device was seen open.
    """

    row: int | None
    members: dict[int, float]
    posterior: Posterior | None
    began: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """Groups become outages with an identity, an account of themselves, and a time to send."""

    evidence: FeederEvidence
    gathered: Gathered
    posterior: Posterior
    costs: Costs
    now: datetime

    def of(
        self,
        groups: list[Group],
        explained: Mapping[int, tuple[OutageId, float]],
    ) -> Verdict:
        """The groups as outages, beside what confirmed ones explain: by number of the report."""
        keeps = self._keeps(groups)
        by_ticket = {
            ticket_id: why
            for n, why in explained.items()
            for ticket_id in self.gathered.tickets_of(n)
        }
        return Verdict(
            outages=tuple(
                self._judged(group, keep, groups) for group, keep in zip(groups, keeps, strict=True)
            ),
            explained={**self.gathered.settled, **by_ticket},
            sure=1 - self.costs.join,
            hidden=hidden_behind(self.evidence, self.gathered, explained, 1 - self.costs.join),
        )

    def _keeps(self, groups: Sequence[Group]) -> list[OutageFact | None]:
        """The prediction that lives on in each group: the one furthest on its way, then oldest."""
        predicted = [o for o in self.evidence.outages if o.status is OutageStatus.PREDICTED]
        overlaps = [self._overlaps(group, predicted) for group in groups]
        home_of: dict[int, list[OutageFact]] = {}
        for outage in predicted:
            counts = [overlap[outage.id] for overlap in overlaps]
            if max(counts, default=0) > 0:
                home_of.setdefault(counts.index(max(counts)), []).append(outage)
        return [
            min(home_of[i], key=_seniority) if i in home_of else None for i in range(len(groups))
        ]

    def _overlaps(self, group: Group, predicted: Iterable[OutageFact]) -> Counter[OutageId]:
        """What a group has in common with outages: reports above all, then the device.

        Above both the device, where it was seen open: whoever calls, that outage is of this device.
        """
        device = None if group.row is None else self.gathered.device_id(group.row)
        counts = Counter(o.id for o in predicted if device is not None and o.device_id == device)
        if self._is_fact(group):
            counts = Counter(
                {outage_id: 2 * len(self.gathered.reports) + 1 for outage_id in counts}
            )
        for n in group.members:
            for report in self.gathered.reports[n]:
                if report.outage_id and report.outage_id not in report.kept_apart_from:
                    counts[report.outage_id] += 2
        return counts

    def _judged(self, group: Group, keep: OutageFact | None, groups: Sequence[Group]) -> Judged:
        gathered = self.gathered
        tickets = {
            report.ticket_id: p
            for n, p in group.members.items()
            for report in gathered.reports[n]
            if keep is None or keep.id not in report.kept_apart_from
        }
        seen_at = self.now + timedelta(minutes=group.began)
        began = min((gathered.first_at(n) for n in group.members), default=seen_at)
        hold = self._hold(group, keep, groups)
        device_id = None if group.row is None else gathered.device_id(group.row)
        posterior = group.posterior or self.posterior
        related = self._related(group, posterior.told(len(group.members)))
        by_homes = group.row is None or self.evidence.level is NetworkLevel.POINTS
        return Judged(
            outage_id=None if keep is None else keep.id,
            device_id=device_id,
            tickets=tickets,
            devices=self._named(related),
            probability=self._probability(group),
            customers_out=self._customers_out(group, related),
            customers_between=self._customers_between(group, related),
            level=self.evidence.level,
            transformers=frozenset(() if by_homes else gathered.feeder.below(group.row or 0))
            - gathered.lit_or_taken,
            homes=frozenset(
                report.usage_point_id
                for n in group.members
                for report in gathered.reports[n]
                if report.usage_point_id is not None
            )
            if by_homes
            else frozenset(),
            started_at=began,
            send=hold is None,
            reasons=(*self._reasons(group), *(() if hold is None else (hold,))),
            calling=replace(
                self._calling(group, began),
                devices=self._named(self._related(group, posterior.topmost)),
            ),
        )

    def _named(self, related: Sequence[tuple[int, float]]) -> tuple[tuple[str, float], ...]:
        """The likeliest of some devices, by id, as surely as the tree allows."""
        return tuple(
            (self.gathered.device_id(row), round(p * self._surest, 4))
            for row, p in related[:MOST_DEVICES]
        )

    def _calling(self, group: Group, first_at: datetime) -> Calling:
        """What is held of the outage's callers; of one home, what is assumed of any outage."""
        gathered, share, called = self.gathered, None, len(group.members)
        if group.row is not None:
            first_at = min(first_at, self.now + timedelta(minutes=group.began))
            could_call = float(gathered.feeder.could_call[group.row])
            heard_of = float(gathered.counts_for[list(group.members)].sum())
            began = np.array([-(self.now - first_at).total_seconds() / 60])
            reached = float(gathered.sending.reached(began, np.zeros(1))[0])
            share = expected_share(gathered.rates, heard_of, could_call, reached)
        busy = called >= MANY and group.row is not None
        return calling_of(
            gathered.rates,
            first_at,
            share=share,
            astray=busy
            * called
            * sum(filed_wrongly(self.evidence, gathered.feeder, gathered.rates)),
            stirring=gathered.stirring,
        )

    def _probability(self, group: Group) -> float:
        if group.row is None:
            return max(group.members.values(), default=0.0)
        if group.posterior is None:
            return self._surest
        told = group.posterior.told_of(group.row, len(group.members))
        return told * self._surest

    @staticmethod
    def _is_momentary(group: Group) -> bool:
        """Whether its device opened for a moment only, more likely than not."""
        if group.row is None or group.posterior is None:
            return False
        return group.posterior.lasts(group.row) < EVEN

    @property
    def _surest(self) -> float:
        return SUREST[self.evidence.level]

    def _related(self, group: Group, chance: Floats) -> list[tuple[int, float]]:
        """Rows of the devices that may be open instead, above or below: likeliest first.

        `chance` is how probably each device of the group's posterior opened, as it is told or as
        decisions take it. What was open for a moment only is not open.
        """
        feeder, posterior = self.gathered.feeder, group.posterior or self.posterior
        if group.row is not None and group.posterior is None:
            return [(group.row, 1.0)]
        if group.row is None:
            (n,) = group.members
            first = self.gathered.pre_of(n)
            last = first + 1
        else:
            first, last = int(feeder.pre[group.row]), int(feeder.post[group.row])
        rows = posterior.rows
        found = (feeder.pre[rows] < last) & (first < feeder.post[rows]) & (chance > UNLIKELY_DEVICE)
        opened = zip(rows[found].tolist(), chance[found].tolist(), strict=True)
        open_ = [(row, p * posterior.lasts(row)) for row, p in opened]
        related = [(row, p) for row, p in open_ if p > UNLIKELY_DEVICE or row == group.row]
        return sorted(related, key=lambda each: (-each[1], each[0]))

    def _customers_out(self, group: Group, related: Sequence[tuple[int, float]]) -> float:
        if group.row is None:
            return float(len(group.members))
        total = 1.0 if self._is_momentary(group) else sum(p for _, p in related)
        customers = self.gathered.feeder.customers
        if total <= 0:
            return float(customers[group.row])
        return sum(p * float(customers[row]) for row, p in related) / total

    def _customers_between(
        self, group: Group, related: Sequence[tuple[int, float]]
    ) -> tuple[int, int]:
        """As few and as many customers as may well be out, by the devices that may have opened."""
        if group.row is None or not related:
            few = round(self._customers_out(group, related))
            return few, few
        sizes = [(float(self.gathered.feeder.customers[row]), p) for row, p in related]
        if self._is_momentary(group):
            sizes.append((0.0, max(1.0 - sum(p for _, p in related), 0.0)))
        return well_may_be(sizes)

    def _hold(self, group: Group, keep: OutageFact | None, groups: Sequence[Group]) -> str | None:
        """Why the order waits a moment, or None to send it: it may be part of an older outage."""
        if (keep is not None and keep.order_sent) or (group.members and self._is_fact(group)):
            return None
        if not group.members:
            return self._may_reclose(group)
        if self._is_settling(group, keep):
            return reason("split_off")
        first = min(group.members, key=self.gathered.first_at)
        older = [
            other
            for other in groups
            if other is not group and other.members and self._before(other, first)
        ]
        part = self._part_of(first, group, older)
        waited = (self.now - self.gathered.first_at(first)).total_seconds() / 60
        misfiled = self.gathered.misplaced_share(first) > EVEN
        longest = self.costs.longest_misfiled_min if misfiled else self.costs.longest_hold_min
        if waited >= longest:
            return None
        waiting = (1 - part) * self.costs.late_minute * (waited + 1)
        if part * self.costs.needless_trip <= waiting:
            return None
        return reason("held_misfiled" if misfiled else "held_back", percent=round(100 * part))

    def _is_fact(self, group: Group) -> bool:
        """Whether the group's own device was seen open."""
        return group.row is not None and self.gathered.sighted(group.row)

    def _may_reclose(self, group: Group) -> str | None:
        """Nobody has called: a device that recloses by itself is given the time to."""
        if group.row is None:
            return None
        device, seen = self.gathered.feeder.devices[group.row], self.gathered.opened_at(group.row)
        if device.kind not in RECLOSING or seen <= -RECLOSES_MIN:
            return None
        return reason("may_reclose", name=device.name)

    def _is_settling(self, group: Group, keep: OutageFact | None) -> bool:
        """Whether it has just split off an outage that a crew is asked for: it may fall back."""
        if keep is None:
            sent = {
                o.id
                for o in self.evidence.outages
                if o.status is OutageStatus.PREDICTED and o.order_sent
            }
            return any(self.gathered.holder_of(n) in sent for n in group.members)
        if keep.opened_at is None:
            return False
        opened = keep.opened_at
        split_off = all(self.gathered.first_at(n) < opened - STILL_NEW for n in group.members)
        return split_off and self.now - opened < timedelta(minutes=self.costs.settle_min)

    def _before(self, other: Group, first: int) -> bool:
        at = self.gathered.first_at
        return min(at(n) for n in other.members) <= at(first)

    def _part_of(self, first: int, group: Group, older: Sequence[Group]) -> float:
        """How probably the group's first report comes from what put an older group out as well."""
        feeder, gathered, total = (
            self.gathered.feeder,
            self.gathered,
            self.gathered.misplaced_share(first),
        )
        for row in feeder.path(gathered.pre_of(first)):
            p = self.posterior.probability(row)
            if p < 0.01 or row == group.row:  # noqa: PLR2004
                continue
            below = set(gathered.below(row))
            if any(below & set(other.members) for other in older):
                total += p * float(self.posterior.explains(row)[first])
        return min(total, 0.999)

    def _reasons(self, group: Group) -> tuple[str, ...]:
        by_level = _BY_LEVEL.get(self.evidence.level)
        return (*self._why(group), *(() if by_level is None else (reason(by_level),)))

    def _why(self, group: Group) -> tuple[str, ...]:
        gathered = self.gathered
        if group.row is None:
            return (reason("alone_most_likely", percent=round(100 * self._probability(group))),)
        device = gathered.feeder.devices[group.row]
        customers = round(float(gathered.feeder.customers[group.row]))
        if self.evidence.level is NetworkLevel.POINTS:
            told = {"reports": len(group.members), "customers": customers}
            return (reason("most_likely_around", **told),)
        if device.kind == AREA:
            told = {"reports": len(group.members), "customers": customers}
            return (reason("most_likely_area", name=device.name, **told),)
        name = device.name
        served = gathered.feeder.below(group.row)
        reporting = {r.transformer_id for n in group.members for r in gathered.reports[n]}
        if self._is_momentary(group) and not gathered.sighted(group.row):
            back = round(100 * (1 - (group.posterior or self.posterior).lasts(group.row)))
            told = {"reports": len(group.members), "customers": customers}
            return (reason("was_momentary", name=name, percent=back, **told),)
        seen = (reason("told_by_device", name=name),) if gathered.sighted(group.row) else ()
        return (
            *seen,
            reason(
                "most_likely_device",
                name=name,
                percent=round(100 * self._probability(group)),
                reports=len(group.members),
                customers=customers,
            ),
            reason("several_transformers", name=name, count=len(reporting), total=len(served)),
        )


def well_may_be(sizes: Iterable[tuple[float, float]]) -> tuple[int, int]:
    """Between which numbers it is eight times in ten, of numbers with what speaks for each."""
    ordered = sorted(sizes)
    total, upto = sum(p for _, p in ordered), 0.0
    reached = []
    for number, p in ordered:
        upto += p / total
        reached.append((round(number), upto))
    few = next(number for number, share in reached if share >= WELL_MAY_BE)
    return few, next((n for n, share in reached if share >= 1 - WELL_MAY_BE), reached[-1][0])


_BY_LEVEL: Mapping[NetworkLevel, str] = {
    NetworkLevel.TRANSFORMER: "by_transformers",
    NetworkLevel.POINTS: "by_positions",
}


def _seniority(outage: OutageFact) -> tuple[bool, bool, datetime, OutageId]:
    """A crew on its way decides which outage lives on, then age."""
    return (not outage.crew_on_its_way, not outage.order_sent, outage.started_at, outage.id)
