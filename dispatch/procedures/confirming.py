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
    phases: str | None = None,
) -> Outage:
    """Confirm `outage`; None keeps the predicted device.

    `phases` are the open ones, ABC: all; None: as said before of the same device.

    What hangs below a device of the network, on one of its open phases, is out since the outage
    began, unless another outage holds it or it has light again; what does not is not out because of
    it. Its callers are looked at again: they may have a fault of their own, and this one has hidden
    it.

    Raises
    ------
    InvalidInput
        Nothing below the device lives on these phases.
    """
    confirmed = store.outages.save(outage.confirm(at, device or outage.device, cause, phases))
    named = confirmed.device.id if device is not None or phases is not None else None
    if named is not None:
        _hold_what_hangs_below(store, confirmed, named)
        store.outages.ask_grouping(outage.feeder_id, outage.district_id, now)
    store.events.append(
        outage_event(
            confirmed,
            "confirmed",
            at=at,
            by=by,
            cause=cause,
            device_id=confirmed.device.id,
            phases=confirmed.phases,
            recorded_at=now.isoformat(),
        )
    )
    return confirmed


def _hold_what_hangs_below(store: Store, outage: Outage, device_id: str) -> None:
    below = frozenset(store.directory.list_below_device(device_id, outage.phases))
    if not below:
        if outage.phases and store.directory.list_below_device(device_id):
            raise InvalidInput("phases", outage.phases, "phases of something below the device")
        return
    beyond = store.outages.scope_out(outage.id).transformers - below
    if beyond:
        store.outages.release_part(outage.id, Scope(transformers=beyond))
    dark = below - store.outages.transformers_lit(outage.id)
    free = store.outages.not_held(Scope(transformers=dark), but=outage.id)
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
