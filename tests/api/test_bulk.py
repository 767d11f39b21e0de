"""Many rows at once: what the preview says is what happens, and undoing spares what others did."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.api.conftest import Town


@pytest.fixture
def storm(town: Town) -> Town:
    """Outage 1 on T1, outage 2 on T2, an incident, and outage 3 in the east."""
    for ticket, account in (("A1", "T1-0"), ("A2", "T2-0"), ("A9", "T9-0")):
        assert town.report(ticket, account, multiple_premises=True).status_code == 201
    town.report("A3", "T1-1", hazards=["wire_down"])
    return town


def in_an_hour(town: Town) -> str:
    return (town.clock.now + timedelta(hours=1)).isoformat()


def rows(*things: str) -> list[dict[str, str]]:
    return [{"thing": thing} for thing in things]


def outcomes(answer) -> dict[str, str | None]:
    assert answer.status_code == 200, answer.text
    return {item["thing"]: item["refused"] for item in answer.json()["items"]}


def estimate_of(town: Town, outage: int) -> dict | None:
    return town.get(f"outages/{outage}", "dispatcher").json()["etr"]


def test_the_preview_refuses_what_the_deed_refuses_and_changes_nothing(storm: Town):
    body = {
        "action": "estimate",
        "at": in_an_hour(storm),
        "items": rows("outage-1", "outage-2", "incident-1", "outage-3"),
    }
    before = estimate_of(storm, 1)
    seen = storm.post("bulk/preview", "west-dispatcher", body)
    expected = {
        "outage-1": None,
        "outage-2": None,
        "incident-1": "illegal-step",
        "outage-3": "not-found",
    }
    assert outcomes(seen) == expected
    assert estimate_of(storm, 1) == before
    assert outcomes(storm.post("bulk", "west-dispatcher", body)) == expected
    assert estimate_of(storm, 1)["source"] == "dispatcher"


def test_undoing_puts_back_what_was_there_except_where_somebody_acted_since(storm: Town):
    former = estimate_of(storm, 1)
    body = {"action": "estimate", "at": in_an_hour(storm), "items": rows("outage-1", "outage-2")}
    done = storm.post("bulk", "dispatcher", body).json()
    assert (done["done"], done["refused"]) == (2, 0)
    storm.clock.advance(5)
    storm.post("outages/2/estimate", "west-dispatcher", {"at": in_an_hour(storm)})
    undone = storm.post(f"bulk/{done['id']}/undo", "dispatcher")
    assert outcomes(undone) == {"outage-1": None, "outage-2": "illegal-step"}
    assert (estimate_of(storm, 1) or {}).get("at") == (former or {}).get("at")
    assert estimate_of(storm, 2)["source"] == "dispatcher"
    with storm.engine.connect() as c:
        kinds = c.scalars(text("SELECT kind FROM event WHERE stream = 'outage:1'")).all()
    assert kinds[-1] == "outage.estimate_taken_back"


def test_a_row_whose_undoing_cannot_be_kept_is_not_done_either(storm: Town):
    before = storm.get("outages/2", "dispatcher").json()["cause"]
    with storm.engine.begin() as c:
        c.execute(text("ALTER TABLE bulk_item ADD CHECK (thing <> 'outage-2')"))
    body = {"action": "cause", "cause": "storm", "items": rows("outage-1", "outage-2")}
    assert storm.post("bulk", "dispatcher", body).status_code >= 500
    assert storm.get("outages/1", "dispatcher").json()["cause"] == "storm"
    assert storm.get("outages/2", "dispatcher").json()["cause"] == before
    with storm.engine.connect() as c:
        bulk_id = c.scalar(text("SELECT max(id) FROM bulk_action"))
    assert outcomes(storm.post(f"bulk/{bulk_id}/undo", "dispatcher")) == {"outage-1": None}
    assert storm.get("outages/1", "dispatcher").json()["cause"] is None


def test_a_row_that_changed_since_the_preview_is_refused_alone(storm: Town):
    body = {"action": "cause", "cause": "storm", "items": rows("outage-1", "outage-2")}
    seen = storm.post("bulk/preview", "dispatcher", body).json()
    items = [{"thing": each["thing"], "version": each["version"]} for each in seen["items"]]
    storm.post("outages/2/confirm", "west-dispatcher", {"cause": "a tree"})
    answer = storm.post("bulk", "dispatcher", {**body, "items": items})
    assert outcomes(answer) == {"outage-1": None, "outage-2": "stale-version"}
    assert storm.get("outages/2", "dispatcher").json()["cause"] == "a tree"


def test_only_who_did_it_undoes_it_and_only_for_ten_minutes(storm: Town):
    body = {"action": "cause", "cause": "storm", "items": rows("outage-1")}
    done = storm.post("bulk", "dispatcher", body).json()
    undo = f"bulk/{done['id']}/undo"
    assert storm.post(undo, "west-dispatcher").status_code == 403
    storm.clock.advance(11)
    assert storm.post(undo, "dispatcher").status_code == 409
    assert storm.post("bulk/999/undo", "dispatcher").status_code == 404


def test_notices_of_an_area_are_released_and_withdrawn_together(storm: Town):
    body = {"action": "notice", "items": rows("outage-1", "outage-2")}
    done = storm.post("bulk", "dispatcher", body).json()
    assert done["done"] == 2
    storm.clock.advance(1)
    out = {each["outage_id"] for each in storm.get("notices", "dispatcher").json()}
    assert out == {1, 2}
    assert outcomes(storm.post("bulk", "dispatcher", body)) == {
        "outage-1": "illegal-step",
        "outage-2": "illegal-step",
    }
    storm.post(f"bulk/{done['id']}/undo", "dispatcher")
    assert all(each["withdrawn_at"] for each in storm.get("notices", "dispatcher").json())


def test_clocks_are_held_and_run_again(storm: Town):
    body = {"action": "hold", "reason": "unsafe", "note": "gale", "items": rows("outage-1")}
    done = storm.post("bulk", "dispatcher", body)
    assert outcomes(done) == {"outage-1": None}
    storm.clock.advance(1)
    undone = storm.post(f"bulk/{done.json()['id']}/undo", "dispatcher")
    assert outcomes(undone) == {"outage-1": None}


def test_what_is_not_verified_stays_open_and_a_closing_cannot_be_undone(storm: Town):
    storm.post("outages/1/restore", "dispatcher", {})
    body = {"action": "close", "items": rows("outage-1", "outage-2")}
    seen = outcomes(storm.post("bulk/preview", "dispatcher", body))
    assert seen["outage-1"] == "not-verified"
    storm.post("tickets/A1/callback", "agent", {"power_on": True})
    storm.post("tickets/A3/callback", "agent", {"power_on": True})
    done = storm.post("bulk", "dispatcher", body)
    assert outcomes(done)["outage-1"] is None
    assert done.json()["undo_until"] is None
    assert storm.post(f"bulk/{done.json()['id']}/undo", "dispatcher").status_code == 409


def test_a_row_named_twice_or_an_unknown_action_is_refused_as_a_whole(storm: Town):
    twice = {"action": "cause", "cause": "x", "items": rows("outage-1", "outage-1")}
    assert storm.post("bulk", "dispatcher", twice).status_code == 422
    unknown = {"action": "delete", "items": rows("outage-1")}
    assert storm.post("bulk", "dispatcher", unknown).status_code == 422
