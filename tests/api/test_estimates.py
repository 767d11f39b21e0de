"""The time supply is expected back: from the first minute, through milestones, until it passes."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from api.worker import Work
from tests.api.conftest import Town
from tests.store.made_up_forecasts import adopt, keep


def an_outage(town: Town, account: str = "T1-0", ticket: str = "A1") -> int:
    return town.report(ticket, account, multiple_premises=True).json()["outage"]["id"]


def etr(town: Town, outage: int) -> dict:
    return town.get(f"outages/{outage}", "dispatcher").json()["etr"]


def at(told: dict) -> datetime:
    return datetime.fromisoformat(told["at"])


def look(town: Town) -> None:
    Work(town.house).reestimate()


def send(town: Town, outage: int) -> int:
    """The crew C1 is sent; the order's number."""
    version = town.get(f"outages/{outage}", "dispatcher").json()["version"]
    chosen, seen = {"crew_id": "C1", "reason": "near"}, {"If-Match": f'"{version}"'}
    answer = town.put(f"outages/{outage}/assignment", body=chosen, **seen)
    assert answer.status_code == 200, answer.text
    return answer.json()["order"]["id"]


def act(town: Town, order: int, seq: int, kind: str, **fields: object) -> None:
    action = {
        "id": f"{order}-{kind}-{seq}",
        "seq": seq,
        "kind": kind,
        "order_id": order,
        "occurred_at": town.clock.now.isoformat(),
        **fields,
    }
    (done,) = town.post("crew/actions", "C1", {"actions": [action]}).json()["actions"]
    assert done["outcome"] == "applied", done


def on_site(town: Town) -> tuple[int, int]:
    """An outage with its crew there; its number and the order's."""
    outage = an_outage(town)
    order = send(town, outage)
    for seq, kind in enumerate(("accept", "en_route", "arrive"), start=1):
        town.clock.advance(2)
        act(town, order, seq, kind)
    return outage, order


def says(town: Town, order: int, seq: int, minutes: float) -> None:
    until = town.clock.now + timedelta(minutes=minutes)
    act(town, order, seq, "estimate", restore_at=until.isoformat())


def asks(town: Town) -> bool:
    (mine,) = town.get("crew/orders", "C1").json()
    return mine["asks_estimate"]


def alarms(town: Town) -> list[str]:
    with town.engine.connect() as c:
        kinds = c.scalars(
            text("SELECT kind FROM event WHERE kind ~ 'outage.estimate_' ORDER BY id")
        )
        return list(kinds)


def test_callers_are_told_a_quarter_hour_with_a_range_from_the_first_minute(town: Town):
    outage = an_outage(town)
    told = etr(town, outage)
    assert at(told).minute % 15 == 0 and at(told) > town.clock.now
    assert (told["source"], told["basis"], told["passed"]) == ("rule", "assumed", False)
    first, last = map(datetime.fromisoformat, told["between"])
    assert first < at(told) <= last
    known = town.get("known-outage", account="T1-1").json()
    assert known["etr"] == told
    assert "power may be back by" in known["say"]["en"]


def test_what_is_worked_out_moves_before_it_passes(town: Town):
    outage = an_outage(town)
    for _ in range(30):
        town.clock.advance(20)
        look(town)
        assert at(etr(town, outage)) > town.clock.now + timedelta(minutes=9)
    assert alarms(town) == []


def test_a_told_time_does_not_flicker(town: Town):
    outage = an_outage(town)
    look(town)
    first = etr(town, outage)["at"]
    for _ in range(10):
        town.clock.advance(1)
        look(town)
    assert etr(town, outage)["at"] == first


def test_an_arrival_makes_the_estimate_surer(town: Town):
    outage = an_outage(town)
    before = town.get(f"outages/{outage}/forecast", "dispatcher").json()
    order = send(town, outage)
    for seq, kind in enumerate(("accept", "en_route", "arrive"), start=1):
        act(town, order, seq, kind)
    after = town.get(f"outages/{outage}/forecast", "dispatcher").json()
    assert (before["since"], after["since"]) == ("opened", "arrived")
    assert before["arrival"] is not None and after["arrival"] is None
    assert after["restoration"]["p90"] < before["restoration"]["p90"]


def test_a_crews_word_stays_and_is_asked_about_before_it_passes(town: Town):
    outage, order = on_site(town)
    assert asks(town)
    says(town, order, 4, 60)
    assert not asks(town)
    word = etr(town, outage)
    for _ in range(3):
        town.clock.advance(13)
        look(town)
    assert alarms(town) == [] and etr(town, outage)["at"] == word["at"]
    town.clock.advance(5)
    look(town)
    look(town)
    assert alarms(town) == ["outage.estimate_expiring"]
    assert asks(town)
    says(town, order, 5, 90)
    assert not asks(town)
    assert etr(town, outage)["source"] == "crew"


def test_an_estimate_that_has_passed_is_told_as_what_it_was(town: Town):
    outage, order = on_site(town)
    says(town, order, 4, 30)
    town.clock.advance(31)
    look(town)
    look(town)
    assert alarms(town) == ["outage.estimate_passed"]
    told = etr(town, outage)
    assert told["passed"] and told["source"] == "crew"
    known = town.get("known-outage", account="T1-1").json()
    assert known["etr"]["passed"]
    assert "was expected back at" in known["say"]["en"]
    assert "正在核实" in known["say"]["zh"]


def test_it_is_told_as_passed_in_the_minute_it_passes_whoever_has_looked(town: Town):
    outage, order = on_site(town)
    says(town, order, 4, 30)
    town.clock.advance(30.1)
    assert etr(town, outage)["passed"]
    (line,) = town.get("outages", "dispatcher").json()
    assert line["etr"]["passed"]


def test_a_dispatchers_word_is_not_replaced_by_what_is_worked_out(town: Town):
    outage = an_outage(town)
    until = town.clock.now + timedelta(hours=9)
    answer = town.post(
        f"outages/{outage}/estimate", "dispatcher", {"at": until.isoformat(), "confidence": "low"}
    )
    assert answer.status_code == 200
    town.clock.advance(30)
    look(town)
    assert at(etr(town, outage)) == until


def test_with_a_version_in_force_history_speaks(town: Town):
    with town.house.transaction() as store:
        version = adopt(store)
    outage = an_outage(town)
    told = etr(town, outage)
    assert (told["source"], told["basis"]) == ("model", "history")
    forecast = town.get(f"outages/{outage}/forecast", "dispatcher").json()
    assert (forecast["version"], forecast["basis"]) == (version, "history")


def test_when_a_version_is_taken_back_the_table_speaks_again(town: Town):
    with town.house.transaction() as store:
        adopt(store)
    outage = an_outage(town)
    answer = town.post("forecasts/1/apply", "supervisor", {"reason": "it was too sure"})
    assert answer.status_code == 200 and answer.json()["in_force"] == 1
    look(town)
    assert etr(town, outage)["source"] == "rule"


def test_a_supervisor_reads_how_each_version_held_and_adopts_one(town: Town):
    with town.house.transaction() as store:
        version = keep(store)
    listed = town.get("forecasts", "supervisor").json()
    assert listed["in_force"] == 1
    assert [each["version"] for each in listed["versions"]] == [version]
    applied = town.post(f"forecasts/{version}/apply", "supervisor", {"reason": "it held"})
    assert applied.json()["in_force"] == version


def test_nothing_is_foreseen_of_an_outage_that_is_over(town: Town):
    outage, order = on_site(town)
    act(town, order, 4, "restore")
    assert town.get(f"outages/{outage}/forecast", "dispatcher").status_code == 409


def test_orders_that_wait_behind_others_are_foreseen_by_the_plan(town: Town):
    with town.engine.begin() as c:
        c.execute(text("UPDATE district SET assignment_mode = 'proposed'"))
    outages = [an_outage(town, account, f"A{n}") for n, account in enumerate(("T1-0", "T2-0"))]
    town.clock.advance(1)
    look(town)
    assert {etr(town, outage)["basis"] for outage in outages} <= {"plan", "assumed"}
    town.clock.advance(60)
    look(town)
    assert "plan" in {etr(town, outage)["basis"] for outage in outages}
    foreseen = [town.get(f"outages/{outage}/forecast", "dispatcher").json() for outage in outages]
    assert "plan" in {each["basis"] for each in foreseen}


@pytest.mark.parametrize("who", ["agent", "crew", "integration"])
def test_only_those_who_look_after_all_adopt(town: Town, who: str):
    assert town.post("forecasts/1/apply", who, {"reason": "why"}).status_code == 403
