"""Where this machine keeps PostgreSQL's programs, and which of them can serve us."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST = 15
EXTENSIONS = ("postgis", "pg_trgm", "btree_gist")
_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


class PostgresMissing(Exception):
    """No PostgreSQL on this machine can hold our data."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installed PostgreSQL: its folder of programs and its major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """Give the full path of the program `name`."""
        return str(self.folder / name)

    def missing_extensions(self) -> list[str]:
        """List the extensions we need whose files this installation lacks."""
        answer = subprocess.run(  # noqa: S603 (a path found on this machine, no shell)
            [self.program("pg_config"), "--sharedir"], capture_output=True, text=True, check=False
        )
        # Debian's pg_config of the server packages answers for its own major version.
        share = Path(answer.stdout.strip() or f"/usr/share/postgresql/{self.major}")
        if not (share / "extension").is_dir():
            share = Path(f"/usr/share/postgresql/{self.major}")
        return [e for e in EXTENSIONS if not (share / "extension" / f"{e}.control").exists()]


def installed() -> list[Binaries]:
    """Every PostgreSQL server on this machine, the newest first."""
    found = {b.folder.resolve(): b for b in _candidates()}
    return sorted(found.values(), key=lambda b: b.major, reverse=True)


def _candidates() -> Iterator[Binaries]:
    folders = [f for pattern in _FOLDERS for f in Path("/").glob(pattern.lstrip("/"))]
    on_path = shutil.which("postgres")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            yield Binaries(folder, _major(folder))


def _major(folder: Path) -> int:
    answer = subprocess.run(  # noqa: S603 (a path found on this machine, no shell)
        [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=True
    )
    match = re.search(r"\d+", answer.stdout)
    if match is None:
        raise PostgresMissing(f"{folder}/postgres --version answers {answer.stdout!r}")
    return int(match[0])


def choose(major: int | None = None) -> Binaries:
    """Pick the server for a data folder of version `major`, or the best one for a new folder.

    Raises
    ------
    PostgresMissing
        None fits; the message says what is there and what to install.
    """
    there = installed()
    if major is not None:
        for binaries in there:
            if binaries.major == major:
                return binaries
        raise PostgresMissing(
            f"the data were written by PostgreSQL {major}, and this machine has "
            f"{_names(there)}; install postgresql-{major} and postgresql-{major}-postgis-3, or "
            "restore a backup into a new folder"
        )
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


def _names(there: list[Binaries]) -> str:
    return ", ".join(f"PostgreSQL {b.major}" for b in there) or "no PostgreSQL server"
