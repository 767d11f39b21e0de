"""The crews of the demonstration: their phones accept, drive by road, report and mend.

They learn what is broken only where they stand: the truth about a fault comes from the simulated
day, and is told to a crew once it is on site.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import shapely

from api.clock import FastClock
from api.demo.wire import Refused, Wire
from gis.crs import distance_m
from gis.roads.network import RoadNetwork

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
FIX_EVERY = timedelta(seconds=20)
PARKED_FIX_EVERY = timedelta(minutes=3)
MOST_FIXES = 60
FORGETS_BUTTON = 0.08
"""How often a crew forgets to press arrived (assumption); its track shows it all the same."""

CHECKS_IN_EVERY = timedelta(minutes=20)
"""A crew at its site says that all is well before the standing half hour is over."""

PACE_LASTS_DEG, PACE_SPREAD = 0.003, 0.35
"""Over how much of a way a crew keeps its pace at most, some 300 m, and how paces differ: the
standard deviation of their logarithm (assumption)."""

IN_PARTS = 0.5
"""How many of the larger repairs bring customers back in two steps (assumption)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a crew finds on site: the device and cause, and how long mending takes."""

    cause: str
    repair: timedelta
    device_id: str | None = None
    transformers: frozenset[str] = frozenset()


@dataclass(slots=True)
class Job:
    """An order under way, as its crew sees it."""

    order: Mapping[str, Any]
    outage: Mapping[str, Any] | None
    tickets: list[str]
    path: list[tuple[float, float, float]] = field(default_factory=list)
    drives_until: datetime | None = None
    left_at: datetime | None = None
    on_site_at: datetime | None = None
    said_at: datetime | None = None
    truth: Truth | None = None
    steps: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)


@dataclass(slots=True)
class SimulatedCrew:
    """One crew: where it stands, what it does, what its phone has sent."""

    crew_id: str
    wire: Wire
    clock: FastClock
    roads: RoadNetwork | None
    truth_of: Callable[[list[str]], Truth]
    rng: np.random.Generator
    lon: float
    lat: float
    job: Job | None = None
    seq: int = 0
    fixed_at: datetime | None = None
    accept_at: datetime | None = None

    async def live(self) -> None:
        """Look at the phone again and again, for as long as the demonstration runs."""
        while True:
            try:
                await self._look()
            except Refused as refused:
                log.info("%s: %s", self.crew_id, refused)
                self.job = None
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        now = self.clock()
        orders = await self.wire.get("crew/orders")
        assert isinstance(orders, list)
        active = [o for o in orders if o["order"]["status"] not in {"field_complete", "cancelled"}]
        if not active:
            self.job = None
            self.accept_at = None
        else:
            await self._work_on(active[0], now)
        await self._send_fixes(now)

    async def _work_on(self, shown: Mapping[str, Any], now: datetime) -> None:
        order = shown["order"]
        if self.job is None or self.job.order["id"] != order["id"]:
            self.accept_at = now + timedelta(seconds=float(self.rng.uniform(20, 90)))
            self.job = Job(
                order=order, outage=shown["outage"], tickets=[t["id"] for t in shown["tickets"]]
            )
        job = self.job
        job.outage = shown["outage"]
        job.tickets = [t["id"] for t in shown["tickets"]]
        if job.left_at is None:
            if self.accept_at is not None and now >= self.accept_at:
                await self._depart(job, now)
        elif job.on_site_at is None:
            if job.drives_until is not None and now >= job.drives_until:
                await self._get_there(job, job.drives_until)
        else:
            await self._mend(job, now)

    async def _depart(self, job: Job, now: datetime) -> None:
        await self._act("accept", job, now)
        start = now + timedelta(seconds=float(self.rng.uniform(20, 60)))
        goal = (float(job.order["lon"]), float(job.order["lat"]))
        route = self.roads.route((self.lon, self.lat), goal) if self.roads else None
        pace = float(self.rng.uniform(0.95, 1.2))
        if route is None or len(route.line) == 0:
            seconds, line = float(job.order["travel_s"] or 600) * pace, [(self.lon, self.lat), goal]
        else:
            seconds, line = route.seconds * pace, [*map(tuple, route.line), goal]
        job.path = driven(line, max(seconds, 30.0), self.rng)
        job.left_at = start
        job.drives_until = start + timedelta(seconds=max(seconds, 30.0))
        await self._act("en_route", job, start)

    async def _get_there(self, job: Job, at: datetime) -> None:
        job.on_site_at = at
        if self.rng.random() >= FORGETS_BUTTON:
            await self._act("arrive", job, at + timedelta(seconds=20))
        job.truth = self.truth_of(job.tickets)
        truth, looked = job.truth, at + timedelta(minutes=float(self.rng.uniform(4, 9)))
        done = max(at + truth.repair, looked + timedelta(minutes=3))
        if job.outage is None:
            job.steps = [(done, "field_complete", {"cause": truth.cause})]
            return
        found: dict[str, Any] = {"cause": truth.cause}
        if truth.device_id is not None:
            found["device_id"] = truth.device_id
        job.steps = [
            (looked, "findings", found),
            (looked, "estimate", {"restore_at": _rounded(done).isoformat()}),
        ]
        if len(truth.transformers) > 1 and self.rng.random() < IN_PARTS:
            half = sorted(truth.transformers)[: len(truth.transformers) // 2]
            job.steps.append((looked + (done - looked) * 0.6, "restore", {"transformers": half}))
        job.steps += [
            (done, "restore", {"cause": truth.cause}),
            (done + timedelta(minutes=2), "field_complete", {"cause": truth.cause}),
        ]

    async def _mend(self, job: Job, now: datetime) -> None:
        if job.said_at is not None and now - job.said_at >= CHECKS_IN_EVERY:
            await self._act("check_in", job, now)
        while job.steps and job.steps[0][0] <= now:
            at, kind, said = job.steps.pop(0)
            await self._act(kind, job, at, **said)

    async def _act(self, kind: str, job: Job, at: datetime, **said: object) -> None:
        self.seq += 1
        job.said_at = at
        action = {
            "id": f"{self.crew_id}-{self.clock.started.timestamp():.0f}-{self.seq}",
            "seq": self.seq,
            "kind": kind,
            "order_id": job.order["id"],
            "occurred_at": at.isoformat(),
            **said,
        }
        await self.wire.post("crew/actions", {"actions": [action]})

    async def _send_fixes(self, now: datetime) -> None:
        """Send where it was since the last time, and stand there."""
        moving = self.job is not None and self.job.left_at is not None
        every = FIX_EVERY if moving else PARKED_FIX_EVERY
        last = self.fixed_at
        if last is not None and now - last < every:
            return
        times = [now] if last is None else _times(last + every, now, every)
        fixes = []
        for at in times[-MOST_FIXES:]:
            lon, lat, speed = self._place(at)
            jitter = self.rng.normal(0, 0.00004, 2)
            fixes.append(
                {
                    "id": f"{self.crew_id}-{at.timestamp():.0f}",
                    "lon": lon + float(jitter[0]),
                    "lat": lat + float(jitter[1]),
                    "fixed_at": at.isoformat(),
                    "accuracy_m": round(float(self.rng.uniform(4, 15)), 1),
                    "speed_mps": round(speed, 1),
                }
            )
            self.lon, self.lat = lon, lat
        self.fixed_at = times[-1]
        await self.wire.post("crew/positions", {"positions": fixes})

    def _place(self, at: datetime) -> tuple[float, float, float]:
        job = self.job
        if job is None or job.left_at is None or not job.path:
            return self.lon, self.lat, 0.0
        gone = (at - job.left_at).total_seconds()
        seconds = [point[0] for point in job.path]
        lon = float(np.interp(gone, seconds, [point[1] for point in job.path]))
        lat = float(np.interp(gone, seconds, [point[2] for point in job.path]))
        now = min(max(int(np.searchsorted(seconds, gone)), 1), len(seconds) - 1)
        (begin, *start), (end, *there) = job.path[now - 1], job.path[now]
        driving = 0 < gone < seconds[-1] and end > begin
        return lon, lat, distance_m(*start, *there) / (end - begin) if driving else 0.0


def driven(
    line: Sequence[tuple[float, float]], seconds: float, rng: np.random.Generator
) -> list[tuple[float, float, float]]:
    """The line with the second at which each point is passed: now faster, now slower.

    A drive at one pace would rightly be taken for a made-up one.
    """
    way = np.asarray(shapely.segmentize(shapely.LineString(line), PACE_LASTS_DEG).coords)
    steps = np.hypot(*(np.diff(way, axis=0) * [np.cos(np.radians(way[0, 1])), 1]).T)
    spent = np.cumsum(steps * rng.lognormal(0.0, PACE_SPREAD, len(steps)))
    clock = np.append(0.0, spent / max(spent[-1], 1e-12) * seconds)
    return [(float(t), float(x), float(y)) for t, (x, y) in zip(clock, way, strict=True)]


def _times(first: datetime, last: datetime, every: timedelta) -> list[datetime]:
    count = int((last - first) / every) + 1
    return [first + every * k for k in range(max(count, 1)) if first + every * k <= last] or [last]


def _rounded(at: datetime) -> datetime:
    """The next five minutes, as a person would say it."""
    minutes = 5 - at.minute % 5
    return at.replace(second=0, microsecond=0) + timedelta(minutes=minutes)
