"""The gateway with 5,000 terminals connected, against a bare echo and a bare COPY in one run.

The generator shares the machine with what it measures, so the ratios say more than the rates. An
answered position is one that is committed.
"""

import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, text

from api import processes
from api.callers import digest_of
from api.settings import Settings
from dispatch.domain.crew import PositionFix
from dispatch.domain.words import CrewId
from dispatch.store.cluster import Layout, cluster
from dispatch.store.positions import LAST_OF_CREWS
from dispatch.store.transaction import open_engine, transactions
from tests.bench.company import RELIGHT, free_port, program, wait_for_port
from tests.bench.memory import cpu_s, family_cpu_s, resident_mb
from tests.bench.rows import Row
from tests.bench.terminals import Fleet, Heard, drive, phone

TERMINALS, CREWS = 5_000, 500
SECONDS = 5.0
AIM_PER_S, LONG_S = 10_000, 30.0
CODE = "benchmark"
COPIED = 50_000
LAST_QUERIES = 200

_FILL = """
INSERT INTO district (id, name, boundary, assignment_mode) VALUES ('D', 'D',
    ST_Multi(ST_MakeEnvelope(115, 28, 117, 29, 4326)), 'automatic');
INSERT INTO crew (id, name, district_id, skills, base)
    SELECT 'C' || n, 'C' || n, 'D', '{}', ST_Point(115.9, 28.7, 4326)
    FROM generate_series(0, :crews - 1) AS n;
INSERT INTO shift_pattern (crew_id, starts, ends, zone)
    SELECT id, '00:00', '00:00', 'UTC' FROM crew;
INSERT INTO tracker (id, wire, device, label, datum, digest, enrolled_at)
    SELECT 'jt808:' || phone, 'jt808', phone, '', 'wgs84', :digest, now() - interval '1 day'
    FROM (SELECT '139' || lpad(n::text, 8, '0') AS phone FROM generate_series(0, :count - 1) AS n)
        AS numbered;
INSERT INTO tracker_binding (tracker_id, since, crew_id)
    SELECT id, enrolled_at, 'C' || (right(device, 8)::int % :crews) FROM tracker
"""


def rows() -> list[Row]:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder = Path(tempfile.mkdtemp(prefix="relight-bench-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with cluster(folder / "home", program="the benchmark", lasting=True) as url:
            engine = open_engine(url, connections=4, patience_s=600)
            processes.prepare(engine, Settings())
            _fill(engine)
            found = _with_programs(url, engine, folder)
            engine.dispose()
            return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(engine: Engine) -> None:
    values = {"crews": CREWS, "count": TERMINALS, "digest": digest_of(CODE)}
    with engine.begin() as connection:
        for statement in _FILL.split(";\n"):
            connection.execute(text(statement), values)


def _with_programs(url: str, engine: Engine, folder: Path) -> list[Row]:
    port, echo_port = free_port(), free_port()
    more = {"RELIGHT_DATABASE_URL": url, "RELIGHT_GATEWAY_PORT": str(port)}
    with ExitStack() as programs:
        start = partial(program, programs, folder, {**os.environ, **more})
        gateway = start("gateway", [*RELIGHT, "gateway"])
        echo = start("echo", [sys.executable, "-m", "tests.bench.echo", str(echo_port)])
        wait_for_port(port, folder / "gateway.log")
        wait_for_port(echo_port, folder / "echo.log")
        postgres = int(Layout(folder / "home").pid_file.read_text().split()[0])
        bare = _echoed(echo_port, echo)
        found, copied = _copied(engine)
        found = [*bare, *found]
        for terminals, in_a_batch in ((TERMINALS, 1), (TERMINALS // 5, 15)):
            fleet = Fleet(terminals, port, CODE, _begin(5 / in_a_batch), SECONDS, in_a_batch)
            found += _taken(fleet, gateway, postgres, echoed=bare[0].value, copied=copied)
        steady = Fleet(TERMINALS, port, CODE, _begin(0.1), LONG_S, every_s=TERMINALS / AIM_PER_S)
        found += _taken(steady, gateway, postgres, echoed=bare[0].value, copied=copied)
        found += _last(engine)
    return found


def _begin(hours: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=hours)


def _echoed(port: int, pid: int) -> list[Row]:
    before = cpu_s(pid)
    heard = drive(Fleet(TERMINALS, port, CODE, _begin(20), SECONDS, enters=False))
    spent = (cpu_s(pid) - before) / heard.answers * 1e6
    return [
        Row("gateway", "bare echo, frames", heard.per_second, "frames/s", 1.0, f"{TERMINALS} open"),
        Row("gateway", "bare echo: processor", spent, "us/frame"),
    ]


def _copied(engine: Engine) -> tuple[list[Row], float]:
    """The same fixes by COPY into a bare table, and by our own way in batches of 5,000."""
    begin, crews = _begin(10), [CrewId(f"C{n}") for n in range(CREWS)]
    now = datetime.now(UTC)
    fixes = [
        PositionFix(
            id=f"copy:{n % TERMINALS}",
            crew_id=crews[n % CREWS],
            lon=115.9,
            lat=28.7,
            fixed_at=begin + timedelta(seconds=n // TERMINALS),
            received_at=now,
            speed_mps=0.0,
            device=f"copy:{n % TERMINALS}",
        )
        for n in range(COPIED)
    ]
    bare = _bare_copy(engine, fixes)
    began = time.perf_counter()
    for first in range(0, COPIED, 5_000):
        with transactions(engine)() as store:
            store.crews.record_fixes(fixes[first : first + 5_000])
    ours = COPIED / (time.perf_counter() - began)
    return [
        Row("gateway", "bare COPY, no index", bare, "rows/s", 1.0),
        Row("gateway", "our COPY, repeats and last positions", ours, "fixes/s", ours / bare),
    ], bare


def _bare_copy(engine: Engine, fixes: list[PositionFix]) -> float:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE bare_fix (LIKE position_fix)"))
        driver = connection.connection.driver_connection
        lines = "".join(
            f"{f.crew_id}\t{f.id}\t{f.fixed_at.isoformat()}\t{f.received_at.isoformat()}"
            f"\t{f.lon}\t{f.lat}\t\\N\t{f.speed_mps}\tf\t{f.device}\t0\n"
            for f in fixes
        ).encode()
        began = time.perf_counter()
        with driver.cursor() as cursor, cursor.copy("COPY bare_fix FROM STDIN") as copy:
            copy.write(lines)
        took = time.perf_counter() - began
        connection.execute(text("DROP TABLE bare_fix"))
    return len(fixes) / took


def _taken(fleet: Fleet, gateway: int, postgres: int, *, echoed: float, copied: float) -> list[Row]:
    """Positions answered, that is committed, and what each cost."""
    before: list[float] = []
    heard: Heard = drive(fleet, lambda: before.extend((cpu_s(gateway), family_cpu_s(postgres))))
    ours, servers = before
    in_a_batch = fleet.in_a_batch
    fixes = heard.answers * in_a_batch
    rate = fixes / heard.seconds
    what = "single positions" if in_a_batch == 1 else f"batches of {in_a_batch}"
    if fleet.every_s is not None:
        what = f"one position each {fleet.every_s:g} s"
    spent_us = (cpu_s(gateway) - ours) / fixes * 1e6
    server_us = (family_cpu_s(postgres) - servers) / fixes * 1e6
    cores = (spent_us + server_us) * 10_000 / 1e6
    return [
        Row("gateway", what, rate, "fixes/s", rate / echoed, "ratio to the echo's frames"),
        Row("gateway", f"{what}: to bare COPY", rate, "fixes/s", rate / copied),
        Row("gateway", f"{what}: processor, gateway", spent_us, "us/fix"),
        Row("gateway", f"{what}: processor, database", server_us, "us/fix"),
        Row("gateway", f"{what}: at 10,000 fixes/s", cores, "cores", None, "gateway and database"),
        Row("gateway", f"{what}: answer p50", heard.wait_ms(0.5), "ms"),
        Row("gateway", f"{what}: answer p99", heard.wait_ms(0.99), "ms"),
        Row("gateway", f"{what}: all in", heard.connected_s, "s", None, f"{fleet.count} terminals"),
        Row("gateway", f"{what}: told to send again", heard.refused, "messages"),
        Row("gateway", f"{what}: memory", resident_mb(gateway), "MB"),
    ]


def _last(engine: Engine) -> list[Row]:
    """The last position of every crew: the server's own time, and the whole way to Python."""
    with engine.connect() as connection:
        connection.execute(text("ANALYZE crew_position"))
        took = []
        for _ in range(LAST_QUERIES):
            began = time.perf_counter()
            seen = LAST_OF_CREWS.rows(connection, {"districts": None})
            took.append((time.perf_counter() - began) * 1000)
        sent = LAST_OF_CREWS.named.replace("%(districts)s", "NULL")
        plan = "\n".join(
            connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF) {sent}").scalars()
        )
    server = float(plan.rpartition("Execution Time: ")[2].split()[0])
    note = f"{len(seen)} crews, {TERMINALS // CREWS} devices each"
    return [
        Row("gateway", "last position of every crew, server", server, "ms", None, note),
        Row("gateway", "last position of every crew, in Python", statistics.median(took), "ms"),
    ]


assert phone(0) == "13900000000", "the devices in _FILL are named alike"
