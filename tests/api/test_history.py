"""Looking back, going to anything, and the way of a crew, over HTTP."""

from datetime import datetime, timedelta

import pytest

from dispatch.store.transaction import PgStore
from tests.api.conftest import Town
from tests.api.grid import lay_roads, place
from tests.api.test_dispatching import open_outage, send
from tests.store import builders as build

BOX = f"{build.LON - 1},{build.LAT - 1},{build.LON + 1},{build.LAT + 1}"


def then(town: Town, at: datetime, who: str = "dispatcher") -> dict:
    answer = town.get("history", who, at=at.isoformat())
    assert answer.status_code == 200, answer.text
    return answer.json()


def layer(town: Town, name: str, at: datetime, who: str = "dispatcher") -> list[dict]:
    answer = town.client.get(
        f"/console/then/{name}",
        params={"at": at.isoformat(), "bbox": BOX, "zoom": 15},
        headers=town.headers(who),
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["features"]


def anything(town: Town, q: str, who: str = "dispatcher") -> list[dict]:
    answer = town.client.get("/console/anything", params={"q": q}, headers=town.headers(who))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_moment_shows_what_was_open_then_and_not_what_came_later(town: Town):
    before = town.clock.now
    town.clock.advance(10)
    open_outage(town)
    during = town.clock.now
    assert then(town, before)["open_outages"] == 0
    stood = then(town, during)
    assert (stood["open_outages"], stood["reports"]) == (1, 1)
    assert stood["customers_out"] == stood["outages"][0]["customers_out"] > 0
    assert layer(town, "work", before) == []
    (drawn,) = layer(town, "work", during)
    assert drawn["properties"]["style"] == "outage-predicted"
    assert len(layer(town, "reports", during)) == 1
    assert layer(town, "reports", before) == []


def test_what_is_over_now_is_still_seen_at_its_time(town: Town):
    outage_id = open_outage(town)
    during = town.clock.now
    town.clock.advance(30)
    restored = town.post(f"outages/{outage_id}/restore", "dispatcher", {"cause": "fuse"})
    assert restored.status_code == 200, restored.text
    town.clock.advance(5)
    assert then(town, during)["customers_out"] > 0
    assert then(town, town.clock.now)["customers_out"] == 0


def test_crews_stand_where_they_were_last_seen_before_the_moment(town: Town):
    with town.engine.begin() as c:
        PgStore(c).crews.record_fixes(
            [build.a_fix("p1", "C1"), build.a_fix("p2", "C1", 20, lat=build.LAT + 0.1)]
        )
    early = build.NOW + timedelta(minutes=10)
    town.clock.advance(60)
    (crew,) = layer(town, "crews", early)
    assert crew["geometry"]["coordinates"][1] == pytest.approx(build.LAT, abs=1e-4)
    assert crew["properties"]["age_s"] == 600
    (crew,) = layer(town, "crews", early + timedelta(minutes=15))
    assert crew["geometry"]["coordinates"][1] == pytest.approx(build.LAT + 0.1, abs=1e-4)


def test_districts_hold_for_the_past_too(town: Town):
    open_outage(town)
    at = town.clock.now
    assert then(town, at, "west-dispatcher")["open_outages"] == 1
    assert then(town, at, "east-dispatcher")["open_outages"] == 0
    assert layer(town, "work", at, "east-dispatcher") == []


@pytest.mark.parametrize("minutes", [1, -91 * 24 * 60])
def test_a_moment_to_come_or_too_long_ago_is_refused(town: Town, minutes: int):
    at = town.clock.now + timedelta(minutes=minutes)
    answer = town.get("history", "dispatcher", at=at.isoformat())
    assert answer.status_code == 422
    assert "ninety days" in answer.text


def test_an_agent_does_not_look_back(town: Town):
    assert town.get("history", "agent", at=town.clock.now.isoformat()).status_code == 403


@pytest.mark.parametrize("asked", ["f76462ee23c6", "F76462EE23C6"])
def test_a_report_is_found_by_the_number_that_screens_show(town: Town, asked: str):
    town.report("4795efda-63d3-4f19-a48b-f76462ee23c6")
    (found,) = anything(town, asked)
    assert (found["kind"], found["key"]) == ("report", "outage-1")


def test_anything_is_found_by_number_name_and_coordinates(town: Town):
    outage_id = open_outage(town)
    (outage,) = [each for each in anything(town, f"#{outage_id}") if each["kind"] == "outage"]
    assert outage["key"] == f"outage-{outage_id}"
    crew = anything(town, "C9")[0]
    assert (crew["kind"], crew["key"]) == ("crew", "crew-C9")
    (transformer,) = anything(town, "T2")
    assert (transformer["kind"], transformer["name"]) == ("transformer-only", "transformer T2")
    (pair,) = anything(town, "28.68, 115.9")
    assert (pair["lon"], pair["lat"]) == (115.9, 28.68)
    assert anything(town, "%") == []


def test_another_districts_things_are_not_found(town: Town):
    assert anything(town, "C9", "west-dispatcher") == []
    assert anything(town, "T9", "west-dispatcher") == []


def test_the_way_of_a_crew_leads_along_the_streets_to_its_order(town: Town):
    lay_roads(town.engine)
    lon, lat = place(3, 3)
    with town.engine.begin() as c:
        PgStore(c).crews.record_fixes([build.a_fix("p1", "C1", lon=lon, lat=lat)])
    path = "/console/crews/C1/way"
    assert town.client.get(path, headers=town.headers("dispatcher")).json()["features"] == []
    send(town, open_outage(town), "C1")
    (way,) = town.client.get(path, headers=town.headers("dispatcher")).json()["features"]
    assert way["geometry"]["coordinates"][0] == pytest.approx([lon, lat], abs=1e-4)
    assert way["properties"]["length_m"] == pytest.approx(3000, rel=0.05)
    hidden = town.client.get(path, headers=town.headers("east-dispatcher"))
    assert hidden.status_code == 404
