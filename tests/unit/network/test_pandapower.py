"""pandapower files: the real pair, and small files of our own for the rules."""

import json
from pathlib import Path

import pytest

from gis.errors import UnreadableFile
from gis.network.detect import read_network
from gis.network.devices import ProblemKind
from gis.network.kinds import CustomerKind
from gis.network.model import SwitchKind
from gis.network.readers.pandapower import read_pandapower
from gis.network.trace import trace
from tests.data import test_data

FOLDER = "network_oberrhein_schutterwald"
MV, MV_STATIONS, LV = (
    f"{FOLDER}/{name}.json"
    for name in ("mv_oberrhein", "mv_oberrhein_substations", "lv_schutterwald")
)


@pytest.mark.parametrize("name", [MV, MV_STATIONS])
def test_the_real_medium_voltage_network_has_four_sound_feeders(name: str) -> None:
    result = read_network(test_data(name))
    tracing = trace(result.network)
    assert result.refusals == ()
    assert len(result.network.feeders) == 4
    assert len(result.network.transformers) == 141
    assert len(result.network.switches) == 322
    assert len(result.network.normally_open()) == 6
    assert len(tracing.feeder_of_transformer) == 141
    assert {tracing.device(id_).kind for id_ in tracing.head_of_feeder.values()} == {"breaker"}
    assert tracing.problems == ()


def test_the_real_low_voltage_network_alone_has_a_feeder_per_source() -> None:
    network = read_pandapower(test_data(LV)).network
    assert (len(network.feeders), len(network.transformers)) == (14, 14)
    assert len(network.usage_points) == 1506
    assert all(each.point is not None for each in network.usage_points)


@pytest.mark.parametrize("name", [MV, MV_STATIONS])
def test_the_real_pair_joins_and_every_home_is_traced_to_a_head(name: str) -> None:
    result = read_network([test_data(name), test_data(LV)])
    network = result.network
    tracing = trace(network)
    homes = [each for each in network.usage_points if each.transformer_id is not None]
    assert len(homes) == 1506
    assert len(network.transformers) == 141 - 12 + 14
    assert len(result.refusals) == 12
    assert all("drawn in lv_schutterwald" in refusal.reason for refusal in result.refusals)
    feeders = {tracing.feeder_of_account[each.account] for each in homes}
    assert len(feeders) == 3
    assert tracing.feeder_of_transformer["T_idx_ZUSATZ"].endswith("I8782")
    assert [problem.kind for problem in tracing.problems] == [
        ProblemKind.LOOP,
        ProblemKind.UNSUPPLIED,
    ]


def test_half_of_a_real_file_is_unreadable(tmp_path: Path) -> None:
    whole = test_data(LV).read_bytes()
    (tmp_path / "cut.json").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match="cut off"):
        read_network(tmp_path / "cut.json")


Table = tuple[list[str], list[list[object]]]


def point(lon: float, lat: float) -> str:
    return json.dumps({"type": "Point", "coordinates": [lon, lat]})


def small() -> dict[str, Table]:
    """A grid at 110 kV, a transformer, a busbar with one line, a station, two loads on one bus."""
    return {
        "bus": (
            ["name", "vn_kv", "in_service", "geo"],
            [
                ["grid", 110.0, True, point(7.8, 48.4)],
                ["bar", 20.0, True, point(7.8, 48.4)],
                ["end", 20.0, True, point(7.81, 48.4)],
                ["home", 0.4, True, None],
            ],
        ),
        "ext_grid": (["name", "bus", "in_service"], [["source", 0, True]]),
        "trafo": (
            ["name", "hv_bus", "lv_bus", "sn_mva", "vn_hv_kv", "vn_lv_kv", "in_service"],
            [
                ["main", 0, 1, 25.0, 110.0, 20.0, True],
                ["station", 2, 3, 0.4, 20.0, 0.4, True],
            ],
        ),
        "line": (
            ["name", "from_bus", "to_bus", "length_km", "in_service", "geo"],
            [["out", 1, 2, 0.75, True, None]],
        ),
        "switch": (
            ["name", "bus", "element", "et", "type", "closed"],
            [["cb", 1, 0, "l", "CB", True], ["lbs", 2, 1, "t", "LBS", True]],
        ),
        "load": (
            ["name", "bus", "type", "in_service"],
            [["HH", 3, "HH", True], ["HP", 3, "HP", True], ["sum", 3, "MV/LV Station", True]],
        ),
    }


def write(path: Path, tables: dict[str, Table]) -> Path:
    packed = {
        name: {
            "_module": "pandas.core.frame",
            "_class": "DataFrame",
            "_object": json.dumps(
                {"columns": columns, "index": list(range(len(rows))), "data": rows}
            ),
            "orient": "split",
        }
        for name, (columns, rows) in tables.items()
    }
    whole = {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": packed}
    path.write_text(json.dumps(whole))
    return path


def test_a_line_behind_its_breaker_on_the_busbar_is_a_feeder(tmp_path: Path) -> None:
    network = read_pandapower(write(tmp_path / "n.json", small())).network
    tracing = trace(network)
    assert [feeder.id for feeder in network.feeders] == ["bar out"]
    assert [substation.id for substation in network.substations] == ["main"]
    assert [device.id for device in tracing.devices] == ["switch:cb", "transformer:station"]
    assert tracing.problems == ()
    assert network.sections[0].length_m == 750


def test_all_loads_on_one_bus_are_one_customer_on_its_transformer(tmp_path: Path) -> None:
    (customer,) = read_pandapower(write(tmp_path / "n.json", small())).network.usage_points
    assert (customer.account, customer.transformer_id) == ("home", "station")


@pytest.mark.parametrize(
    ("profiles", "kind"),
    [
        (("H0-A", "Soil_Alternative_1"), CustomerKind.RESIDENTIAL),
        (("Air_Semi-Parallel_2", "G3-A"), CustomerKind.COMMERCIAL),
        (("L2-M", None), CustomerKind.FARM),
        (("BL-H", None), None),
    ],
)
def test_a_customer_is_of_the_kind_of_the_first_profile_on_its_bus_that_has_one(
    tmp_path: Path, profiles: tuple[str | None, str | None], kind: CustomerKind | None
) -> None:
    tables = small()
    columns, rows = tables["load"]
    named = [[*row, profile] for row, profile in zip(rows, (*profiles, "H0-A"), strict=True)]
    tables["load"] = ([*columns, "profile"], named)
    (customer,) = read_pandapower(write(tmp_path / "n.json", tables)).network.usage_points
    assert customer.kind is kind


def test_a_switch_of_unknown_type_is_a_load_break_switch(tmp_path: Path) -> None:
    tables = small()
    tables["switch"][1][1][4] = None
    network = read_pandapower(write(tmp_path / "n.json", tables)).network
    assert network.switches[1].kind is SwitchKind.LOAD_BREAK


@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("line", "to_bus", 99, "to_bus is 99; expected the index of a bus"),
        ("line", "length_km", None, "length_km is empty"),
        ("line", "in_service", False, "in_service is false"),
        ("line", "geo", '{"coordinates": [[200, 48], [7, 48]]}', "no place on Earth"),
        ("line", "geo", '{"coordinates": [7.8, 48.4]}', "geo is 7.8; expected [lon, lat]"),
        ("switch", "et", "z", "et is 'z'; expected b, l or t"),
        ("load", "bus", "three", "bus: 'three' is not a number"),
    ],
)
def test_a_row_that_is_not_whole_is_refused_with_the_reason(
    tmp_path: Path, table: str, column: str, value: object, said: str
) -> None:
    tables = small()
    columns, rows = tables[table]
    rows[0][columns.index(column)] = value
    result = read_pandapower(write(tmp_path / "n.json", tables))
    (refusal,) = result.refusals
    assert (refusal.layer, refusal.row) == (f"n:{table}", 1)
    assert said in refusal.reason


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        '{"_object": {"bus": {"_object": "[]"}}}',
        '{"_object": {"bus": 7}}',
        "pandapower",
    ],
)
def test_json_that_is_no_network_is_unreadable(tmp_path: Path, text: str) -> None:
    (tmp_path / "n.json").write_text(text)
    with pytest.raises(UnreadableFile):
        read_pandapower(tmp_path / "n.json")
