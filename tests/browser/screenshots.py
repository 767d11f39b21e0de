"""`python -m tests.browser.screenshots`: the pictures of docs/screens, from a made-up morning.

Everything on them is invented and says so on the screen. The pictures are made with the tests' own
town, server and browser, by pytest, so that they cannot show what the tests do not.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from api.callers import Role
from tests.browser.conftest import PHONE, Company, Server, add_roads
from tests.browser.street import add_street, look

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
WANTED = "RELIGHT_SCREENSHOTS"
LARGEST_BYTES = 400_000
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
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    assert path.stat().st_size < LARGEST_BYTES


@pytest.mark.skipif(WANTED not in os.environ, reason="run python -m tests.browser.screenshots")
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_pictures_of_every_screen(company: Company, report: Report, language: str):
    FOLDER.mkdir(exist_ok=True)
    a_morning(company, report)
    company.server.stop()
    company.server = Server(company.house, demo=True)
    page = company.screen(Role.DISPATCHER, "/console", language=language)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.locator("[role=option].outage", has_text=STREET["F2-north"]).click()
    expect(page.locator("#thought")).to_be_visible()
    expect(page.locator(".folium-map")).not_to_have_attribute("data-suspects", "0")
    keep(page, f"console-{language}")
    page.keyboard.press("s")
    page.locator("#split-form .check", has_text="N2-5").locator("input").check()
    expect(page.locator("#split-preview p")).to_have_count(3)
    keep(page, f"split-{language}")
    page.keyboard.press("Escape")
    page.locator("[role=option].outage", has_text=NAMES["T1"]).click()
    expect(page.locator("#shown h2", has_text=NAMES["T1"])).to_be_visible()
    page.locator("#ranking .assign button.primary").click()
    expect(page.locator("#ranking .mine")).to_be_visible()
    taken = page.locator("#ranking .mine").get_attribute("id") or ""
    page.goto(company.server.url + "/desk?q=13800001234")
    expect(page.locator(".answer.known_fault")).to_be_visible()
    keep(page, f"desk-{language}")
    crew_id = taken.removeprefix("crew-")
    phone = company.screen(Role.CREW, "/crew", crew_id=crew_id, viewport=PHONE, language=language)
    expect(phone.locator(".job")).to_be_visible()
    expect(phone.locator("#sync")).to_have_attribute("data-state", "live")
    keep(phone, f"crew-{language}")


def main() -> int:
    """Make the pictures anew."""
    os.environ[WANTED] = "1"
    return int(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))


if __name__ == "__main__":
    sys.exit(main())
