"""Which devices opened? The exact posterior over the protective devices of a radial feeder.

A feeder as switched now is a tree of protective devices. An open device puts everything below it
out; of nested open devices only the topmost can be seen. For "device d opened at time t" the
evidence is how many below it called and when, how many did not (silence), what meters said and
what people saw. Independent faults combine exactly on the tree: with R(d) the odds of d having
opened against nothing having happened,

    Z(d) = R(d) + product of Z over the devices directly below,

and the probability that d is the topmost open device is read on the way down. docs/inference.md
has the derivation. Times are minutes relative to now, so the past is negative.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.facts import FeederTree
from dispatch.rates import MINUTES_PER_YEAR, Floats, Rates

Ints = NDArray[np.intp]

JUST_BEFORE_MIN = (0.4, 1.5)
LONG_BEFORE_MIN = (4.0, 8.0, 14.0, 24.0, 40.0, 65.0)
"""How long before a call the outage may have begun: the grid of beginnings is made of these."""

MOST_BEGINNINGS = 64
"""Of either kind."""


class Feeder:
    """A feeder's tree as arrays in preorder, made once for as long as its switching stands.

    `pre` and `post` have shape (devices,), as have `parent` (-1 at a head), `customers` (at or
    below) and `rate` (faults per minute that open the device, in the calm).
    """

    def __init__(self, tree: FeederTree, rates: Rates) -> None:
        self.tree = tree
        self.devices = tree.devices
        self.row = {device.id: row for row, device in enumerate(tree.devices)}
        self.pre = np.array([d.pre for d in tree.devices], dtype=np.intp)
        self.post = np.array([d.post for d in tree.devices], dtype=np.intp)
        self.parent = np.array(
            [self.row.get(d.parent_id or "", -1) for d in tree.devices], dtype=np.intp
        )
        self.transformer_pre = {t.id: t.pre for t in tree.transformers}
        places = np.array([t.pre for t in tree.transformers], dtype=np.intp)
        heads = np.array([t.customers for t in tree.transformers], dtype=float)
        order = np.argsort(places, kind="stable")
        self._places, self._transformers = places[order], order
        running = np.concatenate(([0.0], np.cumsum(heads[order])))
        first, last = np.searchsorted(self._places, [self.pre, self.post])
        self.customers: Floats = np.asarray(running[last] - running[first], dtype=float)
        self.served: Ints = (last - first).astype(np.intp)
        self.rate: Floats = np.asarray(self._rates(rates) / MINUTES_PER_YEAR, dtype=float)

    def _rates(self, rates: Rates) -> Floats:
        """Faults a year that open each device: its own line and itself, and some from below."""
        base = np.array(
            [rates.per_device.get(d.kind, rates.other_device) for d in self.devices], dtype=float
        )
        km = np.array([d.length_m / 1000 for d in self.devices], dtype=float)
        medium = np.array([d.kind != "transformer" for d in self.devices], dtype=bool)
        if not km[medium].any():
            km = np.where(medium, rates.km_where_unknown * self._own_transformers(), 0.0)
        own = base + rates.per_km * np.where(medium, km, 0.0)
        above = own.copy()
        below = self.parent >= 0
        np.add.at(above, self.parent[below], rates.clears_above * own[below])
        return above

    def _own_transformers(self) -> Floats:
        own = self.served.astype(float)
        below = (self.parent >= 0) & np.array([d.kind != "transformer" for d in self.devices])
        np.subtract.at(own, self.parent[below], self.served[below])
        return np.asarray(np.maximum(own, 0.0), dtype=float)

    def below(self, row: int) -> tuple[str, ...]:
        """Ids of the transformers at or below a device."""
        first, last = np.searchsorted(self._places, [self.pre[row], self.post[row]])
        return tuple(self.tree.transformers[i].id for i in self._transformers[first:last])

    def path(self, pre: int) -> list[int]:
        """Rows of the devices above a place, from the nearest up to the head."""
        holds = np.flatnonzero((self.pre <= pre) & (pre < self.post))
        return [int(row) for row in holds[::-1]]


@dataclass(frozen=True, eq=False)
class Signals:
    """Reports or last gasps along a feeder: one row per report and place it may have come from.

    `report` numbers the reports from 0, `pre` is the place, `weight` the share of the report that
    lies there (adding up to one per report where all its places are on this feeder), `at` minutes
    and `odds` the likelihood ratio per expected signal a minute: what it says beside its time,
    over the rate at which such signals come without an outage.
    """

    report: Ints
    pre: Ints
    weight: Floats
    at: Floats
    odds: Floats

    def until(self, at: float) -> "Signals":
        """Those that came up to a minute, with the numbers they have."""
        mine = self.at <= at
        return Signals(
            self.report[mine], self.pre[mine], self.weight[mine], self.at[mine], self.odds[mine]
        )

    @cached_property
    def count(self) -> int:
        """How many reports there are."""
        return int(self.report.max()) + 1 if self.report.size else 0


@dataclass(frozen=True, slots=True)
class States:
    """Light or none seen at places: `odds` is the log likelihood ratio of dark against lit.

    What came of one statement (supply was restored to these places at once) has its number in
    `statement`, from 0, and counts once for a device however many of its places it names; what
    stands for itself has -1.
    """

    pre: Ints
    at: Floats
    odds: Floats
    statement: Ints


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of devices and of customers already accounted for.

    `shut` says which devices are not in question (already open for a known outage), `device_from`
    holds the minute after which alone each can have opened (it was seen closed; -inf: no such
    sighting), `device_open` the minute at which it was seen open (nan:
    never), `horizon` until when its customers could have called (they lost supply to a known
    outage above), `accounted` how many customers at or below it are out for a known cause or
    cannot be. All of shape (devices,).
    """

    shut: NDArray[np.bool_]
    device_from: Floats
    device_open: Floats
    horizon: Floats
    accounted: Floats

    @classmethod
    def nothing(cls, feeder: Feeder) -> "Told":
        """Nothing is known beside the signals."""
        size = len(feeder.devices)
        return cls(
            np.zeros(size, dtype=bool),
            np.full(size, -np.inf),
            np.full(size, np.nan),
            np.zeros(size),
            np.zeros(size),
        )


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """The odds of each device having opened at each beginning, before they are combined.

    `rows` are the devices that anything speaks for, shape (active,); `begins` minutes, shape
    (beginnings,); `log_odds` of shape (active, beginnings) against nothing having happened,
    with the prior; their sum over beginnings is R(d).
    """

    feeder: Feeder
    rates: Rates
    rows: Ints
    begins: Floats
    log_odds: Floats
    calls: Signals
    gasps: Signals

    @cached_property
    def log_r(self) -> Floats:
        """Log of R(d), shape (active,)."""
        return _logsumexp(self.log_odds, axis=1)


def weigh(
    feeder: Feeder,
    rates: Rates,
    calls: Signals,
    *,
    gasps: Signals | None = None,
    states: States | None = None,
    told: Told | None = None,
    stirring: float = 1.0,
) -> Hypotheses:
    """Weigh every device that anything speaks for, at every beginning that may matter."""
    gasps, states, told = gasps or NO_SIGNALS, states or NO_STATES, told or Told.nothing(feeder)
    rows = _active(feeder, calls, gasps, told)
    begins, width = beginnings(calls, gasps, told)
    if not rows.size or not begins.size:
        return Hypotheses(feeder, rates, rows[:0], begins, np.zeros((0, begins.size)), calls, gasps)
    log_odds = (
        np.log(feeder.rate[rows] * stirring)[:, None]
        + np.log(width)
        + begins / (rates.over_after_h * 60)
        + _call_evidence(feeder, rates, rows, calls, begins, told)
        + _state_evidence(feeder, rows, states, begins)
        + _sighting_evidence(rates, rows, told, begins)
    )
    if gasps.count:
        log_odds += _gasp_evidence(feeder, rates, rows, gasps, begins, told)
    return Hypotheses(feeder, rates, rows, begins, log_odds, calls, gasps)


def _active(feeder: Feeder, calls: Signals, gasps: Signals, told: Told) -> Ints:
    """Devices with a signal below, or seen open themselves."""
    places = np.unique(np.concatenate((calls.pre, gasps.pre)))
    first, last = np.searchsorted(places, [feeder.pre, feeder.post])
    return np.flatnonzero(~told.shut & ((last > first) | np.isfinite(told.device_open)))


def beginnings(calls: Signals, gasps: Signals, told: Told) -> tuple[Floats, Floats]:
    """Candidate beginnings and the minutes each stands for, both of shape (beginnings,).

    An outage began shortly before the first call of some place; the grid is fine there and
    coarse further back.
    """
    first = calls.at[_first_of_place(calls)]
    fine = [(first[:, None] - np.array(JUST_BEFORE_MIN)).ravel()]
    fine.append((gasps.at[:, None] - np.array([0.1, 0.4, 1.0])).ravel())
    fine.append(told.device_open[np.isfinite(told.device_open)] - 0.05)
    coarse = (calls.at[:, None] - np.array(LONG_BEFORE_MIN)).ravel()
    grid = np.union1d(_thinned(np.concatenate(fine)), _thinned(coarse))
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


def _call_evidence(
    feeder: Feeder, rates: Rates, rows: Ints, calls: Signals, begins: Floats, told: Told
) -> Floats:
    """Log of what calls and silence say, the share of callers summed out: (active, beginnings).

    Once customers are out for a known cause, neither their calls nor their silence tell of
    another: only what was heard up to a device's horizon counts for it.
    """
    shares, weights = rates.call_share.table()
    out = np.zeros((rows.size, begins.size))
    for horizon in np.unique(told.horizon[rows]):
        here = np.flatnonzero(told.horizon[rows] == horizon)
        heard = calls if horizon >= 0 else calls.until(horizon)
        density = rates.call_delay.density(heard.at[:, None] - begins)
        called = rates.call_delay.distribution(horizon - begins)
        quiet = np.log1p(-np.minimum(called[:, None] * shares, 0.999))
        silent = _silent(feeder, rows[here], heard, told)
        evidence = silent[:, None, None] * quiet
        evidence += _explained(feeder, rows[here], heard, density, shares)
        out[here] = _logsumexp(evidence + np.log(weights), axis=2)
    return out


def _gasp_evidence(
    feeder: Feeder, rates: Rates, rows: Ints, gasps: Signals, begins: Floats, told: Told
) -> Floats:
    """The same for last gasps: nearly no delay, and a share of meters that is not known."""
    shares, weights = rates.gasp_share.table()
    x = gasps.at[:, None] - begins
    density = np.where(x >= 0, np.exp(-x / rates.gasp_delay_min) / rates.gasp_delay_min, 0.0)
    silent = _silent(feeder, rows, gasps, told)
    sent = 1 - np.exp(begins / rates.gasp_delay_min)
    quiet = np.log1p(-np.minimum(sent[:, None] * shares, 0.999))
    out = silent[:, None, None] * quiet + _explained(feeder, rows, gasps, density, shares)
    return _logsumexp(out + np.log(weights), axis=2)


def _silent(feeder: Feeder, rows: Ints, signals: Signals, told: Told) -> Floats:
    """Customers at or below each device who could have signalled and did not, (active,)."""
    order = np.argsort(signals.pre, kind="stable")
    running = np.concatenate(([0.0], np.cumsum(signals.weight[order])))
    first, last = np.searchsorted(signals.pre[order], [feeder.pre[rows], feeder.post[rows]])
    heard = running[last] - running[first]
    quiet = feeder.customers[rows] - told.accounted[rows] - heard
    return np.asarray(np.maximum(quiet, 0.0), dtype=float)


def _explained(
    feeder: Feeder, rows: Ints, signals: Signals, density: Floats, shares: Floats
) -> Floats:
    """Sum over signals of w log(1 + p f / b) per device: (active, beginnings, shares).

    A signal is the same for every device above its place, so sums over an interval are
    differences of running sums. One that may have come from several places counts at each by its
    weight w; no set of devices can so count it more than once (it is a bound from below, for the
    logarithm is concave).
    """
    order = np.argsort(signals.pre, kind="stable")
    rate = density[order] * signals.odds[order, None]
    gain = np.log1p(rate[:, :, None] * shares) * signals.weight[order, None, None]
    running = np.concatenate((np.zeros((1, *gain.shape[1:])), np.cumsum(gain, axis=0)))
    first, last = np.searchsorted(signals.pre[order], [feeder.pre[rows], feeder.post[rows]])
    return np.asarray(running[last] - running[first], dtype=float)


def _state_evidence(feeder: Feeder, rows: Ints, states: States, begins: Floats) -> Floats:
    """Places seen dark or lit after the beginning: (active, beginnings)."""
    out = np.zeros((rows.size, begins.size))
    if not states.pre.size:
        return out
    order = np.argsort(states.pre, kind="stable")
    order = order[states.statement[order] < 0]
    seen = np.where(states.at[order, None] >= begins, states.odds[order, None], 0.0)
    running = np.concatenate((np.zeros((1, begins.size)), np.cumsum(seen, axis=0)))
    first, last = np.searchsorted(states.pre[order], [feeder.pre[rows], feeder.post[rows]])
    out += running[last] - running[first]
    for statement in range(int(states.statement.max()) + 1):
        mine = np.flatnonzero(states.statement == statement)
        places = np.sort(states.pre[mine])
        first, last = np.searchsorted(places, [feeder.pre[rows], feeder.post[rows]])
        after = begins <= states.at[mine[0]]
        out += np.where((last > first)[:, None] & after, states.odds[mine[0]], 0.0)
    return out


def _sighting_evidence(rates: Rates, rows: Ints, told: Told, begins: Floats) -> Floats:
    """The device itself was seen: closed rules out what began before, open is nearly certain."""
    closed = begins <= told.device_from[rows, None]
    opened = told.device_open[rows, None]
    sure = np.where(np.isfinite(opened) & (np.abs(begins - opened) < 1), np.log(rates.sighted), 0.0)
    return np.asarray(np.where(closed, np.log(rates.sighted_closed), 0.0) + sure, dtype=float)


@dataclass(frozen=True, slots=True)
class Posterior:
    """What the tree makes of the hypotheses.

    `topmost` is the probability of each active device to be the topmost open one of its branch,
    shape (active,); `log_r` and `log_rest` its log odds and those of everything below it being as
    the evidence has it without it.
    """

    hypotheses: Hypotheses
    topmost: Floats
    log_r: Floats
    log_rest: Floats

    def best(self, favoured: Sequence[int] = (), favour: float = 0.0) -> list[int]:
        """Rows of the most probable set of topmost open devices.

        A device in `favoured` (rows) counts `favour` more in log odds against what lies above or
        below it: what was said before is kept until something is clearly better.
        """
        rows, parent = self.hypotheses.rows, _active_parent(self.hypotheses)
        liked = np.isin(rows, np.array(favoured, dtype=np.intp))
        liked_below = np.zeros(rows.size, dtype=bool)
        rest = np.zeros(rows.size)
        opens = np.zeros(rows.size, dtype=bool)
        for i in range(rows.size - 1, -1, -1):
            ahead = self.log_r[i] - rest[i] + favour * (float(liked[i]) - float(liked_below[i]))
            opens[i] = ahead > 0
            above = parent[i]
            if above >= 0:
                rest[above] += self.log_r[i] if opens[i] else rest[i]
                liked_below[above] |= liked[i] or liked_below[i]
        chosen: list[int] = []
        covered_until = -1
        for row in rows[opens].tolist():
            if self.hypotheses.feeder.pre[row] >= covered_until:
                chosen.append(row)
                covered_until = int(self.hypotheses.feeder.post[row])
        return chosen

    def explains(self, row: int) -> Floats:
        """How probably each report belongs to this device's outage, given that it opened.

        Shape (reports,); the calls of the hypotheses, by number.
        """
        return explained_by(self.hypotheses, row)

    def begin_of(self, row: int) -> float:
        """Expected beginning in minutes, given that the device opened."""
        i = int(np.searchsorted(self.hypotheses.rows, row))
        log_odds = self.hypotheses.log_odds[i]
        weight = np.exp(log_odds - log_odds.max())
        return float(weight @ self.hypotheses.begins / weight.sum())

    def probability(self, row: int) -> float:
        """Of the device at this row being the topmost open one."""
        found = np.flatnonzero(self.hypotheses.rows == row)
        return float(self.topmost[found[0]]) if found.size else 0.0


def nest(hypotheses: Hypotheses, posterior: Posterior, rows: Sequence[int]) -> Hypotheses:
    """Let the devices above some open ones have opened later than those.

    Darkness has one cause at a time: what is open below a device when it opens stays so, and its
    customers' calls and silence tell of that outage alone. So the odds of a later beginning gain
    those of the earlier outages below, `rows` (none below another), and lose what the customers
    there were counted for.
    """
    log_odds = hypotheses.log_odds.copy()
    for row in rows:
        above = _above(hypotheses, row)
        if not above.size:
            continue
        earlier = float(posterior.log_r[np.searchsorted(hypotheses.rows, row)])
        began = hypotheses.begins > posterior.begin_of(row)
        counted = _counted(hypotheses, row, above)
        log_odds[above] += np.where(began, earlier - counted, 0.0)
    return replace(hypotheses, log_odds=log_odds)


def _above(hypotheses: Hypotheses, row: int) -> Ints:
    """Numbers of the active devices above a device."""
    feeder, active = hypotheses.feeder, hypotheses.rows
    above = (feeder.pre[active] < feeder.pre[row]) & (feeder.post[active] >= feeder.post[row])
    return np.asarray(np.flatnonzero(above), dtype=np.intp)


def _counted(hypotheses: Hypotheses, row: int, above: Ints) -> Floats:
    """What calls and silence below a device were counted for in those above: (above, beginnings).

    With the share of callers that is likely for each of them.
    """
    feeder, calls, rates = hypotheses.feeder, hypotheses.calls, hypotheses.rates
    shares, prior = rates.call_share.table()
    places = np.array([row, *hypotheses.rows[above]], dtype=np.intp)
    inside = (feeder.pre[places, None] <= calls.pre) & (calls.pre < feeder.post[places, None])
    heard = inside @ calls.weight
    quiet = max(float(feeder.customers[row] - heard[0]), 0.0)
    called = rates.call_delay.distribution(-hypotheses.begins)
    mine = inside[0]
    rate = (
        rates.call_delay.density(calls.at[mine, None] - hypotheses.begins) * calls.odds[mine, None]
    )
    out = np.empty((above.size, hypotheses.begins.size))
    for i, count in enumerate(heard[1:].tolist()):
        usual = _usual_share(shares, prior, count, float(feeder.customers[places[i + 1]]))
        out[i] = calls.weight[mine] @ np.log1p(usual * rate) + quiet * np.log1p(-usual * called)
    return out + _gasps_counted(hypotheses, row)


def _gasps_counted(hypotheses: Hypotheses, row: int) -> Floats:
    """The same of last gasps below a device, with its own share of meters: (beginnings,)."""
    feeder, gasps, rates = hypotheses.feeder, hypotheses.gasps, hypotheses.rates
    mine = (feeder.pre[row] <= gasps.pre) & (gasps.pre < feeder.post[row])
    heard = float(gasps.weight[mine].sum())
    if not heard:
        return np.zeros(hypotheses.begins.size)
    shares, prior = rates.gasp_share.table()
    usual = _usual_share(shares, prior, heard, float(feeder.customers[row]))
    since = gasps.at[mine, None] - hypotheses.begins
    density = np.where(since >= 0, np.exp(-since / rates.gasp_delay_min), 0.0)
    rate = density / rates.gasp_delay_min * gasps.odds[mine, None]
    return np.asarray(gasps.weight[mine] @ np.log1p(usual * rate), dtype=float)


def combine(hypotheses: Hypotheses) -> Posterior:
    """Combine independent faults on the tree; linear in the active devices."""
    rows, parent = hypotheses.rows, _active_parent(hypotheses)
    log_r = hypotheses.log_r
    rest = np.zeros(rows.size)
    whole = np.zeros(rows.size)
    for i in range(rows.size - 1, -1, -1):
        whole[i] = np.logaddexp(log_r[i], rest[i])
        if parent[i] >= 0:
            rest[parent[i]] += whole[i]
    topmost, covered = np.zeros(rows.size), np.zeros(rows.size)
    for i in range(rows.size):
        above = covered[parent[i]] if parent[i] >= 0 else 0.0
        topmost[i] = (1.0 - above) * float(np.exp(log_r[i] - whole[i]))
        covered[i] = above + topmost[i]
    return Posterior(hypotheses, topmost, log_r, rest)


def _active_parent(hypotheses: Hypotheses) -> Ints:
    """For each active device the nearest active one above, by number among the active; or -1."""
    feeder, rows = hypotheses.feeder, hypotheses.rows
    number = {int(row): i for i, row in enumerate(rows)}
    parents = []
    for row in rows:
        above = int(feeder.parent[row])
        while above >= 0 and above not in number:
            above = int(feeder.parent[above])
        parents.append(number.get(above, -1))
    return np.array(parents, dtype=np.intp)


def explained_by(hypotheses: Hypotheses, row: int) -> Floats:
    """Probability, for each report, that it came from this device's outage and nothing else.

    Given that the device opened; averaged over when it did and how many call. Shape (reports,).
    """
    feeder, calls, rates = hypotheses.feeder, hypotheses.calls, hypotheses.rates
    below = np.flatnonzero((feeder.pre[row] <= calls.pre) & (calls.pre < feeder.post[row]))
    out = np.zeros(calls.count)
    if not below.size:
        return out
    share_below = np.bincount(calls.report[below], weights=calls.weight[below])
    touched = np.flatnonzero(share_below)
    log_odds = hypotheses.log_odds[int(np.searchsorted(hypotheses.rows, row))]
    weight = np.exp(log_odds - log_odds.max())
    likely = np.flatnonzero(weight > 1e-4)  # noqa: PLR2004
    weight = weight[likely] / weight[likely].sum()
    _, first = np.unique(calls.report[below], return_index=True)
    at, odds = calls.at[below[first]], calls.odds[below[first]]
    shares, prior = rates.call_share.table()
    usual = _usual_share(shares, prior, float(share_below.sum()), float(feeder.customers[row]))
    density = rates.call_delay.density(at[:, None] - hypotheses.begins[likely])
    gain = share_below[touched, None] * density * usual * odds[:, None]
    out[touched] = (gain / (1 + gain)) @ weight
    return out


def _usual_share(shares: Floats, prior: Floats, heard: float, customers: float) -> float:
    """Mean share of callers once so many of the customers have called."""
    quiet = max(customers - heard, 0.0)
    log = np.log(prior) + heard * np.log(shares) + quiet * np.log1p(-shares)
    weight = np.exp(log - log.max())
    return float(weight @ shares / weight.sum())


def _logsumexp(values: Floats, *, axis: int) -> Floats:
    if not values.shape[axis]:
        return np.full(np.delete(values.shape, axis), -np.inf)
    top = values.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    total = np.exp(values - top).sum(axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.asarray((np.log(total) + top).squeeze(axis), dtype=float)


NO_SIGNALS = Signals(
    np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0), np.zeros(0), np.zeros(0)
)
NO_STATES = States(np.zeros(0, np.intp), np.zeros(0), np.zeros(0), np.zeros(0, np.intp))
