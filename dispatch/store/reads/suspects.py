"""What inference thinks of one outage, as a screen shows it: devices, and who would be out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from dispatch.domain.outage import Outage
from dispatch.domain.words import OrderId, OutageId

MOST_TRANSFORMERS = 2_000
FAINTEST = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A device that may have opened; `id` is None for the line of a single home.

    `lon, lat` is EPSG:4326, None where the device has no place on record. `transformers` and
    `customers` count what hangs below it.
    """

    id: str | None
    kind: str
    name: str
    probability: float
    lon: float | None
    lat: float | None
    transformers: int
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThoughtOut:
    """A transformer below devices that may have opened, with the probability that one has."""

    id: str
    name: str
    lon: float
    lat: float
    customers: int
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLook:
    """What the newest prediction of an outage rests on, and when it was made."""

    at: datetime
    reasons: tuple[str, ...]


_DEVICES = text(
    """
    SELECT device.id, device.kind, device.name, ST_X(device.point) AS lon,
        ST_Y(device.point) AS lat, count(below.id) AS transformers,
        coalesce(sum(below.customers), 0) AS customers
    FROM device
    LEFT JOIN transformer AS below ON below.feeder_id = device.feeder_id
        AND below.device_pre >= device.pre AND below.device_pre < device.post
        AND below.retired_at IS NULL
    WHERE device.id = ANY(:ids)
    GROUP BY device.id
    """
)
# Of devices above one another only one is the topmost that is open: their probabilities add up.
_TRANSFORMERS = text(
    """
    SELECT below.id, below.name, ST_X(below.point) AS lon, ST_Y(below.point) AS lat,
        below.customers, sum(thought.probability) AS probability
    FROM unnest(CAST(:ids AS text[]), CAST(:probabilities AS float8[]))
        AS thought (id, probability)
    JOIN device ON device.id = thought.id
    JOIN transformer AS below ON below.feeder_id = device.feeder_id
        AND below.device_pre >= device.pre AND below.device_pre < device.post
    WHERE below.retired_at IS NULL
    GROUP BY below.id
    HAVING sum(thought.probability) >= :faintest
    ORDER BY probability DESC, below.id LIMIT :most
    """
)
_NAMES = text("SELECT id, name FROM transformer WHERE id = ANY(:ids)")
_LAST_LOOK = text(
    """
    SELECT at, body -> 'reasons' AS reasons FROM event
    WHERE stream = :stream AND kind = 'outage.predicted' ORDER BY id DESC LIMIT 1
    """
)


_LAST_HOLD = text(
    """
    SELECT body -> 'reasons' FROM event
    WHERE stream = ANY(:streams) AND kind IN ('outage.predicted', 'order.held')
    ORDER BY id DESC LIMIT 1
    """
)


def suspects(connection: Connection, outage: Outage) -> tuple[Suspect, ...]:
    """The devices that may have opened, the most probable first; a device that is gone is left out.

    Where the outage is thought to be single homes, their line stands among the devices. An outage
    without a prediction has none.
    """
    if outage.prediction is None:
        return ()
    thought = dict(outage.prediction.devices)
    rows = connection.execute(_DEVICES, {"ids": list(thought)}).mappings()
    found = [Suspect(**row, probability=thought[row["id"]]) for row in rows]
    if outage.device.id is None:
        found.append(
            Suspect(
                id=None,
                kind=outage.device.kind,
                name=outage.device.name,
                probability=outage.prediction.probability,
                lon=outage.lon,
                lat=outage.lat,
                transformers=0,
                customers=round(outage.prediction.customers_out),
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.probability, each.id or "")))


def thought_out(connection: Connection, outage: Outage) -> list[ThoughtOut]:
    """The transformers that may be out because of this outage, the most probable first.

    At most 2,000, none fainter than 2 %; empty for an outage without a prediction.
    """
    if outage.prediction is None:
        return []
    devices = outage.prediction.devices
    values = {
        "ids": [device_id for device_id, _ in devices],
        "probabilities": [probability for _, probability in devices],
        "faintest": FAINTEST,
        "most": MOST_TRANSFORMERS,
    }
    rows = connection.execute(_TRANSFORMERS, values).mappings()
    return [
        ThoughtOut(**{**row, "probability": min(float(row["probability"]), 1.0)}) for row in rows
    ]


def last_look(connection: Connection, outage_id: OutageId) -> LastLook | None:
    """Why the device of an outage was predicted as it is now; None where inference was not used."""
    row = connection.execute(_LAST_LOOK, {"stream": f"outage:{outage_id}"}).one_or_none()
    return None if row is None else LastLook(at=row.at, reasons=tuple(row.reasons or ()))


def last_hold(connection: Connection, outage_id: OutageId, order_id: OrderId) -> tuple[str, ...]:
    """What was thought when an outage's order was last held, as reasons; empty if nothing was."""
    streams = [f"outage:{outage_id}", f"order:{order_id}"]
    return tuple(connection.scalar(_LAST_HOLD, {"streams": streams}) or ())


def transformer_names(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """What transformers are called, by id; an unknown id is left out."""
    rows = connection.execute(_NAMES, {"ids": sorted(ids)})
    return {row.id: row.name for row in rows}
