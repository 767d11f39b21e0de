"""Coordinates as they are typed and pasted."""

import pytest

from gis.coordinates import read_coordinates
from gis.crs import Datum, to_wgs84


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("115.9, 28.68", [(115.9, 28.68)]),
        ("28.68 115.9", [(115.9, 28.68)]),
        ("28.68，115.9", [(115.9, 28.68)]),
        ("47.14 N 9.52 E", [(9.52, 47.14)]),
        ("9.52W, 47.14S", [(-9.52, -47.14)]),
        ("wgs84 115.9,28.68", [(115.9, 28.68)]),
    ],
)
def test_a_pair_is_read_in_the_order_that_it_can_only_have(said, expected):
    assert read_coordinates(said) == expected


def test_a_pair_that_can_be_read_both_ways_is_given_both_ways():
    assert read_coordinates("47.14, 9.52") == [(47.14, 9.52), (9.52, 47.14)]


@pytest.mark.parametrize(
    ("said", "datum"),
    [
        ("GCJ-02 115.9,28.68", Datum.GCJ02),
        ("115.9 28.68 高德", Datum.GCJ02),
        ("bd09: 115.9,28.68", Datum.BD09),
        ("百度115.9,28.68", Datum.BD09),
    ],
)
def test_a_datum_that_is_named_is_turned_into_wgs84(said, datum):
    (found,) = read_coordinates(said)
    assert found == to_wgs84(115.9, 28.68, datum)
    assert found != (115.9, 28.68)


@pytest.mark.parametrize("said", ["", "12", "八一大道12号", "200, 300", "1,2,3", "115.9,"])
def test_what_is_no_pair_of_degrees_gives_nothing(said):
    assert read_coordinates(said) == []
