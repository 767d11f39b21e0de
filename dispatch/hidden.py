"""Faults that hide behind a confirmed outage: which of its reports it explains badly, and where.

A report that its confirmed outage comes to explain badly is doubted (`Verdict.sure`). Doubted
reports of one outage that a common device explains better than so many faults of single homes
belong together: with f the density of a caller's delay, c the share of customers who call, and
o(n) the rate at which report n comes without a new fault, a device that fails at rate r has opened
with the odds

    r x sum over t of product over n of (c f(at(n) - t) + o(n)) / o(n)

where c counts as often as the caller's kind calls.
Silence says nothing here: who is dark already does not call again. So the place is the nearest
device above the reports that belong together, not one further up.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from dispatch.domain.facts import FeederEvidence, OutageFact, ReportFact
from dispatch.domain.words import OutageId, TicketId, UsagePointId
from dispatch.gathered import Gathered
from dispatch.rates import Floats
from dispatch.sayings import reason
from dispatch.without import meters_lit

LOOK_BACK_MIN = 240.0
"""A common fault began at most so long before the first of its reports (assumption)."""

EVEN = 0.5

LONG_AFTER_MIN = 120
"""A report so long after its outage began is worth a word (assumption)."""

NEAR_START_MIN = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """Reports of a confirmed outage that seem to have a fault of their own, and where it would be.

    `device_id` is None for one home; `home` then names it where the customer is known.
    `probability` is that of the fault being there, `reasons` say why the outage does not do.
    """

    outage_id: OutageId
    tickets: tuple[TicketId, ...]
    device_id: str | None
    home: UsagePointId | None
    probability: float
    reasons: tuple[str, ...]


def hidden_behind(
    evidence: FeederEvidence,
    gathered: Gathered,
    explained: Mapping[int, tuple[OutageId, float]],
    sure: float,
) -> tuple[Hidden, ...]:
    """Group the doubted ones of the reports (by number) that confirmed outages explain."""
    found: list[Hidden] = []
    for outage in gathered.known:
        doubted = [n for n, (i, p) in sorted(explained.items()) if i == outage.id and p < sure]
        if doubted:
            paths = {n: gathered.feeder.path(gathered.pre_of(n)) for n in doubted}
            found += _Doubts(evidence, gathered, outage, explained, sure, paths).sorted_out(doubted)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Common:
    """A device that may be the fault of several reports."""

    row: int
    members: tuple[int, ...]
    log_odds: float

    @property
    def probability(self) -> float:
        """How probably it has opened."""
        return float(expit(self.log_odds))


@dataclass(frozen=True, slots=True)
class _Doubts:
    """The doubted reports of one outage; `paths` are the devices above each, nearest first."""

    evidence: FeederEvidence
    gathered: Gathered
    outage: OutageFact
    explained: Mapping[int, tuple[OutageId, float]]
    sure: float
    paths: Mapping[int, list[int]]
    weighed: dict[tuple[int, tuple[int, ...]], _Common | None] = field(default_factory=dict)

    def sorted_out(self, doubted: Sequence[int]) -> list[Hidden]:
        """What belongs together as one fault each, then the homes that stand alone."""
        left, found, named = list(doubted), [], set[int]()
        while (common := self._likeliest(left, named)) is not None:
            found.append(self._of_device(common))
            named.add(common.row)
            left = [n for n in left if n not in common.members]
        alone = [n for n in left if self.gathered.single_share(n) > 1 - self.sure]
        return found + [self._of_home(n) for n in alone]

    def _likeliest(self, doubted: Sequence[int], named: Collection[int]) -> _Common | None:
        """The device that most probably is the fault of some; not one that was named already."""
        rows = {row for n in doubted for row in self.paths[n] if row not in named}
        likely = [
            each
            for row in sorted(rows)
            if (each := self._common(row, tuple(n for n in doubted if row in self.paths[n])))
            and each.probability > EVEN
        ]
        return max(likely, key=lambda each: (each.log_odds, each.row), default=None)

    def _common(self, row: int, below: tuple[int, ...]) -> _Common | None:
        """The device as the fault of those of the reports that it explains.

        None if it explains no two, or if a device further down is as near to all of them.
        """
        if (row, below) not in self.weighed:
            likely = self._is_nearest(row, below) and self._may_have_opened(row, below)
            common = self._weighed(row, below) if likely else None
            nearest = common is not None and self._is_nearest(row, common.members)
            self.weighed[row, below] = common if nearest else None
        return self.weighed[row, below]

    def _is_nearest(self, row: int, members: Sequence[int]) -> bool:
        """Whether a device is the nearest one above several reports."""
        above = set.intersection(*(set(self.paths[n]) for n in members)) if members else ()
        return len(members) > 1 and max(above) == row

    def _weighed(self, row: int, below: Sequence[int]) -> _Common:
        gathered, numbers = self.gathered, np.array(below, dtype=np.intp)
        at, without = gathered.at[numbers], gathered.without.total[numbers]
        begins = np.arange(at.min() - LOOK_BACK_MIN, at.max(), 1.0)
        rates = gathered.rates
        share = rates.call_share.mean * gathered.counts_for[numbers]
        called = share * gathered.sending.density_at(begins[:, None], at[None, :])
        log: Floats = np.log1p(called / without).sum(axis=1)
        weight = np.exp(log - log.max())
        rate = gathered.feeder.rate[row] * gathered.stirring.devices
        whole = float(np.log(rate) + log.max() + np.log(weight.sum()))
        its_own = (weight @ (called / (called + without))) / weight.sum()
        members = tuple(n for n, share in zip(below, its_own.tolist(), strict=True) if share > EVEN)
        return _Common(row, members, whole)

    def _may_have_opened(self, row: int, below: Sequence[int]) -> bool:
        """Not where the outage's own device hangs below it, nor where somebody has light since."""
        feeder, told = self.gathered.feeder, self.gathered.told
        known = feeder.row.get(self.outage.device_id or "")
        if known is not None and feeder.pre[row] <= feeder.pre[known] < feeder.post[row]:
            return False
        first = min(self.gathered.first_at(n) for n in below)
        lit = self.evidence.lit
        return not told.shut[row] and not any(
            t in lit and lit[t] > first for t in feeder.below(row)
        )

    def _of_device(self, common: _Common) -> Hidden:
        device = self.gathered.feeder.devices[common.row]
        times = [self.gathered.first_at(n) for n in common.members]
        together = reason(
            "doubted_together",
            name=device.name,
            reports=len(common.members),
            minutes=round((max(times) - min(times)).total_seconds() / 60),
        )
        return Hidden(
            outage_id=self.outage.id,
            tickets=self._tickets(common.members),
            device_id=device.id,
            home=None,
            probability=common.probability,
            reasons=(together, *self._reasons(common.members)),
        )

    def _of_home(self, n: int) -> Hidden:
        return Hidden(
            outage_id=self.outage.id,
            tickets=self._tickets((n,)),
            device_id=None,
            home=self.gathered.reports[n][0].usage_point_id,
            probability=self.gathered.single_share(n),
            reasons=self._reasons((n,)),
        )

    def _tickets(self, members: Sequence[int]) -> tuple[TicketId, ...]:
        return tuple(sorted(t for n in members for t in self.gathered.tickets_of(n)))

    def _reasons(self, members: Sequence[int]) -> tuple[str, ...]:
        """Each kind of reason once, as the first report has it; at least how badly it fits."""
        found: dict[str, str] = {}
        for n in members:
            for why in self._against(self.gathered.reports[n]):
                found.setdefault(why.partition("?")[0], why)
        worst = min(self.explained[n][1] for n in members)
        fits = reason("hidden_behind", percent=round(100 * (1 - worst)))
        return (*found.values(), fits)

    def _against(self, mine: Sequence[ReportFact]) -> list[str]:
        """What speaks against the outage as the cause of one customer's report."""
        report, outage = mine[0], self.outage
        since = (report.received_at - outage.started_at).total_seconds() / 60
        against = []
        if report.transformer_id not in self._reach:
            against.append(reason("not_below"))
        lit = self.evidence.lit.get(report.transformer_id or "")
        if lit is not None and lit < report.received_at:
            minutes = round((report.received_at - lit).total_seconds() / 60)
            against.append(reason("lit_before", minutes=minutes))
        if any(r.neighbours_out is False for r in mine):
            against.append(reason("neighbours_lit"))
        if (meters := self._meters_lit(report)) > 0:
            against.append(reason("meters_lit", count=meters))
        if since < -NEAR_START_MIN:
            against.append(reason("before_outage", minutes=round(-since)))
        if since > LONG_AFTER_MIN:
            against.append(reason("long_after", minutes=round(since)))
        return against

    @property
    def _reach(self) -> frozenset[str]:
        """Transformers that the outage holds, or could: all below its device."""
        row = self.gathered.feeder.row.get(self.outage.device_id or "")
        below = () if row is None else self.gathered.feeder.below(row)
        return self.outage.transformers | frozenset(below)

    def _meters_lit(self, report: ReportFact) -> int:
        """Meters on the same transformer that tell of light since the outage began."""
        lit = meters_lit(self.evidence, self.outage.started_at)
        return len(lit.get(report.transformer_id or "", set()) - {report.usage_point_id})
