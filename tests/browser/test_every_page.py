"""What holds on every page: nothing foreign, nothing executed, nothing that shuts people out."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import text

from api import passwords
from api.callers import Role
from dispatch.store import access
from tests.browser.conftest import PHONE, Company, add_roads

Report = Callable[..., dict]
A_RULE = "rule=arrival_commitment"
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
    for path in (
        "/login",
        "/learning",
        "/commitments",
        f"/commitments/clocks?{A_RULE}",
        "/board",
        "/reports",
        "/trackers",
        "/nowhere",
    ):
        page.goto(company.server.url + path)
        found[path] = faults_of(page)
    page.goto(company.server.url + "/console")
    page.locator("[role=option].outage").first.click()
    page.locator("#crew-C1 .assign button").click()
    expect(page.locator("#crew-C1.mine")).to_be_visible()
    phone = company.screen(
        Role.CREW, in_theme(theme, "/crew"), crew_id="C1", viewport=PHONE, language=language
    )
    expect(phone.locator(".job")).to_be_visible()
    found["crew"] = faults_of(phone)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_a_script_in_any_text_is_shown_as_text(company: Company, report: Report):
    report("A1", description=NASTY, address=NASTY, hazards=["<script>1</script>"])
    report("A2", None, address=NASTY, description=NASTY)
    report("A3", "T1-1", description=NASTY, address=NASTY)
    with company.engine.begin() as c:
        nasty = {"nasty": NASTY}
        for change in ("crew SET name", "transformer SET name", "usage_point SET name"):
            c.execute(text(f"UPDATE {change} = :nasty"), nasty)
        c.execute(text("UPDATE usage_point SET address = :nasty, critical = :nasty"), nasty)
        c.execute(text("UPDATE outage SET device_name = :nasty, cause = :nasty"), nasty)
    page = company.screen(Role.DISPATCHER, "/console")
    for kind in ("incident", "outage", "unlocated"):
        page.locator(f"[role=option].{kind}").first.click()
        expect(page.locator(f"#shown[data-key^={kind}] h2")).to_contain_text("<script>")
    page.locator("[role=option].outage").first.click()
    expect(page.locator("#shown[data-key^=outage]")).to_be_visible()
    page.locator("#crews-fold summary").click()
    expect(page.locator(".crewlist li").first).to_contain_text("<script>")
    page.locator("#crew-C1 .assign button").click()
    expect(page.locator("#crew-C1.mine")).to_contain_text("<script>")
    page.goto(company.server.url + "/desk?q=T1-0")
    expect(page.locator(".caller h2")).to_contain_text("<script>")
    expect(page).to_have_title("Desk · Relight")
    phone = company.screen(Role.CREW, "/crew", crew_id="C1", viewport=PHONE)
    expect(phone.locator(".job h2")).to_contain_text("<script>")
    expect(phone).to_have_title("Orders · Relight")
    assert page.locator("img").count() == phone.locator("img").count() == 0


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
