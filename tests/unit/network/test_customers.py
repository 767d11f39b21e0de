"""Customers from CSV and vector files, in parts, with a mapping and refusals."""

import gzip
import tracemalloc
from pathlib import Path

import geopandas
import pytest
from shapely import Point

from gis.crs import Datum
from gis.errors import EmptyInput, GisError, UnknownColumn, UnknownField, UnreadableFile
from gis.network.customers import CustomerChunk, read_customers
from gis.network.kinds import CustomerKind
from gis.network.model import Refusal, UsagePoint

HEADER = "account,name,phones,lon,lat,transformer_id\n"


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def rows_of(chunks: list[CustomerChunk]) -> list[UsagePoint]:
    return [each for chunk in chunks for each in chunk.usage_points]


def refusals_of(chunks: list[CustomerChunk]) -> list[Refusal]:
    return [each for chunk in chunks for each in chunk.refusals]


def test_a_row_becomes_a_usage_point(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", HEADER + "001,Li,138;139,115.5,28.5,T1\n")
    assert rows_of(list(read_customers(path))) == [
        UsagePoint(
            account="001",
            name="Li",
            phones=("138", "139"),
            point=Point(115.5, 28.5),
            transformer_id="T1",
        )
    ]


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", "户号;电话;经度;纬度\n7;138;115;28\n", "gb18030")
    (row,) = rows_of(list(read_customers(path, {"account": "户号", "phones": "电话"})))
    assert (row.account, row.phones, row.point) == ("7", ("138",), Point(115, 28))


def test_a_packed_file_is_unpacked_on_the_way(tmp_path: Path) -> None:
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress((HEADER + "1,,,,,\n").encode()))
    (row,) = rows_of(list(read_customers(path)))
    assert (row.account, row.point) == ("1", None)


def test_rows_come_in_parts_and_are_counted_through(tmp_path: Path) -> None:
    body = "".join(f"{n},,,115,28,T\n" for n in range(10)) + "3,,,115,28,T\n"
    path = written(tmp_path / "c.csv", HEADER + body)
    chunks = list(read_customers(path, chunk_rows=4))
    assert [len(chunk.usage_points) for chunk in chunks] == [4, 4, 2]
    assert refusals_of(chunks) == [
        Refusal(layer="c", row=11, id="3", reason="account 3 was given in row 4 already")
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",Li,,115,28,T", "account is empty"),
        ("1,Li,,east,28,T", "lon: 'east' is not a number"),
        ("1,Li,,115,,T", "lat is empty"),
        ("1,Li,,28,115,T", "swapped"),
        ("1,Li,,nan,28,T", "lon: 'nan' is not a finite number"),
        ("1,Li", "it has 2 cells; expected 6"),
        ("1,Li,,115,28,T,more", "it has 7 cells; expected 6"),
    ],
)
def test_a_row_that_is_not_whole_is_refused_with_the_reason(
    tmp_path: Path, row: str, said: str
) -> None:
    path = written(tmp_path / "c.csv", f"{HEADER}{row}\n2,,,115,28,T\n")
    chunks = list(read_customers(path))
    assert [each.account for each in rows_of(chunks)] == ["2"]
    (refusal,) = refusals_of(chunks)
    assert refusal.row == 1
    assert said in refusal.reason


def test_positions_of_another_datum_are_turned_into_wgs84(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", HEADER + "1,,,115.9,28.7,T\n")
    (row,) = rows_of(list(read_customers(path, datum=Datum.GCJ02)))
    assert row.point is not None
    assert 300 < row.point.distance(Point(115.9, 28.7)) * 111_000 < 900


def test_a_vector_file_of_another_reference_system_is_read_in_parts(tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame(
        {"KUNDE": [f"k{n}" for n in range(5)]}, geometry=[Point(500_000, 3_100_000)] * 5, crs=32650
    )
    frame.to_file(tmp_path / "c.gpkg", driver="GPKG", engine="pyogrio")
    chunks = list(read_customers(tmp_path / "c.gpkg", {"account": "KUNDE"}, chunk_rows=2))
    assert [each.account for each in rows_of(chunks)] == ["k0", "k1", "k2", "k3", "k4"]
    point = chunks[2].usage_points[0].point
    assert point is not None
    assert (point.x, point.y) == pytest.approx((117.0, 28.0253), abs=1e-3)


def test_a_file_without_accounts_is_refused_naming_its_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", "a,b\n1,2\n")
    with pytest.raises(UnknownColumn, match="no column for account; the file has a, b"):
        list(read_customers(path))


@pytest.mark.parametrize(
    ("mapping", "refusal", "words"),
    [
        ({"account": "nope"}, UnknownColumn, "no column 'nope' for account"),
        ({"nope": "account"}, UnknownField, "'account' is mapped to 'nope', .* one of account, "),
    ],
)
def test_a_mapping_of_what_does_not_exist_is_refused(
    tmp_path: Path, mapping: dict[str, str], refusal: type[GisError], words: str
) -> None:
    path = written(tmp_path / "c.csv", HEADER + "1,,,,,\n")
    with pytest.raises(refusal, match=words):
        list(read_customers(path, mapping))


@pytest.mark.parametrize("text", ["", "\n\n", HEADER])
def test_a_file_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(EmptyInput):
        list(read_customers(written(tmp_path / "c.csv", text)))


def test_a_packed_file_cut_in_half_is_unreadable(tmp_path: Path) -> None:
    whole = gzip.compress((HEADER + "".join(f"{n},x,,,,\n" for n in range(9999))).encode())
    (tmp_path / "c.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile):
        list(read_customers(tmp_path / "c.csv.gz"))


def test_a_file_that_ends_inside_a_quoted_cell_is_unreadable(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", HEADER + '1,"Li,,,,\n')
    with pytest.raises(UnreadableFile):
        list(read_customers(path))


def test_a_file_that_ends_inside_a_character_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_bytes((HEADER + "1,李").encode()[:-1])
    with pytest.raises(UnreadableFile, match="middle of a character"):
        list(read_customers(tmp_path / "c.csv"))


@pytest.mark.parametrize("name", ["c.csv", "c.gpkg"])
def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile):
        list(read_customers(tmp_path / name))


def test_a_long_file_is_never_held_whole(tmp_path: Path) -> None:
    count = 5_000
    path = tmp_path / "c.csv"
    with path.open("w") as opened:
        opened.write(HEADER)
        opened.writelines(f"A{n:09d},{'name ' * 200},,115,28,T\n" for n in range(count))
    tracemalloc.start()
    taken = sum(len(chunk.usage_points) for chunk in read_customers(path, chunk_rows=250))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken == count
    assert peak < path.stat().st_size


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Residential", CustomerKind.RESIDENTIAL),
        ("居民生活", CustomerKind.RESIDENTIAL),
        ("一般工商业", CustomerKind.COMMERCIAL),
        ("大工业", CustomerKind.INDUSTRIAL),
        ("农业生产", CustomerKind.FARM),
        ("public", CustomerKind.PUBLIC),
        ("其他", None),
        ("", None),
    ],
)
def test_a_customers_kind_is_read_in_english_and_in_chinese(
    tmp_path: Path, word: str, kind: CustomerKind | None
) -> None:
    path = written(tmp_path / "c.csv", f"account,kind\n1,{word}\n")
    (row,) = rows_of(list(read_customers(path)))
    assert row.kind is kind


def test_a_kind_that_is_none_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", "account,kind\n1,houshold\n")
    (refusal,) = refusals_of(list(read_customers(path)))
    expected = "kind is 'houshold'; expected one of residential, commercial, industrial, farm"
    assert refusal.reason.startswith(expected)


@pytest.mark.parametrize(
    ("word", "phases"), [("CAN", "AC"), ("b", "B"), ("ABC", "ABC"), ("", None), ("N", None)]
)
def test_the_phases_of_a_customer_are_letters_without_the_neutral(
    tmp_path: Path, word: str, phases: str | None
) -> None:
    path = written(tmp_path / "c.csv", f"account,phases\n1,{word}\n")
    (row,) = rows_of(list(read_customers(path)))
    assert row.phases == phases


def test_phases_that_are_none_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", "account,phases\n1,L1\n")
    (refusal,) = refusals_of(list(read_customers(path)))
    assert refusal.reason.startswith("phases is 'L1'; expected letters of ABCN")
