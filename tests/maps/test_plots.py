"""Plots and the paper's map as shapes, the story folded, and how estimates turned out."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatch.store.reads.darkness import Change
from dispatch.store.reads.details import TimelineEntry
from maps.dossier import course_of, estimates_of, story_of
from maps.papermap import draw, view_of
from maps.plots import Layer, bars, nice_step, over_time
from tests.store.builders import LAT, LON, NOW, at

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(("top", "step"), [(4, 1), (45, 20), (0.03, 0.01), (0, 1), (1000, 250)])
def test_axes_are_divided_by_round_numbers(top: float, step: float):
    assert nice_step(top) == pytest.approx(step)


def test_bars_stand_on_each_other_and_say_their_figure():
    plot = bars(["a", "b"], [Layer("x", "one", [1, None]), Layer("y", "two", [3, 2])])
    lower, upper, alone = plot.bars
    assert lower.y + lower.high == pytest.approx(plot.foot)
    assert upper.y + upper.high == pytest.approx(lower.y)
    assert alone.x > lower.x + lower.wide
    assert upper.says == "a · two: 3"


def test_a_plot_of_nothing_has_axes():
    assert bars([], []).bars == []
    assert over_time([], NOW, NOW, ZONE).ys


def test_customers_out_add_up_to_their_minutes():
    course = course_of([Change(1, at(0), 10), Change(1, at(30), -4)], at(60))
    assert course.steps == ((at(0), 10), (at(30), 6))
    assert (course.most, course.customer_minutes) == (10, 10 * 30 + 6 * 30)


def test_a_paper_map_keeps_every_point_in_its_frame_and_the_scale_true():
    view = view_of([(LON, LAT), (LON + 0.05, LAT + 0.01)])
    line = {"type": "LineString", "coordinates": [[LON, LAT], [LON + 0.05, LAT]]}
    drawn = draw(
        view,
        [("road", {"features": [{"geometry": line}]})],
        [(LON, LAT, "device", "d"), (LON + 9, LAT, "out", "far away")],
    )
    (spot,) = drawn.spots
    assert 0 <= spot.x <= drawn.wide and 0 <= spot.y <= drawn.high
    start, end = (float(part.split()[0]) for part in drawn.strokes[0].d[1:].split("L"))
    metres = 0.05 * 111_195 * 0.8772  # cosine of the latitude
    assert (end - start) / drawn.bar_px * drawn.bar_m == pytest.approx(metres, rel=0.01)


def entry(minute: float, kind: str, by: str = "relight", **facts: object) -> TimelineEntry:
    return TimelineEntry(
        at=at(minute),
        recorded_at=at(minute) + timedelta(minutes=9),
        what="outage:1",
        kind=kind,
        by=by,
        crew_id=None,
        reason=None,
        facts=facts,
    )


def test_looks_that_say_the_same_are_folded_and_keep_first_and_last_probability():
    looks = [entry(n, "outage.predicted", device="F", probability=0.5 + n / 10) for n in range(4)]
    (line,) = story_of(looks, one_clock=False)
    assert (line.times, line.probability, line.last_probability) == (4, 0.5, 0.8)
    assert line.heard_at is None
    assert all(line.heard_at for line in story_of(looks, one_clock=True))


def test_an_estimate_is_held_against_what_happened():
    told = [entry(5, "outage.estimated", restore_at=at(60).isoformat(), source="crew")]
    (late,) = estimates_of(told, at(90), at(100), is_open=False)
    assert late.late_min == 30
    (passed,) = estimates_of(told, None, at(61), is_open=True)
    assert passed.passed
    (merged,) = estimates_of(told, None, at(61), is_open=False)
    assert not merged.passed and merged.late_min is None
