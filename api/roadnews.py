"""Roads and closures of one process, followed: what was shut elsewhere is shut here at once.

A notification wakes and carries nothing; the database is read. Should one be lost, the roads are
read again every few seconds, and at the moment a closure begins or ends.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from api.live import hear
from api.roads import Roads
from dispatch.errors import StoreUnavailable
from dispatch.store.roads import CHANNEL

log = logging.getLogger(__name__)


class RoadNews:
    """Keeps `roads` up to date beside the requests and jobs that use them.

    `changed` is called in a thread when roads are shut or open here that were not before.
    """

    def __init__(
        self, roads: Roads, conninfo: str, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._roads = roads
        self._conninfo = conninfo
        self._woken = asyncio.Event()
        self._process = f"{socket.gethostname()}:{os.getpid()}"
        self._changed = changed
        self._noted: frozenset[int] | None = None
        self.listening = asyncio.Event()

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Follow for as long as the context lasts."""
        following = asyncio.create_task(self.run(), name="roads")
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def run(self) -> None:
        """Follow until cancelled."""
        listening = asyncio.create_task(
            hear(self._conninfo, CHANNEL, self._opened, lambda _: self._woken.set(), self._lost)
        )
        try:
            while True:
                self._woken.clear()
                await self._refresh()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._roads.next_change_s()):
                        await self._woken.wait()
        finally:
            self._roads.followed = False  # from here on whoever asks looks for himself
            listening.cancel()

    def _opened(self) -> None:
        """What was said while nobody listened was missed: everything is read anew."""
        self.listening.set()
        self._woken.set()

    def _lost(self) -> None:
        self.listening.clear()

    async def _refresh(self) -> None:
        try:
            await asyncio.to_thread(self._roads.look)
            self._roads.followed = True
            await asyncio.to_thread(self._note)
        except StoreUnavailable as away:
            log.warning("the roads were not read: %s", away)

    def _note(self) -> None:
        """Write down what is shut here now or open again, with how long that took.

        What was shut before this process began is no news.
        """
        shut = self._roads.shut_here
        if self._noted is None:
            log.info("the roads are followed; %d closures are shut here", len(shut))
        before = shut if self._noted is None else self._noted
        new, gone = shut - before, before - shut
        self._noted = shut
        if new or gone:
            self._changed()
        if new:
            for closure_id, after_s in self._roads.note_taken(new, self._process).items():
                log.info(
                    "closure %d is shut here, %.3f s after the journal has it", closure_id, after_s
                )
        if gone:
            for closure_id, after_s in self._roads.note_opened(gone, self._process).items():
                log.info(
                    "closure %d is open here, %.3f s after the journal has it", closure_id, after_s
                )
