"""Write down what somebody saw: the outage is real, and this device is open."""

from datetime import datetime

from dispatch.domain.outage import DEVICE_KINDS, Outage, PredictedDevice, Scope
from dispatch.errors import InvalidInput
from dispatch.journal import outage_event
from dispatch.ports import Store


def confirm(
    store: Store,
    outage: Outage,
    device: PredictedDevice | None,
    *,
    cause: str | None,
    at: datetime,
    by: str,
    now: datetime,
) -> Outage:
    """Confirm `outage`; None keeps the predicted device.

    What hangs below a device of the network is out since the outage began, unless another outage
    holds it; what does not is not out because of it. Its callers are looked at again: they may
    have a fault of their own, and this one has hidden it.
    """
    confirmed = store.outages.save(outage.confirm(at, device or outage.device, cause))
    if device is not None and device.id is not None:
        _hold_what_hangs_below(store, outage, device.id)
        store.outages.ask_grouping(outage.feeder_id, outage.district_id, now)
    store.events.append(
        outage_event(
            confirmed,
            "confirmed",
            at=at,
            by=by,
            cause=cause,
            device_id=confirmed.device.id,
            recorded_at=now.isoformat(),
        )
    )
    return confirmed


def _hold_what_hangs_below(store: Store, outage: Outage, device_id: str) -> None:
    below = frozenset(store.directory.list_below_device(device_id))
    if not below:
        return
    beyond = store.outages.scope_out(outage.id).transformers - below
    if beyond:
        store.outages.release_part(outage.id, Scope(transformers=beyond))
    free = store.outages.not_held(Scope(transformers=below), but=outage.id)
    store.outages.widen(outage.id, free, out_from=outage.started_at)


def on_record(
    store: Store, outage: Outage, device_id: str, kind: str | None, *, field: str
) -> PredictedDevice:
    """The device of the network that somebody names, with its name and kind from there.

    `field` is how whoever sent it calls the device: `device.` or `device_`. What the outage holds
    already stands, though the network was loaded anew without it.

    Raises
    ------
    InvalidInput
        There is no such device, or it is of another kind than was said.
    """
    found = store.directory.find_device(device_id)
    if found is None and device_id == outage.device.id:
        found = outage.device
    if found is None:
        raise InvalidInput(f"{field}id", device_id, "a device of the network")
    if kind is not None and kind != found.kind:
        raise InvalidInput(f"{field}kind", kind, f"{found.kind}, which {found.id} is on record")
    return found


def check_kind(kind: str, *, field: str) -> str:
    """A kind of something that stands on no record; `InvalidInput` for a word that names none."""
    if kind not in DEVICE_KINDS:
        expected = f"one of {', '.join(sorted(DEVICE_KINDS))}"
        raise InvalidInput(f"{field}kind", kind, expected)
    return kind
