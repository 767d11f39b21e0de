"""From entries of the journal to lines of output: one function for each kind worth telling."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.words import OrderId, OutageId
from dispatch.drill.replay.memory import NOTICEABLE, Memory, Step, instant
from dispatch.ports import Store
from dispatch.store.replaying import Entry

REPEAT = ("repeat",)


def _received(memory: Memory, step: Step, entry: Entry) -> None:
    """A repeated report belongs where the one it repeats does; nobody attaches it."""
    outage = entry.body.get("outage")
    if outage is not None and entry.body.get("disposition") == "enquiry":
        attach(memory, step, _name(entry), OutageId(outage), memory.surest_of(outage), REPEAT)


def _attached(memory: Memory, step: Step, entry: Entry) -> None:
    outage, probability = OutageId(entry.body["outage"]), float(entry.body["probability"])
    attach(memory, step, _name(entry), outage, probability, entry.body.get("reasons", ()))


def attach(
    memory: Memory,
    step: Step,
    ticket: str,
    outage: OutageId,
    probability: float,
    reasons: Iterable[str],
) -> None:
    """Tell that a ticket belongs to an outage, unless that was told and is as sure as before."""
    probability = round(probability, 4)
    was, how_surely = memory.outage_of.get(ticket, (None, 0.0))
    if was == outage and abs(how_surely - probability) < NOTICEABLE:
        return
    memory.outage_of[ticket] = (outage, probability)
    step.tell(
        "attach",
        ticket=ticket,
        outage=outage,
        probability=probability,
        reasons=list(reasons),
        previous=None if was == outage else was,
    )


def _detached(memory: Memory, step: Step, entry: Entry) -> None:
    was, _ = memory.outage_of.pop(_name(entry), (None, 0.0))
    step.tell(
        "detach",
        ticket=_name(entry),
        outage=entry.body.get("was") or was,
        reason=entry.body.get("reason"),
    )


def _looked_at(_: Memory, step: Step, entry: Entry) -> None:
    """An outage was opened, moved or grew: what the step says of it last is told."""
    outage, body = _outage(entry), entry.body
    if "devices" in body:
        step.looked_at[outage] = body
        return
    known = {n: f for n, f in step.looked_at.get(outage, {}).items() if n != "customers_out"}
    said = {name: body[name] for name in ("probability",) if name in body}
    step.looked_at[outage] = known | said


def _confirmed(_: Memory, step: Step, entry: Entry) -> None:
    device = entry.body.get("device_id") or entry.body.get("device")
    step.looked_at[_outage(entry)] = {"devices": [[device, 1.0]]}
    cause = entry.body.get("cause")
    step.tell("confirmed", outage=_outage(entry), device=device, by=entry.actor, cause=cause)


def _merged(memory: Memory, step: Step, entry: Entry) -> None:
    part, whole = _outage(entry), OutageId(entry.body["into"])
    step.merged[part] = whole
    memory.predictions.pop(part, None)
    step.looked_at.setdefault(whole, {})
    step.tell("merge", outage=part, into=whole, reasons=entry.body.get("reasons"))


def _split(_: Memory, step: Step, entry: Entry) -> None:
    step.looked_at.setdefault(_outage(entry), {})
    step.tell("split", outage=_outage(entry), reason=entry.body.get("reason"))


def _hidden(_: Memory, step: Step, entry: Entry) -> None:
    """A fault is suspected behind an outage, elsewhere than before, or no longer."""
    named = ("proposal", "place", "device", "probability", "tickets", "reasons", "reason")
    facts = {name: entry.body[name] for name in named if name in entry.body}
    step.tell("hidden_fault", outage=_outage(entry), what=entry.kind.partition(".")[2], **facts)


def _restored(_: Memory, step: Step, entry: Entry) -> None:
    part = entry.kind == "outage.partially_restored"
    if part:
        step.looked_at.setdefault(_outage(entry), {})
    customers = entry.body.get("customers")
    step.tell("restored", outage=_outage(entry), customers=customers, part=part, by=entry.actor)


def _closed(_: Memory, step: Step, entry: Entry) -> None:
    step.tell("closed", outage=_outage(entry))


def _ordered(memory: Memory, _: Step, entry: Entry) -> None:
    """A new order; it is told when it may be sent."""
    if _order(entry) not in memory.released:
        memory.holding[_order(entry)] = None


def _cancelled(memory: Memory, step: Step, entry: Entry) -> None:
    """An order that was never told is not taken back either."""
    memory.holding.pop(_order(entry), None)
    if _order(entry) in memory.released:
        subject = _subject(step.store, step.store.orders.get(_order(entry)))
        step.tell("order_cancelled", **subject, reason=entry.body.get("reason"))


def _assigned(memory: Memory, step: Step, entry: Entry) -> None:
    let_go(memory, step, _order(entry))
    subject = _subject(step.store, step.store.orders.get(_order(entry)))
    step.tell("assigned", **subject, crew=entry.body.get("crew"))


def let_go(memory: Memory, step: Step, order_id: OrderId) -> None:
    """Tell, once, that an order is sent or may be."""
    memory.holding.pop(order_id, None)
    if order_id not in memory.released:
        memory.released.add(order_id)
        step.tell("order", **_subject(step.store, step.store.orders.get(order_id)))


def may_go(order: TroubleOrder, now: datetime) -> bool:
    """Whether nothing holds the order any more."""
    waits = order.status is OrderStatus.AWAITING_ASSIGNMENT
    return not waits or order.hold_until is None or order.hold_until <= now


def _subject(store: Store, order: TroubleOrder) -> dict[str, object]:
    """What an order is for: its outage, or the ticket of its incident."""
    if order.outage_id is not None:
        return {"order": order.id, "outage": order.outage_id}
    if order.incident_id is None:
        raise ValueError("an order has one subject")
    incident = store.orders.get_incident(order.incident_id)
    hazards = list(order.hazards) or None
    return {"order": order.id, "ticket": incident.ticket_id, "hazards": hazards}


_CLOCK = {"clock.warned": "warning", "clock.escalated": "breach", "clock.judged": "missed"}


def _clock(_: Memory, step: Step, entry: Entry) -> None:
    """A promise that is about to be broken, or was."""
    body = entry.body
    if body.get("verdict", "missed") != "missed":
        return
    if entry.kind == "clock.escalated" and not body.get("first", True):
        return  # a promise is broken once, however often that is escalated
    thing, _colon, name = entry.stream.partition(":")
    step.tell(
        "clock",
        what=_CLOCK[entry.kind],
        rule=body.get("rule"),
        level=body.get("level"),
        due_at=instant(datetime.fromisoformat(body["due_at"])),
        **{thing: int(name) if thing == "order" else name},
    )


def _name(entry: Entry) -> str:
    """What the entry's stream is called behind the kind of thing."""
    return entry.stream.partition(":")[2]


def _outage(entry: Entry) -> OutageId:
    return OutageId(int(_name(entry)))


def _order(entry: Entry) -> OrderId:
    return OrderId(int(_name(entry)))


HANDLERS: Mapping[str, Callable[[Memory, Step, Entry], None]] = {
    "ticket.received": _received,
    "ticket.attached": _attached,
    "ticket.detached": _detached,
    "outage.opened": _looked_at,
    "outage.predicted": _looked_at,
    "outage.grown": _looked_at,
    "outage.confirmed": _confirmed,
    "outage.merged": _merged,
    "outage.split": _split,
    "split.proposed": _hidden,
    "split.revised": _hidden,
    "split.withdrawn": _hidden,
    "outage.restored": _restored,
    "outage.partially_restored": _restored,
    "outage.closed": _closed,
    "order.awaiting_assignment": _ordered,
    "order.assigned": _assigned,
    "order.reassigned": _assigned,
    "order.cancelled": _cancelled,
    "clock.warned": _clock,
    "clock.escalated": _clock,
    "clock.judged": _clock,
}
