"""From a report to a crew at the door and light again, over HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from api.house import House, furnish
from api.worker import Work, run
from tests.api.conftest import EAST_LON, Town
from tests.api.grid import lay_roads
from tests.loops import run_async
from tests.store.builders import LAT, LON


def run_jobs(town: Town) -> None:
    run_async(run(town.house, concurrency=2, until_idle=True))


def open_outage(town: Town, ticket_id: str = "A1", account: str = "T1-0") -> int:
    return int(town.report(ticket_id, account).json()["outage"]["id"])


def etag(town: Town, outage: int) -> str:
    return town.get(f"outages/{outage}", "dispatcher").headers["etag"]


def send(town: Town, outage: int, crew: str = "C1", version: str | None = None, why: str = "near"):
    return town.put(
        f"outages/{outage}/assignment",
        body={"crew_id": crew, "reason": why},
        **{"If-Match": version or etag(town, outage)},
    )


def act(town: Town, order: int, *kinds: str, crew: str = "C1", first: int = 1, **fields: object):
    actions = [
        {
            "id": f"{order}-{kind}-{n}",
            "seq": n,
            "kind": kind,
            "order_id": order,
            "occurred_at": town.clock.now.isoformat(),
            **fields,
        }
        for n, kind in enumerate(kinds, start=first)
    ]
    return town.post("crew/actions", crew, {"actions": actions})


def outcomes(answer) -> list[str]:
    return [action["outcome"] for action in answer.json()["actions"]]


def test_the_crews_are_ranked_with_reasons(town: Town):
    outage = open_outage(town)
    ranked = town.get(f"outages/{outage}/crews", "dispatcher").json()
    assert [crew["crew_id"] for crew in ranked] == ["C1", "C2"]
    assert all(crew["basis"] == "straight_line" for crew in ranked)
    assert any("straight line" in why["en"] for why in ranked[0]["reasons"])


def test_each_ranked_crew_comes_with_what_the_plan_says_of_it(town: Town):
    outage = open_outage(town)
    ranked = {c["crew_id"]: c for c in town.get(f"outages/{outage}/crews", "dispatcher").json()}
    assert {crew: each["plan"]["chosen"] for crew, each in ranked.items()} == {
        "C1": True,
        "C2": False,
    }
    for each in ranked.values():
        assert each["plan"]["arrive_p50_min"] <= each["plan"]["arrive_p90_min"]
        rules = [promise["rule_id"] for promise in each["plan"]["promises"]]
        assert rules == ["arrival_commitment", "arrival_national"]
        assert all(0 <= promise["chance"] <= 1 for promise in each["plan"]["promises"])
        told = each["plan"]["told"]
        assert told["due_min"] > 0 and 0 <= told["chance"] <= 1
        assert any("that were told" in said["en"] for said in each["plan"]["says"])
        assert each["plan"]["says"][0]["zh"] and each["excluded"] == []


def test_a_dispatcher_sends_a_crew(town: Town):
    outage = open_outage(town)
    answer = send(town, outage)
    assert answer.status_code == 200, answer.text
    assert answer.json()["order"]["crew_id"] == "C1"
    assert answer.headers["etag"] == etag(town, outage)


def test_eight_dispatchers_at_once_make_one_assignment_and_seven_refusals(town: Town):
    outage = open_outage(town)
    seen = etag(town, outage)
    with ThreadPoolExecutor(8) as desks:
        answers = list(
            desks.map(lambda n: send(town, outage, "C1" if n % 2 else "C2", seen), range(8))
        )
    assert sorted(a.status_code for a in answers) == [200] + [412] * 7
    assert {a.json()["type"] for a in answers if a.status_code == 412} == {
        "/problems/stale-version"
    }


def test_an_assignment_without_a_version_is_refused(town: Town):
    outage = open_outage(town)
    answer = town.put(f"outages/{outage}/assignment", body={"crew_id": "C1"})
    assert answer.status_code == 428


@pytest.mark.parametrize("version", ["seven", '"-1"', "*", '"1", "2"', "9" * 30])
def test_a_version_that_is_none_is_refused(town: Town, version: str):
    outage = open_outage(town)
    assert send(town, outage, version=version).status_code == 422


def test_a_crew_of_another_district_cannot_be_sent(town: Town):
    assert send(town, open_outage(town), "C9").status_code == 404


def test_the_worker_sends_a_crew_by_itself(town: Town):
    outage = open_outage(town)
    run_jobs(town)
    order = town.get(f"outages/{outage}", "dispatcher").json()["order"]
    assert (order["status"], order["crew_id"]) == ("assigned", "C1")


def test_what_was_never_queued_is_found_by_the_sweep(town: Town):
    town.house.queue.close()
    outage = open_outage(town)
    with furnished_again(town) as again:
        Work(again).sweep()
        run_async(run(again, concurrency=2, until_idle=True))
    order = town.get(f"outages/{outage}", "dispatcher").json()["order"]
    assert order["status"] == "assigned"


@contextmanager
def furnished_again(town: Town) -> Iterator[House]:
    again = furnish(town.engine, zone="Asia/Shanghai", now=town.clock)
    yield again
    again.close()


def test_two_transformers_of_one_feeder_become_one_outage(town: Town):
    first = open_outage(town, "A1", "T1-0")
    second = open_outage(town, "A2", "T2-0")
    assert first != second
    run_jobs(town)
    left = town.get("outages", "dispatcher").json()
    assert len(left) == 1
    assert left[0]["reports"] == 2


def test_a_crew_sees_its_own_orders_and_its_callers_numbers(town: Town):
    town.report("A1", phone="13800001234")
    outage = town.get("outages", "dispatcher").json()[0]["id"]
    send(town, int(outage))
    mine = town.get("crew/orders", "C1").json()
    assert [each["order"]["outage_id"] for each in mine] == [int(outage)]
    assert mine[0]["tickets"][0]["phone"] == "13800001234"
    assert town.get("crew/orders", "C2").json() == []


def test_a_crew_that_is_done_sees_masked_numbers(town: Town):
    town.report("A1", phone="13800001234")
    outage = int(town.get("outages", "dispatcher").json()[0]["id"])
    order = send(town, outage).json()["order"]["id"]
    act(town, order, "accept", "en_route", "arrive", "restore", "field_complete")
    mine = town.get("crew/orders", "C1").json()
    assert mine[0]["order"]["status"] == "field_complete"
    assert mine[0]["tickets"][0]["phone"] == "138****1234"


def test_actions_may_be_sent_twice(town: Town):
    order = send(town, open_outage(town)).json()["order"]["id"]
    first, again = act(town, order, "accept", "en_route"), act(town, order, "accept", "en_route")
    assert outcomes(first) == ["applied", "applied"]
    assert first.json() == again.json()


def test_another_crews_order_is_refused(town: Town):
    order = send(town, open_outage(town)).json()["order"]["id"]
    assert outcomes(act(town, order, "accept", crew="C2")) == ["refused"]
    assert outcomes(act(town, 999_999, "accept", crew="C2", first=2)) == ["refused"]


def test_an_unknown_kind_of_action_is_refused_and_the_others_are_taken(town: Town):
    order = send(town, open_outage(town)).json()["order"]["id"]
    assert outcomes(act(town, order, "dance", "accept")) == ["refused", "applied"]


def test_a_track_proves_the_arrival(town: Town):
    outage = open_outage(town)
    order = send(town, outage).json()["order"]["id"]
    act(town, order, "accept", "en_route")
    start = town.clock.now
    town.clock.advance(20)
    fixes = [
        {
            "id": f"p{n}",
            "lon": LON + n * 1e-5,
            "lat": LAT,
            "fixed_at": (start + timedelta(minutes=10 + n)).isoformat(),
            "accuracy_m": 10,
        }
        for n in range(5)
    ]
    fixes.append({**fixes[0], "id": "off", "lat": 95})
    first = town.post("crew/positions", "C1", {"positions": fixes}).json()
    assert (first["received"], first["new"], len(first["refused"])) == (6, 5, 1)
    again = town.post("crew/positions", "C1", {"positions": fixes}).json()
    assert again["new"] == 0
    detail = town.get(f"outages/{outage}", "dispatcher").json()
    assert detail["order"]["status"] == "arrived"
    verdicts = {c["rule"]: c["verdict"] for c in town.get("tickets/A1").json()["clocks"]}
    assert verdicts["arrival_commitment"] == "kept"


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ({"transformers": ["T-elsewhere"]}, "transformers", "T-elsewhere"),
        ({"usage_points": [987654]}, "usage_points", "987654"),
    ],
)
def test_light_that_comes_back_where_it_was_not_out_is_refused_naming_the_list(
    town: Town, part: dict[str, object], field: str, value: str
):
    outage = open_outage(town)
    town.clock.advance(30)
    refused = town.post(f"outages/{outage}/restore", "dispatcher", part)
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert value in refused.json()["value"]


def test_light_comes_back_and_the_outage_is_closed_when_the_caller_says_so(town: Town):
    outage = open_outage(town)
    town.clock.advance(30)
    back = town.post(f"outages/{outage}/restore", "dispatcher", {"cause": "fuse"})
    assert back.status_code == 200, back.text
    assert back.json()["status"] == "restored"
    held = town.post(f"outages/{outage}/close", "dispatcher")
    assert (held.status_code, held.json()["type"]) == (409, "/problems/not-verified")
    town.post("tickets/A1/callback", body={"power_on": True, "satisfied": True})
    closed = town.post(f"outages/{outage}/close", "dispatcher")
    assert closed.json()["status"] == "closed", closed.text
    assert town.get("tickets/A1").json()["status"] == "closed"


def test_still_dark_after_the_restoration_opens_a_nested_outage(town: Town):
    outage = open_outage(town)
    began = town.get(f"outages/{outage}", "dispatcher").json()["started_at"]
    town.clock.advance(30)
    town.post(f"outages/{outage}/restore", "dispatcher")
    nested = town.post("tickets/A1/callback", body={"power_on": False}).json()["outage_id"]
    detail = town.get(f"outages/{nested}", "dispatcher").json()
    assert (detail["parent_id"], detail["started_at"]) == (outage, began)


def test_customer_minutes_are_counted_once(town: Town):
    outage = open_outage(town)
    town.clock.advance(30)
    town.post(f"outages/{outage}/restore", "dispatcher")
    indices = town.get("indices", "supervisor").json()
    customers = town.get(f"outages/{outage}", "supervisor").json()["customers_out"]
    assert customers == 0
    assert indices["customer_minutes"] == indices["customers_interrupted"] * 30
    assert indices["caidi_minutes"] == 30


def test_promises_are_counted_by_rule(town: Town):
    send(town, open_outage(town))
    rules = {
        row["rule_id"]: row
        for row in town.get("commitments", "supervisor", until=later(town)).json()
    }
    assert rules["dispatch_desk"]["kept"] == 1
    assert rules["arrival_commitment"]["running"] == 1


def later(town: Town) -> str:
    moment: datetime = town.clock.now + timedelta(minutes=1)
    return moment.isoformat()


def test_planned_work_is_answered_and_nobody_is_sent(town: Town):
    plan = town.post(
        "planned-outages",
        "dispatcher",
        {
            "reason": "new cable",
            "starts_at": (town.clock.now + timedelta(minutes=5)).isoformat(),
            "ends_at": (town.clock.now + timedelta(hours=2)).isoformat(),
            "transformers": ["T1"],
        },
    )
    assert plan.status_code == 201, plan.text
    town.clock.advance(10)
    assert town.get("known-outage", account="T1-0").json()["answer"] == "planned"
    assert town.report("A1").json()["disposition"] == "planned"
    assert [p["id"] for p in town.get("planned-outages").json()] == [plan.json()["id"]]
    ended = town.post(f"planned-outages/{plan.json()['id']}/end", "dispatcher")
    assert ended.status_code == 200, ended.text


def test_a_dispatcher_plans_nothing_in_another_district(town: Town):
    body = {
        "reason": "x",
        "starts_at": (town.clock.now + timedelta(minutes=5)).isoformat(),
        "ends_at": (town.clock.now + timedelta(hours=2)).isoformat(),
    }
    hidden = town.post("planned-outages", "west-dispatcher", {**body, "transformers": ["T9"]})
    absent = town.post("planned-outages", "west-dispatcher", {**body, "transformers": ["ZZ"]})
    assert hidden.status_code == 422
    assert hidden.text.replace("T9", "ZZ") == absent.text


def test_a_known_outage_says_what_is_known(town: Town):
    unknown = town.get("known-outage", account="T1-1").json()
    assert (unknown["answer"], unknown["usage_point"]["account"]) == ("unknown", "T1-1")
    outage = open_outage(town)
    known = town.get("known-outage", account="T1-1").json()
    assert (known["answer"], known["outage"]["id"]) == ("known_fault", outage)
    assert known["say"]["zh"] and known["say"]["en"] and known["etr"]
    assert town.get("known-outage", account="unpaid").json()["answer"] == "arrears"


def test_who_has_light_again_is_told_no_time_at_which_the_others_will(town: Town):
    outage = open_outage(town)
    town.post(f"outages/{outage}/confirm", "dispatcher")
    later = (town.clock.now + timedelta(hours=2)).isoformat()
    told = town.post(
        f"outages/{outage}/estimate", "dispatcher", {"at": later, "confidence": "high"}
    )
    assert told.json()["etr"]["confidence"] == "high"
    town.post(f"outages/{outage}/restore", "dispatcher")
    known = town.get("known-outage", account="T1-0").json()
    assert (known["answer"], known["outage"]["id"]) == ("restored_recently", outage)
    assert known["etr"] is None


def test_the_hot_call_and_the_core_say_the_same(town: Town):
    open_outage(town)
    by_account = town.get("known-outage", account="west-phone").json()
    by_phone = town.get("known-outage", phone="138 0000 1234").json()
    assert by_account["answer"] == by_phone["answer"] == "known_fault"
    by_place = town.get("known-outage", lon=LON, lat=LAT, datum="wgs84").json()
    assert by_place["outage"] == by_account["outage"]


def test_a_half_position_is_refused(town: Town):
    answer = town.get("known-outage", lon=LON)
    assert answer.status_code == 422


def test_a_closed_road_is_listed_until_it_is_lifted(town: Town):
    lay_roads(town.engine)
    line = [[LON, LAT], [LON + 0.001, LAT]]
    closed = town.post("road-closures", "dispatcher", {"reason": "flood", "line": line})
    assert closed.status_code == 201, closed.text
    number = closed.json()["id"]
    assert [c["id"] for c in town.get("road-closures", "dispatcher").json()] == [number]
    assert town.get("road-closures", "east-dispatcher").json() == []
    path = f"/api/v1/road-closures/{number}"
    assert town.client.delete(path, headers=town.headers("east-dispatcher")).status_code == 404
    assert town.client.delete(path, headers=town.headers("dispatcher")).status_code == 204
    assert town.get("road-closures", "dispatcher").json() == []


def test_a_road_of_another_district_is_not_closed(town: Town):
    line = [[EAST_LON, LAT], [EAST_LON + 0.001, LAT]]
    body = {"reason": "flood", "line": line}
    assert town.post("road-closures", "west-dispatcher", body).status_code == 404


def test_a_crew_that_comes_after_the_light_starts_no_clock_that_nothing_ends(town: Town):
    outage = open_outage(town)
    order = send(town, outage).json()["order"]["id"]
    town.clock.advance(10)
    act(town, order, "accept", "en_route")
    town.post(f"outages/{outage}/restore", "dispatcher")
    town.clock.advance(10)
    assert outcomes(act(town, order, "arrive", "field_complete", first=3)) == ["applied"] * 2
    assert running_of_orders(town) == []


@pytest.mark.parametrize("how", ["merge", "close"])
def test_a_repair_that_is_no_more_promised_is_not_timed_on(town: Town, how: str):
    whole, part = open_outage(town), open_outage(town, "A2", "T2-0")
    order = send(town, part).json()["order"]["id"]
    town.clock.advance(10)
    act(town, order, "accept", "en_route", "arrive")
    assert running_of_orders(town) == ["restoration_after_arrival"]
    if how == "merge":
        body = {"outage_id": part, "reason": "one tree"}
        done = town.post(
            f"outages/{whole}/merge", "dispatcher", body, **{"If-Match": etag(town, whole)}
        )
    else:
        done = town.post(
            f"outages/{part}/close",
            "dispatcher",
            {"reason": "their own switch"},
            **{"If-Match": etag(town, part)},
        )
    assert done.status_code == 200, done.text
    assert running_of_orders(town) == []


def running_of_orders(town: Town) -> list[str]:
    query = "SELECT rule_id FROM clock WHERE order_id IS NOT NULL AND verdict = 'running'"
    with town.engine.connect() as c:
        return list(c.scalars(text(query)))
