"""`relight learn` as an operator types it, and the list of links to be checked."""

import csv
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Connection, Engine, text
from typer.testing import CliRunner

from api.cli import build as program
from api.learning import look_for_links
from dispatch.domain.past import RatesVersion
from dispatch.domain.words import UsagePointId
from dispatch.errors import IllegalStep, TooLittleToLearn
from dispatch.rates import SHIPPED, Rates
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


@pytest.fixture
def suspects(town: Town) -> Town:
    """The town after a night in which one of its links came to be suspected."""
    with town.engine.begin() as connection:
        two_streets(Record(connection, homes_of(connection)))
    look_for_links(
        town.house.transaction,
        build.NOW - timedelta(days=900),
        build.NOW,
        by="relight",
        now=build.NOW,
    )
    return town


def test_a_supervisor_reads_suspected_links_with_their_date(suspects: Town):
    answer = suspects.get("suspected-links", "supervisor").json()
    (found,) = answer["links"]
    assert (found["account"], found["on_record"], found["candidate"]) == ("T1-0", "T1", "T2")
    assert found["probability"] > 0.9
    assert [e["transformer_out"] for e in found["evidence"]] == ["T2"] * 3
    assert answer["made_at"].startswith(f"{build.NOW:%Y-%m-%d}") and answer["after"] is None


def test_nothing_is_listed_before_the_first_night(town: Town):
    answer = town.get("suspected-links", "supervisor").json()
    assert (answer["made_at"], answer["links"]) == (None, [])


def test_a_page_goes_on_behind_the_last_one(suspects: Town):
    first = suspects.get("suspected-links", "supervisor", limit=1).json()
    after = first["after"]
    assert suspects.get("suspected-links", "supervisor", after=after).json()["links"] == []
    assert suspects.get("suspected-links", "supervisor", after="x").status_code == 422


def test_a_district_does_not_see_the_links_of_another(suspects: Town):
    assert len(suspects.get("suspected-links", "west-dispatcher").json()["links"]) == 1
    assert suspects.get("suspected-links", "east-dispatcher").json()["links"] == []


def decide(town: Town, role: str = "supervisor", **changed):
    (found,) = town.get("suspected-links", "supervisor").json()["links"]
    body = {"verdict": "corrected", "candidate": "T2", "reason": "seen on site", **changed}
    return town.post(f"suspected-links/{found['usage_point_id']}/decision", role, body)


def test_a_correction_counts_at_once_and_is_taken_back(suspects: Town):
    assert (
        suspects.get("known-outage", account="T1-0").json()["usage_point"]["transformer_id"] == "T1"
    )
    made = decide(suspects).json()
    known = suspects.get("known-outage", account="T1-0").json()
    assert known["usage_point"]["transformer_id"] == "T2"
    assert suspects.get("suspected-links", "supervisor").json()["links"] == []
    undo = f"link-decisions/{made['id']}/undo"
    assert suspects.post(undo, "supervisor", {"reason": "no"}).json()["undone_by"] is not None
    assert suspects.post(undo, "supervisor", {"reason": "no"}).status_code == 409
    known = suspects.get("known-outage", account="T1-0").json()
    assert known["usage_point"]["transformer_id"] == "T1"
    (decision,) = suspects.get("link-decisions", "supervisor").json()
    assert decision["undone_for"] == "no"


def test_a_suspicion_that_changed_meanwhile_is_not_decided_on(suspects: Town):
    assert decide(suspects, candidate="T9").status_code == 412


def test_an_agent_decides_on_nothing(suspects: Town):
    assert decide(suspects, "agent").status_code == 403


def test_versions_are_shown_against_the_one_in_force_adopted_and_taken_back(town: Town):
    change = {"what": "faults_per_km", "district_id": None, "assumed": 0.1}
    numbers = {"value": 0.25, "low": 0.2, "high": 0.3, "events": 40.0}
    with town.engine.begin() as connection:
        PgRates(connection).add(
            RatesVersion(
                version=0,
                made_at=build.NOW,
                made_by="op",
                reason="first year",
                since=build.NOW - timedelta(days=365),
                until=build.NOW,
                outages=50,
                company=replace(Rates(), per_km=0.25).to_dict(),
                estimates=({**change, **numbers},),
            )
        )
    listed = town.get("rates", "supervisor").json()
    (version,) = listed["versions"]
    assert (listed["in_force"], version["in_force"]) == (SHIPPED, False)
    (found,) = version["changes"]
    assert found["ratio"] == pytest.approx(2.5) and found["clear"]
    number = version["version"]
    path = f"rates/{number}/apply"
    assert town.post(path, "dispatcher", {"reason": "x"}).status_code == 403
    applied = town.post(path, "supervisor", {"reason": "fits"}).json()
    assert applied["in_force"] == number
    assert applied["versions"][0]["changes"][0]["ratio"] == pytest.approx(1.0)
    assert town.post(path, "supervisor", {"reason": "again"}).status_code == 409
    back = town.post("rates/1/apply", "supervisor", {"reason": "worse"}).json()
    assert back["in_force"] == SHIPPED
