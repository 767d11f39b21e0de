"""Customers, network, territory and places, looked up on PostGIS."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert

from dispatch.domain.outage import Scope
from dispatch.domain.ticket import AreaAtReport
from dispatch.domain.words import AreaClass
from dispatch.errors import NotFound
from dispatch.store.directory import PgDirectory
from dispatch.store.tables.network import transformer as transformer_table
from dispatch.store.tables.territory import area as area_table
from dispatch.store.tables.territory import area_map as area_map_table
from dispatch.store.tables.territory import place as place_table
from gis.geocode import Entry, EntryKind, read_entry, search_keys
from tests.store.builders import (
    LAT,
    LON,
    METRE,
    NOW,
    add_device,
    add_district,
    add_feeder,
    add_home,
    add_transformer,
    add_words,
    ewkt,
    square,
)


@pytest.fixture
def directory(connection: Connection) -> PgDirectory:
    add_district(connection, boundary=square())
    add_feeder(connection)
    return PgDirectory(connection)


def add_area(connection, area_class, half, version):
    connection.execute(
        insert(area_table).values(
            version=version, area_class=area_class, boundary=square(half=half)
        )
    )


def add_map(connection, digest):
    return connection.execute(
        insert(area_map_table)
        .values(digest=digest, loaded_at=NOW, source="test")
        .returning(area_map_table.c.version)
    ).scalar_one()


def searchable(connection, kind, name, address):
    entry = Entry(id="x", kind=kind, name=name, address=address, lon=LON, lat=LAT)
    keys = search_keys(read_entry(entry))
    return add_words(connection, keys.search_text, keys.area_text)


def add_customer_at(connection, account, address, lon=LON):
    words = searchable(connection, EntryKind.USAGE_POINT, "", address)
    add_home(connection, account, address=address, address_text_id=words, lon=lon)


def add_place(connection, kind, name, address="", lon=LON):
    connection.execute(
        insert(place_table).values(
            source="test",
            source_id=name,
            kind=kind.value,
            name=name,
            address=address,
            address_text_id=searchable(connection, kind, name, address),
            point=ewkt(lon),
        )
    )


def test_a_customer_is_found_by_account_meter_and_number(connection, directory):
    add_transformer(connection, "T1")
    home = add_home(connection, "A1", "T1", meter="M1")
    by_account = directory.find_by_account("A1")
    assert by_account == directory.find_by_meter("M1") == directory.find_usage_point(home)
    assert (by_account.transformer_name, by_account.feeder_name) == ("transformer T1", "line F1")
    assert directory.find_by_account("a1") is None
    assert directory.find_by_meter("A1") is None
    assert directory.find_usage_point(10**9) is None


def test_one_phone_may_have_many_accounts(connection, directory):
    for account in ("B", "A", "C"):
        add_home(connection, account, phones=["138", f"1{account}"])
    assert [point.account for point in directory.list_by_phone("138")] == ["A", "B", "C"]
    assert [point.account for point in directory.list_by_phone("1B")] == ["B"]
    assert list(directory.list_by_phone("999")) == []


def test_a_customer_without_a_district_has_that_of_the_feeder(connection, directory):
    add_transformer(connection, "T1", district_id=None)
    add_home(connection, "A1", "T1", district_id=None)
    assert directory.find_by_account("A1").district_id == "west"
    assert directory.find_transformer("T1").district_id == "west"


def test_a_transformer_is_found_by_its_number(connection, directory):
    add_transformer(connection, "T1", device_id="D1")
    found = directory.find_transformer("T1")
    assert (found.lon, found.lat, found.device_id, found.feeder_id) == (LON, LAT, "D1", "F1")
    assert directory.find_transformer("T9") is None


def test_the_nearest_customer_says_the_transformer(connection, directory):
    add_transformer(connection, "near", lon=LON + 50 * METRE)
    add_transformer(connection, "supplies", lon=LON + 900 * METRE)
    add_home(connection, "A1", "supplies", lon=LON + 100 * METRE)
    assert directory.find_supply_near(LON, LAT, 300).id == "supplies"


def test_without_customers_the_nearest_transformer_counts(connection, directory):
    add_transformer(connection, "T1", lon=LON + 250 * METRE)
    assert directory.find_supply_near(LON, LAT, 300).id == "T1"
    assert directory.find_supply_near(LON, LAT, 200) is None


def test_nearest_is_by_metres_not_by_degrees(connection, directory):
    add_transformer(connection, "by degrees", lon=20.0, lat=70.0 + 100 * METRE)
    add_transformer(connection, "by metres", lon=20.0 + 200 * METRE, lat=70.0)
    assert directory.find_supply_near(20.0, 70.0, 300).id == "by metres"


def test_a_place_is_in_the_district_whose_boundary_holds_it(directory):
    assert directory.find_district(LON, LAT) == "west"
    assert directory.find_district(LON + 0.5, LAT) == "west"
    assert directory.find_district(LON + 2, LAT) is None


def test_districts_say_whether_they_assign_by_themselves(connection, directory):
    add_district(connection, "east", mode="proposed")
    assert list(directory.list_districts()) == ["east", "west"]
    assert directory.assigns_by_itself("west")
    assert not directory.assigns_by_itself("east")
    with pytest.raises(NotFound):
        directory.assigns_by_itself("north")


def test_the_strictest_area_of_the_newest_map_holds(connection, directory):
    old, new = add_map(connection, "1"), add_map(connection, "2")
    add_area(connection, "urban", 0.4, old)
    add_area(connection, "remote", 0.3, new)
    add_area(connection, "rural", 0.1, new)
    rural = AreaAtReport(area_class=AreaClass.RURAL, map_version=new, covered=True)
    assert directory.area_at(LON, LAT) == rural
    assert directory.area_at(LON + 0.2, LAT).area_class is AreaClass.REMOTE
    assert directory.area_at(LON + 0.35, LAT) == AreaAtReport(
        area_class=AreaClass.URBAN, map_version=new, covered=False
    )
    assert directory.strictest_area() == directory.area_at(LON + 0.35, LAT)


def test_without_a_map_every_place_is_urban_and_not_covered(directory):
    bare = AreaAtReport(area_class=AreaClass.URBAN, map_version=None, covered=False)
    assert directory.area_at(LON, LAT) == bare == directory.strictest_area()


def test_below_a_device_is_its_own_subtree_and_not_the_next(connection, directory):
    add_device(connection, "head", 0, 4, kind="breaker")
    add_device(connection, "left", 1, 3)
    add_device(connection, "leaf", 2, 3)
    add_device(connection, "right", 3, 4)
    for name, pre in (("T0", 0), ("T1", 1), ("T2", 2), ("T3", 3)):
        add_transformer(connection, name, pre=pre)
    assert directory.list_below_device("left") == ["T1", "T2"]
    assert directory.list_below_device("right") == ["T3"]
    assert directory.list_below_device("head") == ["T0", "T1", "T2", "T3"]
    assert directory.list_below_device("nothing") == []


def test_customers_of_a_scope_are_counted_once_and_only_if_connected(connection, directory):
    (home, _) = add_transformer(connection, "T1", 2)
    add_home(connection, "owes", "T1", disconnected_for="arrears")
    alone = add_home(connection, "alone")
    scope = Scope(transformers=frozenset({"T1"}), usage_points=frozenset({home, alone}))
    assert directory.count_customers(scope) == 3
    assert directory.count_customers(Scope()) == 0


def test_critical_customers_are_named(connection, directory):
    add_transformer(connection, "T1", 1)
    add_home(connection, "H", "T1", critical="hospital", name="第一医院")
    add_home(connection, "W", "T1", critical="water works", address="水厂路1号")
    scope = Scope(transformers=frozenset({"T1"}))
    assert directory.list_critical(scope) == ["hospital 第一医院", "water works 水厂路1号"]
    assert directory.list_critical(Scope()) == []


def test_an_address_is_found_with_a_wrong_character_and_another_word_for_building(
    connection, directory
):
    for number in range(1, 4):
        add_customer_at(connection, f"A{number}", f"南昌市西湖区站前路阳光小区{number}栋201室")
    add_customer_at(connection, "B1", "南昌市东湖区青山路2栋201室", lon=LON + 0.1)
    found = directory.search_places("西湖区站前路阳关小区2号楼201室", 50)
    assert found[0].entry.id == "A2"
    assert found[0].entry.kind is EntryKind.USAGE_POINT
    assert "B1" not in {match.entry.id for match in found if match.score == found[0].score}


def test_a_flat_is_found_in_a_compound_of_hundreds(connection, directory):
    flats = [f"{b}栋{u}单元{f}03室" for b in range(1, 31) for u in (1, 2, 3) for f in range(1, 5)]
    for flat in flats:
        add_customer_at(connection, flat, f"南昌市西湖区站前路181号阳光小区{flat}")
    for asked in ("3栋3单元403室", "13栋1单元303室"):
        found = directory.search_places(f"站前路181号阳光小区{asked}", 10)
        assert found[0].entry.id == asked


def test_a_house_number_is_no_part_of_a_longer_one(connection, directory):
    for number in range(100, 200):
        add_customer_at(connection, f"A{number}", f"青山路{number}号")
    add_customer_at(connection, "A9", "青山路９号")
    add_customer_at(connection, "A11", "青山路11号")
    for asked in ("9", "11"):
        found = directory.search_places(f"青山路{asked}号", 10)
        assert found[0].entry.id == f"A{asked}"


def test_like_names_are_told_apart_by_the_town_around_them(connection, directory):
    for town in ("丰城市", "高安市", "樟树市"):
        add_customer_at(connection, town, f"{town}人民路5号")
    found = directory.search_places("高安市人民路5号", 10)
    assert found[0].entry.id == "高安市"


def test_a_landmark_is_found_by_its_name(connection, directory):
    add_place(connection, EntryKind.LANDMARK, "滕王阁")
    found = directory.search_places("滕王阁", 10)
    assert [match.entry.name for match in found] == ["滕王阁"]


def test_a_western_street_is_found_without_its_marks(connection, directory):
    add_customer_at(connection, "A1", "Nürnberger Straße 5, Bad Neustadt")
    found = directory.search_places("Nuernberger Str. 5", 10)
    assert found[0].entry.id == "A1"


@pytest.mark.parametrize("asked", ["", "1", "12", "??", "长" * 5000, "不存在的地方"])
def test_what_names_no_place_finds_nothing(connection, directory, asked):
    add_customer_at(connection, "A1", "站前路1号")
    assert list(directory.search_places(asked, 10)) == []


def test_a_customers_name_is_never_searched(connection, directory):
    add_home(connection, "A1", name="欧阳修远")
    assert list(directory.search_places("欧阳修远", 10)) == []


def test_a_retired_transformer_supplies_nobody(connection, directory):
    add_transformer(connection, "T1")
    connection.execute(transformer_table.update().values(retired_at=NOW - timedelta(days=1)))
    assert directory.find_supply_near(LON, LAT, 300) is None
