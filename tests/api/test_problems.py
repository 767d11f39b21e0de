"""What is refused, and in which words."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from api.problems import STATUS
from dispatch.errors import DispatchError
from tests.api.conftest import Town

LIMIT = 1_000_000


def every_kind(kind: type[DispatchError]) -> Iterator[type[DispatchError]]:
    for child in kind.__subclasses__():
        yield child
        yield from every_kind(child)


def problem_of(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"/problems/{code}"
    assert body["status"] == status
    assert body["title"] and body["detail"] and body["instance"]
    return body


def as_json(town: Town) -> dict[str, str]:
    return town.headers(**{"Content-Type": "application/json"})


def test_every_error_of_the_core_has_a_status():
    assert set(every_kind(DispatchError)) == set(STATUS)


def test_an_unknown_address_is_a_problem(town: Town):
    problem_of(town.get("nothing-here"), 404, "not-found")


def test_a_wrong_method_is_a_problem(town: Town):
    problem_of(town.put("known-outage"), 405, "method-not-allowed")


def test_a_body_that_is_not_json_is_a_problem(town: Town):
    answer = town.client.post("/api/v1/tickets", content=b"{oops", headers=as_json(town))
    problem_of(answer, 400, "malformed-request")


def test_a_body_too_large_is_a_problem(town: Town):
    answer = town.client.post("/api/v1/tickets", content=b" " * (LIMIT + 1), headers=town.headers())
    problem_of(answer, 413, "body-too-large")


def test_a_body_too_large_that_does_not_say_so_is_a_problem(town: Town):
    def pieces() -> Iterator[bytes]:
        for _ in range(LIMIT // 1000 + 1):
            yield b" " * 1000

    answer = town.client.post(
        "/api/v1/tickets",
        content=pieces(),
        headers=town.headers(**{"Content-Type": "application/json"}),
    )
    problem_of(answer, 413, "body-too-large")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"channel": "telepathy"}, "channel"),
        ({"id": ""}, "id"),
        ({"id": "x" * 101}, "id"),
        ({"id": "tab\there"}, "id"),
        ({"id": "a/b"}, "id"),
        ({"description": "x" * 2001}, "description"),
        ({"hazards": ["fire"] * 21}, "hazards"),
        ({"received_at": "2026-03-02T12:00:00"}, "received_at"),
        ({"received_at": 1772452800}, "received_at"),
        ({"received_at": "9999-12-31T23:59:59-12:00"}, "received_at"),
        ({"phone": "call me"}, "phone"),
        ({"location": {"lon": "x", "lat": 1}}, "location.lon"),
        ({"location": {"lon": 1}}, "location.lat"),
        ({"location": {"lon": 1, "lat": 1, "datum": "mars"}}, "location.datum"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_bad_input_names_the_field(town: Town, fields: dict[str, object], named: str):
    body = problem_of(town.report(**{"ticket_id": "A1"} | _renamed(fields)), 422, "invalid-input")
    assert named in {error["field"] for error in body["errors"]}
    with town.engine.connect() as c:
        assert c.scalar(text("SELECT count(*) FROM ticket")) == 0


@pytest.mark.parametrize(
    ("fields", "named", "expected"),
    [
        ({"nonsense": 1}, "nonsense", "no field of this name"),
        ({"location": {"lon": 1}}, "location.lat", "a value"),
        ({"location": "nowhere"}, "location", "an object with fields of its own"),
        ({"received_at": "2026-03-02T12:00:00"}, "received_at", "with its zone, such as 2026-"),
    ],
)
def test_bad_input_says_what_was_expected_in_words_for_people(
    town: Town, fields: dict[str, object], named: str, expected: str
):
    body = problem_of(town.report("A1", **fields), 422, "invalid-input")
    said = {error["field"]: error["expected"] for error in body["errors"]}
    assert expected in said[named]
    assert body["detail"].startswith(f"{body['errors'][0]['field']} is ")


def test_what_is_not_there_is_named_by_field_value_and_expectation(town: Town):
    absent = problem_of(town.get("tickets/nowhere", "dispatcher"), 404, "not-found")
    assert absent["detail"] == "id is 'nowhere'; expected an existing ticket"


def _renamed(fields: dict[str, object]) -> dict[str, object]:
    return {("ticket_id" if name == "id" else name): value for name, value in fields.items()}


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "1e999", "-Infinity"])
def test_a_position_that_is_no_number_is_refused(town: Town, raw: str):
    sent = f'{{"id": "A1", "channel": "app", "location": {{"lon": {raw}, "lat": 1}}}}'
    answer = town.client.post("/api/v1/tickets", content=sent, headers=as_json(town))
    problem_of(answer, 422, "invalid-input")


def test_half_a_character_is_refused(town: Town):
    sent = rb'{"id": "A1", "channel": "app", "description": "\ud800"}'
    answer = town.client.post("/api/v1/tickets", content=sent, headers=as_json(town))
    problem_of(answer, 422, "invalid-input")


def test_control_characters_and_turned_text_are_taken_out(town: Town):
    town.report("A1", description="a\x00b\x1b[31m\u202egnp.exe")
    assert town.get("tickets/A1").json()["description"] == "ab[31mgnp.exe"


def test_swapped_coordinates_are_said_to_look_swapped(town: Town):
    answer = town.report("A1", account=None, location={"lon": 28.68, "lat": 115.9})
    assert "swapped" in problem_of(answer, 422, "off-planet")["detail"]


@pytest.mark.parametrize("wrong", [timedelta(minutes=2), timedelta(days=-32)])
def test_a_report_from_another_time_is_refused(town: Town, wrong: timedelta):
    at = (town.clock.now + wrong).isoformat()
    assert problem_of(town.report("A1", received_at=at), 422, "invalid-input")["field"] == (
        "received_at"
    )


def test_a_clock_slightly_ahead_counts_as_now(town: Town):
    at = (town.clock.now + timedelta(seconds=50)).isoformat()
    answer = town.report("A1", received_at=at)
    assert answer.status_code == 201
    received = answer.json()["ticket"]["received_at"]
    assert received == town.clock.now.isoformat().replace("+00:00", "Z")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
FIELDS = (
    *("account", "phone", "meter", "address", "location", "description", "hazards"),
    *("multiple_premises", "symptoms", "received_at"),
)
BODIES = st.fixed_dictionaries(
    {"id": JSON | st.just("A1"), "channel": JSON | st.just("web")},
    optional=dict.fromkeys(FIELDS, JSON),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=BODIES | JSON)
def test_no_body_makes_the_server_fail(town: Town, body: object):
    assert _send(town.client, town, body).status_code in {200, 201, 400, 422}


def _send(client: TestClient, town: Town, body: object) -> httpx.Response:
    return client.post("/api/v1/tickets", json=body, headers=town.headers())


WORDS = st.text(max_size=60)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    query=st.dictionaries(
        st.sampled_from(["account", "phone", "meter", "address", "lon", "lat", "datum"]),
        WORDS | st.floats(allow_nan=True).map(str),
    )
)
def test_no_question_makes_the_server_fail(town: Town, query: dict[str, str]):
    assert town.get("known-outage", **query).status_code in {200, 422}


def test_the_database_goes_away_in_the_middle_of_a_ticket(town: Town):
    town.report("A0")
    with town.engine.connect() as holder:
        holder.execute(text("LOCK TABLE ticket IN ACCESS EXCLUSIVE MODE"))

        with ThreadPoolExecutor(1) as line:
            waiting = line.submit(town.report, "A1")
            _kill_whoever_waits(town)
            answer = waiting.result()
        holder.rollback()
    problem_of(answer, 503, "store-unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert town.report("A1").status_code == 201
    assert town.report("A1").status_code == 200


def _kill_whoever_waits(town: Town) -> None:
    kill = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with town.engine.connect() as c:
        while not c.scalar(kill):
            c.rollback()


def test_every_answer_keeps_strangers_out(town: Town):
    headers = town.client.get("/healthz").headers
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    again = town.client.get("/healthz").headers["content-security-policy"]
    assert policy != again, "every page has a nonce of its own"
    of_data = town.client.get("/api/openapi.json").headers
    assert of_data["x-content-type-options"] == "nosniff" and of_data["cache-control"] == "no-store"
    assert of_data["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_the_process_says_that_it_is_ready(town: Town):
    assert town.client.get("/readyz").json() == {"status": "ok"}


def test_the_document_of_the_calls_is_there(town: Town):
    paths = town.client.get("/api/openapi.json").json()["paths"]
    assert "/api/v1/known-outage" in paths
