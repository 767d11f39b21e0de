"""Backups: one file of pg_dump's custom format and its checksum, whole or not there at all.

Restoring is one transaction: the database is the backup's afterwards, or what it was before.
"""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from sqlalchemy import URL, Engine, text

from dispatch.store import binaries
from gis.counting import counted

PIECE = 2**20
_EMPTIED = """
SET lock_timeout = '5s';
SET client_min_messages = 'warning'; -- else every table that goes is named before what failed
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
"""


class BackupError(Exception):
    """A backup could not be written or used."""


class NotEmpty(BackupError):
    """The database holds tables, and nobody said that they may go."""


def checksum_file(backup: Path) -> Path:
    """Where the checksum of `backup` lies, in the format of sha256sum."""
    return backup.with_name(backup.name + ".sha256")


def back_up(engine: Engine, target: Path) -> str:
    """Write the whole database to `target`, readable by the owner only; give its SHA-256.

    Raises
    ------
    BackupError
        `target` exists, nothing can be written there, or pg_dump failed; then nothing is left
        behind.
    """
    if target.exists():
        raise BackupError(f"{target} exists; a backup never replaces another")
    client = binaries.choose_client(_server_major(engine))
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.absolute().parent)
    except OSError as refused:
        raise BackupError(f"{target} cannot be written: {refused.strerror}") from None
    growing = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            digest = _dump(client, engine.url, file)
        # The checksum first: a backup in place always has one.
        checksum_file(target).write_text(f"{digest}  {target.name}\n", "utf-8")
        growing.rename(target)
    finally:
        growing.unlink(missing_ok=True)
    return digest


def restore(engine: Engine, source: Path, *, replace: bool) -> None:
    """Make the database what `source` holds, in one transaction.

    Parameters
    ----------
    engine
        The database to fill.
    source
        A file that `back_up` wrote, with its checksum beside it.
    replace
        Whether tables that are there may go.

    Raises
    ------
    NotEmpty
        There are tables, and `replace` is false.
    BackupError
        The file or its checksum is missing or damaged, or the restore failed half-way.
    """
    verify(source)
    with engine.connect() as connection:
        tables = connection.scalar(
            text(
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
                " AND tablename <> 'spatial_ref_sys'"  # PostGIS brings it; nobody's data
            )
        )
    if tables and not replace:
        raise NotEmpty(
            f"the database holds {counted(tables, 'table')}; say --yes to replace what is there"
        )
    client = binaries.choose_client(_server_major(engine))
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as emptied:
        emptied.write(_EMPTIED)
        emptied.flush()
        _replay(client, engine.url, source, Path(emptied.name))


def verify(source: Path) -> None:
    """Compare `source` with its checksum."""
    if not source.is_file():
        raise BackupError(f"there is no file {source}")
    try:
        expected = checksum_file(source).read_text("utf-8").split()[0]
    except (OSError, IndexError):
        raise BackupError(f"{checksum_file(source)} is missing; it came with the backup") from None
    with source.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise BackupError(f"{source} is damaged: its SHA-256 is {found}, not {expected}")


def _dump(client: binaries.Binaries, url: URL, file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    command = [client.program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges"]
    with _start(command, url, stdout=subprocess.PIPE) as dump:
        _pump(dump.stdout, digest.update, file.write)
        complaint = dump.stderr.read().decode() if dump.stderr else ""
    if dump.returncode:
        raise BackupError(f"pg_dump failed: {complaint.strip()}")
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()


def _replay(client: binaries.Binaries, url: URL, source: Path, emptied: Path) -> None:
    """Feed pg_restore's script to psql, which is killed before its commit if that breaks off."""
    script = [client.program("pg_restore"), "--no-owner", "--no-privileges", "-f", "-", str(source)]
    play = [client.program("psql"), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
    play += ["-f", str(emptied), "-f", "-"]
    # Two children that each fill one pipe: their complaints go to files, so that neither blocks.
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as answered:
        with (
            _start(script, url, stdout=subprocess.PIPE, stderr=said) as reader,
            _start(play, url, stdin=subprocess.PIPE, stderr=answered) as player,
        ):
            assert player.stdin is not None
            with suppress(BrokenPipeError):  # psql's own words say why it went
                _pump(reader.stdout, player.stdin.write)
                player.stdin.flush()
            if player.poll() is not None:
                reader.kill()
            if reader.wait():
                player.kill()
            with suppress(BrokenPipeError):
                player.stdin.close()
        if reader.returncode or player.returncode:
            answered.seek(0)
            said.seek(0)
            complaint = (answered.read() + said.read()).decode(errors="replace").strip()
            raise BackupError(f"nothing was changed; the restore failed: {complaint}")


def _start(
    command: list[str],
    url: URL,
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 (found binary, no shell)
        command, stdin=stdin, stdout=stdout, stderr=stderr, env=_environment(url)
    )


def _pump(source: IO[bytes] | None, *takers: Callable[[bytes], object]) -> None:
    assert source is not None
    while piece := source.read(PIECE):
        for take in takers:
            take(piece)


def _environment(url: URL) -> dict[str, str]:
    """The address for libpq's programs; the password stays off the command line."""
    host = url.query.get("host", url.host)
    port = url.query.get("port", url.port)
    named = {
        "PGHOST": host,
        "PGPORT": port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": url.query.get("sslmode"),
        "PGSSLROOTCERT": url.query.get("sslrootcert"),
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return kept | {k: str(v) for k, v in named.items() if v is not None} | {"LC_ALL": "C.UTF-8"}


def _server_major(engine: Engine) -> int:
    with engine.connect() as connection:
        number = connection.scalar(text("SELECT current_setting('server_version_num')::int"))
    return int(number) // 10_000
