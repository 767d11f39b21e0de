"""The written county, read back by the product's own readers."""

import hashlib
import json
from collections import Counter
from xml.etree import ElementTree as ET

import numpy as np
import osmium
import pyogrio
import pytest
import shapely

from dispatch.drill.county import generate, parameters, write
from dispatch.drill.county.frame import lonlat
from dispatch.store.loading.crews import read_crews
from dispatch.store.loading.depots import read_depots
from gis.areas import AreaClass, AreaMap, read_areas, read_districts
from gis.network.readers.layers import read_layers
from gis.roads.dijkstra import DijkstraTravelTimes
from gis.roads.network import RoadNetwork
from gis.roads.osm import read_osm
from gis.roads.places import read_osm_places

TEXT = ("roads", "crews", "depots", "planned")
LAYERS = ("substations", "feeders", "sections", "switches", "transformers", "customers")


@pytest.fixture(scope="module")
def areas(files):
    taken, refused = read_areas(files["areas"], {})
    assert not refused
    return AreaMap("1", taken)


@pytest.fixture(scope="module")
def graph(files):
    return read_osm(files["roads"])


def test_roads_are_osm_xml_that_pyosmium_reads(files):
    ids = {"n": [], "w": []}
    for thing in osmium.FileProcessor(str(files["roads"])):
        ids[thing.type_str()].append(thing.id)
    assert len(set(ids["n"])) == len(ids["n"]) and ids["w"] == sorted(ids["w"])
    root = ET.parse(files["roads"]).getroot()
    assert root.get("version") == "0.6"
    known = {node.get("id") for node in root.iter("node")}
    assert all(nd.get("ref") in known for nd in root.iter("nd"))


def test_roads_hang_together_in_both_directions(graph):
    assert graph.largest_part().node_count >= 0.98 * graph.node_count


def test_places_landmarks_and_addresses_can_be_searched(files):
    found = read_osm_places(files["roads"])
    names = {entry.name for entry in found.entries}
    assert "云岭县人民医院" in names
    assert any(name.endswith("派出所") for name in names)
    assert any(name.endswith("超市") for name in names)
    assert found.complete > 5_000


def test_the_network_is_read_back_whole(files, county):
    result = read_layers(files["network"])
    assert result.refusals == ()
    back, made = result.network, county.network
    assert {f.id: f for f in back.feeders} == {f.id: f for f in made.feeders}
    assert [s.id for s in back.switches if s.normal_open] == [
        s.id for s in made.switches if s.normal_open
    ]
    assert back.transformers == made.transformers
    assert back.usage_points == made.usage_points


def test_every_row_says_that_it_is_made_up(files):
    for layer in LAYERS:
        table = pyogrio.read_dataframe(files["network"], layer=layer, columns=["synthetic"])
        assert set(table["synthetic"]) == {parameters.SYNTHETIC}
    for name in ("areas", "districts"):
        table = pyogrio.read_dataframe(files[name])
        assert set(table["synthetic"]) == {parameters.SYNTHETIC}
    for name in ("crews", "planned", "roads"):
        assert parameters.SYNTHETIC in files[name].read_text(encoding="utf-8")


def test_all_three_area_classes_occur_and_a_small_gap_stays(areas, county):
    found = Counter(areas.classify(u.point.x, u.point.y) for u in county.network.usage_points)
    assert found[AreaClass.URBAN, True] > 15_000
    assert found[AreaClass.RURAL, True] > 15_000
    assert found[AreaClass.REMOTE, True] > 500
    assert 0 < found[AreaClass.URBAN, False] < 500


def test_area_polygons_do_not_overlap(areas):
    shapes = [area.polygon for area in areas.areas]
    for i, one in enumerate(shapes):
        for other in shapes[:i]:
            assert one.intersection(other).area < 1e-9


def test_every_customer_lies_in_just_one_district(files, county):
    districts, refused = read_districts(files["districts"], {})
    assert not refused and 3 <= len(districts) <= 5
    points = np.array([[u.point.x, u.point.y] for u in county.network.usage_points])
    held = sum(
        shapely.contains_xy(d.polygon, points[:, 0], points[:, 1]).astype(int) for d in districts
    )
    assert (held == 1).all()


def test_crews_are_read_with_base_skills_and_shift(files, county):
    crews, refused = read_crews(files["crews"], {}, zone="Asia/Shanghai")
    assert not refused and len(crews) == len(county.crews)
    assert all(crew.skills and crew.starts and crew.ends for crew in crews)


def test_some_hamlets_are_an_hour_from_the_nearest_crew(county, graph):
    roads = RoadNetwork(DijkstraTravelTimes(graph))
    hamlets = lonlat(np.array([q.xy for q in county.places if q.kind == "hamlet"]))
    bases = sorted({(crew.lon, crew.lat) for crew in county.crews})
    table = roads.matrix(bases, [tuple(xy) for xy in hamlets.tolist()])
    minutes = np.array([[cell.seconds for cell in row] for row in table]).min(axis=0) / 60
    assert (minutes > 60).sum() >= 2
    assert np.isfinite(minutes).all() and minutes.min() < 45


def test_planned_work_names_transformers_that_exist(files, county):
    known = {t.id for t in county.network.transformers}
    works = json.loads(files["planned"].read_text(encoding="utf-8"))
    assert works and all(set(work["transformers"]) <= known for work in works)
    assert all(work["starts_at"] < work["ends_at"] for work in works)


def test_the_same_seed_writes_the_same_county(tmp_path):
    one = write(generate(5, customers=2_500), tmp_path / "one")
    two = write(generate(5, customers=2_500), tmp_path / "two")
    for name in TEXT:
        digests = {hashlib.sha256(f[name].read_bytes()).hexdigest() for f in (one, two)}
        assert len(digests) == 1, name
    for layer in LAYERS:
        tables = [pyogrio.read_dataframe(f["network"], layer=layer) for f in (one, two)]
        assert tables[0].equals(tables[1]), layer


def test_another_seed_makes_another_county(county):
    other = generate(8, customers=2_500)
    assert [q.name for q in other.places] != [q.name for q in county.places]
    assert len(other.roads.xy) != len(county.roads.xy)


def test_two_depots_stand_in_two_districts_and_both_have_something(files):
    depots, refused = read_depots(files["depots"], {})
    assert not refused
    assert [each.district_id for each in depots] == ["D1", "D2"]
    assert all("变压器 100 kVA" in each.stock for each in depots)
