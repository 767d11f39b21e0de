"""The private PostgreSQL cluster: a server of our own on a unix socket, in a folder of our own.

Two kernel locks say who is alive, so that no process id is ever trusted:

- `owner.lock` is held by the one program that started the cluster and will stop it. It vanishes
  with that program, however it dies. A second owner is refused.
- `server.lock` is handed down to the server and inherited by each of its processes. While anybody
  holds it the data folder is in use; once it is free nobody can be writing, so a `postmaster.pid`
  left behind is stale whatever process now bears its number.

A server that outlived its owner is adopted by the next one. Programs beside the owner `join`.
The locks need a local file system.
"""

import fcntl
import hashlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict
from urllib.parse import quote

import psycopg
from psycopg import sql

from dispatch.store import binaries

USER = "relight"
DATABASE = "relight"
PORT = 5432
SERVER_ACCOUNT = "postgres"
SOCKET_PATH_LIMIT = 107
POLL_S = 0.02


class ClusterError(Exception):
    """The private cluster cannot be used as asked."""


class ClusterInUse(ClusterError):
    """Another program keeps this folder."""

    def __init__(self, home: Path, owner: "Owner | None") -> None:
        who = f"{owner.program} (pid {owner.pid})" if owner else "a program that is just starting"
        super().__init__(f"{home} is in use by {who}; stop it first, or set another RELIGHT_HOME")
        self.owner = owner


class ClusterNotRunning(ClusterError):
    """Nobody keeps a server running in this folder."""


class ClusterFolderUnusable(ClusterError):
    """The account that has to run the server cannot work in this folder."""


class ClusterStartFailed(ClusterError):
    """The server did not come up; the message holds its last words."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The program that keeps a cluster; a lasting one lets others join."""

    pid: int
    program: str
    lasting: bool


@dataclass(frozen=True, slots=True)
class Status:
    """What stands in a folder: its owner, its server and how to reach it."""

    home: Path
    initialised: bool
    running: bool
    owner: Owner | None
    url: str


@dataclass(frozen=True, slots=True)
class Account:
    """The system account that runs the server."""

    name: str
    uid: int
    gid: int


class Layout:
    """The names inside a home folder."""

    def __init__(self, home: Path) -> None:
        self.home = home.expanduser().resolve()
        self.data = self.home / "data"
        self.log = self.home / "log"
        self.owner_lock = self.home / "owner.lock"
        self.server_lock = self.home / "server.lock"
        self.pid_file = self.data / "postmaster.pid"

    @property
    def socket(self) -> Path:
        """Where the socket lies: in the home, or under /tmp where that path would be too long."""
        inside = self.home / "socket"
        if len(os.fsencode(self._socket_file(inside))) <= SOCKET_PATH_LIMIT and (
            "," not in str(inside)  # libpq would read a list of hosts
        ):
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path("/tmp") / f"relight-{digest}"  # noqa: S108 (owner and mode are checked)

    def url(self, database: str = DATABASE) -> str:
        """Give the SQLAlchemy address of `database`."""
        host = quote(str(self.socket), safe="")
        return f"postgresql+psycopg://{USER}@/{database}?host={host}&port={PORT}"

    def forget_dead_server(self) -> None:
        """Remove what a killed server left; only for the holder of `server.lock`."""
        socket = self._socket_file(self.socket)
        for stale in (self.pid_file, socket, socket.with_name(socket.name + ".lock")):
            stale.unlink(missing_ok=True)

    def owner(self) -> Owner | None:
        """Read the owner on record, meaningful only while `owner.lock` is held."""
        try:
            record = json.loads(self.owner_lock.read_text("utf-8"))
            return Owner(int(record["pid"]), str(record["program"]), bool(record["lasting"]))
        except (OSError, ValueError, KeyError):
            return None

    @staticmethod
    def _socket_file(folder: Path) -> Path:
        return folder / f".s.PGSQL.{PORT}"


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
        self._lock = _open_lock(layout.owner_lock)
        try:
            self._claim(self._lock)
            account = _account(layout)
            _prepare(layout, account)
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
        if not _take(lock, patience_s=0.5):
            raise ClusterInUse(self.layout.home, self.layout.owner())
        record = {"pid": self._me.pid, "program": self._me.program, "lasting": self._me.lasting}
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(record).encode(), 0)

    def _bring_up(self, account: Account | None, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        lock = _open_lock(self.layout.server_lock)
        try:
            while not _take(lock):
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
        for name, value in (_defaults(layout) | self._settings).items():
            command += ["-c", f"{name}={value}"]
        with (layout.log / "start.log").open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 (found binary, no shell)
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=layout.data,
                env=_ENVIRONMENT,
                pass_fds=[lock],
                start_new_session=True,  # Ctrl-C at the terminal is the owner's business
                **_as(account),
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
        lock = _open_lock(self.layout.server_lock)
        try:
            while not _take(lock):
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
        running=_held(layout.server_lock) and _answers(layout),
        owner=layout.owner() if _held(layout.owner_lock) else None,
        url=layout.url(),
    )


# --- locks -------------------------------------------------------------------------------------


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _take(lock: int, *, patience_s: float = 0.0) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # A glance by `status` lasts microseconds; an owner lasts.
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_S)
        else:
            return True


def _held(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


# --- the account that runs the server ----------------------------------------------------------


def _account(layout: Layout) -> Account | None:
    """Who runs the server: ourselves, or for root (whom PostgreSQL refuses) a system account."""
    uid = layout.data.stat().st_uid if layout.data.exists() else None
    if os.geteuid() != 0:
        if uid is not None and uid != os.geteuid():
            raise ClusterFolderUnusable(
                f"{layout.data} belongs to user {_name_of(uid)}; run as that user or as root"
            )
        return None
    try:
        entry = pwd.getpwuid(uid) if uid else pwd.getpwnam(SERVER_ACCOUNT)
    except KeyError:
        raise ClusterFolderUnusable(
            f"PostgreSQL does not run as root, and there is no system user "
            f"{uid or SERVER_ACCOUNT} to run it; install the postgresql package, or run Relight "
            "as an ordinary user"
        ) from None
    account = Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    _refuse_closed_folders(layout.home, account)
    return account


def _refuse_closed_folders(home: Path, account: Account) -> None:
    for folder in (*reversed(home.parents), home):
        entered = subprocess.run(  # noqa: S603 (the folder is an argument, not text)
            ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
            stderr=subprocess.DEVNULL,
            check=False,
            cwd="/",
            **_as(account),
        )
        if entered.returncode:
            raise ClusterFolderUnusable(
                f"{folder} is closed to the system user {account.name}, who has to run the "
                "database for root; set RELIGHT_HOME to a folder it can enter, such as "
                "/var/lib/relight, or run Relight as an ordinary user"
            )


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _as(account: Account | None) -> _Identity:
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


# --- the folder --------------------------------------------------------------------------------

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _prepare(layout: Layout, account: Account | None) -> None:
    for folder in (layout.log, layout.socket):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if account is not None and found.st_uid == 0 and not folder.is_symlink():
            os.chown(folder, account.uid, account.gid)
        elif folder.is_symlink() or found.st_uid != (account.uid if account else os.geteuid()):
            raise ClusterFolderUnusable(f"{folder} belongs to somebody else")
        folder.chmod(0o700)
    if not layout.data.exists():
        _initialise(layout, account)


def _initialise(layout: Layout, account: Account | None) -> None:
    """Make the data folder under another name and move it in place, so that it is whole or not."""
    growing = layout.home / "data.new"
    shutil.rmtree(growing, ignore_errors=True)
    growing.mkdir(mode=0o700)
    if account is not None:
        os.chown(growing, account.uid, account.gid)
    made = subprocess.run(  # noqa: S603 (found binary, no shell)
        [
            binaries.choose_server().program("initdb"),
            f"--pgdata={growing}",
            f"--username={USER}",
            "--encoding=UTF8",
            "--locale=C",
            "--lc-ctype=C.UTF-8",  # with ctype C, pg_trgm drops every Chinese character
            "--auth-local=trust",  # the socket's folder and mode admit the server's account only
            "--auth-host=reject",
            "--data-checksums",
            "--no-instructions",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=growing,
        env=_ENVIRONMENT,
        **_as(account),
    )
    if made.returncode:
        raise ClusterStartFailed(f"initdb in {growing} failed:\n{made.stdout}{made.stderr}")
    growing.rename(layout.data)


def _defaults(layout: Layout) -> dict[str, str]:
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    socket = str(layout.socket).replace('"', '""')
    return {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{socket}"',
        "unix_socket_permissions": "0700",
        "shared_buffers": f"{min(max(memory_mb // 8, 128), 2048)}MB",
        "effective_cache_size": f"{max(memory_mb // 2, 256)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{min(max(memory_mb // 32, 64), 512)}MB",
        "max_connections": "100",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",  # solid-state disks
        "jit": "off",  # our queries are short
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_directory": str(layout.log),
        "log_filename": "postgresql-%a.log",  # a week, then over again
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_line_prefix": "%m [%p] %d ",
    }


# --- the server --------------------------------------------------------------------------------


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
