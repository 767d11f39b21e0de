"""Clocks as alarms: one each, at its gravest level; none hidden; the wall counts the same."""

from collections import Counter

import pytest
from sqlalchemy import text

from api.wall import Wall
from api.worker import Work
from dispatch.domain.alarm import AlarmKind, RoomAlarms
from dispatch.store.reads.room_alarms import MOST_CLOCKS, room_alarms
from tests.api.conftest import Town

DESK = "dispatch_desk"


def clock_alarms(town: Town, **query: object) -> list[dict]:
    found = town.get("alarms", "dispatcher", **query).json()
    return [each for each in found if each["kind"].startswith("clock")]


def pass_levels(town: Town, *after: float) -> None:
    """Let the worker look so many minutes after one another; the desk has three to give it out."""
    for minutes in after:
        town.clock.advance(minutes)
        Work(town.house).tick()


def levels_sent(town: Town, rule: str) -> list[int]:
    with town.engine.connect() as c:
        query = text("SELECT level FROM clock_warning WHERE rule_id = :rule ORDER BY level")
        return list(c.scalars(query, {"rule": rule}))


def at_desk(town: Town) -> list[tuple[str, int]]:
    return [
        (each["kind"], each["facts"]["level"])
        for each in clock_alarms(town)
        if each["facts"]["rule"] == DESK
    ]


def acknowledge(town: Town, alarm: str, note: str = "") -> int:
    return town.post(f"alarms/{alarm}/acknowledge", "dispatcher", {"note": note}).status_code


def in_room(town: Town) -> RoomAlarms:
    with town.engine.connect() as c:
        return room_alarms(c, None, town.house.now())


def many_warned(town: Town, late: int, soon: int) -> None:
    """Copy one running clock many times; the late ones were warned of before they ran out."""
    town.report("A1")
    town.clock.advance(30)
    with town.engine.begin() as c:
        c.execute(text("DELETE FROM clock_warning"))
        c.execute(
            text(
                "WITH copy AS (INSERT INTO ticket SELECT (jsonb_populate_record(ticket,"
                "   jsonb_build_object('id', 'copy-' || n))).*"
                "   FROM ticket, generate_series(1, :all) AS n WHERE id = 'A1' RETURNING id)"
                " INSERT INTO clock (ticket_id, rule_id, rule_version, area_class, district_id,"
                "   started_at, started_from, due_at, verdict, warned)"
                " SELECT copy.id, clock.rule_id, clock.rule_version, clock.area_class,"
                "   clock.district_id, clock.started_at, clock.started_from,"
                "   clock.due_at, 'running', 4"
                " FROM copy, clock WHERE clock.ticket_id = 'A1'"
                "   AND clock.rule_id = 'arrival_commitment'"
            ),
            {"all": late + soon},
        )
        c.execute(
            text(
                "INSERT INTO clock_warning (clock_id, level, overdue, district_id, ticket_id,"
                '   rule_id, due_at, sent_at, "to", how)'
                " SELECT clock.id, level, level = 3, clock.district_id, clock.ticket_id,"
                "   clock.rule_id, clock.due_at, :now, '{dispatcher}', '{console}'"
                " FROM clock CROSS JOIN (VALUES (2), (3)) AS sent (level)"
                " WHERE clock.ticket_id LIKE 'copy-%'"
                "   AND (level = 2 OR substr(clock.ticket_id, 6)::int <= :late)"
            ),
            {"late": late, "now": town.clock.now},
        )


def test_a_clock_is_one_alarm_at_its_gravest_level(town: Town):
    town.report("A1")
    pass_levels(town, 2.5, 1)
    assert levels_sent(town, DESK)[-2:] == [2, 3]
    assert at_desk(town) == [("clock_over", 3)]


def test_acknowledging_a_clock_covers_its_lower_levels_and_the_record_names_one(town: Town):
    town.report("A1")
    pass_levels(town, 2.5, 1)
    (alarm,) = [each for each in clock_alarms(town) if each["facts"]["rule"] == DESK]
    assert acknowledge(town, alarm["id"], "crew is called") == 204
    assert at_desk(town) == []
    with town.engine.connect() as c:
        told = c.execute(
            text(
                "SELECT level, acknowledged_by, note FROM clock_warning"
                " WHERE rule_id = :rule ORDER BY level"
            ),
            {"rule": DESK},
        ).all()
        entries = c.scalar(text("SELECT count(*) FROM event WHERE kind = 'clock.acknowledged'"))
    assert {(row.acknowledged_by, row.note) for row in told} == {("dispatcher", "crew is called")}
    assert entries == 1


def test_a_graver_level_is_a_new_alarm_after_the_lower_one_was_acknowledged(town: Town):
    town.report("A1")
    pass_levels(town, 2.5)
    (soon,) = [each for each in clock_alarms(town) if each["facts"]["rule"] == DESK]
    assert soon["kind"] == "clock_soon"
    assert acknowledge(town, soon["id"]) == 204
    assert at_desk(town) == []
    pass_levels(town, 1)
    assert at_desk(town) == [("clock_over", 3)]
    assert acknowledge(town, soon["id"]) == 404


@pytest.mark.parametrize("covered", [2, 3])
def test_a_lower_level_cannot_be_acknowledged_again(town: Town, covered: int):
    town.report("A1")
    pass_levels(town, 2.5, 1, 32)
    sent = town.get("warnings", "supervisor", all="true").json()
    number = {each["level"]: each["id"] for each in sent if each["rule_id"] == DESK}
    assert town.post(f"warnings/{number[4]}/acknowledge", "supervisor", {}).status_code == 204
    assert town.post(f"warnings/{number[covered]}/acknowledge", "supervisor", {}).status_code == 409


def test_the_gravest_are_listed_whatever_their_number_and_the_rest_is_counted(town: Town):
    many_warned(town, late=3, soon=MOST_CLOCKS + 40)
    found = in_room(town)
    kinds = Counter(each.kind for each in found.listed)
    assert kinds == {AlarmKind.CLOCK_OVER: 3, AlarmKind.CLOCK_SOON: MOST_CLOCKS - 3}
    assert found.unlisted == {AlarmKind.CLOCK_SOON: 43}
    asked = town.headers("dispatcher", **{"Accept-Language": "en"})
    strip = town.client.get("/console/alarms", headers=asked).text
    assert f'data-count="{MOST_CLOCKS + 43}"' in strip
    assert "and 43 more promises" in strip


def test_what_a_limit_kept_off_the_strip_is_given_and_acknowledged_over_the_interface(town: Town):
    many_warned(town, late=0, soon=MOST_CLOCKS + 1)
    listed = {each.id for each in in_room(town).listed}
    everything = {each["id"] for each in clock_alarms(town)}
    (hidden,) = everything - listed
    assert acknowledge(town, hidden) == 204
    assert in_room(town).more == 0


def test_wall_and_console_count_the_same(town: Town):
    many_warned(town, late=MOST_CLOCKS + 5, soon=7)
    town.report("A2", hazards=["wire_down"])
    console, wall = in_room(town), Wall(town.house).picture(None).waiting
    assert wall.alarms == console.open
    assert wall.alarms[AlarmKind.CLOCK_OVER] == MOST_CLOCKS + 5
    assert wall.alarms[AlarmKind.CLOCK_SOON] == 7
    assert wall.alarms[AlarmKind.HAZARD] == 1
    (danger,) = [each for each in console.listed if each.kind is AlarmKind.HAZARD]
    assert acknowledge(town, danger.id) == 204
    after = Wall(town.house).picture(None).waiting
    assert after.alarms.get(AlarmKind.HAZARD, 0) == 0
