"""Devices that may say where a crew is, for whom they speak, and what became of what they sent."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects import postgresql

from dispatch.domain.tracking import Binding, Tracker, Wire
from dispatch.domain.words import CrewId
from dispatch.errors import NotFound
from dispatch.ports import TrackerCount, UnknownTracker
from dispatch.store.direct import Direct, Row
from dispatch.store.tables.positions import tracker as t
from dispatch.store.tables.positions import tracker_binding, tracker_tally, unknown_tracker
from gis.crs import Datum

UNKNOWN_KEPT = 1000

_ALL = Direct(
    """
    SELECT tracker.*, of_it.since, of_it.crews
    FROM tracker LEFT JOIN LATERAL (
        SELECT array_agg(since ORDER BY since) AS since, array_agg(crew_id ORDER BY since) AS crews
        FROM tracker_binding WHERE tracker_id = tracker.id
    ) AS of_it ON true
    WHERE (CAST(:id AS text) IS NULL OR tracker.id = :id)
        AND (CAST(:vehicle AS text) IS NULL OR tracker.vehicle = :vehicle)
    ORDER BY tracker.id
    """
)
_COUNT = Direct(
    """
    INSERT INTO tracker_tally (tracker_id, what, count, last_at)
    SELECT sent.* FROM unnest(
        CAST(:ids AS text[]), CAST(:whats AS text[]), CAST(:counts AS bigint[]),
        CAST(:lasts AS timestamptz[])
    ) AS sent (tracker_id, what, count, last_at) JOIN tracker ON tracker.id = sent.tracker_id
    ORDER BY tracker_id, what
    ON CONFLICT (tracker_id, what) DO UPDATE
    SET count = tracker_tally.count + excluded.count,
        last_at = greatest(tracker_tally.last_at, excluded.last_at)
    """
)
_SEEN = Direct(
    """
    UPDATE tracker SET seen_at = greatest(tracker.seen_at, sent.at)
    FROM unnest(CAST(:ids AS text[]), CAST(:ats AS timestamptz[])) AS sent (id, at)
    WHERE tracker.id = sent.id
    """
)
_LOCK = Direct("SELECT id FROM tracker WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
_UNKNOWN = Direct(
    """
    INSERT INTO unknown_tracker (wire, device, count, first_at, last_at)
    SELECT * FROM unnest(
        CAST(:wires AS text[]), CAST(:devices AS text[]), CAST(:counts AS bigint[]),
        CAST(:firsts AS timestamptz[]), CAST(:lasts AS timestamptz[])
    ) AS sent (wire, device, count, first_at, last_at)
    ORDER BY wire, device
    ON CONFLICT (wire, device) DO UPDATE
    SET count = unknown_tracker.count + excluded.count,
        last_at = greatest(unknown_tracker.last_at, excluded.last_at)
    """
)
_FORGET_UNKNOWN = Direct(
    f"""
    DELETE FROM unknown_tracker WHERE (wire, device) IN (
        SELECT wire, device FROM unknown_tracker
        ORDER BY last_at DESC, wire, device OFFSET {UNKNOWN_KEPT}
    )
    """  # noqa: S608 (a constant)
)


class PgTrackers:
    """Reads and writes devices on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, tracker_id: str) -> Tracker | None:
        """Find a device, a revoked one too."""
        return next(iter(self._list(id=tracker_id)), None)

    def get(self, tracker_id: str) -> Tracker:
        """Read a device, a revoked one too."""
        found = self.find(tracker_id)
        if found is None:
            raise NotFound("tracker", tracker_id=tracker_id)
        return found

    def list_all(self) -> Sequence[Tracker]:
        """List every device, revoked ones too."""
        return self._list()

    def list_of_vehicle(self, vehicle: str) -> Sequence[Tracker]:
        """List the devices in a vehicle, revoked ones too."""
        return self._list(vehicle=vehicle)

    def save(self, tracker: Tracker) -> None:
        """Add or change a device with its bindings."""
        values = {
            "id": tracker.id,
            "wire": tracker.wire.value,
            "device": tracker.device,
            "label": tracker.label,
            "vehicle": tracker.vehicle,
            "datum": tracker.datum.value,
            "digest": tracker.digest,
            "terminal": tracker.terminal,
            "enrolled_at": tracker.enrolled_at,
            "revoked_at": tracker.revoked_at,
        }
        given = postgresql.insert(t).values(values)
        self._connection.execute(given.on_conflict_do_update(index_elements=[t.c.id], set_=values))
        b = tracker_binding
        self._connection.execute(delete(b).where(b.c.tracker_id == tracker.id))
        bound = [
            {"tracker_id": tracker.id, "since": each.since, "crew_id": each.crew_id}
            for each in tracker.bindings
        ]
        if bound:
            self._connection.execute(insert(b), bound)

    def count(self, counts: Sequence[TrackerCount], seen: Mapping[str, datetime]) -> None:
        """Add to the tallies and say when devices were last heard; unknown ids are left out."""
        ids = sorted({each.tracker_id for each in counts} | set(seen))
        _LOCK.rows(self._connection, {"ids": ids})  # one order for all processes
        _SEEN.run(self._connection, {"ids": list(seen), "ats": list(seen.values())})
        _COUNT.run(
            self._connection,
            {
                "ids": [each.tracker_id for each in counts],
                "whats": [each.what for each in counts],
                "counts": [each.count for each in counts],
                "lasts": [each.last_at for each in counts],
            },
        )

    def count_unknown(self, unknown: Sequence[UnknownTracker]) -> None:
        """Add to the counts of devices that are not enrolled; the latest thousand are kept."""
        _UNKNOWN.run(
            self._connection,
            {
                "wires": [each.wire for each in unknown],
                "devices": [each.device for each in unknown],
                "counts": [each.count for each in unknown],
                "firsts": [each.first_at for each in unknown],
                "lasts": [each.last_at for each in unknown],
            },
        )
        _FORGET_UNKNOWN.run(self._connection)

    def list_counts(self) -> Sequence[TrackerCount]:
        """List what became of what every device sent."""
        c = tracker_tally.c
        rows = self._connection.execute(select(tracker_tally).order_by(c.tracker_id, c.what))
        return [TrackerCount(**row) for row in rows.mappings()]

    def list_seen(self) -> Mapping[str, datetime]:
        """Read when each device was last heard, those that ever were."""
        query = select(t.c.id, t.c.seen_at).where(t.c.seen_at.is_not(None))
        return {row.id: row.seen_at for row in self._connection.execute(query)}

    def list_unknown(self) -> Sequence[UnknownTracker]:
        """List the devices that are not enrolled, the latest first."""
        c = unknown_tracker.c
        rows = self._connection.execute(select(unknown_tracker).order_by(c.last_at.desc()))
        return [UnknownTracker(**row) for row in rows.mappings()]

    def _list(self, id: str | None = None, vehicle: str | None = None) -> list[Tracker]:  # noqa: A002
        rows = _ALL.rows(self._connection, {"id": id, "vehicle": vehicle})
        return [_tracker(row) for row in rows]


def _tracker(row: Row) -> Tracker:
    return Tracker(
        wire=Wire(row["wire"]),
        device=row["device"],
        label=row["label"],
        vehicle=row["vehicle"],
        datum=Datum(row["datum"]),
        digest=bytes(row["digest"]),
        terminal=row["terminal"],
        enrolled_at=row["enrolled_at"],
        revoked_at=row["revoked_at"],
        bindings=tuple(_bindings(row["since"] or (), row["crews"] or ())),
    )


def _bindings(since: Sequence[datetime], crews: Sequence[str | None]) -> Iterable[Binding]:
    for at, crew_id in zip(since, crews, strict=True):
        yield Binding(since=at, crew_id=None if crew_id is None else CrewId(crew_id))
