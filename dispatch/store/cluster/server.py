"""The server of a private cluster: started, adopted, joined, looked at, stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from dispatch.store import binaries
from dispatch.store.cluster.account import Account, account_for, as_user
from dispatch.store.cluster.folder import (
    DATABASE,
    POLL_S,
    PORT,
    USER,
    ClusterInUse,
    ClusterNotRunning,
    ClusterStartFailed,
    Layout,
    Owner,
    Status,
    is_held,
    open_lock,
    take,
)
from dispatch.store.cluster.making import ENVIRONMENT, defaults, prepare


class Cluster:
    """A private cluster and the right to start and stop it.

    Parameters
    ----------
    home
        The folder that holds everything; made when absent.
    program
        What to call the owner when somebody else is refused.
    lasting
        Whether other programs may join while this one lives.
    settings
        Server settings that replace ours, such as `{"shared_buffers": "2GB"}`.
    """

    def __init__(
        self,
        home: Path,
        *,
        program: str = Path(sys.argv[0]).name or "python",
        lasting: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.layout = Layout(home)
        self._me = Owner(os.getpid(), program, lasting)
        self._settings = dict(settings or {})
        self._lock: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    def start(self, *, patience_s: float = 300.0) -> str:
        """Become the owner, bring the server up or adopt the running one, and give its address.

        Raises
        ------
        ClusterInUse
            Another program owns the folder.
        ClusterFolderUnusable, ClusterStartFailed, PostgresMissing
            The server cannot run here; the message says why.
        """
        layout = self.layout
        layout.home.mkdir(parents=True, exist_ok=True)
        self._lock = open_lock(layout.owner_lock)
        try:
            self._claim(self._lock)
            account = account_for(layout)
            prepare(layout, account)
            self._bring_up(account, patience_s)
            _ensure_database(layout)
        except BaseException:
            self.stop()
            raise
        return layout.url()

    def stop(self, *, patience_s: float = 60.0) -> None:
        """Shut the server down and give the folder up; does nothing when not started."""
        if self._pid is not None:
            for word, patience in ((signal.SIGINT, patience_s), (signal.SIGQUIT, 30.0)):
                with suppress(ProcessLookupError):
                    os.kill(self._pid, word)
                if self._wait_until_free(patience):
                    break
            self._pid = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _claim(self, lock: int) -> None:
        if not take(lock, patience_s=0.5):
            raise ClusterInUse(self.layout.home, self.layout.owner())
        record = {"pid": self._me.pid, "program": self._me.program, "lasting": self._me.lasting}
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(record).encode(), 0)

    def _bring_up(self, account: Account | None, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        lock = open_lock(self.layout.server_lock)
        try:
            while not take(lock):
                # Somebody of the last server lives: a whole server, or one that is dying.
                if _answers(self.layout):
                    self._pid = _postmaster(self.layout)[0]
                    return
                _wait(deadline, f"an old server in {self.layout.data} neither serves nor ends")
            self.layout.forget_dead_server()
            self._launch(account, lock)
        finally:
            os.close(lock)  # ours; the server keeps its own copy
        self._wait_until_ready(deadline)

    def _launch(self, account: Account | None, lock: int) -> None:
        layout = self.layout
        major = int((layout.data / "PG_VERSION").read_text().strip())
        command = [binaries.choose_server(major).program("postgres"), "-D", str(layout.data)]
        for name, value in (defaults(layout) | self._settings).items():
            command += ["-c", f"{name}={value}"]
        with (layout.log / "start.log").open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 (found binary, no shell)
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=layout.data,
                env=ENVIRONMENT,
                pass_fds=[lock],
                start_new_session=True,  # Ctrl-C at the terminal is the owner's business
                **as_user(account),
            )
        self._pid = self._child.pid

    def _wait_until_ready(self, deadline: float) -> None:
        child = self._child
        while child is not None and _postmaster(self.layout) != (child.pid, "ready"):
            if child.poll() is not None:
                self._pid = None
                raise ClusterStartFailed(
                    f"PostgreSQL in {self.layout.data} ended with {child.returncode}:\n"
                    + _last_words(self.layout.log)
                )
            _wait(deadline, f"PostgreSQL in {self.layout.data} is still starting")

    def _wait_until_free(self, patience_s: float) -> bool:
        deadline = time.monotonic() + patience_s
        lock = open_lock(self.layout.server_lock)
        try:
            while not take(lock):
                if self._child is not None:
                    self._child.poll()
                if time.monotonic() > deadline:
                    return False
                time.sleep(POLL_S)
            if self._child is not None:
                self._child.wait()
            return True
        finally:
            os.close(lock)


@contextmanager
def cluster(
    home: Path,
    *,
    program: str = Path(sys.argv[0]).name or "python",
    lasting: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Own the cluster in `home` for the length of the block; gives its SQLAlchemy address."""
    owned = Cluster(home, program=program, lasting=lasting, settings=settings)
    yielded = owned.start()
    try:
        yield yielded
    finally:
        owned.stop()


def join(home: Path) -> str:
    """Give the address of the cluster that a lasting owner keeps in `home`.

    Raises
    ------
    ClusterInUse
        The owner stops the server when its own work is done, so nobody may rely on it.
    ClusterNotRunning
        No program keeps a server there.
    """
    found = status(home)
    if found.owner is not None and not found.owner.lasting:
        raise ClusterInUse(found.home, found.owner)
    if found.owner is None or not found.running:
        raise ClusterNotRunning(
            f"no database is running in {found.home}: start `relight serve` or `relight db start` "
            "first, or set RELIGHT_DATABASE_URL"
        )
    return found.url


@contextmanager
def reach(home: Path, *, program: str = Path(sys.argv[0]).name or "python") -> Iterator[str]:
    """Join the cluster in `home` when somebody keeps it, else own it for the block."""
    if status(home).owner is not None:
        yield join(home)
        return
    with cluster(home, program=program) as url:
        yield url


def status(home: Path) -> Status:
    """Look at `home` without changing anything."""
    layout = Layout(home)
    return Status(
        home=layout.home,
        initialised=layout.data.is_dir(),
        running=is_held(layout.server_lock) and _answers(layout),
        owner=layout.owner() if is_held(layout.owner_lock) else None,
        url=layout.url(),
    )


def _connect(layout: Layout) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=str(layout.socket),
        port=PORT,
        user=USER,
        dbname="postgres",
        autocommit=True,
        connect_timeout=5,
    )


def _answers(layout: Layout) -> bool:
    try:
        with _connect(layout) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
    except psycopg.OperationalError:
        return False
    return row is not None and row[0] == str(layout.data)


def _postmaster(layout: Layout) -> tuple[int, str]:
    """Read the process id and state in the server's own record; (0, "") without one."""
    try:
        lines = layout.pid_file.read_text().splitlines()
    except FileNotFoundError:
        return 0, ""
    return (int(lines[0]), lines[7].strip()) if len(lines) > 7 else (0, "")  # noqa: PLR2004


def _ensure_database(layout: Layout) -> None:
    with _connect(layout) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if found.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _wait(deadline: float, complaint: str) -> None:
    if time.monotonic() > deadline:
        raise ClusterStartFailed(complaint)
    time.sleep(POLL_S)


def _last_words(log: Path, lines: int = 15) -> str:
    newest = max(log.glob("*.log"), key=lambda f: f.stat().st_mtime, default=None)
    return "" if newest is None else "\n".join(newest.read_text("utf-8").splitlines()[-lines:])
