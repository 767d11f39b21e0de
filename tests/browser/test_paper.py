"""The dossier on one sheet of paper, the reports, and a film played by keyboard from a file."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from api.callers import Role
from tests.api.conftest import tokens_for
from tests.api.whole_outage import play
from tests.browser.conftest import Company, add_roads
from tests.browser.test_every_page import NASTY, faults_of

LONG_NAME = "江西省南昌市东湖区永外正街东湖区人民医院宿舍二期支线跌落式熔断器"


@pytest.fixture
def call(company: Company) -> Callable[..., dict]:
    tokens = tokens_for(company.engine)

    def ask(method: str, path: str, who: str, body: object, **headers: str) -> dict:
        answer = httpx.request(
            method,
            f"{company.server.url}/api/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {tokens[who]}", **headers},
            timeout=60,
        )
        assert answer.status_code < 300, (path, answer.text)
        return answer.json() if answer.content else {}

    return ask


@pytest.fixture
def outage(company: Company, call: Callable[..., dict]) -> int:
    add_roads(company.engine)
    number = play(call, company.clock.advance, company.engine, company.clock)
    with company.engine.begin() as c:
        c.execute(text("UPDATE outage SET device_name = :name"), {"name": LONG_NAME})
    return number


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_dossier_of_an_ordinary_outage_prints_on_one_page(
    company: Company, outage: int, language: str
):
    page = company.screen(Role.DISPATCHER, f"/outages/{outage}/dossier", language=language)
    expect(page.locator("h1")).to_have_text(LONG_NAME)
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") == 1
    assert faults_of(page) == []


def test_a_script_in_any_text_of_a_dossier_is_text(company: Company, outage: int):
    with company.engine.begin() as c:
        nasty = {"nasty": NASTY}
        c.execute(text("UPDATE outage SET device_name = :nasty, cause = :nasty"), nasty)
        c.execute(text("UPDATE crew SET name = :nasty"), nasty)
        c.execute(text("UPDATE ticket SET description = :nasty, address = :nasty"), nasty)
    page = company.screen(Role.DISPATCHER, f"/outages/{outage}/dossier")
    expect(page.locator("h1")).to_contain_text("<script>")
    expect(page).to_have_title(f"Outage dossier {outage} · Relight")
    assert page.locator("img").count() == 0
    page.goto(company.server.url + "/reports/film")
    expect(page.locator("#largest")).to_be_attached()
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_no_table_of_the_reports_is_cut_without_a_hint(company: Company, language: str):
    """At 1280 every column is in sight, on a narrow screen the edge is shaded, on paper all fit."""
    page = company.screen(Role.SUPERVISOR, "/reports", language=language)
    cut = (
        "() => [...document.querySelectorAll('.wide')].filter(each =>"
        " each.scrollWidth > each.clientWidth).length"
    )
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.evaluate(cut) == 0
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate(cut) > 0
    first = page.locator("#indices .wide")
    assert first.get_attribute("tabindex") == "0" and first.get_attribute("aria-label")
    assert first.evaluate("e => getComputedStyle(e).backgroundImage").count("gradient") == 4
    assert faults_of(page) == []
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 720, "height": 1000})
    assert page.evaluate(cut) == 0


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_axe_finds_nothing_serious_on_the_reports_and_the_film(
    company: Company, outage: int, language: str
):
    page = company.screen(Role.SUPERVISOR, "/reports", language=language)
    expect(page.locator("#plot-months")).to_be_visible()
    expect(page.locator("#arrivals figure")).to_have_count(1)
    assert faults_of(page) == []
    for path in ("/reports/film", f"/outages/{outage}/map"):
        page.goto(company.server.url + path)
        expect(page.locator("#time")).not_to_have_text("–")
        assert faults_of(page) == []


def test_a_film_hurries_where_nothing_happens_and_says_so(
    company: Company, call: Callable[..., dict], outage: int
):
    company.clock.advance(300)
    call("POST", "tickets", "agent", {"id": "B1", "channel": "phone", "account": "T1-0"})
    company.clock.advance(30)
    page = company.screen(Role.SUPERVISOR, "/reports")
    page.emulate_media(reduced_motion="reduce")
    page.goto(company.server.url + "/reports/film")
    pace = page.get_by_text("Nothing happens here: ten times as fast")
    expect(page.locator("#time")).not_to_have_text("–")
    expect(pace).to_be_hidden()
    for _ in range(3):
        page.keyboard.press("PageDown")
    expect(pace).to_be_visible()
    begun = int(page.locator("body").get_attribute("data-at") or 0)
    page.locator("#speed").select_option("60")
    page.locator("#play").focus()
    page.keyboard.press("Space")
    page.wait_for_function("begun => Number(document.body.dataset.at) > begun", arg=begun)
    page.keyboard.press("Space")
    assert int(page.locator("body").get_attribute("data-at") or 0) >= begun + 600
    assert faults_of(page) == []


def test_a_film_plays_from_a_file_by_keyboard_alone(company: Company, outage: int, tmp_path: Path):
    page = company.screen(Role.SUPERVISOR, "/reports")
    with page.expect_download() as loading:
        page.evaluate(
            "() => { const a = document.createElement('a');"
            " a.href = '/reports/film?as=file'; a.download = ''; a.click(); }"
        )
    file = tmp_path / "film.html"
    loading.value.save_as(file)
    context = company.browser.new_context(offline=True, reduced_motion="reduce")
    company.contexts.append(context)
    alone = context.new_page()
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.on("pageerror", lambda error: company.faults.append(str(error)))
    alone.goto(file.as_uri())
    expect(alone.locator("#out")).to_have_text("0")
    alone.keyboard.press("End")
    alone.keyboard.press("ArrowLeft")
    expect(alone.locator("#out")).to_have_text("4")
    expect(alone.locator("#largest tr")).to_have_count(1)
    alone.keyboard.press("Home")
    expect(alone.locator("#largest tr")).to_have_count(0)
    alone.locator("#speed").select_option("3600")
    alone.locator("#play").focus()
    alone.keyboard.press("Space")
    expect(alone.locator("#play")).to_have_attribute("aria-pressed", "true")
    expect(alone.locator("body")).not_to_have_attribute("data-at", "0")
    alone.keyboard.press("Space")
    expect(alone.locator("#play")).to_have_attribute("aria-pressed", "false")
    assert asked == [file.as_uri()]
