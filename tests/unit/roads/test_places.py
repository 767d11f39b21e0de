from collections import Counter

import pytest

from gis.errors import UnreadableFile
from gis.geocode import EntryKind
from gis.roads.places import read_osm_places
from tests.data import test_data
from tests.unit.roads.streets import osm_xml

LAUF = "osm_lauf_2020/lauf-200115.osm.pbf"
CORNERS = {1: (11.0, 49.5), 2: (11.002, 49.5), 3: (11.002, 49.501), 4: (11.0, 49.501)}
WALL = [1, 2, 3, 4, 1]


def read(tmp_path, ways, extra=""):
    path = tmp_path / "town.osm"
    path.write_text(osm_xml(CORNERS, ways, extra), encoding="utf-8")
    return read_osm_places(path)


def test_the_german_town_has_its_complete_addresses_and_named_places():
    found = read_osm_places(test_data(LAUF))
    assert found.complete == 5421
    kinds = Counter(entry.kind for entry in found.entries)
    assert kinds[EntryKind.PLACE] > 5421
    assert kinds[EntryKind.LANDMARK] > 100
    assert kinds[EntryKind.SUBSTATION] > 0
    assert all(entry.name for entry in found.entries)
    assert len({entry.id for entry in found.entries}) == len(found.entries)


def test_a_building_is_placed_in_the_middle_of_its_outline(tmp_path):
    tags = {"building": "yes", "addr:housenumber": "15栋", "addr:street": "八一大道"}
    found = read(tmp_path, {10: (WALL, {**tags, "addr:city": "南昌市"})})
    (entry,) = found.entries
    assert (entry.lon, entry.lat) == pytest.approx((11.001, 49.5005))
    assert (entry.id, entry.kind) == ("w10a", EntryKind.PLACE)
    assert (entry.name, entry.address) == ("八一大道 15栋", "八一大道 15栋, 南昌市")
    assert (found.addresses, found.complete) == (1, 1)


def test_a_building_with_a_courtyard_is_found_by_its_outer_wall(tmp_path):
    relation = (
        '<relation id="7" version="1"><member type="way" ref="10" role="outer"/>'
        '<member type="way" ref="11" role="inner"/>'
        '<tag k="type" v="multipolygon"/><tag k="name" v="Schloss"/>'
        '<tag k="historic" v="castle"/></relation>'
    )
    ways = {10: ([1, 2, 3, 1], {}), 11: ([1, 4, 1], {})}
    (entry,) = read(tmp_path, ways, relation).entries
    assert (entry.id, entry.kind) == ("r7", EntryKind.LANDMARK)
    assert (entry.lon, entry.lat) == pytest.approx((11.001, 49.5005))


def test_a_landmark_keeps_its_other_names_and_its_address(tmp_path):
    tags = {"amenity": "school", "name": "一中", "name:en": "No 1", "alt_name": "一中;县中"}
    address = {"addr:housenumber": "3", "addr:street": "学府路"}
    found = read(tmp_path, {10: (WALL, {**tags, **address})})
    door, school = found.entries
    assert (school.name, school.address) == ("一中 (No 1 / 县中)", "学府路 3")
    assert (door.id, door.name) == ("w10a", "学府路 3")
    assert found.complete == 0


def test_a_settlement_reaches_as_far_as_its_kind(tmp_path):
    (entry,) = read(tmp_path, {10: (WALL, {"place": "village", "name": "李家村"})}).entries
    assert (entry.kind, entry.name, entry.extent_m) == (EntryKind.PLACE, "李家村", 700.0)


def test_a_street_is_given_once_for_all_its_pieces(tmp_path):
    tags = {"highway": "residential", "name": "Gasse"}
    (entry,) = read(tmp_path, {10: ([1, 2], tags), 11: ([2, 3], tags)}).entries
    assert (entry.id, entry.name) == ("street:Gasse", "Gasse")
    assert 50 < entry.extent_m < 200


def test_equipment_is_found_by_what_stands_on_it(tmp_path):
    (entry,) = read(tmp_path, {10: (WALL, {"power": "pole", "ref": "47"})}).entries
    assert (entry.kind, entry.name) == (EntryKind.POLE, "47")


@pytest.mark.parametrize(
    "tags",
    [
        {"power": "tower"},
        {"amenity": "bench"},
        {"building": "no", "name": "gone"},
        {"addr:housenumber": "3"},
        {"place": "planet", "name": "Erde"},
    ],
)
def test_what_nobody_asks_for_by_name_is_left_out(tmp_path, tags):
    assert read(tmp_path, {10: (WALL, tags)}).entries == []


def test_a_file_cut_off_is_refused(tmp_path):
    whole = test_data(LAUF).read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile):
        read_osm_places(path)
