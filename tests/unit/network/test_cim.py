"""CIM RDF/XML: two published feeders, and small files of our own for the rules."""

import bz2
import gzip
import zipfile
from pathlib import Path

import pytest
from shapely import Point

from gis.errors import UnreadableFile
from gis.network.detect import read_network
from gis.network.devices import ProblemKind
from gis.network.kinds import CustomerKind
from gis.network.model import Level, Network, ReadResult, SwitchKind
from gis.network.readers.cim import read_cim
from gis.network.trace import trace
from tests.data import test_data

LAID = "+proj=aeqd +lat_0=36.1 +lon_0=-79.8 +units=ft"
DEGREES = "urn:ogc:def:crs:EPSG::4326"
CIM = "http://iec.ch/TC57/CIM100#"
RATED = "cim:PowerTransformerEnd.ratedU"
COUNT, SERVES = "cim:EnergyConsumer.customerCount", "cim:EnergyConsumer.inService"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


@pytest.mark.parametrize(
    ("name", "sections", "conducting", "switches", "open_", "customers"),
    [
        # 118 lines and 4 regulators; 11 lines, a regulator and the substation's transformer.
        ("IEEE123", 118, 4, 8, {"sw7", "sw8"}, 91),
        ("IEEE13_Assets", 11, 2, 1, set(), 15),
    ],
)
def test_every_consumer_of_a_published_feeder_is_traced_to_its_head(
    name: str,
    sections: int,
    conducting: int,
    switches: int,
    open_: set[str],
    customers: int,
) -> None:
    result = read_network(test_data(f"cim_gridappsd/{name}.xml.gz"), LAID)
    network, tracing = result.network, trace(result.network)
    assert (result.refusals, tracing.problems) == ((), ())
    assert len(network.sections) == sections + conducting
    assert (len(network.switches), network.normally_open()) == (switches, open_)
    assert [transformer.id for transformer in network.transformers] == ["xfm1"]
    (feeder,) = network.feeders
    assert feeder.substation_id == network.substations[0].id
    assert tracing.feeder_of_account == dict.fromkeys(
        [each.account for each in network.usage_points], feeder.id
    )
    assert len(network.usage_points) == customers
    assert all(each.point is not None for each in network.usage_points)


def test_the_homes_behind_the_transformer_of_a_published_feeder_hang_on_it() -> None:
    network = read_network(test_data("cim_gridappsd/IEEE13_Assets.xml.gz"), LAID).network
    behind = {each.account for each in network.usage_points if each.transformer_id == "xfm1"}
    assert behind == {"634a", "634b", "634c"}
    (transformer,) = network.transformers
    assert (transformer.rated_kva, transformer.node, transformer.lv_node) == (500.0, "633", "634")


def test_a_published_feeder_on_a_mere_drawing_is_refused_with_the_way_out() -> None:
    path = test_data("cim_gridappsd/IEEE13_Assets.xml.gz")
    with pytest.raises(UnreadableFile, match=r"OpenDSSLocalBusCoordinates.*say --crs"):
        read_network(path)


Value = str | float | bool


class Draft:
    """A file in the making: an object a line, references with `@` before the id."""

    def __init__(self, crs: str | None = DEGREES) -> None:
        self.rows: list[str] = []
        self.places = 0
        if crs is not None:
            self.add("CoordinateSystem", "crs", crsUrn=crs)

    def add(self, kind: str, id_: str, /, **values: Value) -> None:
        """Add an object called as its id unless `name` says otherwise."""
        cells = {"name": id_, **values}
        inner = "".join(
            f'<cim:{kind}.{key} rdf:resource="urn:uuid:{str(value)[1:]}"/>'
            if str(value).startswith("@")
            else f"<cim:{kind}.{key}>{value}</cim:{kind}.{key}>"
            for key, value in cells.items()
        )
        self.rows.append(f'<cim:{kind} rdf:about="urn:uuid:{id_}">{inner}</cim:{kind}>')

    def equipment(self, kind: str, id_: str, *nodes: str, **values: Value) -> None:
        """Add an equipment with a terminal at each node."""
        self.add(kind, id_, **values)
        for number, node in enumerate(nodes, start=1):
            if f'"urn:uuid:node-{node}">' not in "".join(self.rows):
                self.add("ConnectivityNode", f"node-{node}", name=node)
            terminal = {"ConductingEquipment": f"@{id_}", "ConnectivityNode": f"@node-{node}"}
            self.add("Terminal", f"{id_}.{number}", sequenceNumber=number, **terminal)

    def transformer(self, id_: str, *ends: tuple[str, float], **values: Value) -> None:
        """Add a transformer with ends at nodes, each with its volts."""
        self.equipment("PowerTransformer", id_, *(node for node, _ in ends), **values)
        for number, (_, volts) in enumerate(ends, start=1):
            of = {"PowerTransformer": f"@{id_}", "Terminal": f"@{id_}.{number}"}
            rated = {"endNumber": number, "ratedU": volts, "ratedS": 50_000}
            self.add("PowerTransformerEnd", f"{id_}.end{number}", **of, **rated)

    def place(self, *points: tuple[float, float], crs: str = "@crs") -> str:
        """Add a location; the reference to it."""
        self.places += 1
        id_ = f"place{self.places}"
        self.add("Location", id_, CoordinateSystem=crs)
        # Points need not come in their order.
        for number, (x, y) in reversed(list(enumerate(points, start=1))):
            at = {"Location": f"@{id_}", "sequenceNumber": number, "xPosition": x, "yPosition": y}
            self.add("PositionPoint", f"{id_}.{number}", **at)
        return f"@{id_}"

    def text(self) -> str:
        """The whole file."""
        body = "\n".join(self.rows)
        return f'<rdf:RDF xmlns:cim="{CIM}" xmlns:rdf="{RDF}">\n{body}\n</rdf:RDF>\n'

    def write(self, path: Path) -> Path:
        """Write the file."""
        path.write_text(self.text(), "utf-8")
        return path


def town() -> Draft:
    """A substation with one feeder: a breaker, a line, a fuse, a transformer and two customers."""
    draft = Draft()
    draft.add("Substation", "S")
    draft.add("Feeder", "F", NormalEnergizingSubstation="@S")
    inside = {"EquipmentContainer": "@F"}
    draft.equipment("EnergySource", "grid", "bar", EquipmentContainer="@S")
    draft.equipment("Breaker", "cb", "bar", "a", normalOpen=False, **inside)
    along = draft.place((8.0, 50.0), (8.001, 50.0), (8.002, 50.001))
    draft.equipment("ACLineSegment", "line", "a", "b", length=250.0, Location=along, **inside)
    draft.equipment("Fuse", "k1", "b", "c", normalOpen=False, **inside)
    draft.equipment("LoadBreakSwitch", "tie", "b", "z", normalOpen=True, open=False, **inside)
    pole = draft.place((8.002, 50.001))
    draft.transformer("T", ("c", 10_000.0), ("low", 400.0), Location=pole, **inside)
    draft.equipment("EnergyConsumer", "home", "low", Location=draft.place((8.003, 50.001)))
    draft.equipment("EnergyConsumer", "flats", "low", customerCount=3)
    return draft


def read(draft: Draft, folder: Path, crs: str | None = None) -> ReadResult:
    return read_network(draft.write(folder / "net.xml"), crs)


def replaced(folder: Path, old: str, new: str) -> ReadResult:
    text = town().text()
    assert old in text
    (folder / "net.xml").write_text(text.replace(old, new), "utf-8")
    return read_network(folder / "net.xml")


def test_a_feeder_begins_with_its_own_breaker_on_the_busbar(tmp_path: Path) -> None:
    result = read(town(), tmp_path)
    tracing = trace(result.network)
    assert (result.refusals, tracing.problems) == ((), ())
    assert tracing.head_of_feeder == {"F": "switch:cb"}
    assert [device.id for device in tracing.path_to_head("transformer:T")] == [
        *("transformer:T", "switch:k1", "switch:cb"),
    ]
    assert result.network.feeders[0].substation_id == "S"


def test_states_kinds_levels_ratings_and_lines_are_read(tmp_path: Path) -> None:
    result = read(town(), tmp_path)
    network = result.network
    assert {switch.id: switch.kind for switch in network.switches} == {
        "cb": SwitchKind.BREAKER,
        "k1": SwitchKind.FUSE,
        "tie": SwitchKind.LOAD_BREAK,
    }
    assert network.normally_open() == {"tie"}
    assert result.notes == ("these switches stand other than normal in the file: tie",)
    (line,), (transformer,) = network.sections, network.transformers
    assert (line.level, line.length_m) == (Level.MV, 250.0)
    assert line.line is not None
    assert list(line.line.coords) == [(8.0, 50.0), (8.001, 50.0), (8.002, 50.001)]
    assert (transformer.rated_kva, transformer.point) == (50.0, Point(8.002, 50.001))


def test_a_consumer_is_as_many_customers_as_it_counts(tmp_path: Path) -> None:
    network = read(town(), tmp_path).network
    accounts = ["home", "flats", "flats#2", "flats#3"]
    assert [each.account for each in network.usage_points] == accounts
    assert {each.transformer_id for each in network.usage_points} == {"T"}


def test_usage_points_with_their_meters_go_before_the_count(tmp_path: Path) -> None:
    draft = town()
    for name in ("A-1", "A-2"):
        draft.add("UsagePoint", name, Equipments="@flats")
    draft.add("Meter", "M7", UsagePoint="@A-2")
    draft.add("UsagePoint", "A-3", Equipments="@line")
    result = read(draft, tmp_path)
    found = [(each.account, each.meter) for each in result.network.usage_points]
    assert found == [("home", None), ("A-1", None), ("A-2", "M7")]
    assert [(r.id, r.reason) for r in result.refusals] == [("A-3", "its equipment line is no load")]


def test_a_usage_point_is_of_its_customers_kind_by_agreement_or_meter(tmp_path: Path) -> None:
    draft = town()
    draft.add("Customer", "Li", kind="@http://iec.ch/TC57/CIM100#CustomerKind.residential")
    draft.add("Customer", "Wang", kind="residentialFarmService")
    draft.add("Customer", "Zhao", kind="CustomerKind.household")
    draft.add("CustomerAgreement", "one", Customer="@Li")
    draft.add("UsagePoint", "A-1", Equipments="@flats", CustomerAgreement="@one")
    draft.add("UsagePoint", "A-2", Equipments="@flats")
    draft.add("Meter", "M2", UsagePoint="@A-2", Customer="@Wang")
    draft.add("UsagePoint", "A-3", Equipments="@flats")
    draft.add("Meter", "M3", UsagePoint="@A-3", Customer="@Zhao")
    result = read(draft, tmp_path)
    found = {each.account: each.kind for each in result.network.usage_points}
    assert found == {
        "home": None,
        "A-1": CustomerKind.RESIDENTIAL,
        "A-2": CustomerKind.FARM,
    }
    said = "Customer.kind is 'household'; expected one of CIM's CustomerKind"
    assert [(r.id, r.reason) for r in result.refusals] == [("A-3", said)]


def two_feeders() -> Draft:
    """A busbar below a power transformer, two breakers whose feeders are known by their heads."""
    draft = Draft()
    draft.equipment("EnergySource", "grid", "hv")
    draft.transformer("main", ("hv", 110_000.0), ("bar", 10_000.0))
    for name in ("1", "2"):
        draft.equipment("Breaker", f"cb{name}", "bar", f"a{name}", normalOpen=False)
        draft.equipment("ACLineSegment", f"l{name}", f"a{name}", f"b{name}", length=900)
        draft.equipment("EnergyConsumer", f"c{name}", f"b{name}")
        draft.add("Feeder", f"F{name}", NormalHeadTerminal=f"@cb{name}.2")
    return draft


def test_feeders_on_one_busbar_begin_at_their_head_terminals(tmp_path: Path) -> None:
    result = read(two_feeders(), tmp_path)
    tracing = trace(result.network)
    assert tracing.problems == ()
    assert tracing.head_of_feeder == {
        "F1": "switch:cb1",
        "F2": "switch:cb2",
        "grid": "feeder:grid",
    }
    assert tracing.feeder_of_account == {"c1": "F1", "c2": "F2"}
    assert tracing.feeder_of_section["PowerTransformer.main"] == "grid"
    assert any("a feeder of its own, grid" in note for note in result.notes)


def test_heads_are_kept_apart_where_no_source_is_in_the_file(tmp_path: Path) -> None:
    draft = two_feeders()
    draft.rows = [row for row in draft.rows if "urn:uuid:grid" not in row]
    for name in ("1", "2"):
        draft.rows = [row.replace(f'cb{name}.2"/>', f'cb{name}.1"/>') for row in draft.rows]
    tracing = trace(read(draft, tmp_path).network)
    assert tracing.feeder_of_account == {"c1": "F1", "c2": "F2"}
    assert ProblemKind.SHARED_HEAD not in {problem.kind for problem in tracing.problems}


def test_a_feeder_without_any_equipment_is_left_out_and_said(tmp_path: Path) -> None:
    draft = town()
    draft.add("Feeder", "ghost")
    result = read(draft, tmp_path)
    assert [feeder.id for feeder in result.network.feeders] == ["F"]
    assert "feeder ghost is left out: no supply reaches any part of it" in result.notes


def test_single_phase_tanks_make_one_transformer(tmp_path: Path) -> None:
    draft = Draft()
    draft.equipment("EnergySource", "grid", "a")
    draft.equipment("PowerTransformer", "bank", "a", "low")
    draft.add("TransformerTankInfo", "info")
    for number, volts in ((1, 2400), (2, 240)):
        rated = {"endNumber": number, "ratedU": volts, "ratedS": 25_000}
        draft.add("TransformerEndInfo", f"i{number}", TransformerTankInfo="@info", **rated)
    for phase in "AB":
        tank = {"PowerTransformer": "@bank", "TransformerTankInfo": "@info"}
        draft.add("TransformerTank", f"t{phase}", **tank)
        for number in (1, 2):
            end = {"TransformerTank": f"@t{phase}", "Terminal": f"@bank.{number}"}
            code = f"{CIM}OrderedPhaseCodeKind.{phase}N"
            draft.add(
                "TransformerTankEnd", f"{phase}{number}", endNumber=number, phases=code, **end
            )
    (bank,) = read(draft, tmp_path).network.transformers
    assert (bank.id, bank.rated_kva, bank.phases) == ("bank", 50.0, "AB")


def test_voltages_in_kilovolts_are_known_as_such(tmp_path: Path) -> None:
    text = town().text().replace("10000.0<", "10<").replace("400.0<", "0.4<")
    (tmp_path / "net.xml").write_text(text)
    network = read_network(tmp_path / "net.xml").network
    assert [transformer.id for transformer in network.transformers] == ["T"]


def test_things_that_share_a_name_are_told_apart_by_their_mrid(tmp_path: Path) -> None:
    network = replaced(tmp_path, ".name>k1<", ".name>cb<").network
    assert {switch.id for switch in network.switches} == {"cb cb", "cb k1", "tie"}


@pytest.mark.parametrize(
    ("old", "new", "id_", "said"),
    [
        ("length>250.0", "length>far", "line", "length: 'far' is not a number"),
        ("length>250.0", "length>-1", "line", "expected a number of at least 0"),
        ("normalOpen>True", "normalOpen>perhaps", "tie", "'perhaps'; expected true or false"),
        ('resource="urn:uuid:node-z"', 'resource="urn:uuid:gone"', "tie", "gone, which is not in"),
        ('about="urn:uuid:tie.2"', 'about="urn:uuid:tie.1"', "tie", "it has 1 terminals"),
        ("customerCount>3", "customerCount>1e9", "flats", "expected 0 to 10000"),
        ("xPosition>8.001", "xPosition>888", "line", "888, 50 is no place on Earth"),
        (f"<{RATED}>400.0</{RATED}>", "", "T", "its end 2 has neither BaseVoltage nor ratedU"),
        ("ratedU>400.0", "ratedU>0,4", "T.end2", "ratedU: '0,4' is not a number"),
        (f"<{COUNT}>3</{COUNT}>", f"<{SERVES}>false</{SERVES}>", "flats", "inService is false"),
    ],
)
def test_an_object_that_is_not_whole_is_refused_with_the_reason(
    tmp_path: Path, old: str, new: str, id_: str, said: str
) -> None:
    result = replaced(tmp_path, old, new)
    refusals = {refusal.id: refusal for refusal in result.refusals}
    assert said in refusals[id_].reason
    assert refusals[id_].row is not None


def test_an_object_given_twice_and_differently_is_refused_once(tmp_path: Path) -> None:
    draft = town()
    draft.add("ACLineSegment", "line", length=999.0)
    result = read(draft, tmp_path)
    assert [refusal.reason for refusal in result.refusals] == [
        "ACLineSegment line is given again, and differently"
    ]
    assert result.network.sections[0].length_m == 250.0


def test_an_island_and_a_consumer_on_nothing_are_reported_by_id(tmp_path: Path) -> None:
    draft = town()
    draft.equipment("ACLineSegment", "lost", "p", "q", length=10)
    draft.equipment("EnergyConsumer", "stray", "r")
    problems = {p.kind: p.ids for p in trace(read(draft, tmp_path).network).problems}
    assert problems == {
        ProblemKind.ISLAND: ("lost",),
        ProblemKind.CUSTOMER_ON_NO_TRANSFORMER: ("stray",),
    }


def profiles(folder: Path) -> list[Path]:
    """The town in two files: equipment with rdf:ID, and positions that refer to it."""
    rows = town().rows
    first, second = Draft(None), Draft(None)
    for row in rows:
        place = "<cim:Location" in row or "<cim:PositionPoint" in row or "<cim:Coord" in row
        (second if place else first).rows.append(row)
    paths = first.write(folder / "eq.xml"), second.write(folder / "gl.xml")
    paths[0].write_text(
        paths[0].read_text().replace('rdf:about="urn:uuid:', 'rdf:ID="_').replace("urn:uuid:", "#_")
    )
    return list(paths)


def same(one: Network, other: Network) -> bool:
    return (one.sections, one.switches, one.usage_points) == (
        *(other.sections, other.switches, other.usage_points),
    )


def test_profiles_in_several_files_or_one_zip_file_are_one_network(tmp_path: Path) -> None:
    whole = read(town(), tmp_path).network
    paths = profiles(tmp_path)
    assert same(read_network(paths).network, whole)
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as packed:
        for path in paths:
            packed.write(path, path.name)
        packed.writestr("readme.txt", "not XML")
    assert same(read_network(tmp_path / "net.zip").network, whole)


def test_packed_files_and_utf_16_give_the_same_network(tmp_path: Path) -> None:
    whole, text = read(town(), tmp_path).network, town().text()
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "b.xml.bz2").write_bytes(bz2.compress(text.encode()))
    (tmp_path / "c.xml").write_text('<?xml version="1.0" encoding="utf-16"?>' + text, "utf-16")
    for name in ("a.xml.gz", "b.xml.bz2", "c.xml"):
        assert same(read_network(tmp_path / name).network, whole), name


BOMB = """<?xml version="1.0"?><!DOCTYPE rdf:RDF [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
"""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BOMB.encode() + town().text().encode(), "declares the entity 'a'"),
        (
            b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + town().text().encode(),
            "declares the entity 'x'",
        ),
        (town().text().encode()[:-300], "cut off"),
        (town().text().encode("latin-1").replace(b">home<", b">h\xf6me<"), "no XML"),
    ],
)
def test_a_file_that_is_cut_or_in_the_wrong_encoding_or_a_bomb_is_unreadable(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "net.xml").write_bytes(content)
    with pytest.raises(UnreadableFile, match=said):
        read_network(tmp_path / "net.xml")


def test_packed_files_that_are_cut_are_unreadable(tmp_path: Path) -> None:
    packed = gzip.compress(town().text().encode())
    (tmp_path / "net.xml.gz").write_bytes(packed[: len(packed) - 40])
    with pytest.raises(UnreadableFile, match="cut off"):
        read_cim(tmp_path / "net.xml.gz")


def test_positions_that_name_no_system_are_refused_until_somebody_says(tmp_path: Path) -> None:
    draft = town()
    draft.rows = [row for row in draft.rows if "<cim:CoordinateSystem " not in row]
    with pytest.raises(UnreadableFile, match=r"in no named system: say --crs"):
        read(draft, tmp_path)
    assert read(draft, tmp_path, "EPSG:4326").network.transformers[0].point == Point(8.002, 50.001)


def test_positions_on_a_plane_that_is_named_are_brought_to_degrees(tmp_path: Path) -> None:
    draft = Draft("urn:ogc:def:crs:EPSG::32632")
    draft.equipment("EnergySource", "grid", "a")
    at = draft.place((500_000.0, 5_538_630.70))
    draft.transformer("T", ("a", 10_000.0), ("low", 400.0), Location=at)
    (transformer,) = read(draft, tmp_path).network.transformers
    assert transformer.point is not None
    assert (transformer.point.x, transformer.point.y) == pytest.approx((9.0, 50.0), abs=1e-6)


def test_a_load_lives_on_its_own_phases_a_leg_of_a_split_one_is_none(tmp_path: Path) -> None:
    draft = town()
    draft.add("EnergyConsumerPhase", "p", EnergyConsumer="@flats", phase="SinglePhaseKind.C")
    draft.add("EnergyConsumerPhase", "q", EnergyConsumer="@home", phase="SinglePhaseKind.s1")
    result = read(draft, tmp_path)
    found = {each.account: each.phases for each in result.network.usage_points}
    assert found["home"] is None
    assert {phases for account, phases in found.items() if account != "home"} == {"C"}
