"""What meters and switchgear say, and whom their names mean."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from dispatch.domain.signal import MeteredPoint, MeterRecord, NamedDevice, SightingRecord
from dispatch.store.direct import Direct, Row

_POINT = """
    SELECT {column} AS named, usage_point.id AS usage_point_id, transformer.id AS transformer_id,
        feeder.id AS feeder_id,
        coalesce(usage_point.district_id, transformer.district_id, feeder.district_id)
            AS district_id
    FROM usage_point
    LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
    LEFT JOIN feeder ON feeder.id = transformer.feeder_id
    WHERE {column} = ANY(CAST(:names AS text[]))
"""
_BY_METER = Direct(_POINT.format(column="usage_point.meter"))
_BY_ACCOUNT = Direct(_POINT.format(column="usage_point.account"))

# A name may be our id, which is `switch:` or the like before the asset's; a switch that protects
# nothing is no device of the tree and is named by its own row.
_BY_ID = Direct(
    """
    WITH asked AS (
        SELECT DISTINCT named, kind || named AS device_id
        FROM unnest(CAST(:names AS text[])) AS named
        CROSS JOIN unnest(ARRAY['', 'switch:', 'transformer:', 'feeder:']) AS kind
    )
    SELECT asked.named, found.id, found.name, found.feeder_id, feeder.district_id
    FROM asked
    JOIN (
        SELECT id, name, feeder_id FROM device WHERE id IN (SELECT device_id FROM asked)
        UNION
        SELECT 'switch:' || id, id, feeder_id FROM switch
        WHERE id IN (SELECT regexp_replace(device_id, '^switch:', '') FROM asked)
            AND NOT EXISTS (SELECT FROM device WHERE device.id = 'switch:' || switch.id)
    ) AS found ON found.id = asked.device_id
    LEFT JOIN feeder ON feeder.id = found.feeder_id
    ORDER BY asked.named, found.id <> asked.named, found.id
    """
)
_BY_NAME = Direct(
    """
    SELECT device.name AS named, device.id, device.name, device.feeder_id, feeder.district_id
    FROM device LEFT JOIN feeder ON feeder.id = device.feeder_id
    WHERE device.name = ANY(CAST(:names AS text[]))
    ORDER BY device.name, device.id
    """
)
_ADD_SIGNALS = Direct(
    """
    INSERT INTO meter_signal
        (id, usage_point_id, transformer_id, feeder_id, district_id, kind, at, received_at)
    SELECT * FROM unnest(
        CAST(:ids AS text[]), CAST(:usage_points AS bigint[]), CAST(:transformers AS text[]),
        CAST(:feeders AS text[]), CAST(:districts AS text[]), CAST(:kinds AS text[]),
        CAST(:ats AS timestamptz[]), CAST(:received AS timestamptz[])
    )
    ON CONFLICT (id) DO NOTHING
    """
)
_ADD_SIGHTINGS = Direct(
    """
    INSERT INTO device_sighting
        (id, device_id, feeder_id, district_id, is_open, is_live, at, received_at, source, by)
    SELECT * FROM unnest(
        CAST(:ids AS text[]), CAST(:devices AS text[]), CAST(:feeders AS text[]),
        CAST(:districts AS text[]), CAST(:open AS boolean[]), CAST(:live AS boolean[]),
        CAST(:ats AS timestamptz[]), CAST(:received AS timestamptz[]), CAST(:sources AS text[]),
        CAST(:by AS text[])
    )
    ON CONFLICT (id) DO NOTHING
    RETURNING id
    """
)


class PgSignals:
    """Reads names and writes signals on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def points_of_meters(self, meters: Collection[str]) -> Mapping[str, MeteredPoint]:
        """Find the usage points of meters; unknown ones are left out."""
        return self._points(_BY_METER, meters)

    def points_of_accounts(self, accounts: Collection[str]) -> Mapping[str, MeteredPoint]:
        """Find the usage points of accounts; unknown ones are left out."""
        return self._points(_BY_ACCOUNT, accounts)

    def named_devices(self, names: Collection[str]) -> Mapping[str, NamedDevice]:
        """Find devices by our id, by the asset's own id, or by name.

        A name that means several devices is left out like one that means none.
        """
        asked = sorted(set(names))
        if not asked:
            return {}
        by_id = self._devices(_BY_ID, asked)
        exact = {name: d for name, found in by_id.items() for d in found if d.id == name}
        rest = [name for name in asked if name not in by_id]
        several = by_id | (self._devices(_BY_NAME, rest) if rest else {})
        return {name: found[0] for name, found in several.items() if len(found) == 1} | exact

    def record_meter_signals(self, signals: Sequence[MeterRecord]) -> int:
        """Store what is new by its id; how many that were."""
        if not signals:
            return 0
        ordered = sorted(signals, key=lambda each: each.id)  # the order of the locks
        return _ADD_SIGNALS.run(
            self._connection,
            {
                "ids": [s.id for s in ordered],
                "usage_points": [s.point.usage_point_id for s in ordered],
                "transformers": [s.point.transformer_id for s in ordered],
                "feeders": [s.point.feeder_id for s in ordered],
                "districts": [s.point.district_id for s in ordered],
                "kinds": [s.kind.value for s in ordered],
                "ats": [s.at for s in ordered],
                "received": [s.received_at for s in ordered],
            },
        )

    def record_sightings(self, sightings: Sequence[SightingRecord]) -> frozenset[str]:
        """Store what is new by its id; the ids of those."""
        if not sightings:
            return frozenset()
        ordered = sorted(sightings, key=lambda each: each.id)
        new = _ADD_SIGHTINGS.values(
            self._connection,
            {
                "ids": [s.id for s in ordered],
                "devices": [s.device.id for s in ordered],
                "feeders": [s.device.feeder_id for s in ordered],
                "districts": [s.device.district_id for s in ordered],
                "open": [s.is_open for s in ordered],
                "live": [s.is_live for s in ordered],
                "ats": [s.at for s in ordered],
                "received": [s.received_at for s in ordered],
                "sources": [s.source.value for s in ordered],
                "by": [s.by for s in ordered],
            },
        )
        return frozenset(new)

    def _points(self, query: Direct, names: Collection[str]) -> Mapping[str, MeteredPoint]:
        if not names:
            return {}
        rows = query.rows(self._connection, {"names": sorted(set(names))})
        return {row.pop("named"): MeteredPoint(**row) for row in rows}

    def _devices(self, query: Direct, names: Sequence[str]) -> dict[str, list[NamedDevice]]:
        found: dict[str, list[NamedDevice]] = {}
        for row in query.rows(self._connection, {"names": list(names)}):
            found.setdefault(row["named"], []).append(_device(row))
        return found


def _device(row: Row) -> NamedDevice:
    return NamedDevice(
        id=row["id"], name=row["name"], feeder_id=row["feeder_id"], district_id=row["district_id"]
    )
