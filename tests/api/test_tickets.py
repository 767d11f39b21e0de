"""Reports over HTTP: taken once, answered at once, never lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.app import create_app
from api.house import furnish
from api.settings import WebSettings
from api.worker import run
from dispatch.store.transaction import open_engine
from tests.api.conftest import Town
from tests.loops import run_async


def test_a_first_report_opens_an_outage(town: Town):
    answer = town.report("A1")
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["disposition"] == "new_outage"
    assert body["outage"]["status"] == "predicted"
    assert body["commitment"]["rule"] == "arrival_commitment"


def test_the_same_report_again_changes_nothing_and_is_answered_the_same(town: Town):
    first, again = town.report("A1"), town.report("A1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_a_late_report_is_answered_with_the_earlier_beginning_it_tells(town: Town):
    town.report("A1")
    earlier = town.clock.now - timedelta(minutes=20)
    late = town.report("A2", "T1-1", received_at=earlier.isoformat()).json()
    assert late["disposition"] == "attached"
    assert datetime.fromisoformat(late["outage"]["started_at"]) == earlier


def test_one_report_sent_by_eight_lines_at_once_is_stored_once(town: Town):
    with ThreadPoolExecutor(8) as lines:
        answers = list(lines.map(lambda _: town.report("A1"), range(8)))
    assert sorted(a.status_code for a in answers) == [200] * 7 + [201]
    assert len({a.text for a in answers}) == 1
    with town.engine.connect() as c:
        assert c.scalar(text("SELECT count(*) FROM ticket")) == 1
        assert c.scalar(text("SELECT count(*) FROM outage")) == 1


def test_a_neighbour_is_attached(town: Town):
    outage = town.report("A1").json()["outage"]["id"]
    body = town.report("A2", "T1-1").json()
    assert body["disposition"] == "attached"
    assert body["outage"]["id"] == outage


def test_eight_neighbours_at_once_are_one_outage(town: Town):
    accounts = ["T1-0", "T1-1", "T1-2", "west-phone"] * 2
    with ThreadPoolExecutor(8) as lines:
        answers = list(lines.map(lambda n: town.report(f"A{n}", accounts[n]), range(8)))
    assert all(a.status_code == 201 for a in answers), [a.text for a in answers]
    run_async(run(town.house, concurrency=1, until_idle=True))
    with town.engine.connect() as c:
        assert c.scalar(text("SELECT count(*) FROM outage WHERE status <> 'closed'")) == 1


def test_a_report_from_nowhere_is_kept_for_a_dispatcher(town: Town):
    answer = town.report("A1", "no such account")
    assert answer.status_code == 201
    assert answer.json()["disposition"] == "unlocated"


def test_a_dispatcher_says_where_it_was(town: Town):
    town.report("A1", "no such account")
    placed = town.put("tickets/A1/place", body={"account": "T2-0"})
    assert placed.status_code == 200, placed.text
    assert placed.json()["disposition"] == "new_outage"
    assert placed.json()["transformer_id"] == "T2"


def test_a_wrong_number_is_closed_and_its_promises_fall_away(town: Town):
    town.report("A1", "no such account", description="wrong number, sorry")
    assert town.post("tickets/A1/close", "dispatcher", body={"reason": " "}).status_code == 422
    assert [item["kind"] for item in town.get("worklist", "dispatcher").json()] == ["unlocated"]
    closed = town.post("tickets/A1/close", "dispatcher", body={"reason": "wrong number"})
    assert (closed.status_code, closed.json()["status"]) == (200, "closed"), closed.text
    assert town.post("tickets/A1/close", "dispatcher", body={"reason": "again"}).status_code == 200
    assert town.get("worklist", "dispatcher").json() == []
    clocks = town.get("tickets/A1").json()["clocks"]
    assert {clock["verdict"] for clock in clocks} == {"void"}
    assert {clock["judged_by"] for clock in clocks} == {"the report was closed"}
    assert town.put("tickets/A1/place", body={"account": "T2-0"}).status_code == 409


def test_only_a_report_that_nobody_comes_for_is_closed_by_itself(town: Town):
    town.report("A1")
    town.report("A2", "no such account", hazards=["wire_down"])
    for followed in ("A1", "A2"):
        refused = town.post(f"tickets/{followed}/close", "dispatcher", body={"reason": "tidy"})
        assert refused.status_code == 409
        assert town.get(f"tickets/{followed}").json()["status"] == "open"


def test_a_hazard_opens_an_incident_even_in_a_known_outage(town: Town):
    town.report("A1")
    body = town.report("A2", "T1-1", hazards=["wire_down"]).json()
    assert body["disposition"] == "incident"


def test_urging_is_counted(town: Town):
    town.report("A1")
    assert town.post("tickets/A1/urge", body={"note": "快点"}).json()["urged"] == 1
    assert town.post("tickets/A1/urge").json()["urged"] == 2


def test_detaching_needs_a_reason_and_opens_an_outage_of_its_own(town: Town):
    first = town.report("A1").json()["outage"]["id"]
    town.report("A2", "T1-1")
    refused = town.post("tickets/A2/detach", body={"reason": " "})
    assert refused.status_code == 422
    assert refused.json()["type"] == "/problems/reason-required"
    moved = town.post("tickets/A2/detach", body={"reason": "another cable"})
    assert moved.status_code == 200, moved.text
    assert moved.json()["outage_id"] not in {None, first}


def test_a_report_is_taken_while_the_queue_is_gone(town: Town):
    town.house.queue.close()
    assert town.report("A1").status_code == 201


def test_a_ticket_shows_its_clocks(town: Town):
    town.report("A1")
    rules = {clock["rule"] for clock in town.get("tickets/A1").json()["clocks"]}
    assert rules >= {"arrival_commitment", "dispatch_desk", "arrival_national"}


def test_a_report_is_taken_though_somebody_is_long_at_work_on_its_outage(town: Town, database_url):
    known = town.report("A1").json()["outage"]["id"]
    assert town.report("A0", "T1-2").json()["outage"]["id"] == known
    hasty = open_engine(database_url, patience_s=0.1)
    with furnished(hasty, town) as client, town.house.transaction() as store:
        store.outages.lock(known, to_end=True)
        body = {"id": "A2", "channel": "phone", "account": "T1-1"}
        taken = client.post("/api/v1/tickets", json=body, headers=town.headers())
    hasty.dispose()
    assert taken.status_code == 201
    assert taken.json()["disposition"] == "new_outage"
    run_async(run(town.house, concurrency=1, until_idle=True))
    tickets = [town.get(f"tickets/{each}").json() for each in ("A1", "A2")]
    assert len({ticket["outage_id"] for ticket in tickets}) == 1


@contextmanager
def furnished(engine: Engine, town: Town) -> Iterator[TestClient]:
    house = furnish(engine, zone="Asia/Shanghai", now=town.clock)
    with TestClient(create_app(WebSettings(), house)) as client:
        yield client
    house.close()
