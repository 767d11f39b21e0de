"""Arrivals are weighed a moment after positions are stored, each crew in its own transaction."""

import asyncio
import logging
from collections.abc import Sequence

from api.expecting import expect_anew
from api.house import House
from dispatch.domain.crew import PositionFix
from dispatch.domain.words import CrewId
from dispatch.errors import DispatchError
from dispatch.store.transaction import retrying
from dispatch.usecases.weigh_positions import WeighPositions, weigh_positions

log = logging.getLogger(__name__)

EVERY_S = 5.0
MOST_FIXES = 100
"""Of one crew between two weighings; the track itself is read from the database."""


class Weighing:
    """Remembers which crews were heard; what a crash forgets, the crew's next fix brings up."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._heard: dict[CrewId, list[PositionFix]] = {}

    def note(self, fixes: Sequence[PositionFix]) -> None:
        """These were stored; called in the loop."""
        for fix in fixes:
            heard = self._heard.setdefault(fix.crew_id, [])
            if len(heard) < MOST_FIXES:
                heard.append(fix)
            else:
                heard[-1] = fix

    async def run(self) -> None:
        """Weigh every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.weigh()

    async def weigh(self) -> None:
        """Weigh now; what fails is logged, and comes up again with the crew's next fix."""
        heard, self._heard = self._heard, {}
        if heard:
            await asyncio.to_thread(self._weigh, heard)

    def _weigh(self, heard: dict[CrewId, list[PositionFix]]) -> None:
        oldest = min(fix.fixed_at for fixes in heard.values() for fix in fixes)
        try:
            with self._house.transaction() as store:
                crews = store.positions.with_orders(list(heard), oldest)
        except DispatchError as refused:
            log.warning("arrivals were not weighed: %s", refused)
            return
        for crew_id in crews:
            self._weigh_crew(crew_id, heard[crew_id])
        expect_anew(self._house, crews)

    def _weigh_crew(self, crew_id: CrewId, fixes: Sequence[PositionFix]) -> None:
        house, command = self._house, WeighPositions(crew_id=crew_id, fixes=fixes)
        try:
            travel_times = house.travel_times()
            retrying(
                house.transaction,
                lambda store: weigh_positions(
                    store,
                    command,
                    policy=house.policies.arrival,
                    now=house.now(),
                    travel_times=travel_times,
                ),
            )
        except DispatchError as refused:
            log.warning("the arrival of crew %s was not weighed: %s", crew_id, refused)
