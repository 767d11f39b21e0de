"""The feeders' trees, kept in the process: they change when something is loaded, not by calls."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from dispatch.domain.facts import DeviceNode, FeederTree, TransformerNode
from dispatch.store.direct import Direct

COUNTED_EVERY = timedelta(seconds=30)
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
        customers
    FROM transformer
    WHERE feeder_id = :feeder_id AND device_pre IS NOT NULL AND retired_at IS NULL
    ORDER BY device_pre, id
    """
)
_DISTRICT = Direct(
    """
    SELECT feeder.district_id, coalesce(sum(head.customers), 0) AS customers
    FROM feeder
    LEFT JOIN feeder AS neighbour ON neighbour.district_id = feeder.district_id
    LEFT JOIN device AS head ON head.feeder_id = neighbour.id AND head.parent_id IS NULL
    WHERE feeder.id = :feeder_id GROUP BY feeder.district_id
    """
)
_OPENED_LATELY = Direct(
    """
    SELECT count(*) FROM outage
    WHERE opened_at > :since AND district_id = :district_id AND merged_into_id IS NULL
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


@dataclass(frozen=True, slots=True)
class Kept:
    """A feeder's tree with its district and how many customers that has."""

    tree: FeederTree
    district_id: str | None
    district_customers: int


@dataclass(slots=True)
class Trees:
    """What one process has read of the feeders, good for one version of the network."""

    version: int | None = None
    kept: dict[str, Kept] = field(default_factory=dict)
    spreads: dict[tuple[str, str], Spread] = field(default_factory=dict)
    opened: dict[str | None, tuple[datetime, int]] = field(default_factory=dict)

    def opened_lately(
        self, connection: Connection, district_id: str | None, since: datetime
    ) -> int:
        """How many outages were opened in a district since then; counted every half minute."""
        counted = self.opened.get(district_id)
        if counted is None or not timedelta(0) <= since - counted[0] < COUNTED_EVERY:
            asked = {"since": since, "district_id": district_id}
            counted = since, int(_OPENED_LATELY.value(connection, asked))
            self.opened[district_id] = counted
        return counted[1]

    def read(self, connection: Connection, feeder_id: str) -> Kept:
        """The feeder's tree, read anew if anything was loaded since; an unknown one is empty."""
        version = _VERSION.value(connection)
        if version != self.version or len(self.kept) > MOST_TREES:
            self.kept, self.spreads, self.version = {}, {}, version
        found = self.kept.get(feeder_id)
        if found is None:
            found = self.kept[feeder_id] = _read(connection, feeder_id)
        return found

    def spread(
        self, connection: Connection, ticket_id: str, point: str, lat: float, accuracy_m: float
    ) -> Spread:
        """How the place of a report is shared among transformers; weights add up to one."""
        key = (ticket_id, point)
        if key not in self.spreads:
            if len(self.spreads) > MOST_TREES:
                self.spreads.clear()
            self.spreads[key] = _spread(connection, point, lat, accuracy_m)
        return self.spreads[key]


def _read(connection: Connection, feeder_id: str) -> Kept:
    asked = {"feeder_id": feeder_id}
    district = _DISTRICT.first(connection, asked) or {"district_id": None, "customers": 0}
    return Kept(
        tree=FeederTree(
            feeder_id=feeder_id,
            devices=tuple(DeviceNode(**row) for row in _DEVICES.rows(connection, asked)),
            transformers=tuple(
                TransformerNode(**row) for row in _TRANSFORMERS.rows(connection, asked)
            ),
        ),
        district_id=district["district_id"],
        district_customers=int(district["customers"]),
    )


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
