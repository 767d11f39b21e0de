"""Our own layers: written and read back, in any reference system, refusing row by row."""

import zipfile
from pathlib import Path

import geopandas
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from shapely import LineString, MultiLineString, Point

from gis.errors import UnreadableFile
from gis.network.detect import read_network
from gis.network.model import Level, Network, SwitchKind, UsagePoint
from gis.network.notation import parse
from gis.network.readers.layers import read_layers, write_layers
from tests.unit.network.radial import networks

SOUND = parse("[F1<S] -B:cb- a(T1:2>x) -250- b -/L:tie/- c\nx =30= y ~12~ z", origin=Point(115, 28))


def write_sections(path: Path, rows: list[dict[str, object]], crs: int | None = 4326) -> Path:
    """One GeoJSON or GeoPackage of sections; `geometry` is a key of each row."""
    frame = geopandas.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs=crs)
    driver = "GPKG" if path.suffix == ".gpkg" else "GeoJSON"
    frame.to_file(path, layer="sections", driver=driver, engine="pyogrio")
    return path


def section(**changes: object) -> dict[str, object]:
    line = LineString([(115.0, 28.0), (115.001, 28.0)])
    whole = {"id": "s", "from_node": "a", "to_node": "b", "level": "mv", "geometry": line}
    return whole | changes


@pytest.mark.parametrize("name", ["net.gpkg", "folder"])
def test_a_network_written_reads_back_the_same(tmp_path: Path, name: str) -> None:
    write_layers(SOUND, tmp_path / name)
    result = read_layers(tmp_path / name, SOUND.name)
    assert result.refusals == ()
    assert result.network == SOUND


@pytest.mark.parametrize("name", ["net.gpkg", "folder"])
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(network=networks(max_nodes=8))
def test_any_network_written_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, name: str, network: Network
) -> None:
    path = tmp_path_factory.mktemp("net") / name
    write_layers(network, path)
    assert read_layers(path, network.name).network == network


def test_all_that_is_known_of_a_customer_survives(tmp_path: Path) -> None:
    customer = UsagePoint(
        account="0042",
        meter="M-7",
        name="李四",
        phones=("13800000000", "0791-1234567"),
        address="人民路1号",
        point=Point(115.1, 28.2),
        transformer_id="T",
        node="n",
        disconnected_for="arrears",
        critical="hospital",
    )
    write_layers(Network(name="x", usage_points=(customer,)), tmp_path / "c.gpkg")
    assert read_layers(tmp_path / "c.gpkg").network.usage_points == (customer,)


def test_writing_again_replaces_what_was_there(tmp_path: Path) -> None:
    write_layers(SOUND, tmp_path / "net.gpkg")
    write_layers(parse("[F]"), tmp_path / "net.gpkg")
    assert read_layers(tmp_path / "net.gpkg", "").network == parse("[F]")


def test_files_of_one_layer_each_make_one_network(tmp_path: Path) -> None:
    write_layers(SOUND, tmp_path)
    result = read_network(sorted(tmp_path.glob("*.geojson")))
    assert result.network.sections == SOUND.sections
    assert result.network.feeders == SOUND.feeders


def test_a_zipped_geopackage_is_unpacked(tmp_path: Path) -> None:
    write_layers(SOUND, tmp_path / "net.gpkg")
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as packed:
        packed.write(tmp_path / "net.gpkg", "inside/net.gpkg")
    assert read_network(tmp_path / "net.zip").network.switches == SOUND.switches


def test_metric_coordinates_become_longitude_and_latitude(tmp_path: Path) -> None:
    line = LineString([(500_000, 3_100_000), (500_100, 3_100_000)])
    path = write_sections(tmp_path / "s.gpkg", [section(geometry=line)], crs=32650)
    (read,) = read_layers(path).network.sections
    assert read.line is not None
    assert read.line.coords[0] == pytest.approx((117.0, 28.0253), abs=1e-3)
    assert read.length_m == pytest.approx(100.04, abs=0.01)


def test_a_stated_length_goes_before_the_drawn_one(tmp_path: Path) -> None:
    path = write_sections(tmp_path / "s.gpkg", [section(length_m=321.5)])
    assert read_layers(path).network.sections[0].length_m == 321.5


def test_a_line_in_two_touching_parts_is_joined(tmp_path: Path) -> None:
    parts = MultiLineString([[(115, 28), (115.1, 28)], [(115.1, 28), (115.2, 28)]])
    path = write_sections(tmp_path / "s.gpkg", [section(geometry=parts)])
    line = read_layers(path).network.sections[0].line
    assert line is not None
    assert len(line.coords) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": None}, "id is empty"),
        ({"from_node": "  "}, "from_node is empty"),
        ({"level": "hv"}, "level is 'hv'; expected one of mv, lv, service"),
        ({"phases": "XYZ"}, "phases is 'XYZ'"),
        ({"length_m": -1.0}, "length_m is -1; expected a number of at least 0"),
        ({"length_m": "long"}, "length_m: 'long' is not a number"),
        ({"geometry": Point(115, 28)}, "its shape is a Point; expected one line"),
        ({"geometry": LineString([(28, 115), (28, 116)])}, "are lon and lat swapped"),
        (
            {"geometry": MultiLineString([[(115, 28), (115.1, 28)], [(115.2, 28), (115.3, 28)]])},
            "its shape is a MultiLineString",
        ),
    ],
)
def test_a_row_that_is_not_whole_is_refused_with_field_value_and_reason(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    good = section(id="good", phases="ABC", length_m="5")
    path = write_sections(tmp_path / "sections.geojson", [good, section(**changes)])
    result = read_layers(path)
    assert [each.id for each in result.network.sections] == ["good"]
    (refusal,) = result.refusals
    assert (refusal.layer, refusal.row) == ("sections", 2)
    assert said in refusal.reason


def test_a_second_row_with_one_id_is_refused_naming_the_first(tmp_path: Path) -> None:
    path = write_sections(tmp_path / "s.gpkg", [section(), section(to_node="c")])
    result = read_layers(path)
    assert result.network.sections[0].to_node == "b"
    assert result.refusals[0].reason == "id s was given in row 1 already"


def test_a_layer_without_a_required_column_is_refused_as_a_whole(tmp_path: Path) -> None:
    row = section()
    del row["to_node"]
    result = read_layers(write_sections(tmp_path / "s.gpkg", [row]))
    assert result.network.sections == ()
    assert result.refusals[0].row is None
    assert "to_node is missing" in result.refusals[0].reason


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_rows_without_reference_system_are_refused(tmp_path: Path) -> None:
    path = write_sections(tmp_path / "s.gpkg", [section()], crs=None)
    (refusal,) = read_layers(path).refusals
    assert "names no coordinate reference system" in refusal.reason


def test_numbers_as_ids_become_text(tmp_path: Path) -> None:
    path = write_sections(tmp_path / "s.gpkg", [section(id=7, from_node=1.0, to_node=2.0)])
    (read,) = read_layers(path).network.sections
    assert (read.id, read.from_node, read.to_node) == ("7", "1", "2")
    assert (read.level, read.phases) == (Level.MV, "ABC")


@pytest.mark.parametrize("said", [True, 1, "open", "YES"])
def test_a_normally_open_switch_may_be_said_in_several_ways(tmp_path: Path, said: object) -> None:
    row = {"id": "k", "kind": "fuse", "from_node": "a", "to_node": "b", "normal_open": said}
    frame = geopandas.GeoDataFrame(pd.DataFrame([row]), geometry=[Point(115, 28)], crs=4326)
    frame.to_file(tmp_path / "n.gpkg", layer="switches", driver="GPKG", engine="pyogrio")
    (switch,) = read_layers(tmp_path / "n.gpkg").network.switches
    assert switch.normal_open
    assert switch.kind is SwitchKind.FUSE


def test_a_file_with_none_of_the_layers_is_unreadable(tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[Point(0, 0)], crs=4326)
    frame.to_file(tmp_path / "x.gpkg", layer="roads", driver="GPKG", engine="pyogrio")
    with pytest.raises(UnreadableFile, match="none of the layers"):
        read_layers(tmp_path / "x.gpkg")
