from collections import Counter

import pytest

from gis.errors import EmptyInput, UnreadableFile
from gis.roads.places import PlaceKind, read_osm_places
from tests.data import test_data
from tests.unit.roads.streets import osm_xml

LAUF = "osm_lauf_2020/lauf-200115.osm.pbf"
CORNERS = {1: (11.0, 49.5), 2: (11.002, 49.5), 3: (11.002, 49.501), 4: (11.0, 49.501)}


def read(tmp_path, ways, extra=""):
    path = tmp_path / "town.osm"
    path.write_text(osm_xml(CORNERS, ways, extra), encoding="utf-8")
    return read_osm_places(path)


def test_the_german_town_has_its_complete_addresses_and_named_places():
    places = read_osm_places(test_data(LAUF))
    assert sum(place.is_complete_address for place in places) == 5421
    kinds = Counter(place.kind for place in places)
    assert kinds[PlaceKind.SETTLEMENT] == 16
    assert all(place.name for place in places if place.kind is not PlaceKind.ADDRESS)
    assert len({place.source_id for place in places}) == len(places)


def test_a_building_is_placed_in_the_middle_of_its_outline(tmp_path):
    tags = {"building": "yes", "addr:housenumber": "15栋", "addr:street": "八一大道"}
    (place,) = read(tmp_path, {10: ([1, 2, 3, 4, 1], {**tags, "addr:city": "南昌市"})})
    assert (place.lon, place.lat) == pytest.approx((11.001, 49.5005))
    assert (place.source_id, place.kind) == ("w10", PlaceKind.ADDRESS)
    assert (place.street, place.housenumber, place.city) == ("八一大道", "15栋", "南昌市")


def test_a_building_with_a_courtyard_is_found_by_its_outer_wall(tmp_path):
    relation = (
        '<relation id="7" version="1"><member type="way" ref="10" role="outer"/>'
        '<tag k="type" v="multipolygon"/><tag k="name" v="Schloss"/>'
        '<tag k="historic" v="castle"/></relation>'
    )
    (place,) = read(tmp_path, {10: ([1, 2, 3, 4, 1], {})}, relation)
    assert (place.source_id, place.category) == ("r7", "historic=castle")
    assert (place.lon, place.lat) == pytest.approx((11.001, 49.5005))


def test_a_landmark_keeps_its_other_names_and_its_address(tmp_path):
    tags = {"amenity": "school", "name": "一中", "name:en": "No 1", "alt_name": "一中"}
    (place,) = read(tmp_path, {10: ([1, 2, 3, 4, 1], {**tags, "addr:housenumber": "3"})})
    assert (place.kind, place.category) == (PlaceKind.POI, "amenity=school")
    assert place.other_names == ("No 1",)
    assert place.housenumber == "3"
    assert not place.is_complete_address


@pytest.mark.parametrize(
    "tags",
    [
        {"power": "tower", "name": "T1"},
        {"natural": "tree", "name": "Linde"},
        {"highway": "residential", "name": "Gasse"},
        {"amenity": "bench"},
        {"building": "no", "name": "gone"},
    ],
)
def test_what_nobody_asks_for_by_name_is_left_out(tmp_path, tags):
    with pytest.raises(EmptyInput):
        read(tmp_path, {10: ([1, 2, 3, 4, 1], tags)})


def test_a_file_cut_off_is_refused(tmp_path):
    whole = test_data(LAUF).read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile):
        read_osm_places(path)
