"""Which inputs were loaded: a digest per input, so that the same one twice changes nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from dispatch.store.tables.roads import load_receipt as t

FORM = "1"
"""Raised when loaders take more from the same file, so that old receipts no longer count."""

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Receipt:
    """An input that was loaded."""

    what: str
    source: str
    digest: str
    taken: int
    refused: int
    loaded_at: datetime


def digest_of(paths: Sequence[Path], options: Mapping[str, object]) -> str:
    """Give the SHA-256 of the files' bytes, in order, and of the options they are read with."""
    whole = hashlib.sha256(FORM.encode())
    for path in paths:
        whole.update(b"\0file\0")
        for part in [path] if path.is_file() else sorted(path.rglob("*")):
            if part.is_file():
                with part.open("rb") as file:
                    while block := file.read(_BLOCK):
                        whole.update(block)
    whole.update(repr(sorted(options.items())).encode())
    return whole.hexdigest()


def find_standing(
    connection: Connection, what: str, digest: str, disturbed_by: Sequence[str] = ()
) -> Receipt | None:
    """Find the receipt of this input, unless something loaded since may have changed its effect.

    That is a later input of the same kind, or of one of the kinds in `disturbed_by`.
    """
    newest = select(t).where(t.c.what.in_([what, *disturbed_by])).order_by(t.c.id.desc()).limit(1)
    row = connection.execute(newest).mappings().first()
    if row is None or row["what"] != what or row["digest"] != digest:
        return None
    return Receipt(**{name: row[name] for name in Receipt.__slots__})


def write_receipt(connection: Connection, receipt: Receipt) -> None:
    """Remember that an input was loaded."""
    connection.execute(
        insert(t).values({name: getattr(receipt, name) for name in Receipt.__slots__})
    )


def take_turns(connection: Connection) -> None:
    """Let no other load or retrace run until this transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("relight load"))))
