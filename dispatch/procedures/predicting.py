"""Make what inference says of a feeder true in the record: outages, their callers, who is out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from dispatch.assumed import AREA
from dispatch.domain.facts import DeviceNode, FeederEvidence, OutageFact
from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.outage import Outage, OutageStatus, PredictedDevice, Prediction, Scope
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import Disposition, NetworkLevel, OutageId, TicketId
from dispatch.journal import SYSTEM, order_event, outage_event, ticket_event
from dispatch.ports import Store
from dispatch.procedures.attaching import Explained, attach, leave_home
from dispatch.procedures.merging import merge
from dispatch.procedures.opening import (
    MEDIUM_VOLTAGE,
    WORK_SKILLS,
    Suspicion,
    name_of,
    open_outage,
    open_seen,
)
from dispatch.procedures.supporting import follow
from dispatch.sayings import reason
from dispatch.verdict import Judged, Verdict

LOOK_AGAIN = timedelta(minutes=1)
"""A held order is thought over after so long; unless it is held again, it is sent."""


@dataclass(frozen=True, eq=False)
class Predicting:
    """One look's verdict on its way into the record."""

    store: Store
    evidence: FeederEvidence
    verdict: Verdict
    now: datetime

    def apply(self) -> tuple[Outage, ...]:
        """Merge what is one, move predictions and callers, hold or free orders; what changed."""
        changed: dict[OutageId, Outage] = {}
        ended = self._merge_emptied()
        changed.update((outage.id, outage) for outage in ended)
        for judged in self.verdict.outages:
            outage = self._realise(judged)
            if outage is not None:
                changed[outage.id] = outage
        changed.update((outage.id, outage) for outage in self._explain())
        return tuple(changed.values())

    @cached_property
    def _held_by(self) -> Mapping[TicketId, OutageId | None]:
        return {r.ticket_id: r.outage_id for r in self.evidence.reports}

    def _merge_emptied(self) -> list[Outage]:
        """Predictions whose callers all belong elsewhere end there."""
        held_by = self._held_by
        lives_on = {j.outage_id for j in self.verdict.outages}
        goes_to: dict[TicketId, OutageId] = {
            t: j.outage_id
            for j in self.verdict.outages
            if j.outage_id is not None
            for t in j.tickets
        }
        goes_to.update((t, outage_id) for t, (outage_id, _) in self.verdict.explained.items())
        merged = []
        for fact in self.evidence.outages:
            if fact.status is not OutageStatus.PREDICTED or fact.id in lives_on:
                continue
            mine = sorted(t for t, outage_id in held_by.items() if outage_id == fact.id)
            wholes = [goes_to.get(t) for t in mine]
            if not mine or None in wholes:
                continue
            whole = max(sorted({w for w in wholes if w is not None}), key=wholes.count)
            merged += self._merge(fact, whole)
        return merged

    def _merge(self, fact: OutageFact, whole_id: OutageId) -> list[Outage]:
        first, second = sorted((fact.id, whole_id))
        locked = {i: self.store.outages.lock(i, to_end=True) for i in (first, second)}
        part, whole = locked[fact.id], locked[whole_id]
        if part.status is not OutageStatus.PREDICTED or not whole.is_open:
            return []
        judged = next((j for j in self.verdict.outages if j.outage_id == whole_id), None)
        merge(
            self.store,
            part,
            whole,
            probability=1.0 if judged is None else self._belongs(judged, part.id),
            reasons=(reason("confirmed_outage"),) if judged is None else judged.reasons,
            by=SYSTEM,
            now=self.now,
        )
        if judged is not None and part.started_at < whole.started_at:
            whole = self.store.outages.save(
                replace(self.store.outages.get(whole.id), started_at=part.started_at)
            )
        return [whole]

    def _realise(self, judged: Judged) -> Outage | None:
        """Bring one outage to what was judged; None if nothing about it changed."""
        if judged.outage_id is None:
            return self._open(judged)
        if self._stands(judged):
            return None
        outage = self.store.outages.lock(judged.outage_id)
        if outage.status is not OutageStatus.PREDICTED:
            return None
        device = self._device(judged, outage.device)
        moved = device.id != outage.device.id or device.kind != outage.device.kind
        moved = moved or (device.kind == AREA and device.name != outage.device.name)
        prediction = _prediction(judged)
        told = prediction.differs_from(outage.prediction)
        if moved or told:
            outage = self._predict(outage, judged, device, prediction)
        joined = self._join(outage, judged)
        if moved or joined:
            outage = self.store.outages.get(outage.id)
            self._rescope(outage, judged)
        freed = self._hold_or_free(outage, judged, moved=moved)
        return outage if moved or told or joined or freed else None

    def _stands(self, judged: Judged) -> bool:
        """Whether the outage is on record as it was judged, so that nothing need be locked."""
        fact = next(o for o in self.evidence.outages if o.id == judged.outage_id)
        soon = self.now + LOOK_AGAIN / 2
        waits = not fact.order_sent and (fact.hold_until or self.now) > soon
        return (
            fact.device_id == judged.device_id
            and not _prediction(judged).differs_from(fact.prediction)
            and all(self._held_by.get(t) == fact.id for t in judged.tickets)
            and fact.transformers >= judged.transformers - self._elsewhere
            and (fact.order_sent if judged.send else waits)
        )

    @cached_property
    def _elsewhere(self) -> frozenset[str]:
        """Transformers that some open outage holds."""
        return frozenset(t for o in self.evidence.outages for t in o.transformers)

    def _predict(
        self, outage: Outage, judged: Judged, device: PredictedDevice, prediction: Prediction
    ) -> Outage:
        lon, lat = self._position(judged, (outage.lon, outage.lat))
        outage = self.store.outages.save(outage.predict(device, lon, lat, prediction))
        self.store.events.append(
            outage_event(
                outage,
                "predicted",
                at=self.now,
                by=SYSTEM,
                reasons=list(judged.reasons),
                probability=round(judged.probability, 4),
                devices=[list(d) for d in judged.devices],
                device_id=judged.device_id,
                customers_out=round(judged.customers_out, 1),
                customers_between=list(judged.customers_between),
                level=judged.level.value,
            )
        )
        return outage

    def _belongs(self, judged: Judged, part: OutageId) -> float:
        """How probably the reports of a part belong here: the least sure of them."""
        held = (p for each, p in judged.tickets.items() if self._held_by.get(each) == part)
        return _sure(min(held, default=judged.probability))

    def _join(self, outage: Outage, judged: Judged) -> bool:
        """Move the callers that belong here from where they are."""
        moving = [
            (ticket_id, p)
            for ticket_id, p in judged.tickets.items()
            if self._held_by.get(ticket_id) != outage.id
        ]
        joined = False
        for ticket_id, probability in moving:
            ticket = self.store.tickets.get(ticket_id)
            if ticket.outage_id != outage.id:
                self._leave((ticket,))
                self._attach(ticket, outage, probability, judged.reasons)
                joined = True
        return joined

    def _attach(
        self, ticket: TroubleTicket, outage: Outage, probability: float, reasons: tuple[str, ...]
    ) -> None:
        hazard = ticket.disposition is Disposition.INCIDENT
        why = Explained(
            probability=_sure(probability),
            reasons=reasons,
            by=SYSTEM,
            disposition=Disposition.INCIDENT if hazard else Disposition.ATTACHED,
        )
        attach(self.store, ticket, outage, why, now=self.now)

    def _rescope(self, outage: Outage, judged: Judged) -> None:
        """Who is out is who hangs below the device and is not out for another cause."""
        held = self.store.outages.scope_out(outage.id)
        wanted = Scope(transformers=judged.transformers, usage_points=judged.homes)
        gone = Scope(
            transformers=held.transformers - wanted.transformers,
            usage_points=held.usage_points - wanted.usage_points,
        )
        if gone:
            self.store.outages.release_part(outage.id, gone)
        new = Scope(
            transformers=wanted.transformers - held.transformers,
            usage_points=wanted.usage_points - held.usage_points,
        )
        if free := self.store.outages.not_held(new, but=outage.id):
            self.store.outages.widen(outage.id, free, out_from=outage.started_at)

    def _hold_or_free(self, outage: Outage, judged: Judged, *, moved: bool) -> bool:
        """Hold the waiting order a moment or let it go; it goes where the fault now seems to be."""
        order = self.store.orders.find_open_of_outage(outage.id)
        if order is None or order.status is not OrderStatus.AWAITING_ASSIGNMENT:
            return False
        urgent = bool(order.hazards) or order.urged > 0
        hold = None if judged.send or urgent else self.now + LOOK_AGAIN
        changed = replace(
            order,
            lon=outage.lon if moved else order.lon,
            lat=outage.lat if moved else order.lat,
            skills=WORK_SKILLS.get(outage.device.kind, MEDIUM_VOLTAGE) if moved else order.skills,
            received_at=min(order.received_at, outage.started_at),
            hold_until=hold,
        )
        if changed == order:
            return False
        saved = self.store.orders.save(changed)
        follow(self.store, saved)
        if (hold is None) != (order.hold_until is None):
            self._tell_hold(saved, judged)
        return True

    def _tell_hold(self, order: TroubleOrder, judged: Judged) -> None:
        why = list(judged.reasons[-1:])
        self.store.events.append(
            order_event(order, "freed", at=self.now, by=SYSTEM, reasons=why)
            if order.hold_until is None
            else order_event(order, "held", at=self.now, by=SYSTEM, reasons=why)
        )

    def _open(self, judged: Judged) -> Outage | None:
        """Open the outage that some callers turn out to have of their own, or that was seen."""
        tickets = [self.store.tickets.get(ticket_id) for ticket_id in judged.tickets]
        tickets = [t for t in tickets if t.place is not None and t.district_id is not None]
        if judged.tickets and not tickets:
            return None
        self._leave(tickets)
        outage = self._open_reported(judged, tickets) if tickets else self._open_seen(judged)
        if outage is None:
            return None
        outage = self._predict(outage, judged, outage.device, _prediction(judged))
        for ticket in tickets:
            self._attach(
                self.store.tickets.get(ticket.id), outage, judged.tickets[ticket.id], judged.reasons
            )
        self._hold_or_free(self.store.outages.get(outage.id), judged, moved=False)
        return self.store.outages.get(outage.id)

    def _open_reported(self, judged: Judged, tickets: Sequence[TroubleTicket]) -> Outage | None:
        first = min(tickets, key=lambda t: (t.received_at, t.id))
        if first.place is None or first.district_id is None:
            return None
        name = PredictedDevice(id=None, kind="service", name=name_of(self.store, first))
        place = (first.place.lon, first.place.lat)
        suspicion = self._suspicion(judged, name, place, first.received_at)
        return open_outage(
            self.store, first, first.place, first.district_id, suspicion, now=self.now
        )

    def _open_seen(self, judged: Judged) -> Outage | None:
        """Nobody has called yet; a device was seen open, or meters told of it."""
        below = sorted(judged.transformers)
        supply = self.store.directory.find_transformer(below[0]) if below else None
        if supply is None or supply.district_id is None or judged.device_id is None:
            return None
        self._take_from_above(judged)
        nobody = PredictedDevice(id=None, kind="service", name="")
        place = (supply.lon, supply.lat)
        suspicion = self._suspicion(judged, nobody, place, judged.started_at)
        return open_seen(
            self.store,
            suspicion,
            supply.district_id,
            self.evidence.tree.feeder_id or None,
            now=self.now,
        )

    def _take_from_above(self, judged: Judged) -> None:
        """What was seen open keeps its customers dark, whatever is predicted above it."""
        own = self._node(judged.device_id or "")
        inside = {d.id for d in self.evidence.tree.devices if own.pre <= d.pre < own.post}
        for fact in self.evidence.outages:
            part = fact.transformers & judged.transformers
            if not part or fact.status is not OutageStatus.PREDICTED or fact.device_id in inside:
                continue
            if self.store.outages.lock(fact.id).status is OutageStatus.PREDICTED:
                self.store.outages.release_part(fact.id, Scope(transformers=part))

    def _suspicion(
        self,
        judged: Judged,
        home: PredictedDevice,
        place: tuple[float, float],
        started_at: datetime,
    ) -> Suspicion:
        lon, lat = self._position(judged, place)
        return Suspicion(
            device=self._device(judged, home),
            level=judged.level,
            scope=Scope(transformers=judged.transformers, usage_points=judged.homes),
            lon=lon,
            lat=lat,
            started_at=started_at,
        )

    def _leave(self, tickets: Iterable[TroubleTicket]) -> None:
        """Homes that an outage holds beside its device leave it with who called from them."""
        for ticket in tickets:
            if ticket.outage_id is not None:
                leave_home(self.store, ticket, self.store.outages.get(ticket.outage_id))

    def _explain(self) -> list[Outage]:
        """Callers of a confirmed outage that are elsewhere now, or begin to fit it badly."""
        changed = []
        for ticket_id, (outage_id, probability) in self.verdict.explained.items():
            stays = self._held_by.get(ticket_id) == outage_id
            if stays and not self._thinks_again(ticket_id, probability):
                continue
            ticket = self.store.tickets.get(ticket_id)
            outage = self.store.outages.lock(outage_id)
            if (ticket.outage_id == outage_id) != stays or not outage.is_open:
                continue
            if not stays:
                self._leave((ticket,))
            self._attach(ticket, outage, probability, (self._fits(probability),))
            if probability < self.verdict.sure:
                self.store.events.append(
                    ticket_event(
                        ticket,
                        "doubted",
                        at=self.now,
                        by=SYSTEM,
                        probability=round(probability, 3),
                    )
                )
            changed.append(outage)
        return changed

    def _thinks_again(self, ticket_id: TicketId, probability: float) -> bool:
        """Whether a report begins to be doubted, or is no longer."""
        before, sure = self._chance.get(ticket_id), self.verdict.sure
        return before is not None and (before < sure) != (probability < sure)

    @cached_property
    def _chance(self) -> Mapping[TicketId, float | None]:
        return {r.ticket_id: r.probability for r in self.evidence.reports}

    def _fits(self, probability: float) -> str:
        if probability < self.verdict.sure:
            return reason("hidden_behind", percent=round(100 * (1 - probability)))
        return reason("explained_by_confirmed", percent=round(100 * probability))

    def _device(self, judged: Judged, now: PredictedDevice) -> PredictedDevice:
        """The device as people read it; a single home keeps the name it has."""
        if judged.device_id is None:
            kind = "service" if judged.homes else "points"
            return now if now.kind == kind else PredictedDevice(id=None, kind=kind, name=now.name)
        node = self._node(judged.device_id)
        if judged.level is NetworkLevel.FEEDER_MODEL:
            return PredictedDevice(id=node.id, kind=node.kind, name=node.name)
        if judged.level is NetworkLevel.POINTS:
            return PredictedDevice(id=None, kind="points", name=now.name)
        return PredictedDevice(id=None, kind=node.kind, name=node.name)

    def _position(self, judged: Judged, now: tuple[float, float]) -> tuple[float, float]:
        """Where a crew is sent: the device, else the middle of the transformers that report."""
        if judged.device_id is None:
            places = [
                (r.lon, r.lat)
                for r in self.evidence.reports
                if r.ticket_id in judged.tickets and r.lon is not None and r.lat is not None
            ]
            return places[0] if places else now
        node = self._node(judged.device_id)
        if node.lon is not None and node.lat is not None:
            return node.lon, node.lat
        reporting = {
            r.transformer_id for r in self.evidence.reports if r.ticket_id in judged.tickets
        }
        nodes = [t for t in self.evidence.tree.transformers if t.id in reporting]
        if not nodes:
            return now
        return sum(n.lon for n in nodes) / len(nodes), sum(n.lat for n in nodes) / len(nodes)

    def _node(self, device_id: str) -> DeviceNode:
        return next(d for d in self.evidence.tree.devices if d.id == device_id)


def _prediction(judged: Judged) -> Prediction:
    return Prediction(
        devices=judged.devices,
        probability=round(judged.probability, 4),
        customers_out=round(judged.customers_out, 1),
        customers_between=judged.customers_between,
        calling=judged.calling,
    )


def _sure(probability: float) -> float:
    """Four digits; an attachment is never stored as impossible."""
    return max(round(probability, 4), 0.0001)
