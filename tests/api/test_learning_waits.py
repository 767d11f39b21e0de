"""Waits learned from a record: at a terminal, and once a week at night."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from api.cli import build as program
from api.forecasting import renew_forecasts
from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import OutageStatus, PredictedDevice, Scope
from dispatch.domain.words import OrderId
from dispatch.drill.repairs import Law, made_up
from dispatch.store.forecasts import PgForecasts
from dispatch.store.orders import PgOrders
from dispatch.store.outages import PgOutages
from dispatch.store.transaction import transactions
from tests.store import builders as build

WEEKS = 12


@pytest.fixture
def record(database: Engine) -> Engine:
    """Twelve weeks of one district, two outages a day, that end now."""
    past, _ = made_up(1, WEEKS, Law(districts=1, outages_a_day=2.0))
    shift = build.NOW - past.until
    with database.begin() as c:
        build.add_district(c)
        build.add_crew(c, "C1")
        outages, orders = PgOutages(c), PgOrders(c)
        for n, each in enumerate(past.repairs, start=1):
            if each.restored_at is None or each.arrived_at is None or each.assigned_at is None:
                continue
            outage = build.an_outage(
                c,
                device=PredictedDevice(id=None, kind=each.kind, name="F"),
                area_class=each.area_class,
                started_at=each.opened_at + shift,
                opened_at=each.opened_at + shift,
                restored_at=each.restored_at + shift,
                status=OutageStatus.CLOSED,
            )
            outages.add(outage, Scope())
            order = build.an_order(
                n,
                outage.id,
                status=OrderStatus.FIELD_COMPLETE,
                crew_id="C1",
                assigned_at=each.assigned_at + shift,
                travel_s=each.drive_s,
                arrived_at=each.arrived_at + shift,
            )
            assert order.id == OrderId(n)
            orders.add(order)
    return database


def versions(engine: Engine) -> tuple[list[int], int | None]:
    with engine.connect() as connection:
        kept = PgForecasts(connection)
        return [each.version for each in kept.list_versions()], kept.in_force()


def learn(url: str, *arguments: str) -> str:
    result = CliRunner().invoke(
        program(),
        ["learn", "restoration", *arguments],
        env={"RELIGHT_DATABASE_URL": url, "COLUMNS": "200"},
    )
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


PERIOD = ("--until", f"{build.NOW:%Y-%m-%d}")


def test_what_is_learned_is_shown_kept_adopted_and_gone_back_from(
    record: Engine, database_url: str
):
    shown = learn(database_url, *PERIOD)
    assert "Nothing was stored" in shown and "restoration" in shown
    assert versions(record) == ([], None)
    learn(database_url, *PERIOD, "--apply", "--reason", "it held")
    (version,), in_force = versions(record)
    assert in_force == version
    assert "it held" in learn(database_url, "--list")
    learn(database_url, "--revert", "1", "--reason", "too sure")
    assert versions(record) == ([version], None)


def renew(engine: Engine, days: float) -> list[str]:
    return list(
        renew_forecasts(
            engine,
            transactions(engine),
            zone="Asia/Shanghai",
            now=build.NOW + timedelta(days=days),
        )
    )


def test_once_a_week_a_version_is_kept_and_none_adopted_before_somebody_has(record: Engine):
    assert "kept as version" in renew(record, 0)[0]
    first, in_force = versions(record)
    assert (len(first), in_force) == (1, None)
    assert renew(record, 6) == []
    renew(record, 7)
    assert len(versions(record)[0]) == 2


def test_an_empty_record_teaches_nothing_and_is_no_error(database: Engine):
    assert renew(database, 0) == []
    assert versions(database) == ([], None)


def test_a_made_up_record_is_judged_without_any_database():
    result = CliRunner().invoke(
        program(), ["learn", "restoration", "--made-up", "6"], env={"COLUMNS": "200"}
    )
    assert result.exit_code == 0, result.output
    assert "Learned from" in result.output


def test_options_that_exclude_each_other_are_refused():
    result = CliRunner().invoke(program(), ["learn", "restoration", "--list", "--store"])
    assert result.exit_code == 2
