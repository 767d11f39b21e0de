"""A feeder's evidence as arrays: who reported from where, what is known, what explains it.

Reports of one customer are one report, dated by the first. The rate at which a report comes
without a new outage is made of three: faults of single customers, reports filed under the wrong
customer while others call, and the callers of confirmed outages.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from dispatch.domain.facts import (
    DeviceSighting,
    FeederEvidence,
    MeterSignal,
    MeterSignalKind,
    OutageFact,
    ReportFact,
)
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import OutageId, TicketId
from dispatch.inference import Feeder, Hypotheses, Signals, States, Told, weigh
from dispatch.rates import MINUTES_PER_YEAR, Floats, Rates

MANY = 5
"""Reports that one outage explains before others are suspected to be misfiled ones of it."""


@dataclass(frozen=True, slots=True)
class Without:
    """Rates per minute at which each report comes without a new outage; shape (reports,).

    `known` is per confirmed outage, shape (outages, reports).
    """

    single: Floats
    misplaced: Floats
    known: Floats

    def only(self, numbers: Sequence[int]) -> "Without":
        """Those of some reports."""
        chosen = np.array(numbers, dtype=np.intp)
        return Without(self.single[chosen], self.misplaced[chosen], self.known[:, chosen])

    def total(self) -> Floats:
        """All of them together."""
        return np.asarray(self.single + self.misplaced + self.known.sum(axis=0), dtype=float)


@dataclass(frozen=True, slots=True)
class Gathered:
    """One look's evidence. Reports are numbered; `reports[n]` are the tickets of one customer."""

    feeder: Feeder
    rates: Rates
    now: datetime
    reports: tuple[tuple[ReportFact, ...], ...]
    known: tuple[OutageFact, ...]
    settled: Mapping[TicketId, tuple[OutageId, float]]
    at: Floats
    calls: Signals
    gasps: Signals
    states: States
    told: Told
    without: Without
    lit_or_taken: frozenset[str]
    alone: frozenset[OutageId]
    stirring: float

    @property
    def speaks(self) -> bool:
        """Whether anything beside reports says that something opened."""
        return bool(self.gasps.count) or bool(np.isfinite(self.told.device_open).any())

    def allow_misfiled(self, busy: Sequence[tuple[float, int]]) -> "Gathered":
        """The same, with reports that may be misfiled ones of busy outages.

        `busy` are the beginnings (minutes) of outages with the number of reports they explain.
        """
        customers = max(float(self.feeder.customers[self.feeder.parent < 0].sum()), 1.0)
        rate = np.zeros(len(self.reports))
        for began, count in busy:
            if count >= MANY:
                rate += count * self.rates.call_delay.density(self.at - began)
        without = replace(self.without, misplaced=self.rates.misplaced * rate / customers)
        change = (self.without.total() / without.total())[self.calls.report]
        return replace(
            self, without=without, calls=replace(self.calls, odds=self.calls.odds * change)
        )

    def weigh(self) -> Hypotheses:
        """Weigh all of it."""
        return weigh(
            self.feeder,
            self.rates,
            self.calls,
            gasps=self.gasps,
            states=self.states,
            told=self.told,
            stirring=self.stirring,
        )

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

    @property
    def known_ids(self) -> frozenset[OutageId]:
        """The confirmed outages."""
        return frozenset(o.id for o in self.known)

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
        """Reports that most probably came from at or below a device."""
        pre, post = self.feeder.pre[row], self.feeder.post[row]
        inside = (pre <= self.calls.pre) & (self.calls.pre < post)
        share = np.bincount(
            self.calls.report,
            weights=np.where(inside, self.calls.weight, 0.0),
            minlength=len(self.reports),
        )
        return np.flatnonzero(share > 0.3).tolist()  # noqa: PLR2004

    def single_share(self, n: int) -> float:
        """How probably a report that nothing new explains is the fault of one customer."""
        return float(self.without.single[n] / self.without.total()[n])

    def misplaced_share(self, n: int) -> float:
        """How probably it was filed under the wrong customer, if nothing new explains it."""
        return float(self.without.misplaced[n] / self.without.total()[n])

    def known_share(self, n: int) -> tuple[OutageId | None, float]:
        """The confirmed outage that most probably explains a report, with the probability."""
        if not self.known:
            return None, 0.0
        best = int(np.argmax(self.without.known[:, n]))
        share = float(self.without.known[best, n] / self.without.total()[n])
        return (self.known[best].id, share) if share > 0 else (None, 0.0)

    def busy_known(self) -> list[tuple[float, int]]:
        """Beginnings of the confirmed outages, and how many reports each explains."""
        if not self.known:
            return []
        held = [outage_id for outage_id, _ in self.settled.values()]
        return [
            (_minutes(outage.started_at, self.now), held.count(outage.id)) for outage in self.known
        ]

    def calls_of(self, numbers: Sequence[int]) -> Signals:
        """The same reports alone, numbered anew."""
        new = {n: i for i, n in enumerate(numbers)}
        mine = np.isin(self.calls.report, np.array(numbers, dtype=np.intp))
        return Signals(
            np.array([new[int(n)] for n in self.calls.report[mine]], dtype=np.intp),
            self.calls.pre[mine],
            self.calls.weight[mine],
            self.calls.at[mine],
            self.calls.odds[mine],
        )

    def told_below(self, row: int, began: float) -> Told:
        """What is told of the devices strictly below an open one; the others are shut."""
        feeder = self.feeder
        inside = (feeder.pre > feeder.pre[row]) & (feeder.post <= feeder.post[row])
        return replace(
            self.told,
            shut=self.told.shut | ~inside,
            device_open=np.full(inside.size, np.nan),
            horizon=np.minimum(self.told.horizon, np.where(inside, began, 0.0)),
        )


def gather(evidence: FeederEvidence, feeder: Feeder, rates: Rates, now: datetime) -> Gathered:
    """Lay out a feeder's evidence; what hangs on no transformer of the feeder is left out."""
    known = tuple(o for o in evidence.outages if o.status is not OutageStatus.PREDICTED)
    reports = _by_customer(evidence.reports, feeder)
    at = np.array([_minutes(r[0].received_at, now) for r in reports], dtype=float)
    without = _without(reports, at, known, rates, evidence.stirring, now)
    settled, open_ = _settled(reports, known, without)
    reports = tuple(reports[n] for n in open_)
    at, without = at[open_], without.only(open_)
    return Gathered(
        feeder=feeder,
        rates=rates,
        now=now,
        reports=reports,
        known=known,
        settled=settled,
        calls=_calls(reports, at, without, feeder, rates),
        at=at,
        gasps=_gasps(evidence.signals, feeder, rates, now),
        states=_states(evidence, reports, feeder, rates, now),
        told=_told(evidence.sightings, known, feeder, now),
        without=without,
        lit_or_taken=frozenset(t for o in known for t in o.transformers),
        alone=frozenset(
            o.id
            for o in evidence.outages
            if o.status is OutageStatus.PREDICTED and o.device_id is None and o.order_sent
        ),
        stirring=evidence.stirring,
    )


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
    known: Sequence[OutageFact],
    rates: Rates,
    stirring: float,
    now: datetime,
) -> Without:
    single = rates.single / MINUTES_PER_YEAR * stirring**rates.singles_stir
    by_known = np.zeros((len(known), len(reports)))
    for k, outage in enumerate(known):
        began = _minutes(outage.started_at, now)
        held = np.array([_held(mine, outage) for mine in reports], dtype=float)
        if outage.device_id is None:  # single homes: who reported them is known
            by_known[k] = held
        else:
            rate = rates.call_share.mean * rates.call_delay.density(at - began + 0.5)
            by_known[k] = rate * held
    return Without(np.full(len(reports), single), np.zeros(len(reports)), by_known)


SETTLED = 0.999


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
    shares = without.known / without.total()
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
) -> Signals:
    number, pre, weight = [], [], []
    for n, mine in enumerate(reports):
        for transformer, share in _places(mine[0], feeder):
            number.append(n)
            pre.append(feeder.transformer_pre[transformer])
            weight.append(share)
    said = np.array([_said(mine, rates) for mine in reports], dtype=float)
    rows = np.array(number, dtype=np.intp)
    odds = said / without.total() if len(reports) else said
    return Signals(
        rows, np.array(pre, dtype=np.intp), np.array(weight, dtype=float), at[rows], odds[rows]
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


def _gasps(signals: Iterable[MeterSignal], feeder: Feeder, rates: Rates, now: datetime) -> Signals:
    """Each meter's last gasps that no later sign of light has answered."""
    last: dict[int, MeterSignal] = {}
    for signal in sorted(signals, key=lambda s: s.at):
        if signal.transformer_id not in feeder.transformer_pre:
            continue
        if signal.kind is MeterSignalKind.LAST_GASP:
            last[signal.usage_point_id] = signal
        elif signal.kind is not MeterSignalKind.PING_OFF:
            last.pop(signal.usage_point_id, None)
    heard = list(last.values())
    false = rates.false_gasps / MINUTES_PER_YEAR
    return Signals(
        np.arange(len(heard), dtype=np.intp),
        np.array([feeder.transformer_pre[s.transformer_id] for s in heard], dtype=np.intp),
        np.ones(len(heard)),
        np.array([_minutes(s.at, now) for s in heard], dtype=float),
        np.full(len(heard), 1 / false),
    )


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
    sightings: Sequence[DeviceSighting],
    known: Sequence[OutageFact],
    feeder: Feeder,
    now: datetime,
) -> Told:
    told = Told.nothing(feeder)
    for sighting in sorted(sightings, key=lambda s: s.at):
        row = feeder.row.get(sighting.device_id)
        if row is None:
            continue
        at = _minutes(sighting.at, now)
        if sighting.is_open:
            told.device_open[row] = at
        else:
            told.device_open[row] = np.nan
            told.device_from[row] = at
    for outage in known:
        _account_for(told, outage, feeder, _minutes(outage.started_at, now))
    return told


def _account_for(told: Told, outage: OutageFact, feeder: Feeder, began: float) -> None:
    """Take a confirmed outage's customers out of question; below it only earlier faults show."""
    if outage.device_id in feeder.row:
        row = feeder.row[outage.device_id]
        told.shut[row] = True
        told.device_open[row] = np.nan
    held = [t for t in feeder.tree.transformers if t.id in outage.transformers]
    places = np.array(sorted(t.pre for t in held), dtype=np.intp)
    customers = np.array([t.customers for t in sorted(held, key=lambda t: t.pre)], dtype=float)
    running = np.concatenate(([0.0], np.cumsum(customers)))
    first, last = np.searchsorted(places, [feeder.pre, feeder.post])
    within = (last - first == feeder.served) & (feeder.served > 0)
    told.horizon[within] = np.minimum(told.horizon[within], began)
    told.accounted[~within] += (running[last] - running[first])[~within]
