"""Work that takes two crews: asked for, sent, and over; one order never has two."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.trackers.cab import order_words
from dispatch.domain.words import CrewId, OrderId, TicketId
from tests.api.conftest import Town
from tests.api.test_dispatching import act, open_outage, outcomes, run_jobs, send
from tests.api.test_order_of_work import order_of, put_after
from tests.api.test_why_it_waits import panel


def ask(town: Town, order: int, why: str = "a pole to set", *, wanted: bool = True, version=None):
    seen = version or town.get(f"orders/{order}", "dispatcher").headers["etag"]
    body = {"wanted": wanted, "reason": why}
    return town.put(f"orders/{order}/support", body=body, **{"If-Match": seen})


def read(town: Town, order: int):
    return town.get(f"orders/{order}", "dispatcher").json()


def second_of(town: Town, order: int) -> int:
    return int(ask(town, order).json()["partner"]["id"])


def give(town: Town, order: int, crew: str, why: str = "near"):
    seen = town.get(f"orders/{order}", "dispatcher").headers["etag"]
    body = {"crew_id": crew, "reason": why}
    return town.put(f"orders/{order}/assignment", body=body, **{"If-Match": seen})


def status(town: Town, order: int) -> str:
    return str(read(town, order)["status"])


def clocks(town: Town, ticket: str, rule: str = "arrival_commitment"):
    found = town.get(f"tickets/{ticket}", "dispatcher").json()["clocks"]
    return next(clock for clock in found if clock["rule"] == rule)


def test_a_dispatcher_asks_for_a_second_crew_and_sends_it(town: Town):
    outage = open_outage(town)
    first = order_of(town, outage)
    answer = ask(town, first)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == town.get(f"orders/{first}", "dispatcher").headers["etag"]
    second = answer.json()["partner"]
    assert (second["supports_id"], second["outage_id"], second["crew_id"]) == (first, outage, None)
    for same in ("skills", "hazards", "priority", "lon", "lat"):
        assert second[same] == answer.json()[same]
    steps = answer.json()["steps"]
    assert [s["reason"]["en"] for s in steps if s["kind"] == "crews_asked"] == ["a pole to set"]
    assert send(town, outage, "C1").status_code == 200
    assert give(town, second["id"], "C1").status_code == 409
    assert give(town, second["id"], "C2").status_code == 200
    assert order_of(town, outage) == first
    assert (read(town, first)["crew_id"], read(town, second["id"])["crew_id"]) == ("C1", "C2")
    assert read(town, second["id"])["partner"]["crew_id"] == "C1"
    for crew, other, order in (("C1", "C2", second["id"]), ("C2", "C1", first)):
        (mine,) = town.get("crew/orders", crew).json()
        with town.house.transaction() as store:
            name = store.crews.get(CrewId(other)).name
        assert (mine["partner_order"], mine["partner"]) == (order, name)


def test_asking_again_changes_nothing_and_one_crew_is_enough_takes_it_back(town: Town):
    first = order_of(town, open_outage(town))
    second = second_of(town, first)
    assert second_of(town, first) == second
    answer = ask(town, first, "it stands by itself", wanted=False)
    assert (answer.status_code, answer.json()["partner"]) == (200, None)
    assert status(town, second) == "cancelled"
    assert second_of(town, first) > second


def test_the_second_crew_at_its_work_is_not_sent_away_by_a_wish(town: Town):
    first = order_of(town, open_outage(town))
    second = second_of(town, first)
    give(town, second, "C2")
    act(town, second, "accept", "en_route", crew="C2")
    act(town, second, "arrive", crew="C2", first=3)
    answer = ask(town, first, wanted=False)
    assert answer.status_code == 409, answer.text


def test_it_needs_a_reason_the_version_a_dispatcher_and_an_order_of_its_own(town: Town):
    first = order_of(town, open_outage(town))
    assert ask(town, first, " ").json()["type"] == "/problems/reason-required"
    assert ask(town, first, version='"77"').status_code == 412
    refused = town.put(
        f"orders/{first}/support", "agent", {"wanted": True, "reason": "x"}, **{"If-Match": '"1"'}
    )
    assert refused.status_code == 403
    second = second_of(town, first)
    assert ask(town, second).status_code == 409
    assert put_after(town, second, first).status_code == 409
    other = order_of(town, open_outage(town, "B1", "T2-0"))
    answer = put_after(town, other, second)
    assert (answer.status_code, answer.json()["field"]) == (422, "orders")


def test_twelve_dispatchers_at_once_ask_for_one_second_crew(town: Town):
    first = order_of(town, open_outage(town))
    seen = town.get(f"orders/{first}", "dispatcher").headers["etag"]
    with ThreadPoolExecutor(12) as desks:
        answers = list(desks.map(lambda _: ask(town, first, version=seen), range(12)))
    assert sorted(each.status_code for each in answers) == [200] + [412] * 11


def test_desks_that_send_both_crews_everywhere_give_no_order_two_and_no_crew_two(town: Town):
    outages = [open_outage(town), open_outage(town, "B1", "T2-0")]
    firsts = [order_of(town, outage) for outage in outages]
    orders = [*firsts, *(second_of(town, first) for first in firsts)]
    wishes = [(order, crew) for order in orders for crew in ("C1", "C2")] * 2
    with ThreadPoolExecutor(8) as desks:
        planned = desks.submit(run_jobs, town)
        codes = [each.status_code for each in desks.map(lambda w: give(town, *w), wishes)]
        planned.result()
    assert set(codes) <= {200, 409, 412}
    sent = crews_sent(town, orders)
    assert len(sent) == len(set(sent))
    for wish in wishes:  # a crew whose every wish came too late is still free
        give(town, *wish)
    assert sorted(crews_sent(town, orders)) == ["C1", "C2"]


def crews_sent(town: Town, orders: Sequence[int]) -> list[str]:
    """Who was given an order and has not accepted it yet."""
    held = [read(town, order) for order in orders]
    return [each["crew_id"] for each in held if each["status"] == "assigned"]


def test_the_first_to_arrive_keeps_the_promise_and_it_is_judged_once(town: Town):
    first = order_of(town, open_outage(town))
    second = second_of(town, first)
    give(town, first, "C1")
    give(town, second, "C2")
    act(town, second, "accept", "arrive", "field_complete", crew="C2")
    assert clocks(town, "A1")["verdict"] == "running", "the other may still prove when it came"
    town.clock.advance(300)
    done = act(town, first, "accept", "arrive", "restore", "field_complete")
    assert outcomes(done) == ["applied"] * 4
    judged = clocks(town, "A1")
    assert judged["verdict"] != "running"
    with town.house.transaction() as store:
        (kept,) = [
            clock for clock in store.clocks.list_of_ticket("A1") if clock.number == judged["id"]
        ]
    assert kept.judgements == 1


def test_the_second_crew_completes_apart_and_ends_nothing_else(town: Town):
    outage = open_outage(town)
    first = order_of(town, outage)
    second = second_of(town, first)
    send(town, outage)
    give(town, second, "C2")
    assert outcomes(act(town, second, "accept", "arrive", "field_complete", crew="C2"))[2] == (
        "applied"
    )
    assert (status(town, second), status(town, first)) == ("field_complete", "assigned")
    assert town.get(f"outages/{outage}", "dispatcher").json()["status"] == "predicted"
    early = act(town, first, "accept", "arrive", "field_complete")
    assert outcomes(early)[2] == "refused", "customers are still out"


def test_supply_that_is_back_takes_back_a_second_crew_that_has_not_left(town: Town):
    outage = open_outage(town)
    first = order_of(town, outage)
    second = second_of(town, first)
    send(town, outage)
    act(town, first, "accept", "arrive", "restore")
    assert status(town, second) == "cancelled"


def test_a_second_crew_on_its_way_goes_on_and_nobody_is_sent_in_its_place(town: Town):
    outage = open_outage(town)
    first = order_of(town, outage)
    second = second_of(town, first)
    send(town, outage)
    give(town, second, "C2")
    act(town, second, "accept", "en_route", crew="C2")
    act(town, first, "accept", "arrive", "restore")
    assert status(town, second) == "en_route"
    act(town, second, "return", crew="C2", first=3, reason="not needed")
    assert status(town, second) == "cancelled"


def test_a_second_crew_that_cannot_leaves_the_work_to_another(town: Town):
    outage = open_outage(town)
    second = second_of(town, order_of(town, outage))
    give(town, second, "C2")
    act(town, second, "accept", "return", crew="C2", reason="the lift is broken")
    assert (status(town, second), read(town, second)["crew_id"]) == ("awaiting_assignment", None)


def merge(town: Town, whole: int, part: int):
    seen = town.get(f"outages/{whole}", "dispatcher").headers["etag"]
    body = {"outage_id": part, "reason": "one line"}
    return town.post(f"outages/{whole}/merge", "dispatcher", body, **{"If-Match": seen})


def test_a_merge_takes_the_wish_along(town: Town):
    whole, part = open_outage(town), open_outage(town, "B1", "T2-0")
    second = second_of(town, order_of(town, part))
    answer = merge(town, whole, part)
    assert answer.status_code == 200, answer.text
    assert status(town, second) == "cancelled"
    there = read(town, order_of(town, whole))["partner"]
    assert there["supports_id"] == order_of(town, whole)


@pytest.mark.parametrize("ending", ["close", "complete"])
def test_an_incident_takes_its_second_order_along(town: Town, ending: str):
    town.report("H1", "T1-0", hazards=["wire_down"])
    with town.house.transaction() as store:
        incident = store.orders.find_incident_of(TicketId("H1"))
        first = store.orders.find_open_of_incident(incident.id).id
    second = second_of(town, first)
    assert read(town, second)["hazards"] == ["wire_down"]
    if ending == "close":
        closed = town.post(f"incidents/{incident.id}/close", "dispatcher", {"reason": "a branch"})
        assert closed.status_code == 200, closed.text
    else:
        give(town, first, "C1")
        act(town, first, "accept", "arrive", "field_complete")
    assert status(town, second) == "cancelled"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_console_phone_cab_and_dossier_say_who_the_other_crew_is(town: Town, language: str):
    outage = open_outage(town)
    first = order_of(town, outage)
    assert f'data-url="/api/v1/orders/{first}/support"' in panel(town, outage, language)
    second = second_of(town, first)
    page = panel(town, outage, language)
    assert f'data-url="/api/v1/orders/{second}/assignment"' in page
    assert {"en": "none sent yet", "zh": "尚未派出"}[language] in page
    send(town, outage)
    in_words = town.headers("C1", **{"Accept-Language": language})
    phone = town.client.get("/crew", headers=in_words).text
    assert {"en": "is not sent yet", "zh": "另一班组尚未派出"}[language] in phone
    give(town, second, "C2")
    with town.house.transaction() as store:
        name = store.crews.get(CrewId("C2")).name
        words = order_words(store, store.orders.get(OrderId(first)))
    assert f"与{name}（抢修单{second}）共同作业" in words
    assert f"{second}" in panel(town, outage, language).split('id="partner"')[1][:200]
    phone = town.client.get("/crew", headers=in_words).text
    said = {"en": f"You come with {name} (order {second})", "zh": f"你与{name}（抢修单{second}）"}
    assert said[language] in phone
    shown = town.client.get(
        f"/outages/{outage}/dossier",
        headers=town.headers("dispatcher", **{"Accept-Language": language}),
    )
    assert {"en": "Second crew", "zh": "第二班组"}[language] in shown.text


def test_every_list_still_shows_the_outage_once(town: Town):
    outage = open_outage(town)
    second = second_of(town, order_of(town, outage))
    give(town, second, "C2")
    rows = [row for row in town.get("worklist", "dispatcher").json() if row["kind"] == "outage"]
    assert [(row["id"], row["crew_id"]) for row in rows] == [(str(outage), None)]
    known = town.client.get(
        "/api/v1/known-outage", params={"account": "T1-0"}, headers=town.headers("agent")
    )
    assert known.status_code == 200, known.text


def test_a_crew_asks_for_a_second_one_once_however_often_it_presses(town: Town):
    outage = open_outage(town)
    first = order_of(town, outage)
    send(town, outage, "C1")
    assert outcomes(act(town, first, "accept", "arrive")) == ["applied", "applied"]
    for n in (5, 6):
        asked = act(town, first, "second_crew", first=n, reason="a pole to set")
        assert outcomes(asked) == ["applied"], asked.text
    full = read(town, first)
    second = full["partner"]
    assert (second["supports_id"], second["status"]) == (first, "awaiting_assignment")
    told = [(s["by"], s["reason"]["en"]) for s in full["steps"] if s["kind"] == "crews_asked"]
    assert told == [("C1", "a pole to set")]
    run_jobs(town)
    assert read(town, second["id"])["crew_id"] == "C2"


def test_a_crew_needs_a_reason_to_ask_and_a_second_crew_asks_for_no_third(town: Town):
    outage = open_outage(town)
    first = order_of(town, outage)
    send(town, outage, "C1")
    assert outcomes(act(town, first, "second_crew", reason=" ")) == ["refused"]
    second = second_of(town, first)
    give(town, second, "C2")
    asked = act(town, second, "accept", "second_crew", crew="C2", reason="and a third")
    assert outcomes(asked) == ["applied", "refused"]


def test_the_phone_offers_to_ask_for_a_second_crew_until_there_is_one(town: Town):
    outage = open_outage(town)
    first = order_of(town, outage)
    send(town, outage, "C1")

    def page() -> str:
        return town.client.get("/crew", headers=town.headers("C1")).text

    assert 'data-action="second_crew"' in page()
    act(town, first, "second_crew", reason="a pole to set")
    assert 'data-action="second_crew"' not in page()


def test_what_a_second_crew_finds_is_taken_and_parts_are_asked_of_the_first(town: Town):
    outage = open_outage(town)
    first = order_of(town, outage)
    send(town, outage, "C1")
    second = second_of(town, first)
    give(town, second, "C2")
    assert outcomes(act(town, second, "accept", crew="C2")) == ["applied"]
    found = act(town, second, "findings", crew="C2", first=5, cause="tree")
    assert outcomes(found) == ["applied"], found.text
    assert town.get(f"outages/{outage}").json()["status"] == "confirmed"
    assert 'name="parts_needed"' not in town.client.get("/crew", headers=town.headers("C2")).text
    assert 'name="parts_needed"' in town.client.get("/crew", headers=town.headers("C1")).text
