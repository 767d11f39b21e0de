"""Districts lend crews to each other over the wire: who may do what, and who sees what."""

import pytest
from sqlalchemy import text

from tests.api.conftest import Town
from tests.api.test_dispatching import open_outage, send

EVIL = "<script>alert(1)</script>"


def ask(town: Town, who: str = "west-dispatcher", **fields: object):
    body = {"from_district": "east", "to_district": "west", "reason": "a storm", **fields}
    return town.post("crew-loans", who, body)


def asked(town: Town, **fields: object) -> dict:
    answer = ask(town, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()[0]


def answer(town: Town, loan: dict, step: str, who: str, **body: object):
    version = {"If-Match": f'"{loan["version"]}"'}
    return town.post(f"crew-loans/{loan['id']}/{step}", who, body, **version)


def lent(town: Town, **fields: object) -> dict:
    granted = answer(town, asked(town), "grant", "east-dispatcher", crew_id="C9", **fields)
    assert granted.status_code == 200, granted.text
    return granted.json()


def crews_of(town: Town, who: str) -> set[str]:
    return {each["crew_id"] for each in town.get("crew-positions", who).json()}


def test_a_crew_is_asked_for_granted_with_terms_and_given_back(town: Town):
    loan = lent(town, terms="bring your own ladder")
    assert (loan["status"], loan["crew"], loan["terms"]) == (
        "granted",
        "crew C9",
        "bring your own ladder",
    )
    back = answer(town, loan, "return", "west-dispatcher", reason="all is lit")
    assert (back.status_code, back.json()["status"]) == (200, "ended")
    assert back.json()["ended_for"]["en"] == "all is lit"
    seen = town.get("crew-loans", "east-dispatcher").json()
    assert [each["id"] for each in seen] == [loan["id"]]


def test_the_borrower_ranks_and_sends_the_crew_and_the_lender_sees_its_order_alone(town: Town):
    outage = open_outage(town)
    ranked = {each["crew_id"] for each in town.get(f"outages/{outage}/crews", "dispatcher").json()}
    assert ranked == {"C1", "C2"}
    lent(town)
    ranked = {each["crew_id"] for each in town.get(f"outages/{outage}/crews", "dispatcher").json()}
    assert ranked == {"C1", "C2", "C9"}
    assert send(town, outage, "C9").status_code == 200
    (seen,) = town.get("crew-loans", "east-dispatcher").json()
    assert isinstance(seen["order_id"], int)
    assert town.get(f"orders/{seen['order_id']}", "east-dispatcher").status_code == 404
    assert town.get(f"outages/{outage}", "east-dispatcher").status_code == 404
    assert town.get("crew/orders", "C9").json()[0]["order"]["id"] == seen["order_id"]


def test_both_districts_see_where_a_lent_crew_is_and_the_borrower_no_longer_after_it_is_home(
    town: Town,
):
    fix = {"id": "p1", "lon": 117.9, "lat": 28.68, "fixed_at": town.clock.now.isoformat()}
    assert town.post("crew/positions", "C9", {"positions": [fix]}).json()["new"] == 1
    assert crews_of(town, "west-dispatcher") == set()
    loan = lent(town)
    assert crews_of(town, "west-dispatcher") == crews_of(town, "east-dispatcher") == {"C9"}
    answer(town, loan, "recall", "east-dispatcher", reason="our own storm")
    assert crews_of(town, "west-dispatcher") == set()


def test_only_the_lender_grants_and_recalls_and_only_the_borrower_asks_and_gives_back(town: Town):
    assert ask(town, "east-dispatcher").status_code == 404
    loan = asked(town)
    for step, who, body in (
        ("grant", "west-dispatcher", {"crew_id": "C9"}),
        ("refuse", "west-dispatcher", {"reason": "no"}),
        ("recall", "west-dispatcher", {"reason": "no"}),
        ("return", "east-dispatcher", {"reason": "no"}),
    ):
        assert answer(town, loan, step, who, **body).status_code == 404, step
    assert answer(town, loan, "grant", "supervisor", crew_id="C9").status_code == 403
    assert answer(town, loan, "grant", "east-dispatcher", crew_id="C1").status_code == 404


def test_an_answer_without_a_version_or_to_what_has_changed_is_refused(town: Town):
    loan = asked(town)
    path = f"crew-loans/{loan['id']}/refuse"
    assert town.post(path, "east-dispatcher", {"reason": "no"}).status_code == 428
    refused = answer(town, loan, "refuse", "east-dispatcher", reason="our own storm")
    assert refused.json()["answered_for"] == "our own storm"
    assert answer(town, loan, "grant", "east-dispatcher", crew_id="C9").status_code == 412
    again = answer(town, refused.json(), "grant", "east-dispatcher", crew_id="C9")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/illegal-step")


@pytest.mark.parametrize(
    "fields",
    [
        {"from_district": "west"},
        {"crews": 0},
        {"until": "2020-01-01T00:00:00Z"},
        {"reason": "x" * 501},
        {"surprise": 1},
    ],
)
def test_an_ask_that_cannot_be_meant_is_refused_with_its_field(town: Town, fields: dict):
    assert ask(town, **fields).status_code == 422


def test_an_ask_of_a_district_that_is_not_there_finds_nothing(town: Town):
    assert ask(town, from_district="atlantis").status_code == 404


def rule(town: Town, who: str = "east-dispatcher", **fields: object):
    body = {"from_district": "east", "keep_free": 0, "reason": "typhoon season", **fields}
    return town.post("lending-rules", who, body)


def test_a_standing_consent_is_the_lenders_to_give_to_see_and_to_revoke(town: Town):
    assert rule(town, "west-dispatcher").status_code == 404
    given = rule(town).json()
    assert (given["to_district"], given["most"], given["away"]) == (None, 1, 0)
    assert town.get("lending-rules", "west-dispatcher").json() == []
    loan = asked(town)
    assert (loan["status"], loan["crew_id"], loan["rule_id"]) == ("granted", "C9", given["id"])
    assert town.get("lending-rules", "east-dispatcher").json()[0]["away"] == 1
    for who, status in (("west-dispatcher", 404), ("east-dispatcher", 204)):
        gone = town.client.request(
            "DELETE",
            f"/api/v1/lending-rules/{given['id']}",
            json={"reason": "season is over"},
            headers=town.headers(who),
        )
        assert gone.status_code == status
    assert town.get("lending-rules", "east-dispatcher").json() == []


def test_a_lent_crew_stands_by_where_the_borrower_says_and_not_the_lender(town: Town):
    lent(town)
    place = {"crew_id": "C9", "lon": 115.9, "lat": 28.68, "place": "west depot", "reason": "storm"}
    assert town.post("coverage/move-up", "east-dispatcher", place).status_code == 404
    assert town.post("coverage/move-up", "west-dispatcher", place).status_code == 201


def test_a_lent_crew_covers_the_borrower_and_not_the_lender(town: Town):
    def free(district: str) -> list[str]:
        found = town.get("coverage", "dispatcher", district=district).json()
        return found["districts"][0]["free"]

    lent(town)
    assert (free("west"), free("east")) == (["C1", "C2", "C9"], [])


def test_every_step_is_written_for_both_districts_and_the_chain_holds(town: Town):
    loan = lent(town)
    answer(town, loan, "recall", "east-dispatcher", reason="our own storm")
    with town.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT kind, district_id FROM event WHERE stream = :s ORDER BY seq"),
            {"s": f"loan:{loan['id']}"},
        ).all()
    assert [kind for kind, _ in rows] == [
        f"loan.{kind}" for kind in ("asked", "granted", "recalled") for _ in range(2)
    ]
    assert [district for _, district in rows] == ["east", "west"] * 3


def test_the_panel_and_the_phone_say_it_and_escape_what_was_typed(town: Town):
    english = {"Accept-Language": "en"}

    def screen(path: str, who: str) -> str:
        return town.client.get(path, headers=town.headers(who, **english)).text

    loan = asked(town, reason=EVIL)
    part = screen("/console/loans", "east-dispatcher")
    assert EVIL not in part and "&lt;script&gt;" in part
    assert 'data-waiting="1"' in part and 'value="C9"' in part
    answer(town, loan, "grant", "east-dispatcher", crew_id="C9", terms=EVIL)
    phone = screen("/crew/orders", "C9")
    assert "You drive for West" in phone and EVIL not in phone
    assert town.get("crew/loan", "C9").json()["district_id"] == "west"
    assert town.get("crew/loan", "C1").json() is None
    borrower = screen("/console/loans", "west-dispatcher")
    assert 'data-waiting="0"' in borrower and "Give the crew back" in borrower
    assert "Call the crew back" not in borrower
