"""Somebody saw it: a dispatcher, SCADA or a crew confirms an outage and its device."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.outage import Outage, PredictedDevice, Scope
from dispatch.domain.words import OutageId
from dispatch.journal import outage_event
from dispatch.ports import Store
from dispatch.procedures.checking import check_version


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmOutage:
    """What was seen; `device` None keeps the predicted one.

    `seen_version` None is for machines, which do not look at a screen.
    """

    outage_id: OutageId
    by: str
    seen_version: int | None = None
    device: PredictedDevice | None = None
    cause: str | None = None
    at: datetime | None = None


def confirm_outage(store: Store, command: ConfirmOutage, *, now: datetime) -> Outage:
    """Confirm it; the transformers below a device that was named are out from its start."""
    outage = store.outages.lock(command.outage_id)
    check_version(outage, command.seen_version)
    device = command.device or outage.device
    confirmed = store.outages.save(outage.confirm(command.at or now, device, command.cause))
    if command.device is not None and command.device.id is not None:
        below = frozenset(store.directory.list_below_device(command.device.id))
        free = below - store.outages.transformers_out()
        store.outages.widen(outage.id, Scope(transformers=free), out_from=outage.started_at)
    store.events.append(
        outage_event(
            confirmed,
            "confirmed",
            at=command.at or now,
            by=command.by,
            cause=command.cause,
            device_id=device.id,
        )
    )
    return confirmed
