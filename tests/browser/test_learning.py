"""What closed outages teach, on a supervisor's screen."""

from dataclasses import replace
from datetime import timedelta
from itertools import groupby

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from api.callers import Role
from api.learning import look_for_links
from dispatch.domain.past import RatesVersion
from dispatch.rates import Rates
from dispatch.store.rates import PgRates
from tests.browser.conftest import Company
from tests.browser.test_every_page import faults_of
from tests.store import builders as build
from tests.store.past_record import Record

DAY = 1440.0


def an_estimate(what: str, value: float, district: str | None = None, **more: float) -> dict:
    given = {"assumed": 0.1, "low": value * 0.8, "high": value * 1.2, "events": 40.0}
    return {"what": what, "district_id": district, "value": value, **given, **more}


@pytest.fixture
def taught(company: Company) -> Company:
    """One version of the rates is kept, and one link is suspected."""
    with company.engine.begin() as c:
        PgRates(c).add(
            RatesVersion(
                version=0,
                made_at=build.NOW,
                made_by="operator",
                reason="first year",
                since=build.NOW - timedelta(days=365),
                until=build.NOW,
                outages=412,
                company=replace(Rates(), per_km=0.25).to_dict(),
                districts={"west": replace(Rates(), per_km=0.31).to_dict()},
                estimates=(
                    an_estimate("faults_per_km", 0.25),
                    an_estimate("call_share", 0.11, low=0.08, high=0.14),
                    an_estimate("faults_per_km", 0.31, "west", events=9.0),
                ),
            )
        )
        rows = c.execute(text("SELECT transformer_id, id FROM usage_point ORDER BY 1, 2"))
        homes = {t: [r.id for r in mine] for t, mine in groupby(rows, lambda r: r.transformer_id)}
        record = Record(c, homes)
        for month in range(1, 4):
            began = -30 * DAY * month
            outage = record.outage(began, ("T2", began + 90))
            record.call(began + 4, "T1", 0, None)
            record.call(began + 6, "T2", 2, outage)
    since = build.NOW - timedelta(days=900)
    look_for_links(company.house.transaction, since, build.NOW, by="relight", now=build.NOW)
    return company


def opened(company: Company, language: str = "en") -> Page:
    page = company.screen(Role.SUPERVISOR, "/learning", language=language)
    expect(page.locator("#rates")).to_be_visible()
    return page


def hangs_on(company: Company) -> str:
    with company.engine.connect() as c:
        return str(c.scalar(text("SELECT transformer_id FROM usage_point WHERE account = 'T1-0'")))


def test_a_version_is_shown_beside_what_is_in_force_adopted_and_taken_back(taught: Company):
    page = opened(taught)
    row = page.locator("#version-2 tr", has_text="Faults per km and year").first
    expect(row).to_contain_text("× 2.5")
    expect(row).to_have_class("clear")
    page.locator("#version-2 > form").get_by_label("Why").fill("fits our lines")
    page.get_by_role("button", name="Adopt version 2").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("#rates h2")).to_contain_text("in force: version 2")
    expect(row).to_contain_text("× 1")
    page.locator("#go-back").get_by_label("Why").fill("worse in the last storm")
    page.get_by_role("button", name="Go back to what was shipped").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("#rates h2")).to_contain_text("in force: as shipped")


def test_a_link_is_corrected_by_keyboard_alone_and_taken_back(taught: Company):
    page = opened(taught)
    link = page.locator(".links > li")
    expect(link).to_contain_text("T1-0")
    link.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(link.locator(".parts > li")).to_have_count(3)
    page.keyboard.press("Tab")
    page.keyboard.type("the pole says so")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Yes, do it").press("Enter")
    expect(page.locator("#decided")).to_contain_text("Record corrected")
    expect(link).to_have_count(0)
    assert hangs_on(taught) == "T2"
    page.locator("#decided").get_by_label("Why").fill("another house")
    page.get_by_role("button", name="Take back").click()
    expect(link).to_have_count(1)
    assert hangs_on(taught) == "T1"


def test_a_suspicion_is_dismissed_with_a_reason(taught: Company):
    page = opened(taught)
    page.locator(".links .dismissed").get_by_label("Why").fill("a neighbour's flat")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#decided")).to_contain_text("a neighbour's flat")
    expect(page.locator(".links > li")).to_have_count(0)
    assert hangs_on(taught) == "T1"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_axe_finds_nothing_serious_on_the_page(taught: Company, language: str):
    page = opened(taught, language)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert faults_of(page) == []


def test_a_dispatcher_has_no_such_screen(taught: Company):
    taught.expect_trouble("/learning")
    page = taught.screen(Role.DISPATCHER, "/learning")
    expect(page.locator("h1")).to_have_text("Not for your role")
