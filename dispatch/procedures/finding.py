"""Take what a crew found at a device: open, it confirms the outage; closed, it is evidence."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.order import TroubleOrder
from dispatch.domain.outage import Outage, PredictedDevice
from dispatch.domain.phases import read_phases
from dispatch.domain.signal import NamedDevice, SightingRecord, SightingSource
from dispatch.domain.words import CrewId
from dispatch.errors import InvalidInput
from dispatch.ports import Store
from dispatch.procedures.confirming import check_kind, confirm, on_record
from dispatch.procedures.sighting import note_sightings


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found, of a device by its id, or of the predicted one, perhaps of another kind.

    `is_live` says whether there was voltage at it (None: nobody looked), `phases` which are open
    (None: not said); `id` is the finding's own.
    """

    id: str
    device_id: str | None
    device_kind: str | None
    is_open: bool
    is_live: bool | None
    phases: str | None
    cause: str | None


def take_finding(
    store: Store,
    order: TroubleOrder,
    found: Finding,
    *,
    by: CrewId,
    at: datetime,
    now: datetime,
) -> None:
    """Confirm the order's outage, with the device if one is named.

    A device that was found closed confirms nothing: it is evidence of where else to look. Of an
    order for no outage only that is of use.

    Raises
    ------
    InvalidInput
        The device is none of the network, or of another kind there; or the phases are none.
    """
    if not found.is_open:
        _seen_closed(store, order, found, by, at, now)
    elif order.outage_id is not None:
        outage = store.outages.lock(order.outage_id)
        confirm(
            store,
            outage,
            _device(store, outage, found.device_id, found.device_kind),
            cause=found.cause,
            at=at,
            by=by,
            now=now,
            phases=read_phases(found.phases, field="phases"),
        )


def _device(
    store: Store, outage: Outage, device_id: str | None, kind: str | None
) -> PredictedDevice | None:
    """The device a crew names; None: the predicted one. A kind alone is that of the predicted."""
    if device_id is None and kind is None:
        return None
    named = device_id if device_id is not None else outage.device.id
    if named is not None:
        return on_record(store, outage, named, kind, field="device_")
    return replace(outage.device, kind=check_kind(kind or "", field="device_"))


def _seen_closed(
    store: Store, order: TroubleOrder, found: Finding, by: CrewId, at: datetime, now: datetime
) -> None:
    device = _named(store, found.device_id, order)
    seen = SightingRecord(
        id=found.id,
        device=device,
        is_open=False,
        is_live=found.is_live,
        at=at,
        source=SightingSource.CREW,
        by=by,
        received_at=now,
    )
    note_sightings(store, [seen], now)
    if device.feeder_id is not None:
        store.outages.ask_grouping(device.feeder_id, None, now)


def _named(store: Store, device_id: str | None, order: TroubleOrder) -> NamedDevice:
    """A device of the network, also one that hangs on no feeder's model; else the order's own."""
    own = None if order.outage_id is None else store.outages.get(order.outage_id).device
    device_id = device_id or (own.id if own is not None else None)
    if device_id is None:
        raise InvalidInput("device_id", device_id, "the device that was found closed")
    named = store.signals.named_devices({device_id}).get(device_id)
    if named is not None:
        return named
    known = store.directory.find_device(device_id)
    if known is None:
        raise InvalidInput("device_id", device_id, "a device of the network")
    return NamedDevice(id=device_id, name=known.name, feeder_id=None, district_id=order.district_id)
