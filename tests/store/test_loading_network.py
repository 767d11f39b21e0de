"""Loading the network: what is traced, what is replaced, what is reported."""

import pytest
from sqlalchemy import text

from dispatch.store.loading.files import How
from dispatch.store.loading.report import LoadRefused
from dispatch.store.loading.supply import retrace
from gis.errors import GisError
from tests.store.loading_inputs import (
    TWO_FEEDERS,
    a_csv,
    a_network,
    content,
    feeder_of_transformers,
    head_customers,
    rows,
    take,
)


def problems_by_kind(report):
    found = {}
    for problem in report.problems:
        found.setdefault(str(problem.kind), []).append(problem.ids)
    return found


def test_every_customer_is_counted_at_the_head_of_their_feeder(connection, tmp_path):
    report = take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    assert head_customers(connection) == {"F1": 45, "F2": 5}
    assert feeder_of_transformers(connection) == {"T1": "F1", "T2": "F1", "T3": "F1", "T4": "F2"}
    assert not report.problems and not report.refused


def test_a_device_spans_the_transformers_below_it(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    below = rows(
        connection,
        "SELECT d.id, array_agg(t.id ORDER BY t.id) FROM device d JOIN transformer t"
        " ON t.feeder_id = d.feeder_id AND t.device_pre >= d.pre AND t.device_pre < d.post"
        " WHERE d.kind <> 'transformer' GROUP BY d.id ORDER BY d.id",
    )
    assert below == [
        ("switch:cb1", ["T1", "T2", "T3"]),
        ("switch:cb2", ["T4"]),
        ("switch:k1", ["T2"]),
        ("switch:r1", ["T3"]),
    ]


def test_the_same_network_again_changes_nothing_and_says_so(connection, tmp_path):
    path = a_network(tmp_path, TWO_FEEDERS)
    take(connection, "network", path)
    before = content(connection)
    report = take(connection, "network", path)
    assert report.already is not None and "nothing is changed" in report.already
    assert content(connection) == before


def test_a_file_with_the_same_things_in_other_bytes_changes_no_row(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    before = content(connection)
    other = a_network(tmp_path, TWO_FEEDERS + "\n# drawn again\n", "again.gpkg")
    other.write_bytes(other.read_bytes() + b"\0" * 4096)
    report = take(connection, "network", other)
    assert report.already is None
    assert all(change.is_nothing for change in report.changes.values())
    after = content(connection)
    assert {name for name in after if after[name] != before[name]} <= {"load_receipt"}


def test_what_a_new_file_lacks_is_removed_or_retired_by_name(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS.replace("T2:3", "T2")))
    smaller = TWO_FEEDERS.replace(" -F:k1- c(T2:3)", "").replace("e(T4:5)", "e")
    report = take(connection, "network", a_network(tmp_path, smaller))
    assert report.changes["switches"].removed == ("k1",)
    assert report.changes["transformers"].removed == ("T2",)
    assert report.changes["transformers"].retired == ("T4",)
    kept = rows(connection, "SELECT id, retired_at IS NULL, feeder_id FROM transformer ORDER BY id")
    assert kept == [("T1", True, "F1"), ("T3", True, "F1"), ("T4", False, None)]
    loose = problems_by_kind(report)["customer_on_no_transformer"]
    assert loose == [tuple(f"T4.{n}" for n in range(1, 6))]


def test_a_transformer_that_comes_back_is_in_service_again(connection, tmp_path):
    path = a_network(tmp_path, TWO_FEEDERS)
    take(connection, "network", path)
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS.replace("(T4:5)", ""), "b.gpkg"))
    take(connection, "network", path)
    assert rows(connection, "SELECT count(*) FROM transformer WHERE retired_at IS NOT NULL") == [
        (0,)
    ]
    assert head_customers(connection)["F2"] == 5


def test_a_feeder_that_an_outage_refers_to_stays_when_the_file_lacks_it(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    connection.execute(
        text(
            "INSERT INTO planned_outage (id, district_id, feeder_id, reason, starts_at, ends_at,"
            " version) VALUES (1, 'main', 'F2', 'r', now(), now() + interval '1 hour', 1)"
        )
    )
    without = TWO_FEEDERS.replace("[F2<S1] -B:cb2- ", "")
    report = take(connection, "network", a_network(tmp_path, without))
    assert report.changes["feeders"].retired == ("F2",)
    assert rows(connection, "SELECT head_node FROM feeder WHERE id = 'F2'") == [(None,)]


def test_another_network_is_refused_unless_it_is_meant(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    other = a_network(tmp_path, "[G1] -B:x- y(U1:4)", "other.gpkg")
    with pytest.raises(LoadRefused, match=r"4 of the 4 transformers.*--replace"):
        take(connection, "network", other)
    report = take(connection, "network", other, how=How(replace=True))
    assert report.changes["feeders"].removed == ("F1", "F2")
    assert head_customers(connection) == {"G1": 4}


def test_a_known_switch_keeps_its_current_state(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    connection.execute(text("UPDATE switch SET current_open = true WHERE id = 'r1'"))
    report = take(connection, "network", a_network(tmp_path, TWO_FEEDERS.replace("250", "260")))
    assert any("r1" in note and "other than normal" in note for note in report.notes)
    assert feeder_of_transformers(connection)["T3"] is None


def test_retrace_follows_a_switch_to_the_neighbouring_feeder(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    connection.execute(text("UPDATE switch SET current_open = (id IN ('r1')) WHERE id <> 'cb1'"))
    traced = retrace(connection)
    assert traced.feeders_changed == {"F1", "F2"}
    assert feeder_of_transformers(connection)["T3"] == "F2"
    assert head_customers(connection) == {"F1": 15, "F2": 35}
    connection.execute(text("UPDATE switch SET current_open = normal_open"))
    retrace(connection)
    assert head_customers(connection) == {"F1": 45, "F2": 5}


def test_retrace_of_an_unchanged_network_writes_nothing(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    before = content(connection)
    assert retrace(connection).feeders_changed == frozenset()
    assert content(connection) == before


def test_retrace_of_an_empty_database_gives_an_empty_tracing(connection):
    assert retrace(connection).tracing.devices == ()


FAULTY = """
[F1] -B:cb1- a(T1:12) -- b(T2:3)
b -- c -- d -- b                         # a loop
x -- y(T9:7)                             # an island
p -F:lost- q                             # a switch on no section
"""


def test_loop_island_and_stray_switch_are_reported_and_the_sound_part_works(connection, tmp_path):
    report = take(connection, "network", a_network(tmp_path, FAULTY))
    found = problems_by_kind(report)
    assert set(found["loop"][0]) == {"b-c", "c-d", "d-b"}
    assert found["island"] == [("x-y", "T9")]
    assert found["transformer_unreached"] == [("T9",)]
    assert found["switch_on_no_section"] == [("lost",)]
    assert head_customers(connection) == {"F1": 15}
    stored = rows(connection, "SELECT kind, ids FROM network_problem WHERE kind = 'island'")
    assert stored == [("island", ["x-y", "T9"])]


def test_a_problem_that_is_mended_is_no_longer_stored(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, FAULTY))
    mended = FAULTY.replace("c -- d -- b ", "c -- d ").replace("x -- y", "b -- y")
    mended = mended.replace("p -F:lost- q", "d -F:lost- q -- r")
    take(connection, "network", a_network(tmp_path, mended))
    assert rows(connection, "SELECT kind FROM network_problem") == []
    assert head_customers(connection) == {"F1": 22}


def test_customers_of_an_unsupplied_transformer_still_hang_on_it(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, FAULTY))
    assert rows(connection, "SELECT customers, feeder_id FROM transformer WHERE id = 'T9'") == [
        (7, None)
    ]


LOW_VOLTAGE = """
[F1] -B:cb1- a(T1:2>x) -- b(T2:1>z)
x == u{3} -F:lv1- v{4}
v -/L:lvtie/- z
b -F:k9- m{1}                            # a customer at medium voltage
"""


def test_a_customer_behind_a_low_voltage_fuse_hangs_on_it(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, LOW_VOLTAGE))
    found = rows(
        connection,
        "SELECT transformer_id, device_id, count(*) FROM usage_point GROUP BY 1, 2 ORDER BY 1, 2",
    )
    assert found == [
        ("T1", "switch:lv1", 4),
        ("T1", None, 5),
        ("T2", None, 1),
        (None, "switch:k9", 1),
    ]
    counts = dict(rows(connection, "SELECT id, customers FROM device"))
    assert counts == {
        "switch:cb1": 11,
        "transformer:T1": 9,
        "switch:lv1": 4,
        "transformer:T2": 1,
        "switch:k9": 1,
    }


def test_low_voltage_switching_moves_customers_to_the_other_transformer(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, LOW_VOLTAGE))
    connection.execute(text("UPDATE switch SET current_open = (id = 'lv1')"))
    retrace(connection)
    found = rows(
        connection,
        "SELECT transformer_id, device_id, count(*) FROM usage_point WHERE account LIKE 'v.%'"
        " GROUP BY 1, 2",
    )
    assert found == [("T2", None, 4)]
    assert dict(rows(connection, "SELECT id, customers FROM transformer")) == {"T1": 5, "T2": 5}


def test_a_disconnected_customer_is_known_and_not_counted(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    path = a_csv(
        tmp_path,
        "arrears.csv",
        [("account", "transformer_id", "disconnected_for"), ("T4.1", "T4", "arrears")],
    )
    take(connection, "customers", path)
    assert head_customers(connection)["F2"] == 4


def test_transformers_and_substations_are_found_by_name(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    found = rows(connection, "SELECT kind, name, transformer_id FROM place ORDER BY name")
    assert found == [
        ("substation", "S1", None),
        *[("transformer", f"T{n}", f"T{n}") for n in range(1, 5)],
    ]


CIRCUIT = """New Circuit.town bus1=src basekv=12.47
Redirect Parts.dss
Buscoords Coords.csv
"""
PARTS = """New Line.one bus1=src bus2=a units=m length=100
New Transformer.t1 buses=[a low] kvs=[12.47 0.24] kvas=[50 50]
New Load.home bus1=low kv=0.24
"""
MORE = """New Line.two bus1=a bus2=b units=m length=100
New Transformer.t2 buses=[b low2] kvs=[12.47 0.24] kvas=[50 50]
New Load.other bus1=low2 kv=0.24
"""


def test_a_change_in_a_script_that_the_master_names_is_seen(connection, tmp_path):
    master = tmp_path / "Master.dss"
    master.write_text(CIRCUIT)
    (tmp_path / "Parts.dss").write_text(PARTS)
    (tmp_path / "Coords.csv").write_text(
        "src,-79.80001,36.10001\na,-79.80101,36.10001\nb,-79.80201,36.10001\n"
    )
    assert take(connection, "network", master).changes["customers"].new == 1
    assert take(connection, "network", master).already is not None
    (tmp_path / "Parts.dss").write_text(PARTS + MORE)
    report = take(connection, "network", master)
    assert report.changes["customers"].new == 1
    assert head_customers(connection) == {"town": 2}
    assert not report.refused


def test_a_plan_in_metres_is_loaded_in_the_system_that_the_user_says(connection, tmp_path):
    (tmp_path / "Master.dss").write_text(CIRCUIT)
    (tmp_path / "Parts.dss").write_text(PARTS)
    (tmp_path / "Coords.csv").write_text("src,609724,3987994\na,609729,3988044\n")
    with pytest.raises(GisError, match="say --crs EPSG:NNNN"), connection.begin_nested():
        take(connection, "network", tmp_path)
    take(connection, "network", tmp_path, how=How(crs="EPSG:32617"))
    ((lon, lat),) = rows(connection, "SELECT ST_X(point), ST_Y(point) FROM transformer")
    assert (round(lon, 3), round(lat, 3)) == (-79.782, 36.031)
