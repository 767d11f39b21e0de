"""A feeder's evidence as arrays: signals and the places they come from, light, what is known.

Times are minutes relative to now, so the past is negative.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dispatch.feeder import Feeder, Ints
from dispatch.rates import Floats


@dataclass(frozen=True, eq=False)
class Signals:
    """Reports or last gasps along a feeder: one row per report and place it may have come from.

    `report` numbers the reports from 0, `pre` is the place, `weight` the share of the report that
    lies there (adding up to one per report where all its places are on this feeder), `at` minutes
    and `odds` the likelihood ratio per expected signal a minute: what it says beside its time,
    over the rate at which such signals come without an outage. With odds of 0 it says nothing.
    `counts_for` is how many of those who could send one its sender counts for.
    """

    report: Ints
    pre: Ints
    weight: Floats
    at: Floats
    odds: Floats
    counts_for: Floats

    @cached_property
    def count(self) -> int:
        """How many reports there are."""
        return int(self.report.max()) + 1 if self.report.size else 0

    @cached_property
    def _telling_rows(self) -> Ints:
        rows = np.flatnonzero(self.odds > 0)
        return np.asarray(rows[np.argsort(self.pre[rows], kind="stable")], dtype=np.intp)

    @cached_property
    def telling(self) -> "Signals":
        """Those that say something, in the order of their places."""
        rows = self._telling_rows
        return Signals(
            self.report[rows],
            self.pre[rows],
            self.weight[rows],
            self.at[rows],
            self.odds[rows],
            self.counts_for[rows],
        )

    def placed_by(self, likelier: Floats) -> "Signals":
        """The same, each report's weight moved to where it is likelier from.

        `likelier` has a factor for each of the telling ones.
        """
        weight = self.weight.copy()
        weight[self._telling_rows] *= likelier
        whole = np.bincount(self.report, weights=self.weight, minlength=self.count)
        moved = np.bincount(self.report, weights=weight, minlength=self.count)
        return replace(self, weight=weight * (whole / moved)[self.report])


@dataclass(frozen=True, slots=True)
class States:
    """Light or none seen at places: `odds` is the log likelihood ratio of dark against lit.

    What came of one statement (supply was restored to these places at once) has its number in
    `statement`, from 0; it speaks of the devices above all of these places, and counts once for
    each: what else is open further down, nobody has looked at. What stands for itself has -1.
    """

    pre: Ints
    at: Floats
    odds: Floats
    statement: Ints

    @property
    def dark(self) -> "States":
        """Those that tell of darkness."""
        rows = np.flatnonzero(self.odds > 0)
        return States(self.pre[rows], self.at[rows], self.odds[rows], self.statement[rows])


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of devices and of customers already accounted for.

    Of shape (devices,): `shut` says which devices are not in question (already open for a known
    outage), `device_from` holds the minute after which alone each can have opened (it was seen
    closed; -inf: no such sighting), `device_open` the minute at which it was seen open (nan:
    never), `told_late` whether it may have been open for long by then: a person saw it. Of shape
    (places,): `dark_pre`, `dark_customers` and `dark_since` are customers who lost supply to a
    known outage then, `dark_callers` the same as their kinds call; neither their calls nor their
    silence since tell of another. `relit` are those who were out for one that is over for them.
    """

    shut: NDArray[np.bool_]
    device_from: Floats
    device_open: Floats
    told_late: NDArray[np.bool_]
    dark_pre: Ints
    dark_customers: Floats
    dark_callers: Floats
    dark_since: Floats
    relit: "Relit"

    @classmethod
    def nothing(cls, feeder: Feeder) -> "Told":
        """Nothing is known beside the signals."""
        size = len(feeder.devices)
        return cls(
            np.zeros(size, dtype=bool),
            np.full(size, -np.inf),
            np.full(size, np.nan),
            np.zeros(size, dtype=bool),
            np.zeros(0, dtype=np.intp),
            np.zeros(0),
            np.zeros(0),
            np.zeros(0),
            NONE_RELIT,
        )


@dataclass(frozen=True, slots=True)
class Relit:
    """Places that were dark for a known outage and have light again, as far as is on record.

    All of shape (places,), in the order of `pre`; `callers` are the customers, each counting as its
    kind calls. What opened there while the place was dark was
    noticed by nobody before the light should have come back: only then do its customers call.
    """

    pre: Ints
    customers: Floats
    callers: Floats
    lost: Floats
    at: Floats

    def noticed(self, pre: Ints) -> Floats:
        """The minute at which each place should have had light again; -inf where it had it."""
        if not self.pre.size:
            return np.full(pre.size, -np.inf)
        found = np.minimum(np.searchsorted(self.pre, pre), self.pre.size - 1)
        return np.where(self.pre[found] == pre, self.at[found], -np.inf)

    def dark_minutes(self) -> Floats:
        """Some minutes of each time in the dark, shape (n,)."""
        times = np.unique(np.column_stack((self.lost, self.at)), axis=0)
        return np.linspace(times[:, 0], times[:, 1] - 0.1, DARK_POINTS).ravel()


DARK_POINTS = 4

NONE_RELIT = Relit(np.zeros(0, np.intp), np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))


NO_SIGNALS = Signals(
    np.zeros(0, np.intp),
    np.zeros(0, np.intp),
    np.zeros(0),
    np.zeros(0),
    np.zeros(0),
    np.zeros(0),
)
NO_STATES = States(np.zeros(0, np.intp), np.zeros(0), np.zeros(0), np.zeros(0, np.intp))
