"""The dispatchers' room: a storm's list by keyboard, alarms for all, two people, many at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from api.callers import Role
from tests.browser.conftest import Company
from tests.browser.test_every_page import NASTY, faults_of

Report = Callable[..., dict]


def live(page: Page) -> None:
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def test_a_dispatcher_takes_a_storms_list_from_the_keyboard_alone(company: Company, report: Report):
    report("A1", "T1-0")
    report("A2", "T2-0")
    report("A3", "T1-1", hazards=["wire_down"])
    page = company.screen(Role.DISPATCHER, "/console")
    live(page)
    expect(page.locator("#list > .group").first).to_have_id("group-hazard")
    page.keyboard.press("/")
    page.keyboard.type("area:urban")
    page.keyboard.press("Enter")
    expect(page.locator("#chips .chip")).to_have_text("area: urban×")
    page.keyboard.press("/")
    page.keyboard.type("transformer")
    expect(page.locator("#count")).to_contain_text("2 of 3")
    page.keyboard.press("Enter")
    expect(page.locator("#list [role=option]")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#shown")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.type("the key is at No. 4")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#notes .said")).to_have_text("the key is at No. 4")
    page.locator("body").press("Escape")
    page.keyboard.press("v")
    expect(page.locator("#count")).to_contain_text("2 chosen")
    page.keyboard.press("t")
    expect(page.locator("#storm tbody .district")).to_contain_text("2")
    page.keyboard.press("b")
    expect(page.locator("#bulk")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#bulk-said")).to_have_text("2 will be done, 0 refused")
    page.keyboard.press("Enter")
    expect(page.locator("#bulk-said")).to_have_text("2 done, 0 refused")
    page.keyboard.press("Enter")
    expect(page.locator("#bulk-said")).to_have_text("2 undone, 0 not")
    page.keyboard.press("Escape")
    page.reload()
    expect(page.locator("#chips .chip")).to_have_count(2)


def test_why_rows_are_refused_is_said_once_for_all_of_them(company: Company, report: Report):
    report("A1", "T1-0")
    report("A2", "T2-0")
    page = company.screen(Role.DISPATCHER, "/console")
    for said in ("2 will be done, 0 refused", "0 will be done, 2 refused"):
        page.reload()
        live(page)
        expect(page.locator("#list [role=option]")).to_have_count(2)
        page.keyboard.press("v")
        expect(page.locator("#count")).to_contain_text("2 chosen")
        page.keyboard.press("b")
        expect(page.locator("#bulk"), said).to_be_visible()
        page.locator("#bulk-preview").click()
        expect(page.locator("#bulk-said")).to_have_text(said)
        if said.startswith("2"):
            page.locator("#bulk-do").click()
            expect(page.locator("#bulk-said")).to_have_text("2 done, 0 refused")
        else:
            (line,) = page.locator("#bulk-rows li").all()
            expect(line).to_contain_text("transformer T1 · transformer T2")
            expect(line.locator("span")).to_have_text("✕ a crew has the order already")


def test_all_are_chosen_with_those_chosen_before_whatever_is_open(company: Company, report: Report):
    report("A1", "T1-0")
    report("A2", "T2-0")
    page = company.screen(Role.DISPATCHER, "/console")
    live(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#shown")).to_be_visible()
    opened = page.locator("#shown").get_attribute("data-key")
    checked = page.locator("#list [aria-checked=true]")
    for key, count in (("Space", 1), ("v", 2), ("v", 2), ("Space", 1), ("v", 2), ("Shift+V", 0)):
        page.keyboard.press(key)
        expect(checked).to_have_count(count)
        expect(page.locator("#list [aria-selected=true]")).to_have_attribute(
            "data-key", str(opened)
        )
        expect(page.locator("#shown")).to_have_attribute("data-key", str(opened))
    page.locator("#filter").fill("transformer T1")
    page.locator("#filter").press("Enter")
    page.keyboard.press("j")
    for key in ("Space", "v"):
        page.keyboard.press(key)
        expect(checked).to_have_count(1)


def test_an_alarm_acknowledged_by_one_is_gone_at_the_other(company: Company, report: Report):
    report("A1", hazards=["wire_down"])
    first = company.screen(Role.DISPATCHER, "/console")
    second = company.screen(Role.DISPATCHER, "/console", name="dispatcher-2")
    live(first)
    live(second)
    expect(second.locator(".howmany")).to_have_text("1 alarm")
    expect(second).to_have_title("(1) Console · Relight")
    first.keyboard.press("a")
    expect(first.locator("#shown[data-key=incident-1]")).to_be_visible()
    expect(second.locator("#row-incident-1 .lookmark")).to_have_text("DI")
    first.keyboard.press("Enter")
    expect(first.locator(".howmany")).to_have_count(0)
    expect(second.locator(".howmany")).to_have_count(0)
    expect(second).to_have_title("Console · Relight")
    second.locator("#alarm-all summary").click()
    expect(second.locator(".taken")).to_contain_text("dispatcher")
    expect(first.locator("#shown .timeline")).to_contain_text("Alarm acknowledged")


def test_who_was_slower_sees_what_is_different_and_goes_on_with_one_key(
    company: Company, report: Report
):
    report("A1")
    slow = company.screen(Role.DISPATCHER, "/console", name="dispatcher-2", live=False)
    slow.locator("[role=option]").click()
    slow.locator("#act-estimate summary").click()
    slow.get_by_label("Minutes from now").first.fill("45")
    fast = company.screen(Role.DISPATCHER, "/console")
    live(fast)
    fast.locator("[role=option]").click()
    expect(fast.locator("#shown .alsohere")).to_contain_text("dispatcher-2 has this open too")
    company.clock.advance(1)
    fast.locator("#act-estimate summary").click()
    fast.get_by_role("button", name="Set the estimate").click()
    expect(fast.locator("#shown")).to_contain_text("by the dispatcher")
    company.expect_trouble("/estimate")
    slow.get_by_role("button", name="Set the estimate").click()
    box = slow.locator("#collision")
    expect(box).to_be_visible()
    expect(box).to_contain_text("Restoration estimated dispatcher")
    expect(box).to_contain_text("Expected back:")
    expect(box).to_contain_text("45")
    assert faults_of(slow) == []
    slow.keyboard.press("g")
    expect(box).to_be_hidden()
    expect(slow.locator("#toasts")).to_contain_text("Done")
    with company.engine.connect() as c:
        minutes = c.scalar(
            text("SELECT extract(epoch FROM etr_at - :n) / 60 FROM outage"),
            {"n": company.clock.now},
        )
    assert round(minutes) == 45


def test_what_is_drawn_on_the_map_filters_the_list_until_its_chip_is_removed(
    company: Company, report: Report
):
    report("A1", "T1-0")
    report("A2", "T2-0")
    page = company.screen(Role.DISPATCHER, "/console")
    expect(page.locator("#list [role=option]")).to_have_count(2)
    inside = "{detail: {outages: [2], tickets: []}}"
    page.evaluate(f"document.dispatchEvent(new CustomEvent('relight:lasso', {inside}))")
    expect(page.locator("#list [role=option]")).to_have_attribute("data-key", "outage-2")
    page.locator("#chips .chip").click()
    expect(page.locator("#list [role=option]")).to_have_count(2)


COVERED = """() => [...document.querySelectorAll(".left .fold > summary"),
        document.querySelector("#list [aria-selected=true]")]
    .filter((each) => each.checkVisibility())
    .filter((each) => {
        const { left, top, width, height } = each.getBoundingClientRect();
        const met = document.elementFromPoint(left + width / 2, top + height / 2);
        return !each.contains(met);
    }).map((each) => each.textContent.trim())"""
"""What lies under the list, and the selected row, where something else covers it."""


def two_thousand(company: Company, report: Report) -> None:
    """Outage 1, which has a report with clocks, and 1,999 others without."""
    report("A1", "T1-0")
    with company.engine.begin() as c:
        c.execute(
            text(
                "INSERT INTO outage (id, district_id, status, level, device_kind, device_name,"
                " point, accuracy_m, area_class, started_at, opened_at, version)"
                " SELECT 1000 + n, 'west', 'predicted', 'transformer', 'transformer',"
                " '石家庄市桥西区中山西路街道第' || n || '台区', point, 10, 'urban',"
                " started_at, opened_at, 1 FROM outage, generate_series(1, 1999) AS n"
            )
        )


def test_two_thousand_rows_are_listed_whole_and_walked_through(company: Company, report: Report):
    two_thousand(company, report)
    page = company.screen(Role.DISPATCHER, "/console")
    expect(page.locator("#count")).to_contain_text("2000 things to do")
    expect(page.locator("#list [role=option]")).to_have_count(2000)
    expect(page.locator("#storm-offer")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(page.locator("[aria-selected=true]")).to_have_count(1)
    assert page.evaluate(COVERED) == []
    page.locator("#filter").fill("第1999台区")
    expect(page.locator("#list [role=option]")).to_have_count(1)
    expect(page.locator("#count")).to_contain_text("1 of 2000")


def test_a_storms_lines_are_named_and_a_feeders_name_stands_in_one_line_above_its_figures(
    company: Company, report: Report
):
    with company.engine.begin() as c:
        c.execute(text("UPDATE feeder SET name = '10kV城西南郊工业园线'"))
        c.execute(text("UPDATE district SET name = '城西供电所'"))
    report("A1", "T1-0")
    page = company.screen(Role.DISPATCHER, "/console")
    live(page)
    page.keyboard.press("t")
    expect(page.locator("#storm .district button")).to_have_text("城西供电所")
    name = page.locator("#storm .feeder button")
    expect(name).to_have_text("10kV城西南郊工业园线")
    box = name.bounding_box()
    assert box is not None and box["height"] < 30
    row = page.locator("#storm").get_by_role("table").get_by_role("row").last
    expect(row.get_by_role("rowheader")).to_have_text("10kV城西南郊工业园线")
    expect(row.get_by_role("cell")).to_have_count(5)
    assert faults_of(page) == []


AT_HEAD = """([n, part]) => {
    const head = document.querySelectorAll(".grouphead")[n];
    const { left, top, height } = head.getBoundingClientRect();
    const bar = document.querySelector(".left > .bar").getBoundingClientRect();
    const y = part === "middle" ? top + height / 2 : bar.bottom + 1;
    const met = document.elementFromPoint(left + 20, y);
    return ["folds", "grouphead", "row"].find((name) => met.closest("." + name));
}"""
"""What is seen where a group's head stands: at its middle, or right under the bar above it."""


def test_the_head_of_a_group_sticks_to_the_bar_and_goes_under_what_lies_below_the_list(
    company: Company, report: Report
):
    two_thousand(company, report)
    page = company.screen(Role.DISPATCHER, "/console")
    expect(page.locator("#list [role=option]")).to_have_count(2000)
    expect(page.locator(".grouphead")).to_have_count(2)
    second = page.locator(".grouphead").nth(1).bounding_box()
    assert second is not None
    page.set_viewport_size({"width": 1440, "height": round(second["y"]) + 50})
    assert page.evaluate(AT_HEAD, [1, "middle"]) == "folds"
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator(".left").evaluate("left => left.scrollTo(0, 500)")
    assert page.evaluate(AT_HEAD, [1, "under the bar"]) == "grouphead"


def test_two_thousand_rows_are_worked_from_the_keyboard_alone(company: Company, report: Report):
    two_thousand(company, report)
    page = company.screen(Role.DISPATCHER, "/login")
    page.goto(company.server.url + "/console")
    expect(page.locator("#list [role=option]")).to_have_count(2000)
    chosen = page.locator("#list [aria-selected=true]")
    for _ in range(40):
        page.keyboard.press("j")
    expect(chosen).to_have_count(1)
    expect(chosen).to_be_in_viewport()
    assert page.evaluate(COVERED) == []
    number = chosen.get_attribute("id")
    expect(page.locator("#list")).to_have_attribute("aria-activedescendant", number or "")
    page.keyboard.press("Enter")
    key = chosen.get_attribute("data-key") or ""
    expect(page.locator("#shown")).to_have_attribute("data-key", key)
    page.keyboard.press("n")
    page.keyboard.type("no ladder there")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#notes .said")).to_have_text("no ladder there")
    page.locator("body").press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("第1500台区")
    page.keyboard.press("Enter")
    expect(page.locator("#list [role=option]")).to_have_attribute("data-key", "outage-2500")
    page.keyboard.press("Enter")
    expect(page.locator("#shown")).to_have_attribute("data-key", "outage-2500")
    assert faults_of(page) == []


def test_every_term_of_the_filter_leaves_what_it_says(company: Company, report: Report):
    report("A1", "T1-0", multiple_premises=True)
    report("A2", "T2-0")
    report("A3", "T1-1", hazards=["wire_down"])
    page = company.screen(Role.DISPATCHER, "/console")
    rows = page.locator("#list [role=option]")
    expect(rows).to_have_count(3)
    left = {
        "hazard": 1,
        "危险": 1,
        "state:predicted": 2,
        "状态:Predicted": 2,
        "area:rural": 0,
        "no-crew": 3,
        "mine": 0,
        "critical": 0,
        "age>30": 0,
        "age<30": 3,
        "left>1": 3,
        "out>1": 1,
        "crew:C1": 0,
        "feeder:F1": 2,
        'feeder:"line F1" transformer': 2,
        "district:west hazard": 1,
        "T2 no-crew": 1,
        "age>soon": 0,
    }
    for term, count in left.items():
        page.locator("#filter").fill(term)
        expect(rows, term).to_have_count(count)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_axe_finds_nothing_serious_in_the_room(company: Company, report: Report, language: str):
    report("A1", "T1-0", hazards=["wire_down"], address=NASTY)
    report("A2", "T2-0")
    report("A3", "T2-1", hazards=["smoke"])
    page = company.screen(Role.DISPATCHER, "/console", language=language)
    live(page)
    page.keyboard.press("v")
    page.keyboard.press("t")
    page.locator("#filter").fill(NASTY[:20])
    page.locator("#filter").press("Enter")
    page.locator("#chips .chip").click()
    found = {"room": faults_of(page)}
    page.locator("#alarm-all summary").click()
    found["alarms"] = faults_of(page)
    page.locator("#alarm-all summary").click()
    page.locator("#bulk-open").click()
    page.locator("#bulk-preview").click()
    expect(page.locator("#bulk-said")).to_be_visible()
    found["bulk"] = faults_of(page)
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert page.locator("img").count() == 0


def test_alarms_are_silent_until_somebody_switches_the_sound_on_in_this_browser(company: Company):
    page = company.screen(Role.DISPATCHER, "/console")
    switch = page.locator("#sound-switch")
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(switch).to_have_text("Sound off")
    switch.press("Enter")
    expect(switch).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(switch).to_have_attribute("aria-pressed", "true")
    other = company.screen(Role.DISPATCHER, "/console")
    expect(other.locator("#sound-switch")).to_have_attribute("aria-pressed", "false")
