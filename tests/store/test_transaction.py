"""Transactions: what commits, what collides, who wins, and what happens without a database."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import InternalError

from dispatch.domain.event import Event
from dispatch.domain.outage import OutageStatus, Scope
from dispatch.errors import (
    Collision,
    CrewBusy,
    DispatchError,
    NotFound,
    StaleVersion,
    StoreUnavailable,
)
from dispatch.store.events import verify_chain
from dispatch.store.transaction import open_engine, reading, retrying, transactions
from tests.store.builders import (
    NOW,
    a_ticket,
    add_crew,
    add_district,
    add_feeder,
    add_transformer,
    an_order,
    an_outage,
)

RIVALS = 8


@pytest.fixture
def settled(database: Engine) -> Engine:
    """A database with a district, a transformer and a crew."""
    with database.begin() as connection:
        add_district(connection)
        add_feeder(connection)
        add_transformer(connection, "T1", 1)
        add_crew(connection)
    return database


def race(work: Callable[[int], object], rivals: int = RIVALS) -> list[object]:
    """Run `work` in threads that start together; what each gave, or the error it met."""
    barrier = threading.Barrier(rivals)

    def run(number: int) -> object:
        barrier.wait()
        try:
            return work(number)
        except DispatchError as refused:
            return refused

    with ThreadPoolExecutor(rivals) as pool:
        return list(pool.map(run, range(rivals)))


def opened(engine: Engine, *scopes: Scope) -> list[int]:
    """Store one outage for each scope; their ids."""
    with engine.begin() as connection:
        outages = [an_outage(connection) for _ in scopes]
    with transactions(engine)() as store:
        for outage, scope in zip(outages, scopes, strict=True):
            store.outages.add(outage, scope)
    return [outage.id for outage in outages]


def test_an_error_undoes_everything(settled):
    def half_done() -> None:
        with transactions(settled)() as store:
            store.tickets.add(a_ticket("A"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    with transactions(settled)() as store:
        assert store.tickets.find("A") is None


def test_what_is_read_is_of_one_moment_and_nothing_is_written(settled):
    crews = text("SELECT count(*) FROM crew")
    with reading(settled) as looking:
        seen = looking.scalar(crews)
        with settled.begin() as connection:
            add_crew(connection, "C2")
        assert looking.scalar(crews) == seen
    with reading(settled) as looking:
        assert looking.scalar(crews) == seen + 1
    with pytest.raises(InternalError, match="read-only"), reading(settled) as looking:
        looking.execute(text("DELETE FROM crew"))
    with settled.begin() as connection:  # the same connection of the pool
        connection.execute(text("DELETE FROM crew WHERE id = 'C2'"))


def test_one_outage_wins_a_transformer(settled):
    ids = opened(settled, *[Scope()] * RIVALS)
    transaction = transactions(settled)

    def widen(number: int) -> str:
        with transaction() as store:
            store.outages.widen(ids[number], Scope(transformers=frozenset({"T1"})), NOW)
        return "won"

    results = race(widen)
    assert results.count("won") == 1
    assert sum(type(result) is Collision for result in results) == RIVALS - 1


def test_one_writer_wins_a_version(settled):
    (outage_id,) = opened(settled, Scope())
    transaction = transactions(settled)
    with transaction() as store:
        seen = store.outages.get(outage_id)

    def save(number: int) -> str:
        with transaction() as store:
            store.outages.save(replace(seen, cause=f"cause {number}"))
        return "won"

    results = race(save)
    assert results.count("won") == 1
    assert sum(type(result) is StaleVersion for result in results) == RIVALS - 1


def test_a_crew_gets_one_order_however_many_are_offered(settled):
    ids = opened(settled, *[Scope()] * RIVALS)
    transaction = transactions(settled)
    with transaction() as store:
        orders = [an_order(number + 1, outage_id) for number, outage_id in enumerate(ids)]
        for order in orders:
            store.orders.add(order)

    def assign(number: int) -> str:
        given = orders[number].assign("C1", NOW, travel_s=60.0, travel_basis="road", why=())
        with transaction() as store:
            store.orders.save(given)
        return "won"

    results = race(assign)
    assert results.count("won") == 1
    assert sum(type(result) is CrewBusy for result in results) == RIVALS - 1


def test_the_same_report_sent_many_times_at_once_is_stored_once(settled):
    transaction = transactions(settled)

    def report(number: int) -> str:
        with transaction() as store:
            store.tickets.add(a_ticket("A", description=str(number)))
        return "won"

    assert race(report).count("won") == 1


def test_writers_of_the_same_streams_take_turns_and_nobody_has_to_try_again(settled):
    transaction = transactions(settled)
    streams = [f"ticket:K{number}" for number in range(40)]

    def append(number: int) -> str:
        with transaction() as store:
            for stream in streams if number % 2 else reversed(streams):
                store.events.append(
                    Event(stream=stream, kind="seen", at=NOW, actor="x", district_id=None)
                )
        return "won"

    assert race(append).count("won") == RIVALS
    with settled.connect() as connection:
        assert verify_chain(connection) == []
        ends = connection.execute(text("SELECT stream, max(seq) FROM event GROUP BY stream")).all()
    assert {stream: seq for stream, seq in ends if stream in streams} == dict.fromkeys(
        streams, RIVALS
    )


def test_two_transactions_that_wait_for_each_other_end_with_one_collision(settled):
    ids = opened(settled, Scope(), Scope())
    transaction = transactions(settled)
    both_hold_one = threading.Barrier(2)

    def lock_both(number: int) -> str:
        first, second = ids if number == 0 else reversed(ids)
        with transaction() as store:
            store.outages.lock(first)
            both_hold_one.wait()
            store.outages.lock(second)
        return "won"

    results = race(lock_both, rivals=2)
    assert results.count("won") == 1
    assert sum(type(result) is Collision for result in results) == 1


def test_retrying_does_the_work_again_from_the_start(settled):
    tries = []

    def work(store):
        tries.append(store)
        if len(tries) < 3:
            raise Collision("met somebody")
        return "done"

    assert retrying(transactions(settled), work) == "done"
    assert len(set(map(id, tries))) == 3


def test_retrying_gives_up_after_its_attempts(settled):
    tries = []

    def work(store):
        tries.append(store)
        raise Collision("met somebody")

    with pytest.raises(Collision):
        retrying(transactions(settled), work, attempts=2)
    assert len(tries) == 2


def test_other_errors_are_not_tried_again(settled):
    tries = []

    def work(store):
        tries.append(store)
        return store.tickets.get("nobody")

    with pytest.raises(NotFound):
        retrying(transactions(settled), work)
    assert len(tries) == 1


def test_a_reference_to_nothing_is_not_found(settled):
    with pytest.raises(NotFound, match="outage"), transactions(settled)() as store:
        store.tickets.add(a_ticket("A", outage_id=10**9))


def test_no_database_is_unavailable():
    engine = open_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing", patience_s=1)
    with pytest.raises(StoreUnavailable), transactions(engine)():
        pytest.fail("there is nothing to connect to")


def test_a_connection_that_is_cut_is_unavailable_and_the_next_one_works(settled):
    transaction = transactions(settled)
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    def report_two() -> None:
        with transaction() as store:
            store.tickets.add(a_ticket("A"))
            with settled.connect() as other:
                other.execute(cut)
            store.tickets.add(a_ticket("B"))

    with pytest.raises(StoreUnavailable):
        report_two()
    with transaction() as store:
        assert store.tickets.find("A") is None


def test_a_lock_held_too_long_is_a_collision(settled, database_url):
    (outage_id,) = opened(settled, Scope())
    hasty = open_engine(database_url, patience_s=0.1)
    with transactions(settled)() as store:
        store.outages.lock(outage_id)
        with pytest.raises(Collision), transactions(hasty)() as other:
            other.outages.lock(outage_id)
    hasty.dispose()


def test_a_report_joins_an_outage_while_somebody_changes_it(settled, database_url):
    (outage_id,) = opened(settled, Scope())
    hasty = open_engine(database_url, patience_s=0.1)
    with transactions(settled)() as store:
        store.outages.lock(outage_id)
        with transactions(hasty)() as other:
            other.outages.join(outage_id)
            other.tickets.add(replace(a_ticket("A"), outage_id=outage_id))
    hasty.dispose()


def test_nobody_joins_an_outage_while_it_ends_nor_after(settled, database_url):
    (outage_id,) = opened(settled, Scope())
    hasty = open_engine(database_url, patience_s=0.1)
    with transactions(settled)() as store:
        ending = store.outages.lock(outage_id, to_end=True)
        with pytest.raises(Collision), transactions(hasty)() as other:
            other.outages.join(outage_id)
        store.outages.save(replace(ending, status=OutageStatus.RESTORED, restored_at=NOW))
    with pytest.raises(Collision), transactions(hasty)() as other:
        other.outages.join(outage_id)
    hasty.dispose()


def test_no_free_connection_is_unavailable(database_url):
    narrow = open_engine(database_url, connections=1, patience_s=0.1)
    transaction = transactions(narrow)
    with transaction(), pytest.raises(StoreUnavailable), transaction():
        pytest.fail("the only connection is in use")
    narrow.dispose()
