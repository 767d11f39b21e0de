"""One thing done to many rows of the list: what each action does, and how it is undone.

A deed works on one row in the transaction it is given, and says what undoing needs to know. The
preview does the very same and rolls back, so that it refuses what the action would refuse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.callers import Caller
from api.house import House
from api.routers.clocks import ROLE
from api.routers.parts import district_of, incident_for, outage_for
from dispatch.assignment import choose
from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.outage import (
    Confidence,
    EstimateBasis,
    EstimatedRestoration,
    EstimateSource,
    Outage,
)
from dispatch.domain.rules import Recipient
from dispatch.domain.words import CrewId, NoticeId, OrderId, OutageId
from dispatch.errors import IllegalStep, InvalidInput
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.checking import check_version
from dispatch.procedures.ranking import rank_for
from dispatch.usecases.choose_crew import ChooseCrew, RecallCrew, choose_crew, recall_crew
from dispatch.usecases.close_outage import CloseOutage, close_outage
from dispatch.usecases.estimate_restoration import EstimateRestoration, estimate_restoration
from dispatch.usecases.name_cause import NameCause, UnnameCause, name_cause, unname_cause
from dispatch.usecases.pause_clocks import (
    PauseClocks,
    ResumeClocks,
    Whose,
    pause_clocks,
    resume_clocks,
)
from dispatch.usecases.release_notice import (
    ReleaseNotice,
    WithdrawNotice,
    draft_notice,
    release_notice,
    withdraw_notice,
)
from dispatch.usecases.take_back_estimate import TakeBackEstimate, take_back_estimate

SINCE = "somebody has acted on it since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be done to every row; which fields are needed depends on the action."""

    at: datetime | None = None
    confidence: Confidence = Confidence.MEDIUM
    cause: str = ""
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """Who does it, when, and with what."""

    house: House
    caller: Caller
    travel_times: TravelTimes
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An action on one row; `undo` is None for what cannot be undone."""

    do: Callable[[Doing, Store, str, int | None, Asked], Mapping[str, Any]]
    undo: Callable[[Doing, Store, str, Mapping[str, Any]], None] | None


def _outage_id(thing: str) -> OutageId:
    kind, _, key = thing.partition("-")
    if kind != "outage":
        raise IllegalStep("only an outage can take this")
    return OutageId(int(key))


def _outage(doing: Doing, store: Store, thing: str) -> Outage:
    return outage_for(store, doing.caller, _outage_id(thing))


# As planned -------------------------------------------------------------------------------------


def _assign(
    doing: Doing, store: Store, thing: str, seen: int | None, _asked: Asked
) -> Mapping[str, Any]:
    order = _waiting(doing, store, thing, seen)
    policy = doing.house.policies.assignment
    crew = order.proposed_crew_id
    if crew is None:
        best = choose(rank_for(store, order, doing.travel_times, policy=policy, now=doing.now))
        crew = None if best is None else best.state.crew.id
    if crew is None:
        raise IllegalStep("the plan has no crew for it")
    command = ChooseCrew(
        order_id=order.id, crew_id=crew, by=doing.caller.name, seen_version=order.version
    )
    given = choose_crew(store, command, doing.travel_times, policy=policy, now=doing.now)
    return {"order": given.id, "crew": given.crew_id}


def _waiting(doing: Doing, store: Store, thing: str, seen: int | None) -> TroubleOrder:
    """The row's order, which has no crew yet."""
    if thing.startswith("incident-"):
        order = store.orders.find_open_of_incident(incident_for(store, doing.caller, thing).id)
    else:
        outage = _outage(doing, store, thing)
        check_version(outage, seen)
        order = store.orders.find_open_of_outage(outage.id)
    if order is None:
        raise IllegalStep("nothing is left to do in the field")
    if order.status is not OrderStatus.AWAITING_ASSIGNMENT:
        raise IllegalStep("a crew has the order already")
    return order


def _unassign(doing: Doing, store: Store, _thing: str, kept: Mapping[str, Any]) -> None:
    order = store.orders.get(OrderId(kept["order"]))
    if order.status is not OrderStatus.ASSIGNED or order.crew_id != CrewId(kept["crew"]):
        raise IllegalStep(SINCE)
    command = RecallCrew(order_id=order.id, by=doing.caller.name, reason="undone")
    recall_crew(store, command, now=doing.now)


# Estimate ---------------------------------------------------------------------------------------


def _estimate(
    doing: Doing, store: Store, thing: str, seen: int | None, asked: Asked
) -> Mapping[str, Any]:
    if asked.at is None:
        raise InvalidInput("at", None, "when supply is expected back")
    before = _outage(doing, store, thing)
    if not before.is_open:
        raise IllegalStep("the outage is over")
    command = EstimateRestoration(
        outage_id=before.id,
        at=asked.at,
        source=EstimateSource.DISPATCHER,
        confidence=asked.confidence,
        by=doing.caller.name,
        seen_version=seen,
    )
    after = estimate_restoration(store, command, now=doing.now)
    if after.version == before.version:
        raise IllegalStep("the estimate that stands outweighs this one")
    return {"at": asked.at.isoformat(), "before": _plain(before.estimate)}


def _unestimate(doing: Doing, store: Store, thing: str, kept: Mapping[str, Any]) -> None:
    command = TakeBackEstimate(
        outage_id=_outage_id(thing),
        at=datetime.fromisoformat(kept["at"]),
        before=_read(kept["before"]),
        by=doing.caller.name,
    )
    take_back_estimate(store, command, now=doing.now)


def _plain(estimate: EstimatedRestoration | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    times = ("at", "from_at", "to_at", "said_at")
    return {
        **{name: (at := getattr(estimate, name)) and at.isoformat() for name in times},
        "source": estimate.source.value,
        "confidence": estimate.confidence.value,
        "basis": estimate.basis and estimate.basis.value,
    }


def _read(plain: Mapping[str, Any] | None) -> EstimatedRestoration | None:
    if plain is None:
        return None

    def time(name: str) -> datetime | None:
        return plain[name] and datetime.fromisoformat(plain[name])

    return EstimatedRestoration(
        at=datetime.fromisoformat(plain["at"]),
        source=EstimateSource(plain["source"]),
        confidence=Confidence(plain["confidence"]),
        from_at=time("from_at"),
        to_at=time("to_at"),
        basis=plain["basis"] and EstimateBasis(plain["basis"]),
        said_at=time("said_at"),
    )


# Cause, notice, hold, close ---------------------------------------------------------------------


def _cause(
    doing: Doing, store: Store, thing: str, seen: int | None, asked: Asked
) -> Mapping[str, Any]:
    command = NameCause(
        outage_id=_outage(doing, store, thing).id,
        cause=asked.cause,
        by=doing.caller.name,
        seen_version=seen,
    )
    return {"cause": name_cause(store, command, now=doing.now).cause}


def _uncause(doing: Doing, store: Store, thing: str, kept: Mapping[str, Any]) -> None:
    command = UnnameCause(outage_id=_outage_id(thing), cause=kept["cause"], by=doing.caller.name)
    unname_cause(store, command, now=doing.now)


def _notice(
    doing: Doing, store: Store, thing: str, seen: int | None, _asked: Asked
) -> Mapping[str, Any]:
    outage = _outage(doing, store, thing)
    drafted = draft_notice(store, outage, now=doing.now)
    if drafted.holds and not drafted.differs:
        raise IllegalStep("its notice is out and says what is on record")
    command = ReleaseNotice(
        outage_id=outage.id, mark=drafted.mark, by=doing.caller.name, seen_version=seen
    )
    return {"notice": release_notice(store, command, now=doing.now).id}


def _unnotice(doing: Doing, store: Store, _thing: str, kept: Mapping[str, Any]) -> None:
    command = WithdrawNotice(
        notice_id=NoticeId(kept["notice"]), by=doing.caller.name, reason="undone"
    )
    withdraw_notice(store, command, now=doing.now)


def _hold(
    doing: Doing, store: Store, thing: str, seen: int | None, asked: Asked
) -> Mapping[str, Any]:
    outage = _outage(doing, store, thing)
    check_version(outage, seen)
    command = PauseClocks(
        whose=Whose(outage_id=outage.id),
        reason=asked.reason,
        note=asked.note,
        by=doing.caller.name,
        role=ROLE.get(doing.caller.role, Recipient.DISPATCHER),
        since=doing.now,
    )
    held = [clock.number for clock in pause_clocks(store, command, now=doing.now)]
    return {"clocks": held}


def _unhold(doing: Doing, store: Store, thing: str, _kept: Mapping[str, Any]) -> None:
    whose = Whose(outage_id=_outage_id(thing))
    resume_clocks(
        store, ResumeClocks(whose=whose, by=doing.caller.name, at=doing.now), now=doing.now
    )


def _close(
    doing: Doing, store: Store, thing: str, seen: int | None, _asked: Asked
) -> Mapping[str, Any]:
    command = CloseOutage(
        outage_id=_outage(doing, store, thing).id, by=doing.caller.name, seen_version=seen
    )
    closed = close_outage(store, command, now=doing.now)
    store.outages.ask_grouping(closed.feeder_id, closed.district_id, doing.now)
    return {}


DEEDS: Mapping[str, Deed] = {
    "assign": Deed(do=_assign, undo=_unassign),
    "estimate": Deed(do=_estimate, undo=_unestimate),
    "cause": Deed(do=_cause, undo=_uncause),
    "notice": Deed(do=_notice, undo=_unnotice),
    "hold": Deed(do=_hold, undo=_unhold),
    "close": Deed(do=_close, undo=None),
}
"""Every action by its name."""


def version_of(doing: Doing, store: Store, thing: str) -> int | None:
    """The version of a row as it is now; None for one that carries none.

    Raises
    ------
    NotFound
        No such row, or not for this caller.
    """
    district_of(store, doing.caller, thing)
    return _outage(doing, store, thing).version if thing.startswith("outage-") else None
