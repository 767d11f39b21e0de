"""One device confirmed for two outages: a crew is believed, a screen refused, both are merged."""

import pytest

from tests.api.conftest import Town

FUSE = {"id": "F1-a", "kind": "fuse", "name": "F1-a"}


@pytest.fixture
def two(town: Town) -> tuple[int, int]:
    """An outage confirmed at F1-a, and a caller elsewhere whose outage nobody has seen so far."""
    town.report("A1", "T1-0")
    town.report("B1", "T2-0")
    first, second = (town.get(f"tickets/{each}").json()["outage_id"] for each in ("A1", "B1"))
    assert first != second
    assert confirm(town, first).status_code == 200
    town.clock.advance(5)
    return first, second


def etag(town: Town, outage: int) -> str:
    return town.get(f"outages/{outage}").headers["ETag"]


def confirm(town: Town, outage: int):
    tag = etag(town, outage)
    body = {"device": FUSE}
    return town.post(f"outages/{outage}/confirm", "dispatcher", body, **{"If-Match": tag})


def crew_finds_the_fuse(town: Town, outage: int) -> str:
    """Crew C1 goes to the misfiled caller and finds the neighbour's fuse; what became of it."""
    body = {"crew_id": "C1", "reason": "near"}
    tag = {"If-Match": etag(town, outage)}
    assert town.put(f"outages/{outage}/assignment", body=body, **tag).status_code == 200
    (given,) = town.get("crew/orders", "C1").json()
    action = {
        "id": "found",
        "seq": 1,
        "order_id": given["order"]["id"],
        "kind": "findings",
        "occurred_at": town.clock.now.isoformat(),
        "device_id": FUSE["id"],
        "device_kind": "fuse",
    }
    done = town.post("crew/actions", "C1", {"actions": [action]}).json()
    return done["actions"][0]["outcome"]


def twice(town: Town) -> list[dict]:
    found = town.get("alarms", "dispatcher").json()
    return [each for each in found if each["kind"] == "same_device"]


def merge(town: Town, whole: int, part: int) -> int:
    body = {"outage_id": part, "reason": "one fuse"}
    tag = {"If-Match": etag(town, whole)}
    return town.post(f"outages/{whole}/merge", "dispatcher", body, **tag).status_code


def test_a_second_confirmation_from_a_screen_is_refused_and_names_the_first(town: Town, two):
    first, second = two
    refused = confirm(town, second)
    assert refused.status_code == 409
    assert refused.json()["merge_with"] == first
    assert f"outage {first} is confirmed with this device already" in refused.json()["detail"]
    assert town.get(f"outages/{second}").json()["status"] == "predicted"
    assert merge(town, first, second) == 200
    assert town.get("tickets/B1").json()["outage_id"] == first


def test_what_a_crew_found_is_believed_and_the_merge_is_proposed(town: Town, two):
    first, second = two
    assert twice(town) == []
    assert crew_finds_the_fuse(town, second) == "applied"
    (alarm,) = twice(town)
    assert (alarm["opens"], alarm["facts"]["first"]) == (f"outage-{second}", first)
    page = town.client.get(f"/console/outages/{second}", headers=town.headers("dispatcher")).text
    assert f'value="{first}"' in page and "同一设备" in page


def test_two_outages_confirmed_with_one_device_become_one_and_the_alarm_ends(town: Town, two):
    first, second = two
    crew_finds_the_fuse(town, second)
    assert merge(town, first, second) == 200
    gone = town.get(f"outages/{second}").json()
    assert gone["status"] == "closed"
    assert town.get("tickets/B1").json()["outage_id"] == first
    assert twice(town) == []


def test_outages_confirmed_with_different_devices_stay_apart(town: Town, two):
    first, second = two
    tag = {"If-Match": etag(town, second)}
    other = {"device": {"id": "F1-b", "kind": "fuse", "name": "F1-b"}}
    assert town.post(f"outages/{second}/confirm", "dispatcher", other, **tag).status_code == 200
    assert twice(town) == []
    assert merge(town, first, second) == 409
