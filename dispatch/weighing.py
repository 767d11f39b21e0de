"""What calls, silence, meters and people say of a device that opened then, before any prior.

A feeder's evidence is laid out by the place it comes from. Each place belongs to the lowest device
above it that anything speaks of; what is heard and not heard there is weighed once for every
beginning of darkness and every share of callers, as log odds against "nothing happened". Times are
minutes relative to now, so the past is negative.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from dispatch.feeder import Feeder, Ints
from dispatch.rates import Floats, Rates
from dispatch.signals import NO_SIGNALS, NO_STATES, Signals, States, Told
from dispatch.waking import Sending

JUST_BEFORE_MIN = (0.4, 1.5)
LONG_BEFORE_MIN = (4.0, 8.0, 14.0, 24.0, 40.0, 65.0)
"""How long before a call the outage may have begun: the grid of beginnings is made of these."""

MOST_BEGINNINGS = 64
"""Of either kind."""

Grid = tuple[Floats, Floats]
"""Beginnings and the minutes each stands for."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How many signal, jointly: shares of callers and of gasping meters, each (shares,).

    `log_weight` is the log of the prior of each pair.
    """

    calls: Floats
    gasps: Floats
    log_weight: Floats

    @classmethod
    def of(cls, rates: Rates, *, gasps: bool) -> "Shares":
        """The table of callers' shares, or its product with a coarse one of meters."""
        share, weight = rates.call_share.table()
        if not gasps:
            return cls(share, np.zeros(share.size), np.log(weight))
        share, weight = rates.call_share.table(coarse=True)
        meters, mass = rates.gasp_share.table(coarse=True)
        return cls(
            np.repeat(share, meters.size),
            np.tile(meters, share.size),
            np.log(np.outer(weight, mass)).ravel(),
        )


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """Everything weighed, before it is combined.

    `rows` are the devices that anything speaks of, shape (active,), and `above` the number of the
    next active device above each, -1 at the top. `begins` are minutes, shape (beginnings,).
    `opens` of shape (active, beginnings) is the log prior of each device opening then, with what
    was seen of the device itself. `otherwise` is what all but the calls says in `dark`. `seen_open`
    of shape (active,) are the devices that were seen open, and not closed since.
    """

    feeder: Feeder
    rows: Ints
    above: Ints
    begins: Floats
    shares: Shares
    opens: Floats
    otherwise: Floats
    calls: Signals
    called: "Heard"
    seen_open: NDArray[np.bool_]

    @cached_property
    def dark(self) -> Floats:
        """Log odds of what comes from each device's own places, had they been dark since then.

        Its own places are those below no lower active device; (active, beginnings, shares).
        """
        return self.otherwise + self.called.evidence(self.calls.telling.weight)

    def placed_by(self, likelier: Floats) -> "Hypotheses":
        """The same, each report's weight moved to where it is likelier from.

        `likelier` has a factor for each of the telling calls.
        """
        return replace(self, calls=self.calls.placed_by(likelier))

    def number(self, row: int) -> int | None:
        """Which of the active devices a row is; None if nothing speaks of it."""
        found = int(np.searchsorted(self.rows, row))
        return found if found < self.rows.size and self.rows[found] == row else None


def weigh(
    feeder: Feeder,
    rates: Rates,
    calls: Signals,
    *,
    gasps: Signals | None = None,
    states: States | None = None,
    told: Told | None = None,
    sending: Sending | None = None,
    stirring: float = 1.0,
    grid: Grid | None = None,
) -> Hypotheses:
    """Weigh what comes from the places of every device that anything speaks of.

    `sending` is when customers call, at every hour alike where it is not given; `grid` are the
    beginnings to look at, made of the evidence where none are given.
    """
    told, states = told or Told.nothing(feeder), states or NO_STATES
    heard, gasped = calls.telling, (gasps or NO_SIGNALS).telling
    dark = states.dark
    rows = _active(feeder, np.concatenate((heard.pre, gasped.pre, dark.pre)), told)
    begins, width = grid or beginnings(heard, gasped, told, dark)
    rows = rows if begins.size else rows[:0]
    shares = Shares.of(rates, gasps=gasped.count > 0)
    places = _Places.of(feeder, rows)
    sending = sending or Sending(rates.call_delay)
    crowd = _Crowd(feeder.could_call[rows], told.dark_callers, told.relit.callers)
    called = Heard.of(places, heard, (begins, width), sending, shares.calls, told, crowd=crowd)
    called = called.silent_for(rates.silence_counts)
    otherwise = _state_evidence(places, states, begins)[:, :, None]
    if gasped.count:
        meters = Sending(rates.gasp_delay)
        crowd = _Crowd(feeder.customers[rows], told.dark_customers, told.relit.customers)
        felt = Heard.of(places, gasped, (begins, width), meters, shares.gasps, told, crowd=crowd)
        otherwise = otherwise + felt.evidence(gasped.weight)
    opens = _prior(feeder, rates, rows, begins, width, stirring)
    opens += _sighting_evidence(rates, rows, told, begins)
    seen = np.isfinite(told.device_open[rows])
    return Hypotheses(
        feeder, rows, places.above, begins, shares, opens, otherwise, calls, called, seen
    )


def _prior(
    feeder: Feeder, rates: Rates, rows: Ints, begins: Floats, width: Floats, stirring: float
) -> Floats:
    with np.errstate(divide="ignore"):  # what never fails by itself has no chance at all
        fails = np.log(feeder.rate[rows] * stirring)
    opens = fails[:, None] + np.log(width) + begins / (rates.over_after_h * 60)
    return np.asarray(opens, dtype=float)


def _active(feeder: Feeder, places: Ints, told: Told) -> Ints:
    """Devices with a place below that something dark is heard from, or seen open themselves."""
    first, last = np.searchsorted(np.unique(places), [feeder.pre, feeder.post])
    seen = np.flatnonzero(np.isfinite(told.device_open))
    holds = (feeder.pre[:, None] <= feeder.pre[seen]) & (feeder.pre[seen] < feeder.post[:, None])
    return np.flatnonzero((last > first) | holds.any(axis=1))


def beginnings(calls: Signals, gasps: Signals, told: Told, dark: States = NO_STATES) -> Grid:
    """Candidate beginnings and the minutes each stands for, both of shape (beginnings,).

    An outage began shortly before the first call of some place, or in the dark that another one
    left; the grid is fine just before a call and coarse further back. `dark` are places seen dark.
    """
    first = calls.at[_first_of_place(calls)]
    fine = [(first[:, None] - np.array(JUST_BEFORE_MIN)).ravel()]
    fine.append((gasps.at[:, None] - np.array([0.1, 0.4, 1.0])).ravel())
    fine.append(told.device_open[np.isfinite(told.device_open)] - 0.1)
    late = np.concatenate((calls.at, np.unique(dark.at)))
    coarse = [(late[:, None] - np.array(LONG_BEFORE_MIN)).ravel(), told.relit.dark_minutes()]
    grid = np.union1d(_thinned(np.concatenate(fine)), _thinned(np.concatenate(coarse)))
    if not grid.size:
        return grid, grid
    middle = (grid[1:] + grid[:-1]) / 2
    edges = np.concatenate(([grid[0] - 10.0], middle, [min(0.0, grid[-1] + 0.4)]))
    return grid, np.clip(np.diff(edges), 0.05, 20.0)


def _first_of_place(calls: Signals) -> Ints:
    """Numbers of the first call of each place."""
    order = np.lexsort((calls.at, calls.pre))
    if not order.size:
        return order
    new = np.concatenate(([True], np.diff(calls.pre[order]) != 0))
    return np.asarray(order[new], dtype=np.intp)


def _thinned(minutes: Floats) -> Floats:
    """At most `MOST_BEGINNINGS` of them, rounded to six seconds, none in the future."""
    grid = np.unique(np.round(minutes[minutes < 0], 1))
    grid = grid[grid < 0]
    if grid.size > MOST_BEGINNINGS:
        grid = grid[np.linspace(0, grid.size - 1, MOST_BEGINNINGS).astype(int)]
    return np.asarray(grid, dtype=float)


@dataclass(frozen=True, slots=True)
class _Places:
    """Which active device a place belongs to, and which is the next above each."""

    feeder: Feeder
    rows: Ints
    above: Ints

    @classmethod
    def of(cls, feeder: Feeder, rows: Ints) -> "_Places":
        pre, post = feeder.pre[rows], feeder.post[rows]
        above, open_ = np.full(rows.size, -1, dtype=np.intp), list[int]()
        for i in range(rows.size):
            while open_ and post[open_[-1]] <= pre[i]:
                open_.pop()
            above[i] = open_[-1] if open_ else -1
            open_.append(i)
        return cls(feeder, rows, above)

    def owner(self, pre: Ints) -> Ints:
        """The lowest active device at or above each place, by number; -1 where there is none."""
        if not self.rows.size:
            return np.full(pre.size, -1, dtype=np.intp)
        found = np.searchsorted(self.feeder.pre[self.rows], pre, side="right") - 1
        post = self.feeder.post[self.rows]
        while (out := np.flatnonzero((found >= 0) & (post[found] <= pre))).size:
            found[out] = self.above[found[out]]
        return np.asarray(found, dtype=np.intp)

    def own(self, at_or_below: Floats) -> Floats:
        """What is left for each device's own places of amounts at or below it: axis 0."""
        own = at_or_below.copy()
        below = np.flatnonzero(self.above >= 0)
        np.subtract.at(own, self.above[below], at_or_below[below])
        return own

    def within(self, pre: Ints, amount: Floats) -> Floats:
        """Sums of amounts at or below each active device, shape (active,)."""
        order = np.argsort(pre, kind="stable")
        running = np.concatenate(([0.0], np.cumsum(amount[order])))
        ends = [self.feeder.pre[self.rows], self.feeder.post[self.rows]]
        first, last = np.searchsorted(pre[order], ends)
        return np.asarray(running[last] - running[first], dtype=float)


@dataclass(frozen=True, slots=True)
class _Crowd:
    """How many could send signals of one kind.

    At or below each active device, shape (active,); of those dark for a known outage and of those
    who were, each of the shape that `Told` has them in.
    """

    everybody: Floats
    dark: Floats
    relit: Floats


@dataclass(frozen=True, slots=True)
class Heard:
    """Signals of one kind and the silence around them, as each beginning and share explains them.

    `density` of shape (signals, beginnings) is the density of each signal after each beginning,
    times its odds; `gain` of shape (signals, beginnings * shares) is log(1 + p f / b). `owner` has
    the device each signal's place belongs to, by number, and `counts_for` how many its sender
    counts for, both of shape (signals,). `quiet` lists who could have signalled among the customers
    of each device's own places, (active,), with what the silence of one of them says, (beginnings,
    shares): those out for a known cause only until then.
    """

    density: Floats
    gain: Floats
    owner: Ints
    counts_for: Floats
    quiet: tuple[tuple[Floats, Floats], ...]

    @classmethod
    def of(
        cls,
        places: _Places,
        heard: Signals,
        grid: Grid,
        sending: Sending,
        shares: Floats,
        told: Told,
        *,
        crowd: _Crowd,
    ) -> "Heard":
        """Weigh each signal alone; a share of those out sends one, after the delay."""
        density = _density(sending, heard, grid, told.relit.noticed(heard.pre))
        gain = np.log1p(density[:, :, None] * shares)
        quiet = [
            (who, np.log1p(-np.minimum(sent[:, None] * shares, 0.999)))
            for who, sent in _could_signal(places, told, crowd, grid[0], sending)
        ]
        size = density.shape[1] * shares.size
        return cls(
            density,
            gain.reshape(density.shape[0], size),
            places.owner(heard.pre),
            heard.counts_for,
            tuple(quiet),
        )

    def silent_for(self, much: float) -> "Heard":
        """The same, a silent customer counting for so much of one."""
        return replace(self, quiet=tuple((who, much * says) for who, says in self.quiet))

    def evidence(self, weight: Floats) -> Floats:
        """Log odds of signals and silence, the signals so heavy: (active, beginnings, shares).

        Sum over the signals of w log(1 + p f / b), and log(1 - p F) for each customer who is
        silent. A signal that may have come from several places counts at each by its weight w; no
        set of devices can so count it more than once (it is a bound from below, for the logarithm
        is concave).
        """
        active = self.quiet[0][0].size
        sums = csr_array((weight, (self.owner, np.arange(weight.size))), (active, weight.size))
        out: Floats = np.asarray(sums @ self.gain).reshape(active, *self.quiet[0][1].shape)
        heard_of = np.bincount(self.owner, weights=weight * self.counts_for, minlength=active)
        for customers, nobody in self.quiet:
            silent = np.maximum(customers - heard_of, 0.0)
            heard_of = np.maximum(heard_of - customers, 0.0)
            mine = np.flatnonzero(silent)
            out[mine] += silent[mine, None, None] * nobody
        return out


def _density(sending: Sending, heard: Signals, grid: Grid, noticed: Floats) -> Floats:
    """Density of signals after each beginning, times odds: (telling signals, beginnings).

    A beginning stands for the minutes around it, so the density is the mean over those: one call
    that came just before a beginning on the grid does not rule it out. What began in the dark was
    noticed, by those who call after that, at the given minute.
    """
    begins, width = grid
    unnoticed = (begins < noticed[:, None]) & (noticed < heard.at)[:, None]
    began = begins
    if unnoticed.any():
        began = np.where(unnoticed, noticed[:, None], begins)
        width = np.where(unnoticed, NOTICED_WITHIN_MIN, width)
    density = sending.density(began, heard.at[:, None], width)
    return np.asarray(density * heard.odds[:, None], dtype=float)


NOTICED_WITHIN_MIN = 1.0
NOW = np.zeros(1)


def _could_signal(
    places: _Places, told: Told, crowd: _Crowd, begins: Floats, sending: Sending
) -> Iterator[tuple[Floats, Floats]]:
    """Who could signal, (active,), and the share that would have by now, (beginnings,).

    Customers of each device's own places; the share is of those who ever signal, after each
    beginning.
    """
    relit, earliest = told.relit, begins.min(initial=0.0)
    accounted = places.within(told.dark_pre, crowd.dark)
    for at, lost in sorted(set(zip(relit.at.tolist(), relit.lost.tolist(), strict=True))):
        mine = (relit.at == at) & (relit.lost == lost) & (at > earliest)
        if mine.any():
            within = places.within(relit.pre[mine], crowd.relit[mine])
            accounted = accounted + within
            before = np.where(begins < lost, sending.reached(begins, np.array(lost)), 0.0)
            since = sending.reached(np.maximum(begins, at), NOW)
            yield places.own(within), np.maximum(before, since)
    free = crowd.everybody - accounted
    yield places.own(free), sending.reached(begins, NOW)
    for since in np.unique(told.dark_since[told.dark_since > earliest]):
        mine = told.dark_since == since
        dark = places.within(told.dark_pre[mine], crowd.dark[mine])
        yield places.own(dark), sending.reached(begins, since)


def _state_evidence(places: _Places, states: States, begins: Floats) -> Floats:
    """Each device's own places seen dark or lit after the beginning: (active, beginnings)."""
    out = np.zeros((places.rows.size, begins.size))
    owner = places.owner(states.pre)
    alone = np.flatnonzero((states.statement < 0) & (owner >= 0))
    seen = np.where(states.at[alone, None] >= begins, states.odds[alone, None], 0.0)
    np.add.at(out, owner[alone], seen)
    for statement in range(int(states.statement.max(initial=-1)) + 1):
        mine = np.flatnonzero(states.statement == statement)
        named = places.within(states.pre[mine], np.ones(mine.size)) == mine.size
        once = places.own(named.astype(float))
        out += once[:, None] * np.where(begins <= states.at[mine[0]], states.odds[mine[0]], 0.0)
    return out


def _sighting_evidence(rates: Rates, rows: Ints, told: Told, begins: Floats) -> Floats:
    """The device itself was seen: closed rules out what began before, open is nearly certain.

    SCADA tells when it opened, to a minute; what a person sees may have been so for long.
    """
    closed = begins <= told.device_from[rows, None]
    seen = told.device_open[rows, None]
    since = seen - np.where(told.told_late[rows, None], np.inf, 1.0)
    opened = (since < begins) & (begins < seen + 1)
    out = np.where(closed, np.log(rates.sighted_closed), 0.0)
    out += np.where(opened, np.log(rates.sighted), 0.0)
    return np.where(told.shut[rows, None], -np.inf, out)
