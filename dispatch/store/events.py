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
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from dispatch.domain.event import Event
from dispatch.store.direct import Direct
from dispatch.store.tables.journal import event as t

CHANNEL = "relight_event"
"""What to LISTEN to; a notification lists entries that there are, never what is in them."""

TOLD_AT_ONCE = 8
"""Entries in one notification, which may not be longer than 8,000 bytes."""

TURNS = 256
"""Into how many parts the streams fall; two transactions that write to one part take turns."""

_LOCKS = 0x6A6F7572  # "jour": advisory locks of two keys, the journal's own
BEGINNING = bytes(32)

# The key is held until the commit is over, so the one who waited reads the end that it left. Keys
# are few, because all locks of all transactions share one table: a restoration ends thousands of
# reports at once. They are asked for in one order, so that no two wait for each other.
_TURN = Direct(
    f"""
    SELECT pg_advisory_xact_lock({_LOCKS}, asked.key)
    FROM (
        SELECT DISTINCT hashtext(stream) & {TURNS - 1} AS key
        FROM unnest(CAST(:streams AS text[])) AS given (stream) ORDER BY key
    ) AS asked
    """  # noqa: S608 (constants)
)
_LAST = Direct(
    """
    WITH given AS MATERIALIZED (SELECT CAST(:streams AS text[]) AS streams)
    SELECT asked.stream, clock_timestamp() AS recorded_at, last.seq, last.hash
    FROM given CROSS JOIN LATERAL unnest(given.streams) AS asked (stream)
    LEFT JOIN LATERAL (
        SELECT seq, hash FROM event WHERE event.stream = asked.stream ORDER BY seq DESC LIMIT 1
    ) AS last ON true
    """
)
_APPEND = Direct(
    f"""
    WITH entry AS (
        INSERT INTO event
            (stream, seq, kind, at, recorded_at, actor, district_id, body, previous, hash)
        SELECT stream, seq, kind, at, recorded_at, actor, district_id, CAST(body AS jsonb),
            previous, hash
        FROM unnest(
            CAST(:stream AS text[]), CAST(:seq AS int[]), CAST(:kind AS text[]),
            CAST(:at AS timestamptz[]), CAST(:recorded_at AS timestamptz[]),
            CAST(:actor AS text[]), CAST(:district_id AS text[]), CAST(:body AS text[]),
            CAST(:previous AS bytea[]), CAST(:hash AS bytea[])
        ) WITH ORDINALITY AS given (
            stream, seq, kind, at, recorded_at, actor, district_id, body, previous, hash, place
        )
        ORDER BY place
        RETURNING id, kind, stream, district_id
    )
    SELECT pg_notify('{CHANNEL}', jsonb_agg(to_jsonb(told) - 'part' ORDER BY id)::text)
    FROM (SELECT *, (row_number() OVER (ORDER BY id) - 1) / {TOLD_AT_ONCE} AS part FROM entry)
        AS told
    GROUP BY part
    """  # noqa: S608 (a constant)
)


_WHISPER = Direct("SELECT pg_notify(:channel, :payload)")


def whisper(connection: Connection, kind: str, stream: str, district_id: str | None) -> None:
    """Tell screens of what is no part of the record, such as who looks at what."""
    told = {"id": 0, "kind": kind, "stream": stream, "district_id": district_id}
    _WHISPER.value(connection, {"channel": CHANNEL, "payload": json.dumps([told])})


class PgEvents:
    """Writes the journal on one connection; listeners hear of it when the transaction commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[Event] = []

    def append(self, event: Event) -> None:
        """Add `event` to the end of its stream, when the transaction's entries are written."""
        self._waiting.append(event)

    def write(self) -> None:
        """Write what was appended, in three statements however much it is; before the commit.

        Transactions that end at the same moment with entries for one stream go one after the
        other, each after the other's commit.
        """
        if not self._waiting:
            return
        events, self._waiting = self._waiting, []
        streams = sorted({event.stream for event in events})
        _TURN.rows(self._connection, {"streams": streams})
        last = _LAST.rows(self._connection, {"streams": streams})
        chains = {row["stream"]: _Chain(row) for row in last}
        rows = [chains[event.stream].follow(event) for event in events]
        _APPEND.run(self._connection, {name: [row[name] for row in rows] for name in rows[0]})


class _Chain:
    """The end of one stream, growing."""

    def __init__(self, last: Mapping[str, Any]) -> None:
        self._recorded_at = last["recorded_at"]
        self._seq = last["seq"] or 0
        self._hash = BEGINNING if last["hash"] is None else bytes(last["hash"])

    def follow(self, event: Event) -> dict[str, Any]:
        """The row of the next entry, which becomes the end."""
        entry = {
            "stream": event.stream,
            "seq": self._seq + 1,
            "kind": event.kind,
            "at": event.at,
            "recorded_at": self._recorded_at,
            "actor": event.actor,
            "district_id": event.district_id,
            "body": _plain(event.body),
        }
        previous = self._hash
        self._seq, self._hash = self._seq + 1, entry_hash(previous, entry)
        body = json.dumps(entry["body"], ensure_ascii=False, allow_nan=False)
        return {**entry, "body": body, "previous": previous, "hash": self._hash}


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
