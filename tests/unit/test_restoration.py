"""What is foreseen at each milestone, and told: steady, never past, people's word first."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import (
    Confidence,
    EstimateAlarm,
    EstimateBasis,
    EstimatedRestoration,
    EstimateSource,
    OutageStatus,
    PredictedDevice,
)
from dispatch.domain.repair import DistrictNow, Milestone, Telling
from dispatch.errors import IllegalStep
from dispatch.learning.curves import Curve
from dispatch.learning.forecaster import Forecaster
from dispatch.restoration import (
    QUIET,
    Forecast,
    PlannedArrival,
    Situation,
    asks_crew,
    forecast,
    reached,
    steady,
    tell,
)
from tests.unit.core import NOW, after, an_order, an_outage

TABLE = Forecaster()
TELLING = Telling()
SITUATION = Situation(around=QUIET)


def foreseen(curve: Curve, **facts: object) -> Forecast:
    told = {
        "restoration": curve,
        "arrival": None,
        "basis": EstimateBasis.HISTORY,
        "version": 2,
        "milestone": Milestone.OPENED,
    }
    return Forecast(**{**told, **facts})


def entered(minutes: float, source: EstimateSource = EstimateSource.CREW) -> EstimatedRestoration:
    return EstimatedRestoration(at=after(minutes), source=source, confidence=Confidence.HIGH)


def sent(**facts: object):
    return an_order(
        **{"status": OrderStatus.ASSIGNED, "crew_id": "C1", "assigned_at": NOW, "travel_s": 1200.0}
        | facts
    )


def test_there_is_an_estimate_from_minute_zero():
    first = forecast(TABLE, an_outage(opened_at=NOW), None, SITUATION, now=NOW)
    assert (first.milestone, first.basis) == (Milestone.OPENED, EstimateBasis.ASSUMED)
    told = tell(first, now=NOW, telling=TELLING)
    assert told.source is EstimateSource.RULE and told.confidence is Confidence.LOW
    assert told.from_at < told.at <= told.to_at


def test_a_known_drive_and_an_arrival_each_make_it_surer():
    outage = an_outage(opened_at=NOW, device=PredictedDevice(id=None, kind="fuse", name="F"))
    opened = forecast(TABLE, outage, None, SITUATION, now=NOW)
    assigned = forecast(TABLE, outage, sent(), SITUATION, now=NOW)
    there = sent(status=OrderStatus.ARRIVED, arrived_at=NOW)
    arrived = forecast(TABLE, outage, there, SITUATION, now=NOW)
    widths = [
        each.restoration.quantile(0.9) - each.restoration.quantile(0.1)
        for each in (opened, assigned, arrived)
    ]
    assert widths == sorted(widths, reverse=True)
    assert assigned.arrival is not None and arrived.arrival is None
    assert assigned.arrival.quantile(0.5) == pytest.approx(20.0, rel=0.01)


@pytest.mark.parametrize(
    ("facts", "order", "milestone"),
    [
        ({}, None, Milestone.OPENED),
        ({}, {"status": OrderStatus.ACCEPTED}, Milestone.ASSIGNED),
        ({}, {"status": OrderStatus.EN_ROUTE, "en_route_at": NOW}, Milestone.EN_ROUTE),
        ({}, {"status": OrderStatus.ARRIVED, "arrived_at": NOW}, Milestone.ARRIVED),
        (
            {"status": OutageStatus.CONFIRMED, "confirmed_at": after(3), "cause": "tree"},
            {"status": OrderStatus.ARRIVED, "arrived_at": NOW},
            Milestone.FOUND,
        ),
        ({"status": OutageStatus.PARTIALLY_RESTORED}, {}, Milestone.PARTLY),
    ],
)
def test_it_is_foreseen_from_the_last_milestone(facts, order, milestone):
    found, _ = reached(an_outage(**facts), None if order is None else sent(**order), after(5))
    assert found is milestone


def test_a_crew_that_went_away_again_leaves_the_outage_where_it_was():
    waiting = sent(status=OrderStatus.AWAITING_ASSIGNMENT, crew_id=None, arrived_at=NOW)
    assert reached(an_outage(opened_at=after(-30)), waiting, None) == (
        Milestone.OPENED,
        after(-30),
    )


def test_without_history_a_waiting_order_is_foreseen_by_the_plan():
    planned = Situation(around=QUIET, planned=PlannedArrival(mean_min=180.0, sd_min=20.0))
    found = forecast(TABLE, an_outage(opened_at=NOW), an_order(), planned, now=NOW)
    plain = forecast(TABLE, an_outage(opened_at=NOW), an_order(), SITUATION, now=NOW)
    assert found.basis is EstimateBasis.PLAN
    assert found.arrival.quantile(0.5) > 2 * plain.arrival.quantile(0.5)
    assert found.restoration.quantile(0.5) > found.arrival.quantile(0.9)


def test_a_crew_that_was_sent_is_foreseen_by_its_drive_and_no_more_by_the_plan():
    planned = Situation(around=QUIET, planned=PlannedArrival(mean_min=180.0, sd_min=20.0))
    found = forecast(TABLE, an_outage(opened_at=NOW), sent(), planned, now=NOW)
    assert found.basis is EstimateBasis.ASSUMED


@given(
    st.floats(1.0, 2_000.0),
    st.floats(0.05, 1.5),
    st.floats(0.0, 10_000.0),
    st.integers(0, 1_000),
    st.floats(0.5, 0.95),
)
def test_what_is_told_never_lies_in_the_past_and_is_a_quarter_hour(
    median: float, spread: float, passed: float, second: int, share: float
):
    now = NOW + timedelta(seconds=second)
    told = tell(
        foreseen(Curve.lognormal(median, spread).after(passed)),
        now=now,
        telling=Telling(share=share),
    )
    assert told.at >= now + TELLING.renew_within
    assert (told.at.minute % 15, told.at.second, told.at.microsecond) == (0, 0, 0)
    assert now <= told.from_at <= told.at <= told.to_at


def test_a_higher_share_is_told_later():
    curve = foreseen(Curve.lognormal(120.0, 0.6))
    half, most = (tell(curve, now=NOW, telling=Telling(share=p)).at for p in (0.5, 0.9))
    assert most - half > timedelta(minutes=60)


def test_the_confidence_is_the_spread_and_the_table_alone_is_never_sure():
    narrow, wide = Curve.lognormal(60.0, 0.1), Curve.lognormal(60.0, 1.2)
    words = [
        tell(foreseen(curve, **facts), now=NOW, telling=TELLING).confidence
        for curve, facts in (
            (narrow, {}),
            (Curve.lognormal(60.0, 0.5), {}),
            (wide, {}),
            (narrow, {"version": 1, "milestone": Milestone.ARRIVED}),
            (narrow, {"version": 1}),
        )
    ]
    assert words == [
        Confidence.HIGH,
        Confidence.MEDIUM,
        Confidence.LOW,
        Confidence.MEDIUM,
        Confidence.LOW,
    ]


def held(minutes: float, **facts: object) -> EstimatedRestoration:
    first = tell(foreseen(Curve.lognormal(90.0, 0.5)), now=NOW, telling=TELLING)
    return replace(first, at=after(minutes), **facts)


def test_a_told_time_stays_while_it_is_nearly_right():
    now_held = held(150)
    fresh = replace(now_held, at=after(165), said_at=after(1))
    assert steady(now_held, fresh, now=NOW, telling=TELLING) is now_held


def test_a_told_time_moves_when_it_is_far_off_or_would_pass():
    now_held = held(150)
    far = replace(now_held, at=after(210))
    assert steady(now_held, far, now=NOW, telling=TELLING) is far
    soon = replace(now_held, at=after(165))
    late = NOW + timedelta(minutes=141)
    assert steady(now_held, soon, now=late, telling=TELLING) is soon


def test_a_told_time_that_stays_still_becomes_surer():
    now_held = held(150)
    surer = replace(now_held, at=after(165), confidence=Confidence.HIGH)
    told = steady(now_held, surer, now=NOW, telling=TELLING)
    assert (told.at, told.confidence) == (now_held.at, Confidence.HIGH)


@given(
    st.floats(-500.0, 500.0),
    st.floats(1.0, 1_000.0),
    st.sampled_from([EstimateSource.CREW, EstimateSource.DISPATCHER]),
)
def test_what_a_person_said_is_never_replaced_by_a_model(
    said: float, median: float, source: EstimateSource
):
    word = entered(said, source)
    fresh = tell(foreseen(Curve.lognormal(median, 0.5)), now=NOW, telling=TELLING)
    assert steady(word, fresh, now=NOW, telling=TELLING) is word
    outage = an_outage(estimate=word)
    assert outage.expect(fresh) is outage


def test_the_table_may_follow_a_model_when_a_version_is_taken_back():
    outage = an_outage(estimate=held(60))
    fresh = replace(held(120), source=EstimateSource.RULE)
    assert outage.expect(fresh).estimate == fresh


def test_the_crew_on_site_is_asked_until_it_says_and_before_its_word_passes():
    there = sent(status=OrderStatus.ARRIVED, arrived_at=NOW)

    def asked(order, estimate) -> bool:
        return asks_crew(an_outage(estimate=estimate), order, telling=TELLING, now=NOW)

    assert asked(there, held(60))
    assert asked(there, entered(60, EstimateSource.DISPATCHER))
    assert not asked(there, entered(60))
    assert asked(there, entered(20))
    assert asked(there, entered(-5))
    assert not asked(sent(), held(60))


def test_an_alarm_is_noted_once_and_ends_with_the_next_estimate():
    raised = an_outage(estimate=entered(10)).raise_alarm(EstimateAlarm.EXPIRING)
    with pytest.raises(IllegalStep):
        raised.raise_alarm(EstimateAlarm.EXPIRING)
    assert raised.expect(entered(90)).estimate.alarm is EstimateAlarm.NONE


def test_a_storm_is_foreseen_by_the_plan_though_there_is_history(learned: Forecaster):
    planned = PlannedArrival(mean_min=300.0, sd_min=30.0)
    calm = DistrictNow(opened_lately=1, unreached=1, crews=4)
    busy = DistrictNow(opened_lately=40, unreached=30, crews=4)
    outage = an_outage(opened_at=NOW, district_id="D1")
    found = [
        forecast(
            learned, outage, an_order(), Situation(around=around, planned=planned), now=NOW
        ).basis
        for around in (calm, busy)
    ]
    assert found == [EstimateBasis.HISTORY, EstimateBasis.PLAN]
