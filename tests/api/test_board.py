"""The wall's figures: right, kept until something happens, of the caller's districts, nameless."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from api.callers import Role, issue
from api.passwords import hashed
from api.wall import Picture, Wall
from dispatch.domain.alarm import AlarmKind
from dispatch.domain.outage import Scope
from dispatch.store import access
from dispatch.store.outages import PgOutages
from dispatch.store.reads import wall as reads
from tests.api.conftest import Town
from tests.store import builders as build
from tests.store.builders import NOW

PERSONAL = ("13800001234", "Zhang San", "Jiefang Road 7", 'C1"')


def board(town: Town, path: str = "", who: str = "wall"):
    answer = town.client.get(f"/board{path}", headers=town.headers(who))
    assert answer.status_code == 200, answer.text
    return answer


def picture(town: Town, *districts: str) -> Picture:
    """A picture that nothing was kept for."""
    return Wall(town.house).picture(frozenset(districts) or None)


def add_outage(town: Town, *transformers: str, homes: Iterable[int] = ()) -> int:
    with town.engine.begin() as c:
        outage = build.an_outage(c)
        scope = Scope(transformers=frozenset(transformers), usage_points=frozenset(homes))
        PgOutages(c).add(outage, scope)
        return outage.id


def test_customers_out_are_counted_once_where_a_home_and_its_transformer_are_out(town: Town):
    with town.engine.connect() as c:
        of = "SELECT sum(customers) FROM transformer WHERE id IN ('T1', 'T2')"
        customers = c.scalar(text(of))
        wanted = "SELECT id FROM usage_point WHERE account IN ('T1-0', 'T9-0')"
        homes = list(c.scalars(text(wanted)))
    assert len(homes) == 2
    whole, alone = add_outage(town, "T1", "T2"), add_outage(town, homes=homes)
    found = picture(town)
    assert {each.id: each.customers for each in found.outages} == {whole: customers, alone: 1}
    assert found.customers == found.course[-1] == customers + 1


def test_the_course_rises_when_supply_goes_and_falls_when_it_is_back(town: Town):
    add_outage(town, "T1")
    with town.engine.begin() as c:
        c.execute(
            text("UPDATE outage_transformer SET restored_at = :at"),
            {"at": NOW + timedelta(hours=1)},
        )
        customers = c.scalar(text("SELECT customers FROM transformer WHERE id = 'T1'"))
        since = NOW - timedelta(hours=1)
        course = reads.customers_out_since(
            c, None, since, NOW + timedelta(hours=2), timedelta(minutes=30)
        )
        later = reads.customers_out_since(
            c, None, NOW + timedelta(minutes=40), NOW + timedelta(hours=2), timedelta(minutes=40)
        )
    assert course == [0, 0, customers, customers, 0, 0, 0]
    assert later == [customers, 0, 0]


def test_calls_are_held_against_the_same_hour_of_earlier_weeks(town: Town):
    for n in range(3):
        town.report(f"now-{n}", f"T1-{n}")
    assert picture(town).calls.usual is None
    with town.engine.begin() as c:
        past = text(
            "INSERT INTO ticket SELECT (jsonb_populate_record(ticket, jsonb_build_object("
            "'id', 'past-' || :week || '-' || n, 'received_at', CAST(:at AS timestamptz)))).*"
            " FROM ticket, generate_series(1, 120) AS n WHERE id = 'now-0'"
        )
        for week in (1, 2):
            c.execute(
                past, {"week": week, "at": NOW + timedelta(minutes=20) - timedelta(weeks=week)}
            )
    calls = picture(town).calls
    assert (calls.per_minute, calls.usual, calls.weeks) == (0.3, 2.0, 2)


def test_what_waits_is_counted_by_kind(town: Town):
    town.report("A1", hazards=["wire_down"])
    town.report("A2", None, address="nowhere")
    found = picture(town).waiting
    assert found.alarms == {AlarmKind.HAZARD: 1}
    assert (found.without_place, found.without_crew) == (1, 1)


def test_a_wall_of_one_district_knows_nothing_of_another(town: Town):
    town.report("B1", "T9-0")
    west, east = picture(town, "west"), picture(town, "east")
    assert (west.customers, west.waiting.without_crew, len(west.crews)) == (0, 0, 2)
    assert (east.open, east.waiting.without_crew, len(east.crews)) == (1, 1, 1)
    assert "East" not in board(town, "/parts", "west-dispatcher").text


def test_a_picture_is_kept_until_the_journal_has_something_new(town: Town):
    wall = Wall(town.house)
    first = wall.picture(None)
    assert wall.picture(None) is first
    town.report("A1")
    second = wall.picture(None)
    assert second is not first and second.open == 1
    assert wall.picture(frozenset({"west"})) is not second


def test_nothing_on_the_wall_names_anybody_or_any_home(town: Town):
    with town.engine.begin() as c:
        c.execute(text("UPDATE usage_point SET name = 'Zhang San', address = 'Jiefang Road 7'"))
        c.execute(text("UPDATE outage SET device_name = 'Jiefang Road 7'"))
    town.report(
        "A1", "T1-0", phone="13800001234", address="Jiefang Road 7", description="Zhang San"
    )
    town.report("A2", None, address="Jiefang Road 7", hazards=["fire"])
    shown = [board(town), board(town, "/parts"), board(town, "/promises")]
    shown += [
        board(town, f"/layers/{layer}?bbox=115,28,116,29")
        for layer in ("roads", "network", "outages", "crews")
    ]
    for answer in shown:
        body = re.sub(r"<header.*?</header>|<script.*?</script>", "", answer.text, flags=re.DOTALL)
        assert not [word for word in PERSONAL if word in body]


def test_the_three_promises_stand_there_before_anything_was_promised(town: Town):
    shown = board(town, "/promises").text
    assert re.findall(r'<li id="([^"]+)"', shown) == [
        "promise-urban",
        "promise-rural",
        "promise-remote",
    ]
    assert re.findall(r"<b[^>]*>([^<]+)</b>", shown) == ["–", "–", "–"]


def test_an_unknown_layer_is_refused(town: Town):
    answer = town.client.get("/board/layers/reports?bbox=0,0,1,1", headers=town.headers("wall"))
    assert answer.status_code == 422


@pytest.mark.parametrize(("role", "days"), [(Role.WALL, 92), (Role.SUPERVISOR, 0.5)])
def test_a_screen_on_the_wall_is_logged_in_for_months_and_nobody_else(
    town: Town, role: Role, days: float
):
    with town.engine.begin() as c:
        someone = access.User(
            login="w", name="w", password_hash=hashed("a long password"), role=role.value,
            districts=frozenset(),
        )  # fmt: skip
        access.add_user(c, someone)
    answer = town.client.post(
        "/api/v1/sessions", json={"login": "w", "password": "a long password"}
    )
    assert f"Max-Age={round(days * 86_400)}" in answer.headers["set-cookie"]
    shown = town.client.get("/board").text
    ends = datetime.fromisoformat(re.findall(r'data-login-ends="([^"]+)"', shown)[0])
    assert timedelta(days=days, minutes=-5) < ends - datetime.now(UTC) <= timedelta(days=days)


def test_a_wall_may_look_and_nothing_else(town: Town):
    for path in (
        "/console",
        "/commitments",
        "/console/rows",
        "/api/v1/outages",
        "/api/v1/tickets/A1",
    ):
        answer = town.client.get(path, headers=town.headers("wall"))
        assert answer.status_code == 403, path
    token = issue(town.engine, label="w", role=Role.WALL, now=datetime.now(UTC))
    answer = town.client.get(
        "/", headers={"Authorization": f"Bearer {token}"}, follow_redirects=False
    )
    assert answer.headers["location"] == "/board"
