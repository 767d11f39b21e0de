"""OpenDSS circuits: the real folders of two substations, and small scripts for the rules."""

import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from gis.errors import UnreadableFile
from gis.network.detect import parts_of, read_network
from gis.network.devices import ProblemKind
from gis.network.kinds import CustomerKind
from gis.network.model import Level, Network, ReadResult, SwitchKind
from gis.network.readers.opendss import read_opendss
from gis.network.trace import trace
from tests.data import test_data

FOLDER = "network_greensboro_smartds"

MASTER = """
Clear
! a comment, and an exclamation mark within quotes
New Circuit.town bus1=src basekv=12.47   // here too
New Linecode.fuse_65 units=km
New LineCode.oh nphases=3 units=km
New Line.out bus1=src.1.2.3 bus2=A.1.2.3 linecode=oh length=0.5
New Line.lateral a.1 b.1 oh 250 1 units=m
New Fuse.f1 monitoredobj=line.LATERAL
New Line.tie bus1=b bus2=c switch=yes
New SwtControl.tie switchedobj=Line.tie normal=open
New Transformer.t1 phases=1 windings=3
~ wdg=1 bus=b.1 kv=7.2 kva=25
~ wdg=2 bus=low.1.0 kv=0.12 kva=25
~ wdg=3 bus=low.0.2 kv=0.12 kva=25
New Line.drop bus1=low.1.2 bus2=house.1.2 units=ft length=100
New Load.home bus1=house.1.2 kv=0.24 kw=2
New Load.shops bus1=low.1.2 kv=0.24 numcust=3
Buscoords coords.csv
Solve
"""
COORDS = """src,-79.80000, 36.10000
a,-79.80000, 36.10450
b,-79.79800, 36.10450
c,-79.79000, 36.10450
low,-79.79801, 36.10451
house,-79.79810, 36.10480
"""


class Counts(NamedTuple):
    """What a grep counts in the folder; guarded lines have a fuse, or the code of a recloser."""

    transformers: int
    loads: int
    switched: int
    guarded: int
    open_: int
    at_medium_voltage: int


def a_circuit(folder: Path, master: str = MASTER, coords: str = COORDS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "coords.csv").write_text(coords)
    (folder / "Master.dss").write_text(master)
    return folder


def read(folder: Path, master: str = MASTER, coords: str = COORDS) -> ReadResult:
    return read_network(a_circuit(folder, master, coords))


def the(network: Network, id_: str) -> object:
    rows = (*network.sections, *network.switches, *network.transformers)
    (found,) = [row for row in rows if row.id == id_]
    return found


@pytest.mark.parametrize(
    ("name", "feeders", "counts"),
    [
        ("uhs19_1247", {"19872": 724, "15839": 8}, Counts(335, 732, 374, 30 + 5, 6, 2)),
        (
            "uhs3_1247",
            {"1567": 831, "1571": 481, "1582": 296},
            Counts(712, 1608, 776, 86 + 14, 14, 12),
        ),
    ],
)
def test_every_customer_of_a_real_substation_is_traced_to_its_feeder_head(
    name: str, feeders: dict[str, int], counts: "Counts"
) -> None:
    result = read_network(test_data(f"{FOLDER}/{name}"))
    network, tracing = result.network, trace(result.network)
    assert result.refusals == ()
    # One transformer is the substation's own, from 69 kV: it conducts.
    assert len(network.transformers) == counts.transformers - 1
    assert len(network.switches) == counts.switched + counts.guarded
    assert len(network.normally_open()) == counts.open_
    assert len(network.usage_points) == counts.loads
    direct = [each for each in network.usage_points if each.transformer_id is None]
    assert len(direct) == counts.at_medium_voltage
    served = {name.rpartition("udt")[2]: 0 for name in tracing.head_of_feeder if "udt" in name}
    for feeder in tracing.feeder_of_account.values():
        served[feeder.rpartition("udt")[2]] += 1
    assert served == feeders
    *heads, _station = [str(tracing.device(head).kind) for head in tracing.head_of_feeder.values()]
    assert set(heads) <= {"recloser", "breaker"}
    assert tracing.device(tracing.head_of_feeder[network.feeders[-1].id]).customers == 0
    assert {problem.kind for problem in tracing.problems} == {ProblemKind.UNSUPPLIED}
    # Each lies between two normally open switches.
    assert all(len(problem.ids) == 1 for problem in tracing.problems)
    west, south, east, north = -79.85, 35.99, -79.70, 36.11
    for each in (*network.transformers, *network.usage_points, *network.switches):
        assert each.point is not None
        assert west < each.point.x < east and south < each.point.y < north


def test_two_real_substations_in_one_folder_are_one_network() -> None:
    network = read_network(test_data(FOLDER)).network
    assert len(network.feeders) == 2 + 1 + 3 + 1
    assert len(network.usage_points) == 732 + 1608
    assert len(trace(network).feeder_of_account) == 732 + 1608


def test_projected_coordinates_with_their_system_fall_where_the_degrees_are() -> None:
    folder = test_data(f"{FOLDER}/uhs19_1247")
    plain, projected = (read_network(folder, crs).network for crs in (None, "EPSG:32617"))
    for one, other in zip(plain.transformers, projected.transformers, strict=True):
        assert one.point is not None and other.point is not None
        assert one.point.distance(other.point) < 1e-6


def test_a_small_circuit_is_a_feeder_with_its_switchgear_and_customers(tmp_path: Path) -> None:
    network = read(tmp_path).network
    tracing = trace(network)
    assert tracing.problems == ()
    assert [feeder.id for feeder in network.feeders] == ["town"]
    assert [(s.id, s.kind, s.normal_open) for s in network.switches] == [
        ("lateral", SwitchKind.FUSE, False),
        ("tie", SwitchKind.LOAD_BREAK, True),
    ]
    levels = {section.id: section.level for section in network.sections}
    assert levels == {"out": Level.MV, "lateral": Level.MV, "drop": Level.LV}
    assert tracing.device_of_transformer["t1"] == "transformer:t1"
    assert [d.id for d in tracing.path_to_head("transformer:t1")] == [
        *("transformer:t1", "switch:lateral", "feeder:town"),
    ]
    accounts = {each.account: each.transformer_id for each in network.usage_points}
    assert accounts == dict.fromkeys(("home", "shops", "shops#2", "shops#3"), "t1")


def test_a_load_is_of_the_kind_that_its_shape_or_name_begins_with(tmp_path: Path) -> None:
    shaped = MASTER.replace("kw=2", "kw=2 yearly=res_kw_17_pu").replace("shops", "com_1")
    found = {u.account: u.kind for u in read(tmp_path, shaped).network.usage_points}
    assert found["home"] is CustomerKind.RESIDENTIAL
    assert found["com_1"] is found["com_1#3"] is CustomerKind.COMMERCIAL
    plain = read(tmp_path).network.usage_points
    assert {each.kind for each in plain} == {None}


def test_lengths_phases_and_ratings_are_read_in_their_units(tmp_path: Path) -> None:
    network = read(tmp_path).network
    lengths = {section.id: round(section.length_m, 2) for section in network.sections}
    assert lengths == {"out": 500.0, "lateral": 250.0, "drop": 30.48}
    (transformer,) = network.transformers
    assert (transformer.phases, transformer.rated_kva, transformer.lv_node) == ("A", 25.0, "low")


def test_a_line_without_a_unit_is_as_long_as_it_is_drawn(tmp_path: Path) -> None:
    network = read(tmp_path, MASTER.replace("units=ft length=100", "length=100")).network
    drop = next(section for section in network.sections if section.id == "drop")
    assert 30 < drop.length_m < 36


@pytest.mark.parametrize(
    ("said", "stands_open"),
    [
        ("normal=closed", set()),
        ("state=[open, open, open]", {"tie"}),
        ("action=c", set()),
        ("enabled=no", set()),
    ],
)
def test_a_switch_control_says_how_its_switch_stands(
    tmp_path: Path, said: str, stands_open: set[str]
) -> None:
    network = read(tmp_path, MASTER.replace("normal=open", said)).network
    assert network.normally_open() == stands_open


def test_a_switch_that_is_opened_or_not_enabled_is_normally_open(tmp_path: Path) -> None:
    bare = MASTER.replace("New SwtControl.tie switchedobj=Line.tie normal=open", "")
    assert not read(tmp_path, bare).network.normally_open()
    for end in ("Open Line.tie 1", "Line.tie.enabled=no", "Disable Line.tie", "Edit line.TIE e=n"):
        shut = bare.replace("Solve", end)
        expected = frozenset({"tie"})
        assert read(tmp_path, shut).network.normally_open() == expected, end
    assert not read(tmp_path, bare + "Open Line.tie\nClose Line.tie").network.normally_open()


def test_parts_side_by_side_on_other_phases_are_one_and_no_loop(tmp_path: Path) -> None:
    master = MASTER.replace("New Line.out", "New Line.out_a").replace(
        "bus1=src.1.2.3 bus2=A.1.2.3", "bus1=src.1 bus2=a.1 phases=1"
    )
    beside = "New Line.out_b bus1=src.2 bus2=a.2 phases=1 linecode=oh length=0.5\nBuscoords"
    result = read(tmp_path, master.replace("Buscoords", beside))
    assert next(s.phases for s in result.network.sections if s.id == "out_a") == "AB"
    assert any("out_b with out_a" in note for note in result.notes)
    kinds = {problem.kind for problem in trace(result.network).problems}
    assert ProblemKind.LOOP not in kinds


def test_a_true_loop_and_an_island_are_reported_by_id(tmp_path: Path) -> None:
    more = """New Line.ring bus1=a bus2=src linecode=oh length=1
New Line.lost bus1=nowhere bus2=never linecode=oh length=1
New Load.stray bus1=unheard_of
Buscoords"""
    result = read(tmp_path, MASTER.replace("Buscoords", more))
    problems = {problem.kind: problem.ids for problem in trace(result.network).problems}
    assert set(problems[ProblemKind.LOOP]) == {"out", "ring"}
    assert problems[ProblemKind.ISLAND] == ("lost",)
    assert problems[ProblemKind.CUSTOMER_ON_NO_TRANSFORMER] == ("stray",)


def test_a_regulator_and_a_series_reactor_conduct(tmp_path: Path) -> None:
    master = MASTER.replace("bus1=src.1.2.3", "bus1=r.1.2.3").replace(
        "New Line.lateral",
        "New Transformer.reg1 phases=1 buses=(src.1 m.1) kvs=[7.2 7.2] kvas=[500 500]\n"
        "New Transformer.reg2 phases=1 buses=(src.2 m.2) kvs=[7.2 7.2]\n"
        "New Reactor.x bus1=m bus2=r\n"
        "New Capacitor.c bus1=a kvar=300\n"
        "New Line.lateral",
    )
    result = read(tmp_path, master)
    tracing = trace(result.network)
    assert result.refusals == ()
    assert {"transformer.reg1", "reactor.x"} <= set(tracing.device_of_section)
    assert len(tracing.feeder_of_account) == 4


def test_energy_meters_begin_feeders_and_the_yard_above_is_one_more(tmp_path: Path) -> None:
    master = """New Circuit.station bus1=hv basekv=69
New Transformer.main buses=[hv bar] kvs=[69 12.47] kvas=[10000 10000]
New Line.bay1 bus1=bar bus2=f1 switch=y linecode=breaker_13kv
New Line.bay2 bus1=bar bus2=f2 switch=y linecode=breaker_13kv
New Line.bypass bus1=bar bus2=f2 switch=y enabled=n
New Line.one bus1=f1 bus2=e1 units=km length=1
New Line.two bus1=f2 bus2=e2 units=km length=1
New Line.inner bus1=e2 bus2=e3 units=km length=1
New EnergyMeter.F1 element=Line.one terminal=1
New EnergyMeter.F2 Line.bay2 1
New EnergyMeter.Half Line.inner
New Load.a bus1=e1 kv=12.47
New Load.b bus1=e3 kv=12.47
"""
    result = read(tmp_path, master)
    tracing = trace(result.network)
    assert tracing.problems == ()
    assert tracing.head_of_feeder == {
        "F1": "switch:bay1",
        "F2": "switch:bay2",
        "station": "feeder:station",
    }
    assert tracing.feeder_of_account == {"a": "F1", "b": "F2"}
    assert tracing.feeder_of_section["transformer.main"] == "station"
    assert "feeder Half begins on feeder F2 and is part of it" in result.notes


def test_several_circuits_that_use_the_same_names_stay_apart(tmp_path: Path) -> None:
    a_circuit(tmp_path / "east")
    a_circuit(tmp_path / "west", MASTER.replace("Circuit.town", "Circuit.village"))
    network = read_network([tmp_path / "east", tmp_path / "west" / "Master.dss"]).network
    assert [feeder.id for feeder in network.feeders] == ["town", "village"]
    tracing = trace(network)
    assert tracing.feeder_of_account["home"] == "town"
    assert tracing.feeder_of_account["village/home"] == "village"
    assert len({transformer.id for transformer in network.transformers}) == 2


def test_a_zip_file_of_a_folder_gives_the_same_network(tmp_path: Path) -> None:
    folder = a_circuit(tmp_path / "folder")
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as packed:
        for path in folder.iterdir():
            packed.write(path, f"deep/{path.name}")
    assert read_network(tmp_path / "net.zip").network == read_network(folder).network


def test_scripts_name_each_other_whatever_slash_and_case_they_use(tmp_path: Path) -> None:
    lines = [line for line in MASTER.splitlines() if line.startswith("New Line.")]
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "Lines.DSS").write_text("\n".join(lines), "utf-16")
    rest = [line for line in MASTER.splitlines() if line not in lines]
    split = "\n".join(rest).replace("New Fuse", 'Redirect "Parts\\lines.dss"\nNew Fuse')
    result = read(tmp_path, split)
    assert result.refusals == ()
    assert {switch.id for switch in result.network.switches} == {"lateral", "tie"}
    named = parts_of(tmp_path / "Master.dss")
    assert {path.name for path in named} == {"Master.dss", "Lines.DSS", "coords.csv"}


@pytest.mark.parametrize(
    ("old", "new", "id_", "said"),
    [
        ("bus2=A.1.2.3", "", "out", "bus2 is not given"),
        ("length=0.5", "length=half", "out", "length: 'half' is not a number"),
        ("length=0.5", "length=-2", "out", "expected a number of at least 0"),
        ("linecode=oh length=0.5", "enabled=false", "out", "it is out of service"),
        ("line.LATERAL", "line.gone", "f1", "expected a line of the circuit"),
        ("wdg=3", "wdg=4", "t1", "wdg is 4; expected 1 to 3"),
        ("windings=3", "windings=9999", "t1", "windings is 9999; expected 2 to 10"),
        ("bus=b.1", "bus=low", "t1", "every winding is on bus low"),
        ("numcust=3", "numcust=1e9", "shops", "numcust is 1e+09; expected 0 to 10000"),
        ("Load.shops", "Load.home", "home", "was made in Master.dss, line 17, already"),
        ("Load.shops", "Load", None, "'Load' has no name"),
        ("New LineCode.oh", "New LineCode.oh like=air", None, "like is 'air'"),
        ("Buscoords", "New EnergyMeter.m Line.gone\nBuscoords", "m", "expected a line"),
        ("Buscoords", "New EnergyMeter.m Line.out x\nBuscoords", "m", "terminal: 'x' is not"),
    ],
)
def test_what_is_not_whole_is_refused_with_its_line_and_reason(
    tmp_path: Path, old: str, new: str, id_: str | None, said: str
) -> None:
    result = read(tmp_path, MASTER.replace(old, new))
    refusals = [refusal for refusal in result.refusals if refusal.id == id_]
    assert any(said in refusal.reason for refusal in refusals), result.refusals
    assert all(refusal.layer == "Master.dss" and refusal.row for refusal in refusals)


def test_a_script_cut_within_a_line_refuses_that_line_and_keeps_the_rest(tmp_path: Path) -> None:
    result = read(tmp_path, MASTER[: MASTER.index("bus2=house")])
    assert [refusal.id for refusal in result.refusals] == ["drop"]
    assert [transformer.id for transformer in result.network.transformers] == ["t1"]


@pytest.mark.parametrize(
    ("master", "said"),
    [
        (MASTER.replace("coords.csv", "gone.csv"), r"gone\.csv, which Master\.dss names in line"),
        (MASTER + "Redirect Lines.dss", r"Lines\.dss, which Master\.dss names in line 21"),
        (MASTER + "Redirect Master.dss", "it is named by itself"),
        ("! nothing\nSolve", "it makes no new circuit"),
    ],
)
def test_a_circuit_that_is_not_whole_is_unreadable(tmp_path: Path, master: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read(tmp_path, master)


def test_bytes_that_are_no_text_are_unreadable(tmp_path: Path) -> None:
    a_circuit(tmp_path)
    (tmp_path / "Master.dss").write_bytes(b"New Circuit.x\x00\x01\x02")
    with pytest.raises(UnreadableFile, match="NUL"):
        read_network(tmp_path)


def test_a_script_in_a_western_code_page_keeps_its_names(tmp_path: Path) -> None:
    a_circuit(tmp_path)
    (tmp_path / "Master.dss").write_bytes(MASTER.replace("t1", "posição").encode("cp1252"))
    assert read_network(tmp_path).network.transformers[0].id == "posição"


def test_two_masters_in_one_folder_must_be_told_apart_by_the_user(tmp_path: Path) -> None:
    a_circuit(tmp_path)
    for name in ("one.dss", "two.dss"):
        (tmp_path / name).write_text(MASTER)
    assert read_opendss(tmp_path).network.name == "town"
    (tmp_path / "Master.dss").unlink()
    with pytest.raises(UnreadableFile, match=r"several masters; name one of them: one\.dss, two"):
        read_opendss(tmp_path)
    assert read_opendss(tmp_path / "two.dss").network.name == "town"


PLAN = "src, 0, 0\na, 0, 500\nb, 200, 500\nc, 900, 500\nlow, 201, 501\nhouse, 210, 530\n"


def test_a_plan_without_a_place_on_earth_is_refused_until_somebody_says_where(
    tmp_path: Path,
) -> None:
    with pytest.raises(UnreadableFile, match="on a plane that it does not name: say --crs"):
        read(tmp_path, coords=PLAN)
    laid = "+proj=aeqd +lat_0=36.1 +lon_0=-79.8 +units=m"
    (transformer,) = read_network(tmp_path, laid).network.transformers
    assert transformer.point is not None
    assert (round(transformer.point.x, 4), round(transformer.point.y, 4)) == (-79.7978, 36.1045)
    with pytest.raises(UnreadableFile, match="'EPSG:0' is unknown"):
        read_network(tmp_path, "EPSG:0")


def test_a_plan_of_small_whole_numbers_is_not_taken_for_degrees(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="say --crs"):
        read(tmp_path, coords="src,0,0\na,0,5\nb,2,5\nc,9,5\nlow,3,3\nhouse,1,1\n")


@pytest.mark.parametrize(("name", "order"), [("lon_lat_coords.txt", 1), ("LatLon_coords.csv", -1)])
def test_a_file_of_degrees_beside_the_master_goes_before_a_plan(
    tmp_path: Path, name: str, order: int
) -> None:
    rows = [line.split(",") for line in COORDS.splitlines()]
    degrees = [f"{bus} {' '.join([x.strip(), y.strip()][::order])}" for bus, x, y in rows]
    (tmp_path / name).write_text("\n".join(degrees))
    network = read(tmp_path, coords=PLAN).network
    assert network.transformers[0].point is not None
    assert network.transformers[0].point.x == pytest.approx(-79.798)
    assert name in {path.name for path in parts_of(tmp_path)}


def test_latitude_and_longitude_are_read_in_that_order(tmp_path: Path) -> None:
    rows = [line.split(",") for line in COORDS.splitlines()]
    swapped = "\n".join(f"{bus},{lat},{lon}" for bus, lon, lat in rows)
    network = read(tmp_path, MASTER.replace("Buscoords", "LatLongCoords"), swapped).network
    assert network.transformers[0].point is not None
    assert network.transformers[0].point.y == pytest.approx(36.1045)


def test_a_coordinate_that_is_none_is_refused_and_the_others_are_taken(tmp_path: Path) -> None:
    coords = COORDS.replace("c,-79.79000, 36.10450", "c,-79.79000").replace(
        "house,-79.79810", "house,west"
    )
    result = read(tmp_path, coords=coords)
    assert [(r.layer, r.row, r.id) for r in result.refusals] == [
        ("coords.csv", 4, "c"),
        ("coords.csv", 6, "house"),
    ]
    assert result.network.transformers[0].point is not None


def test_a_bus_without_a_position_costs_the_drawing_and_not_the_part(tmp_path: Path) -> None:
    network = read(tmp_path, coords=COORDS.replace("house", "elsewhere")).network
    drop = next(section for section in network.sections if section.id == "drop")
    assert drop.line is None and drop.length_m == pytest.approx(30.48)
    assert network.usage_points[0].point is None
