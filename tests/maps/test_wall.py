"""The wall's sums: states by age, a curve under a round top, what is usual and what is a storm."""

from datetime import timedelta

import pytest

from dispatch.store.reads.wall import OutageOnWall
from maps import wall
from maps.wall import Calls, StormSigns
from tests.store.builders import LAT, LON, NOW


def an_outage(status: str = "predicted", hours: float = 0.5, customers: int = 7) -> OutageOnWall:
    return OutageOnWall(
        id=1,
        status=status,
        started_at=NOW - timedelta(hours=hours),
        lon=LON + 0.00004321,
        lat=LAT,
        customers=customers,
    )


def test_outages_are_counted_by_state_and_age_and_every_state_has_its_row():
    found = wall.by_state_and_age(
        [
            an_outage(),
            an_outage("confirmed", 1),
            an_outage("confirmed", 3.9),
            an_outage("restored", 9),
        ],
        NOW,
    )
    assert {row.status.value: row.by_age for row in found} == {
        "predicted": (1, 0, 0),
        "confirmed": (0, 2, 0),
        "partially_restored": (0, 0, 0),
        "restored": (0, 0, 1),
    }


@pytest.mark.parametrize(
    ("number", "top"), [(0, 10), (10, 10), (11, 20), (51, 100), (2_000_000, 2_000_000)]
)
def test_the_top_of_the_curve_is_the_next_round_number(number: int, top: int):
    assert wall.rounded_up(number) == top


def test_the_curve_goes_from_edge_to_edge_and_is_low_where_few_are_out():
    drawn = wall.curve([0, 5, 10])
    assert (
        drawn.line
        == f"0.0,{wall.HIGH:.1f} {wall.WIDE / 2:.1f},{wall.HIGH / 2:.1f} {wall.WIDE:.1f},0.0"
    )
    assert drawn.top == 10


def test_one_storm_among_the_weeks_does_not_become_usual():
    assert wall.usual_per_minute([60, 60, 6000]) == 1.0
    assert wall.usual_per_minute([]) is None


@pytest.mark.parametrize(
    ("calls", "outages", "storm"),
    [
        (Calls(8.0, 2.0, 8), 3, True),
        (Calls(7.9, 2.0, 8), 300, False),
        (Calls(0.9, 0.0, 8), 3, False),
        (Calls(9.0, None, 0), 49, False),
        (Calls(0.0, None, 0), 50, True),
    ],
)
def test_a_storm_is_so_many_times_the_usual_or_so_many_outages_without_history(
    calls: Calls,
    outages: int,
    storm: bool,  # noqa: FBT001 (a case)
):
    assert wall.is_storm(calls, outages, StormSigns()) is storm


def test_a_place_on_the_wall_has_a_number_and_no_name_and_restored_ones_are_not_drawn():
    drawn = wall.outage_marks(
        [an_outage(customers=9), an_outage(customers=2), an_outage("restored")]
    )
    assert [feature["properties"] for feature in drawn["features"]] == [
        {"style": "outage-predicted", "customers": 2},
        {"style": "outage-predicted", "customers": 9},
    ]
    assert drawn["features"][0]["geometry"]["coordinates"] == [LON, LAT]
