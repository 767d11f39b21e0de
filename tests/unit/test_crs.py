import csv
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.crs import (
    Datum,
    checked_lon_lat,
    distance_m,
    from_wgs84,
    from_wgs84_arrays,
    local_metric,
    to_wgs84,
    to_wgs84_arrays,
)
from gis.errors import OffPlanet
from tests.data import test_data

in_china = st.tuples(st.floats(74, 134), st.floats(19, 53))
on_earth = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


def vectors():
    with test_data("gcj02_vectors/eviltransform_vectors.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_published_gcj02_pairs_are_met_within_a_metre():
    pairs = [pair for pair in vectors() if pair["kind"] == "wgs84_to_gcj02"]
    for pair in pairs:
        true = float(pair["in_lng"]), float(pair["in_lat"])
        offset = float(pair["out_lng"]), float(pair["out_lat"])
        assert distance_m(*from_wgs84(*true, Datum.GCJ02), *offset) < 0.01
        assert distance_m(*to_wgs84(*offset, Datum.GCJ02), *true) < 1
    assert len(pairs) == 3


def test_bd09_is_inverted_better_than_the_published_single_step_inverses():
    pairs = [pair for pair in vectors() if pair["kind"] == "bd09_to_wgs84"]
    for pair in pairs:
        offset = float(pair["in_lng"]), float(pair["in_lat"])
        published = float(pair["out_lng"]), float(pair["out_lat"])
        ours = to_wgs84(*offset, Datum.BD09)
        assert distance_m(*ours, *published) < 50
        assert distance_m(*from_wgs84(*ours, Datum.BD09), *offset) < 0.01
        assert distance_m(*from_wgs84(*published, Datum.BD09), *offset) > 1
    assert len(pairs) == 2


@settings(deadline=None)
@given(in_china, st.sampled_from(Datum))
def test_there_and_back_is_the_same_place_within_a_metre(place, datum):
    back = to_wgs84(*from_wgs84(*place, datum), datum)
    assert distance_m(*back, *place) < 1


@settings(deadline=None)
@given(in_china, st.sampled_from([Datum.GCJ02, Datum.BD09]))
def test_inside_china_the_offset_datums_lie_tens_to_some_hundred_metres_off(place, datum):
    assert 10 < distance_m(*from_wgs84(*place, datum), *place) < 2_500


@pytest.mark.parametrize("datum", Datum)
def test_outside_china_every_datum_is_wgs84(datum):
    assert to_wgs84(11.28, 49.51, datum) == (11.28, 49.51)
    assert from_wgs84(11.28, 49.51, datum) == (11.28, 49.51)


def test_arrays_give_what_scalars_give():
    lon, lat = np.array([116.4, 11.28, 121.5]), np.array([39.9, 49.51, 31.2])
    for datum in Datum:
        for arrays, scalar in ((to_wgs84_arrays, to_wgs84), (from_wgs84_arrays, from_wgs84)):
            x, y = arrays(lon, lat, datum)
            wanted = [scalar(*place, datum) for place in zip(lon, lat, strict=True)]
            assert np.column_stack([x, y]).tolist() == [list(place) for place in wanted]


def test_empty_arrays_give_empty_arrays():
    x, y = to_wgs84_arrays([], [], Datum.GCJ02)
    assert x.shape == y.shape == (0,)


def test_arrays_of_different_length_are_refused():
    with pytest.raises(ValueError, match="shape"):
        to_wgs84_arrays([1.0], [1.0, 2.0], Datum.WGS84)


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(math.nan, 1.0), (1.0, math.inf), (181.0, 0.0), (0.0, -90.1), (1e308, 1e308)],
)
def test_a_position_off_the_planet_is_refused(lon, lat):
    for refuse in (checked_lon_lat, lambda x, y: to_wgs84(x, y, Datum.GCJ02)):
        with pytest.raises(OffPlanet) as refusal:
            refuse(lon, lat)
        assert refusal.value.code == "off-planet"


def test_swapped_latitude_and_longitude_are_named_as_such():
    with pytest.raises(OffPlanet, match="swapped"):
        checked_lon_lat(31.2, 121.5)


def test_one_degree_of_latitude_is_111_kilometres():
    assert distance_m(0, 0, 0, 1) == pytest.approx(111_195, abs=1)


def test_distances_of_arrays_equal_those_of_scalars():
    lon, lat = np.array([11.2, 11.3]), np.array([49.5, 49.6])
    got = distance_m(lon, lat, 11.25, 49.5)
    assert got.tolist() == [distance_m(x, y, 11.25, 49.5) for x, y in zip(lon, lat, strict=True)]


@settings(deadline=None)
@given(on_earth, on_earth)
def test_distance_is_symmetric_and_never_beyond_half_the_earth(a, b):
    assert distance_m(*a, *b) == pytest.approx(distance_m(*b, *a))
    assert 0 <= distance_m(*a, *b) <= 20_015_200


def test_a_buffer_of_a_hundred_metres_is_a_hundred_metres_wide():
    plane = local_metric(115.87, 28.66)
    circle = plane.to_wgs84(plane.to_plane(shapely.Point(115.87, 28.66)).buffer(100))
    rim = shapely.get_coordinates(circle)
    assert distance_m(rim[:, 0], rim[:, 1], 115.87, 28.66) == pytest.approx(100, rel=0.006)


@settings(deadline=None)
@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
def test_the_local_plane_leads_back_to_the_same_place(dx, dy):
    plane = local_metric(11.28, 49.51)
    lon, lat = plane.lon_lat(*plane.xy(11.28 + dx, 49.51 + dy))
    assert (float(lon), float(lat)) == pytest.approx(
        (11.28 + dx, 49.51 + dy), abs=1e-8
    )  # a millimetre
