import pytest

from gis.geocode import Level, parse

READ = {
    "江西省南昌市青山湖区塘山镇长春村委会3组12号": {
        "province": "江西", "city": "南昌市", "county": "青山湖区", "town": "塘山镇",
        "village": "长春村委会", "group": "3", "house": "12",
    },
    "南昌市高新大道123号紫荆苑小区3栋2单元501室": {
        "city": "南昌市", "road": "高新大道", "house": "123", "compound": "紫荆苑小区",
        "building": "3", "unit": "2", "room": "501",
    },
    "我家在紫荆苑3-2-501停电了": {
        "compound": "紫荆苑", "building": "3", "unit": "2", "room": "501"
    },
    "紫荆苑三号楼二单元五〇一": {
        "compound": "紫荆苑", "building": "3", "unit": "2", "room": "501"
    },
    "上海市浦东新区张江镇1234弄5号601室": {
        "province": "上海", "county": "浦东新区", "town": "张江镇", "lane": "1234",
        "house": "5", "room": "601",
    },
    "东湖花园A座1203": {"compound": "东湖花园", "building": "a", "room": "1203"},
    "人民路人民巷12号之3": {"road": "人民路", "lane": "人民巷", "house": "12-3"},
    "洪都花园东区6栋101室": {"compound": "洪都花园东区", "building": "6", "room": "101"},
    "10kV城西线#35杆": {"line": "城西", "pole": "35"},
    "35号杆": {"pole": "35"},
    "P-1234": {"name": "p1234"},
    "城西3号公变": {"transformer": "城西3号"},
    "T_idx_47": {"name": "tidx47"},
    "Hauptstr. 12a, 91207 Lauf": {
        "city": "lauf", "postcode": "91207", "road": "hauptstr", "house": "12a"
    },
    "Hauptstraße 12 a 91207 Lauf": {
        "city": "lauf", "postcode": "91207", "road": "hauptstr", "house": "12a"
    },
    "12 Main St Apt 4": {"road": "main st", "house": "12", "room": "4"},
    "Rua X, 123": {"road": "rua x", "house": "123"},
    "Straße des 17. Juni 135": {"road": "str des 17 juni", "house": "135"},
    "Rua 25 de Abril 14": {"road": "rua 25 de abril", "house": "14"},
}  # fmt: skip


@pytest.mark.parametrize("text", READ)
def test_an_address_is_taken_apart(text: str) -> None:
    assert dict(parse(text).parts) == {Level(level): value for level, value in READ[text].items()}


@pytest.mark.parametrize("phone", ["13812345678", "138 1234 5678", "0791-88123456"])
def test_a_phone_number_is_taken_out_and_kept(phone: str) -> None:
    address = parse(f"紫荆苑3栋501室,电话:{phone}")
    assert address.phones == ("".join(c for c in phone if c.isdigit()),)
    assert address.parts[Level.ROOM] == "501" and Level.NAME not in address.parts


@pytest.mark.parametrize("word", ["附近", "对面", "旁边", "隔壁"])
def test_a_neighbouring_place_is_marked_as_near(word: str) -> None:
    address = parse(f"青山湖区艾溪湖北路{word}")
    assert address.near and address.parts[Level.ROAD] == "艾溪湖北路"


@pytest.mark.parametrize("name", ["中原区", "城东区", "西湖区"])
def test_a_county_is_not_taken_for_part_of_an_estate(name: str) -> None:
    assert parse(f"{name}人民路5号").parts[Level.COUNTY] == name
