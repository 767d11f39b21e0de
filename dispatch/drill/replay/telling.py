"""What the house decided, as lines of output: read from the journal after every step."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from dispatch.domain.words import OutageId
from dispatch.drill.replay.entries import HANDLERS, attach, let_go, may_go
from dispatch.drill.replay.memory import Memory, Step, Told, instant
from dispatch.drill.replay.predictions import device_name, predict
from dispatch.store import replaying
from dispatch.store.replaying import OutageRow
from dispatch.store.transaction import PgStore


class Teller:
    """Reads what is new and remembers what was told."""

    def __init__(self) -> None:
        self._read_to = 0
        self._memory = Memory()

    @property
    def holds_orders(self) -> bool:
        """Whether an order waits for its time to be sent."""
        return bool(self._memory.holding)

    def after_step(self, connection: Connection, now: datetime) -> list[Told]:
        """The lines of everything that happened since the last call."""
        step = Step(PgStore(connection), now)
        for entry in replaying.journal_after(connection, self._read_to):
            self._read_to = entry.id
            handler = HANDLERS.get(entry.kind)
            if handler is not None:
                handler(self._memory, step, entry)
        _follow_merged(self._memory, step)
        predict(self._memory, step, replaying.outages(connection, step.looked_at.keys()))
        _release(self._memory, step)
        return step.told

    def partition(self, connection: Connection, now: datetime) -> Told:
        """The last line: which outage explains which tickets in the end."""
        outages = {row.id: row for row in replaying.outages(connection)}
        members: dict[OutageId, list[str]] = {
            row.id: [] for row in outages.values() if row.merged_into_id is None
        }
        lists: dict[str, list[str]] = {"unlocated": [], "planned": [], "alone": []}
        for ticket in replaying.tickets(connection):
            if ticket.outage_id is not None:
                members[_whole(outages, ticket.outage_id)].append(ticket.id)
            elif ticket.planned_outage_id is not None:
                lists["planned"].append(ticket.id)
            elif ticket.is_located:
                lists["alone"].append(ticket.id)
            else:
                lists["unlocated"].append(ticket.id)
        parts = [
            {
                "outage": outage_id,
                "device": device_name(outages[outage_id]),
                "status": outages[outage_id].status,
                "tickets": sorted(tickets),
            }
            for outage_id, tickets in sorted(members.items())
        ]
        sorted_lists = {name: sorted(ids) for name, ids in lists.items()}
        return {"at": instant(now), "type": "partition", "outages": parts, **sorted_lists}


def _follow_merged(memory: Memory, step: Step) -> None:
    """What nobody attached anew, as a closed repeat, goes where its outage went."""
    if not step.merged:
        return
    for ticket, (outage_id, probability) in list(memory.outage_of.items()):
        whole = outage_id
        while whole in step.merged:
            whole = step.merged[whole]
        if whole != outage_id:
            attach(memory, step, ticket, whole, probability, ())


def _release(memory: Memory, step: Step) -> None:
    """Tell the orders that are held no longer."""
    for order_id in list(memory.holding):
        if may_go(step.store.orders.get(order_id), step.now):
            let_go(memory, step, order_id)


def _whole(outages: Mapping[OutageId, OutageRow], outage_id: OutageId) -> OutageId:
    into = outages[outage_id].merged_into_id
    return outage_id if into is None else _whole(outages, into)
