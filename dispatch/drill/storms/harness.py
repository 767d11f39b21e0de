"""Runs one method through an episode as the product's desk would, and keeps what it said when.

The stream of messages is the same for every method, so comparisons are paired. The desk keeps each
method's own outages between looks: their identity, device, whether their order was sent, and which
report they hold, besides what crews found, which no method may change.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dispatch.domain.facts import (
    DeviceSighting,
    FeederEvidence,
    FeederTree,
    MeterSignal,
    OutageElsewhere,
    OutageFact,
    ReportFact,
)
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import OutageId, TicketId
from dispatch.drill.storms import parameters as p
from dispatch.drill.storms.ground import Ground
from dispatch.drill.storms.holdings import Holdings
from dispatch.drill.storms.messages import (
    Called,
    Episode,
    Left,
    Message,
    Relit,
    Seen,
    Signalled,
)
from dispatch.drill.storms.records import Group, Method, Order, Picture, Record, Said
from dispatch.without import MANY

FOUND_BY_CREW = 1_000_000_000
"""Outages that only a crew's finding opened are numbered from here; methods number below."""

STIRRING_OVER = timedelta(hours=p.STIRRING_H)
LOOK_AFTER = timedelta(seconds=p.LOOK_AFTER_S)
LOOK_AGAIN = timedelta(seconds=p.LOOK_AGAIN_S)


@dataclass(slots=True, eq=False)
class _Open:
    """An outage on the desk."""

    feeder_id: str
    started_at: datetime
    device_id: str | None
    transformers: frozenset[str]
    status: OutageStatus = OutageStatus.PREDICTED
    is_sent: bool = False
    is_undated: bool = True
    confirmed_as: int | None = None
    devices: tuple[tuple[str, float], ...] = ()


@dataclass(slots=True, eq=False)
class _Feeder:
    """What is known of one feeder, apart from outages."""

    tree: FeederTree
    reports: dict[TicketId, ReportFact] = field(default_factory=dict)
    signals: dict[int, MeterSignal] = field(default_factory=dict)
    listed_signals: tuple[MeterSignal, ...] | None = ()
    lit: dict[str, datetime] = field(default_factory=dict)
    relit: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    sightings: dict[str, DeviceSighting] = field(default_factory=dict)
    outages: set[int] = field(default_factory=set)
    look_at: datetime | None = None

    def last_signals(self) -> tuple[MeterSignal, ...]:
        """The last signal of each meter."""
        if self.listed_signals is None:
            self.listed_signals = tuple(self.signals.values())
        return self.listed_signals


class Desk:
    """One method at its desk for one episode."""

    def __init__(self, method: Method, episode: Episode) -> None:
        self.method, self.episode, self.ground = method, episode, episode.ground
        self.scopes = _Scopes(episode.ground)
        self.record = Record()
        self.feeders = {id_: _Feeder(tree) for id_, tree in episode.ground.trees.items()}
        self.outages: dict[int, _Open] = {}
        self.opened: dict[int, datetime] = {}
        self.of_device: set[int] = set()
        self.tickets = Holdings()
        self.chance: dict[TicketId, float] = {}
        self.feeder_of: dict[TicketId, str] = {}
        self.outage_of_fault: dict[int, int] = {}
        self.ordered: set[int] = set()
        self.seen: set[int] = set()
        self.due: list[tuple[datetime, str]] = []

    def run(self) -> Record:
        """Live through the messages, looking where there is news."""
        for message in self.episode.messages:
            self._look_until(message.at)
            self._take(message)
        self._look_until(self.episode.ends + LOOK_AFTER)
        for ticket_id in self.tickets.outage_of:
            self._judge(ticket_id)
            self._check_swallowed(ticket_id)
        return self.record

    # --- messages ---

    def _take(self, message: Message) -> None:
        if isinstance(message, Called):
            self._take_call(message)
        elif isinstance(message, Signalled):
            feeder = self.feeders[message.feeder_id]
            feeder.signals[message.signal.usage_point_id] = message.signal
            feeder.listed_signals = None
            self._news(message.feeder_id, message.at)
        elif isinstance(message, Left):
            self._take_leave(message)
        elif isinstance(message, Seen):
            self._take_finding(message)
        else:
            self._take_light(message)

    def _take_call(self, message: Called) -> None:
        ticket_id = message.report.ticket_id
        self.feeders[message.feeder_id].reports[ticket_id] = message.report
        self.tickets.enter(ticket_id, message.fault)
        self.feeder_of[ticket_id] = message.feeder_id
        if message.is_hazard:
            self.record.hazards[ticket_id] = opens_incident(message)
        self._news(message.feeder_id, message.at)

    def _take_leave(self, message: Left) -> None:
        ticket_id = message.ticket_id
        feeder_id = self.feeder_of[ticket_id]
        self._judge(ticket_id)
        self._check_swallowed(ticket_id)
        if message.at - self._report(ticket_id).received_at < LOOK_AFTER:
            self.record.unseen.add(ticket_id)
        self._hold(ticket_id, None)
        del self.feeders[feeder_id].reports[ticket_id]
        self.tickets.leave(ticket_id)
        self._news(feeder_id, message.at)

    def _take_light(self, message: Relit) -> None:
        life = self.episode.lives[message.fault]
        feeder = self.feeders[life.fault.feeder_id]
        feeder.lit |= dict.fromkeys(message.transformers, message.at)
        key = self.outage_of_fault.get(message.fault)
        if key is not None and key in self.outages:
            self._restore(key, message)
        if life.fault.device is not None and message.is_over:
            device_id = self.ground.devices[life.fault.device].id
            feeder.sightings[device_id] = DeviceSighting(
                device_id=device_id, is_open=False, at=message.at, source="crew"
            )
        self._news(life.fault.feeder_id, message.at)

    def _restore(self, key: int, message: Relit) -> None:
        """Part of a confirmed outage has light, or all of it: then it is over."""
        outage = self.outages[key]
        lit = outage.transformers & message.transformers
        since = (outage.started_at, message.at)
        self.feeders[outage.feeder_id].relit |= dict.fromkeys(lit, since)
        if not message.is_over:
            outage.status = OutageStatus.PARTIALLY_RESTORED
            outage.transformers -= message.transformers
            return
        for ticket_id in self.tickets.held_by(key):
            self._check_swallowed(ticket_id)
            self._hold(ticket_id, None)
        self._close(key)
        self._hand_over(outage.transformers - message.transformers)

    def _hand_over(self, dark: frozenset[str]) -> None:
        """What stays dark when an outage is over is out for the confirmed one above it."""
        for other in self.outages.values():
            if other.confirmed_as is not None:
                other.transformers |= dark & self.scopes.below(other.device_id)

    # --- what crews find ---

    def _take_finding(self, message: Seen) -> None:
        fault = self.episode.lives[message.fault].fault
        self.seen.add(fault.number)
        key = self._outage_found(fault.number)
        for ticket_id in self.tickets.of_fault(fault.number):
            self._judge(ticket_id)
        if fault.device is None:
            if key is not None and set(self.tickets.faults_in(key)) == {fault.number}:
                self._confirm(key, fault.number, None)
        else:
            device = self.ground.devices[fault.device]
            self.feeders[fault.feeder_id].sightings[device.id] = DeviceSighting(
                device_id=device.id, is_open=True, at=message.at, source="crew"
            )
            self._confirm(self._split_off(key, fault.number, message.at), fault.number, device.id)
        self._news(fault.feeder_id, message.at)

    def _outage_found(self, fault: int) -> int | None:
        """The unconfirmed outage that holds most of a fault's reports, is mostly of it, and there.

        None where there is none: then most of the reports lie with another fault's outage.
        """
        for key in self.tickets.outages_of(fault):
            if self.tickets.main_fault(key) != fault or not self._leads_to(key, fault):
                continue
            return None if self.outages[key].confirmed_as is not None else key
        return None

    def _split_off(self, key: int | None, fault: int, at: datetime) -> int:
        """The outage that a finding confirms: the method's, or a new one that takes its reports.

        A new one takes the reports from below the device found that lay where most of the fault's
        reports were, as a dispatcher would.
        """
        if key is not None:
            return key
        life = self.episode.lives[fault]
        new = FOUND_BY_CREW + fault
        feeder_id = life.fault.feeder_id
        self._open(new, _Open(feeder_id, life.first_call_at or at, None, frozenset()), at)
        holders = self.tickets.outages_of(fault)
        assert life.fault.device is not None
        scope = self.scopes.below(self.ground.devices[life.fault.device].id)
        reports = self.feeders[feeder_id].reports
        for ticket_id in self.tickets.held_by(holders[0]) if holders else ():
            report = reports.get(ticket_id)
            if report is not None and report.transformer_id in scope:
                self._hold(ticket_id, new)
        return new

    def _confirm(self, key: int, fault: int, device_id: str | None) -> None:
        outage = self.outages[key]
        outage.status, outage.confirmed_as = OutageStatus.CONFIRMED, fault
        outage.device_id, outage.is_sent = device_id, True
        outage.devices = () if device_id is None else ((device_id, 1.0),)
        if device_id is not None:
            outage.transformers = self._free_below(device_id, key)
            self.of_device.add(key)
        self.outage_of_fault[fault] = key
        for ticket_id in self.tickets.held_by(key):
            self._check_swallowed(ticket_id)

    def _free_below(self, device_id: str, key: int) -> frozenset[str]:
        """What a found device put out: what an outage further down holds stays with that one."""
        below = self.scopes.below(device_id)
        others = (other.transformers for k, other in self.outages.items() if k != key)
        return below - frozenset().union(*(held for held in others if held < below))

    # --- looking ---

    def _news(self, feeder_id: str, at: datetime) -> None:
        self._look_by(feeder_id, at + LOOK_AFTER)

    def _look_by(self, feeder_id: str, at: datetime) -> None:
        feeder = self.feeders[feeder_id]
        if feeder.look_at is None or at < feeder.look_at:
            feeder.look_at = at
            heapq.heappush(self.due, (at, feeder_id))

    def _look_until(self, at: datetime) -> None:
        while self.due and self.due[0][0] <= at:
            when, feeder_id = heapq.heappop(self.due)
            if self.feeders[feeder_id].look_at == when:
                self.feeders[feeder_id].look_at = None
                self._look(feeder_id, when)

    def _look(self, feeder_id: str, now: datetime) -> None:
        self.record.looks += 1
        picture = self.method.look(self._evidence(feeder_id, now), now)
        self._apply(feeder_id, picture, now)
        self._send_orders(picture, now)
        self._note(feeder_id, now)
        if any(not group.send and group.key in self.outages for group in picture.groups):
            self._look_by(feeder_id, now + LOOK_AGAIN)

    def _evidence(self, feeder_id: str, now: datetime) -> FeederEvidence:
        feeder = self.feeders[feeder_id]
        lately = [key for key, at in self.opened.items() if at >= now - STIRRING_OVER]
        devices = sum(key in self.of_device for key in lately)
        return FeederEvidence(
            tree=feeder.tree,
            reports=tuple(feeder.reports.values()),
            outages=tuple(
                self._fact(key)
                for key in sorted(feeder.outages, key=lambda k: (self.outages[k].started_at, k))
            ),
            lit=dict(feeder.lit),
            relit=dict(feeder.relit),
            signals=feeder.last_signals(),
            sightings=tuple(feeder.sightings.values()),
            around=replace(
                self.ground.surroundings,
                opened_devices=devices,
                opened_homes=len(lately) - devices,
            ),
            elsewhere=tuple(self._elsewhere(feeder_id)),
        )

    def _elsewhere(self, feeder_id: str) -> Iterator[OutageElsewhere]:
        """Outages of devices on other feeders whose callers may have been filed on this one."""
        reports = self.feeders[feeder_id].reports.values()
        places = {transformer for report in reports for transformer, _ in report.spread}
        for key, outage in self.outages.items():
            if outage.feeder_id == feeder_id or outage.device_id is None:
                continue
            here, callers = outage.transformers & places, self.tickets.count(key)
            if here or callers >= MANY:
                yield OutageElsewhere(
                    id=OutageId(key),
                    is_confirmed=outage.confirmed_as is not None,
                    started_at=outage.started_at,
                    reports=callers,
                    transformers=here,
                )

    def _fact(self, key: int) -> OutageFact:
        outage = self.outages[key]
        return OutageFact(
            id=OutageId(key),
            status=outage.status,
            device_id=outage.device_id,
            started_at=outage.started_at,
            crew_on_its_way=outage.is_sent,
            transformers=outage.transformers,
            order_sent=outage.is_sent,
            opened_at=self.opened.get(key),
        )

    def _apply(self, feeder_id: str, picture: Picture, now: datetime) -> None:
        """Make the picture the desk's state."""
        feeder = self.feeders[feeder_id]
        place: dict[TicketId, int] = {}
        for group in sorted(picture.groups, key=lambda group: len(group.tickets)):
            self._draw(feeder_id, group, now)
            surer = [t for t in place.keys() & group.tickets if self.chance[t] > group.tickets[t]]
            kept = {t: (place[t], self.chance[t]) for t in surer}
            place |= dict.fromkeys(group.tickets, group.key)
            self.chance.update(group.tickets)
            for ticket_id, (key, chance) in kept.items():
                place[ticket_id], self.chance[ticket_id] = key, chance
        holder, wanted = self.tickets.outage_of, place.get
        for ticket_id in [t for t in feeder.reports if holder.get(t) != wanted(t)]:
            self._hold(ticket_id, wanted(ticket_id))
        self._close_ended(feeder, {group.key for group in picture.groups})

    def _close_ended(self, feeder: _Feeder, drawn: set[int]) -> None:
        """Close the unconfirmed outages that no report is left of; date the others by their first.

        A look that left an outage out has merged it.
        """
        for key in list(feeder.outages):
            outage = self.outages[key]
            if outage.confirmed_as is not None:
                continue
            if not self.tickets.faults_in(key):
                self._close(key, was_one=key in drawn)
            elif outage.is_undated:
                first = (self._report(t).received_at for t in self.tickets.held_by(key))
                outage.started_at, outage.is_undated = min(first), False

    def _report(self, ticket_id: TicketId) -> ReportFact:
        return self.feeders[self.feeder_of[ticket_id]].reports[ticket_id]

    def _draw(self, feeder_id: str, group: Group, now: datetime) -> None:
        outage = self.outages.get(group.key)
        if outage is None:
            outage = _Open(feeder_id, now, None, frozenset())
            self._open(group.key, outage, now)
        if outage.confirmed_as is not None:
            return
        if outage.device_id != group.device_id:
            outage.device_id = group.device_id
            outage.transformers = self.scopes.below(group.device_id)
            (self.of_device.discard if group.device_id is None else self.of_device.add)(group.key)
        outage.devices = group.devices

    def _open(self, key: int, outage: _Open, at: datetime) -> None:
        self.outages[key] = outage
        self.opened[key] = at
        self.feeders[outage.feeder_id].outages.add(key)

    def _close(self, key: int, *, was_one: bool = True) -> None:
        """Take an outage off the desk; one that was merged was none of its own."""
        outage = self.outages.pop(key)
        self.feeders[outage.feeder_id].outages.discard(key)
        if not was_one:
            self.opened.pop(key, None)

    def _hold(self, ticket_id: TicketId, key: int | None) -> None:
        """Let an outage, or none, hold a ticket."""
        before = self.tickets.outage_of.get(ticket_id)
        if before == key:
            return
        for changed in (before, key):
            if changed in self.outages:
                self.outages[changed].is_undated = True
        self.tickets.move(ticket_id, key)
        reports = self.feeders[self.feeder_of[ticket_id]].reports
        reports[ticket_id] = replace(
            reports[ticket_id], outage_id=None if key is None else OutageId(key)
        )

    # --- what is scored ---

    def _send_orders(self, picture: Picture, now: datetime) -> None:
        for group in picture.groups:
            outage = self.outages.get(group.key)
            fault = None if outage is None else self.tickets.main_fault(group.key)
            if outage is None or fault is None or outage.is_sent or not group.send:
                continue
            outage.is_sent = True
            is_astray = not self._leads_to(group.key, fault)
            self.record.orders.append(
                Order(
                    at=now,
                    key=group.key,
                    fault=fault,
                    is_needless=fault in self.ordered or fault in self.seen,
                    is_astray=is_astray,
                )
            )
            if not is_astray:
                self.ordered.add(fault)

    def _leads_to(self, key: int, number: int) -> bool:
        """Whether a crew sent to an outage comes by the true place of a fault."""
        fault = self.episode.lives[number].fault
        told = self.outages[key].transformers
        if not told:
            told = frozenset(
                self._report(t).transformer_id or "" for t in self.tickets.held_by(key)
            )
        if fault.device is not None:
            return bool(told & self.scopes.below(self.ground.devices[fault.device].id))
        supplies = int(self.ground.customers.transformer[fault.row or 0])
        return self.ground.transformers[supplies].id in told if supplies >= 0 else "" in told

    def _note(self, feeder_id: str, now: datetime) -> None:
        """Note what is said now of every true fault that reports on this feeder are of."""
        fault_of = self.tickets.fault_of
        faults = {fault_of[ticket_id] for ticket_id in self.feeders[feeder_id].reports}
        for fault in faults - self.seen:
            key = next(iter(self.tickets.outages_of(fault)), None)
            outage = None if key is None else self.outages.get(key)
            if key is None or outage is None:
                continue
            said = Said(
                at=now,
                key=key,
                device_id=outage.device_id,
                devices=outage.devices,
            )
            history = self.record.said[fault]
            if not history or replace(said, at=history[-1].at) != history[-1]:
                history.append(said)

    def _judge(self, ticket_id: TicketId) -> None:
        """Fix where a ticket was when it is scored, once."""
        key = self.tickets.outage_of.get(ticket_id)
        if key is None or ticket_id in self.record.placed:
            return
        belongs = self.tickets.main_fault(key) == self.tickets.fault_of[ticket_id]
        self.record.placed[ticket_id] = (
            key,
            min(max(self.chance.get(ticket_id, 1.0), 0.0), 1.0),
            belongs,
        )

    def _check_swallowed(self, ticket_id: TicketId) -> None:
        """Note an isolated fault without an order whose ticket another, confirmed outage holds."""
        fault = self.episode.lives[self.tickets.fault_of[ticket_id]].fault
        key = self.tickets.outage_of.get(ticket_id)
        if key is None or not fault.is_isolated or fault.number in self.ordered:
            return
        confirmed_as = self.outages[key].confirmed_as
        if confirmed_as is not None and confirmed_as != fault.number:
            self.record.hidden.add(fault.number)


@dataclass(eq=False)
class _Scopes:
    """Which transformers lie below which device."""

    ground: Ground
    known: dict[str, frozenset[str]] = field(default_factory=dict)

    def below(self, device_id: str | None) -> frozenset[str]:
        """The transformers at or below a device; none for None."""
        if device_id is None:
            return frozenset()
        if device_id not in self.known:
            device = self.ground.tracing.device(device_id)
            first, last = self.ground.transformers_below(device.pre)
            self.known[device_id] = frozenset(t.id for t in self.ground.transformers[first:last])
        return self.known[device_id]


def opens_incident(message: Called) -> bool:
    """Whether a call gets an order of its own at once, whatever is inferred: a hazard always."""
    return message.is_hazard
