"""The product as it is run: a private cluster, a web and a worker process, a company in it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, text

from api import processes
from api.callers import Role, issue
from api.house import conninfo_of
from api.settings import Settings
from dispatch.store.cluster import Layout, cluster
from dispatch.store.transaction import open_engine
from tests.bench.load import Plan, Request, Told, send
from tests.bench.memory import cpu_s
from tests.bench.seed import Size, fill, load_roads
from tests.data import ROOT

PATIENCE_S = 120.0
SETTLED_S, AT_REST = 2.0, 0.05
"""A process that took less than this share of a core over so long is at rest."""
RELIGHT = [sys.executable, "-c", "from api.cli import main; main()"]


@dataclass(frozen=True)
class Company:
    """Where everything is."""

    size: Size
    engine: Engine
    port: int
    bare_port: int
    token: str
    web: int
    bare: int
    worker: int
    postgres: int
    folder: Path

    @property
    def conninfo(self) -> str:
        return conninfo_of(self.engine)

    def plan(self, requests: Sequence[Request], seconds: float, **more) -> Plan:
        return Plan(port=self.port, requests=requests, seconds=seconds, token=self.token, **more)

    def send(self, requests: Sequence[Request], seconds: float, **more) -> Told:
        return send(self.plan(requests, seconds, **more))

    def settle(self) -> None:
        """Wait until the processes are at rest: what was measured before may still be worked on."""
        _settle((self.web, self.worker))

    def sql(self, statement: str, **values: object) -> list:
        with self.engine.connect() as connection:
            return list(connection.execute(text(statement), values))


@contextmanager
def running(size: Size) -> Iterator[Company]:
    """Make the company, start its processes, and take everything down at the end."""
    folder = Path(tempfile.mkdtemp(prefix="relight-bench-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with cluster(folder / "home", program="the benchmark", lasting=True) as url:
            engine = open_engine(url, connections=4, patience_s=600)
            _fill(engine, size, folder)
            token = issue(engine, label="bench", role=Role.AGENT, now=datetime.now(UTC))
            with _programs(url, conninfo_of(engine), folder) as started:
                ports, pids = started
                postgres = int(Layout(folder / "home").pid_file.read_text().split()[0])
                company = Company(
                    size=size,
                    engine=engine,
                    port=ports[0],
                    bare_port=ports[1],
                    token=token,
                    web=pids[0],
                    worker=pids[1],
                    bare=pids[2],
                    postgres=postgres,
                    folder=folder,
                )
                yield company
            engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(engine: Engine, size: Size, folder: Path) -> None:
    begun = time.monotonic()
    processes.prepare(engine, Settings())
    with engine.begin() as connection:
        fill(connection, size)
    with engine.begin() as connection:
        load_roads(connection, size, folder)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))
    took = time.monotonic() - begun
    print(f"a company of {size.customers:,} customers, made in {took:.0f} s", file=sys.stderr)


@contextmanager
def _programs(
    url: str, conninfo: str, folder: Path
) -> Iterator[tuple[tuple[int, int], tuple[int, int, int]]]:
    """Start web, worker and the bare endpoint; give the two ports, then the three processes."""
    port, bare_port = free_port(), free_port()
    more = {"RELIGHT_DATABASE_URL": url, "RELIGHT_PORT": str(port), "BENCH_CONNINFO": conninfo}
    with ExitStack() as programs:
        start = partial(program, programs, folder, {**os.environ, **more})
        web = start("web", [*RELIGHT, "web"])
        worker = start("worker", [*RELIGHT, "worker"])
        bare = start("bare", [sys.executable, "-m", "tests.bench.bare", str(bare_port)])
        _wait_for(f"http://127.0.0.1:{port}/readyz", folder / "web.log")
        _wait_for(f"http://127.0.0.1:{bare_port}/openapi.json", folder / "bare.log")
        _settle((web, worker))
        yield (port, bare_port), (web, worker, bare)


def program(
    programs: ExitStack, folder: Path, environment: dict[str, str], name: str, command: list[str]
) -> int:
    """Start a program that is stopped with `programs`; gives its process id."""
    with (folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=ROOT)
    programs.callback(_stop, started)
    return started.pid


def _stop(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    try:
        program.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def _settle(pids: Sequence[int]) -> None:
    """Wait until processes are at rest; after their start: roads read, code compiled.

    A storm does not break in the first seconds of a server's life, and what a start costs is no
    part of what a report costs.
    """
    end = time.monotonic() + PATIENCE_S
    spent = [cpu_s(pid) for pid in pids]
    while time.monotonic() < end:
        time.sleep(SETTLED_S)
        before, spent = spent, [cpu_s(pid) for pid in pids]
        if all(now - then < AT_REST * SETTLED_S for then, now in zip(before, spent, strict=True)):
            return
    print("the processes are still busy", file=sys.stderr)


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def wait_for_port(port: int, log: Path) -> None:
    """Wait until somebody listens on a port of this machine."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError(f"nobody listens on {port}:\n{log.read_text('utf-8', 'replace')[-2000:]}")


def _wait_for(address: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    last: OSError | None = None
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError as error:
            last = error
            time.sleep(0.1)
    said = log.read_text("utf-8", "replace")[-2000:]
    raise RuntimeError(f"{address} does not answer ({last}):\n{said}")
