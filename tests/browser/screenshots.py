"""`python -m tests.browser.screenshots [WORDS]`: the pictures of docs/screens.

Everything on them is made up and says so on the screen. Those of the town are made with the tests'
own town, server and browser, so that they cannot show what the tests do not; those of the storm in
a county that `relight demo` lets happen meanwhile (some minutes), or that RELIGHT_DEMO_AT names
(http://127.0.0.1:8000). WORDS choose as pytest's -k does.
"""

import io
import os
import re
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from api.callers import Role
from api.demo.stage import PASSWORD
from tests.browser.conftest import DESKTOP, PHONE, Company, Server, add_roads
from tests.browser.street import add_street, look
from tests.browser.test_learning import taught  # noqa: F401 (a fixture)
from tests.browser.test_public import shown  # noqa: F401 (a fixture)
from tests.browser.test_trackers import enrol
from tests.browser.test_zones import click_at, declare, look_at
from tests.conftest import a_folder_for_servers
from tests.store.builders import LAT, LON

HOUSE = Path(__file__).resolve().parents[2]
FOLDER = HOUSE / "docs" / "screens"
LARGEST_BYTES = 150_000
COLOURS = (256, 128, 64)
NAMES = {
    "T1": "幸福小区1号公用配变",
    "T2": "永外正街东湖区人民医院宿舍二期箱式变",
}
STREET = {
    "F2-north": "永外支线熔断器",
    "F2-south": "贤士支线熔断器",
    "F2-head": "城东Ⅱ线出线断路器",
    "transformer:N1": "阳明花园1号配变",
    "transformer:N2": "阳明花园2号配变",
    "transformer:N3": "阳明花园3号配变",
}
CREWS = {"C1": "东湖抢修一班", "C2": "东湖抢修二班", "C9": "青山湖配电抢修三班"}

AROUND = ((-0.03, -0.03), (0.03, -0.03), (0.035, 0.02), (0, 0.035), (-0.03, 0.02))
INSIDE = ((-0.012, -0.012), (0.01, -0.014), (0.012, 0.008), (-0.01, 0.01))
ZONES = (("storm", "强对流雷雨大风", AROUND), ("no_go", None, INSIDE))
"""What is drawn, in degrees from the town's middle; what has no name is not declared."""

Report = Callable[..., dict]


def a_morning(company: Company, report: Report) -> None:
    """A lateral of which three call, a transformer, a hazard, one that nobody can place."""
    add_roads(company.engine)
    add_street(company.engine)
    with company.engine.begin() as c:
        for table, names in (("transformer", NAMES), ("device", STREET), ("crew", CREWS)):
            for key, name in names.items():
                c.execute(
                    text(f"UPDATE {table} SET name = :name WHERE id = :id"),
                    {"name": name, "id": key},
                )
        c.execute(
            text(
                "UPDATE crew SET base = ST_SetSRID(ST_MakePoint(115.9 + 0.004 * ascii(right(id, 1))"
                " - 0.2, 28.683), 4326)"
            )
        )
    report("A1", description="家里突然没电了，楼道灯也不亮", phone="13811112222")
    company.clock.advance(2)
    report("A2", "T1-1", description="整栋楼都停电")
    report("A3", "T2-0", address="江西省南昌市东湖区八一大道永外正街幸福小区十五栋二单元三〇二室")
    report("A4", "T1-2", hazards=["wire_down", "sparks"], address="上海路12号楼下")
    for account in ("N1-3", "N1-8", "N2-5"):
        report(account, account)
        company.clock.advance(1)
    look(company)
    with company.engine.begin() as c:
        named = {key.removeprefix("transformer:"): name for key, name in STREET.items()}
        for key, name in named.items():
            c.execute(
                text("UPDATE transformer SET name = :name WHERE id = :id"),
                {"name": name, "id": key},
            )
    report("A5", None, address="老表饭店旁边的巷子里面第三家")


def keep(page: Page, name: str) -> None:
    """Store what is seen with 256 colours, a third of the bytes; with fewer what is still large."""
    if not page.locator("#wall").count():  # whose menu comes when it is handled
        page.mouse.move(0, 0)
    drawn = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = FOLDER / f"{name}.png"
    for colours in COLOURS:
        drawn.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < LARGEST_BYTES:
            return
    pytest.fail(f"{path.name} has {path.stat().st_size} bytes")


expect.set_options(timeout=60_000)
BOTH = pytest.mark.parametrize("language", ["zh-CN", "en"])


def as_demonstration(company: Company) -> None:
    """Serve the same town with the mark that it is made up."""
    company.server.stop()
    company.server = Server(company.house, demo=True)


@BOTH
def test_pictures_of_splitting(company: Company, report: Report, language: str):
    a_morning(company, report)
    as_demonstration(company)
    page = company.screen(Role.DISPATCHER, "/console", language=language)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.locator("[role=option].outage", has_text=STREET["F2-north"]).click()
    expect(page.locator("#thought")).to_be_visible()
    expect(page.locator(".folium-map")).not_to_have_attribute("data-suspects", "0")
    page.keyboard.press("s")
    page.locator("#split-form .check", has_text="N2-5").locator("input").check()
    expect(page.locator("#split-preview p")).to_have_count(3)
    keep(page, f"split-{language}")


@BOTH
def test_pictures_of_a_zone(company: Company, report: Report, language: str):
    """A storm is declared; another zone is being drawn, which crews are not to enter."""
    a_morning(company, report)
    as_demonstration(company)
    page = company.screen(Role.DISPATCHER, "/console", language=language)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.locator("#zones-fold > summary").click()
    look_at(page, LON, LAT, 13)
    for kind, name, corners in ZONES:
        page.locator("#act-zone > summary").click()  # declaring shuts it
        for east, north in corners:
            click_at(page, LON + east, LAT + north)
        if name is not None:
            declare(page, kind, name)
            expect(page.locator("#zonelist li")).to_have_count(1)
            expect(page.locator("#act-zone")).not_to_have_attribute("open", "")
    page.locator("#zone-form select[name=kind]").select_option(kind)
    expect(page.locator("#zone-preview")).not_to_be_empty()
    page.locator("#zone-preview").evaluate("said => said.scrollIntoView({block: 'center'})")
    expect(page.locator("#toasts p")).to_have_count(0)
    keep(page, f"zones-{language}")


@BOTH
def test_pictures_of_learning(taught: Company, language: str):  # noqa: F811
    as_demonstration(taught)
    page = taught.screen(Role.SUPERVISOR, "/learning", language=language)
    expect(page.locator("#rates")).to_be_visible()
    keep(page, f"learning-{language}")


@BOTH
def test_pictures_of_the_trackers(company: Company, language: str):
    enrol(company, "alpha", "青山湖区塘山镇供电所抢修一班车载终端")
    enrol(company, "beta", "值班手机")
    as_demonstration(company)
    page = company.screen(Role.SUPERVISOR, "/trackers", language=language)
    expect(page.locator("#devices section").first.locator("tbody tr")).to_have_count(2)
    keep(page, f"trackers-{language}")


@BOTH
def test_pictures_of_the_public_map(shown: Company, language: str):  # noqa: F811
    page = shown.screen(None, f"/map/{language}.html", language=language)
    expect(page.locator("path.area")).to_have_count(5)
    keep(page, f"public-map-{language}")
    phone = shown.screen(None, f"/map/report?language={language}", viewport=PHONE)
    phone.locator("[name=place]").fill("阳明花园")
    phone.locator("button.primary").click()
    phone.locator("[value=wire]").check()
    keep(phone, f"public-report-{language}")


# The storm ---------------------------------------------------------------------------------------

BEGINS = {"customers": 8000, "begin": 15.5, "speed": 20}
OPEN_ROWS = 12
PATIENCE_MS = 900_000


@dataclass(frozen=True, slots=True)
class Storm:
    """A demonstration that runs: its address, and a browser in front of it."""

    url: str
    browser: Browser

    def screen(
        self,
        login: str | None,
        path: str,
        language: str,
        *,
        theme: str = "dark",
        viewport: dict[str, int] = DESKTOP,
    ) -> Page:
        """Open a page as somebody who logs in with the demonstration's password."""
        context = self.browser.new_context(viewport=viewport, locale=language)
        page = context.new_page()
        page.set_default_timeout(60_000)
        if login is not None:
            page.goto(f"{self.url}/login?goto=/theme/{theme}")
            page.locator("[name=login]").fill(login)
            page.locator("[name=password]").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(lambda address: "/login" not in address)
        page.goto(self.url + path)
        return page

    def ask(self, page: Page, path: str) -> Any:
        """What the interface answers to whoever has the page open."""
        return page.request.get(f"{self.url}/api/v1/{path}").json()


@pytest.fixture(scope="session")
def storm(browser: Browser) -> Iterator[Storm]:
    """The demonstration, once the storm has come and many rows are open."""
    if already := os.environ.get("RELIGHT_DEMO_AT"):
        yield Storm(already, browser)
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = a_folder_for_servers()
    wishes = {**BEGINS, "port": port, "home": home}
    demo = subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "demo"]
        + [f"--{name}={value}" for name, value in wishes.items()],
        cwd=HOUSE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert demo.stdout is not None
    try:
        assert any("stop with" in line for line in demo.stdout), "the demonstration did not begin"
        opened = Storm(f"http://127.0.0.1:{port}", browser)
        page = opened.screen("dispatcher", "/console", "en")
        page.wait_for_function(
            "least => document.querySelectorAll('#list [role=option]').length >= least",
            arg=OPEN_ROWS,
            timeout=PATIENCE_MS,
        )
        page.context.close()
        yield opened
    finally:
        demo.terminate()
        demo.wait(60)
        shutil.rmtree(home)


def open_console(storm: Storm, language: str) -> Page:
    page = storm.screen("dispatcher", "/console", language)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    expect(page.locator("#list [role=option]").first).to_be_visible()
    return page


LAYERS_READ = """names => names.every(name => performance.getEntriesByType("resource")
    .some(each => each.name.includes(`/console/layers/${name}?`) && each.responseStatus === 200))"""
"""Whether the map's layers of these names have come."""


def largest_outage(storm: Storm, page: Page, *wanted: str) -> dict[str, Any]:
    """The open outage with most customers out, among those in one of the `wanted` states."""
    rows = [row for row in storm.ask(page, "worklist") if row["status"] in wanted]
    assert rows, f"no outage is {' or '.join(wanted)}"
    return max(rows, key=lambda row: row["customers_out"])


@BOTH
def test_pictures_of_the_console(storm: Storm, language: str):
    page = open_console(storm, language)
    shown_first = largest_outage(storm, page, "predicted")
    page.locator(f"#row-outage-{shown_first['id']}").click()
    expect(page.locator("#thought")).to_be_visible()
    expect(page.locator(".folium-map")).not_to_have_attribute("data-suspects", "0")
    keep(page, f"console-{language}")


@BOTH
def test_pictures_of_the_room(storm: Storm, language: str):
    """What would become of every row that is chosen."""
    page = open_console(storm, language)
    page.keyboard.press("v")
    page.keyboard.press("b")
    expect(page.locator("#bulk")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#bulk-do")).to_be_visible()
    keep(page, f"room-{language}")


@BOTH
def test_pictures_of_a_storm_rolled_up(storm: Storm, language: str):
    page = open_console(storm, language)
    page.wait_for_function(LAYERS_READ, arg=["roads", "network", "work", "crews"])
    page.keyboard.press("t")
    expect(page.locator("#storm tbody .district").first).to_be_visible()
    keep(page, f"storm-{language}")


def borrow(storm: Storm, page: Page) -> None:
    """The district with most to do asks its neighbour for two crews and is given one."""
    if any(loan["status"] == "granted" for loan in storm.ask(page, "crew-loans")):
        return
    busy = Counter(row["district_id"] for row in storm.ask(page, "worklist"))
    (needy, _), (neighbour, _) = busy.most_common()[0], busy.most_common()[-1]
    token = {"X-CSRF-Token": page.evaluate("document.body.dataset.csrf")}
    wish = {"from_district": neighbour, "to_district": needy, "crews": 2}
    url = f"{storm.url}/api/v1/crew-loans"
    asked = page.request.post(
        url, data={**wish, "reason": "线路多处断线，本区抢修力量不足"}, headers=token
    )
    assert asked.ok, asked.text()
    loan = asked.json()[0]
    version = {"If-Match": f'"{loan["version"]}"'}
    given = page.request.post(f"{url}/{loan['id']}/grant", data={}, headers=token | version)
    assert given.ok, given.text()


@BOTH
def test_pictures_of_lending(storm: Storm, language: str):
    """Who consented beforehand, who asks, and whose crews drive elsewhere now."""
    page = open_console(storm, language)
    borrow(storm, page)
    page.wait_for_function(LAYERS_READ, arg=["roads", "network", "work", "crews"])
    page.locator("#loans-fold > summary").click()
    expect(page.locator("#loanlist .loan").first).to_be_visible()
    keep(page, f"lending-{language}")


@BOTH
def test_pictures_of_the_board(storm: Storm, language: str):
    page = storm.screen("supervisor", "/board", language, viewport={"width": 1600, "height": 900})
    expect(page.locator("#promise-remote")).to_be_visible()
    expect(page.locator("#wall-out .huge")).not_to_have_text("0")
    expect(page.locator("body")).not_to_have_class(re.compile("handled"))  # the menu is away
    keep(page, f"board-{language}")


@BOTH
def test_pictures_of_a_call(storm: Storm, language: str):
    """Somebody without light calls, and it is known why."""
    page = storm.screen("agent", "/desk", language, theme="light")
    office = storm.screen("dispatcher", "/commitments", language)
    outage = largest_outage(storm, office, "predicted", "confirmed")
    tickets = storm.ask(office, f"outages/{outage['id']}")["tickets"]
    asked = next(t["account"] or t["phone"] for t in tickets if t["account"] or t["phone"])
    page.locator("#q").fill(asked)
    expect(page.locator("#answer .answer")).to_be_visible()
    keep(page, f"desk-{language}")


@BOTH
def test_pictures_of_the_phone(storm: Storm, language: str):
    office = storm.screen("dispatcher", "/commitments", language)
    crews = [row["crew_id"] for row in storm.ask(office, "worklist") if row["crew_id"]]
    phone = storm.screen(crews[0], "/crew", language, theme="light", viewport=PHONE)
    expect(phone.locator(".job").first).to_be_visible()
    expect(phone.locator("#toasts p")).to_have_count(0)
    keep(phone, f"crew-{language}")


@BOTH
@pytest.mark.parametrize("name", ["commitments", "reports"])
def test_pictures_of_a_supervisors_screens(storm: Storm, name: str, language: str):
    page = storm.screen("supervisor", f"/{name}", language, theme="light")
    expect(page.locator("table").first).to_be_visible()
    keep(page, f"{name}-{language}")


@BOTH
def test_pictures_of_a_dossier_and_a_film(storm: Storm, language: str):
    page = storm.screen("dispatcher", "/commitments", language, theme="light")
    outage = largest_outage(storm, page, "confirmed", "partially_restored", "restored")
    page.goto(f"{storm.url}/outages/{outage['id']}/dossier")
    expect(page.locator("h1")).to_be_visible()
    keep(page, f"dossier-{language}")
    page.goto(storm.url + "/reports/film")
    expect(page.locator("#time")).not_to_have_text("–")
    page.keyboard.press("End")
    page.keyboard.press("PageUp")  # the storm lasts longer, and most is out before it ends
    keep(page, f"film-{language}")


def main() -> int:
    """Make the pictures anew."""
    chosen = ["-k", " ".join(sys.argv[1:])] if sys.argv[1:] else []
    return int(pytest.main([__file__, "-q", "-p", "no:cacheprovider", *chosen]))


if __name__ == "__main__":
    sys.exit(main())
