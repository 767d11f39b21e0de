"""Somebody saw it: a dispatcher, SCADA or a crew confirms an outage and its device."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.outage import Outage, PredictedDevice
from dispatch.domain.words import OutageId
from dispatch.ports import Store
from dispatch.procedures.checking import check_version
from dispatch.procedures.confirming import confirm


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
    return confirm(
        store,
        outage,
        command.device,
        cause=command.cause,
        at=command.at or now,
        by=command.by,
        now=now,
    )
