"""A learned version kept in a database, and put into force."""

from dispatch.drill.repairs import Law, made_up
from dispatch.learning.judging_forecasts import Report
from dispatch.ports import Store
from dispatch.usecases.apply_forecasts import ApplyForecasts, apply_forecasts
from dispatch.usecases.keep_forecasts import KeepForecasts, keep_forecasts
from tests.store import builders as build
from tests.unit.forecasts import a_learned_forecaster


def a_report(p90: float = 0.9) -> Report:
    """How a version did, without having been tried."""
    return Report(
        learned_from=900,
        held_out_since=build.at(-100_000),
        held_out_until=build.NOW,
        outages=300,
        open_outages=0,
        p90_between=(p90, p90),
    )


def keep(store: Store) -> int:
    """Keep a version that was learned from a made-up record; its number."""
    past, _ = made_up(1, 1, Law(districts=1))
    command = KeepForecasts(
        forecaster=a_learned_forecaster(),
        report=a_report(),
        since=past.since,
        until=past.until,
        repairs=900,
        by="li",
        reason="after the first half year",
    )
    return keep_forecasts(store, command, now=build.NOW).version


def adopt(store: Store) -> int:
    """Keep it, and foresee by it from now on."""
    version = keep(store)
    command = ApplyForecasts(version=version, by="li", reason="it held")
    apply_forecasts(store, command, now=build.NOW)
    return version
