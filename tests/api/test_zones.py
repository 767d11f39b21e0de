"""Storms, floods, fires and ground nobody may enter: what each does to the work."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text

from api.house import House
from api.worker import Work
from dispatch.store import zones
from tests.api.conftest import EAST_LON, Town
from tests.api.test_dispatching import open_outage, run_jobs, send
from tests.store.builders import LAT, LON

HOSTILE = "<script>alert(1)</script>"


def ring(lon: float = LON, half: float = 0.2, lat: float = LAT) -> list[list[float]]:
    w, s, e, n = lon - half, lat - half, lon + half, lat + half
    return [[w, s], [e, s], [e, n], [w, n]]


def declare(town: Town, kind: str = "storm", who: str = "dispatcher", **fields: Any) -> Response:
    until = (town.clock.now + timedelta(hours=6)).isoformat()
    body = {"kind": kind, "name": "Meihua", "area": ring(), "ends_at": until, **fields}
    return town.post("zones", who, body)


def test_a_zone_is_declared_listed_moved_and_ended(town: Town):
    made = declare(town)
    assert made.status_code == 201
    zone = made.json()
    assert (zone["kind"], zone["districts"], zone["ended_at"]) == ("storm", ["west"], None)
    assert [each["id"] for each in town.get("zones", "dispatcher").json()] == [zone["id"]]
    later = (town.clock.now + timedelta(hours=9)).isoformat()
    moved = town.put(f"zones/{zone['id']}/end", body={"ends_at": later})
    assert moved.json()["ends_at"][:16] == later[:16]
    path = f"/api/v1/zones/{zone['id']}"
    for _ in range(2):
        assert town.client.delete(path, headers=town.headers("dispatcher")).status_code == 204
    assert town.get("zones", "dispatcher").json() == []
    with town.engine.connect() as c:
        kinds = c.scalars(text("SELECT kind FROM event WHERE stream LIKE 'zone:%' ORDER BY seq"))
        assert list(kinds) == ["zone.declared", "zone.moved", "zone.ended"]
    again = town.put(f"zones/{zone['id']}/end", body={"ends_at": later})
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (
            {"area": [[LON, LAT], [LON + 0.1, LAT + 0.1], [LON + 0.1, LAT], [LON, LAT + 0.1]]},
            "cross",
        ),
        ({"area": [[LON, LAT], [LON + 0.1, LAT], [LON, LAT]]}, "three corners"),
        ({"area": [[LON, LAT], [LON + 0.1, LAT], [LON + 0.2, LAT]]}, "area"),
        ({"area": ring(half=9.0)}, "1500 km"),
        ({"area": ring(lon=10.0)}, "district"),
        ({"area": [[500, 0], [501, 0], [501, 1]]}, "Earth"),
        ({"kind": "no_go", "name": "", "ends_at": None}, "name"),
        ({"kind": "picnic"}, "kind"),
        ({"ends_at": None}, "no-go"),
    ],
)
def test_what_cannot_be_a_zone_is_refused_with_the_reason(town: Town, fields: Any, found: str):
    refused = declare(town, **fields)
    assert refused.status_code == 422
    assert found in refused.text
    assert town.get("zones", "dispatcher").json() == []


@pytest.mark.parametrize(
    ("starts_h", "ends_h"), [(0, 0), (2, 1), (0, 24 * 15), (-30, 2), (24 * 8, 24 * 9), (-3, -1)]
)
def test_a_time_in_which_no_zone_can_hold_is_refused(town: Town, starts_h: int, ends_h: int):
    at = {h: (town.clock.now + timedelta(hours=h)).isoformat() for h in (starts_h, ends_h)}
    refused = declare(town, starts_at=at[starts_h], ends_at=at[ends_h])
    assert refused.status_code == 422
    assert "_at" in refused.text


def test_a_zone_larger_than_the_company_holds_in_the_districts_of_who_declares_it(town: Town):
    everywhere = ring(lon=(LON + EAST_LON) / 2, half=abs(EAST_LON - LON) + 1)
    assert declare(town, area=everywhere).json()["districts"] == ["east", "west"]
    assert declare(town, who="west-dispatcher", area=everywhere).json()["districts"] == ["west"]
    assert len(town.get("zones", "east-dispatcher").json()) == 1


def test_a_district_neither_sees_nor_ends_anothers_zone_nor_ends_one_it_shares(town: Town):
    mine = declare(town, who="west-dispatcher").json()["id"]
    wide = ring(lon=(LON + EAST_LON) / 2, half=abs(EAST_LON - LON) + 1)
    shared = declare(town, area=wide).json()["id"]
    for zone, status in ((mine, 404), (shared, 403), (987, 404)):
        path = f"/api/v1/zones/{zone}"
        answer = town.client.delete(path, headers=town.headers("east-dispatcher"))
        assert answer.status_code == status
    assert declare(town, who="east-dispatcher").status_code == 422
    assert declare(town, who="agent").status_code == 403


def test_a_preview_says_what_an_outline_holds_and_declares_nothing(town: Town):
    open_outage(town)
    seen = town.post("zones/preview", "dispatcher", {"area": ring()}).json()
    assert (seen["districts"], seen["outages"], seen["waiting"]) == (["West"], 1, 1)
    assert seen["customers"] > 0
    assert seen["km2"] == pytest.approx(0.4 * 0.4 * 111.195**2 * 0.877, rel=0.01)
    assert town.get("zones", "dispatcher").json() == []


def told_of(town: Town, outage: int) -> tuple[str, str]:
    told = town.get(f"outages/{outage}", "dispatcher").json()["etr"]
    return told["basis"], told["confidence"]


def test_in_a_storm_an_estimate_says_so_and_is_unsure_until_the_zone_ends(town: Town):
    outage = open_outage(town)
    assert told_of(town, outage)[0] != "storm"
    zone = declare(town).json()["id"]
    work = Work(town.house)
    work.reestimate()
    assert told_of(town, outage) == ("storm", "low")
    town.client.delete(f"/api/v1/zones/{zone}", headers=town.headers("dispatcher"))
    work.reestimate()
    assert told_of(town, outage)[0] != "storm"


def test_nobody_is_sent_into_a_no_go_zone_unless_a_dispatcher_says_why(town: Town):
    declare(town, "no_go", ends_at=None)
    outage = open_outage(town)
    run_jobs(town)
    ranked = town.get(f"outages/{outage}/crews", "dispatcher").json()
    assert all("no-go zone" in crew["blockers"][0]["en"] for crew in ranked)
    with town.engine.connect() as c:
        assert c.scalar(text("SELECT status FROM trouble_order")) == "awaiting_assignment"
    refused = send(town, outage, why="")
    assert refused.status_code in {409, 422}
    sent = send(town, outage, why="the fire brigade goes with them")
    assert sent.status_code == 200


def test_when_the_ground_is_open_again_a_crew_is_sent_by_itself(town: Town):
    zone = declare(town, "no_go", ends_at=None).json()["id"]
    open_outage(town)
    run_jobs(town)
    town.client.delete(f"/api/v1/zones/{zone}", headers=town.headers("dispatcher"))
    run_jobs(town)
    with town.engine.connect() as c:
        assert c.scalar(text("SELECT status FROM trouble_order")) == "assigned"


def test_who_calls_from_a_storm_hears_of_it_and_its_name_stays_text(town: Town):
    declare(town, name=HOSTILE)
    answer = town.get("known-outage", account="T1-0").json()
    assert f"storm “{HOSTILE}”" in answer["say"]["en"]
    assert answer["reasons"][-1]["zh"].startswith("位于风暴区")
    outside = town.get("known-outage", account="T9-0").json()
    assert "storm" not in outside["say"]["en"]


def test_a_zone_of_one_district_is_not_told_to_the_callers_of_another(town: Town):
    declare(town, who="west-dispatcher", area=ring(lon=LON + 1, half=1.5))
    in_west, in_east = (
        town.get("known-outage", account=account).json()["say"] for account in ("T1-0", "T9-0")
    )
    assert "Meihua" in in_west["en"]
    assert "Meihua" not in in_east["en"]


def test_the_name_of_a_no_go_zone_is_not_read_out(town: Town):
    declare(town, "no_go", name="Hostage at Lane 5")
    said = town.get("known-outage", account="T1-0").json()["say"]
    assert "no crew may enter" in said["en"]
    assert "Hostage" not in said["en"] + said["zh"]


def test_in_a_declared_storm_the_evidence_of_a_feeder_says_so(town: Town):
    declare(town)
    with town.house.transaction() as store:
        west = store.outages.feeder_evidence("F1", town.clock.now).around
        east = store.outages.feeder_evidence("F9", town.clock.now).around
    assert west is not None and west.declared
    assert east is not None and not east.declared


def test_the_map_shows_zones_now_and_as_they_were(town: Town):
    zone = declare(town, name="梅花").json()["id"]
    box = f"{LON - 1},{LAT - 1},{LON + 1},{LAT + 1}"
    headers = town.headers("dispatcher")
    shown = town.client.get(f"/console/layers/zones?bbox={box}", headers=headers).json()
    (feature,) = shown["features"]
    assert feature["properties"]["title"].endswith("梅花")
    assert feature["properties"]["style"] == "zone-storm"
    then = town.clock.now.isoformat()
    town.clock.now += timedelta(hours=1)
    town.client.delete(f"/api/v1/zones/{zone}", headers=headers)
    now = town.client.get(f"/console/layers/zones?bbox={box}", headers=headers).json()
    assert now["features"] == []
    past = {"bbox": box, "at": then}
    stood = town.client.get("/console/then/zones", params=past, headers=headers).json()
    assert [each["properties"]["id"] for each in stood["features"]] == [zone]


def test_the_crew_of_an_order_in_a_zone_is_warned_on_its_phone(town: Town, house: House):
    outage = open_outage(town)
    assert send(town, outage).status_code == 200
    declare(town, "no_go", name=HOSTILE)
    shown = town.client.get("/crew/orders", headers=town.headers("C1")).text
    assert "未经调度许可，不得进入" in shown
    assert HOSTILE not in shown


def test_what_makes_a_zone_hold_now_is_written_once_and_read_by_its_index(town: Town):
    folder = Path(zones.__file__).parent
    written = [
        path.name
        for path in sorted(folder.rglob("*.py"))
        if "migrations" not in path.parts and "hazard_zone.ended_at" in path.read_text("utf-8")
    ]
    assert written == ["zones.py"]
    holds = zones.in_force("now()")
    with town.engine.begin() as c:
        c.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(c.scalars(text(f"EXPLAIN SELECT FROM hazard_zone WHERE {holds}")))
    assert "hazard_zone_standing_ix" in plan
