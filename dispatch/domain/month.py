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

    def with_one(self, target_minutes: float, saved_minutes: float) -> "MonthSoFar":
        """The month with one more clock that ended, kept where it saved anything or nothing."""
        every = self.ended * self.target_minutes + target_minutes
        return MonthSoFar(
            ended=self.ended + 1,
            target_minutes=every / (self.ended + 1),
            saved_minutes=self.saved_minutes + saved_minutes,
            judged=self.judged + 1,
            kept=self.kept + (saved_minutes >= 0),
        )
