"""A feeder's evidence as arrays: who reported from where, what is known, what explains it.

Reports of one customer are one report, dated by the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from dispatch.domain.facts import (
    DeviceSighting,
    FeederEvidence,
    OutageFact,
    PlannedWork,
    ReportFact,
)
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import OutageId, TicketId
from dispatch.feeder import Feeder
from dispatch.inference import Posterior, combine
from dispatch.rates import Floats, Rates, Stirring
from dispatch.signals import Signals, States, Told
from dispatch.signs import called, gasped, seen_states, told_of
from dispatch.waking import Sending, calls_along
from dispatch.weighing import weigh
from dispatch.without import Without, minutes_from, reports_without, settled_by, times_calling

UNLIKELY_PLACE = 0.01
"""A place that holds less of a report is left out of account."""

SURELY_THERE = 0.95


@dataclass(frozen=True, slots=True)
class Gathered:
    """One look's evidence. Reports are numbered; `reports[n]` are the tickets of one customer.

    `counts_for` is how many mean customers that customer counts for, as far as calling goes.
    """

    feeder: Feeder
    rates: Rates
    now: datetime
    reports: tuple[tuple[ReportFact, ...], ...]
    known: tuple[OutageFact, ...]
    known_ids: frozenset[OutageId]
    settled: Mapping[TicketId, tuple[OutageId, float]]
    at: Floats
    calls: Signals
    outlasting: frozenset[int]
    gasps: Signals
    states: States
    told: Told
    without: Without
    counts_for: Floats
    lit_or_taken: frozenset[str]
    alone: frozenset[OutageId]
    stirring: Stirring
    sending: Sending

    @property
    def speaks(self) -> bool:
        """Whether anything beside reports says that something opened."""
        return bool(self.gasps.count) or bool(np.isfinite(self.told.device_open).any())

    @property
    def is_silent(self) -> bool:
        """Whether nothing is left to be explained."""
        return not self.reports and not self.speaks

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
            sending=self.sending,
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

    def opened_at(self, row: int) -> float:
        """When the device was seen open, in minutes from now; NaN if it was not."""
        return float(self.told.device_open[row])

    def below(self, row: int) -> list[int]:
        """Reports that may have come from at or below a device."""
        return np.flatnonzero(self._share_below(row) > UNLIKELY_PLACE).tolist()

    def _share_below(self, row: int) -> Floats:
        """How much of each report's place lies at or below a device, shape (reports,)."""
        pre, post = self.feeder.pre[row], self.feeder.post[row]
        inside = (pre <= self.calls.pre) & (self.calls.pre < post)
        weight = np.where(inside, self.calls.weight, 0.0)
        within = np.bincount(self.calls.report, weights=weight, minlength=len(self.reports))
        return np.asarray(within, dtype=float)

    def explained_by(self, posterior: Posterior, row: int) -> dict[int, float]:
        """How probably each report came from a device's outage, given that it opened.

        One that came in the dark of a known outage tells nothing of when the device opened; but it
        has outlasted the restoration, and a device open above it is why.
        """
        explains = dict(enumerate(posterior.explains(row).tolist()))
        inside = self._share_below(row)
        return explains | {n: float(inside[n]) for n in self.outlasting}

    def single_share(self, n: int) -> float:
        """How probably a report that nothing new explains is the fault of one customer."""
        return float(self.without.single[n] / self.without.total[n])

    def misplaced_share(self, n: int) -> float:
        """How probably it was filed under the wrong customer, if nothing new explains it."""
        return float(self.without.misplaced[n] / self.without.total[n])

    def known_share(self, n: int) -> tuple[OutageId | None, float]:
        """The confirmed outage that most probably explains a report, with the probability."""
        if not self.known_ids:
            return None, 0.0
        by_outage = self.without.known[:, n] + self.without.of_known[:, n]
        best = int(np.argmax(by_outage))
        share = float(by_outage[best] / self.without.total[n])
        return (self.without.known_ids[best], share) if share > 0 else (None, 0.0)


def gather(
    evidence: FeederEvidence,
    feeder: Feeder,
    rates: Rates,
    now: datetime,
    stirring: Stirring | None = None,
) -> Gathered:
    """Lay out a feeder's evidence; what hangs on no transformer of the feeder is left out."""
    stirring = stirring or rates.stirring(evidence.around)
    evidence = _without_planned(evidence, feeder)
    known = tuple(o for o in evidence.outages if o.status is not OutageStatus.PREDICTED)
    reports = _by_customer(evidence.reports, feeder)
    at = np.array([minutes_from(r[0].received_at, now) for r in reports], dtype=float)
    sending = calls_along(evidence.tree, rates, now)
    without = reports_without(reports, at, evidence, feeder, rates, sending, now=now)
    without = replace(without, single=without.single * stirring.singles)
    settled, open_ = settled_by(reports, without)
    reports = tuple(reports[n] for n in open_)
    at, without = at[open_], without.only(open_)
    counts_for = times_calling(reports, rates)
    dark_since = _dark_since(known, evidence.planned, now)
    dark_when = _dark_when(evidence, dark_since, now)
    return Gathered(
        feeder=feeder,
        rates=rates,
        now=now,
        reports=reports,
        known=known,
        known_ids=frozenset(without.known_ids),
        settled=settled,
        calls=called(reports, at, without, feeder, rates, dark_when, counts_for=counts_for),
        outlasting=_outlasting(reports, at, dark_when),
        at=at,
        gasps=gasped(evidence, feeder, rates, dark_since, now),
        states=seen_states(evidence, reports, feeder, rates, dark_when, now),
        told=told_of(evidence, known, feeder, dark_since, now),
        without=without,
        counts_for=counts_for,
        lit_or_taken=frozenset(dark_since),
        alone=frozenset(
            o.id
            for o in evidence.outages
            if o.status is OutageStatus.PREDICTED and o.device_id is None and o.order_sent
        ),
        stirring=stirring,
        sending=sending,
    )


def _without_planned(evidence: FeederEvidence, feeder: Feeder) -> FeederEvidence:
    """The same without what planned work explains: what went dark, devices seen open."""
    planned = evidence.planned
    if not planned:
        return evidence

    def is_planned(transformers: Iterable[str], at: datetime) -> bool:
        return all(any(work.holds(t, at) for work in planned) for t in transformers)

    def is_explained(seen: DeviceSighting) -> bool:
        row = feeder.row.get(seen.device_id)
        return row is not None and is_planned(feeder.below(row), seen.at)

    return replace(
        evidence,
        signals=tuple(
            s
            for s in evidence.signals
            if s.kind.tells_of_light or not is_planned((s.transformer_id,), s.at)
        ),
        sightings=tuple(
            replace(s, is_live=s.is_live or None) if is_explained(s) else s
            for s in evidence.sightings
            if not s.is_open or not is_explained(s)
        ),
    )


def _dark_since(
    known: Iterable[OutageFact], planned: Iterable[PlannedWork], now: datetime
) -> dict[str, float]:
    """When each transformer of a confirmed outage, or of planned work, lost supply; minutes."""
    held = [(outage.started_at, outage.transformers) for outage in known]
    held += [(w.begins_at, w.transformers) for w in planned if w.begins_at <= now <= w.ends_at]
    by_age = sorted(held, key=lambda each: each[0], reverse=True)
    return {t: minutes_from(began, now) for began, transformers in by_age for t in transformers}


def _dark_when(
    evidence: FeederEvidence, dark_since: Mapping[str, float], now: datetime
) -> dict[str, tuple[float, float]]:
    """From when to when each transformer was dark for a known outage, the last one, in minutes."""
    over = {
        transformer: (minutes_from(lost, now), minutes_from(relit, now))
        for transformer, (lost, relit) in evidence.relit.items()
    }
    return over | {transformer: (since, np.inf) for transformer, since in dark_since.items()}


def _outlasting(
    reports: Sequence[Sequence[ReportFact]],
    at: Floats,
    dark_when: Mapping[str, tuple[float, float]],
) -> frozenset[int]:
    """Reports that came in the dark of a known outage, which is over at their place."""
    when = [dark_when.get(mine[0].transformer_id or "", (np.inf, np.inf)) for mine in reports]
    return frozenset(n for n, (lost, relit) in enumerate(when) if lost <= at[n] <= relit < np.inf)


def _by_customer(
    reports: Iterable[ReportFact], feeder: Feeder
) -> tuple[tuple[ReportFact, ...], ...]:
    """Reports to be judged, a customer's together; what a person placed is left where it is."""
    by_home: dict[object, list[ReportFact]] = {}
    for report in sorted(reports, key=lambda r: (r.received_at, r.ticket_id)):
        if report.transformer_id in feeder.transformer_pre and not report.by_hand:
            by_home.setdefault(report.usage_point_id or report.ticket_id, []).append(report)
    return tuple(tuple(mine) for mine in by_home.values())
