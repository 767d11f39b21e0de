"""Forecasts of arrival and restoration, and the versions they are made by, as clients read them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from dispatch.domain.repair import ForecastVersion
from dispatch.learning.curves import Curve
from dispatch.restoration import Forecast


class QuantilesOut(BaseModel):
    """Times before which it happens in one, five and nine of ten cases; none is in the past."""

    p10: datetime
    p50: datetime
    p90: datetime

    @classmethod
    def of(cls, curve: Curve | None, now: datetime) -> "QuantilesOut | None":
        """Build from minutes counted from now; None where there is nothing to wait for."""
        if curve is None:
            return None
        p10, p50, p90 = (now + timedelta(minutes=curve.quantile(p)) for p in (0.1, 0.5, 0.9))
        return cls(p10=p10, p50=p50, p90=p90)


class ForecastOut(BaseModel):
    """What is foreseen now of an open outage, whatever is told.

    `basis`: `assumed` is the shipped table, `history` what was learned, `plan` the running plan and
    then the work. `since` is the milestone that it is foreseen from. `version` 1 is the table.
    """

    arrival: QuantilesOut | None
    restoration: QuantilesOut
    basis: str
    since: str
    version: int
    made_at: datetime

    @classmethod
    def of(cls, foreseen: Forecast, now: datetime) -> "ForecastOut":
        """Build from the forecast."""
        restoration = QuantilesOut.of(foreseen.restoration, now)
        assert restoration is not None, "there is always a curve"
        return cls(
            arrival=QuantilesOut.of(foreseen.arrival, now),
            restoration=restoration,
            basis=foreseen.basis.value,
            since=foreseen.milestone.value,
            version=foreseen.version,
            made_at=now,
        )


class HeldOut(BaseModel):
    """How quantiles held in one group of the weeks held out.

    `p50` and `p90` are shares of cases within, each with its interval (Wilson, 95 %). The losses
    are pinball losses over those of the shipped table, and of plain quantiles by kind of device.
    """

    what: str
    group: str
    outages: int
    p50: float
    p50_between: tuple[float, float]
    p90: float
    p90_between: tuple[float, float]
    loss_min: float
    loss_over_table: float
    loss_over_kinds: float

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "HeldOut":
        """Build from a kept report's group."""
        return cls(
            what=kept["what"],
            group=kept["group"],
            outages=kept["outages"],
            p50=kept["shares"][1],
            p50_between=(kept["low"][1], kept["high"][1]),
            p90=kept["shares"][2],
            p90_between=(kept["low"][2], kept["high"][2]),
            loss_min=kept["pinball_min"],
            loss_over_table=kept["against_table"],
            loss_over_kinds=kept["against_kinds"],
        )


class ForecastVersionOut(BaseModel):
    """A version: who made it, from what, and how its like did on the weeks held out."""

    version: int
    in_force: bool
    made_at: datetime
    made_by: str
    reason: str
    since: datetime
    until: datetime
    repairs: int
    held_out_since: datetime
    held_out_until: datetime
    outages: int
    open_outages: int
    groups: list[HeldOut]

    @classmethod
    def of(cls, kept: ForecastVersion, *, in_force: bool) -> "ForecastVersionOut":
        """Build from the version."""
        report: Mapping[str, Any] = kept.report
        return cls(
            version=kept.version,
            in_force=in_force,
            made_at=kept.made_at,
            made_by=kept.made_by,
            reason=kept.reason,
            since=kept.since,
            until=kept.until,
            repairs=kept.repairs,
            held_out_since=report["held_out_since"],
            held_out_until=report["held_out_until"],
            outages=report["outages"],
            open_outages=report["open_outages"],
            groups=[HeldOut.of(each) for each in report["groups"]],
        )


class ForecastsOut(BaseModel):
    """Which version is in force (1 is the shipped table), and every kept one, newest first."""

    in_force: int
    versions: list[ForecastVersionOut]
