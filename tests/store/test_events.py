"""The journal: a chain that shows what was done to it."""

import json
from datetime import timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from dispatch.domain.event import Event
from dispatch.errors import Collision
from dispatch.store.constraints import in_our_words
from dispatch.store.events import BEGINNING, CHANNEL, PgEvents, entry_hash, verify_chain
from tests.store.builders import NOW, at


def happened(stream: str = "ticket:A", kind: str = "ticket.received", **body: object) -> Event:
    return Event(stream=stream, kind=kind, at=NOW, actor="li", district_id="west", body=body)


@pytest.fixture
def three(connection: Connection) -> Connection:
    events = PgEvents(connection)
    for number in range(3):
        events.append(happened(number=number))
        events.append(happened(stream="ticket:B", number=number))
    events.write()
    return connection


def write(connection: Connection, event: Event) -> None:
    events = PgEvents(connection)
    events.append(event)
    events.write()


def tamper(connection: Connection, statement: str) -> None:
    connection.execute(text("ALTER TABLE event DISABLE TRIGGER USER"))
    connection.execute(text(statement))


def test_a_stream_counts_from_one(three):
    rows = three.execute(text("SELECT seq FROM event WHERE stream = 'ticket:B' ORDER BY id"))
    assert rows.scalars().all() == [1, 2, 3]


def test_the_chain_goes_on_from_what_was_written_before(three):
    write(three, happened(number=3))
    rows = three.execute(text("SELECT seq FROM event WHERE stream = 'ticket:A' ORDER BY id"))
    assert rows.scalars().all() == [1, 2, 3, 4]
    assert verify_chain(three) == []


def test_an_untouched_journal_has_no_break(three):
    assert verify_chain(three) == []


@pytest.mark.parametrize(
    ("statement", "seq", "why"),
    [
        ("UPDATE event SET actor = 'me' WHERE stream = 'ticket:A' AND seq = 2", 2, "changed"),
        ("UPDATE event SET body = '{}' WHERE stream = 'ticket:A' AND seq = 3", 3, "changed"),
        (
            "UPDATE event SET at = at + interval '1 second' WHERE seq = 1 AND stream = 'ticket:A'",
            1,
            "changed",
        ),
        ("DELETE FROM event WHERE stream = 'ticket:A' AND seq = 2", 3, "entry 2 is missing"),
        ("DELETE FROM event WHERE stream = 'ticket:A' AND seq = 1", 2, "entry 1 is missing"),
        ("UPDATE event SET hash = '\\x00' WHERE stream = 'ticket:A' AND seq = 1", 1, "changed"),
        (
            "UPDATE event SET stream = 'ticket:B', seq = 4 WHERE stream = 'ticket:A' AND seq = 3",
            4,
            "does not follow",
        ),
    ],
)
def test_a_tampered_journal_shows_where(three, statement, seq, why):
    tamper(three, statement)
    first = verify_chain(three)[0]
    assert first.seq == seq
    assert why in first.why


def test_rewriting_an_entry_with_its_hash_breaks_the_next(three):
    row = (
        three.execute(text("SELECT * FROM event WHERE stream = 'ticket:A' AND seq = 2"))
        .mappings()
        .one()
    )
    keys = ("stream", "seq", "kind", "at", "recorded_at", "district_id", "body")
    forged = entry_hash(bytes(row["previous"]), {**{k: row[k] for k in keys}, "actor": "me"})
    tamper(
        three, f"UPDATE event SET actor = 'me', hash = '\\x{forged.hex()}' WHERE id = {row['id']}"
    )
    assert [(b.seq, b.why) for b in verify_chain(three)] == [
        (3, "does not follow the entry before it")
    ]


@pytest.mark.parametrize("statement", ["UPDATE event SET actor = 'me'", "DELETE FROM event"])
def test_the_database_refuses_to_change_the_journal(three, statement):
    with pytest.raises(DBAPIError), three.begin_nested():
        three.execute(text(statement))
    assert verify_chain(three) == []


def test_two_writers_of_one_stream_collide(database: Engine):
    with database.connect() as first, database.connect() as second:
        write(first, happened())
        last = first.execute(text("SELECT * FROM event")).mappings().one()
        first.commit()
        with pytest.raises(Collision), in_our_words():
            second.execute(
                text(
                    "INSERT INTO event (stream, seq, kind, at, recorded_at, actor, body, previous,"
                    " hash) VALUES ('ticket:A', 1, 'x', now(), now(), 'x', '{}', :h, :h)"
                ),
                {"h": last["hash"]},
            )


def test_a_notification_wakes_with_the_kind_and_carries_nothing(database: Engine):
    with database.connect() as listener, database.connect() as writer:
        raw = listener.connection.driver_connection
        raw.autocommit = True
        raw.execute(f"LISTEN {CHANNEL}")
        write(writer, happened(secret="13800000000"))
        assert list(raw.notifies(timeout=0)) == []
        writer.commit()
        (woken,) = raw.notifies(timeout=10, stop_after=1)
        (told,) = json.loads(woken.payload)
        assert told.keys() == {"id", "kind", "stream", "district_id"}
        assert told["kind"] == "ticket.received"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(body=st.dictionaries(st.sampled_from(["a", "b", "中"]), json_values))
def test_the_hash_of_a_body_survives_the_database(worker_database, body):
    with worker_database.connect() as connection:
        write(connection, happened(**body))
        assert verify_chain(connection) == []
        connection.rollback()


def test_the_same_entry_after_another_has_another_hash():
    entry = {"stream": "s", "seq": 1, "at": at(0)}
    assert entry_hash(BEGINNING, entry) != entry_hash(b"x" * 32, entry)


def test_times_in_another_zone_are_the_same_entry():
    beijing = NOW.astimezone(timezone(timedelta(hours=8)))
    assert entry_hash(BEGINNING, {"at": NOW}) == entry_hash(BEGINNING, {"at": beijing})
