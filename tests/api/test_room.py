"""What dispatchers of one room share: rows of the list, and who has which one open."""

from tests.api.conftest import Town


def report(town: Town, ticket_id: str, account: str, **fields: object) -> dict:
    body = {"id": ticket_id, "channel": "phone", "account": account, **fields}
    return town.post("tickets", "agent", body).json()


def open_there(town: Town, tab: str, thing: str | None, role: str = "dispatcher"):
    return town.client.put(
        "/api/v1/presence", json={"tab": tab, "thing": thing}, headers=town.headers(role)
    )


def seen_by(town: Town, role: str) -> list[tuple[str, str]]:
    return [(each["name"], each["thing"]) for each in town.get("presence", role).json()]


def test_rows_carry_codes_and_the_callers_own_work(town: Town):
    report(town, "A1", "T1-0")
    rows = town.client.get("/console/rows", headers=town.headers("dispatcher")).json()["rows"]
    (row,) = rows
    assert (row["key"], row["src"], row["status"]) == (
        "outage-1",
        "/console/outages/1",
        "predicted",
    )
    assert (row["mine"], row["crew"], row["ticket"]) == (False, None, None)
    assert row["due"] is not None
    etag = town.get("outages/1", "dispatcher").headers["etag"]
    body = {"crew_id": "C1", "reason": "near"}
    town.put("outages/1/assignment", "dispatcher", body, **{"If-Match": etag})
    (row,) = town.client.get("/console/rows", headers=town.headers("dispatcher")).json()["rows"]
    assert (row["mine"], row["crewId"]) == (True, "C1")
    (row,) = town.client.get("/console/rows", headers=town.headers("supervisor")).json()["rows"]
    assert row["mine"] is False


def test_what_one_dispatcher_has_open_the_others_see(town: Town):
    report(town, "A1", "T1-0")
    assert open_there(town, "tab-1", "outage-1").json() == []
    assert seen_by(town, "supervisor") == [("dispatcher", "outage-1")]
    assert seen_by(town, "dispatcher") == []
    open_there(town, "tab-1", None)
    assert seen_by(town, "supervisor") == []


def test_what_nobody_says_again_is_forgotten_within_a_minute(town: Town):
    report(town, "A1", "T1-0")
    open_there(town, "tab-1", "outage-1")
    town.clock.advance(1)
    assert seen_by(town, "supervisor") == []


def test_another_districts_rows_cannot_be_opened_and_are_not_told_of(town: Town):
    report(town, "A1", "T1-0")
    open_there(town, "tab-1", "outage-1")
    assert seen_by(town, "east-dispatcher") == []
    assert seen_by(town, "west-dispatcher") == [("dispatcher", "outage-1")]
    assert open_there(town, "tab-2", "outage-1", "east-dispatcher").status_code == 404


def test_nobody_speaks_for_another_persons_tab(town: Town):
    report(town, "A1", "T1-0")
    open_there(town, "tab-1", "outage-1")
    open_there(town, "tab-1", None, "west-dispatcher")
    assert seen_by(town, "supervisor") == [("dispatcher", "outage-1")]


def test_only_a_row_can_be_opened(town: Town):
    for thing in ("outage-", "outage-x", "crew-C1", "outage-" + 30 * "9", "unlocated-nobody"):
        assert open_there(town, "tab-1", thing).status_code == 404
