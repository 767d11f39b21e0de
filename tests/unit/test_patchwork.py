"""Areas of enough customers: every square in one, none with too few."""

from hypothesis import given
from hypothesis import strategies as st

from gis.patchwork import cell_at, outline, patches

SQUARES = st.dictionaries(
    st.tuples(st.integers(0, 300), st.integers(0, 300)), st.integers(0, 250), max_size=60
)


@given(SQUARES, st.integers(1, 200))
def test_no_area_holds_fewer_customers_than_asked_for(customers, least):
    for area in patches(customers, least):
        assert sum(customers[cell] for cell in area) >= least


@given(SQUARES, st.integers(1, 200))
def test_every_square_with_customers_is_in_one_area_or_there_are_too_few_in_all(customers, least):
    areas = patches(customers, least)
    covered = [cell for area in areas for cell in area]
    lived_in = {cell for cell, n in customers.items() if n}
    assert len(covered) == len(set(covered))
    assert set(covered) == (lived_in if sum(customers.values()) >= least else set())


@given(SQUARES)
def test_the_order_of_the_squares_does_not_matter(customers):
    assert patches(customers, 100) == patches(dict(reversed(customers.items())), 100)


def test_few_people_join_their_neighbours_and_not_somebody_far_away():
    customers = {(0, 0): 150, (1, 0): 3, (200, 200): 150}
    assert {(0, 0), (1, 0)} in patches(customers, 100)


def test_a_square_is_found_by_the_places_in_it():
    assert cell_at(115.905, 28.685) == cell_at(115.9001, 28.6899) == (29590, 11868)


def test_neighbouring_squares_have_one_outline():
    shape = outline([(29590, 11868), (29591, 11868)])
    assert shape.geom_type == "Polygon"
    assert shape.bounds == (115.9, 28.68, 115.92, 28.69)
