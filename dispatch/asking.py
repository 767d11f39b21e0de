"""What to ask next: the few places whose answer would tell most of what has opened.

The devices in question are those above and below the predicted one, as inference left them; an
answer from a place depends on them alone (a place below another suspected device may be dark for
that one as well, which makes its answer err more). Expected information is exact: the entropy of
the answer less that of its errors. Each next place is chosen for what it tells beyond those before.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from dispatch.branches import Branches, Hearing, entropy
from dispatch.domain.facts import (
    DeviceNode,
    FeederEvidence,
    MeterSignalKind,
    OutageFact,
    TransformerNode,
)
from dispatch.domain.outage import OutageStatus
from dispatch.feeder import Feeder, Ints
from dispatch.gathered import Gathered, gather
from dispatch.inference import Posterior
from dispatch.rates import Floats, Rates

LEAST_BITS = 0.05
"""What tells less is not asked (assumption)."""

MOST_PLACES = 64
"""So many places are weighed against one another, those first that tell most by themselves."""

ASKED_WITHIN = timedelta(minutes=10)
"""A place whose meter was asked so lately is not asked again (assumption)."""

SUSPECT_ELSEWHERE = 0.5
"""A place that is more probably dark for another device tells of that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A place to ask.

    `bits` is what pinging a meter there tells beyond the questions before it, `caller_bits` what
    a caller from there tells by saying whether the neighbours have light. `dark` is the
    probability that the place is dark. `if_dark` and `if_lit` are the devices that either answer
    speaks for most; `if_lit` is None where that is "none of them".
    """

    transformer: TransformerNode
    bits: float
    caller_bits: float
    dark: float
    if_dark: DeviceNode
    if_lit: DeviceNode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextEvidence:
    """What would settle an outage; `doubt` is what is missing to know its device, in bits."""

    doubt: float
    questions: tuple[Question, ...]


NOTHING_TO_ASK = NextEvidence(doubt=0.0, questions=())


def next_evidence(
    evidence: FeederEvidence,
    rates: Rates,
    outage: OutageFact,
    *,
    now: datetime,
    feeder: Feeder | None = None,
    most: int = 3,
) -> NextEvidence:
    """Say which places to ask about a predicted outage, the most telling first.

    Nothing is asked of an outage that somebody has confirmed, or that nothing on the feeder
    speaks of.
    """
    feeder = feeder or Feeder(evidence.tree, rates)
    place = _place_of(evidence, outage, feeder)
    if outage.status is not OutageStatus.PREDICTED or place is None:
        return NOTHING_TO_ASK
    gathered, posterior = gather(evidence, feeder, rates, now).understood()
    if not posterior.numbers.size:
        return NOTHING_TO_ASK
    candidates = _Candidates.of(posterior, gathered, place)
    if not candidates.rows.size:
        return NOTHING_TO_ASK
    asked = _asked_lately(evidence, now) | gathered.lit_or_taken
    places = candidates.places(posterior, Hearing.erring(rates.meter_errs), asked)
    caller = Hearing.of_odds(rates.neighbours_out, rates.neighbours_lit)
    chosen = most_telling(
        candidates.branches,
        np.array([each.owner for each in places], dtype=np.intp),
        [each.hearing for each in places],
        most,
    )
    return NextEvidence(
        doubt=candidates.branches.doubt,
        questions=tuple(candidates.question(places[i], bits, caller) for i, bits in chosen),
    )


def _place_of(evidence: FeederEvidence, outage: OutageFact, feeder: Feeder) -> int | None:
    """Where in the tree the outage is thought to be; None where that is not known."""
    if outage.device_id is not None:
        row = feeder.row.get(outage.device_id)
        return None if row is None else int(feeder.pre[row])
    for report in evidence.reports:
        if report.outage_id == outage.id and report.transformer_id in feeder.transformer_pre:
            return feeder.transformer_pre[report.transformer_id]
    return None


def _asked_lately(evidence: FeederEvidence, now: datetime) -> frozenset[str]:
    pings = {MeterSignalKind.PING_ON, MeterSignalKind.PING_OFF}
    return frozenset(
        signal.transformer_id
        for signal in evidence.signals
        if signal.kind in pings and signal.at > now - ASKED_WITHIN
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A transformer that may be asked, and the candidate (by number) that it hangs on."""

    transformer: TransformerNode
    owner: int
    hearing: Hearing
    otherwise: float


@dataclass(frozen=True, eq=False)
class _Candidates:
    """The devices that the outage may be; `rows` are theirs in the feeder, in preorder."""

    feeder: Feeder
    rows: Ints
    branches: Branches

    @classmethod
    def of(cls, posterior: Posterior, gathered: Gathered, place: int) -> "_Candidates":
        """Those above a place, and those below the lowest of them that is at the place."""
        feeder, rows = gathered.feeder, posterior.rows
        pre, post = feeder.pre[rows], feeder.post[rows]
        over = np.flatnonzero((pre <= place) & (place < post))
        if not over.size:
            return cls(feeder, rows[:0], Branches(rows[:0], np.zeros(0)))
        below = np.flatnonzero((pre >= pre[over[-1]]) & (pre < post[over[-1]]))
        mine = np.union1d(over, below)
        above = posterior.hypotheses.above[mine]
        reached = 1 - (posterior.covered - posterior.topmost)
        opens = np.divide(posterior.topmost, reached, out=np.zeros(rows.size), where=reached > 0)
        above = np.where(above >= 0, np.searchsorted(mine, above), -1)
        return cls(feeder, rows[mine], Branches(above, opens[mine]))

    def places(self, posterior: Posterior, hearing: Hearing, but: Collection[str]) -> list[_Place]:
        """One transformer for each device that has some of its own: the one of most customers.

        Below a device of the feeder that is no candidate the one least probably dark counts.
        """
        best: dict[int, tuple[float, int, str, int, TransformerNode]] = {}
        dark = posterior.covered
        for transformer, owner in _owned(self.feeder, posterior.rows):
            candidate = self._over(int(self.feeder.pre[posterior.rows[owner]]))
            if transformer.id in but or candidate is None:
                continue
            own = self.rows[candidate] == posterior.rows[owner]
            lit = 1 - self.branches.dark[candidate]
            otherwise = 0.0 if own or lit <= 0 else float(1 - (1 - dark[owner]) / lit)
            if otherwise > SUSPECT_ELSEWHERE:
                continue
            key = candidate if own else -1 - self._branch(posterior, owner, candidate)
            rank = (otherwise, -transformer.customers, transformer.id, candidate, transformer)
            best[key] = min(best.get(key, rank), rank, key=lambda each: each[:3])
        return [
            _Place(transformer, owner, hearing.mixed(otherwise), otherwise)
            for otherwise, _, _, owner, transformer in best.values()
        ]

    def _over(self, pre: int) -> int | None:
        """The lowest candidate at or above a place."""
        holds = np.flatnonzero(
            (self.feeder.pre[self.rows] <= pre) & (pre < self.feeder.post[self.rows])
        )
        return int(holds[-1]) if holds.size else None

    def _branch(self, posterior: Posterior, owner: int, candidate: int) -> int:
        """The topmost device below a candidate on the way to another."""
        pre, post = self.feeder.pre[posterior.rows], self.feeder.post[posterior.rows]
        here = self.feeder.pre[self.rows[candidate]]
        over = np.flatnonzero((pre <= pre[owner]) & (pre[owner] < post) & (pre > here))
        return int(over[0])

    def question(self, place: _Place, bits: float, caller: Hearing) -> Question:
        """What is asked there, and which devices the answers speak for."""
        topmost = self.branches.topmost
        over = np.zeros(topmost.size, dtype=bool)
        number = place.owner
        while number >= 0:
            over[number] = True
            number = int(self.branches.above[number])
        beside = np.where(over, 0.0, topmost)
        none = self.branches.all_lit
        best = int(np.argmax(beside))
        dark = float(self.branches.dark[place.owner])
        return Question(
            transformer=place.transformer,
            bits=bits,
            caller_bits=caller.mixed(place.otherwise).bits(dark),
            dark=dark + (1 - dark) * place.otherwise,
            if_dark=self._device(int(np.argmax(np.where(over, topmost, -1.0)))),
            if_lit=self._device(best) if beside[best] > none else None,
        )

    def _device(self, number: int) -> DeviceNode:
        return self.feeder.devices[int(self.rows[number])]


def _owned(feeder: Feeder, rows: Ints) -> Iterator[tuple[TransformerNode, int]]:
    """Transformers below some devices (rows in preorder), with the number of the lowest one."""
    owner = np.full(max((t.pre for t in feeder.tree.transformers), default=-1) + 1, -1)
    for number, row in enumerate(rows.tolist()):
        owner[feeder.pre[row] : feeder.post[row]] = number
    for transformer in feeder.tree.transformers:
        if owner[transformer.pre] >= 0:
            yield transformer, int(owner[transformer.pre])


def most_telling(
    branches: Branches, owners: Ints, hearing: Sequence[Hearing], most: int
) -> list[tuple[int, float]]:
    """Numbers of the places to ask, with the bits that each tells beyond those before it.

    `owners` is the device that each place hangs on, shape (places,). Greedy: which two tell most
    together may be another pair. What tells less than `LEAST_BITS` is left out.
    """
    alone = np.array(
        [h.bits(dark) for h, dark in zip(hearing, branches.dark[owners], strict=True)], dtype=float
    )
    left = np.argsort(-alone, kind="stable")[:MOST_PLACES]
    chosen: list[tuple[int, float]] = []
    while left.size and len(chosen) < most:
        more = _told(branches, owners, hearing, [i for i, _ in chosen], left)
        best = int(np.argmax(more))
        if more[best] < LEAST_BITS:
            break
        chosen.append((int(left[best]), float(more[best])))
        left = np.delete(left, best)
    return chosen


def _told(
    branches: Branches,
    owners: Ints,
    hearing: Sequence[Hearing],
    chosen: Sequence[int],
    others: Ints,
) -> Floats:
    """Bits that each of the others tells beyond those chosen; shape (others,).

    The entropy of the answers, all patterns gone through, less that of the errors.
    """
    patterns = 2 ** len(chosen)
    dark = np.ones((branches.opens.size, others.size, patterns))
    lit = dark.copy()
    for bit, i in enumerate(chosen):
        says_dark = (np.arange(patterns) >> bit) % 2 == 1
        dark[owners[i]] *= _heard(hearing[i].if_dark, says_dark)
        lit[owners[i]] *= _heard(hearing[i].if_lit, says_dark)
    shape = (branches.opens.size, others.size * patterns)
    before = branches.chance(dark.reshape(shape), lit.reshape(shape)).reshape(dark.shape[1:])
    for n, i in enumerate(others.tolist()):
        dark[owners[i], n] *= hearing[i].if_dark
        lit[owners[i], n] *= hearing[i].if_lit
    both = branches.chance(dark.reshape(shape), lit.reshape(shape)).reshape(dark.shape[1:])
    answer = entropy(np.divide(both, before, out=np.zeros_like(both), where=before > 0))
    noise = [hearing[i].noise(float(branches.dark[owners[i]])) for i in others.tolist()]
    return np.asarray((before * answer).sum(axis=1) - noise, dtype=float)


def _heard(if_so: float, says_dark: NDArray[np.bool_]) -> Floats:
    return np.where(says_dark, if_so, 1 - if_so)
