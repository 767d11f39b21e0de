"""Who has a free crew near: shares and cells by district, and what a choice would uncover."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, insert, text, update

from api.coverage import Board
from dispatch.assignment import AssignmentPolicy
from dispatch.coverage import CoveragePolicy
from dispatch.domain.words import AreaClass
from dispatch.store.reads import field
from dispatch.store.reads.demand import demand_places
from dispatch.store.tables.network import transformer as transformer_table
from dispatch.store.tables.territory import area as area_table
from dispatch.store.tables.territory import area_map as area_map_table
from dispatch.store.transaction import PgStore
from tests.api.conftest import EAST_LON, Town
from tests.api.test_dispatching import open_outage, send
from tests.store import builders as build
from tests.store.builders import LAT, LON, METRE, NOW, WEST

KM = 1000 * METRE


@pytest.fixture
def wide(town: Town) -> Town:
    """The town with a village of 40 customers far to the north, where crew C2 stands."""
    with town.engine.begin() as c:
        build.add_transformer(c, "T5", 40, lat=LAT + 20 * KM)
        c.execute(text("UPDATE usage_point SET critical = 'dialysis' WHERE account = 'T5-7'"))
        PgStore(c).crews.record_fixes([build.a_fix("p2", "C2", lat=LAT + 20 * KM)])
    return town


def leave_the_village(town: Town) -> None:
    """C2 drives back to the others; a base on the way, of crew C3, stands empty."""
    with town.engine.begin() as c:
        base = f"SRID=4326;POINT({LON} {LAT + 14 * KM})"
        build.add_crew(c, "C3")
        c.execute(text("UPDATE crew SET base = ST_GeomFromEWKT(:b) WHERE id = 'C3'"), {"b": base})
        PgStore(c).crews.record_fixes([build.a_fix("q1", "C2", 1)])


def standing(town: Town, who: str = "dispatcher", **query: object) -> dict:
    answer = town.get("coverage", who, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def district(town: Town, name: str = "west", **query: object) -> dict:
    found = {each["district_id"]: each for each in standing(town, **query)["districts"]}
    return found[name]


def test_customers_are_counted_by_the_soonest_free_crew(wide: Town):
    west = district(wide)
    assert west["free"] == ["C1", "C2"]
    assert west["whole"] == {
        "customers": 46, "near": 46, "far": 0, "over": 0, "nobody": 0, "share": 1.0,
    }  # fmt: skip
    wide.clock.advance(60)  # the position of C2 is old: it is counted from its base
    assert district(wide)["whole"]["over"] == 40


def test_a_crew_that_was_sent_covers_nobody(wide: Town):
    send(wide, open_outage(wide), "C2")
    west = district(wide)
    assert west["free"] == ["C1"]
    assert (west["whole"]["near"], west["whole"]["over"]) == (6, 40)


def test_each_ranked_crew_comes_with_what_it_leaves_uncovered(wide: Town):
    outage = open_outage(wide)
    ranked = wide.get(f"outages/{outage}/crews", "dispatcher").json()
    says = {each["crew_id"]: each["leaves"] for each in ranked}
    assert says["C1"]["en"] == "leaves 6 customers without a crew within 15 minutes"
    assert says["C2"]["en"].startswith("leaves 40 customers without a crew within 15 minutes, 1 of")
    assert says["C2"]["zh"] == "派出后40户在15分钟内无空闲班组可到，其中重要用户1户"
    send(wide, outage, "C2")
    ranked = wide.get(f"outages/{outage}/crews", "dispatcher").json()
    assert {each["crew_id"]: each["leaves"] is None for each in ranked} == {
        "C1": False,
        "C2": True,
    }


def test_a_free_crew_is_proposed_to_move_up_with_what_it_gains_and_costs(wide: Town):
    leave_the_village(wide)
    move = district(wide)["move_up"]
    assert (move["crew_id"], move["base"]) == ("C1", "crew C3")
    assert (move["customers"], move["critical"]) == (40, 1)
    assert move["drive_min"] == pytest.approx(33.6, abs=0.5)
    assert move["after"] == 1.0
    assert "would cover 40 more customers: 100 %" in move["why"][0]["en"]


def posted(town: Town, who: str = "dispatcher", crew: str = "C1", **fields: object):
    body = {"crew_id": crew, "lon": LON, "lat": LAT + 14 * KM, "place": "depot north", **fields}
    return town.post("coverage/move-up", who, body)


def release(town: Town, who: str = "dispatcher", crew: str = "C1"):
    return town.client.request(
        "DELETE",
        f"/api/v1/coverage/move-up/{crew}",
        json={"reason": "needed here"},
        headers=town.headers(who),
    )


def journal_of(town: Town, crew: str) -> list[tuple[str, str]]:
    with town.engine.connect() as c:
        rows = c.execute(
            text("SELECT kind, body ->> 'reason' FROM event WHERE stream = :s ORDER BY id"),
            {"s": f"crew:{crew}"},
        )
        return [(kind, reason) for kind, reason in rows]


def test_nobody_is_proposed_to_move_where_all_is_covered(wide: Town):
    assert district(wide)["move_up"] is None


def test_a_crew_that_was_asked_to_stand_by_sees_it_until_it_gets_an_order(wide: Town):
    assert wide.get("crew/stand-by", "C1").json() is None
    asked = posted(wide, reason="covers the village")
    assert asked.status_code == 201, asked.text
    assert wide.get("crew/stand-by", "C1").json()["place"] == "depot north"
    assert "depot north" in wide.client.get("/crew", headers=wide.headers("C1")).text
    assert [each["crew_id"] for each in district(wide)["standing_by"]] == ["C1"]
    order = send(wide, open_outage(wide)).json()["order"]["id"]
    assert wide.get("crew/stand-by", "C1").json() is None
    assert district(wide)["standing_by"] == []
    assert journal_of(wide, "C1") == [
        ("crew.posted", "covers the village"),
        ("crew.released", f"order {order}"),
    ]


def test_a_crew_that_stands_by_is_not_proposed_again(wide: Town):
    leave_the_village(wide)
    first = district(wide)["move_up"]
    posted(wide, crew=first["crew_id"], lon=first["lon"], lat=first["lat"], place="")
    assert district(wide)["move_up"] is None


def test_a_stand_by_is_taken_back_once_and_ends_by_itself(town: Town):
    posted(town)
    assert (release(town).status_code, release(town).status_code) == (204, 404)
    assert town.get("crew/stand-by", "C1").json() is None
    posted(town)
    town.clock.advance(12 * 60)
    assert town.get("crew/stand-by", "C1").json() is None
    assert release(town).status_code == 404


def test_only_a_free_crew_of_ones_own_district_is_asked_to_stand_by(town: Town):
    assert posted(town, "east-dispatcher").status_code == 404
    assert release(town, "east-dispatcher").status_code == 404
    assert posted(town, "supervisor").status_code == 403
    assert posted(town, lat=120).status_code == 422
    send(town, open_outage(town))
    assert posted(town).status_code == 409
    with town.engine.begin() as c:
        c.execute(text("DELETE FROM shift_pattern WHERE crew_id = 'C2'"))
    assert posted(town, crew="C2").status_code == 409
    assert journal_of(town, "C1") == []


def shut(town: Town, name: str, lat: float, who: str = "dispatcher", half: float = 0.02) -> int:
    """Declare a no-go zone around a place north or south of the town."""
    area = [[LON + x * half, lat + y * half] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    answer = town.post("zones", who, {"kind": "no_go", "name": name, "area": area})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_nobody_is_asked_to_stand_by_in_a_no_go_zone_while_it_is_in_force(wide: Town):
    zone = shut(wide, "broken dike", LAT + 14 * KM)
    refused = posted(wide)
    assert refused.status_code == 409
    told = refused.json()
    assert (told["type"], told["zone_id"]) == ("/problems/no-go-zone", zone)
    assert "broken dike" in told["detail"]
    assert wide.get("crew/stand-by", "C1").json() is None
    assert posted(wide, lat=LAT + 18 * KM).status_code == 201, "beside it"
    wide.client.delete(f"/api/v1/zones/{zone}", headers=wide.headers("dispatcher"))
    assert posted(wide).status_code == 201


def test_a_zone_that_lets_more_fail_keeps_nobody_from_standing_by(wide: Town):
    area = [[LON - 0.2, LAT - 0.2], [LON + 0.2, LAT - 0.2], [LON + 0.2, LAT + 0.2]]
    until = (wide.clock.now + timedelta(hours=6)).isoformat()
    storm = {"kind": "storm", "name": "Meihua", "area": area, "ends_at": until}
    assert wide.post("zones", "dispatcher", storm).status_code == 201
    assert posted(wide, lon=LON + 0.1, lat=LAT).status_code == 201


def test_a_district_s_crew_is_kept_off_ground_that_another_district_has_shut(town: Town):
    shut_lon = EAST_LON
    area = [[shut_lon + x, LAT + y] for x, y in ((-0.1, -0.1), (0.1, -0.1), (0.1, 0.1))]
    body = {"kind": "no_go", "name": "east plant", "area": area}
    assert town.post("zones", "east-dispatcher", body).status_code == 201
    refused = posted(town, lon=shut_lon + 0.05, lat=LAT - 0.05)
    assert refused.status_code == 409 and "east plant" in refused.text


def test_no_move_is_proposed_to_a_place_in_a_no_go_zone(wide: Town):
    leave_the_village(wide)
    assert district(wide)["move_up"]["base"] == "crew C3"
    shut(wide, "broken dike", LAT + 14 * KM)
    assert district(wide)["move_up"] is None


def test_cells_come_on_request_and_only_of_the_callers_districts(wide: Town):
    assert standing(wide)["cells"] is None
    mine = standing(wide, "east-dispatcher", cells=True)
    assert [each["district_id"] for each in mine["districts"]] == ["east"]
    assert sum(f["properties"]["customers"] for f in mine["cells"]["features"]) == 2
    hidden = wide.get("coverage", "east-dispatcher", district="west")
    unknown = wide.get("coverage", "east-dispatcher", district="nowhere")
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert hidden.json()["title"] == unknown.json()["title"]


def test_the_layer_is_cut_to_the_screen_and_to_the_callers_districts(wide: Town):
    def drawn(who: str, bbox: str) -> list[str]:
        answer = wide.client.get(f"/console/layers/coverage?bbox={bbox}", headers=wide.headers(who))
        return [f["properties"]["style"] for f in answer.json()["features"]]

    around = f"{LON - 0.1},{LAT - 0.1},{LON + 0.1},{LAT + 0.1}"
    assert drawn("dispatcher", around) == ["cover-near", "cover-near"]
    assert drawn("east-dispatcher", around) == []
    assert len(drawn("dispatcher", "100,10,130,50")) == 4


def test_an_agent_and_a_crew_may_not_ask(town: Town):
    assert {town.get("coverage", who).status_code for who in ("agent", "C1")} == {403}


def test_the_table_of_the_console_says_the_same_in_both_languages(wide: Town):
    headers = wide.headers("dispatcher", **{"Accept-Language": "zh-CN"})
    assert "已覆盖" in wide.client.get("/console/coverage", headers=headers).text
    assert "100 %" in wide.client.get("/console/coverage", headers=wide.headers("dispatcher")).text


@dataclass
class Counted:
    """Straight times that remember how many they were asked for."""

    version: int = 1
    asked: int = 0

    def travel_to(self, lon, lat, origins):
        raise AssertionError

    def minutes(self, starts, ends):
        self.asked += len(starts) * len(ends)
        return np.zeros((len(starts), len(ends)), np.float32)


@pytest.fixture
def board(town: Town) -> Board:
    return Board(town.engine, CoveragePolicy(), AssignmentPolicy())


def states_of(engine: Engine):
    with engine.connect() as c:
        return [each.state for each in field.crews_now(c, ["west"], NOW)]


def test_times_are_asked_again_only_for_crews_that_moved_or_when_roads_change(
    town: Town, board: Board
):
    times = Counted()
    for _ in range(3):
        board.coverage(WEST, states_of(town.engine), times, NOW)
    once = times.asked
    with town.engine.begin() as c:
        PgStore(c).crews.record_fixes([build.a_fix("p1", "C1", lon=LON + 0.00001)])
    board.coverage(WEST, states_of(town.engine), times, NOW)
    assert times.asked == once
    with town.engine.begin() as c:
        PgStore(c).crews.record_fixes([build.a_fix("p2", "C1", 1, lon=LON + 0.01)])
    board.coverage(WEST, states_of(town.engine), times, NOW)
    assert once < times.asked < 2 * once + 1
    moved = times.asked
    times.version = 2
    board.coverage(WEST, states_of(town.engine), times, NOW)
    assert times.asked > moved


def test_demand_counts_transformers_loose_homes_and_area_classes(town: Town):
    with town.engine.begin() as c:
        version = c.execute(
            insert(area_map_table)
            .values(digest="d", loaded_at=NOW, source="a")
            .returning(area_map_table.c.version)
        ).scalar_one()
        c.execute(
            insert(area_table).values(
                version=version, area_class="rural", boundary=build.square(half=0.001)
            )
        )
        build.add_home(c, "loose-1", None, lon=LON + 0.2, critical="hospital")
        build.add_home(c, "loose-2", None, lon=LON + 0.20001)
        build.add_home(c, "nowhere", None, lon=None)
        c.execute(
            update(transformer_table).where(transformer_table.c.id == "T2").values(retired_at=NOW)
        )
        found = demand_places(c, WEST)
    assert found.customers.tolist() == [3, 2]
    assert found.critical.tolist() == [0, 1]
    assert [tuple(AreaClass)[at] for at in found.area] == [AreaClass.RURAL, AreaClass.URBAN]
