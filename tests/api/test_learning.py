"""`relight learn` as an operator types it, and the list of links to be checked."""

import csv
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Connection, Engine, text
from typer.testing import CliRunner

from api.cli import build as program
from dispatch.domain.words import UsagePointId
from dispatch.errors import IllegalStep, TooLittleToLearn
from dispatch.rates import SHIPPED
from dispatch.store.rates import PgRates
from tests.api.conftest import Town
from tests.store import builders as build
from tests.store.past_record import Record, a_fuse

DAY = 1440.0
UNTIL = ("--until", f"{build.NOW:%Y-%m-%d}")


class Operator:
    """Somebody at a terminal of a company with a record."""

    def __init__(self, engine: Engine, url: str) -> None:
        self.engine, self.url = engine, url

    def learn(self, *arguments: str) -> Result:
        environment = {"RELIGHT_DATABASE_URL": self.url, "COLUMNS": "200"}
        return CliRunner().invoke(program(), ["learn", *arguments], env=environment)

    def said(self, *arguments: str) -> str:
        result = self.learn(*arguments)
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    @property
    def in_force(self) -> int | None:
        with self.engine.connect() as connection:
            return PgRates(connection).in_force()


@pytest.fixture
def operator(database: Engine, database_url: str) -> Operator:
    """Forty outages of a fuse in as many weeks, each called for by three."""
    with database.begin() as connection:
        record = a_fuse(connection)
        for week in range(40):
            began = -7 * DAY * (week + 1)
            outage = record.outage(began, ("T1", began + 90), ("T2", began + 120))
            for n, minutes in enumerate((2.0, 6.0, 25.0)):
                record.call(began + minutes, "T1", n, outage)
    return Operator(database, database_url)


def test_estimates_are_shown_and_nothing_is_stored(operator: Operator):
    said = operator.said(*UNTIL)
    assert "40 closed outages" in said
    assert "customers who call" in said
    assert "Nothing was stored" in said
    assert "as shipped" in operator.said("--list")
    assert operator.in_force is None


def test_a_kept_version_counts_when_it_is_applied_and_no_more_when_it_is_reverted(
    operator: Operator,
):
    assert "kept as version 2" in operator.said("--store", *UNTIL)
    assert operator.in_force is None
    assert "version 2 is in force instead of version 1" in operator.said("--revert", "2")
    applied = operator.said("--apply", "--reason", "another look", *UNTIL)
    assert "agrees with what is in force" in applied
    assert operator.in_force == 3
    assert "another look" in operator.said("--list")
    operator.said("--revert", str(SHIPPED))
    assert operator.in_force is None


def test_too_little_is_refused_and_nothing_is_kept(operator: Operator):
    since = build.NOW - timedelta(days=30)
    result = operator.learn("--apply", "--since", f"{since:%Y-%m-%d}", *UNTIL)
    assert isinstance(result.exception, TooLittleToLearn)
    assert "at least 30 are needed" in str(result.exception)
    assert operator.in_force is None


def test_what_is_in_force_is_not_reverted_to(operator: Operator):
    assert isinstance(operator.learn("--revert", "1").exception, IllegalStep)


@pytest.mark.parametrize("options", [("--list", "--links"), ("--store", "--revert", "1")])
def test_options_that_exclude_each_other_are_refused(operator: Operator, options: tuple[str, ...]):
    result = operator.learn(*options)
    assert result.exit_code == 2
    assert "choose one of" in result.output


def two_streets(record: Record) -> None:
    """A customer of T1 by the record calls three times when only T2 is out."""
    for month in range(1, 4):
        began = -30 * DAY * month
        outage = record.outage(began, ("T2", began + 90))
        record.call(began + 4, "T1", 0, None)
        record.call(began + 6, "T2", 2, outage)


def test_suspected_links_are_listed_with_their_evidence(
    database: Engine, database_url: str, tmp_path: Path
):
    with database.begin() as connection:
        two_streets(a_fuse(connection))
    file = tmp_path / "links.csv"
    said = Operator(database, database_url).said("--links", "--csv", str(file), *UNTIL)
    assert "T1-0" in said and "1 of 2 customers who called more than once" in said
    with file.open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    assert {(r["account"], r["on_record"], r["candidate"]) for r in rows} == {("T1-0", "T1", "T2")}
    assert len(rows) == 3 and all(r["called_at"] for r in rows)


def homes_of(connection: Connection) -> dict[str, list[UsagePointId]]:
    """Those of the town."""
    rows = connection.execute(
        text("SELECT transformer_id, id FROM usage_point ORDER BY transformer_id, id")
    )
    return {t: [row.id for row in mine] for t, mine in groupby(rows, lambda r: r.transformer_id)}


def test_a_supervisor_reads_suspected_links(town: Town):
    with town.engine.begin() as connection:
        two_streets(Record(connection, homes_of(connection)))
    (found,) = town.get("suspected-links", "supervisor").json()
    assert (found["account"], found["on_record"], found["candidate"]) == ("T1-0", "T1", "T2")
    assert found["probability"] > 0.9
    assert [e["transformer_out"] for e in found["evidence"]] == ["T2"] * 3


def test_a_district_does_not_see_the_links_of_another(town: Town):
    with town.engine.begin() as connection:
        two_streets(Record(connection, homes_of(connection)))
    assert len(town.get("suspected-links", "west-dispatcher").json()) == 1
    assert town.get("suspected-links", "east-dispatcher").json() == []
