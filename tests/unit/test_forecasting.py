"""What is learned of waits, held to a made-up world whose law is known."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.repair import BEFORE_ARRIVAL, Milestone, PastRepairs, RepairMoment
from dispatch.drill.repairs import Law, Made, made_up
from dispatch.errors import InvalidInput, TooLittleToLearn
from dispatch.learning.curves import LEVELS
from dispatch.learning.forecaster import Awaited, Forecaster, table
from dispatch.learning.forecasting import FEWEST_REPAIRS, learn_waits
from dispatch.learning.judging_forecasts import Report, evaluate, wilson
from dispatch.learning.moments import FEATURES, Seen, moments_of, numbers, usual_of
from dispatch.learning.trees import GROWTH, KeptSums, Trees, grow
from dispatch.rates import Floats
from tests.unit.forecasts import ZONE, a_learned_forecaster

WORLD = tuple[PastRepairs, tuple[Made, ...]]


@pytest.fixture(scope="module")
def world() -> WORLD:
    return made_up(1, 26, Law(districts=2))


@pytest.fixture(scope="module")
def report(world: WORLD) -> Report:
    return evaluate(world[0], ZONE)


def overall(report: Report, what: Awaited, group: str = "all"):
    return next(each for each in report.groups if (each.what, each.group) == (what.value, group))


@pytest.mark.parametrize("what", list(Awaited))
def test_p50_and_p90_hold_within_five_points_on_weeks_held_out(report: Report, what: Awaited):
    _, p50, p90 = overall(report, what).shares
    assert abs(p50 - 0.5) <= 0.05
    assert abs(p90 - 0.9) <= 0.05
    assert report.holds()


@pytest.mark.parametrize(
    ("what", "group"),
    [
        *((Awaited.RESTORATION, m.value) for m in (Milestone.OPENED, Milestone.FOUND)),
        (Awaited.RESTORATION, "still out after 90 min"),
        (Awaited.ARRIVAL, Milestone.OPENED.value),
    ],
)
def test_what_is_learned_beats_the_table_and_plain_quantiles(
    report: Report, what: Awaited, group: str
):
    found = overall(report, what, group)
    assert found.against_table < 0.97
    assert found.against_kinds < 1.0


def test_quantiles_of_the_work_are_near_those_of_the_law(world: WORLD, learned: Forecaster):
    past, made = world
    usual = usual_of(past)
    truth = {each.repair.opened_at: each for each in made}
    arrived = [
        seen
        for seen in moments_of(past, usual, ZoneInfo(ZONE))
        if seen.moment.milestone is Milestone.FOUND and seen.ended
    ][-600:]
    said = np.exp(learned.log_minutes(Awaited.RESTORATION, [seen.moment for seen in arrived]))[
        :, LEVELS.index(0.5)
    ]
    total = [truth[seen.opened_at].work_min - (seen.moment.on_site_min or 0.0) for seen in arrived]
    likely = np.array(total) > 0
    ratio = np.median(said[likely] / np.array(total)[likely])
    assert 0.6 < ratio < 1.6


def test_a_longer_queue_means_a_later_crew(learned: Forecaster, world: WORLD):
    opened = [s.moment for s in moments(world) if s.moment.milestone is Milestone.OPENED][:200]
    short, long = (
        np.median(
            learned.log_minutes(Awaited.ARRIVAL, [replace(m, queue=queue) for m in opened])[:, 2]
        )
        for queue in (0.0, 4.0)
    )
    assert math.exp(long - short) > 1.3


def moments(world: WORLD) -> list[Seen]:
    return moments_of(world[0], usual_of(world[0]), ZoneInfo(ZONE))


def test_quantiles_never_cross_whatever_is_asked(learned: Forecaster, world: WORLD):
    asked = [seen.moment for seen in moments(world)][::37]
    for what in Awaited:
        mine = [m for m in asked if what is Awaited.RESTORATION or m.milestone in BEFORE_ARRIVAL]
        assert (np.diff(learned.log_minutes(what, mine), axis=1) > 0).all()


def test_with_few_repairs_what_is_said_is_near_the_table_and_not_narrower_than_the_law():
    past, _ = made_up(7, 8, Law(districts=1, outages_a_day=1.0, storm_share=0.0))
    little = learn_waits(past, ZONE)
    assert little.learned[Awaited.RESTORATION].trees is None
    later, _ = made_up(8, 20, Law(districts=1, outages_a_day=1.0, storm_share=0.0))
    fresh = [seen for seen in moments_of(later, usual_of(later), ZoneInfo(ZONE)) if seen.ended]
    said = np.exp(little.log_minutes(Awaited.RESTORATION, [seen.moment for seen in fresh]))
    waited = np.array([seen.restoration_min for seen in fresh])
    assert (waited <= said[:, LEVELS.index(0.9)]).mean() >= 0.85


def test_too_few_repairs_teach_nothing():
    past, _ = made_up(1, 1, Law(districts=1, outages_a_day=1.0, storm_share=0.0))
    with pytest.raises(TooLittleToLearn, match=str(FEWEST_REPAIRS)):
        learn_waits(past, ZONE)


def test_outages_still_open_bound_the_coverage_and_are_not_learned_from(world: WORLD):
    past, _ = world
    last = past.until - timedelta(days=20)
    open_ones = tuple(
        replace(r, restored_at=None) if r.opened_at > last and n % 9 == 0 else r
        for n, r in enumerate(past.repairs)
    )
    found = evaluate(replace(past, repairs=open_ones), ZONE)
    assert found.open_outages > 0
    low, high = found.p90_between
    assert low < high


def test_repairs_that_are_all_alike_are_learned_from_and_judged():
    past, _ = made_up(3, 12, Law(districts=1))
    alike = [
        replace(
            repair,
            assigned_at=repair.opened_at,
            en_route_at=repair.opened_at,
            arrived_at=repair.opened_at + timedelta(minutes=10),
            found_at=None,
            partly_at=None,
            restored_at=repair.opened_at + timedelta(minutes=60),
            kind="fuse",
            cause=None,
        )
        for repair in past.repairs
    ]
    past = replace(past, repairs=tuple(alike))
    learned = learn_waits(past, ZONE)
    seen = moments_of(past, usual_of(past), ZoneInfo(ZONE))
    opened = next(s.moment for s in seen if s.moment.milestone is Milestone.OPENED)
    curve = learned.restoration(opened).after(5000)
    assert np.isfinite([curve.quantile(0.1), curve.quantile(0.9), *curve.mean_and_sd()]).all()
    held = evaluate(past, ZONE).groups
    assert held and all(math.isfinite(h.against_kinds + h.against_table) for h in held)


def test_when_repairs_become_slower_the_newest_weeks_correct_what_is_said():
    past, _ = made_up(5, 26, Law(districts=2, drift=1.5))
    found = overall(evaluate(past, ZONE), Awaited.RESTORATION)
    assert abs(found.shares[2] - 0.9) <= 0.05


def test_what_is_kept_is_numbers_that_are_read_back_the_same(learned: Forecaster, world: WORLD):
    written = json.loads(json.dumps(learned.to_dict()))
    read = Forecaster.from_dict(written, 5)
    asked = [seen.moment for seen in moments(world)][:50]
    assert read.version == 5
    assert np.array_equal(
        read.log_minutes(Awaited.RESTORATION, asked),
        learned.log_minutes(Awaited.RESTORATION, asked),
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("left", 10**6),
        ("left", 0),
        ("right", -(10**6)),
        ("feature", 99),
        ("value", math.nan),
        ("output", 9),
    ],
)
def test_a_damaged_model_is_refused(learned: Forecaster, key: str, value: float):
    written = learned.to_dict()
    written["learned"]["restoration"]["trees"][key][0] = value
    with pytest.raises(InvalidInput):
        Forecaster.from_dict(written, 2)


def test_a_model_of_other_features_is_refused(learned: Forecaster):
    with pytest.raises(InvalidInput, match="forecaster"):
        Forecaster.from_dict({**learned.to_dict(), "features": ["age"]}, 2)


def test_trees_read_off_without_the_library_say_what_it_says():
    rng = np.random.default_rng(2)
    cases = rng.normal(size=(800, len(FEATURES)))
    values = cases[:, 0] * 2 + np.abs(cases[:, 3]) + rng.normal(size=800)
    trees = grow(cases, values, (0.5,), rounds=20)
    booster = lightgbm.train(
        {**GROWTH, "alpha": 0.5}, lightgbm.Dataset(cases, values), num_boost_round=20
    )
    ours = trees.sums(cases[:100])[:, 0]
    assert ours == pytest.approx(booster.predict(cases[:100]), abs=1e-9)
    assert Trees.from_dict(trees.to_dict(), len(FEATURES)).sums(cases[:5]) == pytest.approx(
        trees.sums(cases[:5])
    )


def test_the_cause_is_known_only_after_it_was_found(world: WORLD):
    early = [s.moment for s in moments(world) if s.moment.milestone is not Milestone.PARTLY]
    assert all((m.cause is not None) == (m.milestone is Milestone.FOUND) for m in early)


def test_an_untaught_forecaster_is_the_table(world: WORLD):
    moment = moments(world)[0].moment
    assert Forecaster().restoration(moment) == table(Awaited.RESTORATION, moment)


def test_the_same_seed_makes_the_same_world():
    assert made_up(3, 2) == made_up(3, 2)
    assert made_up(3, 2) != made_up(4, 2)


def test_an_interval_of_a_share_holds_it_and_narrows_with_more_cases():
    few, many = wilson(0.9, 20), wilson(0.9, 2000)
    assert few[0] < many[0] < 0.9 < many[1] < few[1]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_kept_sums_are_those_of_the_trees_on_both_sides_of_every_threshold(seed: int):
    trees = a_learned_forecaster().learned[Awaited.RESTORATION].trees
    assert trees is not None
    rng, kept = np.random.default_rng(seed), KeptSums(trees)
    borders = rng.choice(trees.threshold, (40, len(FEATURES)))
    for cases in (
        borders,
        np.nextafter(borders, np.inf),
        np.concatenate((borders, borders + 1e-9)),
    ):
        assert kept.of(cases) == pytest.approx(trees.sums(cases), rel=1e-12, abs=1e-12)
    assert kept.of(borders[:0]).shape == (0, trees.outputs)


def test_what_falls_into_the_same_cell_is_summed_once():
    trees = a_learned_forecaster().learned[Awaited.RESTORATION].trees
    assert trees is not None
    cases = np.random.default_rng(1).normal(1, 2, (300, len(FEATURES)))
    kept = KeptSums(trees)
    kept.of(cases)

    def seconds(sums: Callable[[Floats], Floats]) -> float:
        began = time.process_time()
        for _ in range(5):
            sums(cases)
        return time.process_time() - began

    assert seconds(kept.of) < seconds(trees.sums) / 3


def waiting_at(minute: int, world: WORLD) -> list[RepairMoment]:
    """Forty outages that nobody is at, so many minutes after two, as a plan asks about them."""
    at = datetime(2026, 3, 3, 14, minute, tzinfo=ZoneInfo(ZONE))
    seen = [each.moment for each in moments(world)[:400:10]]
    return [
        replace(
            each,
            milestone=Milestone.ARRIVED,
            at=at,
            since_opened_min=60.0 + 7 * number + minute,
            on_site_min=0.0,
            drive_min=None,
        )
        for number, each in enumerate(seen)
    ]


def missing_at(forecaster: Forecaster, minute: int, world: WORLD) -> int:
    learned = forecaster.learned[Awaited.RESTORATION]
    assert learned.sums is not None
    coming = numbers(waiting_at(minute, world), learned.words)
    return len(learned.sums.missing(coming))


def test_the_hours_next_cell_is_summed_before_a_plan_asks(world: WORLD):
    forecaster = Forecaster.from_dict(a_learned_forecaster().to_dict(), 2)
    asked = waiting_at(0, world)
    forecaster.log_minutes(Awaited.RESTORATION, asked)
    forecaster.work_ahead({asked[0].district_id: asked})
    turn = next(m for m in range(1, 10) if missing_at(forecaster, m, world) > len(asked) / 2)
    before = asked[0].at + timedelta(seconds=60 * turn - 30)
    left = [forecaster.sum_ahead(before, most=15)]
    while left[-1]:
        left.append(forecaster.sum_ahead(before, most=15))
    assert len(left) > 1
    assert missing_at(forecaster, turn, world) == 0


def test_what_nobody_asked_about_lately_is_not_summed_ahead(world: WORLD):
    forecaster = Forecaster.from_dict(a_learned_forecaster().to_dict(), 2)
    asked = waiting_at(0, world)
    forecaster.work_ahead({asked[0].district_id: asked})
    assert forecaster.sum_ahead(asked[0].at + timedelta(minutes=1), most=1) > 0
    assert forecaster.sum_ahead(asked[0].at + timedelta(minutes=30), most=1) == 0


def test_the_table_has_nothing_to_sum_ahead(world: WORLD):
    asked = waiting_at(0, world)
    Forecaster().work_ahead({asked[0].district_id: asked})
    assert Forecaster().sum_ahead(asked[0].at, most=1) == 0


def test_what_is_asked_for_again_stays_kept_and_the_rest_is_forgotten():
    trees = a_learned_forecaster().learned[Awaited.RESTORATION].trees
    assert trees is not None
    rng, kept = np.random.default_rng(1), KeptSums(trees)
    always, once, *others = (rng.normal(1, 2, (1500, len(FEATURES))) for _ in range(16))
    kept.of(once)
    for cases in others:
        kept.of(always)
        kept.of(cases)
        assert len(kept.missing(always)) == 0
    assert len(kept.missing(once)) > len(once) / 2
