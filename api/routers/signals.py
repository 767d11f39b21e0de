"""What meters and switchgear send: batches, in any order, safe to repeat."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel

from api.access import API
from api.callers import Calling, Role
from api.inputs.reports import recent
from api.inputs.signals import DeviceStatesIn, MeterSignalsIn
from api.routers.parts import Working, in_one_go
from dispatch.domain.signal import SightingSource
from dispatch.errors import InvalidInput
from dispatch.usecases.record_signals import (
    RecordMeterSignals,
    RecordSightings,
    SightingSent,
    SignalSent,
    SignalsTaken,
    record_meter_signals,
    record_sightings,
)

router = APIRouter(tags=["integration"])


class RefusedSignal(BaseModel):
    """One whose time cannot be meant."""

    id: str
    why: str


class SignalsOut(BaseModel):
    """How many came and how many were new; which names mean nothing here; what was refused."""

    received: int
    new: int
    unknown: list[str]
    refused: list[RefusedSignal]


class Dated(Protocol):
    """Something with an id that happened at a time."""

    @property
    def id(self) -> str:
        """The sender's."""
        ...

    @property
    def at(self) -> datetime:
        """When, by the sender's clock."""
        ...


Sent = TypeVar("Sent", bound=Dated)
Made = TypeVar("Made")


@router.post(f"{API}/meter-signals")
def post_meter_signals(body: MeterSignalsIn, caller: Calling, house: Working) -> SignalsOut:
    """Take last gasps, power-ups and answers to pings; one that was sent before is not new."""
    now = house.now()
    signals, refused = _in_time(
        body.signals,
        lambda sent, at: SignalSent(
            id=sent.id, meter=sent.meter, account=sent.account, kind=sent.kind, at=at
        ),
        now,
    )
    command = RecordMeterSignals(signals=signals, districts=caller.scope)
    taken = in_one_go(house, lambda store: record_meter_signals(store, command, now=now))
    house.queue.group(*taken.feeders, *taken.districts)
    return _answer(len(body.signals), taken, refused)


@router.post(f"{API}/device-states")
def post_device_states(body: DeviceStatesIn, caller: Calling, house: Working) -> SignalsOut:
    """Take what SCADA reports, or what a dispatcher knows, of switches open and closed."""
    now = house.now()
    sightings, refused = _in_time(
        body.states,
        lambda sent, at: SightingSent(
            id=sent.id,
            device=sent.device,
            is_open=sent.state == "open",
            is_live=sent.live,
            at=at,
        ),
        now,
    )
    by_program = caller.role is Role.INTEGRATION
    command = RecordSightings(
        sightings=sightings,
        source=SightingSource.SCADA if by_program else SightingSource.DISPATCHER,
        by=caller.name,
        districts=caller.scope,
    )
    taken = in_one_go(house, lambda store: record_sightings(store, command, now=now))
    house.queue.group(*taken.feeders, *taken.districts)
    return _answer(len(body.states), taken, refused)


def _in_time(
    sent: Sequence[Sent], make: Callable[[Sent, datetime], Made], now: datetime
) -> tuple[list[Made], list[RefusedSignal]]:
    """Those whose time may be meant, and the others with the reason."""
    made, refused = [], []
    for each in sent:
        try:
            made.append(make(each, recent("at", each.at, now)))
        except InvalidInput as why:
            refused.append(RefusedSignal(id=each.id, why=str(why)))
    return made, refused


def _answer(received: int, taken: SignalsTaken, refused: list[RefusedSignal]) -> SignalsOut:
    return SignalsOut(
        received=received, new=taken.new, unknown=list(taken.unknown), refused=refused
    )
