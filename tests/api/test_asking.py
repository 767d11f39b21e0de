"""What would settle an outage, and whom to call back, over HTTP."""

from tests.api.conftest import Town


def outage_of(town: Town, *accounts: str) -> int:
    for account in accounts:
        outage = town.report(account, account, phone=f"1390000{len(account)}{account[1]}00")
        town.clock.advance(1)
    return int(outage.json()["outage"]["id"])


def restored(town: Town) -> int:
    outage = outage_of(town, "T1-0", "T1-1")
    town.clock.advance(30)
    assert town.post(f"outages/{outage}/confirm", "dispatcher").status_code == 200
    assert town.post(f"outages/{outage}/restore", "dispatcher").status_code == 200
    return outage


def call_backs(town: Town, outage: int, who: str = "dispatcher") -> dict:
    return town.get(f"outages/{outage}/call-backs", who).json()


def test_a_predicted_outage_names_places_and_what_they_tell_apart(town: Town):
    outage = outage_of(town, "T1-0")
    found = town.get(f"outages/{outage}/next-evidence", "dispatcher").json()
    first = found["questions"][0]
    assert first["transformer_id"] == "T1"
    assert first["transformer_name"] == "transformer T1"
    assert 0 < first["bits"] <= found["doubt"]
    assert first["if_dark"]["id"] == "F1-a" and first["if_lit"] is None


def test_a_confirmed_outage_asks_nothing(town: Town):
    outage = outage_of(town, "T1-0")
    town.post(f"outages/{outage}/confirm", "dispatcher")
    found = town.get(f"outages/{outage}/next-evidence", "dispatcher").json()
    assert found == {"doubt": 0.0, "questions": []}


def test_before_a_restoration_nobody_is_to_be_called_back(town: Town):
    found = call_backs(town, outage_of(town, "T1-0"))
    assert found == {"sure": None, "wanted": None, "reached": False, "to_ask": [], "asked": []}


def test_an_answer_makes_it_surer_and_is_on_record(town: Town):
    outage = restored(town)
    before = call_backs(town, outage)
    assert 0 < before["sure"] < 1 and before["reached"]
    body = {"power_on": True}
    assert town.post("tickets/T1-0/callback", body=body).status_code == 200
    after = call_backs(town, outage)
    assert after["sure"] > before["sure"]
    assert [(a["ticket_id"], a["lit"]) for a in after["asked"]] == [("T1-0", True)]
    assert "T1-0" not in {each["ticket_id"] for each in after["to_ask"]}


def test_numbers_of_those_asked_are_masked_for_a_supervisor(town: Town):
    outage = restored(town)
    town.post("tickets/T1-0/callback", body={"power_on": None})
    shown = [call_backs(town, outage, who)["asked"][0]["phone"] for who in ("agent", "supervisor")]
    assert "*" not in shown[0] and "****" in shown[1]


def test_another_districts_outage_is_not_asked_about(town: Town):
    outage = outage_of(town, "T9-0")
    for path in ("next-evidence", "call-backs"):
        hidden = town.get(f"outages/{outage}/{path}", "west-dispatcher")
        absent = town.get(f"outages/999999/{path}", "west-dispatcher")
        assert hidden.status_code == absent.status_code == 404
