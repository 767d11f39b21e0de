"""Arrivals are weighed a moment after positions are stored, each crew in its own transaction."""

import asyncio
import logging
from collections.abc import Sequence

from api.expecting import expect_anew
from api.house import House
from dispatch.domain.crew import PositionFix
from dispatch.domain.words import CrewId
from dispatch.errors import Collision, DispatchError, StoreUnavailable
from dispatch.store.transaction import retrying
from dispatch.usecases.weigh_positions import WeighPositions, weigh_positions

log = logging.getLogger(__name__)

EVERY_S = 5.0


class Weighing:
    """Remembers what was heard of each crew: any one fix may be the one at the place.

    What a crash forgets, the crew's next fix near the place brings up, or the end of its order.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._heard: dict[CrewId, list[PositionFix]] = {}

    def note(self, fixes: Sequence[PositionFix]) -> None:
        """These were stored; called in the loop."""
        for fix in fixes:
            self._heard.setdefault(fix.crew_id, []).append(fix)

    async def run(self) -> None:
        """Weigh every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.weigh()

    async def weigh(self) -> None:
        """Weigh now; what could not be read or written now is weighed the next time."""
        heard, self._heard = self._heard, {}
        if heard:
            self.note(await asyncio.to_thread(self._weigh, heard))

    def _weigh(self, heard: dict[CrewId, list[PositionFix]]) -> list[PositionFix]:
        """Weigh what was heard; what is to be weighed again."""
        oldest = min(fix.fixed_at for fixes in heard.values() for fix in fixes)
        try:
            with self._house.transaction() as store:
                crews = store.positions.with_orders(list(heard), oldest)
        except DispatchError as away:
            log.warning("arrivals were not weighed, and are soon: %s", away)
            return [fix for fixes in heard.values() for fix in fixes]
        again = [fix for crew in crews for fix in self._weigh_crew(crew, heard[crew])]
        expect_anew(self._house, crews)
        return again

    def _weigh_crew(self, crew_id: CrewId, fixes: Sequence[PositionFix]) -> Sequence[PositionFix]:
        """Weigh what was heard of one crew; what is to be weighed again."""
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
        except (StoreUnavailable, Collision) as away:
            log.warning("the arrival of crew %s was not weighed, and is soon: %s", crew_id, away)
            return fixes
        except DispatchError as refused:
            log.warning("the arrival of crew %s was not weighed: %s", crew_id, refused)
        return ()
