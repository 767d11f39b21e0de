"""The feeders' trees, kept in the process: they change when something is loaded, not by calls."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from dispatch.domain.facts import DeviceNode, FeederTree, Surroundings, TransformerNode
from dispatch.store.direct import Direct
from dispatch.without import MANY

COUNTED_EVERY = timedelta(seconds=30)
STIRRED_WITHIN = timedelta(hours=3)
CALLED_WITHIN = timedelta(hours=6)
MOST_TREES = 5_000
"""About ten kilobytes each; beyond that, keeping starts anew."""

# Each load leaves a receipt with the next number.
_VERSION = Direct("SELECT max(id) FROM load_receipt")
_DEVICES = Direct(
    """
    SELECT id, kind, name, parent_id, pre, post,
        ST_X(point) AS lon, ST_Y(point) AS lat, length_m
    FROM device WHERE feeder_id = :feeder_id ORDER BY pre
    """
)
_TRANSFORMERS = Direct(
    """
    SELECT id, name, device_id, device_pre AS pre, ST_X(point) AS lon, ST_Y(point) AS lat,
        customers, kinds
    FROM transformer
    WHERE feeder_id = :feeder_id AND device_pre IS NOT NULL AND retired_at IS NULL
    ORDER BY device_pre, id
    """
)
# Everything in the district of a feeder; one without a district is a district of its own.
_DEVICES_AROUND = Direct(
    """
    SELECT device.kind, count(*) AS count,
        coalesce(sum(device.length_m) FILTER (WHERE device.kind <> 'transformer'), 0) AS metres
    FROM feeder AS here
    JOIN feeder ON feeder.id = here.id OR feeder.district_id = here.district_id
    JOIN device ON device.feeder_id = feeder.id
    WHERE here.id = :feeder_id GROUP BY device.kind
    """
)
_DISTRICT = Direct(
    """
    SELECT min(here.district_id) AS district_id, coalesce(sum(head.customers), 0) AS customers
    FROM feeder AS here
    JOIN feeder ON feeder.id = here.id OR feeder.district_id = here.district_id
    LEFT JOIN device AS head ON head.feeder_id = feeder.id AND head.parent_id IS NULL
    WHERE here.id = :feeder_id
    """
)
_OPENED_LATELY = Direct(
    """
    SELECT count(device_id) AS opened_devices, count(*) - count(device_id) AS opened_homes
    FROM outage
    WHERE opened_at > :since AND district_id = :district_id AND merged_into_id IS NULL
    """
)
# What has been open for long tells nothing of who calls now.
_BUSY = Direct(
    """
    SELECT * FROM (
        SELECT id, feeder_id, status <> 'predicted' AS is_confirmed, started_at,
            (
                SELECT count(*) FROM attachment
                WHERE attachment.outage_id = outage.id AND detached_at IS NULL
            ) AS reports
        FROM outage
        WHERE district_id = :district_id AND device_id IS NOT NULL AND opened_at > :since
            AND status NOT IN ('restored', 'closed')
    ) AS open
    WHERE reports >= :many ORDER BY id
    """
)
# Where a caller may be who is known by a position only: customers around it, by transformer.
_SPREAD = Direct(
    """
    SELECT usage_point.transformer_id,
        sum(exp(-0.5 * power(
            ST_DistanceSphere(usage_point.point, CAST(:point AS geometry))
            / CAST(:accuracy_m AS double precision), 2
        ))) AS weight
    FROM usage_point
    WHERE usage_point.transformer_id IS NOT NULL AND usage_point.point && ST_Expand(
        CAST(:point AS geometry), :reach_x, :reach_y
    )
    GROUP BY usage_point.transformer_id ORDER BY weight DESC, transformer_id LIMIT 40
    """
)

Spread = tuple[tuple[str, float], ...]
Loose = tuple[tuple[TransformerNode, ...], int]
"""A district's transformers on no modelled feeder, and how many customers hang on none."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A feeder's tree with its district and what that has."""

    tree: FeederTree
    district_id: str | None
    around: Surroundings


@dataclass(slots=True)
class _Version:
    """What was read of one version of the network."""

    number: int | None
    feeders: dict[str, Kept] = field(default_factory=dict)
    spreads: dict[tuple[str, str], Spread] = field(default_factory=dict)
    loose: dict[str, Loose] = field(default_factory=dict)
    densities: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Trees:
    """What one process, with all its threads, has read of the feeders as they are now."""

    current: _Version = field(default_factory=lambda: _Version(None))
    opened: dict[str | None, tuple[datetime, Mapping[str, int]]] = field(default_factory=dict)
    busy: dict[str, tuple[datetime, list[dict[str, Any]]]] = field(default_factory=dict)

    def around(self, connection: Connection, kept: Kept, now: datetime) -> Surroundings:
        """The feeder's district with what was opened there lately; counted every half minute."""
        since = now - kept.around.within
        counted = self.opened.get(kept.district_id)
        if counted is None or not timedelta(0) <= since - counted[0] < COUNTED_EVERY:
            asked = {"since": since, "district_id": kept.district_id}
            counted = since, _OPENED_LATELY.first(connection, asked) or {}
            self.opened[kept.district_id] = counted
        return replace(kept.around, **counted[1])

    def busy_elsewhere(
        self, connection: Connection, kept: Kept, now: datetime
    ) -> list[dict[str, Any]]:
        """Outages on the district's other feeders with many callers; counted as what opened is."""
        if kept.district_id is None:
            return []
        counted = self.busy.get(kept.district_id)
        if counted is None or not timedelta(0) <= now - counted[0] < COUNTED_EVERY:
            asked = {"district_id": kept.district_id, "since": now - CALLED_WITHIN, "many": MANY}
            counted = self.busy[kept.district_id] = now, _BUSY.rows(connection, asked)
        return [row for row in counted[1] if row["feeder_id"] != kept.tree.feeder_id]

    def read(self, connection: Connection, feeder_id: str) -> Kept:
        """The feeder's tree, read anew if anything was loaded since; an unknown one is empty."""
        version = self._version(connection)
        found = version.feeders.get(feeder_id)
        if found is None:
            found = version.feeders[feeder_id] = _read(connection, feeder_id)
        return found

    def spread(
        self, connection: Connection, ticket_id: str, point: str, lat: float, accuracy_m: float
    ) -> Spread:
        """How the place of a report is shared among transformers; weights add up to one."""
        spreads, key = self.current.spreads, (ticket_id, point)
        found = spreads.get(key)
        if found is None:
            if len(spreads) > MOST_TREES:
                spreads.clear()
            found = spreads[key] = _spread(connection, point, lat, accuracy_m)
        return found

    def loose(self, connection: Connection, district_id: str, read: Callable[[], Loose]) -> Loose:
        """What of a district hangs on no modelled feeder, read anew after any load."""
        version = self._version(connection)
        found = version.loose.get(district_id)
        if found is None:
            found = version.loose[district_id] = read()
        return found

    def density(self, ticket_id: str, count: Callable[[], float]) -> float:
        """How densely people live around a report, counted once."""
        densities = self.current.densities
        found = densities.get(ticket_id)
        if found is None:
            if len(densities) > MOST_TREES:
                densities.clear()
            found = densities[ticket_id] = count()
        return found

    def _version(self, connection: Connection) -> _Version:
        """What is kept of the network as it is now; other threads may still fill an older one."""
        number = _VERSION.value(connection)
        version = self.current
        if version.number != number or len(version.feeders) > MOST_TREES:
            version = self.current = _Version(number)
        return version


def _read(connection: Connection, feeder_id: str) -> Kept:
    asked = {"feeder_id": feeder_id}
    devices = _DEVICES_AROUND.rows(connection, asked)
    district = _DISTRICT.first(connection, asked) or {}
    return Kept(
        tree=FeederTree(
            feeder_id=feeder_id,
            devices=tuple(DeviceNode(**row) for row in _DEVICES.rows(connection, asked)),
            transformers=tuple(
                transformer_node(row) for row in _TRANSFORMERS.rows(connection, asked)
            ),
        ),
        district_id=district.get("district_id"),
        around=Surroundings(
            devices={row["kind"]: row["count"] for row in devices},
            km=sum(row["metres"] for row in devices) / 1_000,
            customers=int(district.get("customers", 0)),
            within=STIRRED_WITHIN,
        ),
    )


def transformer_node(row: Mapping[str, Any]) -> TransformerNode:
    """A transformer as it was read, with its customers of each kind."""
    return TransformerNode(**{**row, "kinds": tuple(sorted(row["kinds"].items()))})


METRES_PER_DEGREE = 111_195.0
REACH = 3.0  # standard deviations


def _spread(connection: Connection, point: str, lat: float, accuracy_m: float) -> Spread:
    reach = REACH * accuracy_m / METRES_PER_DEGREE
    asked: dict[str, Any] = {
        "point": point,
        "accuracy_m": accuracy_m,
        "reach_x": reach / max(math.cos(math.radians(lat)), 0.01),
        "reach_y": reach,
    }
    found = [(r["transformer_id"], float(r["weight"])) for r in _SPREAD.rows(connection, asked)]
    total = sum(weight for _, weight in found)
    if total <= 0:
        return ()
    return tuple((t, weight / total) for t, weight in found if weight > 0.001 * total)
