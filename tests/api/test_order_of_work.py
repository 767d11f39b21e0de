"""What has to be done first: set by a dispatcher, kept by the plan, read by the crew."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.trackers.cab import order_words
from dispatch.domain.words import OrderId
from tests.api.conftest import EAST_LON, Town
from tests.api.test_dispatching import act, open_outage, send
from tests.api.test_why_it_waits import panel, waits
from tests.store.builders import LAT


def order_of(town: Town, outage: int) -> int:
    return int(town.get(f"outages/{outage}", "dispatcher").json()["order"]["id"])


def two(town: Town) -> tuple[int, int, int, int]:
    """Two outages, then their orders."""
    first, second = open_outage(town), open_outage(town, "B1", "T2-0")
    return first, second, order_of(town, first), order_of(town, second)


def put_after(town: Town, order: int, *others: int, why: str = "K17 open first", version=None):
    seen = version or town.get(f"orders/{order}", "dispatcher").headers["etag"]
    body = {"orders": list(others), "reason": why}
    return town.put(f"orders/{order}/after", body=body, **{"If-Match": seen})


def test_what_comes_first_is_told_to_dispatcher_crew_and_cab_until_it_is_done(town: Town):
    outage, first_outage, order, first = two(town)
    answer = put_after(town, order, first)
    assert (answer.status_code, answer.json()["after"]) == (200, [first]), answer.text
    town.clock.advance(3)
    assert f"that on order {first} is done" in waits(panel(town, outage))
    assert send(town, outage).status_code == 200
    (mine,) = town.get("crew/orders", "C1").json()
    assert mine["begins_after"] == [first]
    phone = town.client.get("/crew", headers=town.headers("C1", **{"Accept-Language": "en"})).text
    assert f"wait until that on order {first} is done" in phone
    with town.house.transaction() as store:
        assert f"须等抢修单{first}完成" in order_words(store, store.orders.get(OrderId(order)))
    assert send(town, first_outage, "C2").status_code == 200
    done = act(town, first, "accept", "arrive", "restore", "field_complete", crew="C2")
    assert done.status_code == 200, done.text
    assert town.get("crew/orders", "C1").json()[0]["begins_after"] == []
    steps = town.get(f"orders/{order}", "dispatcher").json()["steps"]
    assert [s["reason"]["en"] for s in steps if s["kind"] == "sequenced"] == ["K17 open first"]


def test_the_wait_is_taken_back_with_an_empty_list(town: Town):
    _, _, order, first = two(town)
    put_after(town, order, first)
    answer = put_after(town, order, why="it was open already")
    assert (answer.status_code, answer.json()["after"]) == (200, [])


def test_orders_never_wait_for_each_other(town: Town):
    _, _, order, first = two(town)
    assert put_after(town, order, first).status_code == 200
    for wrong in ([order], [first]):
        answer = put_after(town, first, *wrong)
        assert answer.status_code == 422 and answer.json()["field"] == "orders", answer.text
    assert town.get(f"orders/{first}", "dispatcher").json()["after"] == []


def test_two_dispatchers_at_once_close_no_circle(town: Town):
    _, _, order, first = two(town)
    seen = [town.get(f"orders/{each}", "dispatcher").headers["etag"] for each in (order, first)]
    with ThreadPoolExecutor(2) as desks:
        answers = [
            desks.submit(put_after, town, order, first, version=seen[0]),
            desks.submit(put_after, town, first, order, version=seen[1]),
        ]
    codes = sorted(each.result().status_code for each in answers)
    assert codes == [200, 422]


def test_what_is_over_of_another_district_or_unknown_cannot_come_first(town: Town):
    outage, first_outage, order, first = two(town)
    far = {"location": {"lon": EAST_LON, "lat": LAT}}
    east = town.report("E1", "T9-0", **far).json()["outage"]["id"]
    foreign = int(town.get(f"outages/{east}", "admin").json()["order"]["id"])
    assert put_after(town, order, foreign).status_code == 422
    assert put_after(town, order, 10_000).status_code == 404
    assert send(town, first_outage).status_code == 200
    act(town, first, "accept", "arrive", "restore", "field_complete")
    assert put_after(town, order, first).status_code == 422
    assert send(town, outage).status_code == 200
    act(town, order, "accept", "arrive")
    begun = put_after(town, order)
    assert begun.status_code == 409, begun.text


def test_it_needs_a_reason_the_version_and_a_dispatcher(town: Town):
    _, _, order, first = two(town)
    assert put_after(town, order, first, why=" ").json()["type"] == "/problems/reason-required"
    assert put_after(town, order, first, version='"77"').status_code == 412
    body = {"orders": [first], "reason": "x"}
    answer = town.put(f"orders/{order}/after", "agent", body, **{"If-Match": '"1"'})
    assert answer.status_code == 403


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_console_has_the_form_with_what_was_set(town: Town, language: str):
    outage, _, order, first = two(town)
    put_after(town, order, first)
    page = panel(town, outage, language)
    assert f'data-url="/api/v1/orders/{order}/after"' in page
    assert f'name="orders" value="{first}" data-type="list" checked' in page
