"""The JT/T 808 gateway: terminals in vehicles, over TCP, thousands of connections in one process.

A position is acknowledged when it is committed, so a connection may have several on their way; when
there are too many, nothing more is read from it until some are stored. Connections that do nothing
useful are ended: unauthenticated ones, unfinished frames, silence, peers that do not read.
"""

import asyncio
import logging
import resource
import socket
import time
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, cast

from api.callers import digest_of
from api.house import House
from api.roadnews import RoadNews
from api.settings import GatewaySettings
from api.trackers.cab import Cab
from api.trackers.jt808 import session as steps
from api.trackers.jt808.frames import Frame, Framer, encode
from api.trackers.jt808.messages import Registered, Registration
from api.trackers.jt808.session import Patience, Session
from api.trackers.reception import Reception
from api.trackers.registry import Registry, new_secret
from dispatch.domain.tracking import Wire, tracker_id
from dispatch.domain.words import CrewId
from dispatch.errors import DispatchError, Forbidden, NotFound, StoreUnavailable
from dispatch.store.transaction import retrying
from dispatch.usecases.renew_tracker import RenewTracker, renew_tracker

log = logging.getLogger(__name__)

MOST_ON_THEIR_WAY, READ_AGAIN_BELOW = 64, 16
MOST_UNSENT_BYTES = 64 * 1024
SWEEP_S = 5.0
BACKLOG = 1024


class Terminals:
    """The enrolled terminals, as sessions ask for them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def is_enrolled(self, phone: str) -> bool:
        """Whether a terminal of that number may talk to us."""
        return self._registry.find(Wire.JT808, phone) is not None

    def lets_in(self, phone: str, code: str) -> bool:
        """Whether that is its authentication code."""
        tracker = self._registry.find(Wire.JT808, phone)
        return tracker is not None and self._registry.lets_in(tracker, code)


class Gateway:
    """All connections of this process, and what they share."""

    def __init__(
        self,
        house: House,
        reception: Reception,
        settings: GatewaySettings,
        patience: Patience | None = None,
    ) -> None:
        self.house = house
        self.reception = reception
        self.terminals = Terminals(reception.registry)
        self.open: set[Connection] = set()
        self.by_phone: dict[str, Connection] = {}
        self._settings = settings
        self._patience = patience or Patience()
        self.cab = Cab(house, self.tell, self.crews)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None, "the gateway has been started"
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen."""
        await self.reception.start()
        self._server = await asyncio.get_running_loop().create_server(
            partial(Connection, self),
            self._settings.gateway_host,
            self._settings.gateway_port,
            backlog=BACKLOG,
        )
        self.spawn(self._sweep())
        self.spawn(self.cab.run())
        self.spawn(RoadNews(self.house.roads, self.house.conninfo).run())
        log.info("JT/T 808 on %s port %d", self._settings.gateway_host, self.port)

    async def stop(self) -> None:
        """Take no more connections, store and answer what is here, then end the open ones."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.open):
            connection.stop_reading()
        await self.reception.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self.open):
            connection.close("the gateway stops")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside; it ends with the gateway."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def admits(self) -> bool:
        """Whether there is room for one more connection."""
        return len(self.open) < self._settings.gateway_connections

    def entered(self, connection: "Connection", phone: str) -> None:
        """A terminal has shown who it is; an older connection of it is dead or an impostor."""
        before = self.by_phone.get(phone)
        self.by_phone[phone] = connection
        if before is not None and before is not connection:
            before.close("the terminal has connected anew")
        tracker = self.reception.registry.find(Wire.JT808, phone)
        if tracker is None or tracker.crew_id is None:
            return
        if self.cab.enter(tracker.crew_id):
            self.spawn(self.cab.greet_entered())

    def left(self, connection: "Connection") -> None:
        """A connection has ended."""
        self.open.discard(connection)
        phone = connection.session.phone
        if phone is not None and self.by_phone.get(phone) is connection:
            del self.by_phone[phone]

    def crews(self) -> set[CrewId]:
        """The crews that have a connected cab."""
        found = (self.reception.registry.find(Wire.JT808, phone) for phone in self.by_phone)
        return {each.crew_id for each in found if each is not None and each.crew_id is not None}

    def tell(self, crew_id: CrewId, words: str) -> int:
        """Show a text in every connected cab of a crew; how many there are."""
        told = 0
        for phone, connection in self.by_phone.items():
            tracker = self.reception.registry.find(Wire.JT808, phone)
            if tracker is not None and tracker.crew_id == crew_id:
                told += connection.show(words)
        return told

    async def register(
        self, connection: "Connection", frame: Frame, registration: Registration
    ) -> None:
        """Give a unit its authentication code, if it may have the number."""
        secret = new_secret()
        command = RenewTracker(
            tracker_id=tracker_id(Wire.JT808, frame.phone),
            digest=digest_of(secret),
            by=f"terminal {registration.terminal}",
            terminal=registration.terminal,
        )
        result, code = Registered.OK, secret
        try:
            tracker = await asyncio.to_thread(
                retrying,
                self.house.transaction,
                lambda store: renew_tracker(store, command, now=self.house.now()),
            )
            self.reception.registry.put(tracker)
        except Forbidden:
            result, code = Registered.TERMINAL_TAKEN, ""
            self.reception.tally.count(command.tracker_id, "another_unit", self.house.now())
        except NotFound:
            result, code = Registered.NO_TERMINAL, ""
        except DispatchError as away:
            log.warning("terminal %s was not registered: %s", frame.phone, away)
            return  # it asks again
        connection.do(connection.session.registered(frame, result, code))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep(time.monotonic())

    def sweep(self, now_s: float) -> None:
        """End whatever is overdue, and whose terminal was revoked or given another code."""
        for connection in list(self.open):
            if not connection.session.may_stay():
                connection.close("the terminal is not enrolled any more, or has another code")
                continue
            why = connection.session.overdue(now_s, connection.partial_since_s, self._patience)
            if why is not None:
                connection.close(why)


class Connection(asyncio.Protocol):
    """One terminal's socket."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.session = Session(gateway.terminals, time.monotonic())
        self.partial_since_s: float | None = None
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None
        self._on_their_way = 0
        self._peer_reads = True
        self._stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        self._transport = cast("asyncio.Transport", transport)
        if not self._gateway.admits():
            log.warning("too many connections; one more was refused")
            self._transport.abort()
            return
        self._gateway.open.add(self)
        self._transport.set_write_buffer_limits(high=MOST_UNSENT_BYTES)
        with suppress(AttributeError, OSError):
            peer = transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's)
        """The socket has ended."""
        self._transport = None
        self._gateway.left(self)

    def data_received(self, data: bytes) -> None:
        """Bytes have come: a piece of a frame, or several."""
        now_s, completed = time.monotonic(), False
        for frame in self._framer.feed(data):
            completed = True
            for step in self.session.receive(frame, now_s):
                self.do(step)
            if self._transport is None or self._transport.is_closing():
                return
        if not self._framer.holds:
            self.partial_since_s = None
        elif completed or self.partial_since_s is None:
            self.partial_since_s = now_s

    def pause_writing(self) -> None:
        """The peer does not read: it is not read from either, until it does."""
        self._peer_reads = False
        self._mind_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._peer_reads = True
        self._mind_reading()

    def do(self, step: steps.Step) -> None:
        """Do what the session asks for."""
        match step:
            case steps.Say(frame):
                self._write(frame)
            case steps.Take(frame, phone, items):
                self._take(frame, phone, items)
            case steps.Register(frame, registration):
                self._gateway.spawn(self._gateway.register(self, frame, registration))
            case steps.Entered(phone):
                self._gateway.entered(self, phone)
            case steps.Count():
                self._count(step)
            case steps.Close(why):
                self.close(why)

    def show(self, words: str) -> bool:
        """Send a text for the driver; False before the terminal has shown who it is."""
        said = self.session.text(words)
        if said is None:
            return False
        self.do(said)
        return True

    def stop_reading(self) -> None:
        """Read nothing more; what is on its way is still answered."""
        self._stopping = True
        self._mind_reading()

    def close(self, why: str) -> None:
        """End it."""
        if self._transport is not None:
            log.debug("%s: %s", self.session.phone or "a terminal", why)
            if self._transport.get_write_buffer_size() and not self._peer_reads:
                self._transport.abort()  # or it would wait for a peer that does not read
            else:
                self._transport.close()

    def _take(self, frame: Frame, phone: str, items: steps.Items) -> None:
        reception = self._gateway.reception
        tracker = reception.registry.find(Wire.JT808, phone)
        if tracker is None:  # revoked this moment
            self.do(self.session.replied(frame, stored=False))
            return
        fixes = reception.fixes(tracker, items)
        if not fixes:
            self.do(self.session.replied(frame, stored=True))
            return
        try:
            stored = reception.intake.put(fixes)
        except StoreUnavailable:
            self.do(self.session.replied(frame, stored=False))
            return
        self._on_their_way += 1
        self._mind_reading()
        stored.add_done_callback(partial(self._stored, frame))

    def _stored(self, frame: Frame, stored: "asyncio.Future[None]") -> None:
        self._on_their_way -= 1
        self.do(self.session.replied(frame, stored=stored.exception() is None))
        self._mind_reading()

    def _mind_reading(self) -> None:
        """Read on, or wait for what is on its way."""
        if self._transport is None or self._transport.is_closing():
            return
        stop = self._stopping or not self._peer_reads
        if stop or self._on_their_way >= MOST_ON_THEIR_WAY:
            self._transport.pause_reading()
        elif self._on_their_way < READ_AGAIN_BELOW:
            self._transport.resume_reading()

    def _count(self, counted: steps.Count) -> None:
        tally, now = self._gateway.reception.tally, self._gateway.house.now()
        if counted.unknown:
            tally.unknown(Wire.JT808, counted.phone, now)
        else:
            tally.count(tracker_id(Wire.JT808, counted.phone), counted.what, now)

    def _write(self, frame: Frame) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode(frame))


def allow_many_files() -> None:
    """Each connection is an open file: use what the system allows, not what a shell begins with."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(house: House, settings: GatewaySettings, stopping: asyncio.Event) -> None:
    """Run a gateway until `stopping` is set."""
    allow_many_files()
    gateway = Gateway(house, Reception(house), settings)
    await gateway.start()
    try:
        await stopping.wait()
    finally:
        await gateway.stop()
