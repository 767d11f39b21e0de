"""Lives through an episode: what opens, who is dark and why, who calls, what crews find and mend.

A customer's darkness has one cause at a time, that which put them out. A fault below an open
device is not felt before the upper one is mended: then those below stay dark, and call again.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from dispatch.domain.facts import MeterSignal, MeterSignalKind, ReportFact
from dispatch.domain.words import TicketId, UsagePointId
from dispatch.drill.storms import parameters as p
from dispatch.drill.storms.callers import awake_s, delays_s, file_call, share_of_callers
from dispatch.drill.storms.ground import NOWHERE, Ground, Ints
from dispatch.drill.storms.messages import (
    Called,
    Episode,
    FaultLife,
    Left,
    Message,
    Relit,
    Seen,
    Signalled,
)
from dispatch.drill.storms.meters import Meters, Told, meters_of
from dispatch.drill.storms.truth import Condition, Fault, FaultKind, draw_faults

LIT = NOWHERE
MIDNIGHT = datetime(2026, 7, 15, tzinfo=UTC)
"""The day of every episode (assumption: no weekday is meant); hours are the customers' own."""


def live(ground: Ground, seed: int, condition: Condition) -> Episode:
    """Live through one episode; the same ground, seed and condition give the same."""
    rng = np.random.default_rng([seed, 20260715])
    if condition.wrong_links:
        ground = ground.mislinked(rng, condition.wrong_links)
    return live_through(rng, ground, condition, draw_faults(rng, ground, condition), seed=seed)


def live_through(
    rng: np.random.Generator,
    ground: Ground,
    condition: Condition,
    faults: list[Fault],
    *,
    seed: int = 0,
) -> Episode:
    """Live through an episode of given faults, numbered from 0 in the order of the list."""
    low, high = p.STORM_BEGINS_H if condition.storm else (0, 24)
    hour = int(rng.integers(low, high))
    meters = meters_of(rng, len(ground.customers.accounts), condition.gasps)
    days = _Days(rng, ground, condition, meters, hour)
    days.live(faults)
    begins = MIDNIGHT - ground.ahead_of_utc + timedelta(hours=hour)
    return Episode(
        seed=seed,
        condition=condition,
        ground=ground,
        begins=begins,
        ends=begins + timedelta(hours=p.HOURS),
        lives=tuple(days.lives),
        messages=tuple(m for _, _, m in sorted(days.sent, key=lambda sent: sent[:2])),
    )


@dataclass(slots=True, eq=False)
class _Days:
    """The state of the world, and what is to come; times in seconds from the beginning."""

    rng: np.random.Generator
    ground: Ground
    condition: Condition
    meters: Meters
    begins_hour: int
    lives: list[FaultLife] = field(default_factory=list)
    sent: list[tuple[float, int, Message]] = field(default_factory=list)
    ahead: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    now_s: float = 0.0
    counter: int = 0
    cause: Ints = field(init=False)
    active: dict[int, Ints] = field(default_factory=dict)
    share: dict[int, float] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    on_record: dict[TicketId, UsagePointId] = field(default_factory=dict)
    tickets: dict[int, list[tuple[TicketId, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def __post_init__(self) -> None:
        self.cause = np.full(len(self.ground.customers.accounts), LIT, dtype=np.int64)

    # --- the clock ---

    def live(self, faults: list[Fault]) -> None:
        """Let everything happen until the episode ends."""
        for fault in faults:
            self.lives.append(FaultLife(fault=fault, customers=len(self._rows(fault))))
            self._later(fault.onset_s, lambda f=fault: self._break(f))  # type: ignore[misc]
        self._tell(self.meters.mistakes(self.rng, p.HOURS))
        while self.ahead and self.ahead[0][0] <= p.HOURS * 3_600:
            self.now_s, _, happen = heapq.heappop(self.ahead)
            happen()

    def _later(self, at_s: float, happen: Callable[[], None]) -> None:
        self.counter += 1
        heapq.heappush(self.ahead, (at_s, self.counter, happen))

    def _moment(self, at_s: float) -> datetime:
        midnight = MIDNIGHT - self.ground.ahead_of_utc
        return midnight + timedelta(hours=self.begins_hour, seconds=round(at_s, 3))

    def _send(self, message: Message, at_s: float) -> None:
        if at_s <= p.HOURS * 3_600:
            self.counter += 1
            self.sent.append((at_s, self.counter, message))

    # --- faults ---

    def _rows(self, fault: Fault) -> Ints:
        if fault.device is None:
            return np.array([fault.row], dtype=np.int64)
        return np.arange(*self.ground.below(fault.device), dtype=np.int64)

    def _break(self, fault: Fault) -> None:
        rows = self._rows(fault)
        if fault.kind is FaultKind.WRONG_CALL:
            self._call(fault, int(rows[0]))
            return
        if fault.device in [self.lives[n].fault.device for n in self.active] and fault.row is None:
            return  # its device is open already: both are mended in one visit
        fresh = rows[self.cause[rows] == LIT]
        self.share[fault.number] = share_of_callers(self.rng, self.condition, fault, len(rows))
        if fault.kind is FaultKind.MOMENTARY:
            self._blink(fault, fresh)
            return
        self.active[fault.number] = rows
        self.cause[fresh] = fault.number
        if fault.kind is not FaultKind.INTERNAL:
            self._tell(self.meters.gasps(self.rng, fresh, self.now_s))
        self._notice(fault, fresh)
        self._later(self.now_s + p.UNREPORTED_MIN * 60, lambda: self._found_by_chance(fault))

    def _blink(self, fault: Fault, rows: Ints) -> None:
        """A reclosing that holds: the light comes back at once, and a few call all the same."""
        lasted_s = float(self.rng.uniform(*p.MOMENTARY_S))
        if lasted_s > p.GASP_AFTER_S:
            self._tell(self.meters.gasps(self.rng, rows, self.now_s))
            self._tell(self.meters.power_ups(self.rng, rows, self.now_s + lasted_s))
        for row in self._callers(fault, rows).tolist():
            wait_s = float(self.rng.exponential(p.QUICK_SCALE_MIN * 60))
            self._later(self.now_s + wait_s, lambda r=row: self._call(fault, r))  # type: ignore[misc]

    def _found_by_chance(self, fault: Fault) -> None:
        """Mend what nobody has reported, once there is somebody who would have noticed."""
        if fault.number not in self.active or self.lives[fault.number].first_call_at is not None:
            return
        if not (self.cause == fault.number).any():
            self._later(self.now_s + 3_600, lambda: self._found_by_chance(fault))
            return
        self._relight(fault, self.active[fault.number])

    # --- callers ---

    def _callers(self, fault: Fault, rows: Ints) -> Ints:
        """Those of the customers who will call, some kinds more often than others.

        A fault of one home is nobody else's to report: there kinds do not differ.
        """
        share = self.share[fault.number]
        drawn = self.rng.random(len(rows))
        if not self.condition.kinds or fault.row is not None:
            return rows[drawn < share]
        return rows[drawn < share * self.ground.customers.times_calling[rows]]

    def _notice(self, fault: Fault, rows: Ints) -> None:
        """Customers find themselves in the dark because of `fault`; some will call."""
        callers = self._callers(fault, rows)
        for row, wait_s in zip(
            callers.tolist(),
            delays_s(self.rng, self.condition, len(callers)).tolist(),
            strict=True,
        ):
            self._call_after(fault, row, wait_s)

    def _call_after(
        self, fault: Fault, row: int, wait_s: float, *, still_out: bool = False
    ) -> None:
        at_s = awake_s(self.rng, self.begins_hour, self.now_s + wait_s)
        self._later(at_s, lambda: self._call_if_dark(fault, row, still_out=still_out))

    def _call_if_dark(self, fault: Fault, row: int, *, still_out: bool) -> None:
        if self.cause[row] != fault.number:
            return
        self._call(fault, row, still_out=still_out)
        if self.rng.random() < p.CALLS_AGAIN:
            self._call_after(fault, row, float(self.rng.uniform(*p.AGAIN_MIN)) * 60)

    def _call(self, fault: Fault, row: int, *, still_out: bool = False) -> None:
        filed = file_call(self.rng, self.ground, self.condition, row)
        if filed.usage_point_id in self.on_record.values() and not still_out:
            return  # the product answers a customer whose report is on record: no second ticket
        ticket_id = TicketId(f"C{len(self.sent):06d}")
        report = ReportFact(
            ticket_id=ticket_id,
            usage_point_id=filed.usage_point_id,
            transformer_id=filed.transformer_id,
            outage_id=None,
            received_at=self._moment(self.now_s),
            spread=filed.spread,
            neighbours_out=self._answer(fault) if self.condition.asked else None,
            lon=filed.lon,
            lat=filed.lat,
            kind=filed.kind,
        )
        told = fault.hazard and self.rng.random() < p.HAZARD_TOLD
        self._send(
            Called(
                at=self._moment(self.now_s),
                feeder_id=filed.feeder_id,
                report=report,
                fault=fault.number,
                is_hazard=bool(told),
            ),
            self.now_s,
        )
        if filed.usage_point_id is not None:
            self.on_record[ticket_id] = filed.usage_point_id
        self._kept(fault, row, ticket_id)

    def _kept(self, fault: Fault, row: int, ticket_id: TicketId) -> None:
        """Remember a ticket until its caller has light, and send a crew on the first one."""
        if fault.kind is FaultKind.WRONG_CALL or fault.kind is FaultKind.MOMENTARY:
            momentary = fault.kind is FaultKind.MOMENTARY
            minutes = p.LEFT_AFTER_MOMENTARY_MIN if momentary else p.LEFT_WITHOUT_FAULT_MIN
            self._later(self.now_s + minutes * 60, lambda: self._leave(ticket_id))
        else:
            self.tickets[row].append((ticket_id, fault.number))
        life = self.lives[fault.number]
        if life.first_call_at is not None:
            return
        self.lives[fault.number] = replace(life, first_call_at=self._moment(self.now_s))
        if fault.number in self.active:
            is_many = life.customers >= p.MANY_CUSTOMERS
            queues = p.QUEUE_MANY_MIN if is_many else p.QUEUE_MIN
            queue = float(self.rng.uniform(*queues[self.condition.storm]))
            arrives_s = self.now_s + (queue + p.DRIVE_MIN) * 60
            self._later(arrives_s, lambda: self._find(fault))

    def _answer(self, fault: Fault) -> bool:
        alone = fault.is_isolated or fault.kind in {FaultKind.WRONG_CALL, FaultKind.MOMENTARY}
        return alone ^ bool(self.rng.random() < p.ANSWER_RIGHT)

    def _leave(self, ticket_id: TicketId) -> None:
        self.on_record.pop(ticket_id, None)
        self._send(Left(at=self._moment(self.now_s), ticket_id=ticket_id), self.now_s)

    # --- crews ---

    def _find(self, fault: Fault) -> None:
        if fault.number not in self.active:
            return
        self.seen.add(fault.number)
        life = self.lives[fault.number]
        self.lives[fault.number] = replace(life, seen_at=self._moment(self.now_s))
        self._send(Seen(at=self._moment(self.now_s), fault=fault.number), self.now_s)
        median, sigma = p.REPAIR_MIN[fault.kind.value]
        repair_s = median * 60 * float(np.exp(self.rng.normal(0.0, sigma)))
        part = self._first_part(fault)
        if len(part):
            switched_s = float(self.rng.uniform(*p.SWITCHING_MIN)) * 60
            self._later(self.now_s + switched_s, lambda: self._relight(fault, part))
            repair_s = max(repair_s, switched_s + 300)
        self._later(self.now_s + repair_s, lambda: self._mend(fault))

    def _mend(self, fault: Fault) -> None:
        """Give all the rest light, unless the first part was everybody."""
        if fault.number in self.active:
            self._relight(fault, self.active[fault.number])

    def _first_part(self, fault: Fault) -> Ints:
        """The customers who get light before the repair; none where it is restored at once."""
        none = np.zeros(0, dtype=np.int64)
        if fault.device is None or self.lives[fault.number].customers < p.LARGE_CUSTOMERS:
            return none
        if self.rng.random() >= p.IN_PARTS:
            return none
        device = self.ground.devices[fault.device]
        branches = []
        at = device.pre + 1
        while at < device.post:
            branches.append(at)
            at = self.ground.devices[at].post
        if len(branches) < 2:  # noqa: PLR2004 - nothing to part
            return none
        wanted, part = p.FIRST_PART * self.lives[fault.number].customers, [none]
        for place in self.rng.permutation(len(branches))[:-1].tolist():
            part.append(np.arange(*self.ground.below(branches[place]), dtype=np.int64))
            if sum(map(len, part)) >= wanted:
                break
        return np.concatenate(part)

    def _relight(self, fault: Fault, rows: Ints) -> None:
        """Give customers light back, as far as nothing else keeps them dark."""
        rest = np.setdiff1d(self.active[fault.number], rows, assume_unique=True)
        is_over = not len(rest)
        if is_over:
            del self.active[fault.number]
            life = self.lives[fault.number]
            self.lives[fault.number] = replace(life, over_at=self._moment(self.now_s))
        else:
            self.active[fault.number] = rest
        mine = rows[self.cause[rows] == fault.number]
        others = rows[self.cause[rows] != fault.number]
        self.cause[mine] = self._other_causes(mine)
        lit, still = mine[self.cause[mine] == LIT], mine[self.cause[mine] != LIT]
        if fault.kind is not FaultKind.INTERNAL:
            self._tell(self.meters.power_ups(self.rng, lit, self.now_s))
        self._settle(fault, rows)
        if fault.number in self.seen:
            self._send(
                Relit(
                    at=self._moment(self.now_s),
                    fault=fault.number,
                    transformers=self._believed_lit(fault, rows),
                    is_over=is_over,
                ),
                self.now_s,
            )
        self._notice_still_out(fault, still, others)

    def _other_causes(self, rows: Ints) -> Ints:
        """Who keeps customers dark besides: of several faults the highest up, LIT for none."""
        causes = np.full(len(rows), LIT, dtype=np.int64)
        height = {n: -1 if (d := self.lives[n].fault.device) is None else d for n in self.active}
        lowest_first = sorted(self.active, key=lambda n: (height[n] != -1, -height[n], -n))
        for number in lowest_first:
            causes[np.isin(rows, self.active[number])] = number
        return causes

    def _settle(self, fault: Fault, rows: Ints) -> None:
        """Settle the tickets of those who have light, and those of this fault."""
        for row in rows.tolist():
            if row not in self.tickets:
                continue
            dark = self.cause[row] != LIT
            kept = [t for t in self.tickets[row] if dark and t[1] != fault.number]
            for ticket_id, number in self.tickets[row]:
                if (ticket_id, number) not in kept:
                    self._leave(ticket_id)
            self.tickets[row] = kept

    def _notice_still_out(self, fault: Fault, still: Ints, others: Ints) -> None:
        """The light is back, and not for all: they notice, and call or call again."""
        for number in np.unique(self.cause[still]).tolist():
            other = self.lives[number].fault
            if other.is_isolated:
                self._call_still_out(other)
            else:
                self._notice(other, still[self.cause[still] == number])
        if fault.device is None:
            return
        for number in np.unique(self.cause[others]).tolist():
            if number != LIT and self.lives[number].fault.is_isolated:
                self._call_still_out(self.lives[number].fault)

    def _call_still_out(self, fault: Fault) -> None:
        if self.rng.random() < p.STILL_OUT_CALLS and fault.row is not None:
            wait_s = float(self.rng.exponential(p.STILL_OUT_MEAN_MIN * 60))
            self._call_after(fault, fault.row, wait_s, still_out=True)

    def _believed_lit(self, fault: Fault, rows: Ints) -> frozenset[str]:
        """Transformers that the desk takes to have light: those under no other fault it knows."""
        if fault.device is None:
            return frozenset()
        numbers = np.unique(self.ground.customers.transformer[rows])
        known_dark: set[int] = set()
        for number in self.seen & self.active.keys():
            if self.lives[number].fault.device is not None:
                dark = self.ground.customers.transformer[self.active[number]]
                known_dark |= set(np.unique(dark).tolist())
        return frozenset(
            self.ground.transformers[n].id
            for n in numbers.tolist()
            if n != NOWHERE and n not in known_dark
        )

    # --- meters ---

    def _tell(self, told: Told) -> None:
        people = self.ground.customers
        for at_s, row, kind in told:
            number = int(people.recorded[row])
            if number == NOWHERE:
                continue
            signal = MeterSignal(
                usage_point_id=UsagePointId(row + 1),
                transformer_id=self.ground.transformers[number].id,
                kind=MeterSignalKind(kind),
                at=self._moment(at_s),
            )
            feeder_id = self.ground.transformer_feeder[number]
            self._send(Signalled(at=self._moment(at_s), feeder_id=feeder_id, signal=signal), at_s)
