"""The ends of journal streams: by their hashes paper can be held against the journal later."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Seal:
    """The last entry of a stream: its number in it, when it was written, its hash (32 bytes)."""

    stream: str
    seq: int
    recorded_at: datetime
    hash: bytes


_ENDS = text(
    """
    SELECT last.stream, last.seq, last.recorded_at, last.hash
    FROM unnest(CAST(:streams AS text[])) AS asked (stream)
    CROSS JOIN LATERAL (
        SELECT stream, seq, recorded_at, hash FROM event
        WHERE event.stream = asked.stream ORDER BY seq DESC LIMIT 1
    ) AS last
    ORDER BY last.stream
    """
)
_ENTRY = text("SELECT hash FROM event WHERE stream = :stream AND seq = :seq")


def seals(connection: Connection, streams: Collection[str]) -> Sequence[Seal]:
    """Read the end of each stream; one without an entry is left out."""
    rows = connection.execute(_ENDS, {"streams": sorted(streams)})
    return [Seal(row.stream, row.seq, row.recorded_at, bytes(row.hash)) for row in rows]


def entry_hash_of(connection: Connection, stream: str, seq: int) -> bytes | None:
    """The hash of one entry as it stands in the journal now; None where there is no such entry."""
    found = connection.scalar(_ENTRY, {"stream": stream, "seq": seq})
    return None if found is None else bytes(found)
