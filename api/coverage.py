"""What the free crews cover, worked out in one place of a process and kept for as long as it holds.

Customers are read again after a load, times asked again for crews that moved and for everybody when
roads or closures change. Who is free is never kept: that is read with every question.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from sqlalchemy import Engine

from dispatch.assignment import AssignmentPolicy
from dispatch.coverage import Cells, Coverage, CoveragePolicy, MoveUp, cells_of
from dispatch.domain.crew import CrewState
from dispatch.domain.words import CrewId, DistrictId
from dispatch.domain.zone import Zone, first_there
from dispatch.planning.travel_table import Kept, Place, TravelTable
from dispatch.ports import TravelTimes
from dispatch.procedures.covering import cover, free_now, leaves, propose, starts_of
from dispatch.store.reads.demand import demand_places, demand_version
from dispatch.store.transaction import reading

LOOK_AGAIN_S = 60.0
"""How long customers are taken as read before the process looks for a newer load."""


@dataclass(slots=True)
class _District:
    """What is kept of one district; one thread at a time works on it."""

    lock: Lock = field(default_factory=Lock)
    version: tuple[int, int] | None = None
    looked_at: float = 0.0
    cells: Cells | None = None
    from_crews: TravelTable = field(default_factory=TravelTable)
    from_stand_bys: TravelTable = field(default_factory=TravelTable)


class Board:
    """The coverage of each district, for everybody of this process.

    Parameters
    ----------
    engine
        The database with the customers. It is asked on a connection of its own, so the board is
        never asked from within a transaction.
    policy, assignment
        What counts as covered, and whose position is believed.
    """

    def __init__(
        self, engine: Engine, policy: CoveragePolicy, assignment: AssignmentPolicy
    ) -> None:
        self.policy = policy
        self._engine = engine
        self._assignment = assignment
        self._districts: dict[DistrictId, _District] = {}

    def coverage(
        self,
        district_id: DistrictId,
        states: Sequence[CrewState],
        travel_times: TravelTimes,
        now: datetime,
    ) -> Coverage:
        """What those of a district's crews cover that are free at `now`."""
        kept = self._districts.setdefault(district_id, _District())
        with kept.lock:
            return self._coverage(kept, district_id, states, travel_times, now)

    def leaves(
        self,
        district_id: DistrictId,
        states: Sequence[CrewState],
        travel_times: TravelTimes,
        now: datetime,
    ) -> Mapping[CrewId, str]:
        """What sending each free crew would leave uncovered, as a reason of the record."""
        coverage = self.coverage(district_id, states, travel_times, now)
        if not len(coverage.cells):
            return {}
        return {crew: leaves(coverage.left_by(crew), self.policy) for crew in coverage.crews}

    def move_up(
        self,
        district_id: DistrictId,
        states: Sequence[CrewState],
        travel_times: TravelTimes,
        now: datetime,
        *,
        posted: Mapping[CrewId, Place],
        zones: Sequence[Zone] = (),
    ) -> MoveUp | None:
        """The best single move of a free crew of a district; None where none is worth its drive.

        Crews that are `posted` stay, and count as if they were there. Of the `zones` in force those
        that nobody may enter are no place to stand by.
        """
        kept = self._districts.setdefault(district_id, _District())
        with kept.lock:
            coverage = self._coverage(kept, district_id, states, travel_times, now)
            return propose(
                coverage,
                states,
                starts_of(free_now(states, self._assignment, now), self._assignment, now),
                posted=posted,
                drives=travel_times,
                from_there=Kept(travel_times, kept.from_stand_bys),
                is_open=lambda lon, lat: (
                    first_there(zones, district_id, lon, lat, no_go=True) is None
                ),
            )

    def _coverage(
        self,
        kept: _District,
        district_id: DistrictId,
        states: Sequence[CrewState],
        travel_times: TravelTimes,
        now: datetime,
    ) -> Coverage:
        return cover(
            self._cells(kept, district_id),
            free_now(states, self._assignment, now),
            Kept(travel_times, kept.from_crews),
            assignment=self._assignment,
            policy=self.policy,
            now=now,
        )

    def _cells(self, kept: _District, district_id: DistrictId) -> Cells:
        if kept.cells is not None and time.monotonic() - kept.looked_at < LOOK_AGAIN_S:
            return kept.cells
        with reading(self._engine) as connection:
            version = demand_version(connection)
            if kept.cells is None or version != kept.version:
                kept.cells = cells_of(demand_places(connection, district_id), self.policy)
        kept.version, kept.looked_at = version, time.monotonic()
        return kept.cells
