"""The simulated day: every line at its time, and between lines what time alone brings about."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import Engine

from dispatch.drill.replay.doing import Doer
from dispatch.drill.replay.lines import Line
from dispatch.drill.replay.memory import Told, instant
from dispatch.drill.replay.telling import Teller
from dispatch.errors import DispatchError, StoreUnavailable
from dispatch.store import replaying
from dispatch.store.transaction import reading

log = logging.getLogger(__name__)

STEP = timedelta(seconds=30)
"""How fine the time between lines is: what falls due in between is done at the next half minute."""

LATEST_RELEASE = timedelta(hours=1)
"""How long after the last line orders that are held may still be let go."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class SimulatedClock:
    """The time of the replay; it moves only with what happens."""

    now: datetime

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now


class Office(Protocol):
    """The work behind the lines, which a worker does in the live system."""

    def jobs(self, *, tick: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """The jobs that wait, each with its name, in their order; every one is asked for when due.

        The clocks run with `tick`; then feeders with news are looked at, then waiting orders.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A replay with everything it needs; `accept_within` is the assignment's."""

    engine: Engine
    clock: SimulatedClock
    office: Office
    doer: Doer
    teller: Teller
    accept_within: timedelta

    def run(self, lines: Iterable[Line]) -> Iterator[Told]:
        """Take the lines, which are in the order of their times, and tell what was decided.

        A line that the house refuses is told as `refused` with the reason, and the next is taken.
        So is one, or a job, that fails for a mistake of ours, as `failed`.
        """
        for line in lines:
            yield from self._pass_time(line.at)
            self.clock.now = line.at
            yield from self._take(line)
        yield from self._let_orders_go()
        with reading(self.engine) as connection:
            yield self.teller.partition(connection, self.clock.now)

    def _take(self, line: Line) -> Iterator[Told]:
        try:
            self.doer.do(line)
        except StoreUnavailable:
            raise
        except DispatchError as refusal:
            yield self._told("refused", line=line.number, code=refusal.code, why=str(refusal))
        except Exception as failure:  # noqa: BLE001 (as a request that fails: the others go on)
            yield self._failed(failure, line=line.number)
        yield from self._work()

    def _work(self, *, tick: bool = False) -> Iterator[Told]:
        for name, job in self.office.jobs(tick=tick):
            try:
                job()
            except StoreUnavailable:
                raise
            except Exception as failure:  # noqa: BLE001 (as in the worker's loop)
                yield self._failed(failure, job=name)
        with reading(self.engine) as connection:
            yield from self.teller.after_step(connection, self.clock.now)

    def _failed(self, failure: Exception, **what: object) -> Told:
        """A mistake of ours: it is told and logged, and the day goes on, as in the live system."""
        log.error("%s failed", what, exc_info=failure)
        return self._told("failed", **what, why=f"{type(failure).__name__}: {failure}")

    def _told(self, kind: str, **facts: object) -> Told:
        return {"at": instant(self.clock.now), "type": kind, **facts}

    def _pass_time(self, until: datetime) -> Iterator[Told]:
        """Do what falls due before `until`; a day on which nothing does is one step."""
        while (due := self._next()) is not None and due <= until:
            self.clock.now = due
            with reading(self.engine) as connection:
                ended = replaying.planned_ended(connection, due)
            for planned_id in ended:
                with suppress(DispatchError):  # ended, or called off, by somebody else
                    self.doer.end_planned(planned_id, due)
            yield from self._work(tick=True)

    def _let_orders_go(self) -> Iterator[Told]:
        """After the last line: only orders that are held for a moment are waited for."""
        latest = self.clock.now + LATEST_RELEASE
        while self.teller.holds_orders and self.clock.now < latest:
            due = self._next()
            if due is None or due > latest:
                return
            yield from self._pass_time(due)

    def _next(self) -> datetime | None:
        """The next half minute at which something falls due, after now."""
        with reading(self.engine) as connection:
            moment = replaying.next_moment(
                connection, self.clock.now, accept_within=self.accept_within
            )
        return None if moment is None else after(self.clock.now, moment)


def after(now: datetime, moment: datetime) -> datetime:
    """The first half minute at or after `moment` that lies after `now`."""
    at = EPOCH + STEP * math.ceil((moment - EPOCH) / STEP)
    return at if at > now else EPOCH + STEP * (math.floor((now - EPOCH) / STEP) + 1)
