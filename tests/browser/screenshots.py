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

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
WANTED = "RELIGHT_SCREENSHOTS"
LARGEST_BYTES = 400_000
NAMES = {
    "T1": "幸福小区1号公用配变",
    "T2": "永外正街东湖区人民医院宿舍二期箱式变",
}
CREWS = {"C1": "东湖抢修一班", "C2": "东湖抢修二班", "C9": "青山湖配电抢修三班"}

Report = Callable[..., dict]


def a_morning(company: Company, report: Report) -> None:
    """Five reports: a transformer, a long name, a hazard, and one that nobody can place."""
    add_roads(company.engine)
    with company.engine.begin() as c:
        for table, names in (("transformer", NAMES), ("crew", CREWS)):
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
    page.locator("[role=option].outage").first.click()
    expect(page.locator("#ranking li").first).to_be_visible()
    page.locator(".legend summary").click()
    keep(page, f"console-{language}")
    page.locator("#ranking .assign button.primary").click()
    expect(page.locator("#ranking .mine")).to_be_visible()
    taken = page.locator("#ranking .mine").get_attribute("id") or ""
    page.goto(company.server.url + "/desk?q=T1-1")
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
