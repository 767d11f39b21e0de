"""Alarms of the room and notes: what is listed, who took note, what another district learns."""

from datetime import timedelta

from sqlalchemy import text

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
