"""What free crews cover, what sending one uncovers, and where one would cover more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.assignment import AssignmentPolicy
from dispatch.coverage import Coverage, CoveragePolicy, Places, StandBy, cells_of, together
from dispatch.domain.crew import Rest
from dispatch.domain.words import AreaClass, CrewId
from dispatch.procedures.covering import free_now
from tests.unit.core import NOW, a_crew_state, after

POLICY = CoveragePolicy()
HAIR = 1e-9


def some_places(lon, lat, customers, critical=None, area=None):
    count = len(lon)
    return Places(
        lon=np.array(lon, float),
        lat=np.array(lat, float),
        customers=np.array(customers, np.int64),
        critical=np.array(critical or [0] * count, np.int64),
        area=np.array(area or [0] * count, np.int64),
    )


def a_row(customers, critical=None, area=None):
    """Cells two kilometres apart."""
    lon = [115.0 + 0.02 * n for n in range(len(customers))]
    return cells_of(some_places(lon, [28.0] * len(lon), customers, critical, area), POLICY)


def covering(customers, minutes, critical=None, area=None, policy=POLICY):
    table = np.array(minutes, np.float32).reshape(-1, len(customers))
    crews = [CrewId(f"C{n}") for n in range(len(table))]
    return Coverage(
        cells=a_row(customers, critical, area), crews=crews, minutes=table, policy=policy
    )


@st.composite
def coverages(draw):
    cells = draw(st.integers(1, 6))
    crews = draw(st.integers(0, 5))
    minute = st.one_of(st.floats(0, 60, width=32), st.just(float("inf")))
    numbers = st.integers(0, 500)
    critical = draw(st.lists(st.integers(0, 3), min_size=cells, max_size=cells))
    more = draw(st.lists(numbers, min_size=cells, max_size=cells))
    customers = [a + b for a, b in zip(critical, more, strict=True)]
    minutes = draw(st.lists(minute, min_size=crews * cells, max_size=crews * cells))
    return covering(customers, minutes, critical)


def covered_weight(coverage):
    return float(coverage.weight[coverage.covered].sum())


@given(coverages())
def test_sending_a_crew_never_covers_more_and_uncovers_what_is_told(coverage):
    before = coverage.share()
    for crew in coverage.crews:
        after = coverage.without(crew).share()
        loss = coverage.left_by(crew)
        assert after.near <= before.near
        assert loss.customers == before.near - after.near
        assert 0 <= loss.critical <= loss.customers


@given(coverages())
def test_every_customer_is_counted_once(coverage):
    whole = coverage.share()
    assert whole.near + whole.far + whole.over + whole.nobody == whole.customers
    assert together(coverage.share(area) for area in AreaClass) == whole


@given(coverages(), st.data())
def test_a_move_gains_the_difference_of_two_coverages(coverage, data):
    count = data.draw(st.integers(1, 4))
    minute = st.floats(0, 60, width=32)
    m, n = len(coverage.cells), len(coverage.crews)
    there = data.draw(st.lists(minute, min_size=count * m, max_size=count * m))
    drives = data.draw(st.lists(minute, min_size=count * n, max_size=count * n))
    stand_bys = [StandBy(lon=float(k), lat=0.0, base="base") for k in range(count)]
    from_there = np.array(there, np.float32).reshape(count, m)
    to_drive = np.array(drives, np.float32).reshape(n, count)
    move = coverage.move_up(stand_bys, from_there, to_drive)

    moved = {}
    for crew in range(n):
        for to in range(count):
            table = coverage.minutes.copy()
            table[crew] = from_there[to]
            moved[crew, to] = Coverage(cells=coverage.cells, crews=coverage.crews, minutes=table)
    worth = {
        at: covered_weight(each) - covered_weight(coverage)
        for at, each in moved.items()
        if to_drive[at] <= POLICY.farthest_min
    }
    least = max(POLICY.least_share * coverage.weight.sum(), 1e-9)
    if move is None:
        assert all(gain < least for gain in worth.values())
        return
    at = coverage.crews.index(move.crew_id), stand_bys.index(move.to)
    assert worth[at] == pytest.approx(max(worth.values()))
    assert move.customers == moved[at].share().near - coverage.share().near
    assert move.after == pytest.approx(moved[at].share().share)
    assert move.drive_min == pytest.approx(float(to_drive[at]))


def test_a_place_is_covered_to_the_minute():
    coverage = covering([10, 20, 40, 80], [15.0, 15.1, 30.1, np.inf])
    assert coverage.share().near == 10
    assert coverage.share().far == 20
    assert coverage.share().over == 40
    assert coverage.share().nobody == 80


def test_without_free_crews_nobody_is_covered_and_nobody_can_be_moved():
    coverage = covering([10, 20], [])
    assert coverage.share().nobody == 30
    here = StandBy(lon=115.0, lat=28.0, base="base")
    assert coverage.move_up([here], np.zeros((1, 2), np.float32), np.zeros((0, 1))) is None


def test_a_crew_that_is_not_free_uncovers_nobody():
    assert covering([10], [5.0]).left_by(CrewId("busy")).customers == 0


def test_a_crew_that_another_one_backs_up_uncovers_nobody():
    coverage = covering([100, 50], [[5, 5], [10, 40]])
    assert coverage.left_by(CrewId("C0")).customers == 50
    assert coverage.left_by(CrewId("C1")).customers == 0


def test_a_place_in_the_street_must_gain_more_than_a_base():
    coverage = covering([100, 100, 110], [[5, 40, 40], [5, 40, 40]])
    base = StandBy(lon=115.02, lat=28.0, base="depot")
    street = StandBy(lon=115.04, lat=28.0, base=None)
    there = np.array([[40, 5, 40], [40, 40, 5]], np.float32)
    drives = np.full((2, 2), 20, np.float32)
    assert coverage.move_up([base, street], there, drives).to is base
    assert coverage.move_up([street], there[1:], drives[:, 1:]).customers == 110


def test_a_hospital_draws_a_crew_before_more_homes_do():
    coverage = covering([100, 30, 60], [[5, 40, 40], [5, 40, 40]], critical=[0, 1, 0])
    assert [round(place.lon, 2) for place in coverage.uncovered()] == [115.02, 115.04]
    open_ones = coverage.uncovered(lambda lon, _lat: lon > 115.03)
    assert [round(place.lon, 2) for place in open_ones] == [115.04]


def test_no_move_is_proposed_for_a_handful_of_customers():
    coverage = covering([10_000, 50], [[5, 40], [5, 40]])
    here = StandBy(lon=115.02, lat=28.0, base="base")
    there, drives = np.array([[40, 5]], np.float32), np.full((2, 1), 20, np.float32)
    assert coverage.move_up([here], there, drives) is None


@given(
    st.lists(
        st.tuples(st.floats(110, 111), st.floats(28, 29), st.integers(0, 50)),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, 20),
)
def test_too_many_cells_grow_wider_and_nobody_is_left_out(listed, most):
    lon, lat, customers = zip(*listed, strict=True)
    cells = cells_of(some_places(lon, lat, customers), CoveragePolicy(most_cells=most))
    assert len(cells) <= most
    assert cells.customers.sum() == sum(customers)
    assert ((cells.west - HAIR <= cells.lon) & (cells.lon <= cells.east + HAIR)).all()
    assert ((cells.south - HAIR <= cells.lat) & (cells.lat <= cells.north + HAIR)).all()


def test_a_cell_is_reached_where_most_of_its_customers_are():
    cells = cells_of(some_places([115.0001, 115.0002], [28.0, 28.0], [3, 30]), POLICY)
    assert cells.at() == [(115.0002, 28.0)]
    assert cells.customers.tolist() == [33]


def test_nobody_on_record_gives_no_cells():
    cells = cells_of(some_places([], [], []), POLICY)
    assert len(cells) == 0
    assert (
        Coverage(cells=cells, crews=[], minutes=np.zeros((0, 0), np.float32)).share().share is None
    )


def test_a_crew_in_its_break_covers_nobody():
    now = Rest(begins_at=after(-10), ends_at=after(20))
    later = Rest(begins_at=after(10), ends_at=after(40))
    states = [a_crew_state("A", rest=now), a_crew_state("B", rest=later), a_crew_state("C")]
    free = free_now(states, AssignmentPolicy(), NOW)
    assert [state.crew.id for state in free] == ["B", "C"]
