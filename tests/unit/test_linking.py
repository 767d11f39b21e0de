"""Customers on record under the wrong transformer, found by when they call."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.domain.past import Darkness, LinkedCustomer, LinkHistory, ReportedLoss
from dispatch.domain.words import OutageId, UsagePointId
from dispatch.learning.linking import suspect_links
from dispatch.rates import Rates
from tests.unit.simulated_links import Town
from tests.unit.simulated_past import SINCE

RATES = Rates()
SUSPECT, NEIGHBOUR = UsagePointId(1), UsagePointId(2)


def day(number: float):
    return SINCE + timedelta(days=number)


def out(transformer: str, on: float, number: int | None = None) -> Darkness:
    return Darkness(
        outage_id=OutageId(int(on) if number is None else number),
        transformer_id=transformer,
        from_at=day(on),
        to_at=day(on) + timedelta(hours=2),
        customers=40,
        callers=4,
    )


def call(on: float, who: UsagePointId = SUSPECT, of: str = "own") -> ReportedLoss:
    return ReportedLoss(usage_point_id=who, transformer_id=of, at=day(on) + timedelta(minutes=9))


def gasp(on: float, who: UsagePointId = SUSPECT, of: str = "own") -> ReportedLoss:
    return ReportedLoss(usage_point_id=who, transformer_id=of, at=day(on) - timedelta(minutes=1))


def history(
    *facts: Darkness | ReportedLoss,
    nearby: tuple[str, ...] = ("next", "far"),
    gasps: tuple[ReportedLoss, ...] = (),
):
    return LinkHistory(
        customers=(
            LinkedCustomer(
                usage_point_id=SUSPECT, account="A1", transformer_id="own", nearby=nearby
            ),
        ),
        darkness=tuple(f for f in facts if isinstance(f, Darkness)),
        reports=tuple(f for f in facts if isinstance(f, ReportedLoss)),
        gasps=gasps,
        served={"own": 40},
    )


THRICE = (out("next", 1), out("next", 20), out("next", 40), call(1), call(20), call(40))


def test_who_calls_with_the_neighbours_transformer_again_and_again_is_suspected():
    (found,) = suspect_links(history(*THRICE), RATES)
    assert (found.account, found.transformer_id, found.candidate_id) == ("A1", "own", "next")
    assert found.probability > 0.99 and found.of_candidate > 0.99
    assert [e.called_at for e in found.evidence] == [
        day(n) + timedelta(minutes=9) for n in (1, 20, 40)
    ]


def test_one_such_call_is_not_enough():
    assert suspect_links(history(out("next", 1), call(1), call(2)), RATES) == []


def test_two_calls_in_one_outage_are_one_outage():
    later = replace(call(1), at=day(1) + timedelta(minutes=50))
    assert suspect_links(history(out("next", 1), call(1), later), RATES) == []


def test_calls_when_the_own_transformer_is_out_speak_for_the_record():
    own = (out("own", 60), out("own", 80), out("own", 90), call(60), call(80), call(90))
    assert suspect_links(history(*THRICE, *own), RATES) == []


def test_silence_when_the_own_transformer_is_out_speaks_against_it():
    without = suspect_links(history(*THRICE), RATES)[0]
    quiet = suspect_links(history(*THRICE, *(out("own", 100 + n) for n in range(5))), RATES)[0]
    assert quiet.probability > without.probability
    assert sum(e.called_at is None for e in quiet.evidence) == 5


def test_an_outage_of_both_tells_nothing():
    both = [out("own", on, number=n) for n, on in enumerate((1, 20, 40), start=500)]
    assert suspect_links(history(*THRICE, *both), RATES) == []


def test_other_customers_of_the_own_transformer_who_call_too_clear_the_suspect():
    beside = [call(on, who=NEIGHBOUR) for on in (1, 20, 40)]
    assert suspect_links(history(*THRICE, *beside), RATES) == []


def test_two_neighbours_that_always_go_out_together_share_the_suspicion():
    (found,) = suspect_links(history(*THRICE, *(out("far", on) for on in (1, 20, 40))), RATES)
    assert found.probability > 0.99
    assert found.of_candidate == pytest.approx(found.probability / 2)


def test_more_callers_than_the_record_has_customers_are_no_trouble():
    crowded = [replace(out("next", on), customers=3, callers=9) for on in (1, 20, 40, 60)]
    (found,) = suspect_links(history(*crowded, call(1), call(20), call(40)), RATES)
    assert [e.log_odds > 0 for e in found.evidence] == [True, True, True, False]


TWICE = tuple(replace(out("next", on), gasps=20) for on in (1, 20))


def test_a_meter_that_goes_dark_with_the_neighbours_is_suspected_without_a_call():
    (found,) = suspect_links(history(*TWICE, gasps=(gasp(1), gasp(20))), RATES)
    assert found.candidate_id == "next" and found.outages == 2
    assert [(e.called_at, e.gasped_at) for e in found.evidence] == [
        (None, day(on) - timedelta(minutes=1)) for on in (1, 20)
    ]


def test_a_call_and_a_gasp_in_different_outages_are_two():
    (found,) = suspect_links(history(*TWICE, call(1), gasps=(gasp(20),)), RATES)
    assert found.outages == 2


def test_a_call_and_a_gasp_in_one_outage_are_one():
    assert suspect_links(history(*TWICE, call(1), gasps=(gasp(1),)), RATES) == []


def test_a_gasp_with_the_own_transformer_speaks_for_the_record():
    own = tuple(replace(out("own", on), gasps=20) for on in (60, 80))
    heard = (gasp(1), gasp(20))
    wrong = suspect_links(history(*TWICE, *own, gasps=heard), RATES)
    right = suspect_links(history(*TWICE, *own, gasps=(*heard, gasp(60), gasp(80))), RATES)
    assert wrong[0].probability > 0.99 and right == []


def test_the_silence_of_a_meter_that_can_gasp_tells_more_than_that_of_a_customer():
    quiet = (replace(out("own", 60), gasps=20),)
    able = suspect_links(history(*TWICE, *quiet, gasps=(gasp(1), gasp(20))), RATES)[0]
    called = suspect_links(history(*THRICE, *quiet), RATES)[0]
    assert able.evidence[-1].log_odds > called.evidence[-1].log_odds > 0


def test_two_other_meters_of_the_own_transformer_clear_the_suspect():
    beside = tuple(gasp(on, UsagePointId(n)) for on in (1, 20) for n in (2, 3))
    assert suspect_links(history(*TWICE, gasps=(gasp(1), gasp(20), *beside)), RATES) == []


def test_the_list_is_mostly_right_where_two_in_a_hundred_links_are_wrong():
    listed = right = 0
    for seed in range(1, 4):
        town = Town(seed=seed, years=5, transformer_faults=1.5, street_faults=1.5)
        truth = town.wrong_ones
        found = suspect_links(town.history, RATES)
        listed += len(found)
        right += sum(truth.get(s.usage_point_id) == s.candidate_id for s in found)

    assert listed > 20
    assert right >= 0.9 * listed


def test_where_every_link_is_right_hardly_anybody_is_listed():
    town = Town(seed=2, years=5, transformer_faults=1.5, street_faults=1.5, wrong=0.0)
    assert len(suspect_links(town.history, RATES)) <= 1


def test_meters_find_many_more_wrong_links_and_hardly_a_wrong_one():
    town = Town(seed=1, years=5, transformer_faults=0.6, street_faults=1.0, metered=0.3)
    found = suspect_links(town.history, RATES)
    truth = town.wrong_ones
    right = sum(truth.get(s.usage_point_id) == s.candidate_id for s in found)
    calls_alone = Town(seed=1, years=5, transformer_faults=0.6, street_faults=1.0)
    assert len(found) > 2 * len(suspect_links(calls_alone.history, RATES))
    assert right >= 0.9 * len(found)
