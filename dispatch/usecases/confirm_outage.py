"""Somebody saw it: a dispatcher, SCADA or a crew confirms an outage and its device."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.outage import Outage, PredictedDevice
from dispatch.domain.phases import read_phases
from dispatch.domain.words import OutageId
from dispatch.errors import IllegalStep
from dispatch.ports import Store
from dispatch.procedures.checking import check_version
from dispatch.procedures.confirming import check_kind, confirm, on_record


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmOutage:
    """What was seen; `device` None keeps the predicted one. Without an id it is on no record.

    `phases` are letters of ABC that are open, None: what was said before of the same device, else
    all. `seen_version` None is for machines, which do not look at a screen.
    """

    outage_id: OutageId
    by: str
    seen_version: int | None = None
    device: PredictedDevice | None = None
    cause: str | None = None
    phases: str | None = None
    at: datetime | None = None


def confirm_outage(store: Store, command: ConfirmOutage, *, now: datetime) -> Outage:
    """Confirm it; the transformers below a device that was named are out from its start.

    Raises
    ------
    InvalidInput
        The device is on no record, or of another kind there; or nothing below it has the phases.
    IllegalStep
        The outage is over; or another one is confirmed with that device, and who looks at a screen
        can merge the two instead. What a machine or a crew saw is taken down all the same.
    """
    outage = store.outages.lock(command.outage_id)
    check_version(outage, command.seen_version)
    device = None if command.device is None else _known(store, outage, command.device)
    if command.seen_version is not None:
        _refuse_second(store, outage, device or outage.device)
    return confirm(
        store,
        outage,
        device,
        cause=command.cause,
        at=command.at or now,
        by=command.by,
        now=now,
        phases=read_phases(command.phases, field="phases"),
    )


def _known(store: Store, outage: Outage, seen: PredictedDevice) -> PredictedDevice:
    if seen.id is not None:
        return on_record(store, outage, seen.id, seen.kind, field="device.")
    check_kind(seen.kind, field="device.")
    return seen


def _refuse_second(store: Store, outage: Outage, device: PredictedDevice) -> None:
    if device.id is None:
        return
    first = store.outages.find_confirmed(device.id, but=outage.id)
    if first is not None:
        raise IllegalStep(
            f"outage {first} is confirmed with this device already; merge the two",
            outage_id=outage.id,
            merge_with=first,
        )
