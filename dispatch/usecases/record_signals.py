"""Take what meters and switchgear say, in any order; news of a feeder goes to grouping."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.facts import MeterSignalKind
from dispatch.domain.signal import (
    MeteredPoint,
    MeterRecord,
    NamedDevice,
    SightingRecord,
    SightingSource,
)
from dispatch.domain.words import DistrictId
from dispatch.ports import Store
from dispatch.procedures.sighting import note_sightings


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSent:
    """A meter's signal as it came in: the meter or its account, and the sender's own id."""

    id: str
    kind: MeterSignalKind
    at: datetime
    meter: str | None = None
    account: str | None = None

    @property
    def named(self) -> str:
        """What the sender calls the meter."""
        return self.meter or self.account or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingSent:
    """A device seen open or closed, by whatever name the sender knows it.

    `is_live` says whether there was voltage at it, None where nobody looked.
    """

    id: str
    device: str
    is_open: bool
    at: datetime
    is_live: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMeterSignals:
    """A batch of signals; `districts` are those of the sender, None for all."""

    signals: Sequence[SignalSent]
    districts: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSightings:
    """A batch of sightings from one source; `districts` are those of the sender, None for all."""

    sightings: Sequence[SightingSent]
    source: SightingSource
    by: str
    districts: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsTaken:
    """How many were new, which names mean nothing here, and which feeders have news.

    Of what hangs on no feeder, `districts` have them.
    """

    new: int
    unknown: tuple[str, ...]
    feeders: tuple[str, ...] = ()
    districts: tuple[DistrictId, ...] = ()


def record_meter_signals(
    store: Store, command: RecordMeterSignals, *, now: datetime
) -> SignalsTaken:
    """Store what is new; a meter nobody knows is named in the answer and holds up no other."""
    meters = store.signals.points_of_meters({s.meter for s in command.signals if s.meter})
    accounts = store.signals.points_of_accounts(
        {s.account for s in command.signals if s.account and s.meter not in meters}
    )
    records, unknown = [], []
    for sent in command.signals:
        point = meters.get(sent.meter or "") or accounts.get(sent.account or "")
        if point is None or not _may(point, command.districts):
            unknown.append(sent.named)
        else:
            records.append(
                MeterRecord(id=sent.id, point=point, kind=sent.kind, at=sent.at, received_at=now)
            )
    new = store.signals.record_meter_signals(records)
    points = [record.point for record in records] if new else []
    return _taken(store, new, unknown, points, now)


def record_sightings(store: Store, command: RecordSightings, *, now: datetime) -> SignalsTaken:
    """Store what is new; a device nobody knows is named in the answer and holds up no other.

    Where a device that was seen open is seen closed, an outage that only rests on that is over.
    """
    devices = store.signals.named_devices({sent.device for sent in command.sightings})
    records, unknown = [], []
    for sent in command.sightings:
        device = devices.get(sent.device)
        if device is None or not _may(device, command.districts):
            unknown.append(sent.device)
        else:
            records.append(_sighting(sent, device, command, now))
    fresh = note_sightings(store, records, now)
    return _taken(store, len(fresh), unknown, [record.device for record in fresh], now)


def _sighting(
    sent: SightingSent, device: NamedDevice, command: RecordSightings, now: datetime
) -> SightingRecord:
    return SightingRecord(
        id=sent.id,
        device=device,
        is_open=sent.is_open,
        is_live=sent.is_live,
        at=sent.at,
        source=command.source,
        by=command.by,
        received_at=now,
    )


def _may(thing: MeteredPoint | NamedDevice, districts: frozenset[str] | None) -> bool:
    """Whether the sender may know of it; a thing of no district is everybody's."""
    return districts is None or thing.district_id is None or thing.district_id in districts


def _taken(
    store: Store,
    new: int,
    unknown: Sequence[str],
    things: Iterable[MeteredPoint | NamedDevice],
    now: datetime,
) -> SignalsTaken:
    places = {(thing.feeder_id, thing.district_id) for thing in things}
    feeders = sorted({feeder_id for feeder_id, _ in places if feeder_id is not None})
    districts = sorted({d for feeder_id, d in places if feeder_id is None and d is not None})
    for feeder_id in feeders:
        store.outages.ask_grouping(feeder_id, None, now)
    for district_id in districts:
        store.outages.ask_grouping(None, district_id, now)
    return SignalsTaken(
        new=new,
        unknown=tuple(dict.fromkeys(unknown)),
        feeders=tuple(feeders),
        districts=tuple(districts),
    )
