"""Running the programs: prepare the database, serve, work, and stop without losing anything."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from socket import socket

import uvicorn
import uvloop
from fastapi import FastAPI
from sqlalchemy import Engine

from api import gateway
from api.app import create_app
from api.basemap import chosen
from api.clock import clock_of
from api.database import ensure_rules
from api.house import House, Policies, furnish
from api.memory import settle
from api.planner import RollingPlanner, by_clock
from api.settings import Settings
from api.worker import run
from dispatch.store import migrate
from dispatch.store.partitions import ensure_fix_partitions
from dispatch.store.transaction import open_engine
from dispatch.usecases.group_feeder import GroupingPolicy

log = logging.getLogger(__name__)

STOP_WITHIN_S = 10
RESTART_AFTER_S = 2.0
WEB_CONNECTIONS = 6
GATEWAY_CONNECTIONS = 4
SWITCH_S = 0.0005
"""A thread that comes back from the database asks for the interpreter and gets it this much later;
with Python's five milliseconds a report of fifteen statements spent nine tenths of its time so."""


class Server(uvicorn.Server):
    """Ends the live streams first, or the wait for open connections would never end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._live = app.state.live

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop: no new connections, streams ended, running requests answered."""
        self._live.end_streams()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        settle()


def prepare(engine: Engine, settings: Settings) -> None:
    """Bring the database to this version and see that there are rules and room for positions."""
    migrate.upgrade(engine)
    now = clock_of(settings.field.clock)()
    ensure_rules(engine, now)
    with engine.begin() as connection:
        ensure_fix_partitions(connection, now)


@contextmanager
def opened(url: str, settings: Settings, connections: int, *, plans: bool) -> Iterator[House]:
    """A house on the database at `url`, closed at the end with its connections.

    Its planner is made ready beside the work where the process `plans`.
    """
    engine = open_engine(url, connections=connections, by_index=True)
    now = clock_of(settings.field.clock)
    planner = RollingPlanner(by_clock, ready=False)
    house = furnish(
        engine,
        zone=settings.field.zone,
        now=now,
        planner=planner,
        policies=Policies(
            telling=settings.telling.telling(),
            safety=settings.safety.policy(),
            calling_back=settings.desk.policy(),
            grouping=GroupingPolicy(costs=settings.mistakes.costs()),
        ),
        gathering=True,
    )
    if plans:
        planner.warm()
    try:
        yield house
    finally:
        house.close()
        engine.dispose()


def serve_web(url: str, settings: Settings) -> None:
    """Answer requests until a signal comes; the requests under way are answered first."""
    sys.setswitchinterval(SWITCH_S)
    with opened(url, settings, WEB_CONNECTIONS, plans=True) as house:
        app = create_app(settings.web, house, settings.public, drawn=chosen(settings.basemap))
        config = uvicorn.Config(
            app,
            host=settings.web.host,
            port=settings.web.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
        Server(config, app).run()


def work(url: str, settings: Settings) -> None:
    """Do the background work until a signal comes; jobs under way are finished first."""
    concurrency = settings.worker.concurrency
    with opened(url, settings, concurrency + 2, plans=True) as house:
        keep = timedelta(days=settings.worker.position_days)
        settle()
        asyncio.run(
            run(house, concurrency=concurrency, keep_positions=keep, public=settings.public)
        )


def serve_terminals(url: str, settings: Settings) -> None:
    """Talk to JT/T 808 terminals until a signal comes; what was received is stored first."""

    async def until_told() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await gateway.serve(house, settings.gateway, stopping)

    with (
        opened(url, settings, GATEWAY_CONNECTIONS, plans=False) as house,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        settle()
        runner.run(until_told())


@contextmanager
def beside(url: str, *programs: str) -> Iterator[None]:
    """Keep a process of each program beside this one, `worker` or `gateway`.

    One that dies is started again; at the end all are told to stop, and then waited for.
    """
    stopping = threading.Event()
    keepers = [_Keeper(program, url, stopping) for program in programs]
    for keeper in keepers:
        keeper.start()
    try:
        yield
    finally:
        stopping.set()
        for keeper in keepers:
            keeper.tell_to_stop()
        for keeper in keepers:
            keeper.wait_for_end()
            keeper.join()


class _Keeper(threading.Thread):
    def __init__(self, program: str, url: str, stopping: threading.Event) -> None:
        super().__init__(name=f"{program} keeper", daemon=True)
        self._program = program
        self._url = url
        self._stopping = stopping
        self._child: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()

    def run(self) -> None:
        """Start the program, wait for its end, and again until told to stop."""
        while self._launch():
            assert self._child is not None
            code = self._child.wait()
            if not self._stopping.is_set():
                log.error("the %s ended with %s; it is started again", self._program, code)
                self._stopping.wait(RESTART_AFTER_S)

    def tell_to_stop(self) -> None:
        """Ask the program to finish what it does and end."""
        with self._guard:
            child = self._child
        if child is not None:
            with suppress(ProcessLookupError):
                child.terminate()

    def wait_for_end(self) -> None:
        """Wait until it has ended; insist after a while."""
        with self._guard:
            child = self._child
        if child is None:
            return
        try:
            child.wait(STOP_WITHIN_S * 3)
        except subprocess.TimeoutExpired:
            child.kill()

    def _launch(self) -> bool:
        with self._guard:
            if self._stopping.is_set():
                return False
            self._child = subprocess.Popen(  # noqa: S603 (one of our own programs)
                [sys.executable, "-c", "from api.cli import main; main()", self._program],
                env={**os.environ, "RELIGHT_DATABASE_URL": self._url},
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C at the terminal is our business
            )
            return True
