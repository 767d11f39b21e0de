"""Customers on record under the wrong transformer: they call when a neighbouring one is out.

A call while a neighbouring transformer is out and the customer's own is not speaks for a wrong
link, silence then a little against it; a call while only the own one is out speaks for the record.
How strongly a call speaks is held down by everything else it may be: the fault of one home, a
report filed under the wrong customer, an own transformer that was out too and not written down. A
last gasp speaks in the same way, and for a meter that has gasped before so does its silence.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from dispatch.domain.link import LinkEvidence, SuspectedLink, heard_of
from dispatch.domain.past import Darkness, LinkedCustomer, LinkHistory
from dispatch.domain.words import UsagePointId
from dispatch.rates import MINUTES_PER_YEAR, Rates

WRONG_SHARE = 0.02
"""Links that are wrong before anything was seen (assumption)."""

UNRECORDED = 0.1
"""How often an outage also holds a transformer next to those on record (assumption)."""

FILED_AMONG = 300
"""A report filed under the wrong customer lands on one of so many (assumption)."""

STIRRED = 10.0
"""Single homes fail so much more often while something else is out (assumption)."""

EARLY = timedelta(minutes=3)
GASP_WITHIN = timedelta(minutes=15)
"""A last gasp so long before an outage's beginning on record is of that outage: where only callers
dated it, it began before the first of them."""
GASP_LATE = timedelta(minutes=5)
SOONEST_MIN = 0.5
FEWEST_OUTAGES = 2
LEAST_PROBABILITY = 0.9


def suspect_links(history: LinkHistory, rates: Rates) -> list[SuspectedLink]:
    """Customers whose link is probably wrong, surest first; changes nothing."""
    looked = _Looked(history, rates)
    found = [s for customer in history.customers if (s := looked.judge(customer)) is not None]
    return sorted(found, key=lambda s: (-s.probability, s.account))


@dataclass(slots=True)
class _Looked:
    """The history, found by transformer and by customer."""

    history: LinkHistory
    rates: Rates
    dark: dict[str, list[Darkness]] = field(default_factory=dict)
    calls: dict[UsagePointId, list[datetime]] = field(default_factory=dict)
    heard: dict[str, list[tuple[datetime, UsagePointId]]] = field(default_factory=dict)
    gasps: dict[UsagePointId, list[datetime]] = field(default_factory=dict)
    gasped: dict[str, list[tuple[datetime, UsagePointId]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for darkness in sorted(self.history.darkness, key=lambda d: (d.from_at, d.outage_id)):
            self.dark.setdefault(darkness.transformer_id, []).append(darkness)
        for report in sorted(self.history.reports, key=lambda r: (r.at, r.usage_point_id)):
            self.calls.setdefault(report.usage_point_id, []).append(report.at)
            self.heard.setdefault(report.transformer_id, []).append(
                (report.at, report.usage_point_id)
            )
        for gasp in sorted(self.history.gasps, key=lambda g: (g.at, g.usage_point_id)):
            self.gasps.setdefault(gasp.usage_point_id, []).append(gasp.at)
            self.gasped.setdefault(gasp.transformer_id, []).append((gasp.at, gasp.usage_point_id))

    def judge(self, customer: LinkedCustomer) -> SuspectedLink | None:
        """Whether another transformer explains a customer's calls much better."""
        weighed: dict[str, tuple[LinkEvidence, ...]] = {}
        for candidate in customer.nearby:
            if self._outages_heard_in(customer, candidate) >= FEWEST_OUTAGES:
                evidence = tuple(self._evidence(customer, candidate))
                if heard_of(evidence) >= FEWEST_OUTAGES:
                    weighed[candidate] = evidence
        if not weighed:
            return None
        prior = WRONG_SHARE / len(customer.nearby) / (1 - WRONG_SHARE)
        odds = {c: prior * math.exp(sum(e.log_odds for e in ev)) for c, ev in weighed.items()}
        best = max(sorted(odds), key=lambda c: odds[c])
        every = sum(odds.values())
        if every / (1 + every) < LEAST_PROBABILITY:
            return None
        return SuspectedLink(
            usage_point_id=customer.usage_point_id,
            account=customer.account,
            transformer_id=customer.transformer_id,
            candidate_id=best,
            probability=every / (1 + every),
            of_candidate=odds[best] / (1 + every),
            evidence=tuple(sorted(weighed[best], key=lambda e: (e.from_at, e.outage_id))),
            district_id=customer.district_id,
        )

    def _outages_heard_in(self, customer: LinkedCustomer, candidate: str) -> int:
        """Outages of a candidate in which the customer was heard of, whatever else was out."""
        dark = self.dark.get(candidate, ())
        who = customer.usage_point_id
        return len({d.outage_id for d in dark if (self._call_in(d, who) or self._gasp_in(d, who))})

    def _evidence(self, customer: LinkedCustomer, candidate: str) -> Iterator[LinkEvidence]:
        """What tells the two transformers apart: when one of them was out and the other was not."""
        own = customer.transformer_id
        for there, other, neighbour in ((candidate, own, True), (own, candidate, False)):
            for darkness in self.dark.get(there, ()):
                if self._overlaps(darkness, other):
                    continue
                if neighbour and self._others_heard(darkness, customer):
                    continue  # the own transformer was out too, it seems
                called_at = self._call_in(darkness, customer.usage_point_id)
                gasped_at = self._gasp_in(darkness, customer.usage_point_id)
                odds = self._log_odds(darkness, called_at, own if neighbour else None)
                if customer.usage_point_id in self.gasps:
                    odds += self._gasp_odds(darkness, gasped_at, own if neighbour else None)
                yield LinkEvidence(
                    outage_id=darkness.outage_id,
                    from_at=darkness.from_at,
                    to_at=darkness.to_at,
                    neighbour=neighbour,
                    called_at=called_at,
                    gasped_at=gasped_at,
                    log_odds=odds if neighbour else -odds,
                )

    def _overlaps(self, darkness: Darkness, transformer_id: str) -> bool:
        return any(
            d.from_at < darkness.to_at and darkness.from_at < d.to_at
            for d in self.dark.get(transformer_id, ())
        )

    def _others_heard(self, darkness: Darkness, customer: LinkedCustomer) -> bool:
        """Whether others of the customer's transformer called, or two of their meters gasped."""
        own, who = customer.transformer_id, customer.usage_point_id
        called = _others(self.heard.get(own, []), darkness.from_at - EARLY, darkness.to_at, who)
        first, last = _gasp_window(darkness)
        return bool(called) or len(_others(self.gasped.get(own, []), first, last, who)) > 1

    def _gasp_in(self, darkness: Darkness, usage_point_id: UsagePointId) -> datetime | None:
        gasps = self.gasps.get(usage_point_id, [])
        first, last = _gasp_window(darkness)
        n = bisect_left(gasps, first)
        return gasps[n] if n < len(gasps) and gasps[n] <= last else None

    def _gasp_odds(self, dark: Darkness, gasped_at: datetime | None, own: str | None) -> float:
        """How much the meter's last gasp, or its silence, speaks for it having been out as well."""
        share = self.rates.gasp_share
        p = (share.mean * share.concentration + dark.gasps) / (
            share.concentration + max(dark.customers, dark.gasps)
        )
        if gasped_at is None:
            return math.log1p(-p)
        first, last = _gasp_window(dark)
        a_minute = p / ((last - first).total_seconds() / 60)
        otherwise = (STIRRED * self.rates.single + self.rates.false_gasps) / MINUTES_PER_YEAR
        if own is not None:
            meters = {who for _, who in self.gasped.get(own, [])}
            silent = (1 - p) ** max(len(meters) - 1, 0) * self._nobody_called(dark, own)
            odds = UNRECORDED / (1 - UNRECORDED) * silent
            otherwise += odds / (1 + odds) * a_minute
        return math.log((a_minute + otherwise) / otherwise)

    def _call_in(self, darkness: Darkness, usage_point_id: UsagePointId) -> datetime | None:
        calls = self.calls.get(usage_point_id, [])
        n = bisect_left(calls, darkness.from_at - EARLY)
        return calls[n] if n < len(calls) and calls[n] < darkness.to_at else None

    def _log_odds(self, dark: Darkness, called_at: datetime | None, own: str | None) -> float:
        """How much a call, or silence, speaks for the customer having been out with the outage.

        `own` is the customer's transformer on record, if that is not the one that was out.
        """
        p, reached = self._callers(dark)
        if called_at is None:
            return math.log1p(-p * reached)
        after = max((called_at - dark.from_at).total_seconds() / 60, SOONEST_MIN)
        density = float(self.rates.call_delay.density(np.array([after]))[0])
        otherwise = STIRRED * self.rates.single / MINUTES_PER_YEAR
        otherwise += self.rates.misplaced * dark.callers * density / FILED_AMONG
        if own is not None:
            odds = UNRECORDED / (1 - UNRECORDED) * self._nobody_called(dark, own)
            otherwise += odds / (1 + odds) * p * density
        return math.log((p * density + otherwise) / otherwise)

    def _callers(self, dark: Darkness) -> tuple[float, float]:
        """Share of an outage's customers who would call, and how many of those had by its end."""
        share = self.rates.call_share
        mine = share.mean * share.concentration
        customers = max(dark.customers, dark.callers)  # more call than the record has, at times
        lasted = (dark.to_at - dark.from_at).total_seconds() / 60
        reached = float(self.rates.call_delay.distribution(np.array([lasted]))[0])
        return (mine + dark.callers) / (share.concentration + customers), reached

    def _nobody_called(self, dark: Darkness, own: str) -> float:
        """Probability of none of the others of a transformer calling, had it been out as well."""
        p, reached = self._callers(dark)
        return (1 - p * reached) ** max(self.history.served.get(own, 0) - 1, 0)


def _gasp_window(darkness: Darkness) -> tuple[datetime, datetime]:
    return darkness.from_at - GASP_WITHIN, darkness.from_at + GASP_LATE


def _others(
    heard: Sequence[tuple[datetime, UsagePointId]],
    since: datetime,
    until: datetime,
    but: UsagePointId,
) -> set[UsagePointId]:
    """Who else was heard of in a time; `heard` is sorted."""
    first = bisect_left(heard, since, key=lambda h: h[0])
    last = bisect_right(heard, until, key=lambda h: h[0])
    return {who for _, who in heard[first:last]} - {but}
