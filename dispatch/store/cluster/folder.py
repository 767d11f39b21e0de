"""The folder of a private cluster: the names inside, who keeps it, and the locks that say so."""

import fcntl
import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

USER = "relight"
DATABASE = "relight"
PORT = 5432
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


def open_lock(path: Path) -> int:
    """Open a lock file, made when absent; the lock itself is not taken."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def take(lock: int, *, patience_s: float = 0.0) -> bool:
    """Take an open lock for ourselves; False if somebody still holds it after `patience_s`."""
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


def is_held(path: Path) -> bool:
    """Whether anybody alive holds the lock in `path`."""
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
