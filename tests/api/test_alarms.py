"""Alarms of the room and notes: what is listed, who took note, what another district learns."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from api.worker import Work
from tests.api.conftest import Town
from tests.store.builders import LAT, LON


def report(town: Town, ticket_id: str = "A1", account: str = "T1-0", **fields: object) -> None:
    body = {"id": ticket_id, "channel": "phone", "account": account, **fields}
    assert town.post("tickets", "agent", body).status_code == 201


def ids(town: Town, who: str = "dispatcher", **query: object) -> list[str]:
    return [each["id"] for each in town.get("alarms", who, **query).json()]


def kinds(town: Town) -> list[str]:
    return [each["kind"] for each in town.get("alarms", "dispatcher").json()]


def take(town: Town, alarm: str, who: str = "dispatcher", note: str = "") -> int:
    return town.post(f"alarms/{alarm}/acknowledge", who, {"note": note}).status_code


def test_a_danger_alarms_until_somebody_takes_note_and_the_record_says_who(town: Town):
    report(town, hazards=["wire_down"])
    assert ids(town) == ["hazard:incident-1.1"]
    assert take(town, "hazard:incident-1.1", note="fire brigade called") == 204
    assert ids(town, "west-dispatcher") == []
    (seen,) = town.get("alarms", "supervisor", all="true").json()
    assert seen["acknowledged"]["by"] == "dispatcher"
    assert seen["acknowledged"]["note"] == "fire brigade called"
    with town.engine.connect() as c:
        entry = c.execute(
            text("SELECT stream, actor, body FROM event WHERE kind = 'alarm.acknowledged'")
        ).one()
    assert (entry.stream, entry.actor) == ("incident:1", "dispatcher")
    assert entry.body["reason"] == "fire brigade called"


def test_an_alarm_is_acknowledged_once(town: Town):
    report(town, hazards=["wire_down"])
    assert take(town, "hazard:incident-1.1") == 204
    assert take(town, "hazard:incident-1.1", "west-dispatcher") == 409


def test_an_alarm_that_is_not_there_or_of_another_district_cannot_be_acknowledged(town: Town):
    report(town, hazards=["wire_down"])
    assert ids(town, "east-dispatcher") == []
    assert take(town, "hazard:incident-1.1", "east-dispatcher") == 404
    assert take(town, "hazard:incident-9.1") == 404
    assert take(town, "hazard:incident-1.1", "supervisor") == 403


def test_an_estimate_that_has_passed_is_a_new_alarm_for_each_estimate(town: Town):
    report(town)
    in_ten = (town.clock.now + timedelta(minutes=10)).isoformat()
    town.post("outages/1/estimate", "dispatcher", {"at": in_ten})
    town.clock.advance(11)
    (first,) = [each for each in ids(town) if each.startswith("estimate_passed")]
    assert take(town, first) == 204
    assert "estimate_passed" not in kinds(town)
    in_ten = (town.clock.now + timedelta(minutes=10)).isoformat()
    town.post("outages/1/estimate", "dispatcher", {"at": in_ten})
    town.clock.advance(11)
    assert "estimate_passed" in kinds(town)


def test_planned_work_alarms_half_an_hour_before_and_when_it_is_late(town: Town):
    starts, ends = (town.clock.now + timedelta(minutes=m) for m in (60, 120))
    body = {
        "transformers": ["T1"],
        "starts_at": starts.isoformat(),
        "ends_at": ends.isoformat(),
        "reason": "new insulators",
    }
    assert town.post("planned-outages", "dispatcher", body).status_code == 201
    told = []
    for minutes in (0, 31, 30, 61):
        town.clock.advance(minutes)
        told.append(kinds(town))
    assert told == [[], ["planned_begins"], [], ["planned_late"]]


def test_a_crew_that_was_seen_and_then_gives_no_sign_alarms(town: Town):
    report(town)
    etag = town.get("outages/1", "dispatcher").headers["etag"]
    body = {"crew_id": "C1", "reason": "near"}
    town.put("outages/1/assignment", "dispatcher", body, **{"If-Match": etag})
    now = town.clock.now.isoformat()
    action = {"id": "a1", "seq": 1, "order_id": 1, "kind": "en_route", "occurred_at": now}
    town.post("crew/actions", "C1", {"actions": [action]})
    fix = {"id": "f1", "lon": LON, "lat": LAT, "fixed_at": now, "accuracy_m": 8}
    town.post("crew/positions", "C1", {"positions": [fix]})
    town.clock.advance(29)
    assert "crew_silent" not in kinds(town)
    town.clock.advance(2)
    assert "crew_silent" in kinds(town)


def test_a_note_stands_in_the_story_with_its_author(town: Town):
    report(town)
    written = town.post("outages/1/notes", "dispatcher", {"text": " the key is at No. 4 "})
    assert written.status_code == 201
    assert written.json()["text"] == "the key is at No. 4"
    page = town.client.get("/console/outages/1", headers=town.headers("supervisor")).text
    assert "the key is at No. 4" in page
    assert "act-note" not in page


def test_notes_on_incidents_and_reports_are_kept_and_an_empty_one_is_refused(town: Town):
    report(town, hazards=["wire_down"])
    for address in ("incidents/1/notes", "tickets/A1/notes"):
        assert town.post(address, "dispatcher", {"text": "seen"}).status_code == 201
        assert town.post(address, "dispatcher", {"text": "  "}).status_code == 422
        assert town.post(address, "east-dispatcher", {"text": "seen"}).status_code == 404
    page = town.client.get("/console/incidents/1", headers=town.headers("dispatcher")).text
    assert page.count('class="said">seen') == 2


def overdue(town: Town) -> list[dict]:
    """The alarms of the desk's promise, once it is over."""
    town.clock.advance(4)
    Work(town.house).tick()
    found = town.get("alarms", "dispatcher").json()
    return [each for each in found if each["kind"] == "clock_over"]


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ({"account": "T1-0", "address": "No. 4, Mill Lane"}, "No. 4, Mill Lane"),
        ({"account": "T1-0"}, "transformer T1"),
        ({"account": None, "location": {"lon": LON, "lat": LAT}}, "transformer T1"),
        (
            {"account": None, "location": {"lon": LON + 0.2, "lat": LAT}, "hazards": ["sparks"]},
            "28.68000, 116.10000",
        ),
        ({"account": None, "description": "behind the mill"}, "behind the mill"),
    ],
)
def test_an_alarm_says_where_it_is_from_whatever_is_known(
    town: Town, place: dict[str, object], named: str
):
    report(town, **place)
    (alarm,) = overdue(town)
    assert alarm["title"] == named


def test_an_alarm_of_an_incidents_promise_opens_the_incident(town: Town):
    report(town, hazards=["wire_down"])
    assert {each["opens"] for each in overdue(town)} == {"incident-1"}


def strip(town: Town) -> str:
    """What the strip says, with one space between words."""
    asking = town.headers("dispatcher", **{"Accept-Language": "en"})
    page = town.client.get("/console/alarms", headers=asking).text
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_strip_numbers_what_an_alarm_is_about(town: Town):
    report(town)
    report(town, "7d3c2a10-63d3-4f19-a48b-f76462ee23c6", None)
    overdue(town)
    said = strip(town)
    assert "Promise is over Outage 1 · transformer T1 Dispatch ·" in said
    assert "Promise is over Report f76462ee23c6 Dispatch ·" in said


def test_planned_work_that_is_late_says_its_time_once(town: Town):
    starts, ends = (town.clock.now + timedelta(minutes=m) for m in (0, 60))
    body = {
        "transformers": ["T1"],
        "starts_at": starts.isoformat(),
        "ends_at": ends.isoformat(),
        "reason": "new insulators",
    }
    assert town.post("planned-outages", "dispatcher", body).status_code == 201
    town.clock.advance(61)
    said = strip(town)
    assert "Planned work 1 · new insulators · line F1 should have ended 21:00 Ack" in said


def test_the_strip_counts_what_is_open_and_apart_from_it_what_is_acknowledged(town: Town):
    report(town, hazards=["wire_down"])
    report(town, "A2", hazards=["wire_down"])
    assert take(town, "hazard:incident-1.1") == 204
    said = strip(town)
    assert said.startswith("1 alarm ")
    assert " All 1 · 1 acknowledged " in said
    assert take(town, "hazard:incident-2.1") == 204
    assert " All 2 acknowledged " in strip(town)
