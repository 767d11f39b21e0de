"""Scores on partitions that are counted by hand, and figures over episodes."""

from dataclasses import replace

import pytest

from dispatch.drill.storms.harness import Desk
from dispatch.drill.storms.scores import Partitions, Score, compare, hops, score
from dispatch.drill.storms.summary import difference, figures, reliability
from tests.unit.storms.world import Oracle, a_fault, a_ground, an_episode


def test_the_same_partition_by_other_names_is_perfect():
    found = compare([1, 1, 2, 3], ["a", "a", "b", "c"])
    assert (found.f1, found.bcubed, found.rand) == (1.0, 1.0, 1.0)


def test_pairs_b_cubed_and_rand_of_a_small_partition_as_counted_by_hand():
    # Truth {a b c} {d}; told {a b} {c d}: one pair of three found, one of two claimed is true.
    found = compare([1, 1, 1, 2], [1, 1, 2, 2])
    assert found.precision == pytest.approx(1 / 2)
    assert found.recall == pytest.approx(1 / 3)
    assert found.f1 == pytest.approx(0.4)
    precision = (1 + 1 + 1 / 2 + 1 / 2) / 4
    recall = (2 / 3 + 2 / 3 + 1 / 3 + 1) / 4
    assert found.bcubed == pytest.approx(2 * precision * recall / (precision + recall))
    assert found.rand == pytest.approx((1 - 3 * 2 / 6) / (2.5 - 3 * 2 / 6))


def test_everything_in_one_has_full_recall_and_no_adjusted_agreement():
    found = compare([1, 1, 2, 2], [1, 1, 1, 1])
    assert found.recall == 1.0
    assert found.precision == pytest.approx(1 / 3)
    assert found.rand == pytest.approx(0.0)


def test_of_nothing_nothing_is_wrong():
    assert compare([], []).f1 == 1.0
    assert compare([1], [1]).rand == 1.0


@pytest.mark.parametrize(
    ("told", "target", "count"),
    [
        ("switch:k1", "switch:k1", 0),
        ("switch:cb1", "switch:k1", 1),
        ("transformer:T2", "switch:cb1", 2),
        ("switch:r1", "switch:k1", 2),
        ("switch:cb2", "switch:k1", 3),
        (None, "switch:k1", 1),
    ],
)
def test_hops_are_counted_along_the_tree(told, target, count):
    assert hops(a_ground(), told, target) == count


def a_score(f1: float, needless: tuple[float, float]) -> Score:
    parts = Partitions(precision=f1, recall=f1, f1=f1, bcubed=f1, rand=f1)
    return Score(reports=1, partitions=parts, ratios={"needless": needless})


def test_rates_are_added_up_over_episodes_and_means_are_not_weighted():
    found = figures([a_score(1.0, (0.0, 10)), a_score(0.5, (300.0, 5))])
    assert found["f1"].value == pytest.approx(0.75)
    assert found["needless"].value == pytest.approx(20.0)
    assert found["needless"].low <= 20.0 <= found["needless"].high
    assert found["right_15"].value is None


def test_an_interval_narrows_with_more_episodes():
    few = figures([a_score(f, (f, 1)) for f in (0.2, 0.8)])["f1"]
    many = figures([a_score(f, (f, 1)) for f in (0.2, 0.8) * 30])["f1"]
    assert many.high - many.low < few.high - few.low


def test_a_paired_difference_does_not_widen_with_what_both_share():
    ours = [a_score(f, (0.0, 1)) for f in (0.9, 0.5, 0.7, 0.3)]
    theirs = [a_score(f - 0.1, (0.0, 1)) for f in (0.9, 0.5, 0.7, 0.3)]
    found = difference(ours, theirs, "f1")
    assert [found.low, found.value, found.high] == pytest.approx([0.1, 0.1, 0.1])


def test_probabilities_that_keep_their_word_have_no_calibration_error():
    kept = reliability([(0.25, True)] + [(0.25, False)] * 3)
    assert kept.ece == pytest.approx(0.0)
    assert kept.brier == pytest.approx((0.75**2 + 3 * 0.25**2) / 4)


def test_probabilities_that_promise_too_much_are_found_out():
    broken = reliability([(0.9, True), (0.9, False)])
    assert broken.ece == pytest.approx(0.4)
    assert broken.bins[9] == (2, pytest.approx(0.9), pytest.approx(0.5))


class Claims(Oracle):
    """Knows which reports belong together, and claims the same devices of every outage."""

    def __init__(self, episode, devices):
        super().__init__(episode)
        self.devices = devices

    def _group(self, fault, reports):
        return replace(super()._group(fault, reports), devices=self.devices)


@pytest.mark.parametrize(
    ("fuse", "breaker", "fuse_is_true"),
    [(0, 3, True), (3, 0, False)],
    ids=["the fuse opened first", "the fuse opened in the dark"],
)
def test_a_device_probability_is_held_to_what_keeps_somebody_in_the_dark(
    fuse, breaker, fuse_is_true
):
    ground = a_ground()
    faults = [a_fault(ground, "switch:k1", fuse), a_fault(ground, "switch:cb1", breaker)]
    episode = an_episode(ground, faults, seed=2, call_rate=4.0)
    claims = (("switch:cb1", 0.9), ("switch:k1", 0.2), ("switch:r1", 0.1))
    tally = score(episode, Desk(Claims(episode, claims), episode).run())
    assert {(0.9, True), (0.2, fuse_is_true), (0.1, False)} <= set(tally.device_bins)
    assert (0.1, True) not in tally.device_bins


def test_without_probabilities_there_is_nothing_to_keep():
    assert reliability([]).ece is None


def test_pairs_of_episodes_add_up_to_those_of_all_together():
    truth, told = [1, 1, 1, 2, 2, 3], [7, 7, 8, 8, 8, 9]
    whole = compare(truth, told).pairs
    apart = compare(truth[:3], told[:3]).pairs
    assert compare(truth, told).f1 == pytest.approx(whole[0] / whole[1])
    assert apart == (2.0, 4.0)
