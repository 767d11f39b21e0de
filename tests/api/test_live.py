"""The live stream of a running server: what changed, for whom, and that it still lives."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn

from api.app import create_app
from api.callers import Caller, Role, issue
from api.house import House
from api.live import BACKLOG, Poke, Subscription
from api.processes import Server
from api.settings import WebSettings
from dispatch.store import access
from tests.api.conftest import tokens_for
from tests.store.builders import LAT, LON, NOW

PATIENCE_S = 20.0


@dataclass
class Running:
    """A server on a port of its own."""

    url: str
    server: Server
    thread: threading.Thread
    house: House
    tokens: dict[str, str]

    def headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}"}

    def report(self, ticket_id: str, account: str) -> None:
        body = {"id": ticket_id, "channel": "phone", "account": account}
        answer = httpx.post(f"{self.url}/api/v1/tickets", json=body, headers=self.headers("agent"))
        assert answer.status_code == 201, answer.text

    @contextmanager
    def stream(self, who: str) -> Iterator[Iterator[tuple[str, dict[str, str]]]]:
        with httpx.stream(
            "GET", f"{self.url}/api/v1/live", headers=self.headers(who), timeout=PATIENCE_S
        ) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert "gzip" in answer.request.headers["accept-encoding"]
            assert "content-encoding" not in answer.headers
            yield messages(answer.iter_lines())


def messages(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, str]]]:
    event = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


def until(found: Iterator[tuple[str, dict[str, str]]], event: str) -> dict[str, str]:
    return next(data for kind, data in found if kind == event)


@pytest.fixture
def running(house: House) -> Iterator[Running]:
    app = create_app(WebSettings(), house)
    config = uvicorn.Config(
        app, port=0, log_config=None, access_log=False, timeout_graceful_shutdown=10
    )
    server = Server(config, app)
    listening = config.bind_socket()
    listening.listen()  # from here on a client may connect; it is answered once the server runs
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    port = listening.getsockname()[1]
    yield Running(f"http://127.0.0.1:{port}", server, thread, house, tokens_for(house.engine))
    server.should_exit = True
    thread.join(PATIENCE_S)
    listening.close()
    assert not thread.is_alive()


def test_a_report_is_told_by_kind_and_id_only(running: Running):
    with running.stream("dispatcher") as found:
        until(found, "heartbeat")
        running.report("A1", "T1-0")
        told = until(found, "changed")
        assert set(told) == {"kind", "thing", "key"}
        assert told["thing"] in {"ticket", "outage", "order"}


def test_another_district_hears_only_the_heartbeat(running: Running):
    with running.stream("east-dispatcher") as found:
        until(found, "heartbeat")
        running.report("A1", "T1-0")
        assert {next(found)[0] for _ in range(2)} == {"heartbeat"}
        running.report("B1", "T9-0")
        assert until(found, "changed")["key"]


def test_the_heartbeat_says_that_the_server_hears(running: Running):
    with running.stream("supervisor") as found:
        beats = (data["state"] for kind, data in found if kind == "heartbeat")
        assert "live" in {next(beats) for _ in range(2)}


def test_a_revoked_token_ends_its_stream(running: Running):
    engine, now = running.house.engine, datetime.now(UTC)
    running.tokens["short"] = issue(engine, label="short", role=Role.DISPATCHER, now=now)
    with running.stream("short") as found:
        until(found, "heartbeat")
        with engine.begin() as c:
            access.revoke_token(c, "short", now)
        assert all(kind == "heartbeat" for kind, _ in found)


def test_a_listener_that_lost_the_database_comes_back_and_says_so(running: Running):
    with running.stream("dispatcher") as found:
        until(found, "heartbeat")
        with running.house.engine.begin() as c:
            c.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
            )
        until(found, "reread")
        running.report("A1", "T1-0")
        until(found, "changed")


def test_a_new_position_of_a_crew_on_its_way_tells_when_it_arrives(running: Running):
    running.report("A1", "T1-0")
    with (
        httpx.Client(base_url=f"{running.url}/api/v1") as client,
        running.stream("dispatcher") as found,
    ):
        until(found, "heartbeat")
        order = send_crew(running, client)
        assert (
            client.get(f"orders/{order}/eta", headers=running.headers("dispatcher")).status_code
            == 404
        )
        fix = {"id": "p1", "lon": LON + 0.01, "lat": LAT, "fixed_at": NOW.isoformat()}
        client.post(
            "crew/positions", json={"positions": [fix]}, headers=running.headers("C1")
        ).raise_for_status()
        told = next(data for kind, data in found if data.get("thing") == "eta")
        assert told["key"] == str(order)
        eta = client.get(f"orders/{order}/eta", headers=running.headers("dispatcher")).json()
    assert (eta["basis"], eta["fixed_at"], eta["stale"]) == (
        "straight_line",
        NOW.isoformat().replace("+00:00", "Z"),
        False,
    )
    drive = datetime.fromisoformat(eta["arrives_at"]) - NOW
    assert 60 < drive.total_seconds() < 180


def send_crew(running: Running, client: httpx.Client) -> int:
    """Send crew C1 to the only outage, and let it drive; the order's number."""
    desk = running.headers("dispatcher")
    (outage,) = client.get("outages", headers=desk).json()
    tag = client.get(f"outages/{outage['id']}", headers=desk).headers["etag"]
    sent = client.put(
        f"outages/{outage['id']}/assignment",
        json={"crew_id": "C1", "reason": "near"},
        headers={**desk, "If-Match": tag},
    )
    order = int(sent.json()["order"]["id"])
    driving = [
        {"id": kind, "seq": n, "kind": kind, "order_id": order, "occurred_at": NOW.isoformat()}
        for n, kind in enumerate(("accept", "en_route"), 1)
    ]
    client.post(
        "crew/actions", json={"actions": driving}, headers=running.headers("C1")
    ).raise_for_status()
    return order


def test_an_open_stream_does_not_hold_up_a_stop(running: Running):
    with running.stream("dispatcher") as found:
        until(found, "heartbeat")
        running.server.should_exit = True
        assert all(kind in {"heartbeat", "changed", "reread"} for kind, _ in found)
    running.thread.join(PATIENCE_S)
    assert not running.thread.is_alive()


def test_a_screen_too_slow_is_told_to_read_anew():
    slow = Subscription(Caller(name="x", role=Role.AGENT, districts=frozenset()))
    for n in range(BACKLOG + 1):
        slow.tell(Poke(n, "ticket.received", f"ticket:{n}", None))
    assert slow.missed
