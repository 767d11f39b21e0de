"""The colours of the crew's phone: as it is set, or chosen on it, from the first thing drawn."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Company
from tests.browser.test_crew import AWAY, is_ready_for_no_network, phone
from tests.browser.test_every_page import faults_of

NIGHT, DAY = "rgb(14, 17, 20)", "rgb(255, 255, 255)"


def has_ground(page: Page, colour: str) -> None:
    expect(page.locator("body")).to_have_css("background-color", colour)


def choose_colours(page: Page, name: str) -> None:
    page.get_by_text("This phone", exact=True).click()
    page.get_by_label("Colours").select_option(label=name)


def test_a_phone_that_is_set_dark_is_dark_whatever_the_desk_screens_are(company: Company):
    page = phone(company, dark=True)
    has_ground(page, NIGHT)
    page.goto(company.server.url + "/theme/light?goto=/crew")
    has_ground(page, NIGHT)
    expect(page.locator("meta[name=theme-color]")).to_have_attribute("content", "#15191d")
    page.emulate_media(color_scheme="light")
    has_ground(page, DAY)
    expect(page.locator("meta[name=theme-color]")).to_have_attribute("content", "#ffffff")


def test_what_is_chosen_on_the_phone_outlives_its_setting_and_the_network(company: Company):
    page = phone(company)
    has_ground(page, DAY)
    is_ready_for_no_network(page)
    company.expect_trouble(*AWAY)
    company.server.stop()
    page.reload()
    expect(page.locator("#unreached")).to_be_visible()
    choose_colours(page, "Dark, for the night")
    has_ground(page, NIGHT)
    assert faults_of(page) == []
    page.reload()
    has_ground(page, NIGHT)
    expect(page.locator("#theme")).to_have_value("dark")


@pytest.mark.parametrize(("how", "ground"), [({"dark": True}, NIGHT), ({}, DAY)])
def test_the_colours_wait_for_no_other_script(
    company: Company, how: dict[str, object], ground: str
):
    page = phone(company, **how)
    page.route("**/crew.js", lambda route: route.abort())
    company.expect_trouble("ERR_FAILED")
    page.goto(company.server.url + "/theme/system?goto=/crew")
    has_ground(page, ground)


def test_a_button_never_fades_from_one_colour_to_the_other_under_its_words(company: Company):
    page = phone(company)
    button = page.locator("#sync")
    expect(button).to_have_css("transition-duration", "0s")
