"""Where this machine keeps PostgreSQL's programs, and which of them can serve us."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST = 15
EXTENSIONS = ("postgis", "pg_trgm", "btree_gist")
_FOLDERS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/local/pgsql/bin")


class PostgresMissing(Exception):
    """This machine has no PostgreSQL that can do what is asked."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installed PostgreSQL: its folder of programs and its major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """The full path of the program `name`."""
        return str(self.folder / name)

    def missing_extensions(self) -> list[str]:
        """The extensions we need whose files this installation lacks."""
        share = Path(f"/usr/share/postgresql/{self.major}")  # Debian's place
        if not share.is_dir():
            share = Path(_output(self.program("pg_config"), "--sharedir").strip())
        return [e for e in EXTENSIONS if not (share / "extension" / f"{e}.control").exists()]


def choose_server(major: int | None = None) -> Binaries:
    """Pick the server for a data folder of version `major`, or the best one for a new folder.

    Raises
    ------
    PostgresMissing
        None fits; the message says what is there and what to install.
    """
    there = _with_program("initdb")
    if major is not None:
        return _of_major(there, major)
    usable = [b for b in there if b.major >= OLDEST]
    for binaries in usable:
        if not binaries.missing_extensions():
            return binaries
    if usable:
        best = usable[0]
        raise PostgresMissing(
            f"PostgreSQL {best.major} lacks {', '.join(best.missing_extensions())}; "
            f"install postgresql-{best.major}-postgis-3"
        )
    raise PostgresMissing(
        f"this machine has {_names(there)}; PostgreSQL {OLDEST} or newer with PostGIS is needed "
        "(Debian and Ubuntu: apt-get install postgresql postgresql-N-postgis-3)"
    )


def choose_client(major: int) -> Binaries:
    """Pick pg_dump and its kin for a server of version `major`: the same, else a newer one."""
    there = _with_program("pg_dump")
    for binaries in reversed(there):
        if binaries.major >= major:
            return binaries
    raise PostgresMissing(
        f"the server is PostgreSQL {major}, and this machine's client programs are "
        f"{_names(there)}; install postgresql-client-{major}"
    )


def _of_major(there: list[Binaries], major: int) -> Binaries:
    for binaries in there:
        if binaries.major == major:
            return binaries
    raise PostgresMissing(
        f"the data were written by PostgreSQL {major}, and this machine has {_names(there)}; "
        f"install postgresql-{major} and postgresql-{major}-postgis-3, or restore a backup into "
        "a new folder"
    )


def _with_program(name: str) -> list[Binaries]:
    """Every installation that has the program `name`, the newest first."""
    found = {f.resolve(): f for f in _folders() if (f / name).exists()}
    there = [Binaries(f, _major(f / name)) for f in found.values()]
    return sorted(there, key=lambda b: b.major, reverse=True)


def _folders() -> Iterator[Path]:
    for pattern in _FOLDERS:
        yield from Path("/").glob(pattern)
    on_path = shutil.which("initdb") or shutil.which("pg_dump")
    # Debian's pg_dump on the PATH is a wrapper that guesses which server is meant.
    if on_path is not None and Path(on_path).resolve().name != "pg_wrapper":
        yield Path(on_path).resolve().parent


def _major(program: Path) -> int:
    answer = _output(str(program), "--version")
    match = re.search(r"\d+", answer)
    if match is None:
        raise PostgresMissing(f"{program} --version answers {answer!r}")
    return int(match[0])


def _output(*command: str) -> str:
    return subprocess.run(  # noqa: S603 (a path found on this machine, no shell)
        command, capture_output=True, text=True, check=True
    ).stdout


def _names(there: list[Binaries]) -> str:
    return ", ".join(f"PostgreSQL {b.major}" for b in there) or "no PostgreSQL"
