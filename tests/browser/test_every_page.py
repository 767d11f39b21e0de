"""What holds on every page: nothing foreign, nothing executed, nothing that shuts people out."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import text

from api import passwords
from api.callers import Role
from dispatch.domain.words import CrewId, DistrictId
from dispatch.store import access
from dispatch.usecases.choose_crew import ChooseCrew, choose_crew
from tests.api.public_town import SETTINGS, add_communities, publish
from tests.browser.conftest import PHONE, Company, Server, add_roads
from tests.browser.pages import addresses, is_whole_page

Report = Callable[..., dict]
NASTY = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


def faults_of(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['target']} {node.get('failureSummary', '')}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]


def in_theme(theme: str, path: str) -> str:
    """The address that chooses a theme for this browser and leads to a page."""
    return f"/theme/{theme}?goto={path}"


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_axe_finds_nothing_serious_anywhere(
    company: Company, report: Report, language: str, theme: str
):
    add_roads(company.engine)
    report("A1", phone="13800001234", description="dark")
    report("A2", "T2-0", hazards=["wire_down"])
    report("A3", None, address="nowhere")
    found = {}
    page = company.screen(Role.ADMIN, in_theme(theme, "/console"), language=language)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    page.locator("[role=option].outage").first.click()
    expect(page.locator("#ranking li").first).to_be_visible()
    for fold in page.locator("#shown .act > summary").all():
        fold.click()
    found["console"] = faults_of(page)
    page.locator("[role=option].unlocated").click()
    expect(page.locator(".locate")).to_be_visible()
    found["report"] = faults_of(page)
    page.goto(company.server.url + "/desk?q=T1-0")
    found["desk"] = faults_of(page)
    company.expect_trouble("/nowhere")
    page.goto(company.server.url + "/nowhere")
    found["error"] = faults_of(page)
    page.goto(company.server.url + "/console")
    page.locator("[role=option].outage").first.click()
    page.locator("#crew-C1 .assign button").click()
    expect(page.locator("#crew-C1.mine")).to_be_visible()
    phone = company.screen(
        Role.CREW, "/crew", crew_id="C1", viewport=PHONE, language=language, dark=theme == "dark"
    )
    expect(phone.locator("html")).to_have_attribute("data-theme", theme)
    expect(phone.locator(".job")).to_be_visible()
    found["crew"] = faults_of(phone)
    assert {name: faults for name, faults in found.items() if faults} == {}


def send_crew(company: Company) -> None:
    """C1 has the order of the only outage."""
    with company.house.transaction() as store:
        (outage,) = store.outages.list_open(DistrictId("west"))
        command = ChooseCrew(
            crew_id=CrewId("C1"), by="test", seen_version=outage.version, outage_id=outage.id
        )
        choose_crew(
            store,
            command,
            company.house.travel_times(),
            policy=company.house.policies.assignment,
            now=company.clock.now,
        )


@pytest.fixture
def examples(company: Company, report: Report) -> dict[str, object]:
    """A thing of each kind that an address may name, and a public map."""
    add_roads(company.engine)
    add_communities(company.engine)
    report("A1", phone="13800001234", description="dark")
    report("A2", "T2-0", hazards=["wire_down"])
    send_crew(company)
    publish(company.house)
    company.server.stop()
    company.server = Server(company.house, public=SETTINGS)
    with company.engine.connect() as c:
        found = c.execute(
            text(
                "SELECT outage.id AS outage_id, trouble_order.id AS order_id,"
                " (SELECT max(id) FROM clock) AS clock_id,"
                " (SELECT max(id) FROM incident) AS incident_id"
                " FROM outage JOIN trouble_order ON outage.id = outage_id"
            )
        ).one()
    return {**found._mapping, "ticket_id": "A1", "crew_id": "C1", "layer": "roads"}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_axe_finds_nothing_serious_on_any_page_that_has_an_address(
    company: Company, examples: dict[str, object], language: str, theme: str
):
    """The pages are those of the application's routes, so a new one is looked at by itself."""
    pages = {
        role: company.screen(role, "/login", language=language, dark=theme == "dark", **how)
        for role, how in ((Role.ADMIN, {}), (Role.CREW, {"crew_id": "C1", "viewport": PHONE}))
    }
    for page in pages.values():
        page.goto(company.server.url + f"/theme/{theme}?goto=/login")
    found = {}
    for address in addresses({**examples, "name": f"{language}.html"}):
        page, url = pages[address.role], company.server.url + address.path
        if is_whole_page(page, url):
            page.goto(url)
            found[address.route] = faults_of(page)
    assert {"/outages/{outage_id}/map", "/commitments/clocks/{clock_id}", "/map"} <= set(found)
    assert {route: faults for route, faults in found.items() if faults} == {}


def test_the_empty_frame_of_the_phone_leads_to_its_orders(company: Company):
    page = company.screen(Role.CREW, "/crew/shell", crew_id="C1", viewport=PHONE)
    page.wait_for_url("**/crew")
    expect(page.locator("main[data-crew=C1]")).to_be_visible()


def test_somebody_logs_in_sees_the_screens_of_the_role_and_changes_the_language(
    company: Company,
):
    with company.engine.begin() as c:
        access.set_password(c, "dispatcher", passwords.hashed("a long password"), datetime.now(UTC))
    page = company.screen(None, "/console")
    expect(page).to_have_url(company.server.url + "/login?goto=%2Fconsole")
    page.get_by_label("Login").fill("dispatcher")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.goto(company.server.url + "/console")
    page.get_by_label("Login").fill("dispatcher")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#work-title")).to_have_text("To do")
    page.get_by_role("link", name="中文").click()
    expect(page.locator("#work-title")).to_have_text("待办")
    company.expect_trouble("401")  # what the page still asks for while it is left
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("button", name="登录")).to_be_visible()


def test_a_screen_of_another_role_is_refused_in_words(company: Company):
    company.expect_trouble("/console")
    page = company.screen(Role.AGENT, "/console")
    expect(page.locator("h1")).to_have_text("Not for your role")


def test_a_theme_is_kept_by_the_browser_and_the_map_takes_its_colours(company: Company):
    page = company.screen(Role.DISPATCHER, "/console")
    body, dark, light = page.locator("body"), "rgb(21, 24, 28)", "rgb(244, 246, 248)"
    expect(body).to_have_css("background-color", dark)
    page.get_by_role("link", name="Light", exact=True).click()
    expect(page.locator("#work-title")).to_be_visible()
    expect(body).to_have_css("background-color", light)
    page.goto(company.server.url + "/desk")
    expect(body).to_have_css("background-color", light)
    page.get_by_role("link", name="As the system says", exact=True).click()
    page.emulate_media(color_scheme="dark")
    expect(body).to_have_css("background-color", dark)
    page.emulate_media(color_scheme="light")
    expect(body).to_have_css("background-color", light)
