"""How often each report would come if nothing new had opened.

Reports of one customer are one report, dated by the first. The rate is made of three: faults of
single customers, reports filed under the wrong customer while others call, and the callers of
confirmed outages.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from dispatch.domain.facts import (
    FeederEvidence,
    MeterSignalKind,
    OutageFact,
    ReportFact,
)
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import OutageId, TicketId, UsagePointId
from dispatch.feeder import Feeder
from dispatch.rates import MINUTES_PER_YEAR, Floats, Rates

MANY = 5
"""Reports that one outage explains before others are suspected to be misfiled ones of it."""


@dataclass(frozen=True, eq=False)
class Without:
    """Rates per minute at which each report comes without a new outage; shape (reports,).

    `known` and `of_known` are per confirmed outage, shape (outages, reports): reports from what it
    holds, and those of its callers who were filed under another customer.
    """

    single: Floats
    misplaced: Floats
    known: Floats
    of_known: Floats

    def only(self, numbers: Sequence[int]) -> "Without":
        """Those of some reports."""
        chosen = np.array(numbers, dtype=np.intp)
        return Without(
            self.single[chosen],
            self.misplaced[chosen],
            self.known[:, chosen],
            self.of_known[:, chosen],
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
    now: datetime,
) -> Without:
    """In a usual year's weather."""
    shape = (0, len(reports))
    known, of_known = [np.zeros(shape)], [np.zeros(shape)]
    misplaced = np.zeros(len(reports))
    held = Counter(mine[0].outage_id for mine in reports)
    customers = max(float(feeder.customers[feeder.parent < 0].sum()), 1.0)
    for outage in evidence.outages:
        since = at - minutes_from(outage.started_at, now) + 0.5
        calls = rates.call_delay.density(since)
        busy = held[outage.id] >= MANY and outage.device_id is not None
        astray = calls * busy * rates.misplaced * held[outage.id] / customers
        if outage.status is OutageStatus.PREDICTED:
            misplaced += astray
            continue
        here = np.array([[_held(mine, outage) for mine in reports]], dtype=float)
        if outage.device_id is not None:
            late = np.where(since > 0, np.maximum(calls, rates.straggling), 0.0)
            here *= rates.call_share.mean * late * _dark_by(reports, evidence, outage, rates)
        known.append(here)  # of single homes it is known who reported them
        of_known.append(astray[None, :])
    single = np.full(len(reports), rates.single / MINUTES_PER_YEAR)
    return Without(single, misplaced, np.concatenate(known), np.concatenate(of_known))


LIGHT = frozenset({MeterSignalKind.PING_ON, MeterSignalKind.POWER_UP})


def _dark_by(
    reports: Sequence[Sequence[ReportFact]],
    evidence: FeederEvidence,
    outage: OutageFact,
    rates: Rates,
) -> Floats:
    """Likelihood ratio of each report's place being dark for a known outage, from what is told."""
    ratio = np.array([said_of(mine, rates) for mine in reports])
    lit_meters: dict[str, set[UsagePointId]] = defaultdict(set)
    for signal in evidence.signals:
        if signal.kind in LIGHT and signal.at > outage.started_at:
            lit_meters[signal.transformer_id].add(signal.usage_point_id)
    errs = rates.meter_errs / (1 - rates.meter_errs)
    for n, mine in enumerate(reports):
        ratio[n] *= errs ** len(lit_meters[mine[0].transformer_id or ""])
        lit = evidence.lit.get(mine[0].transformer_id or "")
        if lit is not None and outage.started_at < lit < mine[0].received_at:
            ratio[n] *= rates.restored_errs
    return ratio


def said_of(mine: Sequence[ReportFact], rates: Rates) -> float:
    """Likelihood ratio of what a customer said of the neighbours: dark against light."""
    said = [r.neighbours_out for r in mine if r.neighbours_out is not None]
    if not said:
        return 1.0
    return rates.neighbours_out if said[-1] else rates.neighbours_lit


SETTLED = 0.99


def settled_by(
    reports: Sequence[Sequence[ReportFact]], known: Sequence[OutageFact], without: Without
) -> tuple[dict[TicketId, tuple[OutageId, float]], list[int]]:
    """Tickets that the confirmed outage they are with explains beyond doubt; the others' numbers.

    They need not be weighed again: in a storm they are most of what a feeder holds.
    """
    settled: dict[TicketId, tuple[OutageId, float]] = {}
    left = list(range(len(reports)))
    if not known or not reports:
        return settled, left
    shares = (without.known + without.of_known) / without.total
    best = shares.argmax(axis=0)
    left = []
    for n, mine in enumerate(reports):
        outage_id, share = known[best[n]].id, float(shares[best[n], n])
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
