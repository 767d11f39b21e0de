"""Reports from the street: three plain forms, nothing said back, no danger turned away."""

import gzip
import json
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import text

from api.callers import Role, issue
from api.house import House
from api.publishing import AREAS, Held
from api.routers.public_reports import REPORTS
from dispatch.store import watchers
from dispatch.store.public import PublicFile, PublicSet
from tests.api.conftest import FieldClock
from tests.api.public_town import SETTINGS, add_communities, darken, lighten, publish, visiting
from tests.store.builders import LAT, LON, at

ID = "6f0c9d1e-8c1b-4d0e-9a36-0d1c0f5f8a11"
MOST = [f"BIG{n}" for n in range(12)]
NASTY = "<script>document.title='taken'</script>"


@pytest.fixture
def company(house: House) -> House:
    add_communities(house.engine)
    darken(house, *MOST)
    publish(house)
    return house


@pytest.fixture
def visitor(company: House) -> Iterator[TestClient]:
    with visiting(company) as client:
        yield client


def send(client: TestClient, step: str = "phone", **fields: object) -> Response:
    """One step of the form, in English."""
    values = {"id": ID, "language": "en", "step": step, **fields}
    return client.post("/map/report", data={k: v for k, v in values.items() if v is not None})


def tickets(house: House) -> list[dict]:
    with house.engine.connect() as c:
        query = text("SELECT * FROM ticket ORDER BY recorded_at, id")
        return [dict(row) for row in c.execute(query).mappings()]


def test_three_steps_make_an_ordinary_ticket_of_the_web(company: House, visitor: TestClient):
    first = visitor.get("/map/report?language=en").text
    form_id = re.search(r'name="id" value="([^"]+)"', first)
    assert form_id
    answer = send(visitor, "where", id=form_id[1], account="FAR-3")
    assert "2. What do you see?" in answer.text
    answer = send(visitor, "what", id=form_id[1], account="FAR-3", what="none", neighbours="out")
    assert "3. May we call you?" in answer.text
    assert tickets(company) == []
    fields = {"account": "FAR-3", "what": "none", "neighbours": "out", "phone": "138 0000 7777"}
    answer = send(visitor, "phone", id=form_id[1], **fields)
    assert "We have your report" in answer.text
    (ticket,) = tickets(company)
    assert (ticket["channel"], ticket["account"], ticket["phone"]) == (
        "web",
        "FAR-3",
        "13800007777",
    )
    assert ticket["symptoms"] == ["no_power", "neighbours_out"]
    assert (ticket["disposition"], ticket["found_by"]) == ("new_outage", "account")
    assert "nobody verified" in ticket["description"]


def test_the_same_form_twice_is_one_ticket_and_a_changed_one_another(
    company: House, visitor: TestClient
):
    for _ in range(2):
        send(visitor, account="FAR-3", what="none")
    assert len(tickets(company)) == 1
    send(visitor, "what", account="FAR-3", what="wire")
    assert [t["hazards"] for t in tickets(company)] == [[], ["wire_down"]]


def test_an_account_that_exists_is_answered_as_one_that_does_not(
    company: House, visitor: TestClient
):
    answers = {
        re.sub(r"[0-9a-f]{12}", "-", send(visitor, account=account, what="none").text)
        for account in ("BIG0-3", "unpaid", "FAR-1", "no such account")
    }
    assert len(answers) == 1
    assert "known in this area" not in answers.pop()


def test_who_names_an_area_is_told_what_the_map_shows_of_it(company: House, visitor: TestClient):
    answer = send(visitor, "where", place="West 幸福村")
    assert "An outage is known in this area" in answer.text
    assert "about 120 customers" in answer.text
    for said in ("幸福村", "东湖区幸福村12号"):
        assert "An outage is known in this area" in send(visitor, "where", place=said).text
    clicked = send(visitor, "where", lon=LON, lat=LAT)
    assert "An outage is known in this area" in clicked.text
    elsewhere = send(visitor, "where", place="Nowhere Lane")
    assert "An outage is known" not in elsewhere.text


@pytest.mark.parametrize(
    ("said", "area"),
    [
        ("West 幸福村 · 老街", "1"),  # as the list has it
        ("幸福村 · 老街", "1"),
        ("幸福村12号", "1"),
        ("老街", None),  # in two areas: nobody can say in which
        ("幸福新村", None),
        ("", None),
    ],
)
def test_an_area_is_known_by_a_name_that_it_alone_has(said: str, area: str | None):
    areas = [
        {"id": "1", "name": "幸福村 · 老街", "district": "West", "cells": []},
        {"id": "2", "name": "阳明花园 · 老街", "district": "East", "cells": []},
    ]
    kept = PublicFile(body=gzip.compress(json.dumps(areas).encode()), digest="")
    held = Held(PublicSet(number=1, made_at=at(0), written_at=at(0), files={AREAS: kept}))
    found = held.area_named(said)
    assert (found.id if found else None) == area


def test_a_place_that_is_only_a_click_is_marked_as_not_verified(
    company: House, visitor: TestClient
):
    send(visitor, lon=LON + 0.2, lat=LAT + 0.2, accuracy_m=30, what="none")
    (ticket,) = tickets(company)
    assert (ticket["found_by"], ticket["accuracy_m"]) == ("position", 30)
    assert "a click on a map, not verified" in ticket["description"]


def test_a_danger_is_taken_at_the_second_step_with_the_number_to_call(
    company: House, visitor: TestClient
):
    answer = send(visitor, "what", place="by the school", what="wire", danger_phone="13912345678")
    assert "Call now:" in answer.text and 'href="tel:95598"' in answer.text
    (ticket,) = tickets(company)
    assert (ticket["hazards"], ticket["phone"]) == (["wire_down"], "13912345678")
    assert ticket["disposition"] == "incident"
    with company.engine.connect() as c:
        assert c.scalar(text("SELECT count(*) FROM incident")) == 1


def test_a_danger_is_taken_even_where_the_rest_of_the_form_cannot_be_read(
    company: House, visitor: TestClient
):
    fields = {"account": "x" * 101, "lon": "here", "danger_phone": "call me"}
    assert send(visitor, "what", what="fire", **fields).status_code == 200
    (ticket,) = tickets(company)
    assert (ticket["hazards"], ticket["disposition"]) == (["fire"], "incident")


def test_too_many_are_told_when_but_a_danger_is_taken_and_marked(
    company: House, visitor: TestClient
):
    for n in range(REPORTS["account"]):
        assert send(visitor, account="FAR-3", place=f"house {n}", what="none").status_code == 200
    refused = send(visitor, account="FAR-3", place="once more", what="none")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "Try again in 30 minutes, or call 95598" in refused.text
    taken = send(visitor, "what", account="FAR-3", place="once more", what="fire")
    assert taken.status_code == 200
    (danger,) = [t for t in tickets(company) if t["hazards"]]
    assert "over its limit" in danger["description"]


def test_a_script_that_fills_in_everything_is_turned_away_but_not_a_danger(
    company: House, visitor: TestClient
):
    assert send(visitor, account="FAR-3", what="none", website="buy").status_code == 422
    assert tickets(company) == []
    assert send(visitor, "what", account="FAR-3", what="shock", website="buy").status_code == 200
    assert len(tickets(company)) == 1


def test_a_form_opened_by_its_address_speaks_the_browser_s_language(visitor: TestClient):
    german = {"Accept-Language": "de-DE,en;q=0.8"}
    assert '<html lang="en"' in visitor.get("/map/report", headers=german).text
    assert '<html lang="en"' not in visitor.get("/map/report?language=zh-CN", headers=german).text
    assert '<html lang="en"' not in visitor.get("/map/report").text


def test_another_site_s_page_reports_nothing(company: House, visitor: TestClient):
    answer = visitor.post(
        "/map/report",
        data={"id": ID, "step": "phone", "account": "FAR-3", "what": "none"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert (answer.status_code, tickets(company)) == (403, [])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"step": "where"}, "Give the account number, an address, or your position."),
        ({"step": "what", "account": "FAR-3"}, "Choose what you see."),
        ({"account": "FAR-3", "what": "none", "phone": "call me"}, "Digits only"),
        ({"account": "FAR-3", "what": "none", "lon": "999", "lat": "1"}, "This cannot be read."),
        ({"account": "FAR-3", "what": "bomb"}, "This cannot be read."),
        ({"account": "x" * 101, "what": "none"}, "This cannot be read."),
        ({"id": "1", "account": "FAR-3", "what": "none"}, "Report no power"),
    ],
)
def test_what_is_missing_or_unreadable_is_asked_again_in_words(
    company: House, visitor: TestClient, fields: dict, expected: str
):
    answer = send(visitor, **fields)
    assert answer.status_code == 422
    assert expected in answer.text
    assert tickets(company) == []


def test_a_script_in_any_field_comes_back_as_text(company: House, visitor: TestClient):
    for step in ("where", "what", "phone"):
        fields = {"account": NASTY, "place": NASTY, "phone": NASTY, "danger_phone": NASTY}
        answer = send(visitor, step, **fields, what=NASTY, website=NASTY, lon=NASTY)
        assert NASTY not in answer.text
    assert NASTY not in send(visitor, account=NASTY, place=NASTY, what="none").text


def test_reports_alone_can_be_switched_off(company: House):
    settings = SETTINGS.model_copy(update={"public_reports": False, "public_messages": False})
    publish(company, settings=settings)
    with visiting(company, settings) as client:
        assert client.get("/map/report").status_code == 404
        assert client.get("/map/tell").status_code == 404
        page = client.get("/map/en.html").text
    assert "/map/report" not in page and "/map/tell" not in page


# Tell me when it is back -------------------------------------------------------------------------


def ask(client: TestClient, **fields: object) -> Response:
    area = re.search(r'<option value="([0-9a-f]{10})"', client.get("/map/tell").text)
    assert area
    values = {"id": ID, "language": "en", "area": area[1], "phone": "13800007777", "consent": "1"}
    return client.post("/map/tell", data={k: v for k, v in (values | fields).items() if v})


def messages(house: House) -> list[dict]:
    with house.engine.connect() as c:
        rows = c.execute(text("SELECT * FROM message ORDER BY id")).mappings()
        return [dict(row) for row in rows]


def waiting(house: House) -> int:
    with house.engine.connect() as c:
        return int(c.scalar(text("SELECT count(*) FROM watcher")) or 0)


def test_a_watcher_of_an_area_gets_one_message_and_is_forgotten(
    company: House, visitor: TestClient, clock: FieldClock
):
    answer = ask(visitor)
    assert "Noted." in answer.text and "13800007777" not in answer.text
    publish(company)
    assert messages(company) == []
    clock.advance(10)
    with company.engine.connect() as c:
        number = c.scalar(text("SELECT max(id) FROM outage"))
    with company.transaction() as store:
        outage = store.outages.get(number)
    lighten(company, outage)
    publish(company)
    publish(company)
    (message,) = messages(company)
    assert message["phone"] == "13800007777"
    assert message["body"].startswith("Lights & Co: by our records power is back in West 幸福村.")
    assert waiting(company) == 0


def test_who_reported_is_told_when_the_report_s_own_outage_ends(
    company: House, visitor: TestClient, clock: FieldClock
):
    send(visitor, account="west-phone", what="none", phone="13800001234", tell="1")
    (ticket,) = tickets(company)
    publish(company)
    assert messages(company) == []
    with company.transaction() as store:
        outage = store.outages.get(ticket["outage_id"])
    clock.advance(10)
    lighten(company, outage)
    publish(company)
    (message,) = messages(company)
    assert "the place you reported" in message["body"]


def test_a_stranger_s_telephone_does_not_learn_when_somebody_s_home_got_light(
    company: House, visitor: TestClient, clock: FieldClock
):
    """Nor, by the message that comes or does not, whether the account exists."""
    send(visitor, account="west-phone", what="none", phone="13899990000", tell="1")
    (ticket,) = tickets(company)
    with company.transaction() as store:
        outage = store.outages.get(ticket["outage_id"])
    clock.advance(10)
    lighten(company, outage)
    publish(company)
    assert messages(company) == []


def test_without_consent_no_number_is_kept(company: House, visitor: TestClient):
    answer = ask(visitor, consent="")
    assert (answer.status_code, waiting(company)) == (422, 0)
    assert "Without this we may not keep the number." in answer.text


def test_an_area_that_the_map_does_not_show_cannot_be_watched(company: House, visitor: TestClient):
    assert ask(visitor, area="0000000000").status_code == 422
    assert waiting(company) == 0


def test_a_number_is_deleted_after_three_days(
    company: House, visitor: TestClient, clock: FieldClock
):
    ask(visitor)
    clock.advance(3 * 24 * 60 + 1)
    with company.engine.begin() as c:
        watchers.forget(c, now=clock.now, ended_before=at(0))
    assert waiting(company) == 0


# The gateway that sends --------------------------------------------------------------------------


@pytest.fixture
def gateway(company: House, visitor: TestClient) -> TestClient:
    from datetime import UTC, datetime  # noqa: PLC0415

    token = issue(company.engine, label="sms", role=Role.INTEGRATION, now=datetime.now(UTC))
    visitor.headers["Authorization"] = f"Bearer {token}"
    with company.transaction() as store:
        for n in range(3):
            store.watchers.say(
                f"1380000000{n}", "en", "light", now=company.now(), expires_at=at(600)
            )
    return visitor


def lease(client: TestClient, most: int = 100) -> list[dict]:
    answer = client.post("/api/v1/messages/lease", json={"most": most})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_leased_message_is_nobody_else_s_until_the_lease_ends(
    gateway: TestClient, clock: FieldClock
):
    assert [len(lease(gateway, 2)), len(lease(gateway)), len(lease(gateway))] == [2, 1, 0]
    clock.advance(3)
    assert [each["tries"] for each in lease(gateway)] == [2, 2, 2]


def test_only_the_gateway_s_word_makes_a_message_sent(
    company: House, gateway: TestClient, clock: FieldClock
):
    first, second, third = (each["id"] for each in lease(gateway))
    for number, outcome in ((first, "sent"), (second, "failed"), (third, "later")):
        path = f"/api/v1/messages/{number}/outcome"
        assert gateway.post(path, json={"outcome": outcome}).status_code == 204
    assert (
        gateway.post(f"/api/v1/messages/{first}/outcome", json={"outcome": "failed"}).status_code
        == 204
    )
    assert [each["status"] for each in messages(company)] == ["sent", "failed", "waiting"]
    clock.advance(2)
    assert [each["id"] for each in lease(gateway)] == [third]


def test_news_that_could_not_be_sent_in_time_is_not_sent(
    company: House, gateway: TestClient, clock: FieldClock
):
    clock.advance(601)
    assert lease(gateway) == []
    with company.engine.begin() as c:
        watchers.forget(c, now=clock.now, ended_before=at(0))
    assert {each["status"] for each in messages(company)} == {"expired"}


def test_a_message_that_is_not_there_is_refused(gateway: TestClient):
    answer = gateway.post("/api/v1/messages/999/outcome", json={"outcome": "sent"})
    assert answer.status_code == 404
