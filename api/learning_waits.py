"""What `relight learn restoration` does with a record, and prints."""

import getpass
from datetime import UTC, datetime

from rich.console import Console
from sqlalchemy import Engine

from api.forecasting import (
    LearnedWaits,
    learn_from,
    report_table,
    summary,
    versions_table,
)
from dispatch.drill.repairs import made_up
from dispatch.learning.forecaster import SHIPPED
from dispatch.store.forecasts import PgForecasts
from dispatch.store.repairs import read_repairs
from dispatch.store.transaction import reading, transactions
from dispatch.usecases.apply_forecasts import ApplyForecasts, apply_forecasts
from dispatch.usecases.keep_forecasts import keep_forecasts


def show(console: Console, learned: LearnedWaits, *, every: bool) -> None:
    """Print how it did on the weeks held out."""
    console.print(report_table(learned.report, every=every))
    for sentence in summary(learned.report):
        console.print(sentence, soft_wrap=True)


def learn_made_up(console: Console, weeks: int, seed: int, zone: str) -> None:
    """Learn from a made-up record, whose law is known, and print how that did."""
    past, _ = made_up(seed, weeks)
    show(console, learn_from(past, zone), every=True)


def learn_on_record(
    console: Console, engine: Engine, since: datetime, until: datetime, zone: str
) -> LearnedWaits:
    """Learn from the repairs of a period, and print how it did."""
    with reading(engine) as connection:
        past = read_repairs(connection, since, until)
    learned = learn_from(past, zone)
    show(console, learned, every=False)
    return learned


def keep(
    console: Console, engine: Engine, learned: LearnedWaits, reason: str, *, apply: bool
) -> None:
    """Keep it as a version, and put that into force if wanted."""
    with transactions(engine)() as store:
        command = learned.keep(getpass.getuser(), reason)
        version = keep_forecasts(store, command, now=datetime.now(UTC)).version
    console.print(f"kept as version {version}")
    if apply:
        put_into_force(console, engine, version, reason)


def put_into_force(console: Console, engine: Engine, version: int, reason: str) -> None:
    """Foresee by a version from now on."""
    command = ApplyForecasts(version=version, by=getpass.getuser(), reason=reason)
    with transactions(engine)() as store:
        before = apply_forecasts(store, command, now=datetime.now(UTC))
    console.print(f"version {version} is in force instead of version {before}")


def list_versions(console: Console, engine: Engine) -> None:
    """Print every version."""
    with reading(engine) as connection:
        forecasts = PgForecasts(connection)
        versions, in_force = forecasts.list_versions(), forecasts.in_force() or SHIPPED
    console.print(versions_table(versions, in_force))
