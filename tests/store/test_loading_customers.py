"""Loading customers: with a network, with transformers alone, with points alone."""

import pytest

from dispatch.store.loading.search import customer_words, words
from gis.geocode.address import EntryKind
from tests.store.loading_inputs import (
    TWO_FEEDERS,
    a_csv,
    a_network,
    content,
    head_customers,
    rows,
    take,
)

HEADER = ("account", "meter", "name", "phones", "address", "transformer_id", "lon", "lat")


def customers(folder, *lines, name="customers.csv"):
    return a_csv(folder, name, [HEADER, *lines])


def test_customers_are_counted_on_the_network_that_is_loaded(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    path = customers(
        tmp_path,
        ("N1", "M1", "王", "13800000001;0791-8888", "阳明路22号", "T4", 115.9, 28.6),
        ("N2", None, None, None, None, "T4", None, None),
    )
    report = take(connection, "customers", path)
    assert report.changes["customers"].new == 2
    assert head_customers(connection) == {"F1": 45, "F2": 7}
    phones = rows(connection, "SELECT phone FROM usage_point_phone ORDER BY phone")
    assert phones == [("0791-8888",), ("13800000001",)]
    by = "usage_point u JOIN address_text t ON t.id = u.address_text_id"
    found = rows(connection, f"SELECT search_text FROM {by} WHERE account = 'N1'")
    assert "阳 明 路" in str(found[0][0])


def test_neighbours_share_one_text_and_the_text_of_nobody_is_forgotten(connection, tmp_path):
    def at(address, *accounts):
        return [(each, None, None, None, address, "T1", 115.9, 28.6) for each in accounts]

    shared = "SELECT search_text, count(*) FROM address_text t"
    shared += " JOIN usage_point u ON u.address_text_id = t.id GROUP BY 1 ORDER BY 2"
    take(
        connection, "customers", customers(tmp_path, *at("阳明路22号", "A"), *at("阳明路9号", "B"))
    )
    assert rows(connection, shared) == [("阳 明 路", 2)]
    take(connection, "customers", customers(tmp_path, *at("青山路1号", "A", "B")))
    assert rows(connection, shared) == [("青 山 路", 2)]
    assert rows(connection, "SELECT count(*) FROM address_text WHERE search_text = '阳 明 路'") == [
        (0,)
    ]


def test_the_same_customers_again_change_nothing(connection, tmp_path):
    path = customers(tmp_path, ("N1", "M1", "a", "1;2", "b 1", "T1", 115.9, 28.6))
    take(connection, "customers", path)
    before = content(connection)
    assert take(connection, "customers", path).already is not None
    assert content(connection) == before


def test_a_changed_file_updates_by_account_and_leaves_others_alone(connection, tmp_path):
    take(
        connection,
        "customers",
        customers(
            tmp_path,
            ("N1", "M1", "a", "1;2", "", None, 115.9, 28.6),
            ("N2", "M2", "b", "3", "", None, 115.9, 28.6),
        ),
    )
    ids = dict(rows(connection, "SELECT account, id FROM usage_point"))
    report = take(
        connection, "customers", customers(tmp_path, ("N1", "M9", "c", "2;4", "", None, 116, 28.6))
    )
    change = report.changes["customers"]
    assert (change.new, change.changed, change.same) == (0, 1, 0)
    assert dict(rows(connection, "SELECT account, id FROM usage_point")) == ids
    assert rows(connection, "SELECT account, meter, name FROM usage_point ORDER BY 1") == [
        ("N1", "M9", "c"),
        ("N2", "M2", "b"),
    ]
    phones = rows(
        connection,
        "SELECT account, array_agg(phone ORDER BY phone) FROM usage_point_phone p"
        " JOIN usage_point u ON u.id = p.usage_point_id GROUP BY 1 ORDER BY 1",
    )
    assert phones == [("N1", ["2", "4"]), ("N2", ["3"])]


def test_two_customers_may_swap_their_meters(connection, tmp_path):
    one, two = ("N1", "M1"), ("N2", "M2")
    take(connection, "customers", a_csv(tmp_path, "c.csv", [("account", "meter"), one, two]))
    swapped = [("account", "meter"), ("N1", "M2"), ("N2", "M1")]
    report = take(connection, "customers", a_csv(tmp_path, "c.csv", swapped))
    assert not report.refused
    assert rows(connection, "SELECT account, meter FROM usage_point ORDER BY 1") == swapped[1:]


def test_a_meter_that_somebody_else_has_is_refused_with_both_accounts(connection, tmp_path):
    header = ("account", "meter")
    take(connection, "customers", a_csv(tmp_path, "c.csv", [header, ("N1", "M1")]))
    more = [header, ("N2", "M1"), ("N3", "M3"), ("N4", "M3"), ("N5", None)]
    report = take(connection, "customers", a_csv(tmp_path, "c.csv", more))
    assert {each.id: each.reason for each in report.refused} == {
        "N2": "meter M1 is at account N1, which this file does not name",
        "N4": "meter M3 is at account N3 in the same file",
    }
    assert rows(connection, "SELECT account FROM usage_point ORDER BY 1") == [
        ("N1",),
        ("N3",),
        ("N5",),
    ]


def test_a_refused_row_keeps_its_number_in_the_file_however_many_before_it_are_refused(
    connection, tmp_path
):
    path = customers(
        tmp_path,
        ("N1", "M1", None, None, None, None, 115.9, 28.6),
        ("N1", "M2", None, None, None, None, 115.9, 28.6),
        (None, "M3", None, None, None, None, 115.9, 28.6),
        ("N4", "M1", None, None, None, None, 115.9, 28.6),
        ("N5", "M5", None, None, None, None, 200, 28.6),
        name="accounts.csv",
    )
    report = take(connection, "customers", path)
    found = sorted((each.row, each.layer, each.id) for each in report.refused)
    assert found == [
        (2, "accounts", "N1"),
        (3, "accounts", ""),
        (4, "accounts", "N4"),
        (5, "accounts", "N5"),
    ]


def test_an_account_given_twice_is_refused_the_second_time(connection, tmp_path):
    report = take(
        connection, "customers", a_csv(tmp_path, "c.csv", [("account",), ("N1",), ("N1",)])
    )
    assert [(each.row, each.id) for each in report.refused] == [(2, "N1")]
    assert report.changes["customers"].taken == 1


def test_customers_with_transformers_but_no_network_reach_the_transformer_level(
    connection, tmp_path
):
    report = take(
        connection,
        "customers",
        customers(
            tmp_path,
            ("N1", None, "", "", "", "T1", 115.90, 28.60),
            ("N2", None, "", "", "", "T1", 115.92, 28.62),
            ("N3", None, "", "", "", "T2", 115.95, 28.65),
        ),
    )
    assert any("2 transformers are known only from their customers" in n for n in report.notes)
    found = rows(
        connection,
        "SELECT id, customers, district_id, round(ST_X(point)::numeric, 3)::float FROM transformer"
        " ORDER BY id",
    )
    assert found == [("T1", 2, "main", 115.91), ("T2", 1, "main", 115.95)]


def test_transformers_known_from_customers_survive_a_network_that_lacks_them(connection, tmp_path):
    take(connection, "customers", customers(tmp_path, ("N1", None, "", "", "", "T77", 115.9, 28.6)))
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    assert rows(connection, "SELECT retired_at, customers FROM transformer WHERE id = 'T77'") == [
        (None, 1)
    ]


def test_customers_as_mere_points_are_no_problem_without_a_network(connection, tmp_path):
    report = take(
        connection, "customers", customers(tmp_path, ("N1", None, "", "", "", None, 115.9, 28.6))
    )
    assert not report.problems
    assert rows(connection, "SELECT district_id FROM usage_point") == [("main",)]


def test_a_customer_on_no_transformer_is_reported_and_kept_at_their_point(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    report = take(
        connection, "customers", customers(tmp_path, ("N1", None, "", "", "", "T99", 115.9, 28.6))
    )
    assert any("N1" in note and "nobody knows" in note for note in report.notes)
    assert [(str(p.kind), p.ids) for p in report.problems] == [
        ("customer_on_no_transformer", ("N1",))
    ]
    found = rows(
        connection,
        "SELECT transformer_id, point IS NOT NULL, district_id FROM usage_point"
        " WHERE account = 'N1'",
    )
    assert found == [(None, True, "main")]


def test_customers_come_again_after_the_network_that_has_their_transformer(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, "[F1] -B:x- a(T1:1) -- b(T2:1)"))
    path = customers(tmp_path, ("N1", None, "", "", "", "T3", 115.9, 28.6))
    take(connection, "customers", path)
    take(connection, "network", a_network(tmp_path, "[F1] -B:x- a(T1:1) -- b(T2:1) -- c(T3)"))
    report = take(connection, "customers", path)
    assert report.already is None
    assert not report.problems
    assert head_customers(connection) == {"F1": 3}


def test_names_in_any_script_are_kept_as_they_are(connection, tmp_path):
    name = "Ünal‑Østergård 王小明 🏠 \u202eabc"
    path = customers(tmp_path, ("户-1", "表1", name, "", "", None, 115.9, 28.6))
    take(connection, "customers", path)
    assert rows(connection, "SELECT account, name FROM usage_point") == [("户-1", name)]


def test_a_far_away_customer_is_noted_as_perhaps_swapped(connection, tmp_path):
    take(connection, "network", a_network(tmp_path, TWO_FEEDERS))
    report = take(
        connection, "customers", customers(tmp_path, ("N1", None, "", "", "", "T1", 28.6, 85.9))
    )
    assert any("N1" in note and "km from their transformer" in note for note in report.notes)


def test_the_indexes_of_an_empty_table_are_there_again_after_its_first_customers(
    connection, tmp_path
):
    indexes = "SELECT indexdef FROM pg_indexes WHERE tablename = 'usage_point' ORDER BY 1"
    before = rows(connection, indexes)
    take(connection, "customers", a_csv(tmp_path, "c.csv", [("account",), ("N1",)]))
    assert rows(connection, indexes) == before


@pytest.mark.parametrize(
    "address",
    [
        "江西省南昌市东湖区阳明路22号阳光小区15栋2单元502室",
        "南昌市阳明路318号",
        "318国道12号杆旁3层",
        "向阳镇红光村5组18号",
        "3号院5号楼1单元12层1203室",
        "Hauptstraße 12, 91207 Lauf",
        "Straße des 17. Juni 135",
    ],
)
def test_neighbours_share_the_words_that_are_read_of_each_address(address):
    assert customer_words(address) == words(EntryKind.USAGE_POINT, "", address)


def test_a_customers_kind_is_stored_and_changes_with_the_file(connection, tmp_path):
    kinds = "SELECT account, kind FROM usage_point ORDER BY account"

    def file(*lines):
        return a_csv(tmp_path, "kinds.csv", [("account", "transformer_id", "kind"), *lines])

    take(connection, "customers", file(("A", "T1", "居民"), ("B", "T1", ""), ("C", "T1", "farm")))
    assert rows(connection, kinds) == [("A", "residential"), ("B", None), ("C", "farm")]
    report = take(connection, "customers", file(("A", "T1", "商业"), ("C", "T1", "farm")))
    assert rows(connection, kinds) == [("A", "commercial"), ("B", None), ("C", "farm")]
    assert report.changes["customers"].changed == 1


def test_a_customers_phases_are_stored_and_change_with_the_file(connection, tmp_path):
    def file(*lines):
        return a_csv(tmp_path, "phases.csv", [("account", "transformer_id", "phases"), *lines])

    phases = "SELECT account, phases FROM usage_point ORDER BY account"
    take(connection, "customers", file(("A", "T1", "AN"), ("B", "T1", "")))
    assert rows(connection, phases) == [("A", "A"), ("B", None)]
    report = take(connection, "customers", file(("A", "T1", "BC"), ("B", "T1", "")))
    assert rows(connection, phases) == [("A", "BC"), ("B", None)]
    assert report.changes["customers"].changed == 1
