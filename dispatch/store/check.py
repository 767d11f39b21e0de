"""Is this database fit to work with? Each question with its answer, in words an operator knows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from dispatch.store import binaries, migrate
from dispatch.store.events import verify_chain
from dispatch.store.reads.seals import entry_hash_of
from gis.counting import counted

_ON_PAPER = re.compile(r"(?P<stream>[^/=]+)/(?P<seq>\d{1,9})=(?P<hash>[0-9a-fA-F]{16,64})")
CHINESE = "南昌市西湖区站前路"


@dataclass(frozen=True, slots=True)
class Finding:
    """One question asked of the database; `sound` is None when it could not be asked."""

    about: str
    sound: bool | None
    detail: str


def check(connection: Connection) -> list[Finding]:
    """Ask everything; changes nothing."""
    findings = [_version(connection), *_extensions(connection), _ctype(connection)]
    findings += [_migrations(connection), _queue(connection), _indexes(connection)]
    if all(f.sound for f in findings):
        findings += [_journal(connection), _pages(connection)]
    return findings


def _version(connection: Connection) -> Finding:
    number = int(connection.scalar(text("SELECT current_setting('server_version_num')::int")) or 0)
    shown = connection.scalar(text("SHOW server_version"))
    return Finding("PostgreSQL", number >= binaries.OLDEST * 10_000, f"{shown}")


def _extensions(connection: Connection) -> Iterator[Finding]:
    rows = connection.execute(
        text(
            "SELECT a.name, a.installed_version, a.default_version"
            " FROM pg_available_extensions a WHERE a.name = ANY(:names)"
        ),
        {"names": list(binaries.EXTENSIONS)},
    )
    found = {row.name: row for row in rows}
    for name in binaries.EXTENSIONS:
        row = found.get(name)
        if row is None:
            yield Finding(name, sound=False, detail="not on this server; install its package")
        elif row.installed_version is None:
            yield Finding(name, sound=False, detail="there, not yet in the database: db upgrade")
        else:
            yield Finding(name, sound=True, detail=row.installed_version)


def _ctype(connection: Connection) -> Finding:
    """Whether letters beyond ASCII are letters: with ctype C, pg_trgm drops every one of them."""
    row = connection.execute(
        text(
            "SELECT pg_encoding_to_char(encoding), datctype, :word ~ '^[[:alpha:]]+$'"
            " FROM pg_database WHERE datname = current_database()"
        ),
        {"word": CHINESE},
    ).one()
    encoding, ctype, letters = row
    sound = bool(letters) and encoding == "UTF8"
    advice = "" if sound else "; Chinese addresses cannot be searched: create it with C.UTF-8"
    return Finding("character type", sound, f"{encoding}, {ctype}{advice}")


def _migrations(connection: Connection) -> Finding:
    current, newest = migrate.current(connection), migrate.newest()
    if current == newest:
        return Finding("tables", sound=True, detail=f"at step {current}")
    detail = f"at step {current or 'none'}, this program needs {newest}: relight db upgrade"
    return Finding("tables", sound=False, detail=detail)


def _queue(connection: Connection) -> Finding:
    missing = migrate.missing_queue_steps(connection)
    detail = (
        f"{counted(len(missing), 'step')} missing: relight db upgrade" if missing else "current"
    )
    return Finding("job queue", not missing, detail)


def _indexes(connection: Connection) -> Finding:
    broken = connection.scalars(
        text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1")
    ).all()
    detail = f"invalid: {', '.join(broken)}; REINDEX them" if broken else "all valid"
    return Finding("indexes", not broken, detail)


def _journal(connection: Connection) -> Finding:
    breaks = verify_chain(connection)
    if not breaks:
        return Finding("journal", sound=True, detail="every entry follows the one before it")
    first = breaks[0]
    where = f"{first.stream} {first.seq}: {first.why}"
    return Finding(
        "journal", sound=False, detail=f"{counted(len(breaks), 'break')}, the first at {where}"
    )


def check_paper(connection: Connection, written: str) -> Finding:
    """Whether the journal still has the entry that a printed page names, as it was then.

    `written` is what the page says, `STREAM/NUMBER=HASH`; of the hash 16 digits are enough.
    """
    about = "paper"
    found = _ON_PAPER.fullmatch(written.strip())
    if found is None:
        return Finding(about, sound=None, detail=f"{written}: not as a dossier says it")
    stream, seq, digits = found["stream"], int(found["seq"]), found["hash"].lower()
    kept = entry_hash_of(connection, stream, seq)
    if kept is None:
        return Finding(about, sound=False, detail=f"the journal has no entry {seq} of {stream}")
    same = kept.hex().startswith(digits)
    detail = "as it was printed" if same else "not what was printed"
    return Finding(about, sound=same, detail=f"entry {seq} of {stream} is {detail}")


def _pages(connection: Connection) -> Finding:
    """Walk every B-tree with amcheck, in a savepoint that leaves no extension behind."""
    savepoint = connection.begin_nested()
    try:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS amcheck"))
        walked = connection.scalar(
            text(
                "SELECT count(*) FROM (SELECT bt_index_check(i.indexrelid) FROM pg_index i"
                " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam"
                " JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE m.amname = 'btree' AND c.relkind = 'i' AND n.nspname = 'public'"
                " OFFSET 0) walked"
            )
        )
    except DBAPIError as error:
        sqlstate = getattr(error.orig, "sqlstate", None)
        absent = sqlstate in {"42501", "0A000", "58P01"}  # not allowed, or not on this server
        words = str(error.orig).splitlines()[0]
        return Finding("index pages", None if absent else False, words)
    finally:
        savepoint.rollback()
    return Finding("index pages", sound=True, detail=f"{walked} indexes walked with amcheck")
