"""Thousands of terminals on sockets at once, each with a few messages on their way."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import uvloop

from tests.unit.trackers.terminal import authentication, batch, framed, position

PATIENCE_S = 120.0
CONNECTING_AT_ONCE = 200
TURNS = 50


def phone(n: int) -> str:
    return f"139{n:08d}"


@dataclass(frozen=True)
class Fleet:
    """How many terminals there are and what each sends.

    Each sends its next message when the last one is answered or, with `every_s`, so often whatever
    is answered.
    """

    count: int
    port: int
    code: str
    begin: datetime
    seconds: float
    in_a_batch: int = 1
    on_their_way: int = 1
    enters: bool = True
    every_s: float | None = None


@dataclass
class Heard:
    """What came back: answers, and how long each took."""

    answers: int = 0
    refused: int = 0
    seconds: float = 0.0
    connected_s: float = 0.0
    waits_ms: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds

    def wait_ms(self, share: float) -> float:
        ordered = sorted(self.waits_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Terminal(asyncio.Protocol):
    """One terminal: enters, and then keeps so many messages on their way until told to stop."""

    def __init__(self, fleet: Fleet, n: int, heard: Heard) -> None:
        self._fleet, self._n, self._heard = fleet, n, heard
        self._sent_at: list[float] = []
        self._seq = 0
        self.ready = asyncio.get_running_loop().create_future()
        self.ended = asyncio.get_running_loop().create_future()
        self.sending = self._stopped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        if self._fleet.enters:
            body = authentication(self._fleet.code)
            transport.write(framed(0x0102, body, phone=phone(self._n), seq=0))
        else:
            self.ready.set_result(None)

    def data_received(self, data: bytes) -> None:
        for piece in data.split(b"\x7e"):
            if piece:
                plain = piece.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
                self._answered(taken=not self._fleet.enters or plain[-2] == 0)

    def connection_lost(self, exc: Exception | None) -> None:
        for waiting in (self.ready, self.ended):
            if not waiting.done():
                waiting.set_exception(ConnectionError("the server has hung up"))

    def go(self) -> None:
        self.sending = self._fleet.every_s is None
        for _ in range(self._fleet.on_their_way):
            self.send()

    def stop(self) -> None:
        self.sending, self._stopped = False, True
        if not self._sent_at and not self.ended.done():
            self.ended.set_result(None)

    def _answered(self, *, taken: bool) -> None:
        if not self.ready.done():
            self.ready.set_result(None)
            return
        self._heard.answers += taken
        self._heard.refused += not taken
        self._heard.waits_ms.append((time.perf_counter() - self._sent_at.pop(0)) * 1000)
        if self.sending:
            self.send()
        elif self._stopped:
            self.stop()

    def send(self) -> None:
        self._seq += 1
        at = self._fleet.begin + timedelta(seconds=self._seq * self._fleet.in_a_batch)
        fixes = [
            position(at + timedelta(seconds=n), lon=115.9 + (self._seq + n) * 1e-6, kmh=0.0)
            for n in range(self._fleet.in_a_batch)
        ]
        body, kind = (fixes[0], 0x0200) if len(fixes) == 1 else (batch(*fixes), 0x0704)
        self._sent_at.append(time.perf_counter())
        self._transport.write(framed(kind, body, phone=phone(self._n), seq=self._seq & 0xFFFF))


async def _drive(fleet: Fleet, all_in: Callable[[], None]) -> Heard:
    heard, loop = Heard(), asyncio.get_running_loop()
    began = time.perf_counter()
    terminals: list[Terminal] = []
    for first in range(0, fleet.count, CONNECTING_AT_ONCE):
        made = [
            Terminal(fleet, n, heard)
            for n in range(first, min(first + CONNECTING_AT_ONCE, fleet.count))
        ]
        await asyncio.gather(
            *(loop.create_connection(lambda t=t: t, "127.0.0.1", fleet.port) for t in made)
        )
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(t.ready for t in made))
        terminals += made
    heard.connected_s = time.perf_counter() - began
    all_in()
    began = time.perf_counter()
    if fleet.every_s is None:
        for terminal in terminals:
            terminal.go()
        await asyncio.sleep(fleet.seconds)
    else:
        await _in_time(terminals, fleet.every_s, fleet.seconds)
    for terminal in terminals:
        terminal.stop()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(t.ended for t in terminals))
    heard.seconds = time.perf_counter() - began
    for terminal in terminals:
        terminal._transport.close()
    return heard


async def _in_time(terminals: list[Terminal], every_s: float, seconds: float) -> None:
    """Let each send once in every `every_s`, one group after the other."""
    began = time.perf_counter()
    for turn in range(round(seconds / every_s * TURNS)):
        for terminal in terminals[turn % TURNS :: TURNS]:
            terminal.send()
        due = began + (turn + 1) * every_s / TURNS
        await asyncio.sleep(max(0.0, due - time.perf_counter()))


def drive(fleet: Fleet, all_in: Callable[[], None] = lambda: None) -> Heard:
    """Connect them all (then `all_in`), let them send, and wait for every answer."""
    return uvloop.run(_drive(fleet, all_in))
