"""The public picture: no number under ten, no difference of two pictures under ten, no words."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.outage import Confidence, EstimatedRestoration, EstimateSource
from dispatch.domain.told import Progress, PublicArea, PublicCause, PublicPolicy
from dispatch.picture import CauseNow, OutInCell, floored, paint, public_cause, raised, tell
from tests.store.builders import NOW, at, minutes

POLICY = PublicPolicy()
HERE = PublicArea(id="here", name="幸福村", district="West", cells=frozenset({(1, 1), (1, 2)}))
THERE = PublicArea(id="there", name="阳明花园", district="West", cells=frozenset({(9, 9)}))
COUNTS = st.lists(st.integers(0, 60), min_size=1, max_size=40)


def a_cause(key: str = "outage-1", **fields: object) -> CauseNow:
    values: dict = {
        "began_at": at(-47),
        "planned": False,
        "stated_cause": None,
        "progress": Progress.CONFIRMED,
        "estimate": None,
    }
    return CauseNow(key=key, **(values | fields))


def out(customers: int, key: str = "outage-1", cell: tuple[int, int] = (1, 1)) -> list[OutInCell]:
    return [
        OutInCell(cell=cell, key=None, customers=customers),
        OutInCell(cell=cell, key=key, customers=customers),
    ]


def numbers_of(counts: list[int]) -> list[tuple[int, object]]:
    """What is told of one area, minute by minute, with the truth beside it."""
    told, seen = None, []
    for n, customers in enumerate(counts):
        told = tell(told, customers, now=at(n))
        seen.append((customers, told))
    return seen


@given(COUNTS)
def test_no_number_under_ten_is_ever_told(counts):
    for _, told in numbers_of(counts):
        assert told is None or told.number is None or (told.number >= 10 and told.number % 10 == 0)


@given(COUNTS)
def test_two_consecutive_pictures_differ_by_nothing_or_by_ten_customers_and_more(counts):
    seen = [0 if told is None else told.number or 0 for _, told in numbers_of(counts)]
    assert all(a == b or abs(a - b) >= 10 for a, b in itertools.pairwise(seen))


@given(COUNTS)
def test_what_is_told_moves_only_when_ten_customers_did(counts):
    """Within the hour of a mask; when that ends is a matter of the clock, not of any home."""
    seen = numbers_of(counts)
    for (_, before), (customers, now) in itertools.pairwise(seen):
        if now != before:
            assert abs(customers - (0 if before is None else before.behind)) >= 10


@given(COUNTS, st.integers(1, 9))
def test_one_home_more_or_less_in_a_told_area_changes_nothing(counts, homes):
    _, told = numbers_of(counts)[-1]
    if told is not None and told.number is not None:
        for customers in (told.behind + homes, max(0, told.behind - homes)):
            assert tell(told, customers, now=at(100)) == told


@given(COUNTS)
def test_an_area_without_anybody_out_shows_no_number(counts):
    told = numbers_of([*counts, 0])[-1][1]
    assert told is None or told.number is None


@given(st.integers(0, 9), st.integers(0, 9))
def test_when_the_last_home_gets_light_cannot_be_seen(last, later):
    masked = tell(tell(None, 40, now=NOW), last, now=at(1))
    assert masked is not None
    assert tell(masked, later, now=at(30)) == masked
    assert tell(masked, later, now=at(1) + POLICY.clears_after) is None


def test_fewer_than_ten_are_shown_neither_as_a_number_nor_as_a_line():
    picture = paint([HERE, THERE], out(9), [a_cause()], {}, now=NOW)
    assert (picture.areas, picture.customers) == ((), 0)


def test_a_fault_with_few_customers_in_an_area_lends_it_no_words():
    counts = [
        OutInCell(cell=(1, 1), key=None, customers=43),
        OutInCell(cell=(1, 1), key="outage-1", customers=40),
        OutInCell(cell=(1, 2), key="outage-2", customers=3),
    ]
    causes = [a_cause(), a_cause("outage-2", progress=Progress.CREW_THERE)]
    (told,) = paint([HERE], counts, causes, {}, now=NOW).areas
    assert [each.progress for each in told.causes] == [Progress.CONFIRMED]
    assert told.customers == 40


def test_many_small_faults_make_a_number_without_a_cause():
    counts = [OutInCell(cell=(1, 1), key=None, customers=24)]
    counts += [OutInCell(cell=(1, 1), key=f"outage-{n}", customers=8) for n in range(3)]
    causes = [a_cause(f"outage-{n}") for n in range(3)]
    (told,) = paint([HERE], counts, causes, {}, now=NOW).areas
    assert (told.customers, told.causes) == (20, ())


def test_the_sum_is_that_of_what_is_told_and_gives_no_masked_area_away():
    counts = [*out(38), *out(9, "outage-2", (9, 9))]
    picture = paint([HERE, THERE], counts, [a_cause(), a_cause("outage-2")], {}, now=NOW)
    assert picture.customers == 30


def test_a_line_stays_an_hour_after_nearly_everybody_has_light():
    first = paint([HERE], out(40), [a_cause()], {}, now=NOW)
    second = paint([HERE], [], [], first.memory, now=at(1))
    assert [(a.customers, a.causes) for a in second.areas] == [(None, ())]
    assert paint([HERE], [], [], second.memory, now=at(62)).areas == ()


def test_customers_of_no_area_are_not_counted():
    assert paint([HERE], out(500, cell=(7, 7)), [a_cause()], {}, now=NOW).areas == ()


def test_times_are_rounded_the_expected_one_upwards():
    estimate = EstimatedRestoration(
        at=at(63),
        source=EstimateSource.MODEL,
        confidence=Confidence.MEDIUM,
        from_at=at(31),
        to_at=at(99),
    )
    picture = paint([HERE], out(40), [a_cause(estimate=estimate)], {}, now=NOW)
    (cause,) = picture.areas[0].causes
    assert cause.began_at == at(-50)
    assert (cause.expected.from_at, cause.expected.by, cause.expected.to_at) == (
        at(30),
        at(70),
        at(100),
    )


def test_an_estimate_that_passed_is_told_as_what_it_was():
    estimate = EstimatedRestoration(
        at=at(-3), source=EstimateSource.CREW, confidence=Confidence.HIGH
    )
    picture = paint([HERE], out(40), [a_cause(estimate=estimate)], {}, now=NOW)
    expected = picture.areas[0].causes[0].expected
    assert (expected.passed, expected.by, expected.confidence) == (True, NOW, None)


@given(st.integers(-10_000, 10_000))
def test_rounding_goes_to_the_two_round_times_around(offset):
    step, moment = timedelta(minutes=10), at(offset)
    below, above = floored(moment, step), raised(moment, step)
    assert below <= moment <= above
    assert above - below in {minutes(0), step}
    assert below.minute % 10 == above.minute % 10 == 0


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        (None, PublicCause.LOOKED_FOR),
        ("  ", PublicCause.LOOKED_FOR),
        ("大风吹断树枝压在王建国家门口的线上", PublicCause.TREE),
        ("A tree fell on Mr Smith's line in the storm", PublicCause.TREE),
        ("雷击", PublicCause.WEATHER),
        ("carried out switching", PublicCause.FOUND),
        ("吊车挂断导线", PublicCause.THIRD_PARTY),
        ("Fuse blown at 12 Mill Lane", PublicCause.EQUIPMENT),
        ("配变烧坏", PublicCause.EQUIPMENT),
        ("见工单", PublicCause.FOUND),
    ],
)
def test_what_a_crew_wrote_becomes_one_of_a_few_kinds(stated, told):
    assert public_cause(stated) is told
