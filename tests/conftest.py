"""One private PostgreSQL cluster per test run, a database of its own for each test that commits.

`database` and `database_url` give a fresh clone of the migrated template, dropped afterwards.
`connection` gives a transaction that is rolled back, on a clone that the worker keeps.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from dispatch.store.cluster import Layout
from tests.cluster_keeper import TEMPLATE

ROOT = Path(__file__).resolve().parents[1]
RUN_FOLDER = pytest.StashKey[Path]()
RUN_LOCK = pytest.StashKey[int]()


def a_folder_for_servers() -> Path:
    """A new folder that the server's system user can enter (pytest's own are closed to it)."""
    folder = Path(tempfile.mkdtemp(prefix="relight-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


def pytest_configure(config: pytest.Config) -> None:
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        config.stash[RUN_FOLDER] = Path(worker_input["run_folder"])
        return
    folder = a_folder_for_servers()
    lock = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_SH)
    config.stash[RUN_FOLDER] = folder
    config.stash[RUN_LOCK] = lock


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker of pytest-xdist where the run's cluster is."""
    node.workerinput["run_folder"] = str(node.config.stash[RUN_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    lock = config.stash.get(RUN_LOCK, None)
    if lock is None:
        return
    folder = config.stash[RUN_FOLDER]
    os.close(lock)
    if (folder / "owner.lock").exists():  # let the keeper stop its server first
        with suppress(FileNotFoundError), (folder / "owner.lock").open("rb") as owner:
            fcntl.flock(owner, fcntl.LOCK_SH)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def test_cluster(request: pytest.FixtureRequest) -> Layout:
    """The run's cluster, started by whoever needs it first."""
    folder = request.config.stash[RUN_FOLDER]
    with (folder / "start.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists() and not (folder / "failed").exists():
            _start_keeper(folder)
    if (folder / "failed").exists():
        pytest.fail((folder / "failed").read_text("utf-8"), pytrace=False)
    return Layout(folder)


def _start_keeper(folder: Path) -> None:
    with (folder / "keeper.log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster_keeper", str(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # it outlives this worker, and ends with the run
        )
    assert keeper.stdout is not None
    if not keeper.stdout.readline():
        (folder / "failed").write_text((folder / "keeper.log").read_text("utf-8"), "utf-8")


@contextmanager
def a_database(cluster: Layout, template: str = TEMPLATE, options: str = "") -> Iterator[str]:
    """A new database that is dropped afterwards; gives its address."""
    name = f"test_{uuid.uuid4().hex}"
    admin = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        made = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY {options}"
        connection.execute(text(made))
    yield cluster.url(name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def database_url(test_cluster: Layout) -> Iterator[str]:
    """The address of a migrated, empty database of the test's own."""
    with a_database(test_cluster) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """An engine on a migrated, empty database of the test's own."""
    engine = create_engine(database_url, pool_size=20)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def worker_database(test_cluster: Layout) -> Iterator[Engine]:
    """A migrated database for every test of this worker that commits nothing."""
    with a_database(test_cluster) as url:
        engine = create_engine(url, poolclass=NullPool)
        yield engine
        engine.dispose()


@pytest.fixture
def connection(worker_database: Engine) -> Iterator[Connection]:
    """An open transaction, rolled back at the end; sequences keep what they counted."""
    with worker_database.connect() as opened:
        outer = opened.begin()
        yield opened
        outer.rollback()


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder for a test's own cluster; the test stops what it starts there."""
    folder = a_folder_for_servers()
    yield folder
    shutil.rmtree(folder)
