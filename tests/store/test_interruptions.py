"""Customer-minutes against an oracle that asks every minute of every home."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from dispatch.domain.outage import Scope
from dispatch.domain.words import UsagePointId
from dispatch.store.outages import PgOutages
from tests.store.builders import (
    NOW,
    add_district,
    add_feeder,
    add_transformer,
    an_outage,
    at,
    interruptions,
    minutes,
)

HOMES = 2
TRANSFORMERS = ("T0", "T1")
DAY = 60


@dataclass(frozen=True)
class Spell:
    """One outage: from when to when, of which transformers and which single homes (by number)."""

    began: int
    lasted: int
    transformers: frozenset[str]
    homes: frozenset[int]


spells = st.lists(
    st.builds(
        Spell,
        began=st.integers(0, DAY),
        lasted=st.integers(0, DAY),
        transformers=st.frozensets(st.sampled_from(TRANSFORMERS)),
        homes=st.frozensets(st.integers(0, len(TRANSFORMERS) * HOMES - 1), max_size=2),
    ),
    min_size=1,
    max_size=5,
)


def dark_minutes(spell: Spell, home: int) -> set[int]:
    """The oracle: the minutes in which `spell` keeps one home without supply."""
    held = home in spell.homes or f"T{home // HOMES}" in spell.transformers
    return set(range(spell.began, spell.began + spell.lasted)) if held else set()


def recorded_minutes(periods: Sequence[tuple], *, twice: list[int]) -> set[int]:
    seen: set[int] = set()
    for began, ended in periods:
        first, last = (began - NOW) // minutes(1), (ended - NOW) // minutes(1)
        for minute in range(first, last):
            if minute in seen:
                twice.append(minute)
            seen.add(minute)
    return seen


def live_through(connection: Connection, history: Sequence[Spell]) -> list[UsagePointId]:
    """Open and restore each outage in turn; only one at a time, as the constraints want it."""
    add_district(connection)
    add_feeder(connection)
    homes = [home for name in TRANSFORMERS for home in add_transformer(connection, name, HOMES)]
    outages = PgOutages(connection)
    for spell in history:
        outage = an_outage(connection, started_at=at(spell.began))
        scope = Scope(
            transformers=spell.transformers,
            usage_points=frozenset(homes[number] for number in spell.homes),
        )
        outages.add(outage, scope)
        outages.restore(outage.id, scope, at(spell.began + spell.lasted))
    return homes


@settings(deadline=None, max_examples=60)
@given(history=spells)
def test_every_dark_minute_is_recorded_once_whatever_the_order(
    worker_database: Engine, history: list[Spell]
):
    with worker_database.connect() as connection:
        homes = live_through(connection, history)
        found = interruptions(connection)
        for number, home in enumerate(homes):
            twice: list[int] = []
            recorded = recorded_minutes(found.get(home, []), twice=twice)
            expected = set().union(*(dark_minutes(spell, number) for spell in history))
            assert recorded == expected
            assert twice == []
        connection.rollback()


@settings(deadline=None, max_examples=40)
@given(
    street=st.tuples(st.integers(0, 30), st.integers(31, 90)),
    service=st.tuples(st.integers(0, 30), st.integers(31, 90)),
    ends=st.permutations([0, 1]),
)
def test_two_outages_of_one_home_at_once_add_up_to_the_time_it_was_dark(
    worker_database: Engine, street: tuple[int, int], service: tuple[int, int], ends: list[int]
):
    with worker_database.connect() as connection:
        add_district(connection)
        add_feeder(connection)
        (home,) = add_transformer(connection, "T0", 1)
        outages = PgOutages(connection)
        both = []
        for span, scope in (
            (street, Scope(transformers=frozenset({"T0"}))),
            (service, Scope(usage_points=frozenset({home}))),
        ):
            outage = an_outage(connection, started_at=at(span[0]))
            outages.add(outage, scope)
            both.append((outage, scope, span[1]))
        for outage, scope, end in (both[number] for number in ends):
            outages.restore(outage.id, scope, at(end))
        twice: list[int] = []
        recorded = recorded_minutes(interruptions(connection)[home], twice=twice)
        assert recorded == set(range(*street)) | set(range(*service))
        assert twice == []
        connection.rollback()


def test_five_thousand_customers_are_restored_in_one_statement(connection: Connection):
    add_district(connection)
    add_feeder(connection)
    add_transformer(connection, "T0")
    connection.exec_driver_sql(
        "INSERT INTO usage_point (account, transformer_id, district_id)"
        " SELECT 'A' || n, 'T0', 'west' FROM generate_series(1, 5000) AS n"
    )
    outages = PgOutages(connection)
    outage = an_outage(connection)
    outages.add(outage, Scope(transformers=frozenset({"T0"})))
    assert outages.restore(outage.id, outages.scope_out(outage.id), at(45)) == 5000
    total = connection.exec_driver_sql(
        "SELECT extract(epoch FROM sum(upper(period) - lower(period))) / 60 FROM interruption"
    ).scalar_one()
    assert total == 5000 * 45
