"""What a process needs to take positions from devices: who they are, the way in, the counts."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from api.house import House
from api.trackers.intake import Intake, IntakePolicy
from api.trackers.readings import Reading, Unread
from api.trackers.registry import Registry
from api.trackers.tally import Counted, Tally
from api.trackers.weighing import Weighing
from dispatch.domain.crew import PositionFix
from dispatch.domain.tracking import Doubt, Tracker
from dispatch.errors import DispatchError, StoreUnavailable
from dispatch.procedures.tracking import Kept
from dispatch.store.transaction import retrying
from dispatch.usecases.record_tracks import RecordTracks, record_tracks
from gis.crs import to_wgs84

log = logging.getLogger(__name__)

RELOAD_S, COUNTS_S = 3.0, 15.0
TAKEN = "taken"


class Reception:
    """Devices are looked up in memory; lists and counts go to and fro every few seconds."""

    def __init__(self, house: House, policy: IntakePolicy | None = None) -> None:
        self.registry = Registry()
        self.tally = Tally()
        self.intake = Intake(self._store, self._kept, policy)
        self._house = house
        self.weighing = Weighing(house)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin; a database that is away now is asked again."""
        self.intake.start()
        await self._once(self.reload)
        self._tasks = [
            asyncio.create_task(self._every(RELOAD_S, self.reload), name="trackers"),
            asyncio.create_task(self._every(COUNTS_S, self.write_counts), name="tallies"),
            asyncio.create_task(self.weighing.run(), name="arrivals"),
        ]

    async def stop(self) -> None:
        """Store what waits, write the counts, and end."""
        await self.intake.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.weighing.weigh()
        await self._once(self.write_counts)

    async def receive(self, tracker: Tracker, items: Sequence[Reading | Unread]) -> None:
        """Store what a device sent; done when it is committed. `StoreUnavailable` if it cannot."""
        await self.intake.take(self.fixes(tracker, items))

    def fixes(self, tracker: Tracker, items: Sequence[Reading | Unread]) -> list[PositionFix]:
        """The items as fixes of the crew that the device spoke for at their time; others count."""
        now = self._house.now()
        self.tally.seen(tracker.id, now)
        fixes, refused = [], Counter[str]()
        for item in items:
            if isinstance(item, Unread):
                refused[item.why.value] += 1
                continue
            crew_id = tracker.crew_at(item.fixed_at)
            if crew_id is None:
                refused["no_crew"] += 1
                continue
            lon, lat = to_wgs84(item.lon, item.lat, tracker.datum)
            fixes.append(
                PositionFix(
                    id=tracker.id,
                    crew_id=crew_id,
                    lon=lon,
                    lat=lat,
                    fixed_at=item.fixed_at,
                    received_at=now,
                    accuracy_m=item.accuracy_m,
                    speed_mps=item.speed_mps,
                    mock=item.mock,
                    device=tracker.id,
                    battery=item.battery,
                )
            )
        for what, times in refused.items():
            self.tally.count(tracker.id, what, now, times)
        return fixes

    async def reload(self) -> None:
        """Read anew who is enrolled."""
        self.registry.expect()
        self.registry.load(await asyncio.to_thread(self._list))

    async def write_counts(self) -> None:
        """Write what was counted; what cannot be written now is kept for the next time."""
        counted = self.tally.drain()
        if not counted:
            return
        try:
            await asyncio.to_thread(self._write, counted)
        except DispatchError:
            self.tally.put_back(counted)
            raise

    def _list(self) -> Sequence[Tracker]:
        with self._house.transaction() as store:
            return store.trackers.list_all()

    def _write(self, counted: Counted) -> None:
        with self._house.transaction() as store:
            store.trackers.count(counted.counts, counted.seen)
            if counted.unknown:
                store.trackers.count_unknown(counted.unknown)

    def _store(self, fixes: Sequence[PositionFix]) -> Kept:
        command = RecordTracks(fixes=fixes)
        policy = self._house.policies.tracking
        return retrying(
            self._house.transaction, lambda store: record_tracks(store, command, tracking=policy)
        )

    def _kept(self, kept: Kept) -> None:
        now = self._house.now()
        fates = Counter((fix.device, TAKEN) for fix in kept.taken)
        fates.update((fix.device, why) for fix, why in kept.dropped)
        fates.update(
            (fix.device, f"doubt_{word}") for fix in kept.taken for word in Doubt(fix.doubts).words
        )
        for (device, what), times in fates.items():
            self.tally.count(device, what, now, times)
        self.weighing.note(kept.taken)

    @staticmethod
    async def _once(work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except StoreUnavailable as away:
            log.warning("the list of devices is not up to date: %s", away)
        except DispatchError:
            log.exception("the list of devices or its counts failed; it is tried again")

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._once(work)
