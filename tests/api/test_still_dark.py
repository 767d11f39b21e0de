"""A caller still dark after the restoration: what was promised to them is still owed."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.api.conftest import Town
from tests.api.test_dispatching import act, open_outage, outcomes, send
from tests.store.builders import LAT, LON, METRE


def clocks(town: Town) -> dict[str, tuple]:
    """The clocks of A1: how each stands, how often it was judged and when it ends."""
    with town.engine.connect() as c:
        rows = c.execute(
            text("SELECT rule_id, verdict, judgements, due_at FROM clock WHERE ticket_id = 'A1'")
        )
        return {row.rule_id: (row.verdict, row.judgements, row.due_at) for row in rows}


def visit(town: Town, outage: int, crew: str) -> None:
    """A crew that only presses its button comes, mends it and is done."""
    order = send(town, outage, crew).json()["order"]["id"]
    town.clock.advance(10)
    assert outcomes(act(town, order, "accept", "en_route", "arrive", crew=crew)) == ["applied"] * 3
    town.clock.advance(20)
    done = act(town, order, "restore", "field_complete", crew=crew, first=4, cause="fuse")
    assert outcomes(done) == ["applied"] * 2


def still_dark(town: Town) -> int:
    answer = town.post("tickets/A1/callback", body={"power_on": False})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["outage_id"])


@pytest.fixture
def unproven(town: Town) -> dict[str, tuple]:
    """The first crew's arrival came to no judgement."""
    visit(town, open_outage(town), "C1")
    before = clocks(town)
    assert before["arrival_commitment"][0] == "cannot_say"
    return before


def test_an_arrival_that_could_not_be_judged_is_owed_again_to_the_same_end(
    town: Town, unproven: dict
):
    town.clock.advance(5)
    nested = still_dark(town)
    now = clocks(town)
    assert now["arrival_commitment"] == ("running", 1, unproven["arrival_commitment"][2])
    assert now["arrival_national"][0] == "running"
    assert now["dispatch_desk"] == unproven["dispatch_desk"]
    assert town.get(f"outages/{nested}", "dispatcher").json()["order"] is not None
    with town.engine.connect() as c:
        told = c.scalar(text("SELECT count(*) FROM event WHERE kind = 'clock.resumed'"))
    assert told == 2


def test_who_comes_late_the_second_time_makes_no_missed_promise_of_a_doubtful_one(
    town: Town, unproven: dict
):
    nested = still_dark(town)
    town.clock.advance(200)
    visit(town, nested, "C2")
    assert clocks(town)["arrival_commitment"][:2] == ("cannot_say", 2)


def test_a_promise_void_because_light_was_thought_to_be_back_is_owed_again(town: Town):
    outage = open_outage(town)
    town.clock.advance(30)
    town.post(f"outages/{outage}/restore", "dispatcher")
    assert clocks(town)["arrival_commitment"][0] == "void"
    still_dark(town)
    assert clocks(town)["arrival_commitment"][0] == "running"


def test_the_pause_that_light_ended_counts_when_the_promise_is_owed_again(town: Town):
    outage = open_outage(town)
    town.clock.advance(10)
    due_at = clocks(town)["arrival_commitment"][2]
    town.post("tickets/A1/pause", "dispatcher", {"reason": "unsafe", "note": "flood"})
    town.clock.advance(60)
    town.post(f"outages/{outage}/restore", "dispatcher")
    town.clock.advance(5)
    still_dark(town)
    verdict, _, now_due_at = clocks(town)["arrival_commitment"]
    assert (verdict, now_due_at) == ("running", due_at + timedelta(minutes=60))
    with town.engine.connect() as c:
        ended = c.scalars(text("SELECT upper(period) FROM clock_pause")).all()
    assert set(ended) == {town.clock.now - timedelta(minutes=5)}


def test_a_late_track_of_the_second_visit_makes_no_missed_promise_of_a_doubtful_one(
    town: Town, unproven: dict
):
    nested = still_dark(town)
    town.clock.advance(200)
    began = town.clock.now
    visit(town, nested, "C2")
    late = [
        {
            "id": f"late{n}",
            "lon": LON + max(0, 12 - n) ** 1.2 * 200 * METRE + (n % 3) * 2e-5,
            "lat": LAT + (n % 2) * 1e-5,
            "fixed_at": (began + timedelta(minutes=n / 2)).isoformat(),
            "accuracy_m": 8,
        }
        for n in range(40)
    ]
    town.post("crew/positions", "C2", {"positions": late})
    with town.engine.connect() as c:
        proven = c.scalar(text("SELECT count(*) FROM arrival WHERE verdict = 'confirmed'"))
    assert proven == 1
    assert clocks(town)["arrival_commitment"][0] == "cannot_say"
