"""A small town behind a running application: two districts, crews, customers, one token a role."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine, insert

from api.app import create_app
from api.callers import Role, issue
from api.house import House, furnish
from api.settings import WebSettings
from dispatch.store.tables.crews import shift_pattern as shift_pattern_table
from tests.store import builders as build

STEP = build.METRE
EAST_LON = build.LON + 2


@dataclass
class FieldClock:
    """The time of the field, moved by hand."""

    now: datetime = build.NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@dataclass
class Town:
    """Everything a test talks to."""

    client: TestClient
    app: FastAPI
    house: House
    engine: Engine
    clock: FieldClock
    tokens: dict[str, str] = field(default_factory=dict)

    def headers(self, who: str = "agent", **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}", **more}

    def get(self, path: str, who: str = "agent", **query: object) -> Response:
        return self.client.get(f"/api/v1/{path}", params=query, headers=self.headers(who))

    def post(self, path: str, who: str = "agent", body: object = None, **more: str) -> Response:
        return self.client.post(
            f"/api/v1/{path}", json=body or {}, headers=self.headers(who, **more)
        )

    def put(self, path: str, who: str = "dispatcher", body: object = None, **more: str) -> Response:
        return self.client.put(
            f"/api/v1/{path}", json=body or {}, headers=self.headers(who, **more)
        )

    def report(self, ticket_id: str = "A1", account: str = "T1-0", **fields: object) -> Response:
        body = {"id": ticket_id, "channel": "phone", "account": account, **fields}
        return self.post("tickets", body=body)


def settle(engine: Engine) -> None:
    """Put the town into an empty database."""
    with engine.begin() as c:
        build.add_rules(c)
        build.add_district(c, "west", boundary=build.square())
        build.add_district(c, "east", boundary=build.square(lon=EAST_LON))
        build.add_feeder(c, "F1")
        build.add_feeder(c, "F9", "east")
        build.add_device(c, "F1-head", 0, 4, kind="breaker")
        build.add_device(c, "F1-a", 1, 2, parent_id="F1-head")
        build.add_device(c, "F1-b", 2, 3, parent_id="F1-head")
        build.add_transformer(c, "T1", 3, device_id="F1-a", pre=1)
        build.add_transformer(c, "T2", 3, device_id="F1-b", pre=2, lon=build.LON + 300 * STEP)
        build.add_transformer(c, "T9", 2, feeder_id="F9", lon=EAST_LON, district_id="east")
        build.add_home(c, "west-phone", "T1", phones=["13800001234"])
        build.add_home(
            c, "east-phone", "T9", district_id="east", lon=EAST_LON, phones=["13900005678"]
        )
        build.add_home(c, "unpaid", "T1", disconnected_for="arrears")
        for crew_id, district in (("C1", "west"), ("C2", "west"), ("C9", "east")):
            build.add_crew(c, crew_id, district_id=district)
            c.execute(
                insert(shift_pattern_table).values(
                    crew_id=crew_id, starts="00:00", ends="00:00", zone="UTC"
                )
            )


def tokens_for(engine: Engine) -> dict[str, str]:
    now = datetime.now(UTC)
    tokens = {
        role.value: issue(engine, label=role.value, role=role, now=now)
        for role in Role
        if role is not Role.CREW
    }
    for crew_id in ("C1", "C2", "C9"):
        tokens[crew_id] = issue(engine, label=crew_id, role=Role.CREW, crew_id=crew_id, now=now)
    tokens["crew"] = tokens["C1"]
    for district in ("west", "east"):
        for role in (Role.AGENT, Role.DISPATCHER):
            tokens[f"{district}-{role}"] = issue(
                engine, label=f"{district} {role}", role=role, districts=[district], now=now
            )
    return tokens


@pytest.fixture
def clock() -> FieldClock:
    return FieldClock()


@pytest.fixture
def house(database: Engine, clock: FieldClock) -> Iterator[House]:
    settle(database)
    opened = furnish(database, zone="Asia/Shanghai", now=clock)
    yield opened
    opened.close()


@pytest.fixture
def town(house: House, clock: FieldClock) -> Iterator[Town]:
    app = create_app(WebSettings(), house)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Town(client, app, house, house.engine, clock, tokens_for(house.engine))
