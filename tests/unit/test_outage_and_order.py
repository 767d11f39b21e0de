import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import order as orders
from dispatch.domain import outage as outages
from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import (
    Confidence,
    EstimatedRestoration,
    EstimateSource,
    OutageStatus,
    PredictedDevice,
)
from dispatch.domain.words import CrewId, OutageId
from dispatch.errors import IllegalStep, InvalidInput
from tests.unit.core import after, an_order, an_outage

FUSE = PredictedDevice(id="switch:k1", kind="fuse", name="k1")


def estimate(minutes, source):
    return EstimatedRestoration(at=after(minutes), source=source, confidence=Confidence.LOW)


def test_what_was_confirmed_is_not_predicted_again():
    confirmed = an_outage().confirm(after(5), FUSE, "树障")
    with pytest.raises(IllegalStep):
        confirmed.predict(PredictedDevice(id="x", kind="breaker", name="x"), 0.0, 0.0)


def test_a_crews_estimate_is_never_overwritten_by_a_guess():
    known = an_outage().expect(estimate(60, EstimateSource.CREW))
    assert known.expect(estimate(20, EstimateSource.MODEL)) is known
    assert known.expect(estimate(90, EstimateSource.CREW)).estimate.at == after(90)


def test_part_of_the_customers_may_come_back_more_than_once():
    once = an_outage().restore_some()
    assert once.restore_some().status is OutageStatus.PARTIALLY_RESTORED
    assert once.restore_all(after(60)).restored_at == after(60)


def test_nothing_is_restored_before_it_went_out():
    with pytest.raises(InvalidInput):
        an_outage().restore_all(after(-1))


def test_customers_still_out_keep_an_outage_from_being_closed():
    with pytest.raises(IllegalStep):
        an_outage().confirm(after(1), FUSE, None).close(after(2))


def test_only_a_prediction_becomes_part_of_another_outage():
    whole = an_outage(id=OutageId(2))
    part = an_outage().merge_into(whole, after(1), "same fuse")
    assert part.merged_into_id == 2 and part.status is OutageStatus.CLOSED
    with pytest.raises(IllegalStep):
        an_outage().confirm(after(1), FUSE, None).merge_into(whole, after(2), "x")


def given_to(order, crew="C1"):
    return order.assign(CrewId(crew), after(1), travel_s=600.0, travel_basis="road", why=())


def test_a_phone_back_from_a_dead_zone_may_skip_steps():
    arrived = given_to(an_order()).arrive(after(20))
    assert arrived.accepted_at == arrived.en_route_at == after(20)


def test_an_order_given_back_forgets_its_crew():
    waiting = given_to(an_order()).accept(after(2)).give_back()
    assert waiting.crew_id is None and waiting.status is OrderStatus.AWAITING_ASSIGNMENT


def test_an_order_on_site_is_not_given_to_another_crew():
    with pytest.raises(IllegalStep):
        given_to(given_to(an_order()).arrive(after(20)), "C2")


RANK = {
    OrderStatus.AWAITING_ASSIGNMENT: 0,
    OrderStatus.ASSIGNED: 1,
    OrderStatus.ACCEPTED: 2,
    OrderStatus.EN_ROUTE: 3,
    OrderStatus.ARRIVED: 4,
    OrderStatus.FIELD_COMPLETE: 5,
}


@given(st.lists(st.sampled_from(["accept", "start", "arrive", "complete", "cancel"]), max_size=12))
def test_whatever_a_crew_sends_an_order_never_goes_back(steps):
    order = given_to(an_order())
    for minute, step in enumerate(steps):
        before = order.status
        try:
            order = order.cancel() if step == "cancel" else getattr(order, step)(after(minute))
        except IllegalStep:
            assert order.status is before
        if OrderStatus.CANCELLED not in {before, order.status}:
            assert RANK[order.status] >= RANK[before]


def test_every_status_has_its_row_in_the_table():
    assert set(orders.NEXT_STATUS) == set(OrderStatus)
    assert set(outages.NEXT_STATUS) == set(OutageStatus)
