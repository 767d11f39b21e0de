"""What inference thinks, as a dispatcher sees it and puts it right."""

import json
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from api.callers import Role
from tests.browser.conftest import Company
from tests.browser.street import add_street, look

Report = Callable[..., dict]
FUSE = ("N1-0", "N2-3", "N1-7", "N3-2", "N2-9")
TIE = (("F2-north", 0.51), ("transformer:N1", 0.49))


def called(company: Company, report: Report, *accounts: str) -> None:
    """These customers call, a minute apart, and the feeder is looked at."""
    for account in accounts:
        report(account, account)
        company.clock.advance(1)
    look(company)


@pytest.fixture
def blown_fuse(company: Company, report: Report) -> Company:
    """Five callers below the northern fuse are one outage."""
    add_street(company.engine)
    called(company, report, *FUSE)
    return company


def opened(company: Company, key: str = "outage-1", role: Role = Role.DISPATCHER) -> Page:
    page = company.screen(role, "/console")
    page.locator(f"[role=option][data-key={key}]").click()
    expect(page.locator(f"#shown[data-key={key}]")).to_be_visible()
    return page


def read(company: Company, page: Page, path: str) -> dict:
    cookies = {c["name"]: c["value"] for c in page.context.cookies()}
    return httpx.get(f"{company.server.url}/api/v1/{path}", cookies=cookies).json()


def sent(company: Company, page: Page, path: str, **more: object) -> httpx.Response:
    """A command as a page of this session would send it."""
    cookies = {c["name"]: c["value"] for c in page.context.cookies()}
    headers = {"X-CSRF-Token": page.locator("body").get_attribute("data-csrf") or ""}
    body = {"reason": "because", **more}
    url = f"{company.server.url}/api/v1/{path}"
    return httpx.post(url, cookies=cookies, headers=headers, json=body)


def thinks(company: Company, devices: tuple[tuple[str, float], ...], outage_id: int = 1) -> None:
    """Inference thinks this of the outage, whatever was reported."""
    prediction = {
        "devices": [list(d) for d in devices],
        "probability": devices[0][1],
        "customers_out": 60.3,
    }
    with company.engine.begin() as c:
        c.execute(
            text("UPDATE outage SET prediction = CAST(:it AS jsonb) WHERE id = :id"),
            {"it": json.dumps(prediction), "id": outage_id},
        )


def is_up_to_date(company: Company, page: Page, outage_id: int = 1) -> None:
    """The detail shows the outage as it is on record now: what is sent from it is not refused."""
    with company.engine.connect() as c:
        version = c.scalar(text("SELECT version FROM outage WHERE id = :id"), {"id": outage_id})
    expect(page.locator("#shown")).to_have_attribute("data-version", str(version))


def outages_of(company: Company) -> dict[str, int]:
    with company.engine.connect() as c:
        rows = c.execute(text("SELECT id, outage_id FROM ticket"))
        return {row.id: row.outage_id for row in rows}


def bars(page: Page) -> list[tuple[str, float]]:
    """What each bar names and the share of its width that is filled, as it is drawn."""
    return page.locator(".suspects > li").evaluate_all(
        "rows => rows.map(row => {"
        " const track = row.querySelector('.share'), filled = track.querySelector('i');"
        " return [row.dataset.device, filled.offsetWidth / track.clientWidth]; })"
    )


def amber(page: Page) -> int:
    """How many pixels of the map have the colour of a slice."""
    return page.locator(".leaflet-overlay-pane canvas").evaluate_all(
        "all => all.map(canvas => { const { data } ="
        " canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
        " let n = 0; for (let i = 0; i < data.length; i += 4)"
        " if (data[i] === 255 && data[i + 1] === 180 && data[i + 2] === 84) n++;"
        " return n; }).reduce((a, b) => a + b, 0)"
    )


def test_percents_and_bars_are_those_of_the_prediction(blown_fuse: Company):
    thinks(blown_fuse, (("F2-north", 0.82), ("transformer:N1", 0.11), ("F2-head", 0.04)))
    page = opened(blown_fuse)
    told = read(blown_fuse, page, "outages/1")["prediction"]
    wanted = [(each["id"], each["probability"]) for each in told["devices"]]
    drawn = bars(page)
    assert [device for device, _ in drawn] == [device for device, _ in wanted]
    for (_, filled), (_, probability) in zip(drawn, wanted, strict=True):
        assert filled == pytest.approx(probability, abs=0.01)
    expect(page.locator(".suspects .percent")).to_have_text(["82%", "11%", "4%"])
    expect(page.locator("#shown")).to_contain_text("about 60 customers")


def test_the_reasons_of_inference_are_sentences_in_the_panel(blown_fuse: Company):
    page = opened(blown_fuse)
    expect(page.locator(".because")).to_contain_text("5 of 90 customers below it report")
    told = read(blown_fuse, page, "outages/1")["prediction"]
    percent = f"{round(100 * told['devices'][0]['probability'])}%"
    expect(page.locator(".suspects .percent").first).to_have_text(percent)


def test_a_tie_looks_like_a_tie(blown_fuse: Company):
    thinks(blown_fuse, TIE)
    page = opened(blown_fuse)
    expect(page.locator("#thought .tie")).to_contain_text("2 possibilities are about equal")
    expect(page.locator(".suspects > .lead")).to_have_count(2)
    expect(page.locator(".suspects .percent")).to_have_text(["51%", "49%"])


def test_the_map_shows_the_devices_of_the_open_outage_alone(blown_fuse: Company, report: Report):
    thinks(blown_fuse, TIE)
    report("A1", "T9-0")
    page = opened(blown_fuse)
    expect(page.locator(".folium-map")).to_have_attribute("data-suspects", "2")
    with_slices = amber(page)
    page.locator("[role=option][data-key=outage-1]").evaluate("row => row.remove()")
    page.locator("[role=option].outage").first.click()
    expect(page.locator(".folium-map")).to_have_attribute("data-suspects", "0")
    assert with_slices - amber(page) > 200


def test_weakly_explained_reports_stand_out(blown_fuse: Company):
    with blown_fuse.engine.begin() as c:
        c.execute(text("UPDATE attachment SET probability = 0.7 WHERE ticket_id = 'N3-2'"))
    page = opened(blown_fuse)
    weak = page.locator(".callers > .weak")
    expect(weak).to_have_count(1)
    expect(weak).to_contain_text("N3-2")
    expect(weak).to_contain_text("70%")
    expect(page.locator(".weaknote")).to_contain_text("1 report is weakly explained")


def test_a_device_is_confirmed_by_keyboard_after_a_question(blown_fuse: Company):
    thinks(blown_fuse, TIE)
    page = opened(blown_fuse)
    page.keyboard.press("c")
    expect(page.locator("#confirm-form input[value=F2-north]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#confirm-form input[value='transformer:N1']")).to_be_checked()
    page.keyboard.press("Enter")
    question = page.locator("dialog.sure")
    expect(question).to_contain_text("transformer transformer:N1")
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(page.locator("#shown .state").first).to_have_text("Predicted")
    page.keyboard.press("Enter")
    expect(question).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#shown .state").first).to_have_text("Confirmed")
    assert read(blown_fuse, page, "outages/1")["device_id"] == "transformer:N1"


def test_it_is_this_one_chooses_the_device_in_the_confirmation(blown_fuse: Company):
    thinks(blown_fuse, TIE)
    page = opened(blown_fuse)
    page.locator("#suspect-2 button").click()
    expect(page.locator("#confirm-form input[value='transformer:N1']")).to_be_checked()


def test_another_device_is_found_by_its_name(blown_fuse: Company):
    page = opened(blown_fuse)
    page.keyboard.press("c")
    page.get_by_label("Another device").check()
    box = page.get_by_label("Name or number of the device")
    box.press_sequentially("breaker F2")
    expect(page.locator("#found-devices option")).to_have_count(1)
    box.fill("F2-head")
    box.press("Enter")
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("#shown h2")).to_have_text("breaker F2-head")


def test_who_types_a_name_goes_on_typing_when_the_outage_is_read_again(
    blown_fuse: Company, report: Report
):
    page = opened(blown_fuse)
    page.keyboard.press("c")
    page.get_by_label("Another device").check()
    page.get_by_label("Name or number of the device").press_sequentially("breaker")
    report("N1-9", "N1-9")
    expect(page.locator("#shown")).to_contain_text("N1-9")
    page.keyboard.type(" F2")
    expect(page.get_by_label("Name or number of the device")).to_have_value("breaker F2")
    expect(page.locator("#found-devices option")).to_have_count(1)


def test_a_split_says_before_what_stays_and_goes_and_can_be_undone(blown_fuse: Company):
    page = opened(blown_fuse)
    page.keyboard.press("s")
    form = page.locator("#split-form")
    for account in FUSE:
        form.get_by_label(account).check()
    expect(page.locator("#split-preview")).to_contain_text("At least one has to stay")
    for account in ("N1-0", "N2-3", "N1-7", "N2-9"):
        form.get_by_label(account).uncheck()
    expect(page.locator("#split-preview")).to_contain_text("Leave (1): N3-2")
    expect(page.locator("#split-preview")).to_contain_text("go with them: transformer N3")
    expect(page.locator("#split-preview")).to_contain_text("Stay (4): N1-0, N2-3, N1-7, N2-9")
    form.get_by_label("Reason").fill("another fuse")
    page.keyboard.press("Enter")
    expect(page.locator("[role=option].outage")).to_have_count(2)
    apart = outages_of(blown_fuse)["N3-2"]
    assert apart != 1
    is_up_to_date(blown_fuse, page)
    page.keyboard.press("u")
    expect(page.locator("#undo-split")).to_contain_text(f"Outage {apart}")
    page.locator("#undo-split").get_by_label("Reason").fill("it was one after all")
    page.keyboard.press("Enter")
    expect(page.locator("[role=option].outage")).to_have_count(1)
    assert set(outages_of(blown_fuse).values()) == {1}


def test_the_server_s_refusal_is_shown_in_its_words(blown_fuse: Company):
    page = opened(blown_fuse)
    page.keyboard.press("s")
    for account in FUSE:
        page.locator("#split-form").get_by_label(account).check()
    page.locator("#split-form").get_by_label("Reason").fill("all of them")
    blown_fuse.expect_trouble("/split")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("all callers would leave; nothing is split")
    assert set(outages_of(blown_fuse).values()) == {1}


def test_a_refusal_is_shown_in_chinese_as_well(blown_fuse: Company):
    page = blown_fuse.screen(Role.DISPATCHER, "/console", language="zh-CN")
    page.locator("[role=option].outage").click()
    expect(page.locator("#shown")).to_be_visible()
    page.keyboard.press("s")
    for account in FUSE:
        page.locator("#split-form").get_by_label(account).check()
    page.locator("#split-form input[name=reason]").fill("全部")
    blown_fuse.expect_trouble("/split")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("全部报修都要分出")


def two_outages(company: Company, report: Report) -> None:
    """Two single homes under different fuses, the northern one first."""
    add_street(company.engine)
    report("N1-0", "N1-0")
    company.clock.advance(1)
    report("S1-0", "S1-0")


def test_two_outages_are_merged_into_the_older_and_parted_again(company: Company, report: Report):
    two_outages(company, report)
    young = outages_of(company)["S1-0"]
    page = opened(company, f"outage-{young}")
    page.keyboard.press("m")
    form = page.locator("#merge-form")
    form.get_by_label("Outage 1 ·").check()
    expect(page.locator("#merge-preview")).to_contain_text(f"Outage {young} ends.")
    form.get_by_label("Reason").fill("one tree fell")
    page.keyboard.press("Enter")
    expect(page.locator("[role=option].outage")).to_have_count(1)
    assert set(outages_of(company).values()) == {1}
    expect(page.locator("#shown[data-key=outage-1] .callers > li")).to_have_count(2)
    page.keyboard.press("u")
    expect(page.locator("#undo-merge")).to_contain_text(f"Outage {young}")
    page.locator("#undo-merge").get_by_label("Reason").fill("two trees")
    page.keyboard.press("Enter")
    expect(page.locator("[role=option].outage")).to_have_count(2)
    assert outages_of(company)["S1-0"] != 1


def test_what_was_done_last_is_offered_first_to_be_undone(blown_fuse: Company, report: Report):
    report("S1-0", "S1-0")
    young = outages_of(blown_fuse)["S1-0"]
    page = opened(blown_fuse)
    undo = page.locator("#act-undo form")
    assert sent(blown_fuse, page, "outages/1/split", tickets=["N3-2"]).is_success
    expect(undo).to_have_count(1)
    blown_fuse.clock.advance(1)
    assert sent(blown_fuse, page, "outages/1/merge", outage_id=young).is_success
    expect(undo).to_have_count(2)
    expect(undo.first).to_have_id("undo-merge")
    blown_fuse.clock.advance(1)
    assert sent(blown_fuse, page, "outages/1/split", tickets=["N1-7"]).is_success
    expect(undo.first).to_have_id("undo-split")


def test_a_merge_decided_on_an_old_state_of_the_other_outage_is_refused(
    company: Company, report: Report
):
    two_outages(company, report)
    young = outages_of(company)["S1-0"]
    page = company.screen(Role.DISPATCHER, "/console", live=False)
    page.locator(f"[role=option][data-key=outage-{young}]").click()
    expect(page.locator("#merge-form")).to_be_attached()
    with company.engine.begin() as c:
        c.execute(text("UPDATE outage SET version = version + 1 WHERE id = 1"))
    page.keyboard.press("m")
    page.locator("#merge-form").get_by_label("Outage 1 ·").check()
    page.locator("#merge-form").get_by_label("Reason").fill("one tree fell")
    company.expect_trouble("/merge")
    page.keyboard.press("Enter")
    expect(page.locator("#shown .changed")).to_be_visible()
    assert outages_of(company)["S1-0"] == young


def test_one_report_is_moved_to_another_outage_and_to_one_of_its_own(
    company: Company, report: Report
):
    two_outages(company, report)
    young = outages_of(company)["S1-0"]
    page = opened(company, f"outage-{young}")
    page.locator("#move-S1-0 summary").click()
    page.get_by_label("Where does it belong?").select_option("1")
    page.locator("#move-S1-0").get_by_label("Reason").fill("a branch of the same tree")
    page.keyboard.press("Enter")
    expect(page.locator(".callers .empty")).to_be_visible()
    assert outages_of(company)["S1-0"] == 1
    page.locator("[role=option][data-key=outage-1]").click()
    expect(page.locator("#shown[data-key=outage-1]")).to_be_visible()
    page.locator("#move-S1-0 summary").click()
    page.locator("#move-S1-0").get_by_label("Reason").fill("no, it is not")
    page.keyboard.press("Enter")
    expect(page.locator("#move-S1-0")).to_have_count(0)
    assert outages_of(company)["S1-0"] not in {1, young}


def test_planned_work_is_announced_and_called_off(blown_fuse: Company):
    page = blown_fuse.screen(Role.DISPATCHER, "/console")
    page.locator("#planned-fold > summary").click()
    expect(page.locator("#plannedlist")).to_contain_text("No planned work")
    page.locator("#act-plan summary").click()
    thing = page.get_by_label("Device or transformer")
    thing.press_sequentially("fuse F2-s")
    expect(page.locator("#found-all option")).to_have_count(1)
    thing.fill("F2-south")
    page.get_by_label("Begins").fill("2026-03-03T09:00")
    page.locator("#plan-form").get_by_label("Ends").fill("2026-03-03T11:30")
    page.get_by_label("What the work is").fill("new poles")
    page.get_by_role("button", name="Announce", exact=True).click()
    planned = page.locator(".planned > li")
    expect(planned).to_contain_text("new poles")
    expect(planned).to_contain_text("3 transformers")
    with blown_fuse.engine.connect() as c:
        begins = c.scalar(text("SELECT starts_at FROM planned_outage"))
    assert begins.isoformat() == "2026-03-03T01:00:00+00:00"  # nine in Shanghai
    planned.get_by_role("button", name="Cancel the work").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(planned).to_contain_text("Cancelled")


def test_an_incident_is_closed_after_a_question(company: Company, report: Report):
    report("A1", hazards=["sparks"])
    page = company.screen(Role.DISPATCHER, "/console")
    page.locator("[role=option].incident").click()
    page.locator("#act-close summary").click()
    page.locator("#act-close").get_by_label("Reason").fill("a lamp, not a line")
    page.get_by_role("button", name="Close the incident").click()
    page.get_by_role("button", name="No, go back").click()
    expect(page.locator("[role=option].incident")).to_have_count(1)
    page.get_by_role("button", name="Close the incident").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("[role=option].incident")).to_have_count(0)


def test_who_may_not_correct_has_no_controls_and_is_refused(blown_fuse: Company):
    page = opened(blown_fuse, role=Role.SUPERVISOR)
    expect(page.locator("#thought")).to_be_visible()
    expect(page.locator("#acts, #shown form, [data-choose-suspect], .move")).to_have_count(0)
    page.locator("#planned-fold > summary").click()
    expect(page.locator("#act-plan")).to_have_count(0)
    for command in ("confirm", "split", "merge", "close"):
        assert sent(blown_fuse, page, f"outages/1/{command}").status_code == 403
    assert sent(blown_fuse, page, "tickets/N1-0/attach").status_code == 403
