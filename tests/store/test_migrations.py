"""The steps lead to the tables in the code, from anywhere, for everybody at once."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import resources

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from dispatch.store import migrate
from dispatch.store.cluster import Layout
from dispatch.store.tables.base import metadata
from tests.conftest import a_database

STEPS = sorted(migrate.FOLDER.glob("versions/m*.py"))
# What a database looks like to an outsider, one line for each thing.
COLUMNS = """
    SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || ' ' || a.attidentity::text
        || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
        AND c.relnamespace = 'public'::regnamespace
"""
CONSTRAINTS = """
    SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
SEQUENCES = "SELECT 'sequence ' || sequencename FROM pg_sequences WHERE schemaname = 'public'"
COMMENTS = """
    SELECT objoid::regclass || ' comment ' || description FROM pg_description
    WHERE classoid = 'pg_class'::regclass AND objoid::regclass::text = ANY(:tables)
"""
PARTITIONING = "SELECT relname || ' ' || pg_get_partkeydef(oid) FROM pg_class WHERE relkind = 'p'"


def look(engine: Engine) -> set[str]:
    tables = list(metadata.tables)
    found: set[str] = set()
    with engine.connect() as connection:
        for query in (COLUMNS, CONSTRAINTS, INDEXES, SEQUENCES, COMMENTS, PARTITIONING):
            bound = {"tables": tables} if ":tables" in query else {}
            found |= set(connection.scalars(text(query), bound))
    others = re.compile(r"procrastinate|spatial_ref_sys|alembic_version|position_fix_other_days")
    return {line for line in found if not others.search(line)}


@contextmanager
def an_empty_database(cluster: Layout) -> Iterator[Engine]:
    with a_database(cluster, template="template0") as url:
        yield create_engine(url, poolclass=NullPool)


def test_the_steps_lead_to_exactly_the_tables_in_the_code(database, test_cluster):
    with an_empty_database(test_cluster) as engine:
        with engine.begin() as connection:
            for extension in ("postgis", "pg_trgm", "btree_gist"):
                connection.execute(text(f"CREATE EXTENSION {extension}"))
            metadata.create_all(connection)
        assert look(database) == look(engine)


def test_autogenerate_finds_nothing_to_do(database):
    with database.connect() as connection:
        drafted = migrate.draft(connection, "nothing", "9999", migrate.newest())
    assert re.search(r"lock_timeout = '5s'\"\)\s+(#[^\n]*\n\s+)*pass", drafted), drafted


def test_upgrading_a_current_database_changes_nothing(database):
    before = look(database)
    migrate.upgrade(database)
    assert look(database) == before


def test_many_may_upgrade_one_empty_database_at_once(test_cluster):
    with an_empty_database(test_cluster) as engine:
        with ThreadPoolExecutor(4) as people:
            list(people.map(migrate.upgrade, [engine] * 4))
        with engine.connect() as connection:
            assert migrate.current(connection) == migrate.newest()
            assert migrate.missing_queue_steps(connection) == []


def test_a_queue_of_an_older_release_gets_only_the_steps_it_lacks(test_cluster):
    steps = resources.files("procrastinate.sql") / "migrations"
    names = sorted(f.name for f in steps.iterdir() if f.name.endswith(".sql"))
    with an_empty_database(test_cluster) as engine:
        migrate.upgrade(engine)
        with engine.begin() as connection:
            connection.execute(
                text("DELETE FROM procrastinate_applied WHERE name = :last"), {"last": names[-1]}
            )
            assert migrate.missing_queue_steps(connection) == names[-1:]
        migrate.upgrade(engine)
        with engine.connect() as connection:
            assert migrate.missing_queue_steps(connection) == []


def test_there_are_steps_to_test():
    assert [step.name[:5] for step in STEPS][:3] == ["m0001", "m0002", "m0003"]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.stem)
def test_a_step_never_waits_long_for_a_lock(step):
    body = step.read_text("utf-8").split("def upgrade() -> None:", 1)[1]
    first = next(line.strip() for line in body.splitlines() if line.strip())
    assert re.fullmatch(r"""op\.execute\("SET LOCAL lock_timeout = '\d+m?s'"\)""", first)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.stem)
def test_a_step_reads_no_tables_of_the_code(step):
    assert "dispatch" not in re.findall(
        r"^(?:from|import) (\w+)", step.read_text("utf-8"), re.MULTILINE
    )


@pytest.mark.parametrize(
    "change", ["UPDATE event SET actor = 'me'", "DELETE FROM event", "TRUNCATE event"]
)
def test_nobody_changes_the_journal(connection, change):
    connection.execute(
        text(
            "INSERT INTO event (stream, seq, kind, at, recorded_at, actor, body, previous, hash)"
            " VALUES ('s', 1, 'k', now(), now(), 'a', '{}', '', '')"
        )
    )
    with pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(change))


def test_a_fix_of_any_day_has_a_place(connection):
    connection.execute(
        text(
            "INSERT INTO position_fix (crew_id, id, fixed_at, received_at, lon, lat, mock)"
            " VALUES ('c', 'f', '1999-01-01Z', now(), 115.9, 28.7, false)"
        )
    )
    assert connection.scalar(text("SELECT count(*) FROM position_fix")) == 1
