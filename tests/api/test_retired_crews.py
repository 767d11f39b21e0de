"""A crew that is out of service is in no list, plan or position; what it did stays."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from dispatch.domain.words import CrewId
from dispatch.errors import CrewUnavailable, DispatchError
from dispatch.store.reads.recorded import recorded_shifts
from dispatch.usecases.retire_crew import RetireCrew, retire_crew
from tests.api.conftest import Town
from tests.api.test_programs import relight
from tests.store.loading_inputs import a_csv, take

SOLD = {"reason": "the van is sold"}


def retire(town: Town, crew: str = "C1", who: str = "supervisor"):
    return town.post(f"crews/{crew}/retire", who, SOLD)


def send(town: Town, crew: str):
    """Give a new outage to a crew."""
    town.report("A1", "T1-0")
    outage = town.get("tickets/A1").json()["outage_id"]
    tag = {"If-Match": town.get(f"outages/{outage}").headers["ETag"]}
    body = {"crew_id": crew, "reason": "near"}
    return town.put(f"outages/{outage}/assignment", body=body, **tag)


def seen(town: Town, crew: str = "C1", minutes_ago: float = 0.0) -> dict:
    """A position of the crew's phone."""
    at = town.clock.now - timedelta(minutes=minutes_ago)
    fix = {"id": f"{at}", "lon": 115.9, "lat": 28.7, "fixed_at": at.isoformat()}
    return town.post("crew/positions", crew, {"positions": [fix]}).json()


def names(town: Town, **query: object) -> list[str]:
    return [each["id"] for each in town.get("crews", "dispatcher", **query).json()]


def test_a_retired_crew_is_in_no_list_or_position_and_comes_back(town: Town):
    assert seen(town)["new"] == 1
    assert retire(town).json()["retired_at"] is not None
    assert (names(town), names(town, retired=True)) == (["C2", "C9"], ["C1"])
    assert town.get("crew-positions", "dispatcher").json() == []
    page = town.client.get("/console/crews", headers=town.headers("dispatcher")).text
    assert "crew C2" in page and "crew C1" not in page
    back = town.post("crews/C1/reinstate", "supervisor", {"note": "bought anew"})
    assert back.status_code == 200 and names(town) == ["C1", "C2", "C9"]
    assert len(town.get("crew-positions", "dispatcher").json()) == 1


def test_nobody_sends_asks_or_binds_anything_to_a_retired_crew(town: Town):
    retire(town)
    assert send(town, "C1").status_code == 404
    asked = {"crew_id": "C1", "lon": 115.9, "lat": 28.7}
    assert town.post("coverage/move-up", "dispatcher", asked).status_code == 404
    device = {"wire": "traccar", "device": "1", "crew_id": "C1"}
    assert town.post("trackers", "admin", device).json()["detail"] == "the crew is retired"


def test_its_phone_and_its_devices_speak_for_nobody(town: Town):
    device = {"wire": "traccar", "device": "1", "crew_id": "C1"}
    assert town.post("trackers", "admin", device).status_code == 201
    retire(town)
    (tracker,) = town.get("trackers", "dispatcher").json()["trackers"]
    assert tracker["crew_id"] is None
    town.app.state.callers.forget(town.tokens["C1"])
    assert town.get("crew/orders", "C1").status_code == 401


def test_a_crew_with_an_order_is_not_retired_and_the_order_is_named(town: Town):
    order = send(town, "C1").json()["order"]["id"]
    refused = retire(town)
    assert refused.status_code == 409 and refused.json()["order_id"] == order
    assert refused.json()["detail"].startswith(f"the crew holds order {order};")
    assert names(town) == ["C1", "C2", "C9"]


def test_retiring_twice_or_without_a_reason_or_from_elsewhere_is_refused(town: Town):
    assert town.post("crews/C1/retire", "supervisor", {"reason": " "}).status_code == 422
    assert town.post("crews/C1/reinstate", "supervisor").status_code == 409
    assert town.post("crews/C1/retire", "dispatcher", SOLD).status_code == 403
    assert retire(town, "C7").status_code == 404
    assert retire(town).status_code == 200
    assert retire(town).status_code == 409


def test_the_journal_and_what_was_seen_of_it_stay(town: Town):
    since = town.clock.now - timedelta(hours=1)
    seen(town, minutes_ago=5)
    retire(town)
    with town.engine.connect() as c:
        kept = c.execute(text("SELECT kind, actor FROM event WHERE stream = 'crew:C1'")).one()
        assert c.scalar(text("SELECT count(*) FROM position_fix")) == 1
        worked = recorded_shifts(c, since, town.clock.now + timedelta(hours=1))
        after = recorded_shifts(c, town.clock.now, town.clock.now + timedelta(hours=1))
    assert kept.kind == "crew.retired"
    assert next(e.ends_at for e in worked if e.crew_id == "C1") == town.clock.now
    assert "C1" not in {each.crew_id for each in after}


def test_a_crew_list_that_still_has_it_changes_it_but_does_not_revive_it(town: Town, tmp_path):
    retire(town)
    rows = [("id", "name", "district_id", "lon", "lat"), ("C1", "new name", "west", 115.9, 28.7)]
    with town.engine.begin() as c:
        report = take(c, "crews", a_csv(tmp_path, "crews.csv", rows))
    assert not report.refused
    assert any("C1" in n and "relight crew reinstate C1" in n for n in report.notes)
    assert names(town, retired=True) == ["C1"]


def test_of_sending_and_retiring_at_the_same_time_one_wins(town: Town):
    """The one that comes second waits, and sees what the first has done."""
    crew_id = CrewId("C1")

    def late() -> str:
        try:
            with town.house.transaction() as store:
                retire_crew(
                    store,
                    RetireCrew(crew_id=crew_id, by="test", reason="sold"),
                    now=town.clock.now,
                )
        except DispatchError as refused:
            return refused.code
        return "retired"

    with ThreadPoolExecutor(1) as pool:
        with town.house.transaction() as store:
            store.crews.must_serve(crew_id)
            waiting = pool.submit(late)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
        assert waiting.result(timeout=20) == "retired"
    with pytest.raises(CrewUnavailable), town.house.transaction() as store:
        store.crews.must_serve(crew_id)


def test_the_command_line_retires_lists_and_brings_back(town: Town, database_url: str):
    done = relight(database_url, "crew", "retire", "C1", "--reason", "the van is sold")
    assert (done.exit_code, done.output.strip()) == (0, "C1 is retired")
    gone = relight(database_url, "crew", "list", "--retired").output
    assert "C1 (crew C1), west, lv mv, retired 20" in gone and " UTC" in gone
    assert "C1" not in relight(database_url, "crew", "list").output
    again = relight(database_url, "crew", "retire", "C1", "--reason", "sold")
    assert again.exit_code != 0
    assert relight(database_url, "crew", "reinstate", "C1").exit_code == 0
    assert names(town) == ["C1", "C2", "C9"]
