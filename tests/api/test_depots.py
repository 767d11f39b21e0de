"""Depots, parts that orders need and crews carry: who goes, by which way, and who is left out."""

import pytest

from api.trackers.cab import order_words
from dispatch.domain.words import OrderId, TicketId
from tests.api.conftest import EAST_LON, Town
from tests.api.test_dispatching import act, open_outage, run_jobs, send
from tests.api.test_order_of_work import order_of
from tests.api.test_rests import blockers, crew_of
from tests.api.test_two_crews import merge, second_of
from tests.api.test_why_it_waits import panel
from tests.store.builders import LAT, LON

TRANSFORMER = "transformer 100 kVA"


def stock(town: Town, *parts: str, depot: str = "W1", who: str = "supervisor", **facts: object):
    body = {"name": "yard", "district_id": "west", "lon": LON + 0.02, "lat": LAT, "stock": parts}
    return town.put(f"depots/{depot}", who, {**body, **facts})


def need(town: Town, order: int, *parts: str, version: str | None = None, why: str = "it burnt"):
    seen = version or town.get(f"orders/{order}", "dispatcher").headers["etag"]
    body = {"parts": list(parts), "reason": why}
    return town.put(f"orders/{order}/parts", body=body, **{"If-Match": seen})


def carries(town: Town, *parts: str, crew: str = "C1", who: str = "dispatcher"):
    return town.put(f"crews/{crew}/carries", who, {"carries": parts})


def reasons(town: Town, outage: int, crew: str) -> list[str]:
    ranked = town.get(f"outages/{outage}/crews", "dispatcher").json()
    (mine,) = [each for each in ranked if each["crew_id"] == crew]
    return [each["en"] for each in mine["reasons"]]


def needing(town: Town) -> tuple[int, int]:
    """An outage and its order, which needs a transformer."""
    outage = open_outage(town)
    order = order_of(town, outage)
    assert need(town, order, "Transformer 100KVA").status_code == 200
    return outage, order


def test_whoever_lacks_a_part_goes_by_the_depot_that_has_it(town: Town):
    assert stock(town, "Transformer 100 kva", "pole").status_code == 200
    outage, _ = needing(town)
    said = f"by way of depot yard for {TRANSFORMER}"
    assert said in reasons(town, outage, "C1")
    town.clock.advance(3)
    run_jobs(town)
    order = town.get(f"outages/{outage}", "dispatcher").json()["order"]
    assert order["crew_id"] == "C1" and said in [why["en"] for why in order["why"]]


def test_of_two_crews_for_one_work_only_one_fetches_the_part(town: Town):
    stock(town, TRANSFORMER)
    _, order = needing(town)
    second = second_of(town, order)
    town.clock.advance(3)
    run_jobs(town)
    orders = [town.get(f"orders/{each}", "dispatcher").json() for each in (order, second)]
    assert {each["crew_id"] for each in orders} == {"C1", "C2"}
    by_depot = [any("by way of" in why["en"] for why in each["why"]) for each in orders]
    assert by_depot == [True, False]
    phones = {each["crew_id"]: town.get("crew/orders", each["crew_id"]).json() for each in orders}
    assert [phones[each["crew_id"]][0]["fetch"] is not None for each in orders] == [True, False]


def test_the_crew_that_carries_the_part_brings_it_to_work_for_two(town: Town):
    stock(town, TRANSFORMER)
    carries(town, TRANSFORMER, crew="C2")
    _, order = needing(town)
    second = second_of(town, order)
    town.clock.advance(3)
    run_jobs(town)
    sent = [town.get(f"orders/{each}", "dispatcher").json()["crew_id"] for each in (order, second)]
    assert sent == ["C2", "C1"]


def test_a_crew_that_carries_the_part_goes_before_one_that_has_to_fetch_it(town: Town):
    stock(town, TRANSFORMER)
    answer = carries(town, "transformer 100KVA; fuse", crew="C2")
    assert answer.json() == {"crew_id": "C2", "carries": ["fuse", TRANSFORMER]}
    outage, _ = needing(town)
    town.clock.advance(3)
    run_jobs(town)
    assert crew_of(town, outage) == "C2"


def test_a_part_that_nobody_has_is_said_and_nobody_is_sent(town: Town):
    stock(town, "pole")
    outage, _ = needing(town)
    town.clock.advance(3)
    run_jobs(town)
    assert crew_of(town, outage) is None
    why = f"lacks {TRANSFORMER}, and no depot has all of it"
    assert blockers(town, outage) == {"C1": [why], "C2": [why]}
    ranked = town.get(f"outages/{outage}/crews", "dispatcher").json()
    assert [each["en"] for each in ranked[0]["excluded"]] == [why]
    assert send(town, outage, why="").status_code == 422
    assert send(town, outage, why="another utility brings it").status_code == 200
    assert stock(town, TRANSFORMER).status_code == 200


def test_a_depot_of_another_district_serves_nobody_here(town: Town):
    assert (
        stock(town, TRANSFORMER, district_id="east", lon=EAST_LON, who="admin").status_code == 200
    )
    outage, _ = needing(town)
    assert "no depot has all of it" in blockers(town, outage)["C1"][0]


def test_danger_waits_for_no_part(town: Town):
    town.report("H1", "T2-0", hazards=["wire_down"])
    with town.house.transaction() as store:
        incident = store.orders.find_incident_of(TicketId("H1"))
        hurt = store.orders.find_open_of_incident(incident.id).id
    assert need(town, hurt, TRANSFORMER).status_code == 200
    run_jobs(town)
    assert town.get(f"orders/{hurt}", "dispatcher").json()["crew_id"] == "C1"


def test_the_phone_says_where_to_fetch_until_the_parts_are_aboard(town: Town):
    stock(town, TRANSFORMER)
    outage, order = needing(town)
    assert send(town, outage).status_code == 200
    (mine,) = town.get("crew/orders", "C1").json()
    assert mine["fetch"]["parts"] == [TRANSFORMER]
    assert (mine["fetch"]["depot"]["id"], mine["order"]["parts"]) == ("W1", [TRANSFORMER])
    phone = town.client.get("/crew", headers=town.headers("C1", **{"Accept-Language": "en"})).text
    assert "Fetch at depot yard" in phone and f"geo:{LAT},{LON + 0.02}" in phone
    with town.house.transaction() as store:
        assert f"需要配件：{TRANSFORMER}" in order_words(store, store.orders.get(OrderId(order)))
    answer = act(town, order, "accept", "fetched")
    assert [each["outcome"] for each in answer.json()["actions"]] == ["applied"] * 2
    (mine,) = town.get("crew/orders", "C1").json()
    assert (mine["fetch"], mine["order"]["fetched"]) == (None, [TRANSFORMER])


def test_what_one_crew_has_fetched_the_next_one_lacks(town: Town):
    stock(town, TRANSFORMER)
    outage, order = needing(town)
    send(town, outage)
    act(town, order, "accept", "fetched")
    act(town, order, "return", first=9, reason="the van broke down")
    assert send(town, outage, "C2").status_code == 200
    assert town.get("crew/orders", "C2").json()[0]["fetch"]["depot"]["id"] == "W1"


def test_a_crew_on_site_says_what_is_needed_and_the_next_one_fetches_it(town: Town):
    stock(town, "pole", TRANSFORMER)
    outage, order = needing(town)
    send(town, outage)
    act(town, order, "accept", "arrive")
    found = act(town, order, "findings", first=5, cause="wind", parts_needed=["Pole"])
    assert found.json()["actions"][0]["outcome"] == "applied", found.text
    full = town.get(f"orders/{order}", "dispatcher").json()
    assert full["parts"] == ["pole", TRANSFORMER]
    assert [s["by"] for s in full["steps"] if s["kind"] == "parts_asked"][-1] == "C1"


def test_a_merge_takes_along_what_the_order_needed(town: Town):
    part, _ = needing(town)
    whole = open_outage(town, "B1", "T2-0")
    assert merge(town, whole, part).status_code == 200
    assert town.get(f"orders/{order_of(town, whole)}", "dispatcher").json()["parts"] == [
        TRANSFORMER
    ]


def test_parts_need_a_reason_the_version_an_open_order_and_a_dispatcher(town: Town):
    outage, order = needing(town)
    assert need(town, order, "pole", why=" ").json()["type"] == "/problems/reason-required"
    assert need(town, order, "pole", version='"77"').status_code == 412
    body = {"parts": ["pole"], "reason": "x"}
    assert (
        town.put(f"orders/{order}/parts", "agent", body, **{"If-Match": '"1"'}).status_code == 403
    )
    assert need(town, order).json()["parts"] == []
    send(town, outage)
    act(town, order, "accept", "arrive", "restore", "field_complete")
    assert need(town, order, "pole").status_code == 409


def test_depots_are_kept_by_supervisors_of_their_district_and_closed(town: Town):
    assert stock(town, "pole", who="dispatcher").status_code == 403
    assert stock(town, "pole", district_id="north").status_code == 404
    assert stock(town, "pole").status_code == 200
    assert stock(town, "Pole", "FUSE 63a", name="new yard").json()["stock"] == ["fuse 63 A", "pole"]
    (kept,) = town.get("depots", "dispatcher").json()
    assert (kept["id"], kept["name"]) == ("W1", "new yard")
    gone = town.client.delete("/api/v1/depots/W1", headers=town.headers("supervisor"))
    assert gone.status_code == 204
    assert town.get("depots", "dispatcher").json() == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_console_has_the_form_with_what_is_needed_and_stocked(town: Town, language: str):
    stock(town, TRANSFORMER, "pole")
    outage, order = needing(town)
    page = panel(town, outage, language)
    assert f'data-url="/api/v1/orders/{order}/parts"' in page
    assert f'name="parts" value="{TRANSFORMER}" data-type="list" checked' in page
    assert '<option value="pole">' in page


def test_the_list_of_crews_says_what_each_carries(town: Town):
    carries(town, "pole")
    page = town.client.get("/console/crews", headers=town.headers("dispatcher")).text
    assert 'class="carries"' in page and 'value="pole"' in page
    (first, *_) = town.get("crews", "dispatcher").json()
    assert (first["id"], first["carries"]) == ("C1", ["pole"])


def test_what_a_crew_carries_is_sent_back_as_the_form_shows_it_however_long(town: Town):
    parts = ", ".join(f"cross-arm of galvanised steel angle {n}" for n in range(100, 120))
    answer = carries(town, parts)
    assert answer.status_code == 200, answer.text
    page = town.client.get("/console/crews", headers=town.headers("dispatcher")).text
    assert f'value="{parts}" maxlength="1300"' in page


@pytest.mark.parametrize("depot", ["%00", "x" * 101, "%20"])
def test_a_depot_has_an_id_that_can_be_kept(town: Town, depot: str):
    assert stock(town, "pole", depot=depot).status_code == 422


def test_supervisors_see_the_depots_of_their_districts_and_say_what_they_stock(town: Town):
    stock(town, "pole", TRANSFORMER)
    far = {"district_id": "east", "lon": EAST_LON, "name": "far yard"}
    assert stock(town, "fuse", depot="E1", **far).status_code == 200

    def page(who: str) -> str:
        return town.client.get("/console/crews", headers=town.headers(who)).text

    assert "yard" in page("west-dispatcher") and "far yard" not in page("west-dispatcher")
    assert 'name="stock"' in page("supervisor") and 'name="stock"' not in page("dispatcher")
    assert f">pole\n{TRANSFORMER}</textarea>" in page("supervisor")
    assert stock(town, f"pole\n{TRANSFORMER}\n" + "insulator of porcelain\n" * 40).json()[
        "stock"
    ] == ["insulator of porcelain", "pole", TRANSFORMER]
