import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.indices import Interrupted, frequent, reliability
from tests.unit.core import after


def out(point, began, ended):
    return Interrupted(point, after(began), after(ended))


def test_interruptions_in_another_order_are_refused():
    with pytest.raises(ValueError, match="expected the other order"):
        reliability([out(1, 10, 20), out(1, 0, 5)], 1)


def test_the_indices_of_a_worked_example():
    found = reliability([out(1, 0, 60), out(2, 0, 30), out(2, 100, 190), out(3, 0, 2)], 10)
    assert found.customer_minutes == 180
    assert (found.saidi_minutes, found.saifi, found.caidi_minutes) == (18.0, 0.3, 60.0)
    assert (found.customers_interrupted, found.momentary) == (2, 0.1)


def test_a_nested_outage_that_goes_on_is_one_interruption():
    found = reliability([out(1, 0, 60), out(1, 60, 90)], 1)
    assert (found.saifi, found.customer_minutes) == (1.0, 90.0)


def test_nobody_interrupted_has_no_average_duration():
    assert reliability([], 5).caidi_minutes is None


def test_a_company_without_customers_has_no_indices():
    with pytest.raises(ValueError, match="customers_served"):
        reliability([], 0)


def test_who_is_out_often_is_listed():
    spans = [out(1, 0, 10), out(1, 20, 30), out(1, 40, 50), out(2, 0, 10), out(3, 0, 1)]
    assert frequent(spans, 3) == {1: 3}


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 300), st.integers(1, 90)), max_size=25))
def test_customer_minutes_are_minutes_in_the_dark(spans):
    found = reliability([out(p, b, b + length) for p, b, length in sorted(spans)], 4)
    dark = {(p, m) for p, b, length in spans for m in range(b, b + length)}
    runs = {(p, m) for p, m in dark if (p, m - 1) not in dark}
    short = 0
    for point, began in runs:
        length = next(n for n in range(1, 999) if (point, began + n) not in dark)
        short += length if length <= 5 else 0
    assert found.customer_minutes == pytest.approx(len(dark) - short)
