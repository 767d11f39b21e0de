"""The private cluster: who may own it, and what it survives."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from dispatch.store import cluster as c
from dispatch.store.cluster import Cluster, Layout, cluster, join, reach, status
from tests.conftest import ROOT, a_folder_for_servers

OWNER = """
import sys, signal
from pathlib import Path
from dispatch.store.cluster import cluster
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
with cluster(Path(sys.argv[1]), program="an owner", lasting=sys.argv[2] == "lasting"):
    print("up", flush=True)
    signal.pause()
"""
# The interpreter may be closed to other users: import as root, then become one of them.
AS_ANOTHER = """
import os, sys
from pathlib import Path
from dispatch.store.cluster import cluster
os.setgroups([]); os.setgid(int(sys.argv[3])); os.setuid(int(sys.argv[2]))
with cluster(Path(sys.argv[1])) as url:
    print(url)
"""
SERVER_ACCOUNT = {"user": "postgres", "group": "postgres", "extra_groups": []}


@contextmanager
def another_owner(home: Path, kind: str = "lasting") -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home), kind], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        try:
            yield owner
        finally:
            owner.send_signal(signal.SIGINT)


def execute(home: Path, statement: str) -> list[tuple[object, ...]]:
    layout = Layout(home)
    with psycopg.connect(host=str(layout.socket), user=c.USER, dbname=c.DATABASE) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def postmaster(home: Path) -> int:
    return int(Layout(home).pid_file.read_text().split()[0])


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def new_cluster() -> Iterator[Path]:
    """A cluster as initdb leaves it, made once."""
    folder = a_folder_for_servers()
    with cluster(folder):
        pass
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def home(server_folder: Path, new_cluster: Path) -> Path:
    subprocess.run(["cp", "-a", f"{new_cluster}/.", str(server_folder)], check=True)
    return server_folder


def commit_a_row(home: Path) -> None:
    execute(home, "CREATE TABLE kept AS SELECT 42 AS answer")


def the_row(home: Path) -> list[tuple[object, ...]]:
    return execute(home, "SELECT answer FROM kept")


def test_it_listens_on_no_network_and_knows_chinese_letters(home):
    with cluster(home):
        settings = execute(
            home,
            "SELECT current_setting('listen_addresses'), current_setting('data_checksums'),"
            " datctype, '南昌' ~ '^[[:alpha:]]+$' FROM pg_database WHERE datname = 'relight'",
        )
    assert settings == [("", "on", "C.UTF-8", True)]


def test_a_second_owner_is_refused_and_told_who_owns(home):
    with another_owner(home) as owner:
        with pytest.raises(c.ClusterInUse, match=rf"an owner \(pid {owner.pid}\)"):
            Cluster(home).start()
        assert status(home).running


def test_a_refused_owner_leaves_the_record_of_the_first(home):
    with another_owner(home) as owner:
        with pytest.raises(c.ClusterInUse):
            Cluster(home, program="late").start()
        assert status(home).owner == c.Owner(owner.pid, "an owner", lasting=True)


def test_others_join_a_lasting_owner(home):
    with another_owner(home):
        with reach(home) as url:
            assert url == join(home)
            assert execute(home, "SELECT 1") == [(1,)]
        assert status(home).running


def test_nobody_joins_an_owner_who_soon_stops(home):
    with another_owner(home, "passing"), pytest.raises(c.ClusterInUse):
        join(home)


def test_joining_an_empty_folder_says_what_to_start(server_folder):
    with pytest.raises(c.ClusterNotRunning, match="relight serve"):
        join(server_folder)


def test_looking_at_a_folder_changes_nothing(server_folder):
    home = server_folder / "never"
    assert not status(home).initialised
    assert not home.exists()


def test_a_stopped_cluster_leaves_no_process_and_keeps_its_rows(home):
    with cluster(home):
        commit_a_row(home)
        pid = postmaster(home)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with cluster(home):
        assert the_row(home) == [(42,)]


def test_a_server_that_outlived_its_owner_is_adopted_and_stopped(home):
    with another_owner(home) as owner:
        commit_a_row(home)
        pid = postmaster(home)
        kill(owner.pid)
        owner.wait()
    assert status(home).owner is None
    with cluster(home):
        assert postmaster(home) == pid
        assert the_row(home) == [(42,)]
    assert not status(home).running


def test_rows_survive_the_killing_of_owner_and_server(home):
    with another_owner(home) as owner:
        commit_a_row(home)
        pid = postmaster(home)
        kill(owner.pid)
        kill(pid)
        owner.wait()
    assert Layout(home).pid_file.exists()
    with cluster(home):
        assert postmaster(home) != pid
        assert the_row(home) == [(42,)]


def test_a_server_killed_under_a_living_owner_comes_back_with_the_next(home):
    with another_owner(home) as owner:
        commit_a_row(home)
        kill(postmaster(home))
        owner.send_signal(signal.SIGINT)
        owner.wait()
    with cluster(home):
        assert the_row(home) == [(42,)]


def test_a_stale_pid_that_now_names_another_process_does_not_stop_the_start(home):
    with cluster(home):
        commit_a_row(home)
        record = Layout(home).pid_file.read_text()
    layout = Layout(home)
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, **server_account()) as innocent:
        layout.pid_file.write_text(record.replace(record.split()[0], str(innocent.pid), 1))
        with cluster(home):
            assert the_row(home) == [(42,)]
        assert innocent.poll() is None
        innocent.stdin.close()


def test_an_initialisation_that_was_cut_off_begins_again(server_folder):
    (server_folder / "data.new").mkdir()
    (server_folder / "data.new" / "PG_VERSION").write_text("15\n")
    with cluster(server_folder):
        assert execute(server_folder, "SELECT 1") == [(1,)]


def test_a_folder_too_deep_for_a_socket_gets_one_elsewhere(server_folder):
    home = server_folder / ("a-long-name-" * 8)
    with cluster(home):
        assert Layout(home).socket.parent == Path("/tmp")
        assert execute(home, "SELECT 1") == [(1,)]
    Layout(home).socket.rmdir()


def test_a_name_with_blanks_and_quotes_is_no_trouble(server_folder):
    home = server_folder / 'it\'s a "home" 南昌'
    with cluster(home):
        assert execute(home, "SELECT 1") == [(1,)]


def test_a_server_that_cannot_start_says_why_and_gives_the_folder_up(home):
    broken = Cluster(home, settings={"shared_buffers": "plenty"})
    with pytest.raises(c.ClusterStartFailed, match="plenty"):
        broken.start()
    with cluster(home):
        assert execute(home, "SELECT 1") == [(1,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_root_is_told_which_folder_is_closed_to_the_server(server_folder):
    closed = server_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(c.ClusterFolderUnusable, match="closed is closed to the system user"):
        Cluster(closed / "home").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's process")
def test_an_ordinary_user_runs_a_cluster_of_its_own(server_folder):
    home = server_folder / "theirs"
    home.mkdir()
    os.chown(home, *owner_ids())
    answer = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER, str(home), *map(str, owner_ids())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("postgresql+psycopg://relight@")


def owner_ids() -> tuple[int, int]:
    found = Path("/var/lib/postgresql").stat()
    return found.st_uid, found.st_gid


def server_account() -> dict[str, object]:
    """Whom the server would meet under a reused number: a process of its own user."""
    return SERVER_ACCOUNT if os.geteuid() == 0 else {}
