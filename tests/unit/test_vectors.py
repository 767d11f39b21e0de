import gzip
import lzma
import shutil

import geopandas
import pytest
import shapely

from gis.cells import flag, integer, number, text, words
from gis.crs import Datum, distance_m, from_wgs84
from gis.errors import EmptyInput, UnknownColumn, UnknownField, UnreadableFile
from gis.vectors import NO_PLACE, Field, Reading, read_vector
from tests.data import test_data

CREW = (
    Field("id", unique=True),
    Field("name", required=False),
    Field("size", integer, required=False),
)
HEADER = "id,name,size,lon,lat\n"


def written(tmp_path, body, name="crews.csv"):
    path = tmp_path / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return path


def test_a_csv_row_becomes_values_and_a_point(tmp_path):
    table = read_vector(written(tmp_path, HEADER + "C1,抢修一班,4,115.87,28.66\n"), CREW, {})
    (row,) = table.rows
    assert row.values == {"id": "C1", "name": "抢修一班", "size": 4}
    assert row.geometry.equals(shapely.Point(115.87, 28.66))
    assert table.refusals == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("C1,,x,115.87,28.66", "size: 'x' is not a number"),
        ("C1,,1.5,115.87,28.66", "size: '1.5' is not a whole number"),
        ("C1,,,28.66,115.87", "swapped"),
        ("C1,,,,28.66", "lon is empty"),
        ("C1,,,nan,28.66", "lon is empty"),
        ("C1,,,inf,28.66", "lon: 'inf' is not a finite number"),
        (",,,115.87,28.66", "id is empty"),
        ("C0,,,115.87,28.66", "already given in row 1"),
        ("C1,,,115.87", "has 4 cells where the header has 5"),
        ("C1,a\x00b,,115.87,28.66", "name: holds a NUL character"),
    ],
)
def test_a_bad_row_is_refused_with_its_number_and_the_reason(tmp_path, line, reason):
    path = written(tmp_path, HEADER + f"C0,,,115.9,28.7\n{line}\n")
    table = read_vector(path, CREW, {})
    assert [row.row for row in table.rows] == [1]
    (refusal,) = table.refusals
    assert refusal.row == 2
    assert refusal.id == line.split(",", maxsplit=1)[0]
    assert reason in refusal.reason


def test_columns_are_found_by_mapping_by_name_in_any_case_and_by_alias(tmp_path):
    path = written(tmp_path, "班组;ID;经度;纬度\n一班;7;115,87;28.66\n二班;8;115.87;28.66\n")
    table = read_vector(path, CREW, {"name": "班组"})
    assert [row.values["name"] for row in table.rows] == ["二班"]
    assert "'115,87' is not a number" in table.refusals[0].reason


def test_mapping_to_an_absent_column_names_those_present(tmp_path):
    path = written(tmp_path, HEADER + "C1,,,1,2\n")
    with pytest.raises(
        UnknownColumn, match=r"no column 'title' for name; the file has id, name, size"
    ):
        read_vector(path, CREW, {"name": "title"})


def test_mapping_a_field_nobody_asked_for_is_refused(tmp_path):
    words = "'name' is mapped to 'colour', which is no field here; expected one of id, name"
    with pytest.raises(UnknownField, match=words):
        read_vector(written(tmp_path, HEADER + "C1,,,1,2\n"), CREW, {"colour": "name"})


def test_an_absent_required_column_refuses_the_file(tmp_path):
    with pytest.raises(UnknownColumn, match="no column for id"):
        read_vector(written(tmp_path, "name,lon,lat\na,1,2\n"), CREW, {})


def test_positions_in_gcj02_come_out_as_wgs84(tmp_path):
    lon, lat = from_wgs84(115.87, 28.66, Datum.GCJ02)
    path = written(tmp_path, HEADER + f"C1,,,{lon},{lat}\n")
    (row,) = read_vector(path, CREW, {}, Reading(datum=Datum.GCJ02)).rows
    assert distance_m(row.geometry.x, row.geometry.y, 115.87, 28.66) < 1


def test_a_wkt_column_serves_where_there_is_no_lon_and_lat(tmp_path):
    path = written(tmp_path, 'id,wkt\nC1,"POINT (115.87 28.66)"\nC2,POINT oops\n')
    table = read_vector(path, CREW, {})
    assert table.rows[0].geometry.equals(shapely.Point(115.87, 28.66))
    assert "is not WKT" in table.refusals[0].reason


def test_a_file_that_needs_no_place_is_read_without_one(tmp_path):
    table = read_vector(written(tmp_path, "id\nC1\n"), CREW, {}, NO_PLACE)
    assert table.rows[0].geometry is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_csv_files_are_read_in_the_encodings_they_come_in(tmp_path, encoding):
    body = (HEADER + "C1,抢修一班,,115.87,28.66\n").encode(encoding)
    (row,) = read_vector(written(tmp_path, body), CREW, {}).rows
    assert row.values["name"] == "抢修一班"


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("xz", lzma.compress)])
def test_a_packed_csv_is_read_and_a_cut_one_refused(tmp_path, suffix, pack):
    packed = pack((HEADER + "C1,,,115.87,28.66\n" * 50).encode())
    assert len(read_vector(written(tmp_path, packed, f"c.csv.{suffix}"), CREW, {}).refusals) == 49
    with pytest.raises(UnreadableFile, match="cut off"):
        read_vector(written(tmp_path, packed[:-20], f"d.csv.{suffix}"), CREW, {})


def test_a_csv_cut_inside_a_quoted_cell_or_a_character_is_refused(tmp_path):
    whole = (HEADER + 'C1,"抢修",,115.87,28.66\n').encode()
    with pytest.raises(UnreadableFile, match="not CSV"):
        read_vector(written(tmp_path, whole[: len(HEADER) + 7]), CREW, {})
    with pytest.raises(UnreadableFile, match="middle of a character"):
        read_vector(written(tmp_path, whole[: len(HEADER) + 5]), CREW, {})


@pytest.mark.parametrize("body", ["", "\n\n", HEADER])
def test_an_empty_file_is_refused_as_such(tmp_path, body):
    with pytest.raises(EmptyInput):
        read_vector(written(tmp_path, body), CREW, {})


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(UnreadableFile, match=r"nowhere\.csv: there is no such file"):
        read_vector(tmp_path / "nowhere.csv", CREW, {})


def test_a_shapefile_without_a_reference_system_is_not_guessed(tmp_path):
    path = tmp_path / "crews.shp"
    geopandas.GeoDataFrame({"id": ["C1"]}, geometry=[shapely.Point(115.87, 28.66)]).to_file(path)
    with pytest.raises(UnreadableFile, match="no coordinate reference system"):
        read_vector(path, CREW, {})
    (row,) = read_vector(path, CREW, {}, Reading(crs="EPSG:4326")).rows
    assert row.geometry.equals(shapely.Point(115.87, 28.66))


def nine_hundred_crews(path):
    places = [shapely.Point(115 + at / 1000, 28) for at in range(900)]
    ids = [f"C{at}" for at in range(900)]
    geopandas.GeoDataFrame({"id": ids}, geometry=places, crs=4326).to_file(path)
    assert len(read_vector(path, CREW, {}).rows) == 900
    return path.read_bytes()


@pytest.mark.parametrize("suffix", ["gpkg", "geojson"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.6, 0.97])
def test_a_vector_file_cut_off_anywhere_is_never_read_in_part(tmp_path, suffix, kept):
    path = tmp_path / f"crews.{suffix}"
    whole = nine_hundred_crews(path)
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(UnreadableFile):
        read_vector(path, CREW, {})


def test_a_shapefile_whose_geometries_are_cut_off_refuses_every_row_that_lost_its_own(tmp_path):
    path = tmp_path / "crews.shp"
    whole = nine_hundred_crews(path)
    path.write_bytes(whole[: len(whole) // 2])
    table = read_vector(path, CREW, {})
    assert len(table.rows) + len(table.refusals) == 900
    assert 440 < len(table.refusals) < 460
    assert {refusal.reason for refusal in table.refusals} == {"has no geometry; expected Point"}


def test_a_file_of_noise_is_refused(tmp_path):
    with pytest.raises(UnreadableFile):
        read_vector(written(tmp_path, b"\x00\x01noise" * 100, "crews.gpkg"), CREW, {})


def test_heights_and_collections_of_one_are_flattened(tmp_path):
    path = tmp_path / "crews.gpkg"
    place = shapely.MultiPoint([shapely.Point(115.87, 28.66, 30)])
    geopandas.GeoDataFrame({"id": ["C1"]}, geometry=[place], crs=4326).to_file(path)
    (row,) = read_vector(path, CREW, {}).rows
    assert row.geometry.equals(shapely.Point(115.87, 28.66))
    assert not row.geometry.has_z


def test_a_layer_of_a_zipped_geopackage_is_read(tmp_path):
    path = tmp_path / "mux.gpkg.zip"
    shutil.copy(test_data("network_mux_tapejara_2024/mux_2024.gpkg.zip"), path)
    fields = (Field("id", aliases=("COD_ID",), unique=True),)
    table = read_vector(path, fields, {}, Reading(layer="UNTRMT"))
    assert (len(table.rows), len(table.refusals)) == (273, 0)
    with pytest.raises(UnreadableFile):
        read_vector(path, fields, {}, Reading(layer="nonsense"))


@pytest.mark.parametrize(
    ("parse", "cell", "wanted"),
    [
        (text, 12.0, "12"),
        (text, "  户号 ", "户号"),
        (number, " 1.5 ", 1.5),
        (integer, 3.0, 3),
        (flag, "是", True),
        (flag, "No", False),
        (flag, 1, True),
        (words, "line；live-line, cable、 line", ("line", "live-line", "cable")),
        (words, ";", ()),
    ],
)
def test_a_cell_is_read_as_it_is_meant(parse, cell, wanted):
    assert parse(cell) == wanted


@pytest.mark.parametrize(("parse", "cell"), [(flag, "maybe"), (number, "١٢x"), (integer, "1e400")])
def test_a_cell_that_is_not_what_it_should_be_is_refused(parse, cell):
    with pytest.raises(ValueError, match="is n"):
        parse(cell)
