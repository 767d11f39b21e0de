"""Versions of the rates: kept for good, one of them in force, taken up by who groups reports."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from dispatch.domain.past import RatesVersion
from dispatch.domain.words import DistrictId
from dispatch.errors import IllegalStep, NotFound, ReasonRequired
from dispatch.learning.learn import Learned
from dispatch.rates import SHIPPED, Rates
from dispatch.store.transaction import PgStore
from dispatch.usecases.apply_rates import ApplyRates, apply_rates
from dispatch.usecases.group_feeder import GroupFeeder, GroupingPolicy, group_feeder, rates_of
from dispatch.usecases.keep_rates import KeepRates, keep_rates
from tests.store import builders as build

WEST = Rates(per_km=0.4)
COMPANY = Rates(per_km=0.2)


@pytest.fixture
def store(connection: Connection) -> PgStore:
    build.add_district(connection)
    build.add_district(connection, build.EAST)
    return PgStore(connection)


def kept(store: PgStore, **rates: Rates) -> RatesVersion:
    learned = Learned(
        company=rates.pop("company", COMPANY),
        districts={DistrictId(name): each for name, each in (rates or {"west": WEST}).items()},
        estimates=(),
        outages=120,
        known_beginnings=10,
        confirmed=90,
        stormy_days=2,
        storm_outages=30,
    )
    command = KeepRates(
        learned=learned,
        since=build.NOW - timedelta(days=365),
        until=build.NOW,
        by="li",
        reason="after the first year",
    )
    return keep_rates(store, command, now=build.NOW)


def put(store: PgStore, version: int, why: str = "it fits better") -> int:
    return apply_rates(store, ApplyRates(version=version, by="li", reason=why), now=build.NOW)


def journal(store: PgStore, connection: Connection) -> list[tuple[str, dict]]:
    store.finish()
    rows = connection.execute(text("SELECT kind, body FROM event ORDER BY id"))
    return [(row.kind, row.body) for row in rows]


def test_a_version_comes_back_as_it_was_kept(store: PgStore):
    version = kept(store)
    assert version.version > SHIPPED
    assert store.rates.get(version.version) == version
    assert (version.made_by, version.outages) == ("li", 120)
    assert rates_of(version, build.WEST) == Rates(per_km=0.4, version=version.version)


def test_a_district_without_rates_of_its_own_has_the_companys(store: PgStore):
    version = kept(store)
    assert rates_of(version, build.EAST).per_km == 0.2
    assert rates_of(version, None).per_km == 0.2


def test_keeping_a_version_puts_nothing_into_force(store: PgStore):
    kept(store)
    assert store.rates.in_force() is None


def test_versions_are_put_into_force_one_after_the_other_and_back(store: PgStore):
    first, second = kept(store).version, kept(store).version
    assert [v.version for v in store.rates.list_versions()] == [first, second]
    assert put(store, first) == SHIPPED
    assert put(store, second) == first
    assert put(store, first, "the second was too keen") == second
    assert store.rates.in_force() == first
    assert put(store, SHIPPED) == first
    assert store.rates.in_force() is None


def test_each_step_is_in_the_journal(store: PgStore, connection: Connection):
    version = kept(store).version
    put(store, version)
    (kind, made), (then, applied) = journal(store, connection)
    assert (kind, then) == ("rates.kept", "rates.applied")
    assert made["outages"] == 120 and made["reason"] == "after the first year"
    assert applied == {"version": version, "before": SHIPPED, "reason": "it fits better"}


def test_a_version_that_does_not_exist_is_not_put_into_force(store: PgStore):
    with pytest.raises(NotFound):
        put(store, 99)


def test_what_is_in_force_is_not_put_into_force_again(store: PgStore):
    with pytest.raises(IllegalStep, match="version 1 of the rates is in force already"):
        put(store, SHIPPED)


def test_nobody_changes_what_counts_without_a_reason(store: PgStore):
    with pytest.raises(ReasonRequired):
        put(store, kept(store).version, "  ")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rates_version SET outages = 0",
        "DELETE FROM rates_version",
        "TRUNCATE rates_version CASCADE",
        "UPDATE rates_in_force SET version = NULL",
        "DELETE FROM rates_in_force",
        "TRUNCATE rates_in_force",
    ],
)
def test_nobody_changes_a_version_or_what_was_in_force(
    store: PgStore, connection: Connection, change: str
):
    put(store, kept(store).version)
    with pytest.raises(DBAPIError, match="is append-only"):
        connection.execute(text(change))


class Looking:
    """One feeder that is looked at under one policy, as a worker does."""

    def __init__(self, store: PgStore, connection: Connection) -> None:
        self.store, self.policy = store, GroupingPolicy()
        build.add_feeder(connection)
        build.add_device(connection, "head", 0, 2, kind="breaker")
        build.add_device(connection, "own", 1, 2, kind="transformer", parent_id="head")
        build.add_transformer(connection, "T1", 3, device_id="own", pre=1)
        connection.execute(text("UPDATE device SET length_m = 1000 WHERE id = 'head'"))

    def look(self) -> tuple[Rates, float]:
        """The rates assumed, and what is made of them for the feeder's head, per year."""
        group_feeder(self.store, GroupFeeder(feeder_id="F1"), policy=self.policy, now=build.NOW)
        rates, feeder = self.policy.feeders["F1"]
        return rates, float(feeder.rate[feeder.row["head"]]) * 525_960


@pytest.fixture
def looking(store: PgStore, connection: Connection) -> Looking:
    return Looking(store, connection)


def test_a_worker_takes_up_a_new_version_at_its_next_look(looking: Looking):
    shipped, before = looking.look()
    assert (shipped.version, shipped.per_km) == (SHIPPED, 0.1)
    version = kept(looking.store).version
    assert looking.look()[0] is shipped, "kept, not applied"
    put(looking.store, version)
    rates, after = looking.look()
    assert (rates.version, rates.per_km) == (version, 0.4), "its district's own"
    assert after == pytest.approx(before + 0.3), "laid out anew: one kilometre at 0.4 for 0.1"


def test_a_worker_goes_back_with_a_version(looking: Looking):
    _, before = looking.look()
    put(looking.store, kept(looking.store).version)
    looking.look()
    put(looking.store, SHIPPED)
    rates, after = looking.look()
    assert (rates.version, after) == (SHIPPED, before)


def test_a_feeder_is_laid_out_once_for_a_version(looking: Looking):
    put(looking.store, kept(looking.store).version)
    looking.look()
    first = looking.policy.feeders["F1"]
    looking.look()
    assert looking.policy.feeders["F1"] is first
