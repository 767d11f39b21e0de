"""The wall of the control room: figures that nobody touches, read from eight metres."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from api.callers import Role
from tests.browser.conftest import Company, add_roads
from tests.browser.test_every_page import faults_of

Report = Callable[..., dict]
FULL_HD = {"width": 1920, "height": 1080}
UHD = {"width": 3840, "height": 2160}

# ISO 9241-303 wants letters of 16 minutes of arc at least: 4.65 mm for each metre of distance.
DISTANCE_M = 8.0
LETTER_MM_PER_M = 4.65
PICTURE_MM = 1370
"""How high the picture is: four screens of 55 inches, two by two."""
LETTER_OF_FONT = 0.7
"""The part of a font's size that its digits and capitals are high."""

FONTS = """() => {
    const beyond = (inner, outer) => ["right", "bottom"].some((side) =>
        inner.getBoundingClientRect()[side] > 1 + outer.getBoundingClientRect()[side]);
    const wide = (e) => e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1;
    return [...document.querySelectorAll("#wall section *")]
    .filter((e) => !e.closest("[data-near], .sr, .folium-map") && e.checkVisibility())
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
    .map((e) => ({
        text: e.textContent.trim(),
        share: parseFloat(getComputedStyle(e).fontSize) / innerHeight,
        cut: !e.closest(".where, .words") && (wide(e) || beyond(e, e.closest("section"))),
    }))
}"""


CUT = """() => {
    const list = document.querySelector("#wall-alarms ul");
    while (list.children.length < 11) list.append(list.firstElementChild.cloneNode(true));
    for (const words of list.querySelectorAll(".words")) words.textContent = "预计送电时间已过";
    return [...["#wall-promises", "#wall-crews", "#wall-calls", "#wall-states"].filter((name) => {
        const pane = document.querySelector(name);
        return pane.scrollHeight > pane.clientHeight + 1;
    }),
    ...[...document.querySelectorAll("#wall-alarms li")].flatMap((chip) => {
        const b = chip.querySelector("b").getBoundingClientRect();
        return b.right > innerWidth || b.bottom > innerHeight ? [chip.textContent] : [];
    })];
}"""
"""With as many alarms as there are kinds: panes of which something is cut off, lost numbers."""


def overfill(company: Company) -> None:
    """A town as large as they come, in which everything waits."""
    with company.engine.begin() as c:
        c.execute(text("UPDATE transformer SET customers = 987654 WHERE id IN ('T1', 'T2')"))
        c.execute(
            text(
                "INSERT INTO outage_transformer (outage_id, transformer_id, out_from)"
                " SELECT min(outage.id), transformer.id, now() FROM outage, transformer"
                " WHERE transformer.id IN ('T1', 'T2') GROUP BY transformer.id"
                " ON CONFLICT DO NOTHING"
            )
        )
        c.execute(text("UPDATE outage SET etr_alarm = 'passed', status = 'confirmed'"))


def open_wall(company: Company, viewport: dict[str, int] = FULL_HD, language: str = "en") -> Page:
    page = company.screen(Role.WALL, "/login", viewport=viewport, language=language)
    page.goto(company.server.url + "/board")
    expect(page.locator("#promise-remote")).to_be_visible()
    return page


@pytest.mark.parametrize(
    ("language", "viewport"), [("en", FULL_HD), ("zh-CN", UHD)], ids=["hd", "uhd"]
)
def test_everything_is_read_from_eight_metres_and_nothing_is_cut(
    company: Company, report: Report, language: str, viewport: dict[str, int]
):
    add_roads(company.engine)
    report("A1", "T1-0", hazards=["wire_down"])
    report("A2", "T1-1")
    report("A3", None, address="nowhere")
    overfill(company)
    page = open_wall(company, language=language, viewport=viewport)
    found = page.evaluate(FONTS)
    assert len(found) > 30
    least = LETTER_MM_PER_M * DISTANCE_M
    small = [each["text"] for each in found if each["share"] * LETTER_OF_FONT * PICTURE_MM < least]
    assert small == []
    assert [each["text"] for each in found if each["cut"]] == []
    assert faults_of(page) == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_eleven_kinds_of_alarms_leave_the_promises_their_height(
    company: Company, report: Report, language: str
):
    report("A1", hazards=["fire"])
    page = open_wall(company, language=language)
    assert page.evaluate(CUT) == []


def test_a_wall_whose_server_goes_says_so_in_large_letters_and_comes_back_by_itself(
    company: Company, report: Report
):
    company.expect_trouble("/board", "/api/v1/live", "ERR_")
    page = open_wall(company)
    expect(page.locator("#away")).to_be_hidden()
    company.server.stop()
    expect(page.locator("#away")).to_contain_text("No news since")
    size = page.locator("#away p").first.evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize) / innerHeight"
    )
    assert size >= 0.065
    company.server.start()
    report("A1", "T1-0")
    expect(page.locator("#away")).to_be_hidden()
    expect(page.locator("#wall-out .huge")).not_to_have_text("0")


def test_a_login_that_ends_is_said_long_before_and_large_after(company: Company):
    company.expect_trouble("/board", "/api/v1/live", "401")
    page = open_wall(company)
    expect(page.locator("#away")).to_be_hidden()
    soon = datetime.now(UTC) + timedelta(days=2)
    with company.engine.begin() as c:
        c.execute(text("UPDATE access_token SET expires_at = :soon"), {"soon": soon})
    expect(page.locator("#away")).to_contain_text("Log in again before")
    with company.engine.begin() as c:
        c.execute(text("UPDATE access_token SET revoked_at = now()"))
    expect(page.locator("#away")).to_contain_text("login of this screen has ended")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Password")).to_be_visible()


def test_the_sides_change_places_every_hour_and_the_picture_wanders(company: Company):
    page = open_wall(company)
    wall = page.locator("#wall")
    before = wall.evaluate("e => [e.classList.contains('mirrored'), e.style.transform]")
    company.clock.advance(66)
    page.reload()
    expect(page.locator("#promise-remote")).to_be_visible()
    after = wall.evaluate("e => [e.classList.contains('mirrored'), e.style.transform]")
    assert before[0] != after[0] and before[1] != after[1]
    assert re.fullmatch(r"translate\(.+\)", after[1])


def test_the_wall_shows_no_control_until_a_hand_comes(company: Company):
    page = open_wall(company)
    bar = page.locator("header.top")
    assert bar.evaluate("e => e.getBoundingClientRect().bottom") <= 0
    page.mouse.move(300, 300)
    page.mouse.move(320, 320)
    expect(page.locator("body")).to_have_class(re.compile("handled"))
    assert bar.evaluate("e => e.getBoundingClientRect().top") >= 0
