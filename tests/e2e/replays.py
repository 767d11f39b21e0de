"""Replays on a network that was loaded once: each on a clone of its own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import Connection, create_engine, make_url, text

from api.replaying import load_all, replay_on
from dispatch.drill.replay.lines import must_read
from dispatch.store.cluster import Layout
from dispatch.store.loading.how import How
from tests.conftest import a_database

BEGIN = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
Told = Mapping[str, Any]


def at(minutes: float) -> str:
    return (BEGIN + timedelta(minutes=minutes)).isoformat()


def call(minutes: float, ticket_id: str, account: str | None = None, **said: object) -> Told:
    line = {"at": at(minutes), "type": "ticket", "id": ticket_id, **said}
    return line if account is None else {**line, "account": account}


def say(minutes: float, what: str, **said: object) -> Told:
    return {"at": at(minutes), "type": what, **said}


def jsonl(lines: Sequence[Told]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@dataclass(frozen=True)
class Fault:
    """A device of the network and connected accounts below it, by transformer."""

    device: str
    homes: Mapping[str, Sequence[str]]

    @property
    def accounts(self) -> list[str]:
        """Every account, one of each transformer in turn."""
        most = max(map(len, self.homes.values()))
        return [
            homes[n]
            for n in range(most)
            for _, homes in sorted(self.homes.items())
            if n < len(homes)
        ]

    def calls(self, name: str, begin: float, count: int, every: float = 0.7) -> list[Told]:
        """So many customers call, one after the other."""
        return [
            call(begin + every * n, f"{name}{n:02d}", account)
            for n, account in zip(range(count), self.accounts, strict=False)
        ]


@dataclass(frozen=True)
class Utility:
    """A loaded network, and replays on clones of it."""

    cluster: Layout
    template: str

    def replay(self, lines: Sequence[Told], prepare: str | None = None) -> list[Told]:
        """Everything told of these lines."""
        with self.after(lines, prepare) as (told, _):
            return told

    @contextmanager
    def after(
        self, lines: Sequence[Told], prepare: str | None = None
    ) -> Iterator[tuple[list[Told], Connection]]:
        """Everything told, and the database as the replay left it."""
        good, _ = must_read(jsonl(lines).splitlines(), skip_bad=False)
        with a_database(self.cluster, template=self.template) as url:
            engine = create_engine(url)
            if prepare is not None:
                with engine.begin() as connection:
                    connection.execute(text(prepare))
            with replay_on(url, good[0].at) as ready:
                told = list(ready.run(good))
            with engine.connect() as connection:
                yield told, connection
            engine.dispose()

    def faults(self, kind: str, transformers: tuple[int, int], homes: int) -> list[Fault]:
        """Devices with so many transformers below, each of those with at least so many homes."""
        engine = create_engine(self.cluster.url(self.template))
        with engine.connect() as connection:
            found = connection.execute(text(_FAULTS), {"kind": kind, "homes": homes}).all()
        engine.dispose()
        low, high = transformers
        return [Fault(row.id, row.homes) for row in found if low <= len(row.homes) <= high]


_FAULTS = """
SELECT id, feeder_id, jsonb_object_agg(transformer_id, accounts) AS homes
FROM (
    SELECT device.id, device.feeder_id, transformer.id AS transformer_id,
        jsonb_agg(account ORDER BY account) AS accounts, count(*) AS customers
    FROM device
    JOIN transformer ON transformer.feeder_id = device.feeder_id
        AND transformer.device_pre >= device.pre AND transformer.device_pre < device.post
    JOIN usage_point ON usage_point.transformer_id = transformer.id
        AND usage_point.disconnected_for IS NULL
    WHERE device.kind = :kind
    GROUP BY 1, 2, 3
) AS below
GROUP BY id, feeder_id HAVING min(customers) >= :homes ORDER BY id
"""


@contextmanager
def utility_of(cluster: Layout, *network: Path, crs: str | None = None) -> Iterator[Utility]:
    """Load a network once, for many replays."""
    with a_database(cluster) as url:
        quiet = Console(quiet=True)
        how = How(zone="UTC", crs=crs)
        load_all(url, {"network": network}, how=how, now=BEGIN, console=quiet)
        name = make_url(url).database
        assert name is not None
        yield Utility(cluster, name)


def of(told: Sequence[Told], kind: str) -> list[Told]:
    return [line for line in told if line["type"] == kind]


def members(told: Sequence[Told]) -> dict[int, list[str]]:
    """The tickets of each outage in the end; outages without any are left out."""
    assert told[-1]["type"] == "partition"
    return {part["outage"]: part["tickets"] for part in told[-1]["outages"] if part["tickets"]}
