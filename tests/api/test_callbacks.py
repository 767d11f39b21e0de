"""Call-backs are handed out to one agent at a time, and what a desk sends twice counts once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from tests.api.conftest import Town

AGENTS = ("agent", "west-agent", "dispatcher", "west-dispatcher")


@pytest.fixture
def dark(town: Town) -> Town:
    """Three customers of one transformer, reported a minute apart."""
    for n in range(3):
        town.report(f"A{n}", f"T1-{n}", phone=f"1381111000{n}")
        town.clock.advance(1)
    return town


@pytest.fixture
def lit(dark: Town) -> Town:
    """The same with light again; all three are to be told."""
    restore(dark, "A0")
    return dark


def restore(town: Town, ticket: str) -> None:
    outage = town.get(f"tickets/{ticket}").json()["outage_id"]
    for step in ("confirm", "restore"):
        answer = town.post(f"outages/{outage}/{step}", "dispatcher")
        assert answer.status_code == 200, answer.text


def given(town: Town, who: str = "agent") -> str | None:
    """Whom an agent is handed."""
    answer = town.post("callbacks/next", who)
    assert answer.status_code in {200, 204}, answer.text
    return answer.json()["ticket_id"] if answer.status_code == 200 else None


def holders(town: Town) -> dict[str, str | None]:
    return {row["ticket_id"]: row["held_by"] for row in town.get("callbacks").json()}


def told(town: Town) -> list[tuple[str, bool | None]]:
    with town.engine.connect() as c:
        rows = c.execute(text("SELECT ticket_id, power_on FROM told WHERE told_at IS NOT NULL"))
        return sorted((row[0], row[1]) for row in rows)


def journal(town: Town, kind: str) -> int:
    with town.engine.connect() as c:
        return c.scalar(text("SELECT count(*) FROM event WHERE kind = :kind"), {"kind": kind}) or 0


# Handing out -----------------------------------------------------------------------------------


def test_each_agent_is_given_another_customer_and_all_see_who_calls_whom(lit: Town):
    assert [given(lit, who) for who in AGENTS] == ["A0", "A1", "A2", None]
    assert holders(lit) == {"A0": "agent", "A1": "west agent", "A2": "dispatcher"}


def test_who_asks_again_is_given_the_same_customer_for_as_long_again(lit: Town):
    first = lit.post("callbacks/next").json()
    lit.clock.advance(2)
    again = lit.post("callbacks/next").json()
    assert (first["ticket_id"], again["ticket_id"]) == ("A0", "A0")
    assert first["held_until"] < again["held_until"]


def test_a_customer_nobody_called_in_time_is_given_to_the_next(lit: Town):
    assert given(lit) == "A0"
    lit.clock.advance(5)
    assert holders(lit)["A0"] is None
    assert given(lit, "west-agent") == "A0"


def test_an_answer_frees_the_agent_for_the_next_customer(lit: Town):
    assert given(lit) == "A0"
    lit.post("tickets/A0/callback", body={"power_on": True})
    assert given(lit) == "A1"
    assert holders(lit) == {"A1": "agent", "A2": None}


def test_a_customer_who_was_not_reached_comes_after_the_others_and_is_held_by_nobody(lit: Town):
    given(lit)
    lit.post("tickets/A0/callback", body={"power_on": None})
    lit.clock.advance(31)
    assert holders(lit)["A0"] is None
    assert [given(lit, who) for who in AGENTS[:3]] == ["A1", "A2", "A0"]


def test_a_customer_whom_a_colleague_calls_is_refused_with_who_and_until_when(lit: Town):
    until = datetime.fromisoformat(lit.post("callbacks/next").json()["held_until"])
    refused = lit.post("tickets/A0/callback/hold", "west-agent")
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/being-called"
    assert refused.json()["held_by"] == "agent"
    assert datetime.fromisoformat(refused.json()["held_until"]) == until


def test_who_takes_another_customer_lets_the_first_go(lit: Town):
    given(lit)
    assert lit.post("tickets/A2/callback/hold").json()["held_by"] == "agent"
    assert holders(lit) == {"A0": None, "A1": None, "A2": "agent"}


def test_who_closes_the_list_lets_go(lit: Town):
    given(lit)
    assert lit.client.delete("/api/v1/callbacks/held", headers=lit.headers()).status_code == 204
    assert given(lit, "west-agent") == "A0"


def test_two_reports_from_one_telephone_are_not_given_to_two_agents(dark: Town):
    dark.report("B1", "T1-1", phone="13811110000")
    restore(dark, "A0")
    assert [given(dark, who) for who in AGENTS] == ["A0", "A1", "A2", None]
    assert dark.post("tickets/B1/callback/hold", "west-agent").status_code == 409


def test_another_districts_customers_are_neither_given_nor_known(lit: Town):
    assert given(lit, "east-agent") is None
    assert lit.post("tickets/A0/callback/hold", "east-agent").status_code == 404


def test_who_is_not_to_be_called_cannot_be_taken(dark: Town):
    refused = dark.post("tickets/A0/callback/hold")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/illegal-step")


def test_agents_who_ask_at_the_same_moment_are_given_different_customers(lit: Town):
    together = Barrier(len(AGENTS))

    def ask(who: str) -> str | None:
        together.wait()
        return given(lit, who)

    for _ in range(5):
        with ThreadPoolExecutor(len(AGENTS)) as pool:
            found = [each for each in pool.map(ask, AGENTS) if each]
        assert sorted(found) == ["A0", "A1", "A2"]
        lit.clock.advance(6)


# Sent again, sent late -------------------------------------------------------------------------


def test_an_urge_sent_twice_counts_once(dark: Town):
    for _ in range(2):
        answer = dark.post("tickets/A0/urge", body={"id": "U1", "note": "快点"})
        assert (answer.status_code, answer.json()["urged"]) == (200, 1)
    assert dark.post("tickets/A0/urge", body={"id": "U2"}).json()["urged"] == 2
    assert journal(dark, "ticket.urged") == 2


def test_an_urge_sent_twice_at_the_same_moment_counts_once(dark: Town):
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: dark.post("tickets/A0/urge", body={"id": "U1"}), range(8))
        )
    assert {each.status_code for each in answers} == {200}
    assert dark.get("tickets/A0").json()["urged"] == 1


def test_a_late_urge_stands_in_the_journal_at_the_time_it_was_said(dark: Town):
    said = dark.clock.now
    dark.clock.advance(90)
    dark.post("tickets/A0/urge", body={"id": "U1", "at": said.isoformat()})
    with dark.engine.connect() as c:
        at, heard = c.execute(
            text("SELECT at, recorded_at FROM event WHERE kind = 'ticket.urged'")
        ).one()
    assert at == said
    assert heard - at >= timedelta(minutes=90)


def test_an_answer_sent_twice_opens_one_outage(lit: Town):
    first = lit.post("tickets/A0/callback", body={"id": "K1", "power_on": False})
    again = lit.post("tickets/A0/callback", body={"id": "K1", "power_on": False})
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["outage_id"] == again.json()["outage_id"]
    assert journal(lit, "ticket.called_back") == 1


def test_an_id_used_for_another_report_or_another_thing_is_refused(lit: Town):
    lit.post("tickets/A0/callback", body={"id": "K1", "power_on": True})
    for path, body in (("A1/callback", {"power_on": True}), ("A0/urge", {})):
        refused = lit.post(f"tickets/{path}", body={"id": "K1", **body})
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/identity-taken")


def test_what_was_refused_may_be_sent_again_under_its_id(dark: Town):
    assert dark.post("tickets/A0/callback", body={"id": "K1", "power_on": True}).status_code == 409
    restore(dark, "A0")
    assert dark.post("tickets/A0/callback", body={"id": "K1", "power_on": True}).status_code == 200
    assert told(dark) == [("A0", True)]


def test_an_answer_from_before_the_last_restoration_says_nothing_of_it(lit: Town):
    early = (lit.clock.now - timedelta(minutes=1)).isoformat()
    refused = lit.post("tickets/A0/callback", body={"id": "K1", "power_on": False, "at": early})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/illegal-step")
    assert told(lit) == []


def test_a_late_answer_does_not_replace_a_newer_one(lit: Town):
    asked = lit.clock.now.isoformat()
    lit.clock.advance(10)
    lit.post("tickets/A0/callback", body={"power_on": True})
    lit.clock.advance(10)
    late = {"id": "K1", "power_on": False, "at": asked}
    assert lit.post("tickets/A0/callback", body=late).status_code == 409
    assert told(lit) == [("A0", True)]


def prolonged(town: Town, ticket: str, who: str = "agent"):
    return town.put(f"tickets/{ticket}/callback/hold", who)


def test_who_is_still_on_the_line_stays_with_the_agent(lit: Town):
    first = lit.post("callbacks/next").json()
    lit.clock.advance(4)
    kept = prolonged(lit, first["ticket_id"]).json()
    until = datetime.fromisoformat(kept["held_until"])
    assert (kept["held_by"], until) == ("agent", lit.clock.now + timedelta(minutes=5))
    lit.clock.advance(4)
    refused = lit.post(f"tickets/{first['ticket_id']}/callback/hold", "west-agent")
    assert refused.json()["type"] == "/problems/being-called"


def test_a_hold_that_ran_out_is_prolonged_only_while_nobody_else_has_the_customer(lit: Town):
    first = lit.post("callbacks/next").json()["ticket_id"]
    lit.clock.advance(6)
    assert prolonged(lit, first).status_code == 200
    lit.clock.advance(6)
    assert lit.post(f"tickets/{first}/callback/hold", "west-agent").status_code == 200
    assert prolonged(lit, first).json()["type"] == "/problems/being-called"


def test_an_agent_who_has_gone_on_keeps_the_next_and_not_the_one_before(lit: Town):
    lit.post("tickets/A0/callback/hold")
    lit.post("tickets/A2/callback/hold")
    assert prolonged(lit, "A0").json()["type"] == "/problems/illegal-step"
    assert holders(lit) == {"A0": None, "A1": None, "A2": "agent"}
    lit.client.delete("/api/v1/callbacks/held", headers=lit.headers())
    assert prolonged(lit, "A2").status_code == 409
    assert prolonged(lit, "A2", "east-agent").status_code == 404
