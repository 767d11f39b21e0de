"""After positions were stored: say anew when the crews that drive arrive."""

import logging
from collections.abc import Collection

from api.house import House
from dispatch.domain.words import CrewId
from dispatch.errors import DispatchError
from dispatch.store.transaction import retrying
from dispatch.usecases.refresh_etas import RefreshEtas, refresh_etas

log = logging.getLogger(__name__)


def expect_anew(house: House, crew_ids: Collection[CrewId]) -> None:
    """Reckon from the crews' last positions, in a transaction of its own.

    What fails is logged: the positions are kept, and the next one brings it up again.
    """
    command = RefreshEtas(crew_ids=crew_ids)
    try:
        times = house.travel_times()
        retrying(
            house.transaction,
            lambda store: refresh_etas(store, command, times, policy=house.policies.eta),
        )
    except DispatchError as refused:
        log.warning("expected arrivals were not reckoned: %s", refused)
