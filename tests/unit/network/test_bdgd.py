"""BDGD: the whole of a real utility, and what a small one of our own shows of the rules."""

import zipfile
from collections import Counter
from pathlib import Path

import geopandas
import pandas as pd
import pyogrio
import pytest
from shapely import LineString, Point, Polygon

from gis.errors import UnreadableFile
from gis.network.detect import read_network
from gis.network.devices import ProblemKind
from gis.network.kinds import CustomerKind
from gis.network.model import ReadResult, SwitchKind
from gis.network.readers.bdgd import read_bdgd
from gis.network.trace import trace
from tests.data import test_data

MUX = "network_mux_tapejara_2024/mux_2024.gpkg.zip"

Rows = list[dict[str, object]]


@pytest.fixture(scope="module")
def mux() -> ReadResult:
    return read_network(test_data(MUX))


def test_the_real_utility_is_read_whole_and_nothing_is_refused(mux: ReadResult) -> None:
    network = mux.network
    assert mux.refusals == ()
    assert [feeder.name for feeder in network.feeders] == ["TJB15", "TJB16"]
    assert len(network.transformers) == 273
    assert len(network.switches) == 211
    assert len(network.normally_open()) == 32
    assert len(network.usage_points) == 13_300 + 40
    assert Counter(each.disconnected_for for each in network.usage_points) == {
        None: 12_940 + 37,
        "inactive": 360 + 3,
    }


def test_every_customer_of_the_real_utility_is_traced_to_its_feeder_head(mux: ReadResult) -> None:
    tracing = trace(mux.network)
    heads = {tracing.device(head).asset_id for head in tracing.head_of_feeder.values()}
    assert heads == {"1DJ_15", "1DJ_16"}
    for usage_point in mux.network.usage_points:
        path = tracing.path_to_head(tracing.device_of_account[usage_point.account])
        assert path[-1].asset_id in heads
    assert len(tracing.feeder_of_transformer) == 273


def test_the_low_voltage_trace_agrees_with_the_transformer_on_every_record(
    mux: ReadResult,
) -> None:
    tracing = trace(mux.network)
    assert [(p.kind, p.ids) for p in tracing.problems] == [
        (ProblemKind.SWITCH_ON_NO_SECTION, ("2CF_532",))
    ]
    for usage_point in mux.network.usage_points:
        stated = usage_point.transformer_id
        assert tracing.transformer_of_account.get(usage_point.account) == stated


def test_every_customer_of_the_real_utility_stands_at_a_pole(mux: ReadResult) -> None:
    assert all(each.point is not None for each in mux.network.usage_points)


def test_customers_of_the_real_utility_are_of_the_kind_that_its_tariff_class_says(
    mux: ReadResult,
) -> None:
    kinds = Counter(each.kind for each in mux.network.usage_points)
    assert kinds == {
        CustomerKind.RESIDENTIAL: 10_566 + 691,
        CustomerKind.COMMERCIAL: 1_860 + 19,
        CustomerKind.INDUSTRIAL: 51 + 14,
        CustomerKind.FARM: 13 + 1,
        CustomerKind.PUBLIC: 115 + 6,
        None: 4,
    }


def test_ids_of_the_real_utility_are_the_same_when_read_again(mux: ReadResult) -> None:
    again = read_bdgd(test_data(MUX)).network
    assert again == mux.network


def test_the_real_utility_as_a_file_geodatabase_gives_the_same_network(
    mux: ReadResult, tmp_path: Path
) -> None:
    source = test_data(MUX)
    target = tmp_path / "mux.gdb"
    for layer, _ in pyogrio.list_layers(source):
        frame = pyogrio.read_dataframe(source, layer=layer)
        if len(frame):
            pyogrio.write_dataframe(frame, target, layer=layer, driver="OpenFileGDB")
    result = read_network(target)
    assert result.refusals == ()
    assert [each.id for each in result.network.switches] == [
        each.id for each in mux.network.switches
    ]
    assert set(trace(result.network).feeder_of_account) == set(trace(mux.network).feeder_of_account)


def test_half_of_the_real_file_is_unreadable(tmp_path: Path) -> None:
    whole = test_data(MUX).read_bytes()
    cut = tmp_path / "cut.gpkg.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match=r"cut.gpkg.zip: the zip file is damaged or cut off"):
        read_network(cut)


def test_a_package_whose_file_inside_is_cut_is_unreadable(tmp_path: Path) -> None:
    with zipfile.ZipFile(test_data(MUX)) as packed:
        whole = packed.read("mux_2024.gpkg")
    cut = tmp_path / "cut.gpkg"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match=r"cut\.gpkg"):
        read_network(cut)


def small() -> dict[str, tuple[Rows, list[object] | None]]:
    """Layers of a utility with one circuit, one cut-out, one transformer, two customers."""
    line = LineString([(-52, -28), (-52.001, -28)])
    ends = {"FAS_CON": "ABCN", "SIT_ATIV": "AT"}
    return {
        "SUB": ([{"COD_ID": "S", "NOME": "Central"}], [Polygon([(0, 0), (2, 0), (2, 2), (0, 2)])]),
        "CTMT": ([{"COD_ID": "C", "NOME": "C1", "SUB": "S", "PAC_INI": "p1"}], None),
        "SSDMT": (
            [{"COD_ID": "1", "PAC_1": "p1", "PAC_2": "p2", "FAS_CON": "CAB", "COMP": 60.0}],
            [line],
        ),
        "SSDBT": (
            [{"COD_ID": "1", "PAC_1": "b1", "PAC_2": "b2", "FAS_CON": "AN", "COMP": 10.0}],
            [line],
        ),
        "UNSEMT": (
            [
                {"COD_ID": "dj", "PAC_1": "p0", "PAC_2": "p1", "TIP_UNID": "29", "P_N_OPE": "F"}
                | ends,
                {"COD_ID": "k", "PAC_1": "p2", "PAC_2": "p3", "TIP_UNID": "22", "P_N_OPE": "F"}
                | ends
                | {"CAP_ELO": "15K"},
                {"COD_ID": "blade", "PAC_1": "p3", "PAC_2": "p4", "TIP_UNID": "22", "P_N_OPE": "A"}
                | ends
                | {"CAP_ELO": "LAM"},
            ],
            [Point(-52, -28)] * 3,
        ),
        "UNTRMT": (
            [{"COD_ID": "t", "PAC_1": "p3", "PAC_2": "b1", "POT_NOM": 45.0} | ends],
            [Point(-52, -28)],
        ),
        "PONNOT": ([{"COD_ID": "pole"}], [Point(-52.01, -28.01)]),
        "UCBT_tab": (
            [
                {"COD_ID": "u", "UNI_TR_MT": "t", "PAC": "b2", "PN_CON": "pole", "SIT_ATIV": "DS"},
                {"COD_ID": "u", "UNI_TR_MT": "t", "PAC": "b2", "PN_CON": "pole", "SIT_ATIV": "AT"},
            ],
            None,
        ),
    }


def write(path: Path, layers: dict[str, tuple[Rows, list[object] | None]]) -> Path:
    for name, (rows, shapes) in layers.items():
        frame = pd.DataFrame(rows)
        if shapes is not None:
            frame = geopandas.GeoDataFrame(frame, geometry=shapes, crs=4674)
        pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG")
    return path


def test_a_circuit_that_starts_behind_its_breaker_is_headed_by_the_breaker(tmp_path: Path) -> None:
    tracing = trace(read_bdgd(write(tmp_path / "b.gpkg", small())).network)
    assert [device.id for device in tracing.devices] == ["switch:dj", "switch:k", "transformer:t"]
    assert tracing.problems == ()


def test_a_cut_out_with_a_solid_blade_is_no_fuse(tmp_path: Path) -> None:
    network = read_bdgd(write(tmp_path / "b.gpkg", small())).network
    assert {each.id: each.kind for each in network.switches} == {
        "dj": SwitchKind.BREAKER,
        "k": SwitchKind.FUSE,
        "blade": SwitchKind.DISCONNECTOR,
    }


def test_of_two_states_of_one_customer_the_one_in_service_keeps_the_code(tmp_path: Path) -> None:
    points = read_bdgd(write(tmp_path / "b.gpkg", small())).network.usage_points
    assert [(each.account, each.disconnected_for) for each in points] == [
        ("u#2", "inactive"),
        ("u", None),
    ]
    assert points[0].point == Point(-52.01, -28.01)


def test_codes_that_two_layers_share_stay_apart(tmp_path: Path) -> None:
    sections = read_bdgd(write(tmp_path / "b.gpkg", small())).network.sections
    assert [(each.id, each.phases) for each in sections] == [("1", "ABC"), ("SSDBT:1", "AN")]


def test_equipment_out_of_service_and_rows_that_are_not_whole_are_refused(tmp_path: Path) -> None:
    layers = small()
    switches = layers["UNSEMT"][0]
    switches[1]["SIT_ATIV"] = "DS"
    switches[2]["P_N_OPE"] = "X"
    layers["SSDMT"][0][0]["PAC_2"] = "0"
    result = read_bdgd(write(tmp_path / "b.gpkg", layers))
    assert [(each.layer, each.row, each.id) for each in result.refusals] == [
        ("UNSEMT", 2, "k"),
        ("UNSEMT", 3, "blade"),
        ("SSDMT", 1, "1"),
    ]
    assert "out of service" in result.refusals[0].reason
    assert "P_N_OPE is 'X'; expected one of a, f" in result.refusals[1].reason
    assert "PAC_2 is '0'" in result.refusals[2].reason


def test_layers_of_the_first_edition_are_known_too(tmp_path: Path) -> None:
    layers = small()
    layers["UNTRD"] = layers.pop("UNTRMT")
    rows, _ = layers.pop("UCBT_tab")
    layers["UCBT"] = (
        [{("UNI_TR_D" if k == "UNI_TR_MT" else k): v for k, v in r.items()} for r in rows],
        None,
    )
    network = read_bdgd(write(tmp_path / "b.gpkg", layers)).network
    assert [each.id for each in network.transformers] == ["t"]
    assert {each.transformer_id for each in network.usage_points} == {"t"}


def test_a_package_that_is_no_bdgd_is_unreadable(tmp_path: Path) -> None:
    layers = small()
    del layers["CTMT"]
    with pytest.raises(UnreadableFile, match="no BDGD"):
        read_bdgd(write(tmp_path / "b.gpkg", layers))


def test_customers_of_the_real_utility_live_on_the_phases_of_their_connection(
    mux: ReadResult,
) -> None:
    low = [each for each in mux.network.usage_points if each.transformer_id is not None]
    phases = Counter(each.phases for each in low)
    assert set(phases) == {"A", "B", "C", "AB", "AC", "BC", "ABC"}
    assert phases["B"] == 3_623
