"""Raise proposals to split, keep them true as more becomes known, and take them back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from dispatch.domain.facts import FeederEvidence
from dispatch.domain.outage import Outage, PredictedDevice, Scope
from dispatch.domain.proposal import LikelyPlace, SplitProposal
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import OutageId, ProposalId, TicketId
from dispatch.hidden import Hidden
from dispatch.journal import SYSTEM, split_event
from dispatch.ports import Store
from dispatch.procedures.opening import name_of
from dispatch.sayings import reason
from dispatch.verdict import Verdict

NOTICED = 0.05
_NOT_YET = ProposalId(0)


@dataclass(frozen=True, eq=False)
class Proposing:
    """One look's hidden faults on their way before the dispatchers."""

    store: Store
    evidence: FeederEvidence
    verdict: Verdict
    now: datetime

    def apply(self) -> None:
        """Propose what is new, revise what stands, withdraw what later evidence explains."""
        hidden = [h for h in self.verdict.hidden if self._still_there(h)]
        outages = self._with_news(hidden)
        if not outages:
            return
        locked = {i: self.store.outages.lock(i) for i in sorted(outages)}
        waiting = self.store.proposals.list_open(outages)
        wanted = self._wanted([h for h in hidden if h.outage_id in outages], locked)
        before = _continued(waiting, wanted)
        for proposal in waiting:
            if proposal not in before.values():
                self._withdraw(proposal, locked[proposal.outage_id])
        for number, each in enumerate(wanted):
            self._propose(each, before.get(number))

    def _still_there(self, hidden: Hidden) -> bool:
        """Whether all its reports are with the outage, after what this look has moved."""
        return all(
            self._held_by.get(t) == hidden.outage_id
            or self.store.tickets.get(t).outage_id == hidden.outage_id
            for t in hidden.tickets
        )

    @cached_property
    def _held_by(self) -> Mapping[TicketId, OutageId | None]:
        return {r.ticket_id: r.outage_id for r in self.evidence.reports}

    def _with_news(self, hidden: Sequence[Hidden]) -> frozenset[OutageId]:
        """Outages whose proposals are not as they should be; mostly none, so nothing is locked."""
        waiting = self.store.proposals.list_open_along(self.evidence.tree.feeder_id)
        stands = {_key(p.outage_id, p.place.device.id, p.tickets): p.probability for p in waiting}
        wants = {_key(h.outage_id, h.device_id, h.tickets): h.probability for h in hidden}
        changed = {
            key
            for key in stands.keys() | wants.keys()
            if abs(stands.get(key, -1.0) - wants.get(key, -1.0)) >= NOTICED
        }
        new = {key[0] for key in changed - stands.keys()}
        dismissed = self.store.proposals.dismissed(new) if new else {}
        return frozenset(
            outage_id
            for outage_id, device_id, tickets in changed
            if (outage_id, device_id, tickets) in stands
            or not tickets <= dismissed.get(outage_id, frozenset())
        )

    def _wanted(
        self, hidden: Sequence[Hidden], locked: dict[OutageId, Outage]
    ) -> list[SplitProposal]:
        """What is to be proposed; nothing that a person has dismissed for the same reports."""
        dismissed = self.store.proposals.dismissed(locked.keys()) if hidden else {}
        return [
            self._proposal(each, locked[each.outage_id])
            for each in hidden
            if locked[each.outage_id].is_open
            and not set(each.tickets) <= dismissed.get(each.outage_id, frozenset())
        ]

    def _proposal(self, hidden: Hidden, outage: Outage) -> SplitProposal:
        """As it would be stored; its number is given when it is."""
        tickets = [self.store.tickets.get(t) for t in hidden.tickets]
        homes = frozenset(
            t.place.usage_point_id
            for t in tickets
            if t.place is not None and t.place.usage_point_id is not None
        )
        return SplitProposal(
            id=_NOT_YET,
            outage_id=outage.id,
            district_id=outage.district_id,
            place=self._place(hidden, tickets, outage),
            probability=round(hidden.probability, 4),
            tickets=hidden.tickets,
            reasons=hidden.reasons,
            hazards=tuple(sorted({h for t in tickets for h in t.complaint.hazards})),
            critical=bool(self.store.directory.list_critical(Scope(usage_points=homes))),
            proposed_at=self.now,
        )

    def _place(
        self, hidden: Hidden, tickets: Sequence[TroubleTicket], outage: Outage
    ) -> LikelyPlace:
        points = [(t.place.lon, t.place.lat) for t in tickets if t.place is not None]
        lon, lat = _middle(points) if points else (outage.lon, outage.lat)
        if hidden.device_id is None:
            home = PredictedDevice(id=None, kind="service", name=name_of(self.store, tickets[0]))
            return LikelyPlace(device=home, lon=lon, lat=lat, usage_point_id=hidden.home)
        node = next(d for d in self.evidence.tree.devices if d.id == hidden.device_id)
        return LikelyPlace(
            device=PredictedDevice(id=node.id, kind=node.kind, name=node.name),
            lon=lon if node.lon is None else node.lon,
            lat=lat if node.lat is None else node.lat,
        )

    def _propose(self, wanted: SplitProposal, before: SplitProposal | None) -> None:
        if before is None:
            new = replace(wanted, id=self.store.proposals.next_id())
            self.store.proposals.add(new)
            self._tell(new, "proposed")
            return
        same = before.is_as(wanted) and set(before.hazards) == set(wanted.hazards)
        if same and abs(before.probability - wanted.probability) < NOTICED:
            return
        revised = replace(
            wanted, id=before.id, proposed_at=before.proposed_at, version=before.version
        )
        saved = self.store.proposals.save(revised)
        if not same:
            self._tell(saved, "revised")

    def _withdraw(self, proposal: SplitProposal, outage: Outage) -> None:
        why = reason("split_explained" if outage.is_open else "split_outage_over")
        withdraw(self.store, proposal, why, now=self.now)

    def _tell(self, proposal: SplitProposal, kind: str) -> None:
        self.store.events.append(
            split_event(
                proposal,
                kind,
                at=self.now,
                by=SYSTEM,
                reason=proposal.reasons[0],
                reasons=list(proposal.reasons),
                probability=proposal.probability,
                tickets=list(proposal.tickets),
            )
        )


def _key(
    outage_id: OutageId, device_id: str | None, tickets: Iterable[TicketId]
) -> tuple[OutageId, str | None, frozenset[TicketId]]:
    return outage_id, device_id, frozenset(tickets)


def withdraw_all(store: Store, outage: Outage, *, now: datetime) -> None:
    """Take back what was proposed for an outage that is over."""
    for proposal in store.proposals.list_open((outage.id,)):
        withdraw(store, proposal, reason("split_outage_over"), now=now)


def withdraw(store: Store, proposal: SplitProposal, why: str, *, now: datetime) -> None:
    """Take a proposal back and say why."""
    withdrawn = store.proposals.save(proposal.withdraw(now, SYSTEM, why))
    store.events.append(split_event(withdrawn, "withdrawn", at=now, by=SYSTEM, reason=why))


def _continued(
    waiting: Sequence[SplitProposal], wanted: Sequence[SplitProposal]
) -> dict[int, SplitProposal]:
    """What each of those wanted (by number) is the continuation of: its place, else a report."""
    found: dict[int, SplitProposal] = {}
    for alike in (_same_place, _share_reports):
        for number, each in enumerate(wanted):
            free = [p for p in waiting if p not in found.values() and alike(p, each)]
            if number not in found and free:
                found[number] = free[0]
    return found


def _same_place(one: SplitProposal, other: SplitProposal) -> bool:
    here, there = one.place, other.place
    if one.outage_id != other.outage_id or here.device.id != there.device.id:
        return False
    if here.device.id is not None:
        return True
    return here.usage_point_id is not None and here.usage_point_id == there.usage_point_id


def _share_reports(one: SplitProposal, other: SplitProposal) -> bool:
    return one.outage_id == other.outage_id and bool(set(one.tickets) & set(other.tickets))


def _middle(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    lons, lats = zip(*points, strict=True)
    return sum(lons) / len(lons), sum(lats) / len(lats)
