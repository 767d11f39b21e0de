"""The layers of the map, cut to the view and simplified to the screen."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, insert, text

from dispatch.errors import InvalidInput
from dispatch.store.planned import PgPlannedOutages
from dispatch.store.reads import field, map_layers
from dispatch.store.reads.details import AttachedTicket
from dispatch.store.reads.field import Box
from dispatch.store.reads.suspects import Suspect, ThoughtOut
from dispatch.store.tables.crews import shift_pattern
from dispatch.store.tables.network import line_section as line_section_table
from dispatch.store.tables.roads import road_line as road_line_table
from dispatch.store.transaction import PgStore
from maps import layers, style
from maps.judging import line_up
from tests.store import builders as build

HERE = Box(build.LON - 0.1, build.LAT - 0.1, build.LON + 0.1, build.LAT + 0.1)
ELSEWHERE = Box(0, 0, 1, 1)


@pytest.mark.parametrize("written", ["", "1,2,3", "a,b,c,d", "3,2,1,4", "0,0,200,1", "nan,0,1,1"])
def test_a_box_that_is_none_is_refused(written: str):
    with pytest.raises(InvalidInput):
        layers.box_of(written)


def test_a_pixel_halves_with_every_zoom():
    assert layers.pixel_degrees(0) == 360 / 256
    assert layers.pixel_degrees(11) == layers.pixel_degrees(10) / 2


def a_road(c: Connection, road_class: str, line: str) -> None:
    c.execute(
        text(
            "INSERT INTO road_graph (name, digest, loaded_at, nodes, edges, arrays)"
            " VALUES ('default', 'd', now(), 0, 0, '') ON CONFLICT DO NOTHING"
        )
    )
    c.execute(
        insert(road_line_table).values(
            graph="default", name="r", road_class=road_class, line=f"SRID=4326;LINESTRING({line})"
        )
    )


def test_small_roads_are_drawn_only_when_looked_at_closely(connection: Connection):
    a_road(connection, "primary", "115.9 28.68, 115.91 28.68")
    a_road(connection, "residential", "115.9 28.68, 115.9 28.69")
    far = layers.roads(connection, HERE, 11)["features"]
    near = layers.roads(connection, HERE, 15)["features"]
    assert [f["properties"]["style"] for f in far] == ["primary"]
    assert {f["properties"]["style"] for f in near} == {"primary", "other"}
    assert layers.roads(connection, ELSEWHERE, 15)["features"] == []


def test_a_crooked_road_is_straight_from_afar(connection: Connection):
    a_road(connection, "primary", "115.9 28.68, 115.905 28.68001, 115.91 28.68")
    far = layers.roads(connection, HERE, 8)["features"][0]["geometry"]
    near = layers.roads(connection, HERE, 18)["features"][0]["geometry"]
    assert len(far["coordinates"][0]) == 2
    assert len(near["coordinates"][0]) == 3


def a_line(c: Connection, section_id: str, device_id: str, level: str = "mv") -> None:
    c.execute(
        insert(line_section_table).values(
            id=section_id,
            level=level,
            from_node="a",
            to_node="b",
            phases="ABC",
            length_m=100,
            feeder_id="F1",
            device_id=device_id,
            line="SRID=4326;LINESTRING(115.9 28.68, 115.91 28.69)",
        )
    )


def a_feeder_with_an_outage(c: Connection, status: str) -> None:
    build.add_rules(c)
    build.add_district(c, boundary=build.square())
    build.add_feeder(c)
    build.add_device(c, "head", 0, 3, kind="breaker")
    build.add_device(c, "fuse", 1, 2, parent_id="head")
    a_line(c, "above", "head")
    a_line(c, "below", "fuse")
    a_line(c, "home", "fuse", "lv")
    c.execute(
        text(
            "INSERT INTO outage (id, version, district_id, status, level, feeder_id, device_id,"
            " device_kind, device_name, point, accuracy_m, area_class, started_at, opened_at)"
            " VALUES (901, 0, 'west', :status, 'feeder_model', 'F1', 'fuse', 'fuse', 'fuse',"
            " ST_SetSRID(ST_MakePoint(115.9, 28.68), 4326), 10, 'urban', now(), now())"
        ),
        {"status": status},
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [("predicted", "predicted"), ("confirmed", "out"), ("partially_restored", "partial")],
)
def test_what_lies_below_an_open_device_is_drawn_as_such(
    connection: Connection, status: str, state: str
):
    a_feeder_with_an_outage(connection, status)
    drawn = layers.network(connection, HERE, None, 13, build.NOW)["features"]
    assert {f["properties"]["style"] for f in drawn} == {"mv-lit", state}
    assert layers.network(connection, HERE, {"east"}, 13, build.NOW)["features"] == []


def test_lines_whose_transformers_are_all_under_planned_work_are_drawn_as_such(
    connection: Connection,
):
    a_feeder_with_an_outage(connection, "restored")
    for name, below in (("T1", "fuse"), ("T2", "fuse"), ("T3", "head")):
        build.add_transformer(connection, name, device_id=below, pre=int(below == "fuse"))

    def drawn(minutes: float = 0) -> set[str]:
        found = layers.network(connection, HERE, None, 13, build.at(minutes))["features"]
        return {each["properties"]["style"] for each in found}

    PgPlannedOutages(connection).add(build.a_planned_outage(connection, "T1"))
    assert drawn() == {"mv-lit"}
    PgPlannedOutages(connection).add(build.a_planned_outage(connection, "T2"))
    assert drawn() == {"mv-lit", "planned-line"}
    assert drawn(-61) == {"mv-lit"}
    connection.execute(text("UPDATE outage SET status = 'confirmed'"))
    assert drawn() == {"mv-lit", "out"}


def test_a_partly_restored_outage_has_a_symbol_of_its_own():
    marks = style.table()["marks"]
    drawn = {status: marks[name] for status, name in layers.OUTAGE_STYLES.items()}
    assert len({(each["shape"], each["fill"]) for each in drawn.values()}) == len(drawn)  # type: ignore[index]


def test_a_crew_has_the_heading_of_its_last_metres_and_none_while_it_stands(
    connection: Connection,
):
    build.add_district(connection)
    build.add_crew(connection)
    connection.execute(
        insert(shift_pattern).values(crew_id="C1", starts="00:00", ends="00:00", zone="UTC")
    )
    seconds = (0, 20, 40, 60)

    def drive(name: str, *steps: tuple[float, float]) -> list[float | None]:
        """In degrees east and north of the beginning; the heading after each."""
        found = []
        for n, (east, north) in enumerate(steps):
            at = build.at(seconds[n] / 60)
            fix = build.a_fix(f"{name}{n}", lon=build.LON + east, lat=build.LAT + north)
            PgStore(connection).crews.record_fixes([replace(fix, fixed_at=at, received_at=at)])
            (crew,) = layers.crews(field.crews_now(connection, None, at), at)["features"]
            found.append(crew["properties"]["heading"])
        return found

    # Some metres are the device's own error; who stood still longer has no heading any more.
    assert drive("p", (0, 0), (0.001, 0), (0.001, 0.001), (0.001, 0.00101)) == [None, 90, 0, 0]
    late = build.at(4)
    fix = build.a_fix("q", lon=build.LON + 0.001, lat=build.LAT + 0.00101)
    PgStore(connection).crews.record_fixes([replace(fix, fixed_at=late, received_at=late)])
    (crew,) = layers.crews(field.crews_now(connection, None, late), late)["features"]
    assert crew["properties"]["heading"] is None


def test_every_style_that_a_feature_names_is_in_the_table(connection: Connection):
    a_feeder_with_an_outage(connection, "predicted")
    drawn = layers.network(connection, HERE, None, 18, build.NOW)["features"]
    assert {f["properties"]["style"] for f in drawn} <= set(style.NETWORK)
    assert {f["properties"]["level"] for f in drawn} == {"mv", "lv"}


def test_the_view_holds_the_transformers_of_the_caller_s_districts(connection: Connection):
    build.add_district(connection)
    build.add_district(connection, "east")
    build.add_feeder(connection)
    build.add_transformer(connection, "T1")
    build.add_transformer(connection, "T9", feeder_id=None, lon=120, district_id="east")
    whole = map_layers.extent(connection, None)
    assert whole is not None
    assert (whole.west, whole.east) == (build.LON, 120)
    west = map_layers.extent(connection, {"west"})
    assert west is not None
    assert west.east == build.LON


def test_an_empty_database_has_no_view(connection: Connection):
    assert map_layers.extent(connection, None) is None


def test_what_is_thought_of_an_outage_is_devices_transformers_and_callers():
    fuse = Suspect(
        id="fuse",
        kind="fuse",
        name="fuse A",
        probability=0.512,
        lon=115.9,
        lat=28.68,
        transformers=2,
        customers=60,
    )
    unseen = replace(fuse, id="far", probability=0.488, lon=None, lat=None)
    below = ThoughtOut(id="T1", name="T1", lon=115.91, lat=28.68, customers=30, probability=0.9999)
    caller = AttachedTicket(
        ticket=build.a_ticket("A1", account="0362001"),
        probability=0.7,
        basis="feeder_model",
        reasons=(),
        attached_by="relight",
        attached_at=build.NOW,
        told_at=None,
        power_on=None,
    )
    drawn = layers.thought(line_up([fuse, unseen]), [below], [caller], {"A1"})["features"]
    told = [f["properties"] for f in drawn]
    assert [(t["style"], t["title"], t["percent"]) for t in told] == [
        ("thought-out", "T1", 99),
        ("caller-weak", "0362001", 70),
        ("suspect", "fuse A", 51),
    ]
    assert {t["style"] for t in told} <= set(style.MARKS)
