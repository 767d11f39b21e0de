"""Loading districts, areas, crews, places and roads."""

from datetime import timedelta

import geopandas
import pytest
from shapely import Point, box

from dispatch.store.loading.files import How
from dispatch.store.loading.report import LoadRefused
from dispatch.store.roads import read_graph
from gis.crs import Datum
from gis.roads.cch import CchTravelTimes
from gis.roads.graph import from_bytes
from tests.store.loading_inputs import (
    NOW,
    TWO_FEEDERS,
    a_csv,
    a_network,
    a_vector,
    content,
    rows,
    take,
    west_and_east,
)

BY_DISTRICT = "SELECT district_id, count(*) FROM usage_point GROUP BY 1 ORDER BY 1"


def test_without_districts_everything_belongs_to_main_and_the_report_says_so(connection, tmp_path):
    report = take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    assert any("'main'" in note for note in report.notes)
    assert rows(connection, BY_DISTRICT) == [("main", 50)]
    assert rows(connection, "SELECT DISTINCT district_id FROM feeder") == [("main",)]


@pytest.mark.parametrize("first", ["network", "districts"])
def test_districts_hold_whichever_of_the_two_comes_first(connection, tmp_path, first):
    inputs = {
        "network": a_network(tmp_path, TWO_FEEDERS),
        "districts": west_and_east(tmp_path),
    }
    for what in sorted(inputs, key=lambda each: each != first):
        take(connection, what, inputs[what])
    assert rows(connection, "SELECT id, district_id FROM transformer ORDER BY id") == [
        ("T1", "west"),
        ("T2", "east"),
        ("T3", "east"),
        ("T4", "west"),
    ]
    assert rows(connection, BY_DISTRICT) == [("east", 33), ("west", 17)]
    assert rows(connection, "SELECT id, district_id FROM feeder ORDER BY id") == [
        ("F1", "east"),
        ("F2", "west"),
    ]
    assert rows(connection, "SELECT id FROM district ORDER BY id") == [("east",), ("west",)]


def test_what_lies_in_no_district_goes_to_the_nearest_and_is_named(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    far = a_vector(
        tmp_path, "d.geojson", [{"id": "d", "name": "D", "geometry": box(110, 20, 111, 21)}]
    )
    report = take(connection, "districts", far)
    assert any("4 transformers lie in no district" in n and "T1" in n for n in report.notes)
    assert rows(connection, BY_DISTRICT) == [("d", 50)]


def test_one_thing_is_told_as_one(connection, tmp_path):
    one = a_network(tmp_path, "[F1<S1] -B:cb1- a(T1:12)")
    take(connection, "network", one)
    far = a_vector(
        tmp_path, "d.geojson", [{"id": "d", "name": "D", "geometry": box(110, 20, 111, 21)}]
    )
    assert any(
        "1 transformer lies in no district" in n for n in take(connection, "districts", far).notes
    )


def test_districts_again_change_nothing_and_a_moved_border_moves_customers(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    path = west_and_east(tmp_path)
    take(connection, "districts", path)
    before = content(connection)
    assert take(connection, "districts", path).already is not None
    assert content(connection) == before
    report = take(connection, "districts", west_and_east(tmp_path, border=116.5))
    assert report.changes["districts"].changed == 2
    assert rows(connection, BY_DISTRICT) == [("west", 50)]


def areas(folder, name="areas.geojson", east="rural"):
    rows_ = [
        {"class": "urban", "geometry": box(115, 28, 116, 29)},
        {"class": east, "geometry": box(116, 28, 117, 29)},
    ]
    return a_vector(folder, name, rows_)


def test_a_changed_area_map_is_a_new_version_and_the_old_one_stays(connection, tmp_path):
    take(connection, "areas", areas(tmp_path))
    before = content(connection)
    assert take(connection, "areas", areas(tmp_path)).already is not None
    assert content(connection) == before
    take(connection, "areas", areas(tmp_path, east="remote"))
    take(connection, "areas", areas(tmp_path))
    versions = rows(
        connection,
        "SELECT array_agg(area_class ORDER BY area_class) FROM area GROUP BY version"
        " ORDER BY version",
    )
    assert versions == [(["rural", "urban"],), (["remote", "urban"],), (["rural", "urban"],)]


def test_an_area_of_unknown_class_is_refused_and_the_others_taken(connection, tmp_path):
    report = take(connection, "areas", areas(tmp_path, east="suburban"))
    assert [(each.row, "suburban" in each.reason) for each in report.refused] == [(2, True)]
    assert rows(connection, "SELECT area_class FROM area") == [("urban",)]


CREWS = ("id", "name", "district_id", "skills", "lon", "lat", "shift_start", "shift_end", "zone")


def test_crews_come_with_skills_base_and_every_day_shift(connection, tmp_path):
    path = a_csv(
        tmp_path,
        "crews.csv",
        [
            CREWS,
            ("C1", "抢修一班", "", "mv;live_line", 115.9, 28.6, "08:00", "20:00", ""),
            ("C2", "", "", "lv", 115.9, 28.6, "", "", "Europe/Berlin"),
        ],
    )
    report = take(connection, "crews", path)
    assert report.taken == 2 and not report.refused
    assert rows(connection, "SELECT id, name, district_id, skills FROM crew ORDER BY id") == [
        ("C1", "抢修一班", "main", ["mv", "live_line"]),
        ("C2", "C2", "main", ["lv"]),
    ]
    daily = "SELECT crew_id, starts, ends, zone FROM shift_pattern ORDER BY crew_id"
    assert rows(connection, daily) == [
        ("C1", "08:00", "20:00", "Asia/Shanghai"),
        ("C2", "00:00", "00:00", "Europe/Berlin"),
    ]


def test_crews_come_with_their_meal_of_every_day(connection, tmp_path):
    header = ("id", "lon", "lat", "meal", "meal_minutes")
    lines = [
        ("C1", 115.9, 28.6, "11:30", "45"),
        ("C2", 115.9, 28.6, "12:00", ""),
        ("C3", 115.9, 28.6, "", ""),
        ("C4", 115.9, 28.6, "", "30"),
        ("C5", 115.9, 28.6, "12:00", "300"),
    ]
    path = a_csv(tmp_path, "crews.csv", [header, *lines])
    report = take(connection, "crews", path)
    assert [each.id for each in report.refused] == ["C4", "C5"]
    meals = "SELECT crew_id, meal, meal_minutes FROM shift_pattern ORDER BY crew_id"
    assert rows(connection, meals) == [("C1", "11:30", 45), ("C2", "12:00", 30), ("C3", None, None)]


def test_a_changed_shift_counts_as_a_changed_crew_and_again_changes_nothing(connection, tmp_path):
    line = ["C1", "a", "", "mv", 115.9, 28.6, "08:00", "20:00", ""]
    take(connection, "crews", a_csv(tmp_path, "crews.csv", [CREWS, line]))
    line[6] = "07:30"
    path = a_csv(tmp_path, "crews.csv", [CREWS, line])
    assert take(connection, "crews", path).changes["crews"].changed == 1
    before = content(connection)
    assert take(connection, "crews", path).already is not None
    assert content(connection) == before


def test_a_crew_finds_its_district_by_name_or_by_base_or_is_refused(connection, tmp_path):
    take(connection, "districts", west_and_east(tmp_path))
    path = a_csv(
        tmp_path,
        "crews.csv",
        [
            CREWS,
            ("C1", "", "east", "", 115.5, 28.6, "", "", ""),
            ("C2", "", "", "", 115.5, 28.6, "", "", ""),
            ("C3", "", "north", "", 115.5, 28.6, "", "", ""),
            ("C4", "", "", "", 10.0, 50.0, "", "", ""),
            ("C5", "", "east", "", 115.5, 28.6, "08:00", "", ""),
            ("C6", "", "east", "", 115.5, 28.6, "25:00", "20:00", ""),
            ("C7", "", "east", "", 115.5, 28.6, "08:00", "20:00", "Mars/Olympus"),
        ],
    )
    report = take(connection, "crews", path)
    assert rows(connection, "SELECT id, district_id FROM crew ORDER BY id") == [
        ("C1", "east"),
        ("C2", "west"),
    ]
    assert sorted(each.id for each in report.refused) == ["C3", "C4", "C5", "C6", "C7"]
    reasons = {each.id: each.reason for each in report.refused}
    assert "there are east, west" in reasons["C3"]
    assert "HH:MM" in reasons["C6"]


def crew_list(folder, *crews, hours=("08:00", "20:00")):
    """A crew list of ids and members, all on shift at the same hours unless a crew has its own."""
    header = ("id", "members", "lon", "lat", "shift_start", "shift_end", "zone")
    lines = [(c[0], f'"{c[1]}"', 115.9, 28.6, *(c[2:] or hours), "UTC") for c in crews]
    return a_csv(folder, "crews.csv", [header, *lines])


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (";;", "members is ';;'; expected names, several with ;"),
        ("3", "members holds '3'; expected a name, several with ;"),
        ("Li Wei; 13800001234", "members holds '13800001234'; expected a name"),
        ("x" * 61, "of 61 characters; expected a name of 60 at most"),
        (";".join(f"p{n}" for n in range(41)), "members has 41 names; expected 40 at most"),
    ],
)
def test_members_that_can_be_nobody_refuse_their_row_alone(
    connection, tmp_path, members: str, reason: str
):
    path = crew_list(tmp_path, ("C1", members), ("C2", "x" * 60))
    report = take(connection, "crews", path)
    ((row, crew_id, why),) = [(each.row, each.id, each.reason) for each in report.refused]
    assert (row, crew_id) == (1, "C1") and reason in why
    assert rows(connection, "SELECT id, members FROM crew") == [("C2", "x" * 60)]


def test_names_that_are_empty_or_stand_twice_are_noted_and_kept_once(connection, tmp_path):
    path = crew_list(
        tmp_path,
        ("C1", "张三、、李四、张三"),
        ("C2", "Smith,  John; lee, Ann;Lee, Ann;", "20:00", "08:00"),
    )
    report = take(connection, "crews", path)
    assert not report.refused
    assert report.notes[-4:] == [
        "row 1 (C1) names 张三 twice; kept once",
        "row 1 (C1) has an empty name among its members; left out",
        "row 2 (C2) names lee, Ann twice; kept once",
        "row 2 (C2) has an empty name among its members; left out",
    ]
    assert rows(connection, "SELECT members FROM crew ORDER BY id") == [
        ("张三、李四",),
        ("Smith, John; lee, Ann",),
    ]


def test_somebody_in_two_crews_at_the_same_hours_is_noted_with_the_row(connection, tmp_path):
    path = crew_list(
        tmp_path,
        ("C1", "张三、李四"),
        ("C2", "李四、王五", "19:00", "21:00"),
        ("C3", "李四", "21:00", "08:00"),
    )
    report = take(connection, "crews", path)
    assert [each for each in report.notes if "李四" in each] == [
        "row 2 (C2): 李四 is in C1 too, and both work at the same hours"
    ]
    assert len(rows(connection, "SELECT FROM crew")) == 3
    again = take(connection, "crews", crew_list(tmp_path, ("C4", "王五")))
    assert again.notes == ["row 1 (C4): 王五 is in C2 too, and both work at the same hours"]


def test_a_rota_that_puts_one_person_in_two_crews_at_once_is_noted(connection, tmp_path):
    crews = crew_list(tmp_path, ("C1", "李四", "08:00", "10:00"), ("C2", "李四", "12:00", "14:00"))
    assert not [each for each in take(connection, "crews", crews).notes if "李四" in each]
    header = ("crew_id", "date", "shift_start", "shift_end", "zone")
    day = f"{NOW + timedelta(days=2):%Y-%m-%d}"
    rota = a_csv(tmp_path, "rota.csv", [header, ("C2", day, "09:00", "11:00", "UTC")])
    assert take(connection, "crews", rota, how=How(shifts=True)).notes == [
        "C2: 李四 is in C1 too, and both work at the same hours"
    ]


def test_shifts_by_date_may_pass_midnight_and_never_overlap(connection, tmp_path):
    crew = ("C1", "", "", "", 115.9, 28.6, "", "", "")
    take(connection, "crews", a_csv(tmp_path, "crews.csv", [CREWS, crew]))
    header = ("crew_id", "date", "shift_start", "shift_end")
    path = a_csv(
        tmp_path,
        "shifts.csv",
        [
            header,
            ("C1", "2026-03-01", "20:00", "08:00"),
            ("C1", "2026-03-02", "07:00", "09:00"),
            ("C9", "2026-03-02", "08:00", "20:00"),
            ("C1", "2026-02-30", "08:00", "20:00"),
        ],
    )
    report = take(connection, "crews", path, how=How(shifts=True))
    assert {(each.row, each.id) for each in report.refused} == {(2, "C1"), (3, "C9"), (4, "C1")}
    assert rows(connection, "SELECT period::text FROM shift")[0] == (
        '["2026-03-01 12:00:00+00","2026-03-02 00:00:00+00")',
    )


def test_a_later_plan_takes_the_place_of_the_shifts_it_overlaps(connection, tmp_path):
    crew = ("C1", "", "", "", 115.9, 28.6, "", "", "")
    take(connection, "crews", a_csv(tmp_path, "crews.csv", [CREWS, crew]))
    header = ("crew_id", "date", "shift_start", "shift_end")
    for start in ("08:00", "10:00"):
        path = a_csv(tmp_path, "shifts.csv", [header, ("C1", "2026-03-01", start, "18:00")])
        take(connection, "crews", path, how=How(shifts=True))
    found = rows(connection, "SELECT lower(period) AT TIME ZONE 'Asia/Shanghai' FROM shift")
    assert [str(each[0]) for each in found] == ["2026-03-01 10:00:00"]


def test_places_of_a_source_are_replaced_by_its_next_file(connection, tmp_path):
    header = ("id", "name", "kind", "lon", "lat")
    pole, mall = ("p1", "红谷线12号杆", "pole", 115.9, 28.6), ("m", "万达广场", "", 115.8, 28.6)
    take(connection, "places", a_csv(tmp_path, "poles.csv", [header, pole, mall]))
    report = take(connection, "places", a_csv(tmp_path, "poles.csv", [header, pole]))
    assert report.changes["places"].removed == ("m",)
    assert rows(connection, "SELECT source, kind, name FROM place") == [
        ("poles", "pole", "红谷线12号杆")
    ]


def test_places_of_unknown_kind_are_refused(connection, tmp_path):
    header = ("id", "name", "kind", "lon", "lat")
    path = a_csv(
        tmp_path, "p.csv", [header, ("1", "a", "moon", 1, 1), ("2", "bcd", "landmark", 1, 1)]
    )
    report = take(connection, "places", path)
    assert [each.id for each in report.refused] == ["1"]


NODES = [("node_id", "lon", "lat"), (1, 115.90, 28.60), (2, 115.91, 28.60), (3, 115.92, 28.60)]
EDGES = [("from_node", "to_node", "length_m", "speed_mps"), (1, 2, 980, 10), (2, 1, 980, 10)]


def test_a_pair_of_tables_becomes_a_graph_and_lines_in_either_order(connection, tmp_path):
    nodes, edges = a_csv(tmp_path, "n.csv", NODES), a_csv(tmp_path, "e.csv", EDGES)
    report = take(connection, "roads", edges, nodes)
    stored = rows(connection, "SELECT name, nodes, edges FROM road_graph")
    assert stored == [("default", 2, 2)]
    graph = from_bytes(read_graph(connection, "default").arrays)
    assert sorted(graph.node_id.tolist()) == [1, 2]
    assert rows(connection, "SELECT count(*) FROM road_line") == [(1,)]
    assert report.changes["streets"].new == 1


def test_a_graph_is_stored_with_the_order_that_spares_computing_it(connection, tmp_path):
    nodes, edges = a_csv(tmp_path, "n.csv", NODES), a_csv(tmp_path, "e.csv", EDGES)
    take(connection, "roads", nodes, edges)
    packed = read_graph(connection, "default")
    fresh = CchTravelTimes(from_bytes(packed.arrays))
    assert packed.node_order == fresh.order_bytes()
    assert CchTravelTimes(fresh.graph, packed.node_order).order_bytes() == packed.node_order


def test_roads_again_change_nothing_and_another_name_stands_beside(connection, tmp_path):
    pair = a_csv(tmp_path, "n.csv", NODES), a_csv(tmp_path, "e.csv", EDGES)
    take(connection, "roads", *pair)
    before = content(connection)
    assert take(connection, "roads", *pair).already is not None
    assert content(connection) == before
    take(connection, "roads", *pair, how=How(name="north"))
    assert rows(connection, "SELECT name FROM road_graph ORDER BY name") == [
        ("default",),
        ("north",),
    ]


OSM = """<?xml version='1.0'?><osm version='0.6'>
<node id='1' lon='115.90' lat='28.60'/><node id='2' lon='115.91' lat='28.60'/>
<node id='3' lon='115.905' lat='28.601'><tag k='name' v='万达广场'/><tag k='shop' v='mall'/></node>
<node id='4' lon='115.906' lat='28.601'><tag k='addr:housenumber' v='22'/>
<tag k='addr:street' v='阳明路'/><tag k='addr:city' v='南昌市'/></node>
<way id='9'><nd ref='1'/><nd ref='2'/>
<tag k='highway' v='residential'/><tag k='name' v='阳明路'/></way>
</osm>"""


def test_an_openstreetmap_file_gives_roads_and_a_gazetteer(connection, tmp_path):
    path = tmp_path / "town.osm"
    path.write_text(OSM, "utf-8")
    report = take(connection, "roads", path)
    assert rows(
        connection, "SELECT kind, name, address, extent_m > 400 FROM place ORDER BY 1, 2"
    ) == [
        ("landmark", "万达广场", "", False),
        ("place", "阳明路", "阳明路", True),
        ("place", "阳明路 22", "阳明路 22, 南昌市", False),
    ]
    assert any("1 addresses, 1 of them complete" in note for note in report.notes)
    assert rows(connection, "SELECT name, road_class FROM road_line") == [("阳明路", "residential")]


def test_roads_of_three_files_are_refused(connection, tmp_path):
    one = a_csv(tmp_path, "n.csv", NODES)
    with pytest.raises(LoadRefused, match="two CSV files"):
        take(connection, "roads", one, one, one)


def test_a_projected_file_is_turned_into_degrees(connection, tmp_path):
    frame = geopandas.GeoDataFrame(
        {"id": ["C1"]}, geometry=[Point(115.9, 28.6)], crs="EPSG:4326"
    ).to_crs("EPSG:32650")
    frame.to_file(tmp_path / "crews.gpkg")
    take(connection, "crews", tmp_path / "crews.gpkg")
    found = rows(connection, "SELECT round(ST_X(base)::numeric, 6)::float FROM crew")
    assert found == [(115.9,)]


def test_positions_in_gcj02_are_moved_to_wgs84(connection, tmp_path):
    crew = ("C1", "", "", "", 115.9, 28.6, "", "", "")
    path = a_csv(tmp_path, "crews.csv", [CREWS, crew])
    take(connection, "crews", path, how=How(datum=Datum.GCJ02))
    moved = rows(
        connection,
        "SELECT ST_Distance(base::geography, 'SRID=4326;POINT(115.9 28.6)'::geography) FROM crew",
    )
    assert 300 < float(str(moved[0][0])) < 700


def test_depots_come_with_what_they_stock_and_go_to_the_district_that_covers_them(
    connection, tmp_path
):
    take(connection, "districts", west_and_east(tmp_path))
    (where,) = rows(
        connection,
        "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_PointOnSurface(boundary) AS p FROM district"
        " WHERE id = 'east') AS inside",
    )
    lines = [
        ("id", "name", "district", "stock", "lon", "lat"),
        ("W1", "yard", "", "Fuse 63A;pole", *where),
        ("W2", "far", "north", "pole", 115.9, 28.6),
        ("W3", "adrift", "", "pole", 10, 10),
    ]
    report = take(connection, "depots", a_csv(tmp_path, "depots.csv", lines))
    assert [(each.id, each.reason.partition(";")[0]) for each in report.refused] == [
        ("W2", "district_id 'north' is not loaded"),
        ("W3", "names no district, and it lies in none"),
    ]
    assert rows(connection, "SELECT id, name, district_id, stock FROM depot") == [
        ("W1", "yard", "east", ["fuse 63 A", "pole"])
    ]


def test_a_crew_list_says_what_crews_carry_or_leaves_it_as_it_is(connection, tmp_path):
    header, line = ("id", "lon", "lat"), ("C1", 115.9, 28.6)
    lines = [(*header, "carries"), (*line, "Pole;fuse 63a")]
    listed = a_csv(tmp_path, "crews.csv", lines)
    take(connection, "crews", listed)
    aboard = "SELECT carries FROM crew"
    assert rows(connection, aboard) == [(["fuse 63 A", "pole"],)]
    lines = [(*header, "name"), (*line, "night")]
    take(connection, "crews", a_csv(tmp_path, "crews.csv", lines))
    assert rows(connection, aboard) == [(["fuse 63 A", "pole"],)]
