"""Closing roads on the console: drawn by mouse or by keyboard, shown back, closed and opened."""

from playwright.sync_api import Page, expect
from sqlalchemy import text

from api.callers import Role
from tests.api.grid import lay_roads, place
from tests.browser.conftest import Company


def open_form(company: Company) -> Page:
    lay_roads(company.engine)
    page = company.screen(Role.DISPATCHER, "/console")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.evaluate(
        "([lon, lat]) => relightMap.setView([lat, lon], 16, {animate: false})", place(0, 0.5)
    )
    page.locator("#closures-fold > summary").click()
    page.locator("#act-closure > summary").click()
    return page


def click_at(page: Page, row: float, column: float) -> None:
    x, y = page.evaluate(
        """([lon, lat]) => {
            const at = relightMap.latLngToContainerPoint([lat, lon]);
            const box = relightMap.getContainer().getBoundingClientRect();
            return [box.x + at.x, box.y + at.y];
        }""",
        place(row, column),
    )
    page.mouse.click(x, y)


def test_a_line_is_drawn_shown_back_closed_and_opened_again(company: Company):
    page = open_form(company)
    click_at(page, 0, 0.4)
    expect(page.locator("#closure-preview")).to_contain_text("1 point drawn")
    click_at(page, 0, 0.6)
    expect(page.locator("#closure-preview")).to_contain_text("closes 1 piece of road, 0.5 km")
    page.locator("#closure-form input[name=reason]").fill("flood")
    page.locator("#closure-form button.primary").click()
    page.locator("dialog.sure button[value=yes]").click()
    closed = page.locator("#closurelist li")
    expect(closed).to_contain_text("flood")
    expect(closed).to_contain_text("until it is opened")
    with company.engine.connect() as c:
        assert (
            c.scalar(text("SELECT kind FROM event WHERE stream LIKE 'closure:%'"))
            == "closure.closed"
        )
    closed.get_by_role("button", name="Open the road").click()
    page.locator("dialog.sure button[value=yes]").click()
    expect(page.locator("#closurelist")).to_contain_text("No closed roads.")


def test_an_area_is_drawn_by_keyboard_alone(company: Company):
    page = open_form(company)
    page.locator("#closure-form input[value=area]").press("Space")
    for row, column in ((-0.2, 0.4), (0.2, 0.4), (0.2, 0.6)):
        page.evaluate(
            "([lon, lat]) => relightMap.setView([lat, lon], 16, {animate: false})",
            place(row, column),
        )
        page.locator("#closure-form [data-draw=add]").press("Enter")
    expect(page.locator("#closure-preview")).to_contain_text("closes 1 piece of road")
    page.locator("#closure-form [data-draw=back]").press("Enter")
    expect(page.locator("#closure-preview")).to_contain_text("2 points drawn; at least 3")


def test_what_lies_beside_every_road_is_refused_before_it_is_closed(company: Company):
    page = open_form(company)
    company.expect_trouble("422")
    click_at(page, 0.1, 0.4)
    click_at(page, 0.1, 0.6)
    expect(page.locator("#closure-preview")).to_contain_text(
        "(no road within 25 m of this line may be driven that way)"
    )
