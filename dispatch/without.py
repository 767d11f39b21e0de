"""How often each report would come if nothing new had opened.

Reports of one customer are one report, dated by the first. The rate is made of three: faults of
single customers, reports filed under the wrong customer while others call (on other feeders, too),
and the callers of confirmed outages.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from dispatch.domain.facts import FeederEvidence, OutageElsewhere, OutageFact, ReportFact
from dispatch.domain.outage import OutageStatus
from dispatch.domain.phases import share_a_phase
from dispatch.domain.words import OutageId, TicketId, UsagePointId
from dispatch.feeder import Feeder, Ints
from dispatch.rates import MINUTES_PER_YEAR, Floats, Rates
from dispatch.waking import Sending

MANY = 5
"""Reports that one outage explains before others are suspected to be misfiled ones of it."""


JUST_NOW_MIN = 0.5
"""An outage may have begun so long before it is thought to have."""


@dataclass(frozen=True, eq=False)
class Without:
    """Rates per minute at which each report comes without a new outage; shape (reports,).

    `known` and `of_known` are per confirmed outage, shape (outages, reports): reports from what it
    holds, and those of its callers who were filed under another customer; `known_ids` names the
    outages, those on other feeders last.
    """

    single: Floats
    misplaced: Floats
    known: Floats
    of_known: Floats
    known_ids: tuple[OutageId, ...]

    def only(self, numbers: Sequence[int]) -> "Without":
        """Those of some reports."""
        chosen = np.array(numbers, dtype=np.intp)
        return Without(
            self.single[chosen],
            self.misplaced[chosen],
            self.known[:, chosen],
            self.of_known[:, chosen],
            self.known_ids,
        )

    @cached_property
    def total(self) -> Floats:
        """All of them together."""
        known = (self.known + self.of_known).sum(axis=0)
        return np.asarray(self.single + self.misplaced + known, dtype=float)


def minutes_from(at: datetime, now: datetime) -> float:
    """Minutes from `now` until `at`: negative for what is past."""
    return (at - now).total_seconds() / 60


def reports_without(
    reports: Sequence[Sequence[ReportFact]],
    at: Floats,
    evidence: FeederEvidence,
    feeder: Feeder,
    rates: Rates,
    sending: Sending,
    *,
    now: datetime,
) -> Without:
    """In a usual year's weather."""
    callers = _Callers(reports, at, evidence, feeder, rates, sending, now)
    misplaced = np.zeros(len(reports))
    known: list[tuple[OutageId, Floats, Floats]] = []
    for outage in evidence.outages:
        if outage.status is OutageStatus.PREDICTED:
            misplaced += callers.misfiled(outage)
        else:
            known.append((outage.id, callers.there(outage), callers.misfiled(outage)))
    for other in evidence.elsewhere:
        here, astray = callers.placed_here(other), callers.misfiled_here(other)
        if other.is_confirmed:
            known.append((other.id, here, astray))
        else:
            misplaced += here + astray
    shape = (len(known), len(reports))
    return Without(
        rates.single / MINUTES_PER_YEAR * _by_hour(sending, at, rates),
        misplaced,
        np.array([here for _, here, _ in known]).reshape(shape),
        np.array([astray for _, _, astray in known]).reshape(shape),
        tuple(outage_id for outage_id, _, _ in known),
    )


def _by_hour(sending: Sending, at: Floats, rates: Rates) -> Floats:
    """How much more often than on average single homes report at each minute; same shape."""
    if sending.night is None:
        return np.ones(at.shape)
    return sending.night.of_homes(at, rates.call_delay)


@dataclass(frozen=True, eq=False)
class _Callers:
    """Rates at which each report comes from the callers of one outage, per minute: (reports,)."""

    reports: Sequence[Sequence[ReportFact]]
    at: Floats
    evidence: FeederEvidence
    feeder: Feeder
    rates: Rates
    sending: Sending
    now: datetime

    def there(self, outage: OutageFact) -> Floats:
        """From what a confirmed outage holds; of single homes it is known who reported them."""
        here = np.array([self._held(mine, outage) for mine in self.reports], dtype=float)
        if outage.device_id is None:
            return here
        began = self._noticed(outage) - JUST_NOW_MIN
        late = np.maximum(self.sending.density_at(began, self.at), self.rates.straggling)
        dark = self.said * self._seen_dark(np.flatnonzero(here), outage)
        share = self.rates.call_share.mean * self.counts_for
        return here * share * np.where(self.at > began, late, 0.0) * dark

    def _held(self, mine: Sequence[ReportFact], outage: OutageFact) -> float:
        """Share of a report's place that lies on what the outage holds.

        Of a transformer that lost some phases only those who live on them: its low-voltage network
        has the phases that are on record of customers, lines above it have others.
        """
        row = self.feeder.row.get(outage.device_id or "")
        of_low_voltage = row is not None and self.feeder.devices[row].kind == "transformer"
        if of_low_voltage and not share_a_phase(mine[0].phases, outage.phases):
            return 0.0
        return _held(mine, outage)

    def misfiled(self, outage: OutageFact) -> Floats:
        """Filed under another customer; only an outage with many callers has noticeably many."""
        held = self._held_by[outage.id]
        if held < MANY or outage.device_id is None:
            return np.zeros(len(self.reports))
        rate = held * sum(filed_wrongly(self.evidence, self.feeder, self.rates))
        return self._density(outage.started_at) * rate

    def placed_here(self, other: OutageElsewhere) -> Floats:
        """From what an outage on another feeder holds, as far as a report's place lies there."""
        there = np.array(
            [sum(w for t, w in mine[0].spread if t in other.transformers) for mine in self.reports],
            dtype=float,
        )
        share = self.rates.call_share.mean * self.counts_for
        calls = share * self._density(other.started_at)
        return np.asarray(self.said * there * calls, dtype=float)

    def misfiled_here(self, other: OutageElsewhere) -> Floats:
        """Callers of an outage on another feeder, filed under a customer of this one."""
        if other.reports < MANY:
            return np.zeros(len(self.reports))
        _, afar = filed_wrongly(self.evidence, self.feeder, self.rates)
        return self._density(other.started_at) * other.reports * afar

    @cached_property
    def said(self) -> Floats:
        """What each customer said of the neighbours, as a likelihood ratio."""
        return np.array([said_of(mine, self.rates) for mine in self.reports], dtype=float)

    @cached_property
    def counts_for(self) -> Floats:
        """How many mean customers each counts for, as far as calling goes."""
        return times_calling(self.reports, self.rates)

    @cached_property
    def _held_by(self) -> Counter[OutageId | None]:
        return Counter(mine[0].outage_id for mine in self.reports)

    def _density(self, started_at: datetime) -> Floats:
        began = np.array(minutes_from(started_at, self.now) - JUST_NOW_MIN)
        return self.sending.density_at(began, self.at)

    def _noticed(self, outage: OutageFact) -> Floats:
        """The minute from which each report's place knew of an outage that may hold it.

        That is its beginning; or later, where another one had put the place out and was restored:
        who is dark already notices the second fault when the light does not come back.
        """
        noticed = [outage.started_at] * len(self.reports)
        for n, mine in enumerate(self.reports):
            relit = _light_due(mine[0], self.evidence)
            if relit is not None and outage.started_at < relit:
                noticed[n] = relit
        return np.array([minutes_from(at, self.now) for at in noticed], dtype=float)

    def _seen_dark(self, numbers: Ints, outage: OutageFact) -> Floats:
        """Likelihood ratio of these reports' places being dark for an outage: of light seen.

        That another outage was restored is none: its light did not pass a device found open.
        """
        ratio = np.ones(len(self.reports))
        meters = meters_lit(self.evidence, outage.started_at)
        errs = self.rates.meter_errs / (1 - self.rates.meter_errs)
        for n in numbers.tolist():
            first = self.reports[n][0]
            transformer = first.transformer_id or ""
            ratio[n] = errs ** len(meters[transformer])
            lit = self.evidence.lit.get(transformer)
            if lit is None or lit == _light_due(first, self.evidence):
                continue
            if outage.started_at < lit < first.received_at:
                ratio[n] *= self.rates.restored_errs
        return ratio


def filed_wrongly(evidence: FeederEvidence, feeder: Feeder, rates: Rates) -> tuple[float, float]:
    """How many of an outage's reports are filed under one other customer.

    On its own feeder only, beside those that are filed under anybody of the district.
    """
    around = 0 if evidence.around is None else evidence.around.customers
    afar = rates.misplaced_afar / max(around, feeder.all_customers)
    nearby = (1 - rates.misplaced_afar) / feeder.all_customers
    return rates.misplaced * nearby, rates.misplaced * afar


def _light_due(report: ReportFact, evidence: FeederEvidence) -> datetime | None:
    """When a restoration before the report should have brought light to its place."""
    _, relit = evidence.relit.get(report.transformer_id or "", (None, None))
    return relit if relit is not None and relit < report.received_at else None


def meters_lit(evidence: FeederEvidence, since: datetime) -> Mapping[str, Set[UsagePointId]]:
    """Whose meters told of light after a moment, by transformer; none for those not named."""
    lit: dict[str, set[UsagePointId]] = defaultdict(set)
    for signal in evidence.signals:
        if signal.kind.tells_of_light and signal.at > since:
            lit[signal.transformer_id].add(signal.usage_point_id)
    return lit


def times_calling(reports: Iterable[Sequence[ReportFact]], rates: Rates) -> Floats:
    """How many mean customers each report's customer counts for by kind; shape (reports,)."""
    return np.array([rates.calls_of(mine[0].kind) for mine in reports], dtype=float)


def said_of(mine: Sequence[ReportFact], rates: Rates) -> float:
    """Likelihood ratio of what a customer said of the neighbours: dark against light."""
    said = [r.neighbours_out for r in mine if r.neighbours_out is not None]
    if not said:
        return 1.0
    return rates.neighbours_out if said[-1] else rates.neighbours_lit


SETTLED = 0.99


def settled_by(
    reports: Sequence[Sequence[ReportFact]], without: Without
) -> tuple[dict[TicketId, tuple[OutageId, float]], list[int]]:
    """Tickets that the confirmed outage they are with explains beyond doubt; the others' numbers.

    They need not be weighed again: in a storm they are most of what a feeder holds.
    """
    settled: dict[TicketId, tuple[OutageId, float]] = {}
    left = list(range(len(reports)))
    if not without.known_ids or not reports:
        return settled, left
    shares = (without.known + without.of_known) / without.total
    best = shares.argmax(axis=0)
    left = []
    for n, mine in enumerate(reports):
        outage_id, share = without.known_ids[best[n]], float(shares[best[n], n])
        if share > SETTLED and mine[0].outage_id == outage_id:
            settled.update((report.ticket_id, (outage_id, share)) for report in mine)
        else:
            left.append(n)
    return settled, left


def _held(mine: Sequence[ReportFact], outage: OutageFact) -> float:
    """Share of a report's place that lies on what the outage holds."""
    report = mine[0]
    if outage.device_id is None:
        return float(any(r.outage_id == outage.id for r in mine))
    if report.spread:
        return sum(w for transformer, w in report.spread if transformer in outage.transformers)
    return float(report.transformer_id in outage.transformers)
