"""Bodies about clocks and rules."""

from typing import Annotated

from pydantic import AfterValidator, Field

from api.inputs.fields import Code, Line, Moment, Reason, ReasonIn, Strict, Things, _one_line


class PauseIn(Strict):
    """For what a clock stands still, what is seen, and since when; with `until` afterwards."""

    reason: Code
    note: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line)]
    since: Moment | None = None
    until: Moment | None = None
    evidence: Line | None = None


class ResumeIn(Strict):
    """From when on it runs again; now, if nothing is said."""

    at: Moment | None = None


class RejudgeIn(ReasonIn):
    """Why a clock is judged again, and what is new: a rule version, an interval, or both.

    `event` names what the interval rests on.
    """

    rule_version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    earliest: Moment | None = None
    latest: Moment | None = None
    event: Line | None = None


class RuleSetIn(Strict):
    """A whole rule set, in the form in which one is shown."""

    rules: Things
    ahead: Things = []
    repeats: Things = []
    pauses: Things = []
    overrides: Things = []


class AdoptIn(RuleSetIn):
    """A rule set that is to hold from a moment on (now, if nothing is said), and why."""

    reason: Reason
    valid_from: Moment | None = None
