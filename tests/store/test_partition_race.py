"""A day's partition is made while positions of that day come in."""

from datetime import timedelta
from threading import Thread

from sqlalchemy import Engine

from dispatch.store.partitions import ensure_fix_partitions
from dispatch.store.transaction import retrying, transactions
from tests.store import builders as build


def test_positions_that_meet_a_new_partition_are_taken_by_the_next_attempt(database: Engine):
    with database.begin() as connection:
        build.add_district(connection)
        build.add_crew(connection, "C1")
    far = build.NOW + timedelta(days=400)
    transaction = transactions(database)
    taken: list[int] = []

    def record() -> None:
        fix = build.a_fix("late", offset=400 * 24 * 60)
        taken.append(retrying(transaction, lambda store: store.crews.record_fixes([fix])))

    making = database.connect()
    with making, making.begin():
        ensure_fix_partitions(making, far)
        sender = Thread(target=record)
        sender.start()
        sender.join(timeout=0.5)
    sender.join(timeout=20)
    assert taken == [1]
