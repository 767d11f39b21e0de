"""Districts that lend each other crews on a played day, by the product's own rules.

Who asks, whom and for which crew is decided as `propose_loan` does; a standing consent of every
district grants at once. What people would do is assumed: a lender recalls its crews as soon as one
of its own orders waits, and a borrower gives a free crew back when nothing of its own waits.
"""

import math
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from dispatch.coverage import Coverage, CoveragePolicy
from dispatch.domain.loan import LendingPolicy
from dispatch.domain.words import CrewId, DistrictId
from dispatch.drill.policies import parameters as p
from dispatch.drill.policies.standing import (
    Borrowed,
    Situation,
    Standing,
    Standings,
    crew_state,
    rows_now,
    situation,
)
from dispatch.planning.outlook import Offer, Outlook, is_in_need, outlook_of, worth_asking
from dispatch.procedures.covering import to_spare
from dispatch.procedures.planning import Planner
from dispatch.usecases.propose_loan import LOOK_AT

COVERED = CoveragePolicy()


class Lending:
    """The loans of one day, by one policy for all districts."""

    def __init__(self, planner: Planner, policy: LendingPolicy | None = None) -> None:
        self._planner = planner
        self._policy = policy or LendingPolicy()

    def bring_home(self, state: Standings, now: float) -> bool:
        """See `Lends`; a crew that holds an order finishes it, for whoever gave it."""
        ended = False
        for crew in state.crews.values():
            if crew.loan is None:
                continue
            over = now >= crew.loan.until_min
            recalled = bool(state.waiting(crew.duty.crew.district_id))
            given_back = crew.order is None and not state.waiting(crew.loan.to_id)
            if over or recalled or given_back:
                state.lent_min += min(now, crew.loan.until_min) - crew.loan.since_min
                crew.loan, ended = None, True
        return ended

    def borrow(self, state: Standings, district_id: DistrictId, now: float) -> bool:
        """See `Lends`."""
        near = self._nearest(state, district_id, now) if state.waiting(district_id) else []
        if not near:
            return False
        as_it_is = self._outlook(situation(state, district_id, now))
        if as_it_is is None or not is_in_need(as_it_is, self._policy):
            return False
        offers = {}
        for crew, minutes in near:
            lent = self._lent(crew, district_id, now)
            with_it = self._outlook(situation(state, district_id, now, also=[lent]))
            if with_it is not None:
                offers[crew.duty.crew.id] = Offer(
                    state=crew_state(lent), minutes=minutes, outlook=with_it
                )
        best = worth_asking(as_it_is, list(offers.values()), self._policy)
        if best is None:
            return False
        crew = state.crews[best.state.crew.id]
        crew.loan = self._lent(crew, district_id, now).loan
        state.loans += 1
        return True

    def _outlook(self, seen: Situation) -> Outlook | None:
        plan = self._planner.sketch(seen.district_id, seen.problem)
        return None if plan is None else outlook_of(seen.problem, plan)

    def _lent(self, crew: Standing, to_id: DistrictId, now: float) -> Standing:
        """The crew as it would be when lent, for as long as it may be."""
        longest = now + self._policy.longest.total_seconds() / 60
        until = min(longest, crew.duty.ends_min)
        return replace(crew, loan=Borrowed(to_id=to_id, since_min=now, until_min=until))

    def _nearest(
        self, state: Standings, district_id: DistrictId, now: float
    ) -> list[tuple[Standing, float]]:
        """The crews to be spared that are soonest at the borrower's most urgent order."""
        first = min(state.waiting(district_id), key=lambda o: (not state.jobs[o].hazard, o))
        place = state.jobs[first].place
        spared = [
            state.crews[crew_id]
            for other in state.day.districts()
            if other != district_id and not state.waiting(other)
            for crew_id in self._to_spare(state, other, now)
        ]
        drives = [(crew, float(rows_now(state, crew, now)[0][place])) for crew in spared]
        drives.sort(key=lambda each: (each[1], each[0].duty.crew.id))
        return [each for each in drives[:LOOK_AT] if math.isfinite(each[1])]

    def _to_spare(
        self, state: Standings, district_id: DistrictId, now: float
    ) -> Collection[CrewId]:
        """The district's own free crews that it could do without, by its coverage."""
        free = [
            each
            for each in state.crews_of(district_id)
            if each.order is None
            and each.is_on_shift(now)
            and _leaves_at(each) - now >= p.SHIFT_RESERVE_MIN
        ]
        ward = state.day.ward(district_id)
        rows = [each.row_min[ward.places] for each in free]
        coverage = Coverage(
            cells=ward.cells,
            crews=[each.duty.crew.id for each in free],
            minutes=np.array(rows, np.float32).reshape(len(free), len(ward.places)),
            policy=COVERED,
        )
        spared = to_spare(
            coverage, keep_covered=self._policy.keep_covered, keep_free=self._policy.keep_free
        )
        own = {each.duty.crew.id for each in free if each.loan is None}
        return sorted(spared & own)


def _leaves_at(crew: Standing) -> float:
    return crew.duty.ends_min if crew.loan is None else crew.loan.until_min
