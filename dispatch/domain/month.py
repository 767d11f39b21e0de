"""How a promise stands since the month began."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSoFar:
    """How one rule stands in one area class since the month began.

    `ended` clocks have a latest moment and saved so many minutes against `target_minutes` each;
    of `judged` ones so many were `kept`.
    """

    ended: int
    target_minutes: float
    saved_minutes: float
    judged: int
    kept: int
