"""Bring a database to the tables this version of the program works with.

Alembic's steps lie in `migrations/versions`; there is no way down but a backup. The job queue's
tables belong to procrastinate, whose own steps are applied after ours and kept in a list.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations.ops import UpgradeOps
from alembic.script import ScriptDirectory
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection, Engine, text
from sqlalchemy.sql.schema import SchemaItem

import dispatch.store.tables  # noqa: F401 (fills the metadata)
from dispatch.store.tables.base import metadata

FOLDER = Path(__file__).with_name("migrations")
LOCK_KEY = 0x52454C49  # "RELI", known to everybody who upgrades
QUEUE = "procrastinate"
QUEUE_STEPS = f"{QUEUE}_applied"

_HEADER = '''"""{message}."""
# ruff: noqa: E501, PLR0915 (drafted by `relight db draft`)


import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "{revision}"
down_revision = "{previous}"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    {body}
'''


def upgrade(engine: Engine, to: str = "head") -> None:
    """Apply every step that is missing; any number of processes may call this at once."""
    with engine.connect() as connection, _alone(connection):
        command.upgrade(_config(connection), to)
        connection.commit()
        with connection.begin():
            _upgrade_queue(connection)


def current(connection: Connection) -> str | None:
    """Read which step this database stands at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """Read which step this version of the program needs."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert head is not None, "the package holds migrations"
    return head


def missing_queue_steps(connection: Connection) -> list[str]:
    """List the job queue's steps that this database has not seen."""
    if not connection.scalar(text("SELECT to_regclass(:t)"), {"t": QUEUE_STEPS}):
        return _queue_steps()
    seen = set(connection.scalars(text(f"SELECT name FROM {QUEUE_STEPS}")))  # noqa: S608
    return [step for step in _queue_steps() if step not in seen]


def draft(connection: Connection, message: str, revision: str, previous: str) -> str:
    """Write the text of the step that leads from this database to the tables in the code.

    Checks, triggers and data are not compared: read the draft, and add them by hand.
    """
    context = MigrationContext.configure(connection, opts=describe())
    operations = produce_migrations(context, metadata).upgrade_ops
    assert isinstance(operations, UpgradeOps)
    body = render_python_code(operations, render_item=alembic_helpers.render_item)
    body = body.replace("astext_type=Text()", "astext_type=sa.Text()")  # as Alembic's own template
    return _HEADER.format(message=message, revision=revision, previous=previous, body=body)


def describe() -> dict[str, Any]:
    """Give the options of Alembic's context: our tables, PostGIS known, others' left alone."""
    return {
        "target_metadata": metadata,
        "include_object": _is_ours,
        "process_revision_directives": alembic_helpers.writer,
        "render_item": alembic_helpers.render_item,
        "user_module_prefix": None,
    }


def _is_ours(
    item: SchemaItem,
    name: str | None,
    kind: str,
    reflected: bool,  # noqa: FBT001 (Alembic's signature)
    other: SchemaItem | None,
) -> bool:
    others = reflected and other is None and kind == "table"
    if others and name is not None and name.startswith((QUEUE, "position_fix_")):
        return False
    return bool(
        alembic_helpers.include_object(  # type: ignore[no-untyped-call]
            item, name, kind, reflected, other
        )
    )


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("version_path_separator", "newline")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Hold the upgraders' lock; who waits holds no snapshot, so concurrent indexes can be built."""
    key = {"key": LOCK_KEY}
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
        connection.commit()
        time.sleep(0.1)
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
        connection.commit()


def _queue_steps() -> list[str]:
    folder = resources.files("procrastinate.sql") / "migrations"
    return sorted(f.name for f in folder.iterdir() if f.name.endswith(".sql"))


def _upgrade_queue(connection: Connection) -> None:
    missing = missing_queue_steps(connection)
    if not missing:
        return
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    files = resources.files("procrastinate.sql")
    if missing == _queue_steps():
        connection.execute(text(f"CREATE TABLE {QUEUE_STEPS} (name text PRIMARY KEY)"))
        scripts = [files / "schema.sql"]  # a new database: the state after all steps at once
    else:
        scripts = [files / "migrations" / step for step in missing]
    for script in scripts:
        # The raw cursor: these files hold many statements and plain per cent signs.
        connection.connection.cursor().execute(script.read_text("utf-8"))
    connection.execute(
        text(f"INSERT INTO {QUEUE_STEPS} SELECT unnest(CAST(:names AS text[]))"),
        {"names": missing},
    )
