"""What the wall makes of its figures: outages by state and age, a curve, whether it is a storm."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from dispatch.domain.outage import OutageStatus
from dispatch.store.reads.field import CrewNow
from dispatch.store.reads.wall import OutageOnWall
from maps.layers import FRESH, GeoJson, crews

AGES = (timedelta(hours=1), timedelta(hours=4))
"""Where one age ends and the next begins; the last has no end."""
STATES = (
    OutageStatus.PREDICTED,
    OutageStatus.CONFIRMED,
    OutageStatus.PARTIALLY_RESTORED,
    OutageStatus.RESTORED,
)
MARKS = {
    OutageStatus.PREDICTED: "outage-predicted",
    OutageStatus.CONFIRMED: "outage-confirmed",
    OutageStatus.PARTIALLY_RESTORED: "outage-partial",
}
WIDE, HIGH = 240, 64


@dataclass(frozen=True, slots=True)
class StateRow:
    """The outages of one state, counted by age, the youngest first."""

    status: OutageStatus
    by_age: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A course as a line and the area under it, in a box of `WIDE` by `HIGH`; its top is `top`."""

    line: str
    area: str
    top: int


@dataclass(frozen=True, slots=True)
class CrewCount:
    """Crews on shift: free, with an order, and those of both whose position is old or unknown."""

    free: int
    busy: int
    stale: int


@dataclass(frozen=True, slots=True)
class Calls:
    """Reports that people make: a minute now, a minute usually (None: no history), and since when.

    `weeks` is how many of the last ones the usual rests on.
    """

    per_minute: float
    usual: float | None
    weeks: int

    @property
    def times(self) -> float | None:
        """How many times the usual it is; None where nothing is usual."""
        return self.per_minute / self.usual if self.usual else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StormSigns:
    """When the wall says storm: so many times the usual calls, and no fewer than so many a minute.

    Where there is no history, so many outages open at once. All three are settings of ours; no
    source gives one.
    """

    times_usual: float = 4.0
    per_minute: float = 1.0
    outages: int = 50


def by_state_and_age(outages: Iterable[OutageOnWall], now: datetime) -> list[StateRow]:
    """Count outages by state and by the time since the first report."""
    counts = {state: [0] * (len(AGES) + 1) for state in STATES}
    for each in outages:
        age = sum(now - each.started_at >= end for end in AGES)
        counts[OutageStatus(each.status)][age] += 1
    return [StateRow(state, tuple(found)) for state, found in counts.items()]


def curve(course: Sequence[int]) -> Curve:
    """Draw a course of two points or more from left to right, over a round top."""
    top = rounded_up(max(course))
    step = WIDE / (len(course) - 1)
    points = [f"{n * step:.1f},{HIGH * (1 - out / top):.1f}" for n, out in enumerate(course)]
    line = " ".join(points)
    return Curve(line=line, area=f"0,{HIGH} {line} {WIDE},{HIGH}", top=top)


def rounded_up(number: int) -> int:
    """The next of 10, 20, 50, 100, 200 ... that is not below `number`."""
    decade = 10
    while True:
        for digit in (1, 2, 5):
            if digit * decade >= number:
                return digit * decade
        decade *= 10


def count_crews(standing: Iterable[CrewNow]) -> CrewCount:
    """Count the crews on shift."""
    on_shift = [each for each in standing if each.state.on_shift]
    busy = sum(each.state.active_order_id is not None for each in on_shift)
    stale = sum(each.fix_age is None or each.fix_age > FRESH for each in on_shift)
    return CrewCount(free=len(on_shift) - busy, busy=busy, stale=stale)


def usual_per_minute(hours: Sequence[int]) -> float | None:
    """The median of the same hour of earlier weeks, so that one storm is not usual."""
    return median(hours) / 60 if hours else None


def is_storm(calls: Calls, open_outages: int, signs: StormSigns) -> bool:
    """Whether more comes in than on any usual day."""
    if calls.usual is None:
        return open_outages >= signs.outages
    enough = calls.per_minute >= signs.per_minute
    return enough and calls.per_minute >= signs.times_usual * calls.usual


def outage_marks(outages: Iterable[OutageOnWall]) -> GeoJson:
    """Where customers are out and how many: no name, no address."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(o.lon, 4), round(o.lat, 4)]},
            "properties": {"style": MARKS[OutageStatus(o.status)], "customers": o.customers},
        }
        for o in sorted(outages, key=lambda each: each.customers)
        if o.status in MARKS
    ]
    return {"type": "FeatureCollection", "features": features}


def crew_marks(standing: Iterable[CrewNow], now: datetime) -> GeoJson:
    """Where crews are and how they stand, without their names."""
    drawn = crews(standing, now)
    for feature in drawn["features"]:
        feature["properties"] = {"style": feature["properties"]["style"]}
    return drawn
