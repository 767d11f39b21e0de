"""Which devices opened, and when? The exact posterior over the devices of a radial feeder.

A feeder as switched now is a tree of protective devices; an open one puts everything below it out.
Darkness has one cause at a time: a place is dark for the first device above it that opened, and
what opens above or below it later changes nothing there. So with W(d, t) the odds of everything
heard from below d if it went dark at t, and O(d, t) those of d opening itself then,

    W(d, t) = own places dark since t  x  product over the devices directly below of Z(c, t)
    O(d, t) = prior of opening at t  x  W(d, t), the share of callers summed out
    Z(d, t) = W(d, t) + sum of O(d, u) over u before t

where Z(d, t) is what the branch says if supply from above ends at t: it went dark then, or was dark
already. If supply from above never ends, Z(d) = product of Z(c) + sum of O(d, u) over all u. That
is exact for independent faults and linear in the devices that anything speaks of.
docs/inference.md has the derivation. Times are minutes relative to now, so the past is negative.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from dispatch.feeder import Ints
from dispatch.rates import HARDLY_ANY, Floats
from dispatch.weighing import Hypotheses

UNLIKELY = 1e-3
"""Beginnings and shares that much less likely than the likeliest one are left out of means."""

ERR_ALIKE = 0.5
"""How far the errors of an outage's reports are common to all of them (assumption, from storms of
the drill's pandapower pair): 0 where each errs for itself."""


@dataclass(frozen=True, eq=False)
class Combined:
    """The recursion's results from the leaves up, in logs, by number of the active device.

    `dark` of shape (active, beginnings, shares) is W, `branch` of the same shape Z, `own` of shape
    (active, beginnings) O.
    """

    hypotheses: Hypotheses
    dark: Floats
    branch: Floats
    own: Floats

    @cached_property
    def until(self) -> Floats:
        """Log odds of each device having opened before each beginning, and at all (the last)."""
        return _before(self.own)

    def lit_above(self) -> "Posterior":
        """What is thought where supply from above is there: at the feeder's head."""
        numbers = np.arange(self.hypotheses.rows.size)
        return Posterior(self, numbers, self.own.shape[1], np.zeros(numbers.size))

    def dark_above(self, number: int, begin: int, share: int) -> "Posterior":
        """What is thought of the branches below a device that opened then."""
        feeder, rows = self.hypotheses.feeder, self.hypotheses.rows
        last = np.searchsorted(feeder.pre[rows], feeder.post[rows[number]])
        numbers = np.arange(number + 1, last)
        own_places = self.hypotheses.dark[numbers, begin, share]
        return Posterior(self, numbers, begin, own_places)


def combine(hypotheses: Hypotheses) -> Combined:
    """Go up the tree once; linear in the active devices."""
    dark = hypotheses.dark.copy()
    branch = np.empty_like(dark)
    own = np.empty(hypotheses.opens.shape)
    later = _log1p_sum_from(hypotheses.opens)
    for level in _levels(hypotheses.above):
        own[level] = hypotheses.opens[level] + _log_sum(dark[level], hypotheses.shares.log_weight)
        branch[level] = _log_either(
            dark[level] + later[level][:, :, None], _before(own[level])[:, :-1, None]
        )
        parents = hypotheses.above[level]
        if parents.size and parents[0] >= 0:
            above, first = np.unique(parents, return_index=True)  # siblings stand together
            dark[above] += np.add.reduceat(branch[level], first, axis=0)
    return Combined(hypotheses, dark, branch, own)


def _levels(above: Ints) -> Iterator[Ints]:
    """Numbers of the active devices at each depth, the deepest first, siblings together."""
    depth = np.zeros(above.size, dtype=np.intp)
    for i, parent in enumerate(above.tolist()):
        depth[i] = depth[parent] + 1 if parent >= 0 else 0
    for level in range(int(depth.max(initial=-1)), -1, -1):
        yield np.flatnonzero(depth == level)


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is thought of some devices: those at the feeder's head and below, or below an open one.

    `numbers` are those of the active devices in question, in preorder, shape (k,). Each can have
    opened at the first `limit` beginnings. `own_places` of shape (k,) is the log odds of what
    comes from each device's own places if it did not.
    """

    combined: Combined
    numbers: Ints
    limit: int
    own_places: Floats

    @property
    def hypotheses(self) -> Hypotheses:
        """What was weighed."""
        return self.combined.hypotheses

    @property
    def rows(self) -> Ints:
        """Rows of the devices in question, shape (k,)."""
        return self.hypotheses.rows[self.numbers]

    @cached_property
    def log_open(self) -> Floats:
        """Log odds of each device having opened, shape (k,)."""
        return np.asarray(self.combined.until[self.numbers, self.limit], dtype=float)

    @cached_property
    def _parent(self) -> Ints:
        """Place in `numbers` of the next device above each; -1 at the top."""
        above = self.hypotheses.above[self.numbers]
        first = int(self.numbers[0]) if self.numbers.size else 0
        return np.where(above >= first, above - first, -1)

    @property
    def topmost(self) -> Floats:
        """Probability of each device to be the topmost open one of its branch, shape (k,)."""
        return self._marginals[0]

    @property
    def covered(self) -> Floats:
        """Probability of each device to be, or to be below, an open one, shape (k,)."""
        return self._marginals[1]

    @cached_property
    def _marginals(self) -> tuple[Floats, Floats]:
        opened = expit(self.log_open - self._rest)
        topmost, covered = np.zeros(opened.size), np.zeros(opened.size)
        for i, parent in enumerate(self._parent.tolist()):
            above = covered[parent] if parent >= 0 else 0.0
            topmost[i] = (1.0 - above) * opened[i]
            covered[i] = above + topmost[i]
        return topmost, covered

    def told(self, reports: int) -> Floats:
        """Probability, as it is told, of each device to be the topmost that opened, shape (k,).

        Of an outage of so many reports: where the model is wrong of it, it is wrong for all of them
        together (how many call, how soon, how bad the weather is there). So the log odds of each
        device, given that nothing above keeps it dark, are divided by 1 + `ERR_ALIKE` log n;
        likelier than not stays so. What was open for a moment only (`lasts`) keeps nothing below it
        dark. Decisions rest on `topmost`.
        """
        if reports in self._known_told:
            return self._known_told[reports]
        doubt = 1 + ERR_ALIKE * np.log(max(reports, 1))
        opened = expit((self.log_open - self._rest) / doubt)
        told, kept_dark = np.zeros(opened.size), np.zeros(opened.size)
        for i, (parent, row) in enumerate(zip(self._parent.tolist(), self.rows, strict=True)):
            above = kept_dark[parent] if parent >= 0 else 0.0
            told[i] = (1.0 - above) * opened[i]
            lasts = self.lasts(int(row)) if told[i] > UNLIKELY else 1.0
            kept_dark[i] = above + told[i] * lasts
        self._known_told[reports] = told
        return told

    @cached_property
    def _known_told(self) -> dict[int, Floats]:
        return {}

    @cached_property
    def _rest(self) -> Floats:
        """Log odds of everything at and below each device if it did not open, (k,)."""
        rest = self.own_places.copy()
        for i in range(self.numbers.size - 1, -1, -1):
            if self._parent[i] >= 0:
                rest[self._parent[i]] += np.logaddexp(self.log_open[i], rest[i])
        return rest

    @cached_property
    def log_evidence(self) -> float:
        """Log odds of all that was heard, and not heard, against nothing having happened."""
        top = self._parent < 0
        return float(np.logaddexp(self.log_open[top], self._rest[top]).sum())

    def best(self, favoured: Sequence[int] = (), favour: float = 0.0) -> list[int]:
        """Rows of the likely topmost open devices.

        From the head down, each that is likelier open than not, given that none above it is. (The
        one most probable set of all would name a head that is hardly open wherever what opened
        below it can be told in many ways.) A device in `favoured` (rows) counts `favour` more in
        log odds against what lies above or below it: what was said before is kept until something
        is clearly better.
        """
        rows, parent = self.rows, self._parent
        liked = np.isin(rows, np.array(favoured, dtype=np.intp))
        liked_below = np.zeros(rows.size, dtype=bool)
        for i in range(rows.size - 1, -1, -1):
            if parent[i] >= 0:
                liked_below[parent[i]] |= liked[i] or liked_below[i]
        lead = favour * (liked.astype(float) - liked_below)
        opens = self.log_open - self._rest + lead > 0
        chosen: list[int] = []
        feeder, covered_until = self.hypotheses.feeder, -1
        for row in rows[opens].tolist():
            if feeder.pre[row] >= covered_until:
                chosen.append(row)
                covered_until = int(feeder.post[row])
        return chosen

    def probability(self, row: int) -> float:
        """Of the device at this row being the topmost open one."""
        i = self._place(row)
        return 0.0 if i is None else float(self.topmost[i])

    def told_of(self, row: int, reports: int) -> float:
        """Probability, as it is told, of the device at this row being the topmost that opened."""
        i = self._place(row)
        return 0.0 if i is None else float(self.told(reports)[i])

    def begin_of(self, row: int) -> float:
        """Expected beginning in minutes, given that the device opened."""
        weight = self._when(row).sum(axis=1)
        return float(weight @ self.hypotheses.begins[: self.limit])

    def lasts(self, row: int) -> float:
        """Probability that it is still open, given that it opened: not for a moment only.

        So few of those below call then that they give it away. What was seen open is.
        """
        if self.hypotheses.seen_open[self.hypotheses.number(row)]:
            return 1.0
        by_share = self._when(row).sum(axis=0)
        return float(by_share[self.hypotheses.shares.calls > max(HARDLY_ANY)].sum())

    def below(self, row: int) -> "Posterior":
        """What opened below it before, given that the device opened when and as is likeliest."""
        when = self._when(row)
        begin, share = np.unravel_index(np.argmax(when), when.shape)
        number = self.hypotheses.number(row)
        assert number is not None, "the device is one that something speaks of"
        return self.combined.dark_above(number, int(begin), int(share))

    def explains(self, row: int) -> Floats:
        """Probability, for each report, that it came from this device's outage and nothing else.

        Given that the device opened; averaged over when it did, how many call, and what was dark
        below it before. Shape (reports,).
        """
        feeder, calls = self.hypotheses.feeder, self.hypotheses.calls
        heard = calls.telling
        first, last = np.searchsorted(heard.pre, [feeder.pre[row], feeder.post[row]])
        out = np.zeros(calls.count)
        if first == last:
            return out
        when = self._when(row)
        begins, shares = np.nonzero(when > UNLIKELY * when.max())
        weight = when[begins, shares] / when[begins, shares].sum()
        here = slice(first, last)
        lit_before = heard.weight[here] * (1 - self.below(row).covers(heard.pre[here]))
        numbers, one, which = np.unique(heard.report[here], return_index=True, return_inverse=True)
        lit = np.bincount(which, weights=lit_before)
        rate = self.hypotheses.called.density[here][one][:, begins]
        gain = lit[:, None] * rate * self.hypotheses.shares.calls[shares]
        out[numbers] = (gain / (1 + gain)) @ weight
        return out

    def tells(self) -> Floats:
        """How much likelier each telling call is to have come than without any outage.

        From its place, the outages being as probable as they are; shape (telling calls,), as in
        `Signals.telling`.
        """
        hypotheses, feeder = self.hypotheses, self.hypotheses.feeder
        heard = hypotheses.calls.telling
        out = np.ones(heard.pre.size)
        for row, probability in zip(self.rows.tolist(), self.topmost.tolist(), strict=True):
            if probability < UNLIKELY:
                continue
            ends = [feeder.pre[row], feeder.post[row]]
            here = slice(*np.searchsorted(heard.pre, ends).tolist())
            share = self._when(row) @ hypotheses.shares.calls
            out[here] += probability * (hypotheses.called.density[here, : self.limit] @ share)
        return out

    def covers(self, pre: Ints) -> Floats:
        """How probably each place is dark for a device in question; same shape."""
        out = np.zeros(pre.size)
        rows, feeder = self.rows, self.hypotheses.feeder
        for i, row in enumerate(rows.tolist()):  # the lower ones come later
            out[(feeder.pre[row] <= pre) & (pre < feeder.post[row])] = self.covered[i]
        return out

    def _place(self, row: int) -> int | None:
        """Where a device stands in `numbers`; None if it is not in question."""
        number = self.hypotheses.number(row)
        if number is None or not self.numbers.size:
            return None
        place = number - int(self.numbers[0])
        return place if 0 <= place < self.numbers.size else None

    def _when(self, row: int) -> Floats:
        """Probability of each beginning and share, given that the device opened."""
        if row in self._known_when:
            return self._known_when[row]
        number = self.hypotheses.number(row)
        assert number is not None, "the device is one that something speaks of"
        log = self.hypotheses.opens[number, : self.limit, None] + (
            self.combined.dark[number, : self.limit] + self.hypotheses.shares.log_weight
        )
        weight = np.exp(log - log.max())
        self._known_when[row] = np.asarray(weight / weight.sum(), dtype=float)
        return self._known_when[row]

    @cached_property
    def _known_when(self) -> dict[int, Floats]:
        return {}


def _before(log: Floats) -> Floats:
    """Log of the sum over beginnings before each, and over all: (k, beginnings + 1)."""
    summed = np.logaddexp.accumulate(log, axis=1)
    return np.concatenate((np.full((log.shape[0], 1), -np.inf), summed), axis=1)


def _log1p_sum_from(log: Floats) -> Floats:
    """Log of one and the sum over each beginning and those after it: as the shape given."""
    summed = np.logaddexp.accumulate(log[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.logaddexp(0.0, summed), dtype=float)


def _log_sum(log: Floats, log_weight: Floats) -> Floats:
    """Log of the weighted sum over the last axis."""
    joint = log + log_weight
    top = joint.max(axis=-1)
    joint -= top[..., None]
    return np.asarray(np.log(np.exp(joint, out=joint).sum(axis=-1)) + top, dtype=float)


def _log_either(one: Floats, other: Floats) -> Floats:
    """Log of the sum of two, `one` finite; as `numpy.logaddexp`, but much faster."""
    top = np.maximum(one, other)
    gap = np.minimum(one, other)
    gap -= top
    np.log1p(np.exp(gap, out=gap), out=gap)
    top += gap
    return top
