"""When people call, by the hour: at night some are awake and call, the others do in the morning.

Whoever sleeps through the beginning of an outage notices it after getting up: their delay runs by
day only. So do the delays of faults of single homes, which is why lone reports are few at night and
many in the first hour of the morning. The hour is the sun's, read off the longitude: no zone has to
be set, and a district at the edge of a wide zone gets up late by its clocks. Times are minutes
relative to now, so the past is negative.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from dispatch.domain.facts import FeederTree
from dispatch.rates import Delay, Floats, Promptly, Rates

MINUTES_PER_DAY = 1_440.0
DEGREES_PER_HOUR = 15.0

GETTING_UP_MIN = 60.0  # assumption


@dataclass(frozen=True, slots=True)
class Night:
    """The hours of sleep as a look sees them.

    The last morning was `since_morning` minutes before minute 0, a waking day has `day_min`
    minutes, and of those who would call at night a share `awake` does.
    """

    since_morning: float
    day_min: float
    awake: float

    @classmethod
    def at(cls, lon: float, now: datetime, rates: Rates) -> "Night":
        """As seen from `now` (aware) at a longitude in degrees (EPSG:4326)."""
        utc = now.astimezone(UTC)
        hour = utc.hour + utc.minute / 60 + utc.second / 3_600 + lon / DEGREES_PER_HOUR
        return cls(
            since_morning=(hour - rates.night_until_h) % 24 * 60,
            day_min=(rates.night_from_h - rates.night_until_h) % 24 * 60,
            awake=rates.awake_at_night,
        )

    def by_day(self, minutes: Floats) -> Floats:
        """Minutes of waking days until each minute, from some morning long ago. Any shape."""
        whole, rest = np.divmod(minutes + self.since_morning, MINUTES_PER_DAY)
        return np.asarray(whole * self.day_min + np.minimum(rest, self.day_min), dtype=float)

    def is_day(self, minutes: Floats) -> Floats:
        """1 by day, 0 at night. Any shape."""
        rest = np.mod(minutes + self.since_morning, MINUTES_PER_DAY)
        return np.asarray(rest < self.day_min, dtype=float)

    def of_homes(self, minutes: Floats, delay: Delay) -> Floats:
        """How much more often than on average faults of single homes are reported then.

        Those of the night, of people who slept, come on top in the morning, as people get up one
        after the other within `GETTING_UP_MIN`. Any shape.
        """
        rest = np.mod(minutes + self.since_morning, MINUTES_PER_DAY)
        called = delay.reached(rest) - delay.reached(rest - GETTING_UP_MIN)
        of_the_night = (MINUTES_PER_DAY - self.day_min) * called / GETTING_UP_MIN
        by_day = np.where(rest < self.day_min, 1.0 + of_the_night, 0.0)
        return np.asarray(self.awake + (1 - self.awake) * by_day, dtype=float)


@dataclass(frozen=True, slots=True)
class Sending:
    """When those who ever signal do so after a beginning: after a delay, by the hour.

    Without `night` every hour is alike, as it is to meters.
    """

    delay: Delay | Promptly
    night: Night | None = None

    def reached(self, begin: Floats, end: Floats) -> Floats:
        """Share that has signalled of a darkness from `begin` by `end`; shapes that broadcast."""
        awake = self.delay.reached(end - begin)
        if self.night is None:
            return awake
        slept = self.delay.reached(self.night.by_day(end) - self.night.by_day(begin))
        return self._mixed(awake, slept)

    def density(self, begin: Floats, at: Floats, width: Floats) -> Floats:
        """Density of a signal `at`, the mean over beginnings in `width` minutes around `begin`."""
        awake = self._mean_density(at - begin, width)
        if self.night is None:
            return awake
        by_day = self.night.by_day
        days = np.maximum(by_day(begin + width / 2) - by_day(begin - width / 2), LEAST_WIDTH_MIN)
        slept = self._mean_density(by_day(at) - by_day(begin), days)
        return self._mixed(awake, slept * self.night.is_day(at))

    def density_at(self, begin: Floats, at: Floats) -> Floats:
        """Density of a signal `at` after a beginning just at `begin`; shapes that broadcast."""
        awake = self.delay.density(at - begin)
        if self.night is None:
            return awake
        slept = self.delay.density(self.night.by_day(at) - self.night.by_day(begin))
        return self._mixed(awake, slept * self.night.is_day(at))

    def _mean_density(self, since: Floats, width: Floats) -> Floats:
        within = self.delay.reached(since + width / 2) - self.delay.reached(since - width / 2)
        return np.asarray(within / width, dtype=float)

    def _mixed(self, awake: Floats, slept: Floats) -> Floats:
        share = 1.0 if self.night is None else self.night.awake
        return np.asarray(share * awake + (1 - share) * slept, dtype=float)


LEAST_WIDTH_MIN = 1.0


def calls_along(tree: FeederTree, rates: Rates, now: datetime) -> Sending:
    """When the customers of a feeder call; every hour alike where it has no place on the map."""
    places = [t.lon for t in tree.transformers if t.device_id is not None]
    if not places:
        return Sending(rates.call_delay)
    return Sending(rates.call_delay, Night.at(sum(places) / len(places), now, rates))
