"""Do what a line says, through the same use cases as the desks, phones and programs do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine

from dispatch.domain.arrival import ArrivalPolicy
from dispatch.domain.crew import PositionFix
from dispatch.domain.order import TroubleOrder
from dispatch.domain.outage import Confidence, EstimateSource, Scope
from dispatch.domain.signal import SightingSource
from dispatch.domain.tracking import TrackingPolicy
from dispatch.domain.words import (
    ActionKind,
    CrewId,
    DistrictId,
    OrderId,
    OutageId,
    PlannedOutageId,
    TicketId,
)
from dispatch.drill.replay.accounts import Accounts
from dispatch.drill.replay.lines import (
    CONFIRM,
    CrewAction,
    Fix,
    Line,
    Meter,
    Planned,
    Restore,
    Scada,
    There,
    Ticket,
)
from dispatch.drill.replay.places import Places
from dispatch.errors import IllegalStep, InvalidInput
from dispatch.location import ReportedPosition
from dispatch.ports import Store, Travel
from dispatch.procedures.assigning import give
from dispatch.sayings import Clockface, reason
from dispatch.store import replaying
from dispatch.store.constraints import in_our_words
from dispatch.store.partitions import ensure_fix_partitions
from dispatch.store.transaction import PgStore
from dispatch.usecases.confirm_outage import ConfirmOutage, confirm_outage
from dispatch.usecases.estimate_restoration import EstimateRestoration, estimate_restoration
from dispatch.usecases.plan_outage import (
    EndPlannedOutage,
    PlanOutage,
    end_planned_outage,
    plan_outage,
)
from dispatch.usecases.record_crew_action import RecordCrewAction, record_crew_action
from dispatch.usecases.record_positions import RecordPositions, record_positions
from dispatch.usecases.record_signals import (
    RecordMeterSignals,
    RecordSightings,
    SightingSent,
    SignalSent,
    record_meter_signals,
    record_sightings,
)
from dispatch.usecases.report_trouble import ReportTrouble, report_trouble
from dispatch.usecases.restore_outage import RestoreOutage, restore_outage
from dispatch.usecases.split_outage import SplitOutage, split_outage

BY = "replay"
OWN_CREW = "replay-{}"
MOST_OWN_CREWS = 1000
SOMEWHERE = (0.0, 0.0)
RECORDED = TrackingPolicy(on_duty_only=False)
"""What was recorded was allowed to be; shifts of that time may be unknown."""

UNKNOWN_DRIVE = Travel(0.0, None, "unknown")


@dataclass(frozen=True, slots=True)
class Desk:
    """The transaction in which one line is taken."""

    store: Store
    connection: Connection
    places: Places
    line: Line

    @property
    def now(self) -> datetime:
        """The simulated time."""
        return self.line.at

    @property
    def id(self) -> str:
        """The identity of what the line sends, as a client would make it."""
        return f"line-{self.line.number}"


class Doer:
    """Takes lines one by one, each in a transaction of its own; what is refused is raised."""

    def __init__(self, engine: Engine, *, clockface: Clockface, arrival: ArrivalPolicy) -> None:
        self._engine = engine
        self._clockface = clockface
        self._arrival = arrival
        self._days: set[object] = set()
        self._seen_open: set[str] = set()
        with engine.begin() as connection:
            self._accounts = Accounts(replaying.accounts(connection))

    def do(self, line: Line) -> None:
        """Do what the line says.

        Raises
        ------
        DispatchError
            The house refuses it: nothing lies there, or the state of the thing forbids it.
        """
        with self._desk(line) as desk:
            match line.deed:
                case Ticket():
                    self._ticket(desk, line.deed)
                case Meter():
                    self._meter(desk, line.deed)
                case Scada():
                    self._scada(desk, line.deed)
                case CrewAction():
                    self._crew_action(desk, line.deed)
                case Fix():
                    self._fix(desk, line.deed)
                case Planned():
                    self._planned(desk, line.deed)
                case Restore():
                    self._give_light(desk, line.deed.there, BY, line.deed.cause)

    def end_planned(self, planned_id: int, at: datetime) -> None:
        """Supply is back after planned work, at the time that was announced."""
        with in_our_words(), self._engine.begin() as connection:
            store = PgStore(connection)
            command = EndPlannedOutage(planned_id=PlannedOutageId(planned_id), by=BY, at=at)
            end_planned_outage(store, command, now=at)
            for transformer_id in replaying.transformers_planned(connection, planned_id):
                found = store.directory.find_transformer(transformer_id)
                if found is not None:
                    store.outages.ask_grouping(found.feeder_id, found.district_id, at)
            store.finish()

    @contextmanager
    def _desk(self, line: Line) -> Iterator[Desk]:
        with in_our_words(), self._engine.begin() as connection:
            store = PgStore(connection)
            places = Places(store, connection, self._accounts)
            yield Desk(store, connection, places, line)
            store.finish()

    def _ticket(self, desk: Desk, said: Ticket) -> None:
        complaint, position = said.complaint, said.position
        if complaint.account is not None:
            complaint = replace(complaint, account=self._accounts.meant(complaint.account))
        command = ReportTrouble(
            id=TicketId(said.id),
            complaint=complaint,
            position=None
            if position is None
            else ReportedPosition(
                lon=position.lon, lat=position.lat, accuracy_m=position.accuracy_m
            ),
            received_at=desk.now,
            by=BY,
        )
        report_trouble(desk.store, command, now=desk.now, clockface=self._clockface)

    def _meter(self, desk: Desk, said: Meter) -> None:
        sent = SignalSent(
            id=desk.id,
            kind=said.kind,
            at=desk.now,
            meter=said.meter,
            account=None if said.account is None else self._accounts.meant(said.account),
        )
        taken = record_meter_signals(desk.store, RecordMeterSignals(signals=[sent]), now=desk.now)
        if taken.unknown:
            raise InvalidInput("meter", taken.unknown[0], "a meter or account of the network")

    def _scada(self, desk: Desk, said: Scada) -> None:
        self._sight(desk, said.device, said, SightingSource.SCADA, by=BY)

    def _sight(
        self, desk: Desk, device: str, seen: Scada | CrewAction, source: SightingSource, *, by: str
    ) -> None:
        sent = SightingSent(
            id=desk.id, device=device, is_open=seen.is_open, is_live=seen.is_live, at=desk.now
        )
        command = RecordSightings(sightings=[sent], source=source, by=by)
        if record_sightings(desk.store, command, now=desk.now).unknown:
            raise InvalidInput("device", device, "one device of the network, by its id or its name")
        self._note(desk.places.device(device).id, is_open=seen.is_open)

    def _note(self, device_id: str, *, is_open: bool) -> None:
        """Remember which devices somebody saw open and nobody closed so far."""
        (self._seen_open.add if is_open else self._seen_open.discard)(device_id)

    def _crew_action(self, desk: Desk, said: CrewAction) -> None:
        if said.kind in {CONFIRM, ActionKind.FINDINGS}:
            self._confirm(desk, said)
        elif said.kind == ActionKind.ESTIMATE:
            self._estimate(desk, said)
        elif said.kind == ActionKind.RESTORE:
            self._give_light(desk, self._where(desk, said), said.crew or BY, said.cause)
        else:
            self._step(desk, said)

    def _confirm(self, desk: Desk, said: CrewAction) -> None:
        """A device that is open confirms the outage there; any other sight of it is evidence."""
        by, name = said.crew or BY, said.there.device
        outage_id = desk.places.outage(self._where(desk, said)) if said.is_open else None
        if outage_id is not None:
            outage_id = self._its_own(desk, said, outage_id)
        if outage_id is None:
            if name is None:
                raise IllegalStep("no open outage holds any of it")
            self._sight(desk, name, said, SightingSource.CREW, by=by)
            return
        device = None
        if name is not None:
            device = desk.store.directory.find_device(desk.places.device(name).id)
        command = ConfirmOutage(
            outage_id=outage_id, by=by, device=device, cause=said.cause, phases=said.phases
        )
        confirm_outage(desk.store, command, now=desk.now)
        if device is not None and device.id is not None:
            self._note(device.id, is_open=True)

    def _its_own(self, desk: Desk, said: CrewAction, outage_id: OutageId) -> OutageId | None:
        """The outage that a crew's finding confirms: the one there, or what it hid until now.

        Where a device alone is named, and most callers of the outage predicted there are not below
        it, the device is another fault: those below get an outage of their own, as a dispatcher
        would say. None where nobody below has called.
        """
        callers = desk.places.callers_elsewhere(said.there, outage_id)
        if callers is None:
            return outage_id
        if not callers:
            return None
        command = SplitOutage(
            outage_id=outage_id,
            tickets=callers,
            by=said.crew or BY,
            reason="a crew found its device",
        )
        return split_outage(desk.store, command, now=desk.now).id

    def _estimate(self, desk: Desk, said: CrewAction) -> None:
        outage_id = desk.places.outage(self._where(desk, said))
        if outage_id is None:
            raise IllegalStep("no open outage holds any of it")
        if said.restore_at is None:
            raise ValueError("the line was read without a time of restoration")
        command = EstimateRestoration(
            outage_id=outage_id,
            at=said.restore_at,
            source=EstimateSource.CREW,
            confidence=Confidence.HIGH,
            by=said.crew or BY,
        )
        estimate_restoration(desk.store, command, now=desk.now)

    def _step(self, desk: Desk, said: CrewAction) -> None:
        """One step of an order, by the crew that is named, that holds it, or of our own."""
        store = desk.store
        order = store.orders.lock(desk.places.order(self._where(desk, said)))
        crew_id = self._crew_for(desk, order, said.crew)
        if order.crew_id != crew_id:
            self._free(desk, crew_id)
            given = reason("by_hand", reason=BY)
            order = give(
                store,
                order,
                crew_id,
                UNKNOWN_DRIVE,
                why=(given,),
                by=BY,
                reason="the input says so",
                now=desk.now,
            )
        self._act(desk, order, crew_id, ActionKind(said.kind), said)

    def _act(
        self,
        desk: Desk,
        order: TroubleOrder,
        crew_id: CrewId,
        kind: ActionKind,
        said: CrewAction | None = None,
    ) -> None:
        command = RecordCrewAction(
            id=f"{desk.id}-{kind}-{order.id}",
            crew_id=crew_id,
            seq=desk.line.number,
            kind=kind,
            order_id=order.id,
            occurred_at=desk.now,
            reason=(said.note or BY) if said else BY,
            cause=said.cause if said else None,
            note=(said.note or BY) if said else BY,
        )
        record_crew_action(desk.store, command, policy=self._arrival, now=desk.now)

    def _crew_for(self, desk: Desk, order: TroubleOrder, named: str | None) -> CrewId:
        if named is None and order.crew_id is not None:
            return order.crew_id
        lon, lat = (order.lon, order.lat) if order.lon is not None else SOMEWHERE
        district_id = order.district_id or desk.store.directory.list_districts()[0]
        if named is None:
            named = self._own_crew(desk)
        return replaying.ensure_crew(desk.connection, named, lon or 0.0, lat or 0.0, district_id)

    def _own_crew(self, desk: Desk) -> str:
        """The first of the replay's own crews that holds no order."""
        names = [OWN_CREW.format(n) for n in range(1, MOST_OWN_CREWS)]
        busy = replaying.busy_among(desk.connection, names)
        return next(name for name in names if name not in busy)

    def _free(self, desk: Desk, crew_id: CrewId) -> None:
        """A crew that goes on to another order has done the last one, if supply is back there."""
        held = replaying.order_of_crew(desk.connection, crew_id)
        if held is None:
            return
        order = desk.store.orders.lock(held)
        if order.outage_id is None or not desk.store.outages.get(order.outage_id).is_open:
            self._act(desk, order, crew_id, ActionKind.FIELD_COMPLETE)

    def _where(self, desk: Desk, said: CrewAction) -> There:
        """What the line points to; else the order that its crew holds."""
        if said.there != There() or said.crew is None:
            return said.there
        held: OrderId | None = replaying.order_of_crew(desk.connection, said.crew)
        if held is None:
            raise IllegalStep("the crew holds no order", crew_id=said.crew)
        return There(order=held)

    def _fix(self, desk: Desk, said: Fix) -> None:
        lon, lat = said.position.lon, said.position.lat
        district_id: DistrictId = desk.store.directory.list_districts()[0]
        crew_id = replaying.ensure_crew(desk.connection, said.crew, lon, lat, district_id)
        if desk.now.date() not in self._days:
            ensure_fix_partitions(desk.connection, desk.now, back=0, ahead=0)
            self._days.add(desk.now.date())
        fix = PositionFix(
            id=desk.id,
            crew_id=crew_id,
            lon=lon,
            lat=lat,
            fixed_at=desk.now,
            received_at=desk.now,
            accuracy_m=said.position.accuracy_m,
            speed_mps=said.speed_mps,
            mock=said.mock,
        )
        command = RecordPositions(crew_id=crew_id, fixes=[fix])
        record_positions(desk.store, command, tracking=RECORDED, policy=self._arrival, now=desk.now)

    def _planned(self, desk: Desk, said: Planned) -> None:
        device = said.there.device
        command = PlanOutage(
            reason=said.reason,
            starts_at=said.starts_at,
            ends_at=said.ends_at,
            by=BY,
            transformers=said.there.transformers,
            device_id=None if device is None else desk.places.device(device).id,
        )
        planned = plan_outage(desk.store, command, now=desk.now)
        desk.store.outages.ask_grouping(planned.feeder_id, planned.district_id, desk.now)

    def _give_light(self, desk: Desk, there: There, by: str, cause: str | None) -> None:
        """Supply is back there, but for what hangs below a device further down that is open."""
        parts: Mapping[OutageId, Scope] = desk.places.parts(there)
        if not parts:
            raise IllegalStep("no open outage holds any of it")
        if there.device is not None:
            self._note(desk.places.device(there.device).id, is_open=False)
        for outage_id, part in parts.items():
            if desk.places.is_further_down(there, outage_id, self._seen_open):
                continue
            everybody = part == desk.store.outages.scope_out(outage_id)
            command = RestoreOutage(
                outage_id=outage_id,
                at=desk.now,
                by=by,
                part=None if everybody else part,
                cause=cause,
            )
            restored = restore_outage(desk.store, command, now=desk.now)
            desk.store.outages.ask_grouping(restored.feeder_id, restored.district_id, desk.now)
