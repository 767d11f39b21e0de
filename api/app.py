"""The web application: every router, one guard, one table of problems."""

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from psycopg import AsyncConnection
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool
from pydantic_core import from_json

from api import problems
from api.access import guard
from api.allowance import Allowance
from api.basemap import Basemap
from api.callers import Callers
from api.compressing import CompressedJson
from api.headers import BodyLimit, SecurityHeaders
from api.house import House
from api.live import Live
from api.passwords import Throttle
from api.publishing import Shelf
from api.roadnews import RoadNews
from api.routers import (
    access_notes,
    agents,
    alarms,
    arrivals,
    assignments,
    basemap,
    board,
    bulk,
    callbacks,
    clocks,
    closures,
    commitments,
    console,
    coverage,
    crews,
    depots,
    desk_pages,
    devices,
    dossiers,
    error_pages,
    films,
    finding,
    fleet,
    forecasts,
    given,
    history,
    learning,
    ledger_pages,
    live,
    loans,
    messages,
    notes,
    notices,
    on_site,
    outages,
    phone,
    planned,
    processes,
    proposals,
    public,
    public_reports,
    reports,
    room,
    rules,
    screens,
    sessions,
    signals,
    supervisors,
    tracker_pages,
    trackers,
    zones,
)
from api.settings import PublicSettings, WebSettings
from api.trackers.reception import Reception
from api.wall import Wall
from dispatch.store.transaction import BY_INDEX, session
from maps.assets import PREFIX, STATIC
from maps.pages import Pages

MOST_BYTES = 1_000_000
ROUTERS = (
    agents,  # first: routes are tried in order, and these are called most
    processes,
    sessions,
    given,
    access_notes,
    outages,
    proposals,
    notices,
    assignments,
    arrivals,
    planned,
    closures,
    zones,
    coverage,
    loans,
    crews,
    depots,
    trackers,
    devices,
    signals,
    supervisors,
    commitments,
    clocks,
    rules,
    ledger_pages,
    tracker_pages,
    dossiers,
    films,
    fleet,
    reports,
    learning,
    forecasts,
    live,
    console,
    finding,
    history,
    basemap,
    room,
    alarms,
    notes,
    bulk,
    board,
    callbacks,
    desk_pages,
    screens,
    phone,
    on_site,
    messages,
    public_reports,
    public,
)
FAST_OPTIONS = session(
    {
        "timezone": "UTC",
        "statement_timeout": 10_000,
        "lock_timeout": 5_000,
        "plan_cache_mode": "force_generic_plan",  # as `kept_plans`
        **BY_INDEX,
    }
)
RESTED_S = 1.0


class CheckRested:
    """Asks a connection whether it lives, but not one that was handed out a moment ago.

    Asking is a round trip, as long as the hot call's own; a busy connection that breaks fails one
    request and is then thrown away.
    """

    def __init__(self) -> None:
        self._handed_out_at: WeakKeyDictionary[AsyncConnection, float] = WeakKeyDictionary()

    async def __call__(self, connection: AsyncConnection) -> None:
        """Raise what psycopg raises when the connection is broken."""
        now = time.monotonic()
        if now - self._handed_out_at.get(connection, -math.inf) > RESTED_S:
            await AsyncConnectionPool.check_connection(connection)
        self._handed_out_at[connection] = now


def create_app(
    settings: WebSettings,
    house: House,
    public_settings: PublicSettings | None = None,
    *,
    drawn: Basemap | None = None,
) -> FastAPI:
    """Build the application around a house; starting it opens the pool of the hot calls.

    Parameters
    ----------
    settings
        How it listens and whom it trusts.
    house
        Database, queue, roads, time; closed by its owner, not by the application.
    public_settings
        What the public sees; nothing, where none are given.
    drawn
        What the map draws under the network; None for nothing.
    """
    app = FastAPI(
        title="Relight",
        description="Outage and fault-repair dispatch; problems are RFC 9457.",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        dependencies=[Depends(guard)],
    )
    app.state.settings = settings
    app.state.house = house
    app.state.basemap = drawn or Basemap()
    app.state.callers = Callers(house.engine)
    app.state.throttle = Throttle()
    app.state.live = Live(house.conninfo)
    app.state.road_news = RoadNews(house.roads, house.conninfo)
    app.state.reception = Reception(house)
    app.state.pages = Pages()
    app.state.wall = Wall(house)
    app.state.public = public_settings or PublicSettings(public_map=False)
    app.state.shelf = Shelf(house.engine)
    app.state.public_reports = Allowance(public_reports.REPORTS, public_reports.WINDOW)
    app.state.public_asks = Allowance(public_reports.ASKS, public_reports.WINDOW)
    app.state.pool = AsyncConnectionPool(
        house.conninfo,
        min_size=1,
        max_size=8,
        timeout=3.0,
        open=False,
        name="hot calls",
        kwargs={"options": FAST_OPTIONS, "connect_timeout": 3, "autocommit": True},
        configure=_read_json_fast,
        check=CheckRested(),
    )
    for module in ROUTERS:
        app.include_router(module.router)
    app.mount(PREFIX, StaticFiles(directory=STATIC), name="static")
    problems.install(app)
    error_pages.install(app)
    app.add_middleware(CompressedJson)
    app.add_middleware(BodyLimit, most_bytes=MOST_BYTES)
    app.add_middleware(
        SecurityHeaders, https=settings.secure_cookies, tiles=app.state.basemap.origin
    )
    return app


async def _read_json_fast(connection: AsyncConnection) -> None:
    """Let answers be read by pydantic's reader: Python's own takes three times as long."""
    set_json_loads(from_json, connection)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    pool: AsyncConnectionPool = app.state.pool
    await pool.open(wait=False)  # the process starts even while the database is away
    app.state.live.start()
    await app.state.reception.start()
    try:
        async with app.state.road_news.followed():
            yield
    finally:
        await app.state.reception.stop()
        await app.state.live.stop()
        await pool.close()
