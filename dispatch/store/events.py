"""The journal: append-only, each stream a chain of hashes.

The hash of an entry is SHA-256 over the hash before it and the entry as canonical JSON, so nobody
can change, drop, insert or reorder an entry in the middle of a stream unseen. Entries dropped from
a stream's end do not show; keep the latest hashes elsewhere (a backup does) to see that.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import Connection, RowMapping, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB

from dispatch.domain.event import Event
from dispatch.store.operations import event as t

CHANNEL = "relight_event"
"""What to LISTEN to; a notification says that there is an entry, never what is in it."""

BEGINNING = bytes(32)

_LAST = text(
    """
    SELECT clock_timestamp() AS recorded_at, last.seq, last.hash
    FROM (VALUES (1)) AS always
    LEFT JOIN LATERAL (
        SELECT seq, hash FROM event WHERE stream = :stream ORDER BY seq DESC LIMIT 1
    ) AS last ON true
    """
)
_APPEND = text(
    f"""
    WITH entry AS (
        INSERT INTO event
            (stream, seq, kind, at, recorded_at, actor, district_id, body, previous, hash)
        VALUES
            (:stream, :seq, :kind, :at, :recorded_at, :actor, :district_id, :body, :previous, :hash)
        RETURNING id, kind, stream, district_id
    )
    SELECT pg_notify('{CHANNEL}', to_jsonb(entry)::text) FROM entry
    """  # noqa: S608 (a constant)
).bindparams(bindparam("body", type_=JSONB))


class PgEvents:
    """Writes the journal on one connection; listeners hear of it when the transaction commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, event: Event) -> None:
        """Add `event` to the end of its stream.

        Raises
        ------
        Collision
            Another transaction added to the stream at the same moment (when it is translated).
        """
        last = self._connection.execute(_LAST, {"stream": event.stream}).mappings().one()
        entry = {
            "stream": event.stream,
            "seq": 1 if last["seq"] is None else last["seq"] + 1,
            "kind": event.kind,
            "at": event.at,
            "recorded_at": last["recorded_at"],
            "actor": event.actor,
            "district_id": event.district_id,
            "body": _plain(event.body),
        }
        previous = BEGINNING if last["hash"] is None else bytes(last["hash"])
        self._connection.execute(
            _APPEND, {**entry, "previous": previous, "hash": entry_hash(previous, entry)}
        )


def entry_hash(previous: bytes, entry: Mapping[str, object]) -> bytes:
    """The hash of an entry (stream to body) that follows the one with hash `previous`."""
    canonical = json.dumps(
        _plain(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(previous + canonical.encode()).digest()


def _plain(value: object) -> object:
    """`value` as it comes back from JSON in the database: times as UTC text, 2.0 as 2."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        members = sorted(value) if isinstance(value, set | frozenset) else value
        return [_plain(each) for each in members]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return str(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """A place where a stream is not as it was written."""

    stream: str
    seq: int
    event_id: int
    why: str


def verify_chain(connection: Connection) -> list[ChainBreak]:
    """Read the whole journal and list every break; an empty list means it is as it was written."""
    query = select(t).order_by(t.c.stream, t.c.seq).execution_options(yield_per=2000)
    rows = connection.execute(query).mappings()
    return [
        broken
        for _, entries in groupby(rows, key=lambda row: row["stream"])
        for broken in _breaks(entries)
    ]


def _breaks(entries: Iterator[RowMapping]) -> Iterator[ChainBreak]:
    previous, seq = BEGINNING, 0
    for entry in entries:
        content = {key: entry[key] for key in _HASHED}
        if entry["seq"] != seq + 1:
            why = f"entry {seq + 1} is missing"
        elif bytes(entry["previous"]) != previous:
            why = "does not follow the entry before it"
        elif bytes(entry["hash"]) != entry_hash(previous, content):
            why = "the entry was changed"
        else:
            why = ""
        if why:
            yield ChainBreak(entry["stream"], entry["seq"], entry["id"], why)
        previous, seq = bytes(entry["hash"]), entry["seq"]


_HASHED = ("stream", "seq", "kind", "at", "recorded_at", "actor", "district_id", "body")
