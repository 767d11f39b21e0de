"""`relight db check` finds what it is there to find."""

import pytest
from sqlalchemy import NullPool, create_engine, text

from dispatch.store.check import check
from tests.conftest import a_database


def unsound(connection) -> dict[str, str]:
    return {f.about: f.detail for f in check(connection) if f.sound is not True}


def test_a_new_database_is_sound(connection):
    assert unsound(connection) == {}


def test_checking_leaves_no_extension_behind(connection):
    check(connection)
    found = connection.scalars(text("SELECT extname FROM pg_extension")).all()
    assert "amcheck" not in found


def test_a_database_that_was_never_set_up_says_what_to_do(test_cluster):
    with a_database(test_cluster, template="template0") as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            found = unsound(connection)
    assert set(found) == {"postgis", "pg_trgm", "btree_gist", "tables", "job queue"}
    assert "relight db upgrade" in found["tables"]


def test_a_database_with_ctype_c_is_found(test_cluster):
    with a_database(test_cluster, template="template0", options="LC_CTYPE 'C'") as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            assert "Chinese" in unsound(connection)["character type"]


def test_an_index_that_was_left_invalid_is_named(connection):
    connection.execute(
        text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'outage_open_ix'::regclass")
    )
    assert "outage_open_ix" in unsound(connection)["indexes"]


@pytest.mark.parametrize(("seq", "why"), [(2, "entry 1 is missing"), (1, "the entry was changed")])
def test_a_broken_journal_is_found(connection, seq, why):
    connection.execute(
        text(
            "INSERT INTO event (stream, seq, kind, at, recorded_at, actor, body, previous, hash)"
            " VALUES ('s', :seq, 'k', now(), now(), 'a', '{}', decode(repeat('00', 32), 'hex'), '')"
        ),
        {"seq": seq},
    )
    assert why in unsound(connection)["journal"]
