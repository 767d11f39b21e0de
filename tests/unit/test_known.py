from datetime import timedelta

import pytest

from dispatch.domain.facts import CrewProgress, OwnTicket, PlannedNearby
from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import (
    Confidence,
    EstimatedRestoration,
    EstimateSource,
    OutageStatus,
)
from dispatch.domain.words import KnownKind, PlannedOutageId, Symptom, TicketId
from dispatch.explaining import calling_of
from dispatch.known import CallerSays, explain
from dispatch.rates import Rates, Stirring
from dispatch.sayings import say_reason
from tests.unit.core import CHINA, NOW, a_service_point, after, an_outage_nearby, facts

PLANNED = PlannedNearby(
    id=PlannedOutageId(3), reason="更换变压器", starts_at=after(-60), ends_at=after(120)
)


def ask(known, caller=None):
    return explain(known, caller or CallerSays(), now=NOW, clockface=CHINA)


def test_nothing_on_record_is_unknown_and_asks_for_the_neighbours():
    answer = ask(facts())
    assert answer.kind is KnownKind.UNKNOWN
    assert "邻居" in answer.ask.zh


def test_arrears_come_before_everything():
    point = a_service_point(disconnected_for="欠费")
    answer = ask(facts(an_outage_nearby(), service_point=point, planned=PLANNED))
    assert answer.kind is KnownKind.ARREARS


def test_a_planned_outage_under_way_is_answered_with_its_end():
    answer = ask(facts(planned=PLANNED))
    assert answer.kind is KnownKind.PLANNED
    assert "今天20:00" in answer.say.zh and "20:00" in answer.say.en


def test_a_planned_outage_that_has_not_begun_explains_nothing():
    tomorrow = PlannedNearby(
        id=PlannedOutageId(3), reason="x", starts_at=after(600), ends_at=after(700)
    )
    assert ask(facts(planned=tomorrow)).kind is KnownKind.UNKNOWN


def test_a_planned_outage_that_ends_late_says_so():
    late = PlannedNearby(
        id=PlannedOutageId(3), reason="检修", starts_at=after(-300), ends_at=after(-60)
    )
    assert "延迟" in ask(facts(planned=late)).say.zh


def planned_until(minutes):
    return PlannedNearby(
        id=PlannedOutageId(3), reason="检修", starts_at=after(-900), ends_at=after(minutes)
    )


def test_planned_work_without_a_recorded_end_explains_for_four_hours():
    assert ask(facts(planned=planned_until(-239))).kind is KnownKind.PLANNED
    assert ask(facts(planned=planned_until(-240))).kind is not KnownKind.PLANNED


def test_planned_work_long_past_its_end_is_only_mentioned():
    answer = ask(facts(planned=planned_until(-300)))
    assert (answer.kind, answer.planned) == (KnownKind.UNKNOWN, None)
    assert "我马上为您登记报修" in answer.say.zh and "今天13:00" in answer.say.zh
    assert "not reported as done" in answer.say.en
    assert say_reason(answer.reasons[-1]).en.startswith("planned work (检修) is past its end")


def test_a_fault_is_known_even_where_planned_work_was_never_ended():
    fault = an_outage_nearby(status=OutageStatus.CONFIRMED)
    answer = ask(facts(fault, planned=planned_until(-300)))
    assert (answer.kind, answer.outage) == (KnownKind.KNOWN_FAULT, fault)
    assert "planned_ended_late" in answer.reasons[-1]


def test_a_confirmed_outage_of_the_transformer_is_a_known_fault():
    crew = CrewProgress(name="一班", status=OrderStatus.EN_ROUTE, expected_at=after(12))
    answer = ask(facts(an_outage_nearby(status=OutageStatus.CONFIRMED, crew=crew)))
    assert answer.kind is KnownKind.KNOWN_FAULT and answer.probability > 0.9
    assert "18:12" in answer.say.zh


# In such weather a home fails by itself as often as a customer of an outage calls.
STORM = Stirring(devices=3000.0, singles=3000.0)


def in_a_storm(weather=STORM, **facts):
    return an_outage_nearby(calling=calling_of(Rates(), after(-200), stirring=weather), **facts)


@pytest.mark.parametrize(("few", "many"), [(1, 2), (2, 5)])
def test_more_reports_make_an_outage_surer_that_nobody_has_looked_at(few, many):
    gale = Stirring(devices=100.0, singles=100.0)
    sure = [ask(facts(in_a_storm(gale, reports=n), neighbours=50)) for n in (few, many)]
    assert sure[0].probability < sure[1].probability


def test_what_inference_left_goes_before_the_number_of_reports():
    near, far = (ask(facts(in_a_storm(reports=30, reach=r), neighbours=50)) for r in (0.9, 0.1))
    assert near.probability > 0.8 and far.kind is KnownKind.UNKNOWN


def test_what_is_confirmed_is_as_sure_as_the_record_however_late_the_call():
    late = an_outage_nearby(status=OutageStatus.CONFIRMED, started_at=after(-24 * 60))
    answer = ask(facts(late, neighbours=50))
    assert answer.kind is KnownKind.KNOWN_FAULT
    assert answer.probability == pytest.approx(0.98, abs=0.002)


def test_a_call_while_the_outage_is_young_makes_a_weak_guess_sure_in_the_calm():
    calm = calling_of(Rates(), after(-20))
    guess = an_outage_nearby(reports=3, reach=0.2, calling=calm)
    answer = ask(facts(guess, neighbours=50))
    assert answer.probability > 0.99
    assert "reports_reach?count=3&percent=20" in answer.reasons


def test_the_sentence_is_as_sure_as_the_number():
    sure = ask(facts(an_outage_nearby(status=OutageStatus.CONFIRMED), neighbours=50))
    likely = ask(facts(in_a_storm(reach=0.7), neighbours=50))
    assert sure.probability >= 0.95 and sure.say.en.startswith("We know of the outage")
    assert 0.5 <= likely.probability < 0.95 and "probably" in likely.say.en
    assert "很可能" in likely.say.zh and "很可能" not in sure.say.zh


def test_neighbours_with_light_speak_against_a_predicted_outage():
    caller = CallerSays(symptoms=frozenset({Symptom.NEIGHBOURS_LIT}))
    known = facts(in_a_storm(reach=0.7), neighbours=50)
    answer = ask(known, caller)
    assert ask(known).kind is KnownKind.KNOWN_FAULT
    assert answer.kind is KnownKind.INTERNAL_LIKELY and answer.checks


def test_it_is_likelier_inside_the_home_the_more_neighbours_are_silent():
    caller = CallerSays(symptoms=frozenset({Symptom.NEIGHBOURS_LIT}))
    few, many = (ask(facts(neighbours=n), caller) for n in (2, 200))
    assert few.kind is many.kind is KnownKind.INTERNAL_LIKELY
    assert 0.5 < few.probability < many.probability < 0.75
    assert many.reasons == ("neighbours_lit", "neighbours_silent?count=199")
    assert say_reason(many.reasons[1]).en.startswith("none of the 199 others")


def test_a_tripped_main_switch_all_but_settles_it():
    caller = CallerSays(symptoms=frozenset({Symptom.MAIN_SWITCH_TRIPPED}))
    answer = ask(facts(neighbours=50), caller)
    assert answer.kind is KnownKind.INTERNAL_LIKELY and answer.probability > 0.9
    assert answer.ask is None


def test_neighbours_in_the_dark_speak_for_it():
    caller = CallerSays(multiple_premises=True)
    known = facts(in_a_storm(reach=0.7), neighbours=50)
    told = ask(known, caller)
    assert told.probability > ask(known).probability
    assert told.ask is None


def test_an_outage_around_the_corner_counts_by_distance():
    near = an_outage_nearby(touches="near", distance_m=40.0, reports=3)
    far = an_outage_nearby(touches="near", distance_m=480.0, reports=3)
    assert ask(facts(near)).kind is KnownKind.KNOWN_FAULT
    assert ask(facts(far)).kind is KnownKind.UNKNOWN


def test_a_lone_report_around_the_corner_may_be_of_one_home():
    alone = an_outage_nearby(touches="near", distance_m=40.0, reports=1)
    assert ask(facts(alone)).kind is KnownKind.UNKNOWN


def test_what_was_restored_recently_is_said():
    answer = ask(facts(an_outage_nearby(restored_at=after(-30))))
    assert answer.kind is KnownKind.RESTORED_RECENTLY and answer.checks


def test_a_repeat_caller_is_recognised():
    own = OwnTicket(id=TicketId("A"), outage_id=None, received_at=after(-5))
    assert ask(facts(an_outage_nearby(), own_tickets=(own,))).repeats == own


def test_an_estimate_that_has_passed_is_told_as_what_it_was():
    passed = EstimatedRestoration(
        at=after(-5), source=EstimateSource.CREW, confidence=Confidence.HIGH
    )
    answer = ask(facts(an_outage_nearby(estimate=passed)))
    assert "原预计今天17:55恢复供电，现已超时，正在核实" in answer.say.zh
    assert (
        "was expected back at 17:55, which has passed; a new time is being checked" in answer.say.en
    )
    coming = EstimatedRestoration(
        at=NOW + timedelta(hours=20), source=EstimateSource.CREW, confidence=Confidence.HIGH
    )
    assert "3月2日14:00" in ask(facts(an_outage_nearby(estimate=coming))).say.zh


def test_the_question_is_asked_where_the_call_leaves_doubt():
    torn = ask(facts(in_a_storm(reach=0.7), neighbours=50))
    assert torn.ask is not None and torn.ask_bits > 0.3
    young = an_outage_nearby(reach=0.7, calling=calling_of(Rates(), after(-20)))
    sure = ask(facts(young, neighbours=50))
    assert (sure.ask, sure.ask_bits) == (None, None)


def test_who_has_spoken_of_the_neighbours_is_not_asked_again():
    told = CallerSays(symptoms=frozenset({Symptom.NEIGHBOURS_OUT}))
    answer = ask(facts(an_outage_nearby(reach=0.5)), told)
    assert (answer.ask, answer.ask_bits) == (None, None)


def test_a_question_has_its_worth_in_bits_wherever_neighbours_are_asked_about():
    assert 0 < ask(facts()).ask_bits < 1
    assert 0 < ask(facts(in_a_storm(reach=0.7))).ask_bits < 1
