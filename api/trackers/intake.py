"""Fixes on their way into the database: gathered for a moment, stored together, then answered for.

Whoever hands fixes in waits until they are committed, so that what was acknowledged to a device is
on disk. The buffer is bounded: a full one refuses at once, and the device keeps its fixes. While
the database is away the buffer is kept and tried again; positions sent twice are stored once.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dispatch.domain.crew import PositionFix
from dispatch.errors import Collision, StoreUnavailable
from dispatch.procedures.tracking import Kept

log = logging.getLogger(__name__)

Storing = Callable[[Sequence[PositionFix]], Kept]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakePolicy:
    """How much is gathered, for how long, and how long somebody waits for an answer."""

    most_waiting: int = 50_000
    most_at_once: int = 5_000
    gather_s: float = 0.2
    patience_s: float = 10.0
    again_after_s: float = 1.0


@dataclass(slots=True)
class _Lot:
    fixes: Sequence[PositionFix]
    stored: asyncio.Future[None]


class Intake:
    """Gathers fixes from everywhere in this process; lives in one event loop.

    Parameters
    ----------
    store
        Stores fixes in a transaction of its own; called in a thread.
    kept
        Told what became of them, after the commit.
    policy
        The bounds.
    """

    def __init__(
        self, store: Storing, kept: Callable[[Kept], None], policy: IntakePolicy | None = None
    ) -> None:
        self._store = store
        self._kept = kept
        self._policy = policy or IntakePolicy()
        self._lots: list[_Lot] = []
        self._waiting = 0
        self._news = asyncio.Event()
        self._full = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many fixes are not stored yet."""
        return self._waiting

    def start(self) -> None:
        """Begin to store; called in the loop."""
        self._task = asyncio.create_task(self._run(), name="positions")

    async def stop(self) -> None:
        """Store what waits, once, and end."""
        self._stopping.set()
        self._news.set()
        self._full.set()
        if self._task is not None:
            await self._task
        for lot in self._lots:
            _fail(lot)

    async def take(self, fixes: Sequence[PositionFix]) -> None:
        """Wait until the fixes are committed.

        Raises
        ------
        StoreUnavailable
            The buffer is full, or the database is away; the device is to send them again. They
            may have been stored all the same.
        """
        if not fixes:
            return
        stored = self.put(fixes)
        try:
            await asyncio.wait_for(asyncio.shield(stored), self._policy.patience_s)
        except TimeoutError:
            raise StoreUnavailable("the positions are not stored yet") from None

    def put(self, fixes: Sequence[PositionFix]) -> asyncio.Future[None]:
        """Queue fixes; the future ends when they are committed. `StoreUnavailable` when full."""
        if self._stopping.is_set() or self._waiting + len(fixes) > self._policy.most_waiting:
            raise StoreUnavailable("too many positions wait to be stored")
        stored = asyncio.get_running_loop().create_future()
        self._lots.append(_Lot(fixes, stored))
        self._waiting += len(fixes)
        self._news.set()
        if self._waiting >= self._policy.most_at_once:
            self._full.set()
        return stored

    async def _run(self) -> None:
        while not self._stopping.is_set() or self._lots:
            await self._news.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), self._policy.gather_s)
            lots = self._next()
            try:
                await self._store_lots(lots)
            except (StoreUnavailable, Collision) as away:
                self._lots[:0] = lots
                if self._stopping.is_set():
                    return
                log.warning("%d positions wait for the database: %s", self._waiting, away)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._policy.again_after_s)
            else:
                self._waiting -= sum(len(lot.fixes) for lot in lots)
            self._settle()

    def _settle(self) -> None:
        if not self._lots and not self._stopping.is_set():
            self._news.clear()
        if self._waiting < self._policy.most_at_once and not self._stopping.is_set():
            self._full.clear()

    def _next(self) -> list[_Lot]:
        """The next lots, whole ones; at least one, if there is one."""
        count = size = 0
        for lot in self._lots:
            size += len(lot.fixes)
            if count and size > self._policy.most_at_once:
                break
            count += 1
        lots, self._lots = self._lots[:count], self._lots[count:]
        return lots

    async def _store_lots(self, lots: Sequence[_Lot]) -> None:
        """Store lots together; one that cannot be stored must not sink the others."""
        if not lots:
            return
        try:
            kept = await asyncio.to_thread(self._store, [f for lot in lots for f in lot.fixes])
        except (StoreUnavailable, Collision):
            raise
        except Exception:  # whatever is wrong with one lot, the others have to go on
            if len(lots) == 1:
                log.exception("%d positions were refused", len(lots[0].fixes))
                _fail(lots[0])
                return
            middle = len(lots) // 2
            await self._store_lots(lots[:middle])
            await self._store_lots(lots[middle:])
            return
        self._kept(kept)
        for lot in lots:
            if not lot.stored.done():
                lot.stored.set_result(None)


def _fail(lot: _Lot) -> None:
    if not lot.stored.done():
        lot.stored.set_exception(StoreUnavailable("the positions were not stored"))
        lot.stored.exception()  # whoever waited may be gone
