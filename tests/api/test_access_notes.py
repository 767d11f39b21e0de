"""How to get to a customer's place: written by desk or crew, read by every crew after."""

import pytest
from httpx import Response
from sqlalchemy import text

from tests.api.conftest import Town
from tests.api.test_dispatching import act, open_outage, outcomes, send

HOSTILE = "<script>alert(1)</script> dog"


def home(town: Town, account: str = "T1-0") -> int:
    with town.engine.connect() as c:
        query = text("SELECT id FROM usage_point WHERE account = :account")
        return int(c.scalar(query, {"account": account}) or 0)


def write(town: Town, words: str, who: str = "agent", account: str = "T1-0") -> Response:
    return town.put(f"usage-points/{home(town, account)}/access", who, {"text": words})


def phone(town: Town) -> str:
    return town.client.get("/crew/orders", headers=town.headers("C1")).text


def test_what_the_desk_wrote_is_read_by_the_crew_and_stays_for_the_next_order(town: Town):
    assert write(town, "  key at the\n gate ").json()["text"] == "key at the gate"
    outage = open_outage(town)
    send(town, outage)
    assert phone(town).count("key at the gate") == 3  # over the order, at the caller, in its form
    desk = town.client.get("/desk/answer?q=T1-0", headers=town.headers()).text
    assert "key at the gate" in desk


def test_the_crew_writes_it_too_and_the_journal_has_both(town: Town):
    write(town, "key at the gate")
    outage = open_outage(town)
    order = send(town, outage).json()["order"]["id"]
    answer = act(town, order, "access", ticket_id="A1", note=HOSTILE)
    assert outcomes(answer) == ["applied"]
    assert HOSTILE not in phone(town)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; dog" in phone(town)
    with town.engine.connect() as c:
        entries = c.execute(
            text(
                "SELECT actor, body ->> 'text' FROM event WHERE stream LIKE 'place:%' ORDER BY seq"
            )
        ).all()
    assert [tuple(each) for each in entries] == [("agent", "key at the gate"), ("C1", HOSTILE)]


def test_an_empty_note_removes_it_and_the_same_again_writes_nothing(town: Town):
    for words in ("dog", "dog", "", ""):
        assert write(town, words).status_code == 200
    with town.engine.connect() as c:
        kinds = c.scalars(text("SELECT kind FROM event WHERE stream LIKE 'place:%' ORDER BY seq"))
        assert list(kinds) == ["place.access_noted", "place.access_removed"]


@pytest.mark.parametrize(
    ("words", "who", "account", "status"),
    [
        ("x" * 301, "agent", "T1-0", 422),
        ("dog", "east-agent", "T1-0", 404),
        ("dog", "agent", "nobody", 404),
        ("dog", "supervisor", "T1-0", 403),
    ],
)
def test_who_may_not_write_or_writes_too_much_is_refused(
    town: Town, words: str, who: str, account: str, status: int
):
    assert write(town, words, who, account).status_code == status


def test_a_crew_writes_only_of_the_callers_of_its_own_order(town: Town):
    outage = open_outage(town)
    order = send(town, outage).json()["order"]["id"]
    town.report("B1", "T9-0")
    town.report("N1", None, address="nowhere at all")
    answers = [
        act(town, order, "access", ticket_id=ticket, note="dog", first=n)
        for n, ticket in enumerate(("B1", "N1", "no such"), start=1)
    ]
    assert [outcomes(each) for each in answers] == [["refused"]] * 3


def detail(town: Town, path: str, who: str = "dispatcher", language: str = "en") -> str:
    headers = town.headers(who, **{"Accept-Language": language})
    answer = town.client.get(f"/console/{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt; dog"


@pytest.mark.parametrize(("language", "head"), [("en", "How to get there"), ("zh", "进门提示")])
def test_the_console_shows_it_with_the_caller_of_an_outage(town: Town, language: str, head: str):
    outage = open_outage(town)
    path = f"outages/{outage}"
    assert head not in detail(town, path, language=language)
    write(town, HOSTILE)
    shown = detail(town, path, language=language)
    assert shown.count(ESCAPED) == 1 and HOSTILE not in shown
    assert head in shown


def test_the_console_shows_it_of_an_incident_and_hides_it_from_who_only_watches(town: Town):
    outage = open_outage(town)
    town.report("W1", "T1-0", hazards=["wire_down"])
    write(town, HOSTILE)
    for path in ("incidents/1", f"outages/{outage}"):
        shown = detail(town, path)
        assert ESCAPED in shown and HOSTILE not in shown
        assert ESCAPED not in detail(town, path, "supervisor")


def test_the_console_shows_it_of_a_home_that_is_out_though_nobody_called(town: Town):
    outage = open_outage(town)
    write(town, "key at the gate", account="T1-1")
    with town.engine.begin() as c:
        c.execute(
            text(
                "INSERT INTO outage_usage_point (outage_id, usage_point_id, out_from)"
                " VALUES (:outage, :home, :at)"
            ),
            {"outage": outage, "home": home(town, "T1-1"), "at": town.clock.now},
        )
    assert "T1-1: </b>key at the gate" in detail(town, f"outages/{outage}")
