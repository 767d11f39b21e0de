"""A device that somebody confirms is one on record, or of a kind that is no device of its own."""

import pytest
from sqlalchemy import insert, text

from dispatch.store.tables.network import switch
from tests.api.conftest import Town

KINDS = ("service", "points", "area", "transformer", "fuse", "breaker")


@pytest.fixture
def outage(town: Town) -> int:
    town.report("A1", "T1-0")
    return int(town.get("tickets/A1").json()["outage_id"])


@pytest.fixture
def unmodelled(town: Town) -> int:
    """An outage at T9, which no feeder model holds."""
    town.report("B1", "T9-0")
    return int(town.get("tickets/B1").json()["outage_id"])


def confirm(town: Town, outage: int, **device: object):
    tag = town.get(f"outages/{outage}").headers["ETag"]
    body = {"device": {"name": "as it was said", **device}}
    return town.post(f"outages/{outage}/confirm", "dispatcher", body, **{"If-Match": tag})


def found_by_crew(town: Town, outage: int, crew: str, **said: object) -> tuple[str, str]:
    """What becomes of a crew's findings, with the detail."""
    tag = {"If-Match": town.get(f"outages/{outage}").headers["ETag"]}
    body = {"crew_id": crew, "reason": "near"}
    assert town.put(f"outages/{outage}/assignment", body=body, **tag).status_code == 200
    (given,) = town.get("crew/orders", crew).json()
    action = {
        "id": f"found by {crew}",
        "seq": 1,
        "order_id": given["order"]["id"],
        "kind": "findings",
        "occurred_at": town.clock.now.isoformat(),
        **said,
    }
    (done,) = town.post("crew/actions", crew, {"actions": [action]}).json()["actions"]
    return done["outcome"], done["detail"]


def device_of(town: Town, outage: int) -> tuple[str | None, str, str]:
    told = town.get(f"outages/{outage}").json()
    return told["device_id"], told["device_kind"], told["status"]


@pytest.mark.parametrize(
    ("device", "field", "expected"),
    [
        ({"id": "F7-x", "kind": "fuse"}, "device.id", "a device of the network"),
        (
            {"id": "F1-a", "kind": "transformer"},
            "device.kind",
            "fuse, which F1-a is on record",
        ),
        (
            {"id": "switch:K9", "kind": "disconnector"},
            "device.id",
            "a device of the network",
        ),
    ],
)
def test_a_dispatcher_s_device_off_the_record_is_refused_by_name(
    town: Town, outage: int, device: dict, field: str, expected: str
):
    refused = confirm(town, outage, **device)
    assert refused.status_code == 422
    told = refused.json()
    assert (told["field"], told["expected"]) == (field, expected)
    assert told["value"] == repr(device[field.partition(".")[2]])
    assert device_of(town, outage)[2] == "predicted"


def test_a_word_that_is_no_kind_is_refused_with_those_there_are(town: Town, outage: int):
    refused = confirm(town, outage, kind="kettle").json()
    assert (refused["field"], refused["value"]) == ("device.kind", "'kettle'")
    assert "breaker" in refused["expected"] and "service" in refused["expected"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_on_no_record_goes_by_its_kind(town: Town, unmodelled: int, kind: str):
    assert confirm(town, unmodelled, kind=kind).status_code == 200
    assert device_of(town, unmodelled) == (None, kind, "confirmed")


def test_devices_on_record_are_confirmed_with_the_record_s_name(town: Town, outage: int):
    assert confirm(town, outage, id="F1-head", kind="breaker").json()["device_name"] == (
        "breaker F1-head"
    )


def test_a_transformer_and_a_switch_without_a_feeder_model_go_by_their_ids(
    town: Town, outage: int, unmodelled: int
):
    with town.engine.begin() as c:
        facts = {"kind": "disconnector", "from_node": "a", "to_node": "b", "phases": "ABC"}
        c.execute(insert(switch).values(id="K9", normal_open=False, current_open=False, **facts))
    assert confirm(town, outage, id="switch:K9", kind="disconnector").status_code == 200
    assert confirm(town, unmodelled, id="transformer:T9", kind="transformer").status_code == 200
    assert device_of(town, unmodelled) == ("transformer:T9", "transformer", "confirmed")


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ({"device_id": "F7-x"}, "device_id is 'F7-x'; expected a device of the network"),
        (
            {"device_id": "F1-a", "device_kind": "kettle"},
            "device_kind is 'kettle'; expected fuse, which F1-a is on record",
        ),
        ({"device_kind": "kettle"}, "device_kind is 'kettle'; expected one of "),
    ],
)
def test_a_crew_s_device_off_the_record_is_refused_by_name(
    town: Town, outage: int, said: dict, detail: str
):
    outcome, told = found_by_crew(town, outage, "C1", **said)
    assert outcome == "refused" and told.startswith(detail)
    assert device_of(town, outage)[2] == "predicted"


def test_a_crew_names_a_device_on_record_or_only_its_kind(town: Town, outage: int, unmodelled: int):
    assert found_by_crew(town, outage, "C1", device_id="F1-b") == ("applied", "")
    assert device_of(town, outage) == ("F1-b", "fuse", "confirmed")
    assert found_by_crew(town, unmodelled, "C9", device_kind="points") == ("applied", "")
    assert device_of(town, unmodelled) == (None, "points", "confirmed")


def test_a_device_that_a_newer_network_no_longer_holds_can_still_be_confirmed(
    town: Town, outage: int
):
    assert confirm(town, outage, id="F1-a", kind="fuse").status_code == 200
    with town.engine.begin() as c:
        c.execute(text("DELETE FROM device WHERE id = 'F1-a'"))
    assert found_by_crew(town, outage, "C1", device_id="F1-a") == ("applied", "")


@pytest.mark.parametrize(("said", "kept"), [({}, None), ({"live": True}, True)])
def test_a_device_that_the_crew_found_closed_is_evidence_and_confirms_nothing(
    town: Town, outage: int, said: dict, kept: object
):
    facts = {"device_id": "F1-a", "state": "closed"} | said
    assert found_by_crew(town, outage, "C1", **facts) == ("applied", "")
    assert device_of(town, outage)[2] == "predicted"
    with town.engine.connect() as c:
        seen = c.execute(
            text("SELECT device_id, is_open, is_live, source, by FROM device_sighting")
        )
    assert seen.one() == ("F1-a", False, kept, "crew", "C1")


def test_a_device_found_closed_has_to_be_one_of_the_network(town: Town, outage: int):
    outcome, told = found_by_crew(town, outage, "C1", device_id="F7-x", state="closed")
    assert (outcome, told) == ("refused", "device_id is 'F7-x'; expected a device of the network")
