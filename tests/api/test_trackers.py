"""Trackers over HTTP: enrolled, bound, revoked; what is taken, and what is only counted."""

import base64
from collections.abc import Iterator

import pytest
from httpx import Response

from gis.crs import Datum, distance_m, from_wgs84
from tests.api.conftest import Town
from tests.store.builders import LAT, LON, at

DAY = -(10**6), 10**6


def enrol(town: Town, wire: str = "traccar", device: str = "12345", **more: object) -> str:
    body = {"wire": wire, "device": device, "crew_id": "C1", **more}
    answer = town.post("trackers", "admin", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["secret"]


def place(minutes: float = 0, **more: object) -> dict[str, object]:
    seconds = round(at(minutes).timestamp())
    return {"id": "12345", "lat": LAT, "lon": LON, "timestamp": seconds, **more}


def send(town: Town, key: str, wire: str = "traccar", **params: object) -> Response:
    return town.client.get(f"/trackers/{wire}/{key}", params=params)


def stored(town: Town, crew_id: str = "C1"):
    with town.house.transaction() as store:
        return list(store.crews.list_fixes(crew_id, at(DAY[0]), at(DAY[1])))


def counts(town: Town, tracker_id: str = "traccar:12345") -> dict[str, int]:
    """What became of what a device sent, written to the record first."""
    town.client.portal.call(town.app.state.reception.write_counts)
    listed = town.get("trackers", "supervisor").json()["trackers"]
    (tracker,) = [each for each in listed if each["id"] == tracker_id]
    return {what: fate["count"] for what, fate in tracker["counts"].items()}


@pytest.fixture
def key(town: Town) -> Iterator[str]:
    return enrol(town)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def left(town: Town, crew_id: str = "C1") -> int | None:
    """What the crew's device has left, as it is kept with its last position."""
    with town.house.transaction() as store:
        fix = store.crews.state(crew_id, at(0)).last_fix
    return None if fix is None else fix.battery


def test_what_the_battery_has_left_is_kept_with_the_last_position_and_warned_of(
    town: Town, key: str
):
    for minutes, batt, kept in ((0, "70", 70), (1, "14.4", 14), (2, "-1", None), (3, "9", 9)):
        assert send(town, key, **place(minutes, batt=batt)).status_code == 200
        assert left(town) == kept
    headers = town.headers("dispatcher", **{"Accept-Language": "en"})
    shown = town.client.get("/console/crews", headers=headers).text
    assert "Battery low: 9%" in shown


def test_a_position_of_the_phone_brings_its_battery_along(town: Town):
    def post(battery: object) -> Response:
        position = {"id": f"p{battery}", "lon": LON, "lat": LAT, "battery": battery}
        fixed = {**position, "fixed_at": at(0).isoformat()}
        return town.post("crew/positions", "C1", {"positions": [fixed]})

    assert post(101).status_code == 422
    assert post(55).status_code == 200
    assert left(town) == 55


def test_a_position_is_stored_before_it_is_acknowledged(town: Town, key: str):
    answer = send(town, key, **place(speed=19.438, accuracy=8, batt=70))
    assert (answer.status_code, answer.text) == (200, "OK")
    (fix,) = stored(town)
    assert (fix.lon, fix.lat, fix.fixed_at, fix.device) == (LON, LAT, at(0), "traccar:12345")
    assert fix.speed_mps == pytest.approx(10, abs=0.001)
    assert counts(town) == {"taken": 1}


def test_the_secret_may_stand_in_the_path_the_query_or_basic_auth(town: Town, key: str):
    client = town.client
    assert client.get("/trackers/traccar", params=place(0, key=key)).status_code == 200
    assert client.post(f"/trackers/traccar/{key}", data=place(1)).status_code == 200
    answer = client.post("/trackers/traccar", data=place(2), headers=basic("anybody", key))
    assert answer.status_code == 200
    assert len(stored(town)) == 3


def test_client_9_posts_json(town: Town, key: str):
    coords = {"latitude": LAT, "longitude": LON, "accuracy": 5, "speed": -1}
    body = {
        "location": {"timestamp": at(0).isoformat(), "coords": coords},
        "device_id": "12345",
    }
    assert town.client.post(f"/trackers/traccar/{key}", json=body).status_code == 200
    assert [fix.accuracy_m for fix in stored(town)] == [5.0]


def test_each_app_has_its_own_address_and_units(town: Town):
    keys = {wire: enrol(town, wire, "12345") for wire in ("osmand", "gpslogger", "owntracks")}
    send(town, keys["osmand"], "osmand", **place(0, speed=10, hdop=6))
    town.client.post(
        "/trackers/gpslogger",
        data=place(1, speed=10, accuracy=6),
        headers=basic("12345", keys["gpslogger"]),
    )
    own = {"_type": "location", "lat": LAT, "lon": LON, "tst": at(2).timestamp(), "vel": 36}
    answer = town.client.post(
        "/trackers/owntracks", json=own | {"acc": 6}, headers=basic("12345", keys["owntracks"])
    )
    assert (answer.status_code, answer.json()) == (200, [])
    assert [(fix.speed_mps, fix.accuracy_m) for fix in stored(town)] == [(10.0, 6.0)] * 3


def test_a_key_of_one_wire_is_none_for_another(town: Town, key: str):
    assert send(town, key, "osmand", **place()).status_code == 401


@pytest.mark.parametrize("wrong", ["", "nonsense", "x" * 5000])
def test_without_its_secret_nothing_of_a_device_is_believed(town: Town, key: str, wrong: str):
    answer = town.client.get("/trackers/traccar", params=place(0, key=wrong))
    assert answer.status_code == 401
    assert stored(town) == []
    assert counts(town) == {"wrong_secret": 1}


def test_unknown_devices_are_counted_and_shown_and_never_stored(town: Town, key: str):
    for device in ("stranger", "stranger", "other"):
        assert send(town, key, **place(id=device)).status_code == 401
    assert send(town, key).status_code == 422
    town.client.portal.call(town.app.state.reception.write_counts)
    unknown = town.get("trackers", "admin").json()["unknown"]
    assert {(u["device"], u["count"]) for u in unknown} == {("stranger", 2), ("other", 1), ("", 1)}
    assert stored(town) == []


def test_what_cannot_be_meant_is_acknowledged_and_counted(town: Town, key: str):
    assert send(town, key, **place(lat=95)).status_code == 200
    assert send(town, key, **place(timestamp="soon")).status_code == 200
    assert send(town, key, id="12345", batt=5).status_code == 200
    assert counts(town) == {"bad_position": 1, "bad_time": 1}
    assert stored(town) == []


def test_the_datum_is_a_setting_of_the_device(town: Town):
    key = enrol(town, datum="gcj02")
    lon, lat = from_wgs84(LON, LAT, Datum.GCJ02)
    send(town, key, **place(lon=lon, lat=lat))
    (fix,) = stored(town)
    assert distance_m(fix.lon, fix.lat, LON, LAT) < 1


def test_repeats_vanish_and_late_fixes_land_where_they_belong(town: Town, key: str):
    town.clock.advance(30)
    for minutes in (20, 5, 5, 10, 20):
        assert send(town, key, **place(minutes)).status_code == 200
    assert [fix.fixed_at for fix in stored(town)] == [at(5), at(10), at(20)]
    (last,) = town.get("crew-positions", "dispatcher").json()
    assert last["fixed_at"] == "2026-03-02T12:20:00Z"


def test_a_jump_is_kept_with_its_doubt(town: Town, key: str):
    town.clock.advance(5)
    send(town, key, **place(0))
    send(town, key, **place(1, lon=LON + 0.3))
    assert [fix.doubts for fix in stored(town)] == [0, 8]
    assert counts(town) == {"taken": 2, "doubt_jump": 1}


def test_a_stale_position_is_never_shown_as_live(town: Town, key: str):
    send(town, key, **place())
    assert [p["live"] for p in town.get("crew-positions", "dispatcher").json()] == [True]
    town.clock.advance(11)
    (stale,) = town.get("crew-positions", "dispatcher").json()
    assert (stale["live"], stale["age_s"]) == (False, 660.0)
    assert town.get("crew-positions", "east-dispatcher").json() == []


def test_a_revoked_device_is_a_stranger(town: Town, key: str):
    assert (
        town.client.delete(
            "/api/v1/trackers/traccar:12345", headers=town.headers("admin")
        ).status_code
        == 204
    )
    assert send(town, key, **place()).status_code == 401
    assert send(town, enrol(town), **place(1)).status_code == 200


def test_a_new_secret_ends_the_old_one(town: Town, key: str):
    new = town.post("trackers/traccar:12345/secret", "admin").json()["secret"]
    assert send(town, key, **place()).status_code == 401
    assert send(town, new, **place()).status_code == 200


def test_a_vehicle_speaks_for_its_crew_of_that_time(town: Town):
    key = enrol(town, vehicle="赣A12345")
    town.clock.advance(60)
    bound = town.put("vehicles/赣A12345/crew", "dispatcher", {"crew_id": "C2"}).json()
    assert [each["crew_id"] for each in bound] == ["C2"]
    town.clock.advance(10)
    send(town, key, **place(30))
    send(town, key, **place(65))
    assert [fix.fixed_at for fix in stored(town, "C1")] == [at(30)]
    assert [fix.fixed_at for fix in stored(town, "C2")] == [at(65)]


def test_a_device_of_nobody_is_counted_only(town: Town):
    key = enrol(town, crew_id=None)
    assert send(town, key, **place()).status_code == 200
    assert counts(town) == {"no_crew": 1}


def test_a_device_of_another_district_does_not_exist(town: Town):
    enrol(town, crew_id="C9")
    answer = town.put("trackers/traccar:12345/crew", "west-dispatcher", {"crew_id": "C1"})
    assert answer.status_code == 404
    assert town.get("trackers", "west-dispatcher").json() == {"trackers": [], "unknown": []}
    answer = town.put("trackers/traccar:12345/crew", "east-dispatcher", {"crew_id": "C1"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"wire": "jt808", "device": "not digits"},
        {"wire": "jt808", "device": "013800001234"},
        {"wire": "smoke"},
        {"device": "a/b"},
        {"device": ""},
        {"vehicle": " "},
        {"datum": "mars"},
    ],
)
def test_what_cannot_be_enrolled_is_said(town: Town, wrong: dict[str, object]):
    answer = town.post("trackers", "admin", {"wire": "traccar", "device": "1", **wrong})
    assert answer.status_code == 422


def test_a_crew_that_is_not_there_is_said(town: Town):
    body = {"wire": "traccar", "device": "1", "crew_id": "nobody"}
    assert town.post("trackers", "admin", body).status_code == 404


def test_off_duty_nothing_is_kept_whichever_way_it_comes(town: Town, key: str):
    with town.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE shift_pattern SET starts = '08:00', ends = '11:00'")
    assert send(town, key, **place()).status_code == 200
    fix = {"id": "x", "lon": LON, "lat": LAT, "fixed_at": at(0).isoformat()}
    told = town.post("crew/positions", "C1", {"positions": [fix]}).json()
    assert told == {"received": 1, "new": 0, "refused": [{"id": "x", "why": "off_duty"}]}
    assert stored(town) == []
    assert counts(town) == {"off_duty": 1}


def test_a_body_that_is_too_large_is_refused(town: Town, key: str):
    answer = town.client.post(f"/trackers/traccar/{key}", content=b"{" + b" " * 100_001)
    assert answer.status_code == 413


@pytest.mark.parametrize("header", ["Basic", "Basic %%%", "Basic /w==", "Basic YQ==", "Bearer x"])
def test_a_malformed_authorization_lets_nobody_in(town: Town, key: str, header: str):
    answer = town.client.get("/trackers/traccar", params=place(), headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_tracker_proves_an_arrival_as_a_phone_does(town: Town, key: str):
    outage = town.report().json()["outage"]["id"]
    version = town.get(f"outages/{outage}", "dispatcher").headers["ETag"]
    body = {"crew_id": "C1", "reason": "nearest"}
    sent = town.put(f"outages/{outage}/assignment", body=body, **{"If-Match": version})
    assert sent.status_code == 200, sent.text
    town.clock.advance(20)
    drives_up = ((6, 0.02), (7, 0.012), (8, 0.005), (9, 0.001))
    stands = ((10 + n, wander * 1e-5) for n, wander in enumerate((3, -2, 4, 1, -1)))
    for minutes, off in (*drives_up, *stands):
        send(town, key, **place(minutes, accuracy=10, lat=LAT + off))
    town.client.portal.call(town.app.state.reception.weighing.weigh)
    detail = town.get(f"outages/{outage}", "dispatcher").json()
    assert detail["order"]["status"] == "arrived"
