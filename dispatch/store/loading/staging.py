"""Rows into a temporary table by COPY, and from there into the real one in one statement."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import psycopg
import shapely
from psycopg import sql
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    and_,
    delete,
    exists,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.dml import ReturningInsert

import dispatch.store.tables  # noqa: F401 (fills the metadata)
from dispatch.store.loading.report import Change, Progress, silent
from dispatch.store.tables.base import SRID, metadata

TOLD_EVERY = 20_000


def driver(connection: Connection) -> psycopg.Connection[tuple[object, ...]]:
    """Give the psycopg connection under `connection`, for COPY."""
    inner = connection.connection.driver_connection
    assert isinstance(inner, psycopg.Connection)
    return inner


def hex_wkb(shape: BaseGeometry | None) -> str | None:
    """Write a WGS-84 geometry as COPY takes it; None stays None."""
    if shape is None:
        return None
    return str(shapely.to_wkb(shapely.set_srid(shape, SRID), hex=True, include_srid=True))


def stage(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    progress: Progress = silent,
) -> Table:
    """Copy `rows` into a temporary table shaped like `columns` of `table`.

    Geometries come as hexadecimal EWKB (`hex_wkb`). The table is called `staged_` and the real
    name, replaces an earlier one, and ends with the transaction.
    """
    name = f"staged_{table.name}"
    shape = sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
        sql.Identifier(name),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(table.name),
    )
    with driver(connection).cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(sql.Identifier(name)))
        cursor.execute(shape)
    copy_rows(connection, name, columns, rows, progress)
    return Table(name, MetaData(), *(Column(column) for column in columns))


def copy_rows(
    connection: Connection,
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    progress: Progress = silent,
) -> int:
    """COPY `rows` into the table `name` and refresh its statistics; how many there were."""
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    done = 0
    with driver(connection).cursor() as cursor:
        with cursor.copy(into) as copy:
            for done, row in enumerate(rows, start=1):
                copy.write_row(row)
                if done % TOLD_EVERY == 0:
                    progress(f"reading into {name}", done)
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))
    return done


def merge(
    connection: Connection,
    table: Table,
    staged: Table,
    *,
    key: str = "id",
    keep: Collection[str] = (),
) -> Change:
    """Insert what is new, update what differs; columns in `keep` are set on new rows only."""
    names = [column.name for column in staged.columns]
    given = postgresql.insert(table).from_select(names, select(*staged.columns))
    changing = [name for name in names if name != key and name not in keep]
    statement: ReturningInsert[Any] = given.on_conflict_do_update(
        index_elements=[key],
        set_={name: given.excluded[name] for name in changing},
        where=or_(*(table.c[name].is_distinct_from(given.excluded[name]) for name in changing)),
    ).returning(literal_column("(xmax = 0)"))
    written = list(connection.scalars(statement))
    total = connection.scalar(select(literal_column("count(*)")).select_from(staged)) or 0
    new = sum(map(bool, written))
    return Change(new=new, changed=len(written) - new, same=total - len(written))


def remove_absent(
    connection: Connection,
    table: Table,
    staged: Table,
    retire: Mapping[str, object] | None = None,
    only: ColumnElement[bool] | None = None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete the rows of `table` that the file no longer has; return ids removed and retired.

    A row that something refers to stays. It then gets the values of `retire`, and counts as retired
    if that changed it. `only` limits which rows may be absent.
    """
    absent = and_(~exists().where(staged.c.id == table.c.id), *([] if only is None else [only]))
    gone = delete(table).where(absent, nothing_refers_to(table)).returning(table.c.id)
    removed = tuple(sorted(connection.scalars(gone)))
    if retire is None:
        return removed, ()
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in retire.items()))
    marked = update(table).where(absent, differs).values(retire).returning(table.c.id)
    return removed, tuple(sorted(connection.scalars(marked)))


def nothing_refers_to(table: Table) -> ColumnElement[bool]:
    """Say that no row of another table would be orphaned by the deletion of a row of `table`."""
    holders = [
        key.parent
        for other in metadata.tables.values()
        for key in other.foreign_keys
        if key.column is table.c.id and key.ondelete is None
    ]
    return and_(true(), *(~exists().where(holder == table.c.id) for holder in holders))
