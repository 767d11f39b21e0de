"""What plans will ask of the learned trees in some minutes is summed while nothing else is done.

The trees know the hour, and every few minutes it moves all orders to other cells of theirs at once;
the plan of one new order that comes just then must not wait for the sums of all the others.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from dispatch.errors import StoreUnavailable
from dispatch.procedures.expecting import forecaster_of
from dispatch.store.transaction import Transaction

log = logging.getLogger(__name__)

EVERY_S = 5.0
AT_ONCE = 200
"""So many orders are summed at a time, some 20 ms: a plan that begins meanwhile waits no longer."""


class Ahead:
    """Sums ahead what this process's plans asked about, every few seconds."""

    def __init__(
        self, transaction: Transaction, now: Callable[[], datetime], *, every_s: float = EVERY_S
    ) -> None:
        self._transaction = transaction
        self._now = now
        self._every_s = every_s

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Go on with it for as long as the context lasts."""
        summing = asyncio.create_task(self._run(), name="sums ahead")
        try:
            yield
        finally:
            summing.cancel()
            with suppress(asyncio.CancelledError):
                await summing

    def sum_some(self) -> int:
        """Sum a part of what is to come; how many orders are left."""
        with self._transaction() as store:
            forecaster = forecaster_of(store)
        return forecaster.sum_ahead(self._now(), AT_ONCE)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                while await asyncio.to_thread(self.sum_some):
                    pass
            except StoreUnavailable as away:
                log.warning("nothing was summed ahead: %s", away)
