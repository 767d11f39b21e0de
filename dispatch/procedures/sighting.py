"""Keep what somebody saw of devices; one seen closed again may end an outage."""

from collections.abc import Iterable
from datetime import datetime

from dispatch.domain.outage import OutageStatus
from dispatch.domain.signal import SightingRecord
from dispatch.journal import device_event
from dispatch.ports import Store
from dispatch.procedures.restoring import restore


def note_sightings(
    store: Store, records: Iterable[SightingRecord], now: datetime
) -> list[SightingRecord]:
    """Keep what is new by its id, and give what is.

    Where a device that was seen open is seen closed, an outage that only rests on that is over.
    """
    records = list(records)
    new = store.signals.record_sightings(records)
    fresh = list({record.id: record for record in records if record.id in new}.values())
    for record in fresh:
        store.events.append(device_event(record))
    for record in sorted(fresh, key=lambda record: record.at):
        if not record.is_open:
            _give_light(store, record, now)
    return fresh


def _give_light(store: Store, closed: SightingRecord, now: datetime) -> None:
    """A device that had opened is closed again: whoever it put out has light.

    Whom another device keeps dark goes over to that one's outage. A confirmed outage is left to who
    works on it: a closing may be a trial.
    """
    at = min(closed.at, now)
    outage_id = store.outages.find_seen_open(closed.device.id, at)
    if outage_id is None:
        return
    outage = store.outages.lock(outage_id, to_end=True)
    if outage.status is OutageStatus.PREDICTED and store.outages.scope_out(outage_id):
        at = max(at, outage.started_at)
        restore(store, outage, None, at, by=closed.by, cause=None, now=now)
