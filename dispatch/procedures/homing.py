"""The drive home of a borrowed crew: it is back at its base when its loan ends."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from dispatch.domain.crew import CrewState
from dispatch.planning.travel_table import Between, Minutes, Place


def home_in_time(
    states: Sequence[CrewState], sites: Sequence[Place], between: Between
) -> list[CrewState]:
    """Let borrowed crews leave so early that they are at their base when their loan ends.

    The drive is counted from the farthest of `sites` (lon, lat) from where a road leads there.
    """
    bases = bases_of(states)
    if not sites or not bases:
        return list(states)
    return leave_in_time(states, longest_home(between.minutes(sites, bases)))


def bases_of(states: Sequence[CrewState]) -> list[Place]:
    """Where borrowed crews have to be when their loan ends, (lon, lat)."""
    return [(s.crew.base_lon, s.crew.base_lat) for s in states if s.lent is not None]


def longest_home(minutes: Minutes) -> list[float]:
    """The longest drive to each base, of minutes from n sites to k bases; 0 where none leads."""
    longest: list[float] = np.where(np.isfinite(minutes), minutes, 0.0).max(axis=0).tolist()
    return longest


def leave_in_time(states: Sequence[CrewState], minutes: Sequence[float]) -> list[CrewState]:
    """Take the drive home, in minutes for each borrowed crew, off the end of its loan."""
    drives = iter(minutes)
    return [
        state if state.lent is None else _leaving(state, float(next(drives))) for state in states
    ]


def _leaving(state: CrewState, minutes: float) -> CrewState:
    assert state.lent is not None, "only borrowed crews drive home"
    until = state.lent.until - timedelta(minutes=minutes)
    return replace(state, lent=replace(state.lent, until=until))
