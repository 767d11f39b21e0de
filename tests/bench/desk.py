"""The agent's desk in a real browser: how long from the first key to the answer on the screen.

A bare endpoint with one query is asked in turns with it, so that a busy machine slows both. What
the server alone takes for each way of asking is asked for over one kept connection.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

from tests.bench.company import Company
from tests.bench.rows import Row
from tests.bench.seed import HOMES, LATERALS, TRANSFORMERS, account, address
from tests.bench.web import ticket
from tests.browser.conftest import FLAGS, chromium

CALLS = 10
SERVED = 20
FINGERS_MS = 80
"""Between two keys of somebody who types twelve in a second."""

ABSENT = "desk: no Chromium; install it, or name it in RELIGHT_CHROMIUM"

# From the first key to the frame that shows the answer to what stands in the box.
_WATCH = """
() => {
  let begun = 0;
  window.answered = new Promise((done) => {
    document.addEventListener("keydown", () => { begun ||= performance.now(); }, true);
    const look = () => {
      const found = document.getElementById("found");
      if (!begun || found?.dataset.q !== document.getElementById("q").value.trim()) return;
      if (found.dataset.q !== window.wanted) return;
      requestAnimationFrame(() => done(performance.now() - begun));
    };
    const seen = { childList: true, subtree: true, attributes: true };
    new MutationObserver(look).observe(document.getElementById("answer"), seen);
  });
}
"""


@dataclass(frozen=True)
class Way:
    """One way in which agents ask; `delay_ms` is between two keys."""

    name: str
    typed: Callable[[int], str]
    delay_ms: int = 0


def _phone(customer: int) -> str:
    return f"139{customer:08d}"


WAYS = (
    Way("telephone, pasted or scanned", _phone),
    Way("account, pasted or scanned", account),
    Way("address, pasted", address),
    Way("telephone by hand", _phone, FINGERS_MS),
    Way("account by hand", account, FINGERS_MS),
)


def has_browser() -> bool:
    return chromium() is not None


def rows(company: Company) -> list[Row]:
    """Ask for customers in the dark and with light, in every way, and the bare endpoint between."""
    customers = _customers(company)
    bare = [_asked(company.bare_port, f"/customer?account={account(c)}") for c in customers]
    floor = statistics.median(bare)
    found = [Row("desk", "bare endpoint, one query: p50", floor, "ms", 1.0)]
    found += [_served(company, way, customers, floor) for way in WAYS[:3]]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = browser.new_context(
            extra_http_headers={"Authorization": f"Bearer {company.token}"}
        )
        page = context.new_page()
        for way in WAYS:
            times = [_typed(company, page, way, c) for c in customers[:CALLS]]
            found += _shown(f"{way.name}: first key to answer", times, floor)
        times = [_popped(company, page, c) for c in customers[:CALLS]]
        found += _shown("screen pop: address opened to answer", times, floor)
        browser.close()
    return found


def _customers(company: Company) -> list[int]:
    """Every second one sits in an open outage that a neighbour has reported."""
    draw = random.Random(14)
    feeder = HOMES * TRANSFORMERS
    quarter = company.size.customers // 4
    dark = draw.sample(range(0, quarter, feeder // LATERALS), SERVED // 2)
    reports = [ticket(f"desk-{c}", c) for c in dark]
    company.send(reports, 60, connections=2, once=True).only(201, 200)
    lit = draw.sample(range(quarter, 2 * quarter), SERVED // 2)
    return [c for pair in zip((d + 1 for d in dark), lit, strict=True) for c in pair]


def _asked(port: int, target: str, token: str | None = None) -> float:
    """Milliseconds of one request on a connection of its own that is open already."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    headers = {"HX-Request": "true", **({"Authorization": f"Bearer {token}"} if token else {})}
    begun = time.perf_counter()
    connection.request("GET", target, headers=headers)
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - begun
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{target}: {answer.status}")
    return took * 1000


def _served(company: Company, way: Way, customers: Sequence[int], floor: float) -> Row:
    times = [
        _asked(company.port, f"/desk/answer?q={quote(way.typed(c))}", company.token)
        for c in customers
    ]
    name = way.name.partition(",")[0]
    value = statistics.median(times)
    note = f"worst of {len(times)}: {max(times):.0f} ms"
    return Row("desk", f"{name}: the server alone, p50", value, "ms", value / floor, note)


def _typed(company: Company, page: Page, way: Way, customer: int) -> float:
    page.goto(f"http://127.0.0.1:{company.port}/desk")
    page.locator("#do-help").wait_for()
    text = way.typed(customer)
    page.evaluate("wanted => { window.wanted = wanted; }", text)
    page.evaluate(_WATCH)
    page.locator("#q").focus()
    if way.delay_ms:
        page.keyboard.type(text, delay=way.delay_ms)
    else:
        page.keyboard.press("Shift")  # the key of who pastes
        page.keyboard.insert_text(text)
    took: float = page.evaluate("window.answered")
    page.keyboard.press("F2")
    return took


def _popped(company: Company, page: Page, customer: int) -> float:
    begun = time.perf_counter()
    page.goto(f"http://127.0.0.1:{company.port}/desk?phone={_phone(customer)}", wait_until="commit")
    page.locator("#caller h2").wait_for()
    took = (time.perf_counter() - begun) * 1000
    page.keyboard.press("F2")
    return took


def _shown(what: str, times: Sequence[float], floor: float) -> list[Row]:
    late = sum(t > 1000 for t in times)
    note = f"{len(times)} calls, {late} over a second"
    value = statistics.median(times)
    return [
        Row("desk", f"{what}, p50", value, "ms", value / floor, note),
        Row("desk", f"{what}, worst", max(times), "ms"),
    ]
