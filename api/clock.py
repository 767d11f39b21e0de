"""Whose time it is: the machine's, or a demonstration's that runs faster.

All processes of a demonstration read one line, RELIGHT_CLOCK, so that they agree: the moment at
which the day begins, the machine's time at which that was, and how many times faster it runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Now = Callable[[], datetime]


def system_now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FastClock:
    """A clock that showed `begins` when the machine's showed `started`, and runs `factor` fast."""

    begins: datetime
    started: datetime
    factor: float

    def __call__(self) -> datetime:
        """The time it shows now."""
        return self.begins + (system_now() - self.started) * self.factor

    def real(self, span: timedelta) -> float:
        """How many of the machine's seconds a span of its time takes."""
        return span.total_seconds() / self.factor

    def __str__(self) -> str:
        """The line for RELIGHT_CLOCK."""
        return f"{self.begins.isoformat()} {self.started.isoformat()} {self.factor:g}"


def clock_of(line: str | None) -> Now:
    """The clock that a RELIGHT_CLOCK line asks for; the machine's without one.

    Raises ValueError with what was expected.
    """
    if not line:
        return system_now
    parts = line.split()
    try:
        begins, started, factor = parts
        clock = FastClock(
            datetime.fromisoformat(begins), datetime.fromisoformat(started), float(factor)
        )
    except ValueError as wrong:
        raise ValueError(
            f"RELIGHT_CLOCK is {line!r}; expected two ISO times with zone and a factor"
        ) from wrong
    if clock.begins.tzinfo is None or clock.started.tzinfo is None or clock.factor <= 0:
        raise ValueError(f"RELIGHT_CLOCK is {line!r}; times need a zone, the factor is above 0")
    return clock
