"""Write down what somebody saw: the outage is real, and this device is open."""

from datetime import datetime

from dispatch.domain.outage import Outage, PredictedDevice, Scope
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

    A device of the network takes its name and kind from there, and what hangs below it is out
    since the outage began, unless another outage holds it.
    """
    if device is not None and device.id is not None:
        device = store.directory.find_device(device.id) or device
    confirmed = store.outages.save(outage.confirm(at, device or outage.device, cause))
    if device is not None and device.id is not None:
        below = Scope(transformers=frozenset(store.directory.list_below_device(device.id)))
        free = store.outages.not_held(below, but=outage.id)
        store.outages.widen(outage.id, free, out_from=outage.started_at)
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
