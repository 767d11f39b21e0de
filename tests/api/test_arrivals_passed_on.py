"""What is made of a crew's arrival whose order passed on to another, over HTTP."""

from datetime import timedelta

import pytest

from tests.api.conftest import Town
from tests.api.test_arrivals import (
    KM,
    LON,
    act,
    cab_is_elsewhere,
    judged,
    order,
    page,
    passes,
    returns,
    sends,
    status,
    stays,
)
from tests.api.test_dispatching import open_outage, send
from tests.api.test_two_crews import merge

__all__ = ["order"]


def after_another_comes_late(town: Town, order: int) -> str:
    """How the promise stands when C1 has given the order back and C2 is there after its end."""
    returns(town, order)
    town.clock.advance(110)
    sends(town, order, "C2")
    stays(town, 12, east_km=2, tag="on", crew="C2")
    stays(town, 5, tag="there", crew="C2")
    return promised(town)


def promised(town: Town, ticket: str = "A1") -> str:
    """How the promise to a caller stands, the first one if not told otherwise."""
    clocks = town.get(f"tickets/{ticket}").json()["clocks"]
    (promise,) = [clock for clock in clocks if clock["rule"] == "arrival_commitment"]
    return str(promise["verdict"])


def there_without_network(
    town: Town, order: int, east_km: float = 0.0, *, says: bool = True
) -> list[dict[str, object]]:
    """C1 drives up, says that it is there, and stays; its phone keeps the positions."""
    kept = list(passes(town, 10, east_km=2, tag="on"))
    kept += passes(town, 2, east_km=east_km, tag="there")
    if says:
        act(town, order, "arrive")
    return [*kept, *passes(town, 4, east_km=east_km, tag="stays")]


def posts(town: Town, fixes: list[dict[str, object]], crew: str = "C1") -> None:
    answer = town.post("crew/positions", crew, {"positions": fixes})
    assert answer.status_code == 200, answer.text


def test_a_crew_that_gets_its_order_again_is_judged_by_this_time_only(town: Town, order: int):
    stays(town, 3, east_km=4)
    act(town, order, "arrive")
    assert judged(town, order) == ["contradicted"]
    returns(town, order)
    sends(town, order, "C1")
    assert "arrival_doubted" not in page(town, "/console/alarms", "dispatcher")
    assert "arrival_stands" not in page(town, "/crew/orders", "C1")
    stays(town, 3, east_km=4, tag="again")
    assert judged(town, order) == ["contradicted"]
    stays(town, 12, east_km=2, tag="on")
    stays(town, 5, tag="there")
    newest, *_ = town.get(f"orders/{order}/arrival", "dispatcher").json()["judgements"]
    assert (newest["verdict"], newest["filled_in"]) == ("confirmed", True)


def test_the_next_crew_is_not_asked_about_the_claim_of_the_one_before(town: Town, order: int):
    stays(town, 3, east_km=4)
    act(town, order, "arrive")
    returns(town, order)
    sends(town, order, "C2")
    assert "arrival_stands" not in page(town, "/crew/orders", "C2")


@pytest.mark.parametrize("says", [True, False])
def test_a_track_that_comes_after_the_order_was_given_back_still_keeps_the_promise(
    town: Town, order: int, *, says: bool
):
    kept = there_without_network(town, order, says=says)
    returns(town, order)
    assert promised(town) == "running"
    posts(town, kept)
    wanted = ["confirmed", "claimed_only"] if says else ["confirmed"]
    assert judged(town, order) == wanted
    assert promised(town) == "kept"
    assert status(town, order) == "awaiting_assignment"
    posts(town, list(passes(town, 5, east_km=3, tag="off")))
    assert judged(town, order) == wanted


def test_a_crew_whose_order_was_given_to_another_was_there_all_the_same(town: Town, order: int):
    kept = there_without_network(town, order, says=False)
    sends(town, order, "C2")
    posts(town, kept)
    assert promised(town) == "kept"
    assert status(town, order) == "en_route"


def test_a_crew_that_only_drove_past_before_it_gave_the_order_back_kept_nothing(
    town: Town, order: int
):
    kept = [*passes(town, 10, east_km=2, tag="on"), *passes(town, 1, tag="past")]
    kept += passes(town, 5, east_km=4, tag="off")
    returns(town, order)
    posts(town, kept)
    assert judged(town, order) == []
    assert promised(town) == "running"


@pytest.mark.parametrize(("east_km", "verdict"), [(0.0, "kept"), (6.0, "missed")])
def test_a_late_track_settles_what_could_not_be_said_when_the_next_crew_came(
    town: Town, order: int, east_km: float, verdict: str
):
    kept = there_without_network(town, order, east_km)
    assert after_another_comes_late(town, order) == "cannot_say"
    posts(town, kept)
    assert promised(town) == verdict
    newest, *_ = town.get(f"orders/{order}/arrival", "dispatcher").json()["judgements"]
    assert (newest["crew_id"], status(town, order)) == ("C1", "arrived")


def test_a_proof_of_who_gave_the_order_back_that_is_none_lets_the_promise_run_on(
    town: Town, order: int
):
    began = town.clock.now
    kept = there_without_network(town, order)
    returns(town, order)
    posts(town, kept)
    assert promised(town) == "kept"
    cab_is_elsewhere(town, began + timedelta(minutes=10), 13)
    assert judged(town, order)[0] != "confirmed"
    assert promised(town) == "running"


@pytest.mark.parametrize(("pressed", "verdict"), [("arrive", "cannot_say"), ("check_in", "missed")])
def test_whoever_gave_the_order_back_may_have_been_there_as_they_said(
    town: Town, order: int, pressed: str, verdict: str
):
    act(town, order, pressed)
    assert after_another_comes_late(town, order) == verdict


def test_a_contradicted_word_of_who_gave_the_order_back_excuses_nobody(town: Town, order: int):
    stays(town, 3, east_km=4)
    act(town, order, "arrive")
    assert after_another_comes_late(town, order) == "missed"


def test_a_stay_after_the_order_was_given_back_is_none_of_that_time(town: Town, order: int):
    act(town, order, "arrive")
    returns(town, order)
    town.clock.advance(10)
    kept = [*passes(town, 10, east_km=2, tag="on"), *passes(town, 5, tag="later")]
    town.clock.advance(3)
    posts(town, kept)
    assert judged(town, order) == ["claimed_only"]
    assert promised(town) == "running"


@pytest.fixture
def merged(town: Town, order: int) -> int:
    """C1 and C2 drive; what C1 drives for turns out to be part of what C2 drives for: B1."""
    part = town.get(f"orders/{order}", "dispatcher").json()["outage_id"]
    whole = open_outage(town, "B1", "T2-0")
    other = int(send(town, whole, "C2").json()["order"]["id"])
    act(town, other, "accept", "en_route", crew="C2")
    assert merge(town, whole, part).status_code == 200
    assert town.get("tickets/A1", "dispatcher").json()["outage_id"] == whole
    return other


def test_a_crew_whose_outage_became_part_of_another_keeps_the_promise_to_its_callers(
    town: Town, order: int, merged: int
):
    stays(town, 4)
    assert judged(town, order) == ["confirmed"]
    assert (promised(town), promised(town, "B1")) == ("kept", "running")


def test_a_word_without_proof_judges_nothing_while_the_larger_outages_crew_may_come(
    town: Town, order: int, merged: int
):
    act(town, order, "arrive", "field_complete")
    assert status(town, order) == "field_complete"
    assert (promised(town), promised(town, "B1")) == ("running", "running")
    place = town.get(f"orders/{merged}", "dispatcher").json()
    stays(town, 4, east_km=(place["lon"] - LON) * 0.877 / KM, crew="C2")
    assert judged(town, merged) == ["confirmed"]
    assert (promised(town), promised(town, "B1")) == ("kept", "kept")
