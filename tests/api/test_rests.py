"""Breaks of crews: given by a dispatcher or each day by the crew list, and kept by the plan."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.api.conftest import Town
from tests.api.test_dispatching import act, open_outage, run_jobs, send


def give(town: Town, crew: str = "C1", **fields: object):
    return town.put(f"crews/{crew}/rest", body={"minutes": 30, "reason": "long night", **fields})


def blockers(town: Town, outage: int) -> dict[str, list[str]]:
    ranked = town.get(f"outages/{outage}/crews", "dispatcher").json()
    return {each["crew_id"]: [b["en"] for b in each["blockers"]] for each in ranked}


def crew_of(town: Town, outage: int) -> str | None:
    crew = town.get(f"outages/{outage}", "dispatcher").json()["order"]["crew_id"]
    return None if crew is None else str(crew)


def in_minutes(town: Town, minutes: float) -> str:
    return (town.clock.now + timedelta(minutes=minutes)).isoformat()


def has_meal(town: Town, minutes: int) -> None:
    """Every day so many minutes from now C1 eats for half an hour."""
    begins = town.clock.now + timedelta(minutes=minutes)
    with town.engine.begin() as c:
        c.execute(
            text("UPDATE shift_pattern SET meal = :at, meal_minutes = 30 WHERE crew_id = 'C1'"),
            {"at": f"{begins:%H:%M}"},
        )


def test_who_rests_is_excluded_with_the_reason_and_nobody_sends_it_by_itself(town: Town):
    assert give(town).status_code == 200
    outage = open_outage(town)
    town.clock.advance(3)
    assert blockers(town, outage)["C1"] == ["has its break for 27 min more"]
    run_jobs(town)
    assert crew_of(town, outage) == "C2"


def test_a_dispatcher_may_all_the_same_with_a_reason(town: Town):
    give(town)
    outage = open_outage(town)
    assert send(town, outage, why="").status_code == 422
    assert send(town, outage, why="there is nobody else").status_code == 200


def test_where_all_rest_the_order_goes_when_the_first_break_is_over(town: Town):
    give(town, minutes=20)
    give(town, "C2", minutes=60)
    outage = open_outage(town)
    town.clock.advance(10)
    run_jobs(town)
    assert crew_of(town, outage) is None
    town.clock.advance(11)
    town.house.queue.assign("west")
    run_jobs(town)
    assert crew_of(town, outage) == "C1"


def test_a_break_is_taken_back_once(town: Town):
    give(town)
    outage = open_outage(town)
    end = town.client.delete("/api/v1/crews/C1/rest", headers=town.headers("dispatcher"))
    assert end.status_code == 204
    assert blockers(town, outage)["C1"] == []
    again = town.client.delete("/api/v1/crews/C1/rest", headers=town.headers("dispatcher"))
    assert again.status_code == 404


def test_the_meal_of_every_day_is_a_break_at_its_hour(town: Town):
    has_meal(town, 60)
    outage = open_outage(town)
    assert blockers(town, outage)["C1"] == []
    town.clock.advance(75)
    assert blockers(town, outage)["C1"][0].startswith("has its break for 1")


def test_an_order_that_runs_into_a_break_puts_it_off(town: Town):
    has_meal(town, 10)
    first = open_outage(town)
    order = send(town, first).json()["order"]["id"]
    town.clock.advance(50)
    act(town, order, "accept", "arrive", "restore", "field_complete")
    town.clock.advance(5)
    other = open_outage(town, "B1", "T2-0")
    assert blockers(town, other)["C1"] == ["has its break for 25 min more"]
    town.clock.advance(26)
    assert blockers(town, other)["C1"] == []


def test_console_and_phone_say_that_a_crew_rests(town: Town):
    give(town)
    english = {"Accept-Language": "en"}
    crews = town.client.get("/console/crews", headers=town.headers("dispatcher", **english)).text
    assert crews.count("has its break") == 1
    phone = town.client.get("/crew", headers=town.headers("C1", **english)).text
    assert "Your break" in phone
    other = town.client.get("/crew", headers=town.headers("C2", **english)).text
    assert "Your break" not in other


def test_a_crew_that_goes_to_danger_is_excluded_as_such(town: Town):
    town.report("W1", "T1-0", hazards=["wire_down"])
    with town.engine.connect() as c:
        order = c.scalar(text("SELECT id FROM trouble_order WHERE incident_id IS NOT NULL"))
    seen = town.get(f"orders/{order}", "dispatcher").headers["etag"]
    body = {"crew_id": "C1", "reason": "near"}
    assert (
        town.put(f"orders/{order}/assignment", body=body, **{"If-Match": seen}).status_code == 200
    )
    assert blockers(town, open_outage(town, "B1", "T2-0"))["C1"] == [
        f"goes to danger to life, order {order}"
    ]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"reason": " "}, 422),
        ({"minutes": 0}, 422),
        ({"minutes": 721}, 422),
        ({"starts_at": "2020-01-01T00:00:00Z"}, 422),
    ],
)
def test_a_break_that_cannot_be_meant_is_refused(
    town: Town, fields: dict[str, object], status: int
):
    assert give(town, **fields).status_code == status


def test_a_break_may_begin_later_but_not_tomorrow(town: Town):
    assert give(town, starts_at=in_minutes(town, 60)).status_code == 200
    assert give(town, starts_at=in_minutes(town, 60 * 13)).status_code == 422


def test_another_districts_crew_gets_no_break(town: Town):
    answer = town.put("crews/C9/rest", "west-dispatcher", {"minutes": 30, "reason": "long night"})
    assert answer.status_code == 404
