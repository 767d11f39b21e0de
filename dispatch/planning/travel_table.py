"""Travel times that are kept from one plan to the next: crews move, sites do not."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Place = tuple[float, float]
Minutes = NDArray[np.float32]


class Between(Protocol):
    """Minutes by road from each of n places to each of m, shape (n, m)."""

    def minutes(self, starts: Sequence[Place], ends: Sequence[Place]) -> Minutes:
        """Give the minutes; infinite where no road leads."""
        ...


class Versioned(Between, Protocol):
    """The same, saying when what it gave before no longer holds."""

    @property
    def version(self) -> Hashable:
        """Changes whenever any time may have changed: other roads, closures, hours."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    version: Hashable
    row_of: dict[Place, int]
    column_of: dict[Place, int]
    minutes: Minutes


class TravelTable:
    """The last table of one district; safe to use from several threads.

    What was asked last time is taken from there; rows and columns of places that were not in it are
    asked for. Nothing is kept beyond what the last plan needed, and nothing of another version.
    """

    def __init__(self) -> None:
        self._known: _Known | None = None

    def minutes(self, times: Versioned, starts: Sequence[Place], ends: Sequence[Place]) -> Minutes:
        """Give the minutes from each of n places to each of m, shape (n, m)."""
        version, known = times.version, self._known
        if known is None or known.version != version:
            known = _Known(version, {}, {}, np.empty((0, 0), np.float32))
        table = np.empty((len(starts), len(ends)), np.float32)
        rows, new_rows = _split(starts, known.row_of)
        columns, new_columns = _split(ends, known.column_of)
        old = [known.row_of[starts[i]] for i in rows]
        old_columns = [known.column_of[ends[j]] for j in columns]
        table[np.ix_(rows, columns)] = known.minutes[np.ix_(old, old_columns)]
        if new_columns:
            table[:, new_columns] = times.minutes(starts, [ends[j] for j in new_columns])
        if new_rows and columns:
            asked = times.minutes([starts[i] for i in new_rows], [ends[j] for j in columns])
            table[np.ix_(new_rows, columns)] = asked
        self._known = _Known(version, _numbers(starts), _numbers(ends), table.copy())
        return table


@dataclass(frozen=True, slots=True)
class Kept:
    """Times of a district through its table."""

    times: Versioned
    table: TravelTable

    def minutes(self, starts: Sequence[Place], ends: Sequence[Place]) -> Minutes:
        """See `Between`."""
        return self.table.minutes(self.times, starts, ends)


def _numbers(places: Sequence[Place]) -> dict[Place, int]:
    return {place: i for i, place in enumerate(places)}


def _split(places: Sequence[Place], known: dict[Place, int]) -> tuple[list[int], list[int]]:
    """Which of the places are known, and which are not."""
    old = [i for i, place in enumerate(places) if place in known]
    new = [i for i, place in enumerate(places) if place not in known]
    return old, new
