"""Files that are not what they should be: refused by name, and nothing of them is stored."""

import random

import geopandas
import pytest
from shapely import Point, box
from sqlalchemy import Connection
from typer.testing import CliRunner

from api.commands.load import load as commands
from dispatch.store.loading.files import KINDS, How
from dispatch.store.loading.report import LoadRefused, RowsRefused
from gis.errors import GisError, UnknownColumn
from tests.store.loading_inputs import (
    TWO_FEEDERS,
    a_csv,
    a_network,
    a_vector,
    content,
    rows,
    take,
    west_and_east,
)

PLACED = sorted(set(KINDS) - {"network", "roads"})

COLUMNS = {
    "customers": ("account", "lon", "lat"),
    "areas": ("class", "wkt"),
    "districts": ("id", "name", "wkt"),
    "crews": ("id", "name", "lon", "lat"),
    "places": ("id", "name", "lon", "lat"),
    "depots": ("id", "name", "lon", "lat"),
}
SQUARE = '"POLYGON((115 28,116 28,116 29,115 29,115 28))"'


def a_row(what: str, key: str, lon: object, lat: object) -> list[object]:
    values = {"account": key, "id": key, "name": "n", "class": "urban", "lon": lon, "lat": lat}
    return [SQUARE if name == "wkt" else values[name] for name in COLUMNS[what]]


def refusal_of(connection: Connection, what: str, *paths, how: How | None = None) -> Exception:
    """Load as the command does: what raises is rolled back, and must leave no trace."""
    before = content(connection)
    with pytest.raises((GisError, LoadRefused)) as refused, connection.begin_nested():
        take(connection, what, *paths, how=how)
    assert content(connection) == before
    return refused.value


def noise(folder, suffix):
    path = folder / f"noise{suffix}"
    path.write_bytes(random.Random(7).randbytes(5000))
    return path


@pytest.mark.parametrize("what", KINDS)
def test_an_absent_file_is_refused(connection, tmp_path, what):
    assert "absent.csv" in str(refusal_of(connection, what, tmp_path / "absent.csv"))


@pytest.mark.parametrize("suffix", [".csv", ".gpkg", ".geojson", ".json", ".zip", ".osm.pbf"])
@pytest.mark.parametrize("what", KINDS)
def test_a_file_of_noise_is_refused(connection, tmp_path, what, suffix):
    refusal_of(connection, what, noise(tmp_path, suffix))


@pytest.mark.parametrize("suffix", [".csv", ".gpkg", ".osm.pbf"])
@pytest.mark.parametrize("what", KINDS)
def test_an_empty_file_is_refused(connection, tmp_path, what, suffix):
    (tmp_path / f"empty{suffix}").touch()
    refusal_of(connection, what, tmp_path / f"empty{suffix}")


@pytest.mark.parametrize("what", PLACED)
def test_a_header_without_rows_is_refused(connection, tmp_path, what):
    refusal_of(connection, what, a_csv(tmp_path, "h.csv", [COLUMNS[what]]))


@pytest.mark.parametrize("what", PLACED)
def test_a_file_without_the_column_needed_is_refused_with_those_it_has(connection, tmp_path, what):
    path = a_csv(tmp_path, "w.csv", [("colour", "lon", "lat"), ("red", 1, 2)])
    refused = refusal_of(connection, what, path)
    assert isinstance(refused, UnknownColumn)
    assert "colour" in str(refused)


@pytest.mark.parametrize("what", PLACED)
def test_a_mapping_to_an_absent_column_is_refused(connection, tmp_path, what):
    path = a_csv(tmp_path, "w.csv", [COLUMNS[what], a_row(what, "A", 115.9, 28.6)])
    field = COLUMNS[what][0]
    refused = refusal_of(connection, what, path, how=How(mapping={field: "nowhere"}))
    assert "nowhere" in str(refused)


@pytest.mark.parametrize("what", ["customers", "crews", "depots", "places"])
def test_swapped_coordinates_off_the_planet_are_refused_with_the_hint(connection, tmp_path, what):
    path = a_csv(tmp_path, "s.csv", [COLUMNS[what], a_row(what, "A", 28.6, 115.9)])
    refused = refusal_of(connection, what, path)
    assert isinstance(refused, RowsRefused)
    assert "swapped" in refused.report.refused[0].reason


@pytest.mark.parametrize("what", sorted(set(PLACED) - {"areas"}))
def test_an_id_given_twice_is_taken_once(connection, tmp_path, what):
    lines = [COLUMNS[what], a_row(what, "A", 115.9, 28.6), a_row(what, "A", 115.8, 28.6)]
    report = take(connection, what, a_csv(tmp_path, "d.csv", lines))
    assert report.taken == 1
    assert [each.row for each in report.refused] == [2]


@pytest.mark.parametrize("what", PLACED)
def test_a_file_cut_in_half_is_refused(connection, tmp_path, what):
    shape = box(115, 28, 116, 29) if "wkt" in COLUMNS[what] else Point(115.9, 28.6)
    lines = [
        {"account": f"A{n}", "id": f"A{n}", "name": "n", "class": "urban", "geometry": shape}
        for n in range(3000)
    ]
    path = a_vector(tmp_path, "half.gpkg", lines)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refusal_of(connection, what, path)


def test_a_network_cut_in_half_is_refused(connection, tmp_path):
    chain = "[F1] -B:b- " + " -- ".join(f"n{n}(T{n}:9)" for n in range(800))
    path = a_network(tmp_path, chain)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refusal_of(connection, "network", path)


def test_roads_cut_in_half_are_refused(connection, tmp_path):
    path = tmp_path / "half.osm"
    nodes = "".join(f"<node id='{n}' lon='115.{n:04d}' lat='28.6'/>" for n in range(2000))
    path.write_text(f"<?xml version='1.0'?><osm version='0.6'>{nodes}", "utf-8")
    refusal_of(connection, "roads", path)


@pytest.mark.parametrize("what", ["areas", "districts", "crews", "depots", "places"])
def test_a_vector_file_without_reference_system_is_refused_until_one_is_named(
    connection, tmp_path, what
):
    shape = box(5e5, 3e6, 6e5, 3.1e6) if "wkt" in COLUMNS[what] else Point(5e5, 3.1e6)
    row = {"id": "A", "name": "n", "class": "urban", "geometry": shape}
    path = a_vector(tmp_path, "plain.gpkg", [row], crs=None)
    assert "reference system" in str(refusal_of(connection, what, path))
    assert take(connection, what, path, how=How(crs="EPSG:32650")).taken == 1


def test_metres_called_degrees_are_refused(connection, tmp_path):
    row = {"id": "A", "name": "n", "geometry": Point(5e5, 3.1e6)}
    path = a_vector(tmp_path, "metres.gpkg", [row], crs="EPSG:4326")
    refused = refusal_of(connection, "crews", path)
    assert isinstance(refused, RowsRefused)


def test_a_layer_of_the_network_without_its_columns_is_refused_and_told(connection, tmp_path):
    path = a_network(tmp_path, TWO_FEEDERS)
    wrong = geopandas.GeoDataFrame({"name": ["x"]}, geometry=[Point(1, 1)], crs="EPSG:4326")
    wrong.to_file(path, layer="switches")
    report = take(connection, "network", path)
    assert any(each.layer == "switches" and each.row is None for each in report.refused)


def test_a_unicode_bomb_in_every_cell_is_stored_as_text_or_refused(connection, tmp_path):
    odd = ["\u202e\u200f", "a\u0301" * 300, "\ufeffid", "𠀀𠀁", "'; DROP TABLE crew; --", "\\N"]
    lines = [(f"A{n}", text, 115.9, 28.6) for n, text in enumerate(odd)]
    path = a_csv(tmp_path, "odd.csv", [("account", "name", "lon", "lat"), *lines])
    report = take(connection, "customers", path)
    stored = rows(connection, "SELECT account, name FROM usage_point ORDER BY account")
    assert report.taken + len(report.refused) == len(odd)
    assert len(stored) == report.taken
    assert ("A4", "'; DROP TABLE crew; --") in stored
    assert ("A5", "\\N") in stored


# The command ------------------------------------------------------------------------------------


def relight_load(url: str, *words: object):
    return CliRunner().invoke(commands, [str(w) for w in words], env={"RELIGHT_DATABASE_URL": url})


def test_the_command_takes_a_mapped_file_and_ends_with_0(database, database_url, tmp_path):
    path = a_csv(tmp_path, "k.csv", [("KONTO", "lon", "lat"), ("N1", 115.9, 28.6)])
    done = relight_load(database_url, "customers", path, "--map", "KONTO=account")
    assert done.exit_code == 0, done.output
    assert "1 taken, 1 new" in done.output
    again = relight_load(database_url, "customers", path, "--map", "KONTO=account")
    assert again.exit_code == 0
    assert "nothing is changed" in again.output


def test_the_command_ends_with_3_and_writes_every_refused_row(database, database_url, tmp_path):
    lines = [("account", "lon", "lat"), ("N1", 115.9, 28.6), *[("", 1, 1)] * 30]
    path, refused = a_csv(tmp_path, "r.csv", lines), tmp_path / "refused.csv"
    done = relight_load(database_url, "customers", path, "--refused", refused)
    assert done.exit_code == 3, done.output
    assert "row 2: account is empty" in done.output and "and 10 more" in done.output
    assert len(refused.read_text("utf-8-sig").splitlines()) == 31


def test_strict_refuses_the_whole_file_and_leaves_nothing(database, database_url, tmp_path):
    path = a_csv(tmp_path, "r.csv", [("account",), ("N1",), ("N1",)])
    done = relight_load(database_url, "customers", path, "--strict")
    assert done.exit_code == 1, done.output
    assert "nothing of it is stored" in done.output
    with database.connect() as connection:
        assert {count for count, _ in content(connection).values()} == {0}


def test_one_bad_file_of_two_does_not_stop_the_good_one(database, database_url, tmp_path):
    good, bad = west_and_east(tmp_path), noise(tmp_path, ".geojson")
    done = relight_load(database_url, "districts", bad, good)
    assert done.exit_code == 1
    with database.connect() as connection:
        assert rows(connection, "SELECT count(*) FROM district") == [(2,)]


@pytest.mark.parametrize("word", ["account", "=account", "KONTO="])
def test_a_mapping_that_is_none_is_a_usage_error(database_url, tmp_path, word):
    done = relight_load(database_url, "customers", tmp_path / "x.csv", "--map", word)
    assert done.exit_code == 2
    assert "COLUMN=FIELD" in done.output


def test_the_command_prints_problems_with_their_ids(database, database_url, tmp_path):
    path = a_network(tmp_path, "[F1] -B:b- a(T1:2)\nx -- y(T9:1)")
    done = relight_load(database_url, "network", path)
    assert done.exit_code == 0, done.output
    assert "island" in done.output and "T9" in done.output
