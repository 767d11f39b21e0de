"""A closure is in the graph of every process, and gone again; the record says how soon."""

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from shapely import LineString
from sqlalchemy import Engine, text

from dispatch.store import roads as stored
from dispatch.store.roads import Closing, taken_by
from dispatch.store.transaction import reading
from tests.api.grid import lay_roads, place
from tests.api.test_programs import PROGRAM


class Process:
    """A gateway of its own, which follows the roads as every process does."""

    def __init__(self, url: str) -> None:
        self._program = subprocess.Popen(
            [*PROGRAM, "gateway"],
            env={
                **os.environ,
                "RELIGHT_DATABASE_URL": url,
                "RELIGHT_GATEWAY_PORT": "0",
                "RELIGHT_LOG": "text",
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self._program.pid

    def says(self, pattern: str) -> re.Match[str]:
        """Read on until it says so."""
        said = []
        for line in self._program.stderr:  # type: ignore[union-attr]
            said.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError("".join(said))

    def end(self) -> None:
        self._program.kill()
        self._program.wait()


@pytest.fixture
def processes(database: Engine, database_url: str) -> Iterator[list[Process]]:
    lay_roads(database)
    started = [Process(database_url) for _ in range(2)]
    yield started
    for process in started:
        process.end()


def close(engine: Engine, *, along: float) -> int:
    now = datetime.now(UTC)
    closing = Closing(
        district_id=None,
        reason="flood",
        drawn=LineString([place(0, along), place(0, along + 0.2)]),
        starts_at=now,
        ends_at=None,
        by="test",
    )
    with engine.begin() as connection:
        return stored.add_closure(connection, closing, now=now).id


def test_a_closure_is_first_in_the_journal_and_then_in_the_graph_of_every_process(
    database: Engine, processes: list[Process]
):
    for process in processes:
        process.says(r"roads are followed; 0 closures are shut here")
    closed = [close(database, along=0.4), close(database, along=1.4)]
    for closure_id in closed:
        for process in processes:
            process.says(rf"closure {closure_id} is shut here, \d+\.\d{{3}} s after")
    with database.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT closure_id, process, taken_at, ("
                " SELECT recorded_at FROM event"
                " WHERE stream = 'closure:' || closure_id AND kind = 'closure.closed') AS told_at"
                " FROM road_closure_taken ORDER BY closure_id, process"
            )
        ).all()
    assert len(rows) == 4
    assert all(row.told_at < row.taken_at for row in rows)
    assert {int(row.process.rpartition(":")[2]) for row in rows} == {p.pid for p in processes}
    with reading(database) as connection:
        taken = taken_by(connection, closed)
    for closure_id in closed:
        took = [
            (r.taken_at - r.told_at).total_seconds() for r in rows if r.closure_id == closure_id
        ]
        assert taken[closure_id].processes == 2
        assert taken[closure_id].slowest_s == pytest.approx(max(took), abs=1e-4)


def test_a_process_that_begins_later_has_what_is_shut_and_calls_it_no_news(
    database: Engine, database_url: str
):
    lay_roads(database)
    close(database, along=0.4)
    late = Process(database_url)
    try:
        late.says(r"roads are followed; 1 closures are shut here")
    finally:
        late.end()
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM road_closure_taken")) == 0


def test_a_lifted_closure_is_gone_from_every_process_and_each_notes_when(
    database: Engine, database_url: str, processes: list[Process]
):
    for process in processes:
        process.says(r"roads are followed; 0 closures are shut here")
    closure_id = close(database, along=0.4)
    for process in processes:
        process.says(rf"closure {closure_id} is shut here")
    late = Process(database_url)
    try:
        late.says(r"roads are followed; 1 closures are shut here")
        with database.begin() as connection:
            now = datetime.now(UTC)
            assert stored.lift_closure(connection, closure_id, by="test", now=now)
        for process in (*processes, late):
            process.says(rf"closure {closure_id} is open here, \d+\.\d{{3}} s after")
    finally:
        late.end()
    with database.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT process, taken_at, opened_at, ("
                " SELECT recorded_at FROM event"
                " WHERE stream = 'closure:' || closure_id AND kind = 'closure.opened') AS told_at"
                " FROM road_closure_taken"
            )
        ).all()
    assert all(row.told_at < row.opened_at for row in rows)
    had = {int(row.process.rpartition(":")[2]): row.taken_at is not None for row in rows}
    assert had == {**{each.pid: True for each in processes}, late.pid: False}
    with reading(database) as connection:
        assert taken_by(connection, [closure_id])[closure_id].processes == 2
