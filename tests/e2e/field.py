"""A company in miniature for end-to-end tests: loaded inputs, the HTTP application, the queue."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, text

from api import worker
from api.app import create_app
from api.callers import Role, issue
from api.house import House, furnish
from api.settings import WebSettings
from dispatch.domain.clock import PUBLISHED_RULES
from dispatch.store.loading.files import load
from dispatch.store.tables.crews import crew as crew_table
from dispatch.store.tables.crews import shift_pattern as shift_pattern_table
from tests.loops import run_async
from tests.store.builders import add_rules

BEGIN = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # Monday morning in China


@dataclass
class Field:
    """The company: what a test calls, as its people and phones would."""

    engine: Engine
    now: datetime = BEGIN
    tokens: dict[str, str] = field(default_factory=dict)
    seq: int = 0
    client: TestClient | None = None
    house: House | None = None

    def minutes(self, count: float) -> datetime:
        """A time after BEGIN."""
        return BEGIN + timedelta(minutes=count)

    def at(self, count: float) -> datetime:
        """Let the time be so many minutes after BEGIN."""
        self.now = self.minutes(count)
        return self.now

    def load(self, what: str, *paths: Path) -> None:
        with self.engine.begin() as connection:
            load(connection, what, paths, now=self.now)

    def add_crew(self, crew_id: str, lon: float, lat: float, district: str = "main") -> None:
        """A crew round the clock that can do everything, based where it stands."""
        with self.engine.begin() as connection:
            connection.execute(
                insert(crew_table).values(
                    id=crew_id,
                    name=crew_id,
                    district_id=district,
                    skills=[],
                    base=f"SRID=4326;POINT({lon} {lat})",
                )
            )
            connection.execute(
                insert(shift_pattern_table).values(
                    crew_id=crew_id, starts="00:00", ends="00:00", zone="UTC"
                )
            )
        self.tokens[crew_id] = issue(
            self.engine, label=crew_id, role=Role.CREW, crew_id=crew_id, now=datetime.now(UTC)
        )

    def call(self, method: str, path: str, who: str, body: object = None, **headers: str) -> dict:
        response = self.client.request(
            method,
            f"/api/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.tokens[who]}", **headers},
        )
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json()

    def report(self, ticket_id: str, **said: object) -> dict:
        body = {"id": ticket_id, "channel": "phone", "received_at": self.now.isoformat(), **said}
        return self.call("POST", "tickets", "agent", body)

    def acts(self, crew_id: str, kind: str, order_id: int, **said: object) -> dict:
        self.seq += 1
        action = {
            "id": f"{crew_id}-{self.seq}",
            "seq": self.seq,
            "kind": kind,
            "order_id": order_id,
            "occurred_at": self.now.isoformat(),
            **said,
        }
        (done,) = self.call("POST", "crew/actions", crew_id, {"actions": [action]})["actions"]
        return done

    def drives(self, crew_id: str, track: Sequence[tuple[float, float, float]]) -> dict:
        """Send a track: minutes after BEGIN, lon, lat; a phone never gives the very same place."""
        fixes = [
            {
                "id": f"{crew_id}@{minute}",
                "lon": lon + n % 3 * 1e-5,
                "lat": lat,
                "fixed_at": self.minutes(minute).isoformat(),
                "accuracy_m": 8,
            }
            for n, (minute, lon, lat) in enumerate(track)
        ]
        return self.call("POST", "crew/positions", crew_id, {"positions": fixes})

    def work(self) -> None:
        """Let the worker do all that waits in the queue."""
        run_async(worker.run(self.house, concurrency=1, until_idle=True))

    def sql(self, statement: str, **values: object) -> list:
        with self.engine.connect() as connection:
            return list(connection.execute(text(statement), values))


@contextmanager
def opened(field_: Field) -> Iterator[Field]:
    """Open the HTTP application around what was loaded."""
    with field_.engine.begin() as connection:
        add_rules(connection)
    for role in (Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR):
        field_.tokens[role.value] = issue(
            field_.engine, label=role.value, role=role, now=datetime.now(UTC)
        )
    field_.house = furnish(field_.engine, zone="Asia/Shanghai", now=lambda: field_.now)
    try:
        with TestClient(create_app(WebSettings(), field_.house)) as client:
            field_.client = client
            yield field_
    finally:
        field_.house.close()


def minutes_of(rule_id: str, area: str) -> float:
    """The published figure of a rule."""
    rule = next(rule for rule in PUBLISHED_RULES if rule.id == rule_id)
    return next(m for a, m in rule.minutes.items() if a.value == area)
