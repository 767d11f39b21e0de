"""The alarm of hidden faults over HTTP: listed, accepted, dismissed, and only by who may."""

import pytest

from dispatch.usecases.group_feeder import GroupFeeder, group_feeder
from tests.api.conftest import Town
from tests.store.builders import add_home, adopt_rates

HEAD = {"device": {"id": "F1-head", "kind": "breaker", "name": "head"}}


def look(town: Town) -> None:
    policy = town.house.policies.grouping
    with town.house.transaction() as store:
        group_feeder(store, GroupFeeder(feeder_id="F1"), policy=policy, now=town.clock.now)


def reported(town: Town, account: str, **said: object) -> None:
    assert town.report(account, account, **said).status_code == 201
    look(town)


@pytest.fixture
def outage(town: Town) -> int:
    """The head of F1 is open since 11 hours; T1 has called at once, T2-0 calls now.

    Nobody here comes home late.
    """
    with town.house.transaction() as store:
        adopt_rates(store, straggling=0.0)
    outage_id = town.report("T1-0").json()["outage"]["id"]
    assert town.post(f"outages/{outage_id}/confirm", "dispatcher", HEAD).status_code == 200
    town.clock.advance(660)
    reported(town, "T2-0")
    return int(outage_id)


def waiting(town: Town, who: str = "dispatcher") -> list[dict]:
    return town.get("split-proposals", who).json()


def decide(town: Town, proposal: dict, how: str, body: object = None, **more: str):
    headers = {"If-Match": f'"{proposal["version"]}"', **more}
    return town.post(f"split-proposals/{proposal['id']}/{how}", "dispatcher", body, **headers)


def test_a_proposal_says_where_how_probably_and_why(town: Town, outage: int):
    (proposal,) = waiting(town)
    assert (proposal["outage_id"], proposal["status"]) == (outage, "open")
    assert proposal["place"]["device_id"] is None
    assert proposal["place"]["name"] == "T2-0"
    assert proposal["tickets"] == ["T2-0"]
    assert 0.5 < proposal["probability"] < 1
    assert "660 minutes after" in proposal["reasons"][0]["en"]
    assert "660分钟" in proposal["reasons"][0]["zh"]


def test_the_outage_shows_what_waits_for_it(town: Town, outage: int):
    shown = town.get(f"outages/{outage}", "dispatcher").json()["split_proposals"]
    assert shown == waiting(town)


def test_danger_comes_first_then_critical_customers(town: Town, outage: int):
    with town.engine.begin() as c:
        add_home(c, "clinic", "T1", critical="clinic")
    town.clock.advance(1)
    reported(town, "clinic")
    assert [p["tickets"] for p in waiting(town)] == [["clinic"], ["T2-0"]]
    reported(town, "T2-1", hazards=["sparks"], symptoms=["no_power"])
    first, second = waiting(town)
    assert (first["tickets"], first["hazards"]) == (["T2-0", "T2-1"], ["sparks"])
    assert (second["tickets"], second["critical"]) == (["clinic"], True)


def test_accepting_opens_an_outage_of_its_own(town: Town, outage: int):
    (proposal,) = waiting(town)
    answer = decide(town, proposal, "accept")
    assert answer.status_code == 201, answer.text
    accepted = answer.json()
    assert (accepted["status"], accepted["decided_by"]) == ("accepted", "dispatcher")
    apart = town.get(f"outages/{accepted['into']}", "dispatcher").json()
    assert [t["id"] for t in apart["tickets"]] == ["T2-0"]
    assert apart["order"] is not None
    assert waiting(town) == []


def test_dismissing_leaves_the_reports_and_is_not_raised_again(town: Town, outage: int):
    (proposal,) = waiting(town)
    answer = decide(town, proposal, "dismiss", {"reason": "she came home late"})
    assert answer.json()["decided_for"]["en"] == "she came home late"
    town.clock.advance(1)
    look(town)
    assert waiting(town) == []
    assert town.get("tickets/T2-0", "dispatcher").json()["outage_id"] == outage


def test_a_version_is_needed_and_an_old_one_refused(town: Town, outage: int):
    (proposal,) = waiting(town)
    path = f"split-proposals/{proposal['id']}"
    assert town.post(f"{path}/accept", "dispatcher").status_code == 428
    town.clock.advance(3)
    reported(town, "T2-1")
    assert decide(town, proposal, "accept").status_code == 412
    (revised,) = waiting(town)
    assert revised["id"] == proposal["id"] and revised["place"]["device_id"] == "F1-b"
    assert town.get(path, "dispatcher").headers["ETag"] == f'"{revised["version"]}"'
    assert decide(town, revised, "accept").status_code == 201


def test_what_was_decided_is_refused_in_known_words(town: Town, outage: int):
    (proposal,) = waiting(town)
    done = decide(town, proposal, "dismiss", {"reason": "no"}).json()
    again = decide(town, done, "accept")
    assert again.status_code == 409
    assert again.json()["detail"] == "the proposal was decided before"


def test_another_districts_proposal_does_not_exist(town: Town, outage: int):
    (proposal,) = waiting(town)
    assert waiting(town, "east-dispatcher") == []
    for number in (proposal["id"], 999_999):
        read = town.get(f"split-proposals/{number}", "east-dispatcher")
        headers = {"If-Match": '"0"'}
        path = f"split-proposals/{number}/accept"
        assert read.status_code == 404
        assert town.post(path, "east-dispatcher", **headers).status_code == 404


def test_a_supervisor_reads_and_decides_nothing(town: Town, outage: int):
    (proposal,) = waiting(town, "supervisor")
    path = f"split-proposals/{proposal['id']}/accept"
    assert town.post(path, "supervisor").status_code == 403
