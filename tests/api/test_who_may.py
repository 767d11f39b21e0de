"""Tokens, sessions, districts and telephone numbers."""

from datetime import UTC, datetime, timedelta

import pytest

from api.callers import COOKIE, Role, issue, masked
from api.passwords import LIMITS, Throttle, hashed
from api.problems import TooManyAttempts
from dispatch.store import access
from tests.api.conftest import EAST_LON, Town
from tests.store.builders import LAT

PASSWORD = "correct horse battery"


def add_user(town: Town, login: str = "li", role: Role = Role.DISPATCHER, **fields: object) -> None:
    someone = access.User(
        login=login,
        name=login,
        password_hash=hashed(PASSWORD),
        role=role.value,
        districts=frozenset(),
        **fields,
    )
    with town.engine.begin() as c:
        access.add_user(c, someone)


def log_in(town: Town, login: str = "li", password: str = PASSWORD):
    return town.client.post("/api/v1/sessions", json={"login": login, "password": password})


def test_a_wrong_token_is_told_what_to_bring(town: Town):
    answer = town.client.get("/api/v1/me", headers={"Authorization": "Bearer nobody"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_revoked_token_is_refused(town: Town):
    secret = issue(town.engine, label="short", role=Role.AGENT, now=datetime.now(UTC))
    with town.engine.begin() as c:
        assert access.revoke_token(c, "short", datetime.now(UTC)) == 1
    answer = town.client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401


def test_an_expired_token_is_refused(town: Town):
    past = datetime.now(UTC) - timedelta(days=2)
    secret = issue(town.engine, label="old", role=Role.AGENT, now=past, lasts=timedelta(days=1))
    answer = town.client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401


def test_the_database_holds_no_secret(town: Town):
    with town.engine.connect() as c:
        kept = c.exec_driver_sql("SELECT row_to_json(t)::text FROM access_token t").scalars().all()
    assert not any(secret in row for row in kept for secret in town.tokens.values())


def test_a_login_gives_a_cookie_that_scripts_cannot_read(town: Town):
    add_user(town)
    answer = log_in(town)
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert town.client.get("/api/v1/me").json()["name"] == "li"


def test_a_change_from_a_session_needs_the_word_of_its_page(town: Town):
    add_user(town, role=Role.AGENT)
    word = log_in(town).json()["csrf"]
    body = {"id": "A1", "channel": "phone", "account": "T1-0"}
    assert town.client.post("/api/v1/tickets", json=body).status_code == 403
    kept = town.client.post("/api/v1/tickets", json=body, headers={"X-CSRF-Token": word})
    assert kept.status_code == 201


def test_a_logout_ends_the_session_for_good(town: Town):
    add_user(town)
    word = log_in(town).json()["csrf"]
    secret = town.client.cookies[COOKIE]
    town.client.delete("/api/v1/sessions", headers={"X-CSRF-Token": word})
    town.client.cookies.set(COOKIE, secret)
    assert town.client.get("/api/v1/me").status_code == 401


def test_a_disabled_user_is_refused_like_a_wrong_password(town: Town):
    add_user(town)
    with town.engine.begin() as c:
        access.disable_user(c, "li", datetime.now(UTC))
    assert log_in(town).json() == log_in(town, "nobody").json()


def test_a_session_secret_is_no_bearer_token(town: Town):
    add_user(town)
    log_in(town)
    secret = town.client.cookies[COOKIE]
    town.client.cookies.clear()
    answer = town.client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401


def test_guessing_ends_after_a_few_attempts(town: Town):
    add_user(town)
    for _ in range(LIMITS["pair"]):
        assert log_in(town, password="wrong").status_code == 401
    held = log_in(town)
    assert held.status_code == 429
    assert int(held.headers["retry-after"]) > 0


def test_patience_returns_with_time():
    throttle, at = Throttle(), datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(LIMITS["pair"]):
        throttle.failed("li", "10.0.0.1", at)
    with pytest.raises(TooManyAttempts):
        throttle.check("li", "10.0.0.1", at + timedelta(minutes=14))
    throttle.check("li", "10.0.0.2", at)
    throttle.check("li", "10.0.0.1", at + timedelta(minutes=16))


def test_another_sites_page_logs_nobody_in(town: Town):
    add_user(town)
    answer = town.client.post(
        "/login",
        data={"login": "li", "password": PASSWORD},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("goto", "leads_to"),
    [
        ("/desk?x=1", "/desk?x=1"),
        ("https://elsewhere.example", "/console"),
        ("//elsewhere.example", "/console"),
        ("/\\elsewhere.example", "/console"),
    ],
)
def test_the_login_page_leads_only_to_our_own_pages(town: Town, goto: str, leads_to: str):
    add_user(town)
    form = {"login": "li", "password": PASSWORD, "goto": goto}
    answer = town.client.post("/login", data=form, follow_redirects=False)
    assert answer.headers["location"] == leads_to


# Districts -------------------------------------------------------------------------------------


def same_refusal(hidden, absent, key: str, other: str) -> bool:
    return (hidden.status_code, hidden.text) == (404, absent.text.replace(other, key))


def test_another_districts_ticket_does_not_exist(town: Town):
    town.report("B1", "T9-0")
    for call in ("tickets/{}", "tickets/{}/urge", "tickets/{}/callback", "tickets/{}/detach"):
        body = {"reason": "x"} if "detach" in call else {}
        body = {"power_on": True} if "callback" in call else body
        ask = (
            (lambda path: town.get(path, "west-agent"))
            if call.endswith("{}")
            else (lambda path, sent=body: town.post(path, "west-agent", sent))
        )
        hidden, absent = ask(call.format("B1")), ask(call.format("ZZ"))
        assert same_refusal(hidden, absent, "B1", "ZZ"), (call, hidden.text, absent.text)


def test_another_districts_outage_does_not_exist(town: Town):
    outage = town.report("B1", "T9-0").json()["outage"]["id"]
    hidden = town.get(f"outages/{outage}", "west-dispatcher")
    absent = town.get("outages/999999", "west-dispatcher")
    assert same_refusal(hidden, absent, str(outage), "999999")
    assert town.get("outages", "west-dispatcher").json() == []
    assert len(town.get("outages", "east-dispatcher").json()) == 1


def test_an_account_of_another_district_is_answered_like_one_that_is_not_there(town: Town):
    for query in ({"account": "T9-0"}, {"phone": "13900005678"}, {"lon": EAST_LON, "lat": LAT}):
        hidden = town.get("known-outage", "west-agent", **query)
        absent = town.get("known-outage", "west-agent", account="no such account")
        assert hidden.json() == absent.json()


def test_a_report_for_another_district_is_kept_and_nothing_is_said_of_it(town: Town):
    body = {"id": "B1", "channel": "phone", "account": "T9-0"}
    stored = town.post("tickets", "west-agent", body)
    assert (stored.status_code, stored.json()["disposition"]) == (201, "unlocated")
    assert "east" not in stored.text and stored.json()["outage"] is None
    assert town.get("tickets/B1", "east-agent").json()["disposition"] == "new_outage"
    again = town.post("tickets", "west-agent", body)
    assert (again.status_code, again.json()) == (200, stored.json())


def test_an_id_of_another_district_says_nothing_of_its_ticket(town: Town):
    town.report("B1", "T9-0", description="a secret")
    answer = town.post("tickets", "west-agent", {"id": "B1", "channel": "web", "account": "T1-0"})
    assert answer.status_code == 409
    assert "secret" not in answer.text and "east" not in answer.text


# Telephone numbers -----------------------------------------------------------------------------


def test_numbers_are_masked_for_those_who_need_not_see_them(town: Town):
    outage = town.report("A1", phone="13800001234").json()["outage"]["id"]
    for who, shown in (
        ("agent", "13800001234"),
        ("dispatcher", "13800001234"),
        ("supervisor", "138****1234"),
        ("integration", "138****1234"),
    ):
        assert town.get("tickets/A1", who).json()["phone"] == shown
        assert town.get(f"outages/{outage}", who).json()["tickets"][0]["phone"] == shown


def test_an_unlocated_callers_number_is_masked_in_the_worklist(town: Town):
    town.report("A1", account=None, phone="13011112222")
    assert town.get("worklist", "supervisor").json()[0]["title"] == "130****2222"
    assert town.get("worklist", "dispatcher").json()[0]["title"] == "13011112222"


@pytest.mark.parametrize(
    ("number", "shown"), [("13800001234", "138****1234"), ("110", "****10"), ("1", "****1")]
)
def test_a_masked_number_keeps_its_ends(number: str, shown: str):
    assert masked(number) == shown
