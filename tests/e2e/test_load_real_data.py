"""Real networks, towns and countries, loaded as a utility would load them."""

from pathlib import Path

import pytest
from sqlalchemy import Connection

from dispatch.store.loading.files import How
from dispatch.store.loading.supply import retrace
from gis.errors import GisError
from gis.roads.graph import from_bytes
from tests.data import test_data
from tests.store.loading_inputs import content, rows, take

MUX = "network_mux_tapejara_2024/mux_2024.gpkg.zip"
LAUF = "osm_lauf_2020/lauf-200115.osm.pbf"
LIECHTENSTEIN = "osm_liechtenstein_2021/liechtenstein-20211028.osm.pbf"
PAIR = tuple(
    f"network_oberrhein_schutterwald/{n}.json" for n in ("mv_oberrhein", "lv_schutterwald")
)
NANCHANG = tuple(f"roads_nanchang_kddcup2021/{n}.csv" for n in ("nodes", "edges"))

GREENSBORO = "network_greensboro_smartds"
IEEE = "cim_gridappsd"
LAID = "+proj=aeqd +lat_0=36.1 +lon_0=-79.8 +units=ft"
REACHED = """usage_point u LEFT JOIN transformer t ON t.id = u.transformer_id
    JOIN device d ON d.id = coalesce(u.device_id, t.device_id)
    JOIN device head ON head.feeder_id = d.feeder_id AND head.parent_id IS NULL
        AND d.pre BETWEEN head.pre AND head.post - 1"""


def count(connection: Connection, condition: str) -> object:
    return rows(connection, f"SELECT count(*) FROM {condition}")[0][0]


def again_changes_nothing(connection: Connection, what: str, *paths: Path) -> None:
    before = content(connection)
    assert take(connection, what, *paths).already is not None
    assert content(connection) == before


def test_a_brazilian_utility_is_traced_to_the_last_customer(connection):
    path = test_data(MUX)
    report = take(connection, "network", path)
    assert not report.refused
    taken = {kind: change.taken for kind, change in report.changes.items()}
    assert taken["feeders"] == 2 and taken["transformers"] == 273
    assert taken["switches"] == 211 and taken["customers"] == 13_340
    assert count(connection, "switch WHERE normal_open AND current_open") == 32
    assert count(connection, "transformer WHERE feeder_id IS NOT NULL") == 273
    assert count(connection, "usage_point WHERE transformer_id IS NOT NULL") == 13_300
    by_breaker = f"{REACHED} AND head.kind = 'breaker'"
    assert count(connection, by_breaker) == 13_340
    heads = rows(connection, "SELECT sum(customers) FROM device WHERE parent_id IS NULL")
    assert heads == rows(
        connection, "SELECT count(*) FROM usage_point WHERE disconnected_for IS NULL"
    )
    assert [(str(p.kind), p.ids) for p in report.problems] == [
        ("switch_on_no_section", ("2CF_532",))
    ]
    again_changes_nothing(connection, "network", path)
    before = content(connection, "device", "transformer", "usage_point", "line_section", "switch")
    retrace(connection)
    assert content(connection, *before) == before


def test_a_network_file_cut_off_leaves_nothing(connection, tmp_path):
    whole = test_data(MUX).read_bytes()
    path = tmp_path / "mux_2024.gpkg.zip"
    path.write_bytes(whole[: len(whole) // 2])
    before = content(connection)
    with pytest.raises(GisError, match="mux_2024"), connection.begin_nested():
        take(connection, "network", path)
    assert content(connection) == before


def test_a_medium_and_a_low_voltage_file_make_one_network_with_1506_customers(connection):
    paths = [test_data(name) for name in PAIR]
    report = take(connection, "network", *paths)
    assert report.changes["customers"].taken == 1_506 + 6  # six at medium voltage
    hung = "usage_point u JOIN transformer t ON t.id = u.transformer_id"
    assert count(connection, f"{hung} WHERE t.feeder_id IS NOT NULL") == 1_506
    assert count(connection, f"{hung} JOIN feeder f ON f.id = t.feeder_id") == 1_506
    heads = rows(connection, "SELECT sum(customers) FROM device WHERE parent_id IS NULL")
    assert heads == [(1_506 + 6,)]
    again_changes_nothing(connection, "network", *paths)


@pytest.mark.parametrize(
    ("name", "transformers", "switches", "customers", "at_mv"),
    [("uhs19_1247", 334, 409, 732, 2), ("uhs3_1247", 711, 876, 1_608, 12)],
)
def test_an_opendss_folder_is_traced_to_the_last_customer(
    connection, name, transformers, switches, customers, at_mv
):
    path = test_data(f"{GREENSBORO}/{name}")
    report = take(connection, "network", path)
    assert not report.refused
    taken = {kind: change.taken for kind, change in report.changes.items()}
    assert taken["transformers"] == transformers and taken["switches"] == switches
    assert taken["customers"] == customers == count(connection, REACHED)
    assert count(connection, "usage_point WHERE transformer_id IS NOT NULL") == customers - at_mv
    assert any("in the substation" in note for note in report.notes)
    assert {str(problem.kind) for problem in report.problems} == {"unsupplied"}
    again_changes_nothing(connection, "network", path)
    assert take(connection, "network", path / "Master.dss").already is not None


@pytest.mark.parametrize(("name", "customers"), [("IEEE123", 91), ("IEEE13_Assets", 15)])
def test_a_cim_feeder_on_a_drawing_is_loaded_where_its_owner_lays_it(connection, name, customers):
    path = test_data(f"{IEEE}/{name}.xml.gz")
    with pytest.raises(GisError, match="OpenDSSLocalBusCoordinates"), connection.begin_nested():
        take(connection, "network", path)
    report = take(connection, "network", path, how=How(crs=LAID))
    assert not report.refused and not report.problems
    assert report.changes["customers"].taken == customers == count(connection, REACHED)
    near = "transformer WHERE ST_DWithin(point::geography, 'POINT(-79.8 36.1)'::geography, 5000)"
    assert count(connection, near) == 1


def test_a_german_town_has_5421_complete_addresses(connection):
    path = test_data(LAUF)
    report = take(connection, "roads", path)
    assert any("5421 of them complete" in note for note in report.notes)
    addresses = "place WHERE source_id LIKE '%a' AND kind = 'place' AND address_text_id IS NOT NULL"
    assert int(str(count(connection, addresses))) >= 5_421
    assert (
        count(connection, "place WHERE kind = 'substation' AND name LIKE 'Umspannwerk Lauf%'") == 2
    )
    assert count(connection, "road_line WHERE name = 'Nürnberger Straße'") != 0
    again_changes_nothing(connection, "roads", path)


def test_a_towns_file_cut_off_leaves_nothing(connection, tmp_path):
    whole = test_data(LAUF).read_bytes()
    path = tmp_path / "lauf.osm.pbf"
    path.write_bytes(whole[: len(whole) // 2])
    before = content(connection)
    with pytest.raises(GisError, match=r"lauf\.osm\.pbf"), connection.begin_nested():
        take(connection, "roads", path)
    assert content(connection) == before


def test_a_small_country_is_one_graph_that_can_be_driven_throughout(connection):
    path = test_data(LIECHTENSTEIN)
    take(connection, "roads", path)
    (packed, nodes), *others = rows(connection, "SELECT arrays, nodes FROM road_graph")
    graph = from_bytes(bytes(packed))  # type: ignore[call-overload]
    assert not others
    assert graph.node_count == nodes > 5_000
    assert graph.strong_parts()[0] == 1
    drawn = rows(connection, "SELECT sum(ST_Length(line::geography)) / 1000 FROM road_line")
    assert 700 < float(str(drawn[0][0])) < 1_000
    again_changes_nothing(connection, "roads", path)


def test_a_chinese_city_has_2067_junctions(connection):
    paths = [test_data(name) for name in NANCHANG]
    take(connection, "roads", *paths, how=How(name="nanchang"))
    assert rows(connection, "SELECT name, nodes, edges FROM road_graph") == [
        ("nanchang", 2_067, 6_082)
    ]
    before = content(connection)
    assert take(connection, "roads", *paths, how=How(name="nanchang")).already is not None
    assert content(connection) == before
