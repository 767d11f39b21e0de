"""A dispatcher sees that two outages are one."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.outage import Outage
from dispatch.domain.phases import joined
from dispatch.domain.words import OutageId
from dispatch.errors import InvalidInput
from dispatch.ports import Store
from dispatch.procedures.checking import check_version, need_reason
from dispatch.procedures.merging import merge
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOutages:
    """`part` becomes part of `whole`."""

    whole_id: OutageId
    part_id: OutageId
    by: str
    reason: str
    seen_version: int | None = None


def merge_outages(store: Store, command: MergeOutages, *, now: datetime) -> Outage:
    """Move the callers over; splitting undoes it."""
    if command.whole_id == command.part_id:
        raise InvalidInput("part", command.part_id, "another outage than the one it joins")
    why = need_reason(command.reason, "merging outages")
    first, second = sorted((command.whole_id, command.part_id))
    locked = {
        outage_id: store.outages.lock(outage_id, to_end=True) for outage_id in (first, second)
    }
    whole, part = locked[command.whole_id], locked[command.part_id]
    check_version(whole, command.seen_version)
    began = min(whole.started_at, part.started_at)
    lost = joined(whole.phases, part.phases)
    whole = store.outages.save(replace(whole, started_at=began, phases=lost))
    merge(
        store,
        part,
        whole,
        probability=1.0,
        reasons=(reason("by_hand", reason=why),),
        by=command.by,
        now=now,
    )
    store.outages.widen(whole.id, store.outages.scope_out(whole.id), out_from=began)
    return whole
