"""The way in: bounded, patient with a database that is away, and nothing acknowledged is lost."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from api.trackers.intake import Intake, IntakePolicy
from api.trackers.tally import UNKNOWN_HELD, Tally
from dispatch.domain.crew import PositionFix
from dispatch.domain.tracking import Wire
from dispatch.errors import InvalidInput, StoreUnavailable
from dispatch.procedures.tracking import Kept
from tests.loops import run_async
from tests.store.builders import NOW, a_fix, at

QUICK = IntakePolicy(gather_s=0.01, patience_s=5.0, again_after_s=0.01)


class Shelf:
    """A store of the test's own: what it holds, and what it refuses when."""

    def __init__(self) -> None:
        self.held: list[PositionFix] = []
        self.batches: list[int] = []
        self.away = 0
        self.poison: str | None = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def store(self, fixes: Sequence[PositionFix]) -> Kept:
        assert self.may_go_on.wait(10)
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        if any(fix.id == self.poison for fix in fixes):
            raise InvalidInput("fix", self.poison, "something that can be stored")
        self.held += fixes
        self.batches.append(len(fixes))
        return Kept(taken=tuple(fixes), new=len(fixes), dropped=())


def with_intake(shelf: Shelf, work: Callable, policy: IntakePolicy = QUICK) -> object:
    async def run() -> object:
        intake = Intake(shelf.store, lambda kept: None, policy)
        intake.start()
        try:
            return await work(intake)
        finally:
            await intake.stop()

    return run_async(run())


def lots(count: int, size: int = 1) -> list[list[PositionFix]]:
    return [[a_fix(f"{n}-{m}") for m in range(size)] for n in range(count)]


def test_whoever_waited_finds_the_fixes_stored():
    shelf = Shelf()

    async def work(intake: Intake) -> None:
        await intake.take([a_fix("1"), a_fix("2")])
        assert [fix.id for fix in shelf.held] == ["1", "2"]
        assert intake.waiting == 0
        await intake.take([])

    with_intake(shelf, work)


def test_many_senders_share_few_transactions():
    shelf = Shelf()

    async def work(intake: Intake) -> None:
        await asyncio.gather(*(intake.take(lot) for lot in lots(200)))

    with_intake(shelf, work, IntakePolicy(gather_s=5.0, most_at_once=100))
    assert shelf.batches == [100, 100]


def test_while_the_database_is_away_the_fixes_wait():
    shelf = Shelf()
    shelf.away = 3

    async def work(intake: Intake) -> None:
        await asyncio.gather(*(intake.take(lot) for lot in lots(5)))

    with_intake(shelf, work)
    assert len(shelf.held) == 5


def test_an_answer_is_not_waited_for_for_ever_but_the_fixes_stay():
    shelf = Shelf()
    shelf.may_go_on.clear()

    async def work(intake: Intake) -> None:
        with pytest.raises(StoreUnavailable):
            await intake.take([a_fix("1")])
        shelf.may_go_on.set()

    with_intake(shelf, work, IntakePolicy(gather_s=0.01, patience_s=0.05))
    assert [fix.id for fix in shelf.held] == ["1"]


def test_a_full_buffer_refuses_at_once_and_has_room_again():
    shelf = Shelf()
    shelf.may_go_on.clear()

    async def work(intake: Intake) -> None:
        waiting = [asyncio.ensure_future(intake.take(lot)) for lot in lots(4, size=3)]
        await asyncio.wait(waiting, timeout=0.01)
        assert intake.waiting == 9
        assert isinstance(waiting[-1].exception(), StoreUnavailable)
        shelf.may_go_on.set()
        await asyncio.gather(*waiting[:-1])
        await intake.take([a_fix("later")])

    with_intake(shelf, work, IntakePolicy(gather_s=0.01, most_waiting=10))
    assert len(shelf.held) == 10


def test_what_cannot_be_stored_does_not_sink_the_others():
    shelf = Shelf()
    shelf.poison = "7-0"

    async def work(intake: Intake) -> list:
        return await asyncio.gather(*(intake.take(lot) for lot in lots(20)), return_exceptions=True)

    results = with_intake(shelf, work)
    assert [n for n, result in enumerate(results) if result is not None] == [7]
    assert len(shelf.held) == 19


def test_at_the_end_what_waits_is_stored():
    shelf = Shelf()

    async def work(intake: Intake) -> None:
        for lot in lots(5):
            intake.put(lot)

    with_intake(shelf, work, IntakePolicy(gather_s=60.0, most_at_once=2))
    assert len(shelf.held) == 5


def test_at_the_end_with_the_database_away_nobody_is_told_that_it_is_stored():
    shelf = Shelf()
    shelf.away = 10**9

    async def work(intake: Intake) -> asyncio.Future:
        return intake.put([a_fix("1")])

    async def run() -> BaseException | None:
        intake = Intake(shelf.store, lambda kept: None, QUICK)
        intake.start()
        stored = intake.put([a_fix("1")])
        await intake.stop()
        with pytest.raises(StoreUnavailable):
            intake.put([a_fix("2")])
        return stored.exception()

    assert isinstance(run_async(run()), StoreUnavailable)


def test_the_tally_is_bounded_and_forgets_the_oldest_stranger():
    tally = Tally()
    for n in range(UNKNOWN_HELD + 10):
        tally.unknown(Wire.JT808, str(n), at(n))
    tally.unknown(Wire.JT808, "10", at(5000))
    tally.unknown(Wire.TRACCAR, "x" * 10_000 + "\x00", NOW)
    unknown = {each.device: each for each in tally.drain().unknown}
    assert len(unknown) == UNKNOWN_HELD
    assert unknown["10"].count == 2
    assert max(len(name) for name in unknown) == 60
    assert not tally.drain()


def test_counts_that_could_not_be_written_are_added_to_what_came_since():
    tally = Tally()
    tally.count("jt808:1", "taken", at(0), 3)
    tally.seen("jt808:1", at(0))
    tally.unknown(Wire.JT808, "2", at(0))
    drained = tally.drain()
    tally.count("jt808:1", "taken", at(1))
    tally.seen("jt808:1", at(1))
    tally.unknown(Wire.JT808, "2", at(1))
    tally.put_back(drained)
    counted = tally.drain()
    assert [each.count for each in counted.counts] == [4]
    assert counted.seen == {"jt808:1": at(1)}
    assert [(each.count, each.first_at) for each in counted.unknown] == [(2, at(0))]
