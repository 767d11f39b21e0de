"""A feeder's evidence as arrays: who reported from where, what is known, what explains it.

Reports of one customer are one report, dated by the first. The rate at which a report comes
without a new outage is made of three: faults of single customers, reports filed under the wrong
customer while others call, and the callers of confirmed outages.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np

from dispatch.domain.facts import (
    FeederEvidence,
    MeterSignal,
    MeterSignalKind,
    OutageFact,
    ReportFact,
)
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import OutageId, TicketId
from dispatch.feeder import Feeder
from dispatch.inference import Posterior, combine
from dispatch.rates import MINUTES_PER_YEAR, Floats, Rates, Stirring
from dispatch.weighing import Relit, Signals, States, Told, weigh

UNLIKELY_PLACE = 0.01
"""A place that holds less of a report is left out of account."""

SURELY_THERE = 0.95

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


@dataclass(frozen=True, slots=True)
class Gathered:
    """One look's evidence. Reports are numbered; `reports[n]` are the tickets of one customer."""

    feeder: Feeder
    rates: Rates
    now: datetime
    reports: tuple[tuple[ReportFact, ...], ...]
    known: tuple[OutageFact, ...]
    known_ids: frozenset[OutageId]
    settled: Mapping[TicketId, tuple[OutageId, float]]
    at: Floats
    calls: Signals
    gasps: Signals
    states: States
    told: Told
    without: Without
    lit_or_taken: frozenset[str]
    alone: frozenset[OutageId]
    stirring: Stirring

    @property
    def speaks(self) -> bool:
        """Whether anything beside reports says that something opened."""
        return bool(self.gasps.count) or bool(np.isfinite(self.told.device_open).any())

    def understood(self) -> "tuple[Gathered, Posterior]":
        """What all of it says of the feeder, seen from its head.

        A report that may have come from several places is weighed twice: the second time its
        places count by what the first found to be dark there.
        """
        weighed = weigh(
            self.feeder,
            self.rates,
            self.calls,
            gasps=self.gasps,
            states=self.states,
            told=self.told,
            stirring=self.stirring.devices,
        )
        first = combine(weighed).lit_above()
        if not (self.calls.weight < SURELY_THERE).any():
            return self, first
        placed = weighed.placed_by(first.tells())
        return replace(self, calls=placed.calls), combine(placed).lit_above()

    def tickets_of(self, n: int) -> list[TicketId]:
        """Tickets of one report."""
        return [report.ticket_id for report in self.reports[n]]

    def first_at(self, n: int) -> datetime:
        """When the customer first called."""
        return self.reports[n][0].received_at

    def pre_of(self, n: int) -> int:
        """The place the report most probably came from."""
        mine = np.flatnonzero(self.calls.report == n)
        return int(self.calls.pre[mine[np.argmax(self.calls.weight[mine])]])

    def holder_of(self, n: int) -> OutageId | None:
        """The outage that holds a report now."""
        return self.reports[n][0].outage_id

    def main_holder(self, numbers: Iterable[int]) -> OutageId | None:
        """The outage that holds most of some reports now."""
        held = [holder for n in numbers if (holder := self.holder_of(n)) is not None]
        return max(sorted(set(held)), key=held.count, default=None)

    def has_own_order(self, n: int) -> bool:
        """Whether a crew is asked for to a report's home alone."""
        return self.holder_of(n) in self.alone

    def device_id(self, row: int) -> str:
        """Id of the device at a row."""
        return self.feeder.devices[row].id

    def sighted(self, row: int) -> bool:
        """Whether the device itself was seen open."""
        return bool(np.isfinite(self.told.device_open[row]))

    def below(self, row: int) -> list[int]:
        """Reports that may have come from at or below a device."""
        pre, post = self.feeder.pre[row], self.feeder.post[row]
        inside = (pre <= self.calls.pre) & (self.calls.pre < post)
        share = np.bincount(
            self.calls.report,
            weights=np.where(inside, self.calls.weight, 0.0),
            minlength=len(self.reports),
        )
        return np.flatnonzero(share > UNLIKELY_PLACE).tolist()

    def single_share(self, n: int) -> float:
        """How probably a report that nothing new explains is the fault of one customer."""
        return float(self.without.single[n] / self.without.total[n])

    def misplaced_share(self, n: int) -> float:
        """How probably it was filed under the wrong customer, if nothing new explains it."""
        return float(self.without.misplaced[n] / self.without.total[n])

    def known_share(self, n: int) -> tuple[OutageId | None, float]:
        """The confirmed outage that most probably explains a report, with the probability."""
        if not self.known:
            return None, 0.0
        by_outage = self.without.known[:, n] + self.without.of_known[:, n]
        best = int(np.argmax(by_outage))
        share = float(by_outage[best] / self.without.total[n])
        return (self.known[best].id, share) if share > 0 else (None, 0.0)


def gather(
    evidence: FeederEvidence,
    feeder: Feeder,
    rates: Rates,
    now: datetime,
    stirring: Stirring | None = None,
) -> Gathered:
    """Lay out a feeder's evidence; what hangs on no transformer of the feeder is left out."""
    stirring = stirring or rates.stirring(evidence.around)
    known = tuple(o for o in evidence.outages if o.status is not OutageStatus.PREDICTED)
    reports = _by_customer(evidence.reports, feeder)
    at = np.array([_minutes(r[0].received_at, now) for r in reports], dtype=float)
    without = _without(reports, at, evidence, feeder, rates, now)
    without = replace(without, single=without.single * stirring.singles)
    settled, open_ = _settled(reports, known, without)
    reports = tuple(reports[n] for n in open_)
    at, without = at[open_], without.only(open_)
    dark_since = _dark_since(known, now)
    return Gathered(
        feeder=feeder,
        rates=rates,
        now=now,
        reports=reports,
        known=known,
        known_ids=frozenset(o.id for o in known),
        settled=settled,
        calls=_calls(reports, at, without, feeder, rates, _dark_when(evidence, dark_since, now)),
        at=at,
        gasps=_gasps(evidence, feeder, rates, dark_since, now),
        states=_states(evidence, reports, feeder, rates, now),
        told=_told(evidence, known, feeder, dark_since, now),
        without=without,
        lit_or_taken=frozenset(dark_since),
        alone=frozenset(
            o.id
            for o in evidence.outages
            if o.status is OutageStatus.PREDICTED and o.device_id is None and o.order_sent
        ),
        stirring=stirring,
    )


def _dark_since(known: Iterable[OutageFact], now: datetime) -> dict[str, float]:
    """When each transformer that a confirmed outage holds lost supply, in minutes."""
    by_age = sorted(known, key=lambda o: o.started_at, reverse=True)
    return {t: _minutes(outage.started_at, now) for outage in by_age for t in outage.transformers}


def _dark_when(
    evidence: FeederEvidence, dark_since: Mapping[str, float], now: datetime
) -> dict[str, tuple[float, float]]:
    """From when to when each transformer was dark for a known outage, the last one, in minutes."""
    over = {
        transformer: (_minutes(lost, now), _minutes(relit, now))
        for transformer, (lost, relit) in evidence.relit.items()
    }
    return over | {transformer: (since, np.inf) for transformer, since in dark_since.items()}


def _minutes(at: datetime, now: datetime) -> float:
    return (at - now).total_seconds() / 60


def _by_customer(
    reports: Iterable[ReportFact], feeder: Feeder
) -> tuple[tuple[ReportFact, ...], ...]:
    """Reports to be judged, a customer's together; what a person placed is left where it is."""
    by_home: dict[object, list[ReportFact]] = {}
    for report in sorted(reports, key=lambda r: (r.received_at, r.ticket_id)):
        if report.transformer_id in feeder.transformer_pre and not report.by_hand:
            by_home.setdefault(report.usage_point_id or report.ticket_id, []).append(report)
    return tuple(tuple(mine) for mine in by_home.values())


def _without(
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
        since = at - _minutes(outage.started_at, now) + 0.5
        calls = rates.call_delay.density(since)
        if outage.status is not OutageStatus.PREDICTED:  # some come home to it, or wake up
            calls = np.where(since > 0, np.maximum(calls, rates.straggling), 0.0)
        busy = held[outage.id] >= MANY and outage.device_id is not None
        astray = calls * busy * rates.misplaced * held[outage.id] / customers
        if outage.status is OutageStatus.PREDICTED:
            misplaced += astray
            continue
        here = np.array([[_held(mine, outage) for mine in reports]], dtype=float)
        # Of single homes it is known who reported them.
        known.append(here if outage.device_id is None else rates.call_share.mean * calls * here)
        of_known.append(astray[None, :])
    single = _single(reports, at, evidence, rates, now)
    return Without(single, misplaced, np.concatenate(known), np.concatenate(of_known))


def _single(
    reports: Sequence[Sequence[ReportFact]],
    at: Floats,
    evidence: FeederEvidence,
    rates: Rates,
    now: datetime,
) -> Floats:
    """Reports per minute of each customer's own fault.

    What failed while the place was dark for a known outage is noticed once that is over, by all
    of them at about the same time.
    """
    usual = rates.single / MINUTES_PER_YEAR
    minutes = np.ones(len(reports))
    for n, mine in enumerate(reports):
        times = evidence.relit.get(mine[0].transformer_id or "")
        if times is not None:
            lost, relit = (_minutes(each, now) for each in times)
            noticed = rates.call_delay.density(np.array([at[n] - relit]))[0]
            minutes[n] += (relit - lost) * noticed
    return usual * minutes


SETTLED = 0.99


def _settled(
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


def _calls(
    reports: Sequence[Sequence[ReportFact]],
    at: Floats,
    without: Without,
    feeder: Feeder,
    rates: Rates,
    dark: Mapping[str, tuple[float, float]],
) -> Signals:
    """Reports by place; from where it was dark for a known outage they tell of no other.

    `dark` has the minutes at which each such transformer lost supply and got it back.
    """
    number, pre, weight, tells = [], [], [], []
    for n, mine in enumerate(reports):
        for transformer, share in _places(mine[0], feeder):
            number.append(n)
            pre.append(feeder.transformer_pre[transformer])
            weight.append(share)
            lost, relit = dark.get(transformer, (np.inf, np.inf))
            tells.append(not lost <= at[n] <= relit)
    said = np.array([_said(mine, rates) for mine in reports], dtype=float)
    rows = np.array(number, dtype=np.intp)
    odds = said / without.total if len(reports) else said
    return Signals(
        rows,
        np.array(pre, dtype=np.intp),
        np.array(weight, dtype=float),
        at[rows],
        odds[rows] * np.array(tells, dtype=float),
    )


def _places(report: ReportFact, feeder: Feeder) -> list[tuple[str, float]]:
    here = [(t, w) for t, w in report.spread if t in feeder.transformer_pre]
    if here:
        return here
    return [(report.transformer_id, 1.0)] if report.transformer_id else []


def _said(mine: Sequence[ReportFact], rates: Rates) -> float:
    """Likelihood ratio of what the customer said of the neighbours."""
    said = [r.neighbours_out for r in mine if r.neighbours_out is not None]
    if not said:
        return 1.0
    return rates.neighbours_out if said[-1] else rates.neighbours_lit


def _gasps(
    evidence: FeederEvidence,
    feeder: Feeder,
    rates: Rates,
    dark_since: Mapping[str, float],
    now: datetime,
) -> Signals:
    """Each meter's last gasps that no later sign of light, its own or its place's, has answered."""
    last: dict[int, MeterSignal] = {}
    for signal in sorted(evidence.signals, key=lambda s: s.at):
        if signal.transformer_id not in feeder.transformer_pre:
            continue
        if signal.kind is MeterSignalKind.LAST_GASP:
            last[signal.usage_point_id] = signal
        elif signal.kind is not MeterSignalKind.PING_OFF:
            last.pop(signal.usage_point_id, None)
    heard = [
        (feeder.transformer_pre[signal.transformer_id], _minutes(signal.at, now))
        for signal in last.values()
        if not _lit_after(evidence, signal.transformer_id, signal.at)
        and _minutes(signal.at, now) < dark_since.get(signal.transformer_id, np.inf)
    ]
    pre, at = zip(*heard, strict=True) if heard else ((), ())
    return Signals(
        np.arange(len(heard), dtype=np.intp),
        np.array(pre, dtype=np.intp),
        np.ones(len(heard)),
        np.array(at, dtype=float),
        np.full(len(heard), MINUTES_PER_YEAR / rates.false_gasps),
    )


def _lit_after(evidence: FeederEvidence, transformer_id: str, at: datetime) -> bool:
    """Whether supply was restored to a place after something was seen."""
    lit = evidence.lit.get(transformer_id)
    return lit is not None and lit > at


def _states(
    evidence: FeederEvidence,
    reports: Sequence[Sequence[ReportFact]],
    feeder: Feeder,
    rates: Rates,
    now: datetime,
) -> States:
    """Light and dark as meters, restorations and callers tell of them.

    A report from before its transformer was restored that is still open is a caller who has no
    light all the same.
    """
    sure = float(np.log((1 - rates.meter_errs) / rates.meter_errs))
    odds = {
        MeterSignalKind.PING_OFF: sure,
        MeterSignalKind.PING_ON: -sure,
        MeterSignalKind.POWER_UP: -sure,
    }
    seen = [
        (feeder.transformer_pre[s.transformer_id], _minutes(s.at, now), odds[s.kind], -1)
        for s in evidence.signals
        if s.kind in odds and s.transformer_id in feeder.transformer_pre
    ]
    lit = {t: at for t, at in evidence.lit.items() if t in feeder.transformer_pre}
    numbers = {at: n for n, at in enumerate(sorted(set(lit.values())))}
    reached = float(np.log(rates.restored_errs))
    seen += [
        (feeder.transformer_pre[t], _minutes(at, now), reached, numbers[at])
        for t, at in lit.items()
    ]
    seen += [
        (feeder.transformer_pre[transformer], _minutes(at, now), rates.still_dark, -1)
        for mine in reports
        if (transformer := mine[0].transformer_id) is not None
        and (at := lit.get(transformer)) is not None
        and mine[0].received_at < at
    ]
    pre, minutes, log, statement = zip(*seen, strict=True) if seen else ((), (), (), ())
    return States(
        np.array(pre, dtype=np.intp),
        np.array(minutes, dtype=float),
        np.array(log, dtype=float),
        np.array(statement, dtype=np.intp),
    )


def _told(
    evidence: FeederEvidence,
    known: Sequence[OutageFact],
    feeder: Feeder,
    dark_since: Mapping[str, float],
    now: datetime,
) -> Told:
    """What was seen of devices, and who is out for a known cause.

    A device seen open has been closed again, or got round, once supply was restored below it.
    """
    dark = [t for t in feeder.tree.transformers if t.id in dark_since]
    told = replace(
        Told.nothing(feeder),
        dark_pre=np.array([t.pre for t in dark], dtype=np.intp),
        dark_customers=np.array([t.customers for t in dark], dtype=float),
        dark_since=np.array([dark_since[t.id] for t in dark], dtype=float),
        relit=_relit(evidence, feeder, dark_since, now),
    )
    for sighting in sorted(evidence.sightings, key=lambda s: s.at):
        row = feeder.row.get(sighting.device_id)
        if row is None:
            continue
        if not sighting.is_open:
            told.device_open[row] = np.nan
            told.device_from[row] = _minutes(sighting.at, now)
        elif not any(_lit_after(evidence, t, sighting.at) for t in feeder.below(row)):
            told.device_open[row] = _minutes(sighting.at, now)
    for outage in known:
        if outage.device_id in feeder.row:
            told.shut[feeder.row[outage.device_id]] = True
            told.device_open[feeder.row[outage.device_id]] = np.nan
    return told


def _relit(
    evidence: FeederEvidence, feeder: Feeder, dark_since: Mapping[str, float], now: datetime
) -> Relit:
    """Where a known outage is over, and no other one has begun since."""
    places = sorted(
        (t.pre, t.customers, *(_minutes(at, now) for at in evidence.relit[t.id]))
        for t in feeder.tree.transformers
        if t.id in evidence.relit and t.id not in dark_since
    )
    pre, customers, lost, at = zip(*places, strict=True) if places else ((), (), (), ())
    return Relit(
        np.array(pre, dtype=np.intp),
        np.array(customers, dtype=float),
        np.array(lost, dtype=float),
        np.array(at, dtype=float),
    )
