"""Acting on the posterior: which reports are one outage, what opened, is it time to send.

The likely set of open devices is a picture; this turns it into decisions that a dispatcher
accepts. Confirmed outages are facts: nothing here moves or merges them. What was said before is
kept until something is clearly better. Whether an order is sent at once or held for a moment is
decided by expected cost: a needless trip against a late arrival.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dispatch.assumed import AREA
from dispatch.domain.facts import FeederEvidence, OutageFact
from dispatch.domain.outage import Calling, OutageStatus
from dispatch.domain.words import NetworkLevel, OutageId, TicketId, UsagePointId
from dispatch.explaining import calling_of, expected_share
from dispatch.feeder import Feeder
from dispatch.gathered import MANY, Gathered, gather
from dispatch.hidden import Hidden, hidden_behind
from dispatch.inference import Posterior
from dispatch.rates import Rates, Stirring
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What mistakes cost, in minutes of one caller's waiting; all assumptions, set per company.

    A crew's needless trip is about an hour of two people's work; a fault hidden behind another
    costs the hours until its caller complains again; moving a prediction costs trust.
    """

    needless_trip: float = 60.0
    late_minute: float = 1.0
    hidden_fault: float = 120.0
    move: float = 1.0  # log odds that a new device must be better by
    longest_hold_min: float = 12.0
    stay: float = 0.05  # a report stays where it is while it belongs there with this probability
    held: float = 3.0  # where a report is held counts so many times as much as another outage
    settle_min: float = 4.0  # what splits off an outage stands so long before a crew is asked for
    leave_own: float = 0.9  # it leaves an outage of its own, with an order, only for this much

    @property
    def join(self) -> float:
        """How probable it must be that a report belongs to an outage, for it to be put there."""
        return self.needless_trip / (self.hidden_fault + self.needless_trip)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One outage as it is thought to be now.

    `outage_id` is the open outage that lives on as this one, None where one is to be opened;
    `device_id` is None for one home, which `homes` names. `tickets` have the probability that
    they belong, `devices` the probability to have opened, most probable first. Eight times in ten
    as many customers are out as `customers_between` says, by those; `level` is what it rests on.
    `calling` is what whoever calls next is judged by.
    """

    outage_id: OutageId | None
    device_id: str | None
    tickets: Mapping[TicketId, float]
    devices: tuple[tuple[str, float], ...]
    probability: float
    customers_out: float
    customers_between: tuple[int, int]
    level: NetworkLevel
    transformers: frozenset[str]
    homes: frozenset[UsagePointId]
    started_at: datetime
    send: bool
    reasons: tuple[str, ...]
    calling: Calling


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one look at a feeder makes of it.

    `explained` are reports of confirmed outages with the probability. Those below `sure` are
    doubted: another fault may be hidden behind the outage. `hidden` is where that would be.
    """

    outages: tuple[Judged, ...] = ()
    explained: Mapping[TicketId, tuple[OutageId, float]] = field(default_factory=dict)
    sure: float = 2 / 3
    hidden: tuple[Hidden, ...] = ()


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

STILL_NEW = timedelta(minutes=2)
"""A report that old when its outage was opened was in another one before."""


@dataclass(slots=True)
class _Group:
    """Reports (by number) thought to be one outage, on the way to a judgement."""

    row: int | None
    members: dict[int, float]
    posterior: Posterior | None
    began: float


def judge(
    evidence: FeederEvidence,
    rates: Rates,
    costs: Costs,
    *,
    now: datetime,
    feeder: Feeder | None = None,
    stirring: Stirring | None = None,
) -> Verdict:
    """Say what is out on one feeder.

    `feeder` may be kept from an earlier look at the same tree; `stirring` is taken, where given, in
    place of what the surroundings tell.
    """
    feeder = feeder or Feeder(evidence.tree, rates)
    gathered = gather(evidence, feeder, rates, now, stirring)
    if not gathered.reports and not gathered.speaks:
        return Verdict(explained=gathered.settled)
    favoured = _favoured(evidence, feeder)
    gathered, posterior = gathered.understood()
    groups = _groups(gathered, posterior, favoured, costs)
    _settle_claims(gathered, groups, costs)
    taken = {member for group in groups for member in group.members}
    explained, left = _known(gathered, taken, costs)
    groups += [
        _Group(row=None, members={n: gathered.single_share(n)}, posterior=None, began=0.0)
        for n in left
    ]
    return _Judgement(evidence, gathered, posterior, costs, now).of(groups, explained)


def _favoured(evidence: FeederEvidence, feeder: Feeder) -> list[int]:
    """Rows of the devices that predictions name now."""
    return [
        feeder.row[o.device_id]
        for o in evidence.outages
        if o.status is OutageStatus.PREDICTED and o.device_id in feeder.row
    ]


def _groups(
    gathered: Gathered, posterior: Posterior, favoured: Sequence[int], costs: Costs
) -> list[_Group]:
    """The reports that each open device explains, and those of what opened below it before."""
    groups: list[_Group] = []
    for row in posterior.best(favoured, costs.move):
        inner = _groups(gathered, posterior.below(row), favoured, costs)
        taken = {n for group in inner for n in group.members}
        explains = dict(enumerate(posterior.explains(row).tolist()))
        below = [n for n in gathered.below(row) if n not in taken]
        wanted = _thresholds(gathered, below, explains, costs)
        members = {n: explains[n] for n in below if explains[n] > wanted[n]}
        if members or gathered.sighted(row):
            groups.append(_Group(row, members, posterior, posterior.begin_of(row)))
        groups += inner
    return groups


def _settle_claims(gathered: Gathered, groups: list[_Group], costs: Costs) -> None:
    """Leave a report that several groups explain to the one it most probably belongs to.

    One that may have come from several places can be; where it is held now counts for it.
    """
    main = [gathered.main_holder(group.members) for group in groups]
    claims: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        for n in group.members:
            claims.setdefault(n, []).append(number)

    def surely(n: int, number: int) -> float:
        held = main[number] is not None and gathered.holder_of(n) == main[number]
        return groups[number].members[n] * (costs.held if held else 1.0)

    for n, rivals in claims.items():
        keeps = max(rivals, key=lambda number: surely(n, number))
        for number in rivals:
            if number != keeps:
                del groups[number].members[n]
    groups[:] = [g for g in groups if g.members or (g.row is not None and gathered.sighted(g.row))]


def _thresholds(
    gathered: Gathered, below: Sequence[int], explains: Mapping[int, float], costs: Costs
) -> dict[int, float]:
    """How probable it must be for each report that it belongs: less where it is held already."""
    main = gathered.main_holder(n for n in below if explains[n] > costs.join)
    return {
        n: costs.stay
        if main is not None and gathered.holder_of(n) == main
        else costs.leave_own
        if gathered.has_own_order(n)
        else costs.join
        for n in below
    }


def _known(
    gathered: Gathered, taken: Iterable[int], costs: Costs
) -> tuple[dict[int, tuple[OutageId, float]], list[int]]:
    """What confirmed outages explain of the other reports, and the rest."""
    explained: dict[int, tuple[OutageId, float]] = {}
    left: list[int] = []
    for n in sorted(set(range(len(gathered.reports))) - set(taken)):
        outage_id, share = gathered.known_share(n)
        holder = gathered.holder_of(n)
        if holder is not None and holder in gathered.known_ids:
            wanted = costs.stay
        else:
            wanted = costs.leave_own if gathered.has_own_order(n) else costs.join
        if outage_id is None or share < wanted:
            left.append(n)
        else:
            explained[n] = (outage_id, share)
    return explained, left


@dataclass(frozen=True, slots=True)
class _Judgement:
    """Groups become outages with an identity, an account of themselves, and a time to send."""

    evidence: FeederEvidence
    gathered: Gathered
    posterior: Posterior
    costs: Costs
    now: datetime

    def of(
        self,
        groups: list[_Group],
        explained: Mapping[int, tuple[OutageId, float]],
    ) -> Verdict:
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

    def _keeps(self, groups: Sequence[_Group]) -> list[OutageFact | None]:
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

    def _overlaps(self, group: _Group, predicted: Iterable[OutageFact]) -> Counter[OutageId]:
        """What a group has in common with outages: reports above all, then the device."""
        device = None if group.row is None else self.gathered.device_id(group.row)
        counts = Counter(o.id for o in predicted if device is not None and o.device_id == device)
        for n in group.members:
            for report in self.gathered.reports[n]:
                if report.outage_id and report.outage_id not in report.kept_apart_from:
                    counts[report.outage_id] += 2
        return counts

    def _judged(self, group: _Group, keep: OutageFact | None, groups: Sequence[_Group]) -> Judged:
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
        related = self._related(group)
        by_homes = group.row is None or self.evidence.level is NetworkLevel.POINTS
        return Judged(
            outage_id=None if keep is None else keep.id,
            device_id=device_id,
            tickets=tickets,
            devices=tuple(
                (gathered.device_id(row), round(p * self._surest, 4))
                for row, p in related[:MOST_DEVICES]
            ),
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
            calling=self._calling(group, began),
        )

    def _calling(self, group: _Group, first_at: datetime) -> Calling:
        """What is held of the outage's callers; of one home, what is assumed of any outage."""
        gathered, share, called = self.gathered, None, len(group.members)
        if group.row is not None:
            first_at = min(first_at, self.now + timedelta(minutes=group.began))
            customers = float(gathered.feeder.customers[group.row])
            since = (self.now - first_at).total_seconds() / 60
            share = expected_share(gathered.rates, called, customers, since)
        busy = called >= MANY and group.row is not None
        return calling_of(
            gathered.rates,
            first_at,
            share=share,
            astray=busy * gathered.rates.misplaced * called / self._on_feeder,
            stirring=gathered.stirring,
        )

    @property
    def _on_feeder(self) -> float:
        """Customers of the feeder, one at least."""
        feeder = self.gathered.feeder
        return max(float(feeder.customers[feeder.parent < 0].sum()), 1.0)

    def _probability(self, group: _Group) -> float:
        if group.row is None or group.posterior is None:
            return max(group.members.values(), default=0.0)
        return group.posterior.probability(group.row) * self._surest

    @property
    def _surest(self) -> float:
        return SUREST[self.evidence.level]

    def _related(self, group: _Group) -> list[tuple[int, float]]:
        """Rows of the devices that may have opened instead, above or below: likeliest first."""
        feeder, posterior = self.gathered.feeder, group.posterior or self.posterior
        if group.row is None:
            (n,) = group.members
            first = self.gathered.pre_of(n)
            last = first + 1
        else:
            first, last = int(feeder.pre[group.row]), int(feeder.post[group.row])
        rows, chance = posterior.rows, posterior.topmost
        found = (feeder.pre[rows] < last) & (first < feeder.post[rows]) & (chance > UNLIKELY_DEVICE)
        related = zip(rows[found].tolist(), chance[found].tolist(), strict=True)
        return sorted(related, key=lambda each: (-each[1], each[0]))

    def _customers_out(self, group: _Group, related: Sequence[tuple[int, float]]) -> float:
        if group.row is None:
            return float(len(group.members))
        total = sum(p for _, p in related)
        customers = self.gathered.feeder.customers
        if total <= 0:
            return float(customers[group.row])
        return sum(p * float(customers[row]) for row, p in related) / total

    def _customers_between(
        self, group: _Group, related: Sequence[tuple[int, float]]
    ) -> tuple[int, int]:
        """As few and as many customers as may well be out, by the devices that may have opened."""
        if group.row is None or not related:
            few = round(self._customers_out(group, related))
            return few, few
        sizes = [(float(self.gathered.feeder.customers[row]), p) for row, p in related]
        return well_may_be(sizes)

    def _hold(self, group: _Group, keep: OutageFact | None, groups: Sequence[_Group]) -> str | None:
        """Why the order waits a moment, or None to send it: it may be part of an older outage."""
        if (keep is not None and keep.order_sent) or not group.members:
            return None
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
        if waited >= self.costs.longest_hold_min:
            return None
        waiting = (1 - part) * self.costs.late_minute * (waited + 1)
        if part * self.costs.needless_trip <= waiting:
            return None
        return reason("held_back", percent=round(100 * part))

    def _is_settling(self, group: _Group, keep: OutageFact | None) -> bool:
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

    def _before(self, other: _Group, first: int) -> bool:
        at = self.gathered.first_at
        return min(at(n) for n in other.members) <= at(first)

    def _part_of(self, first: int, group: _Group, older: Sequence[_Group]) -> float:
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

    def _reasons(self, group: _Group) -> tuple[str, ...]:
        by_level = _BY_LEVEL.get(self.evidence.level)
        return (*self._why(group), *(() if by_level is None else (reason(by_level),)))

    def _why(self, group: _Group) -> tuple[str, ...]:
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
