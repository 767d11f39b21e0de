"""Many rows at once: shown before it is done, one transaction for each row, undone for a while."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel, Field

from api.access import API
from api.bulk import DEEDS, Asked, Doing, version_of
from api.callers import Caller, Calling
from api.house import House
from api.inputs.fields import Moment, Reason, Strict
from api.routers.parts import Working, district_of, in_one_go
from dispatch.domain.outage import Confidence
from dispatch.errors import DispatchError, Forbidden, IllegalStep, NotFound
from dispatch.ports import Store
from dispatch.store import bulk
from dispatch.store.constraints import in_our_words
from dispatch.store.transaction import reading

router = APIRouter(tags=["dispatchers"])

UNDO_WITHIN = timedelta(minutes=10)
"""For how long a bulk action can be undone."""

MOST = 500

BulkId = Annotated[int, Path(ge=1, le=2**62)]


def _each_once(items: "list[RowIn]") -> "list[RowIn]":
    if len({item.thing for item in items}) < len(items):
        raise ValueError("every row once")
    return items


class RowIn(Strict):
    """A row of the list, and the version that the preview showed."""

    thing: Annotated[str, Field(min_length=1, max_length=120)]
    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class BulkIn(Strict):
    """What to do to which rows."""

    action: Literal["assign", "estimate", "cause", "notice", "hold", "close"]
    items: Annotated[list[RowIn], Field(min_length=1, max_length=MOST), AfterValidator(_each_once)]
    at: Moment | None = None
    confidence: Literal["low", "medium", "high"] = "medium"
    cause: Reason = ""
    reason: Reason = ""
    note: Reason = ""

    def asked(self) -> Asked:
        """As the deeds read it."""
        return Asked(
            at=self.at,
            confidence=Confidence(self.confidence),
            cause=self.cause,
            reason=self.reason,
            note=self.note,
        )


class RowOut(BaseModel):
    """What becomes of one row; `refused` is null where it is done."""

    thing: str
    version: int | None = None
    refused: str | None = None
    detail: str | None = None
    facts: dict[str, Any] = {}


class BulkOut(BaseModel):
    """What becomes of every row; `id` and `undo_until` only once something is done."""

    id: int | None = None
    undo_until: datetime | None = None
    done: int
    refused: int
    items: list[RowOut]

    @classmethod
    def of(cls, items: Sequence[RowOut], **of: Any) -> "BulkOut":  # noqa: ANN401 (passed on)
        """Count what was refused."""
        refused = sum(item.refused is not None for item in items)
        return cls(done=len(items) - refused, refused=refused, items=list(items), **of)


class _RolledBack(Exception):
    """The end of a preview: everything is as it was."""


@router.post(f"{API}/bulk/preview")
def post_preview(given: BulkIn, caller: Calling, house: Working) -> BulkOut:
    """Say what would become of every row; nothing changes."""
    doing, deed, asked = _doing(house, caller), DEEDS[given.action], given.asked()

    def rehearse(thing: str) -> RowOut:
        seen: list[RowOut] = []

        def work(store: Store) -> None:
            version = version_of(doing, store, thing)
            kept = deed.do(doing, store, thing, version, asked)
            seen.append(RowOut(thing=thing, version=version, facts=dict(kept)))
            raise _RolledBack

        with suppress(_RolledBack):
            in_one_go(house, work)
        return seen[-1]

    return BulkOut.of([_or_refused(item.thing, rehearse) for item in given.items])


@router.post(f"{API}/bulk")
def post_bulk(given: BulkIn, caller: Calling, house: Working) -> BulkOut:
    """Do it, one transaction for each row; what is refused is said and leaves the rest alone."""
    doing, deed, asked = _doing(house, caller), DEEDS[given.action], given.asked()
    undo_until = doing.now + (UNDO_WITHIN if deed.undo else timedelta())
    with in_our_words(), house.engine.begin() as connection:
        bulk_id = bulk.begin(
            connection, action=given.action, by=caller.name, at=doing.now, undo_until=undo_until
        )
    versions = {item.thing: item.version for item in given.items}

    def do(thing: str) -> RowOut:
        def work(store: Store) -> Mapping[str, Any]:
            district_of(store, caller, thing)
            kept = deed.do(doing, store, thing, versions[thing], asked)
            store.many_at_once.keep(bulk_id, thing, kept)
            return kept

        return RowOut(thing=thing, facts=dict(in_one_go(house, work)))

    items = [_or_refused(item.thing, do) for item in given.items]
    _look_again(house, caller, items)
    return BulkOut.of(items, id=bulk_id, undo_until=undo_until if deed.undo else None)


@router.post(f"{API}/bulk/{{bulk_id}}/undo")
def post_undo(bulk_id: BulkId, caller: Calling, house: Working) -> BulkOut:
    """Undo one's own action within ten minutes, except where somebody has acted since.

    Raises
    ------
    NotFound, Forbidden, IllegalStep
        No such action; somebody else's; it cannot be undone, or not any more.
    """
    doing = _doing(house, caller)
    with reading(house.engine) as connection:
        action = bulk.get(connection, bulk_id)
    if action.by != caller.name:
        raise Forbidden("only who did it can undo it")
    undo = DEEDS[action.action].undo
    if undo is None:
        raise IllegalStep("this cannot be undone")
    if doing.now > action.undo_until:
        raise IllegalStep("the time for undoing is over")
    kept = {item.thing: item.kept for item in action.items if item.undone_at is None}

    def take_back(thing: str) -> RowOut:
        def work(store: Store) -> None:
            district_of(store, caller, thing)
            undo(doing, store, thing, kept[thing])
            store.many_at_once.take_back(bulk_id, thing, doing.now)

        in_one_go(house, work)
        return RowOut(thing=thing)

    items = [_or_refused(thing, take_back) for thing in kept]
    _look_again(house, caller, items)
    return BulkOut.of(items, id=bulk_id)


def _doing(house: House, caller: Caller) -> Doing:
    return Doing(house, caller, house.travel_times(), house.now())


def _or_refused(thing: str, work: Callable[[str], RowOut]) -> RowOut:
    """What became of a row, or why nothing did: one that is refused does not stop the others."""
    try:
        return work(thing)
    except DispatchError as refused:
        return RowOut(thing=thing, refused=refused.code, detail=str(refused))


def _look_again(house: House, caller: Caller, items: Sequence[RowOut]) -> None:
    """Let the districts of what was done be planned anew."""
    districts = set()
    for item in items:
        if item.refused is None:
            with house.transaction() as store:
                try:
                    districts.add(district_of(store, caller, item.thing))
                except NotFound:
                    continue
    for district in sorted(filter(None, districts)):
        house.queue.assign(district)
