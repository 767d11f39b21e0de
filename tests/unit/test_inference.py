from dataclasses import replace

from dispatch.domain.words import OutageId
from dispatch.inference import GroupingPolicy, group
from tests.unit.core import after, evidence

FEEDER = """
[F1] -B:cb- a(T1:20) -- b -F:k1- c(T2:20) -- d(T3:20)
                        b -R:r1- e(T4:20) -- f(T5:20) -F:k2- g(T6:20)
"""


def devices(proposals):
    return [(p.device.name, sorted(p.transformers)) for p in proposals]


def test_one_transformer_alone_stays_one_transformer():
    assert group(evidence(FEEDER, "T2@0"), GroupingPolicy()) == ()


def test_two_transformers_below_one_fuse_are_the_fuse():
    proposals = group(evidence(FEEDER, "T2@0 T3@5"), GroupingPolicy())
    assert devices(proposals) == [("k1", ["T2", "T3"])]
    assert proposals[0].keep == 1 and proposals[0].merge == (OutageId(2),)


def test_two_branches_that_report_are_the_device_above_both():
    proposals = group(evidence(FEEDER, "T4@0 T6@5"), GroupingPolicy())
    assert devices(proposals) == [("r1", ["T4", "T5", "T6"])]


def test_reports_from_everywhere_are_the_breaker():
    proposals = group(evidence(FEEDER, "T1@0 T3@2 T6@5"), GroupingPolicy())
    assert devices(proposals) == [("cb", ["T1", "T2", "T3", "T4", "T5", "T6"])]


def test_light_below_a_device_keeps_it_from_being_predicted():
    lit = {"T5": after(10)}
    assert group(evidence(FEEDER, "T4@0 T6@5", lit=lit), GroupingPolicy()) == ()


def test_light_seen_before_the_first_report_says_nothing():
    lit = {"T5": after(-10)}
    assert len(group(evidence(FEEDER, "T4@0 T6@5", lit=lit), GroupingPolicy())) == 1


def test_two_faults_on_two_branches_stay_two_when_the_trunk_has_light():
    lit = {"T1": after(20)}
    proposals = group(evidence(FEEDER, "T2@0 T3@1 T4@2 T6@3", lit=lit), GroupingPolicy())
    assert devices(proposals) == [("k1", ["T2", "T3"]), ("r1", ["T4", "T5", "T6"])]


def test_reports_hours_apart_are_not_one_fault():
    assert group(evidence(FEEDER, "T2@0 T3@300"), GroupingPolicy()) == ()


def test_a_confirmed_outage_is_neither_moved_nor_merged():
    assert group(evidence(FEEDER, "T2@0! T3@5"), GroupingPolicy()) == ()


def test_the_scope_of_a_confirmed_outage_is_left_to_it():
    proposals = group(evidence(FEEDER, "T5@0! T4@1 T6@2"), GroupingPolicy())
    assert devices(proposals) == [("r1", ["T4", "T6"])]


def test_two_homes_of_one_transformer_are_the_transformer():
    proposals = group(evidence(FEEDER, "T2#5@0 T2#6@3"), GroupingPolicy())
    assert devices(proposals) == [("T2", ["T2"])]


def test_one_home_that_calls_twice_is_no_transformer():
    assert group(evidence(FEEDER, "T2#5@0 T2#5@3"), GroupingPolicy()) == ()


def test_what_a_person_kept_apart_is_not_merged_again():
    told = evidence(FEEDER, "T2@0 T3@5")
    apart = replace(told.reports[1], kept_apart_from=frozenset({OutageId(1)}))
    told = replace(told, reports=(told.reports[0], apart))
    assert group(told, GroupingPolicy()) == ()


def test_what_is_predicted_already_is_not_proposed_again():
    told = evidence(FEEDER, "T2@0 T3@5")
    both = tuple(replace(r, outage_id=OutageId(1)) for r in told.reports)
    outage = replace(told.outages[0], device_id="switch:k1", transformers=frozenset({"T2", "T3"}))
    assert group(replace(told, reports=both, outages=(outage,)), GroupingPolicy()) == ()


def test_the_outage_with_a_crew_on_its_way_lives_on():
    told = evidence(FEEDER, "T2@0 T3@5")
    outages = (told.outages[0], replace(told.outages[1], crew_on_its_way=True))
    (proposal,) = group(replace(told, outages=outages), GroupingPolicy())
    assert proposal.keep == 2 and proposal.merge == (OutageId(1),)


def test_a_few_calls_on_a_large_feeder_do_not_open_its_breaker():
    branches = " ".join(f"n{i}(T{i}:10) --" for i in range(40))
    drawing = f"[F1] -B:cb- {branches} end(T99:10)"
    assert group(evidence(drawing, "T1@0 T30@5"), GroupingPolicy()) == ()
