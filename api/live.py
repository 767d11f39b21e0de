"""The live stream: one listener per process tells every open screen that something changed.

A message carries the kind and the id of what changed, never its content: the screen reads the
thing again with its own rights. Between messages a heartbeat every two seconds lets a screen tell
a quiet day from a dead stream.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import psycopg

from api.callers import Caller
from dispatch.store.events import CHANNEL

log = logging.getLogger(__name__)

HEARTBEAT_S = 2.0
BACKLOG = 1_000
RECONNECT_S = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Poke:
    """Something changed: `stream` is the thing (`outage:17`), `kind` what happened to it."""

    id: int
    kind: str
    stream: str
    district_id: str | None

    @classmethod
    def read(cls, payload: str) -> "list[Poke]":
        """Read a notification of the journal: what one transaction changed."""
        return [
            cls(int(told["id"]), told["kind"], told["stream"], told["district_id"])
            for told in json.loads(payload)
        ]

    def line(self) -> str:
        """The message as the stream carries it."""
        thing, _, key = self.stream.partition(":")
        data = json.dumps({"kind": self.kind, "thing": thing, "key": key}, ensure_ascii=False)
        return f"id: {self.id}\nevent: changed\ndata: {data}\n\n"


class Subscription:
    """One open screen: what it has not been told yet. A screen too slow is told to read anew."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._waiting: asyncio.Queue[Poke | None] = asyncio.Queue(BACKLOG)
        self.missed = False

    def tell(self, poke: Poke) -> None:
        """Queue a message if this caller may know of it."""
        if not self.caller.sees(poke.district_id):
            return
        try:
            self._waiting.put_nowait(poke)
        except asyncio.QueueFull:
            self.missed = True

    def end(self) -> None:
        """Let the stream end after what is queued."""
        while self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    async def next(self, patience_s: float) -> Poke | None:
        """The next message; `TimeoutError` after a quiet while, None at the end."""
        async with asyncio.timeout(patience_s):
            return await self._waiting.get()


class Live:
    """Listens on one connection and fans out; reconnects, and says so to every screen."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._open: set[Subscription] = set()
        self._task: asyncio.Task[None] | None = None
        self._ending = False
        self.listening = asyncio.Event()

    def start(self) -> None:
        """Begin to listen; called once the event loop runs."""
        self._task = asyncio.create_task(self._listen(), name="live listener")

    async def stop(self) -> None:
        """End every stream and the listener."""
        self.end_streams()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def end_streams(self) -> None:
        """Let every open stream end, so that the server can stop."""
        self._ending = True
        for subscription in self._open:
            subscription.end()

    async def stream(
        self, caller: Caller, still_valid: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[str]:
        """Lines for one screen until it goes away or its token is revoked.

        Parameters
        ----------
        caller
            Whose districts decide what is told.
        still_valid
            Asked at every heartbeat; the stream ends when it says no.
        """
        subscription = Subscription(caller)
        self._open.add(subscription)
        try:
            yield "retry: 2000\nevent: hello\ndata: {}\n\n"
            while not self._ending:
                line = await self._next_line(subscription, still_valid)
                if line is None:
                    return
                yield line
        finally:
            self._open.discard(subscription)

    async def _next_line(
        self, subscription: Subscription, still_valid: Callable[[], Awaitable[bool]]
    ) -> str | None:
        if subscription.missed:
            subscription.missed = False
            return "event: reread\ndata: {}\n\n"
        try:
            poke = await subscription.next(HEARTBEAT_S)
        except TimeoutError:
            if not await still_valid():
                return None
            state = "live" if self.listening.is_set() else "deaf"
            return f'event: heartbeat\ndata: {{"state": "{state}"}}\n\n'
        return None if poke is None else poke.line()

    async def _listen(self) -> None:
        await follow(self._conninfo, self._opened, self._tell, self.listening.clear)

    def _opened(self) -> None:
        self._tell_all_to_reread()
        self.listening.set()

    def _tell(self, poke: Poke) -> None:
        for subscription in self._open:
            subscription.tell(poke)

    def _tell_all_to_reread(self) -> None:
        """What was said while nobody listened is lost: every screen reads anew."""
        for subscription in self._open:
            subscription.missed = True


async def follow(
    conninfo: str,
    opened: Callable[[], None],
    told: Callable[[Poke], None],
    lost: Callable[[], None],
) -> None:
    """Listen to the journal until cancelled; `told` is called for every entry, else as `hear`."""

    def heard(payload: str) -> None:
        for poke in Poke.read(payload):
            told(poke)

    await hear(conninfo, CHANNEL, opened, heard, lost)


async def hear(
    conninfo: str,
    channel: str,
    opened: Callable[[], None],
    heard: Callable[[str], None],
    lost: Callable[[], None],
) -> None:
    """Listen to a channel until cancelled, and connect anew as often as it takes.

    Parameters
    ----------
    conninfo
        The database's address as psycopg reads it.
    channel
        Its name, a constant of ours.
    opened
        Called when listening has begun; what was said before was missed.
    heard
        Called with every notification's payload.
    lost
        Called when listening has ended.
    """
    failures = 0
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                conninfo, autocommit=True, connect_timeout=5
            ) as connection:
                await connection.execute(f"LISTEN {channel}".encode())
                opened()
                failures = 0
                async for notice in connection.notifies():
                    heard(notice.payload)
        except psycopg.OperationalError as gone:
            log.warning("the listener on %s lost the database: %s", channel, gone)
        finally:
            lost()
        await asyncio.sleep(RECONNECT_S[min(failures, len(RECONNECT_S) - 1)])
        failures += 1
