"""Which reader takes a file, and what none of them takes."""

import json
from pathlib import Path

import pytest

from gis.errors import UnreadableFile
from gis.network.detect import read_network
from gis.network.notation import parse
from gis.network.readers.layers import write_layers


@pytest.mark.filterwarnings("ignore:GPKG. bad application_id")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.gpkg", b""),
        ("x.gpkg", b"SQLite format 3\x00" + bytes(200)),
        ("x.zip", b"PK\x03\x04 and no more"),
        ("x.json", b'{"type": "FeatureCollection", "features": [{"type'),
        ("x.json", b"[1, 2, 3]"),
        ("x.txt", "电网".encode()),
        ("x.zip", b"PK\x05\x06" + bytes(18)),
    ],
)
def test_a_damaged_or_foreign_file_is_unreadable_and_named(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile, match=name):
        read_network(tmp_path / name)


def test_a_file_of_no_known_format_is_told_so_without_advice_to_programmers(
    tmp_path: Path,
) -> None:
    path = tmp_path / "network.json"
    path.write_text("{}")
    with pytest.raises(
        UnreadableFile, match=r"of no format known here; see docs/formats\.md"
    ) as told:
        read_network(path)
    assert "DRIVER" not in str(told.value)


def test_a_path_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="there is no such file"):
        read_network(tmp_path / "nowhere.gpkg")


def test_an_empty_folder_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="holds no GeoPackage"):
        read_network(tmp_path)


def test_no_path_at_all_is_unreadable() -> None:
    with pytest.raises(UnreadableFile, match="no file"):
        read_network([])


def test_files_of_two_formats_do_not_make_one_network(tmp_path: Path) -> None:
    write_layers(parse("[F] -- a"), tmp_path / "n.gpkg")
    (tmp_path / "p.json").write_text(json.dumps({"_module": "pandapower.auxiliary"}))
    with pytest.raises(UnreadableFile, match=r"n\.gpkg: it is not of pandapower"):
        read_network([tmp_path / "n.gpkg", tmp_path / "p.json"])


def test_a_geojson_file_cut_in_half_is_unreadable(tmp_path: Path) -> None:
    write_layers(parse("[F] -- a -- b -- c -- d"), tmp_path)
    whole = (tmp_path / "sections.geojson").read_bytes()
    (tmp_path / "sections.geojson").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile):
        read_network(tmp_path)
