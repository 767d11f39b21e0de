"""A real Chromium in front of a real server on a real database.

`screen` opens pages that fail the test when they call another host, when something is written to
the console as an error, or when the content security policy is broken.
"""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Engine, insert

from api.app import create_app
from api.basemap import Basemap
from api.callers import COOKIE, Role, issue
from api.house import House, furnish
from api.settings import PublicSettings, WebSettings
from dispatch.store import access
from dispatch.store.tables.roads import road_graph as road_graph_table
from dispatch.store.tables.roads import road_line as road_line_table
from tests.api.conftest import FieldClock, settle
from tests.store import builders as build

VENDOR = Path(__file__).resolve().parents[2] / "maps" / "static" / "vendor"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 120_000
"""How long a busy machine may take for a page; nothing waits longer than it has to."""
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


expect.set_options(timeout=PATIENCE_MS)


def chromium() -> str | None:
    """The browser to test in, if there is one."""
    named = os.environ.get("RELIGHT_CHROMIUM")
    return shutil.which(named) if named else shutil.which("/usr/bin/chromium")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    found = chromium()
    if found is None:
        pytest.skip("no Chromium: install it, or name it in RELIGHT_CHROMIUM")
    if not VENDOR.is_dir():
        pytest.skip("the screens' scripts are not there: run ./run assets")
    return {"executable_path": found, "args": FLAGS, "headless": True}


class Server:
    """The application on a port of this machine, in a thread; it can stop and come back."""

    def __init__(
        self,
        house: House,
        *,
        demo: bool = False,
        public: PublicSettings | None = None,
        drawn: Basemap | None = None,
    ) -> None:
        self._house = house
        self._drawn = drawn
        self._demo = demo
        self._public = public
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(128)  # from here on a browser may ask; it is answered once it runs
        self.port = listening.getsockname()[1]
        app = create_app(WebSettings(demo=self._demo), self._house, self._public, drawn=self._drawn)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()


@dataclass
class Company:
    """Everything a screen test works with."""

    server: Server
    house: House
    engine: Engine
    clock: FieldClock
    browser: Browser
    faults: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    # htmx writes a request down as an error when its page is left; a failed one says sendError
    expected: list[str] = field(default_factory=lambda: ["htmx:afterRequest", "htmx:sendAbort"])

    def screen(
        self,
        role: Role | None,
        path: str = "/",
        *,
        language: str = "en",
        crew_id: str | None = None,
        name: str | None = None,
        viewport: dict[str, int] = DESKTOP,
        live: bool = True,
        scripts: bool = True,
        dark: bool = False,
    ) -> Page:
        """Open a page as somebody; without a role as nobody."""
        context = self.browser.new_context(
            viewport=viewport,
            locale=language,
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        if role is not None:
            self.log_in(context, role, crew_id, name or role.value)
        context.route(lambda url: urlsplit(url).hostname != "127.0.0.1", self._foreign)
        if not live:
            context.route("**/api/v1/live", lambda route: route.abort())
            self.expected.append("/api/v1/live")
        page = context.new_page()
        page.on("console", lambda said: self._heard(said.type, said.text, said.location))
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.goto(self.server.url + path)
        return page

    def expect_trouble(self, *parts: str) -> None:
        """Errors that the browser itself writes about these addresses or words are no fault."""
        self.expected.extend(parts)

    def log_in(self, context: BrowserContext, role: Role, crew_id: str | None, name: str) -> None:
        """Give the browser a new session of somebody."""
        secret = issue(
            self.engine, label=name, role=role, crew_id=crew_id, login=name, now=datetime.now(UTC)
        )
        context.add_cookies([{"name": COOKIE, "value": secret, "url": self.server.url}])

    def _foreign(self, route) -> None:
        self.faults.append(f"a call to another host: {route.request.url}")
        route.abort()

    def _heard(self, kind: str, text: str, location) -> None:
        where = (location or {}).get("url", "")
        if kind == "error" and not any(part in where or part in text for part in self.expected):
            self.faults.append(f"console: {text} {where}")


@pytest.fixture
def clock() -> FieldClock:
    return FieldClock()


@pytest.fixture
def house(database: Engine, clock: FieldClock) -> Iterator[House]:
    settle(database)
    add_people(database)
    opened = furnish(database, zone="Asia/Shanghai", now=clock)
    yield opened
    opened.close()


@pytest.fixture
def company(house: House, clock: FieldClock, browser: Browser) -> Iterator[Company]:
    opened = Company(Server(house), house, house.engine, clock, browser)
    yield opened
    faults = list(opened.faults)  # what a closing page aborts is no fault
    for context in opened.contexts:
        context.close()
    opened.server.stop()  # a test may have put another in its place
    assert faults == []


@pytest.fixture
def report(company: Company) -> Callable[..., dict]:
    """Report trouble as another system would, and give the answer."""
    import httpx  # noqa: PLC0415

    token = issue(company.engine, label="gateway", role=Role.INTEGRATION, now=datetime.now(UTC))

    def send(ticket_id: str, account: str | None = "T1-0", **fields: object) -> dict:
        body = {"id": ticket_id, "channel": "phone", "account": account, **fields}
        answer = httpx.post(
            f"{company.server.url}/api/v1/tickets",
            json={name: value for name, value in body.items() if value is not None},
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    return send


def keep_moving(page: Page, x: float, y: float, until: Callable[[], bool]) -> None:
    """Move the mouse to and fro about a place until something holds; fail if it never does."""
    end = monotonic() + PATIENCE_MS / 1000
    for shift in cycle((0, 1)):
        page.mouse.move(x + shift, y)
        if until():
            return
        assert monotonic() < end


def add_people(engine: Engine) -> None:
    """One login a role; who holds a session has to be somebody."""
    with engine.begin() as c:
        for role in Role:
            for number in ("", "-2"):
                login = role.value + number
                access.add_user(
                    c,
                    access.User(
                        login=login,
                        name=login,
                        password_hash="",
                        role=role.value,
                        districts=frozenset(),
                        crew_id="C1" if role is Role.CREW else None,
                    ),
                )


def add_roads(engine: Engine) -> None:
    """A few roads to draw under the network."""
    lon, lat, step = build.LON, build.LAT, build.METRE
    with engine.begin() as c:
        c.execute(
            insert(road_graph_table).values(
                name="default", digest="d", loaded_at=build.NOW, nodes=0, edges=0, arrays=b""
            )
        )
        for n in range(-6, 7):
            street, avenue = lat + n * 300 * step, lon + n * 400 * step
            for line in (
                f"{lon - 3000 * step} {street},{lon + 3000 * step} {street}",
                f"{avenue} {lat - 2200 * step},{avenue} {lat + 2200 * step}",
            ):
                c.execute(
                    insert(road_line_table).values(
                        graph="default",
                        name="road",
                        road_class="primary" if n % 3 == 0 else "residential",
                        line=f"SRID=4326;LINESTRING({line})",
                    )
                )
