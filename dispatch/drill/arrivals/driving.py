"""What truly happens: where a vehicle is at each second, driving, waiting, creeping, standing."""

from dataclasses import dataclass, field

import numpy as np

from gis.crs import Floats

LIGHT_EVERY_M = 450.0
LIGHT_S = (5.0, 45.0)


@dataclass(slots=True)
class Ride:
    """A vehicle's places in metres, one a second, from `begins_s` on; it is extended as it goes."""

    rng: np.random.Generator
    begins_s: float
    places: list[Floats] = field(default_factory=list)

    @property
    def now_s(self) -> float:
        """The second that comes next."""
        return self.begins_s + sum(len(each) for each in self.places)

    @property
    def xy(self) -> Floats:
        """All places, shape (n, 2)."""
        return np.concatenate(self.places)

    def stand(self, place: Floats, seconds: float, *, walking_m: float = 0.0) -> "Ride":
        """Stay at a place; whoever carries the device walks about as far as that."""
        count = max(1, round(seconds))
        steps = self.rng.normal(0, 1, (count, 2)).cumsum(axis=0) * 0.3
        walked = walking_m * np.tanh(steps / max(walking_m, 1.0)) if walking_m else 0.0 * steps
        self.places.append(place + walked)
        return self

    def drive(self, line: Floats, mean_mps: float, *, lights: bool = True) -> "Ride":
        """Follow a line as people drive: never evenly, and with lights on the way."""
        gone = _along(line)
        at, pace, next_light = 0.0, 0.0, self._next_light(0.0)
        reached = []
        while at < gone[-1]:
            if lights and at > next_light and at < gone[-1] - 250:
                reached += [at] * int(self.rng.uniform(*LIGHT_S))
                pace, next_light = 0.0, self._next_light(at)
            wish = mean_mps * float(np.clip(self.rng.normal(1.15, 0.25), 0.4, 1.8))
            left_m = gone[-1] - at
            wish = min(wish, max(1.5, np.sqrt(2 * 1.5 * left_m)))
            pace += float(np.clip(wish - pace, -2.0, 1.6)) * 0.6
            at += max(pace, 0.3)
            reached.append(at)
        self.places.append(_at(line, gone, np.array(reached)))
        return self

    def walk(self, line: Floats, mps: float) -> "Ride":
        """Follow a line on foot."""
        gone = _along(line)
        self.places.append(_at(line, gone, np.arange(0.0, gone[-1], mps)))
        return self

    def creep(self, line: Floats, mean_mps: float) -> "Ride":
        """Follow a line in a jam: a few metres, a halt, a few metres."""
        gone = _along(line)
        at, reached = 0.0, [0.0]
        while at < gone[-1]:
            moving = int(self.rng.uniform(4, 15))
            pace = self.rng.uniform(1.2, 3.5)
            for _ in range(moving):
                at += pace
                reached.append(at)
            halt = moving * (pace / mean_mps - 1.0) * self.rng.uniform(0.6, 1.4)
            reached += [at] * int(np.clip(halt, 0, 60))
        self.places.append(_at(line, gone, np.array(reached)))
        return self

    def _next_light(self, at: float) -> float:
        return at + float(self.rng.exponential(LIGHT_EVERY_M)) + 60.0


def _along(line: Floats) -> Floats:
    """Metres along a line at each of its points."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _at(line: Floats, gone: Floats, metres: Floats) -> Floats:
    return np.column_stack([np.interp(metres, gone, line[:, axis]) for axis in (0, 1)])


def part(line: Floats, low_m: float, high_m: float) -> Floats:
    """The part of a line between two distances along it, shape (k, 2); k is at least 2."""
    gone = _along(line)
    low, high = max(0.0, low_m), min(gone[-1], high_m)
    inner = gone[(gone > low) & (gone < high)]
    return _at(line, gone, np.concatenate([[low], inner, [high]]))


def length_m(line: Floats) -> float:
    """How long a line is."""
    return float(_along(line)[-1])
