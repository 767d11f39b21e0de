"""`relight db`: the database's own affairs."""

import re
import signal
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import Engine, NullPool, create_engine

from api.database import kept_database, reached_database
from api.settings import DatabaseSettings
from dispatch.store import backup, cluster, migrate
from dispatch.store.check import Finding, check_paper
from dispatch.store.check import check as check_database

db = typer.Typer(help="Create, upgrade, back up, restore and check the database.")
out = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(db, name="db", no_args_is_help=True)


def _engine(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool)


@db.command()
def start() -> None:
    """Keep the private cluster running for `relight web` and `relight worker`, until stopped."""
    settings = DatabaseSettings()
    if settings.database_url is not None:
        raise typer.BadParameter("RELIGHT_DATABASE_URL is set: that server is not ours to start")
    with kept_database(settings, "relight db start") as url:
        migrate.upgrade(_engine(url))
        out.print(f"the database runs in {settings.home}; Ctrl-C stops it", soft_wrap=True)
        with suppress(KeyboardInterrupt):
            signal.pause()


@db.command("init")
@db.command()
def upgrade() -> None:
    """Bring the tables to this version; safe to call from many processes at once."""
    with reached_database(DatabaseSettings(), "relight db upgrade") as url:
        migrate.upgrade(_engine(url))
    out.print(f"the database is at step {migrate.newest()}")


@db.command("backup")
def back_up(file: Annotated[Path, typer.Argument(help="a new file; its .sha256 joins it")]) -> None:
    """Write the whole database to FILE while the programs work on."""
    with reached_database(DatabaseSettings(), "relight db backup") as url:
        digest = backup.back_up(_engine(url), file)
    out.print(f"{file}: {file.stat().st_size:,} bytes, SHA-256 {digest}", soft_wrap=True)


@db.command()
def restore(
    file: Path,
    yes: Annotated[bool, typer.Option("--yes", help="replace what is there")] = False,
) -> None:
    """Make the database what FILE holds, or leave it as it is; stop web and workers first."""
    with reached_database(DatabaseSettings(), "relight db restore") as url:
        backup.restore(_engine(url), file, replace=yes)
        migrate.upgrade(_engine(url))
    out.print(f"restored {file}; the database is at step {migrate.newest()}", soft_wrap=True)


@db.command()
def check(
    paper: Annotated[
        list[str] | None,
        typer.Option(help="what a printed dossier says, such as outage:7/12=171f10815bc532ee"),
    ] = None,
) -> None:
    """Ask whether the database is sound; ends with 1 when it is not."""
    with (
        reached_database(DatabaseSettings(), "relight db check") as url,
        _engine(url).connect() as connection,
    ):
        findings = check_database(connection)
        findings += [check_paper(connection, written) for written in paper or ()]
    for finding in findings:
        out.print(f"{_mark(finding)}  {finding.about}: {finding.detail}", soft_wrap=True)
    if any(finding.sound is False for finding in findings):
        raise typer.Exit(1)


def _mark(finding: Finding) -> str:
    return {True: "sound   ", False: "NOT SOUND", None: "not asked"}[finding.sound]


@db.command(hidden=True)
def draft(
    revision: Annotated[str, typer.Argument(help="the step's number, such as 0004")],
    what: Annotated[str, typer.Argument(help="what it does, in a few words")],
    after: Annotated[str, typer.Option(help="the step before it; unset: the newest")] = "",
) -> None:
    """For developers: write the step that leads to the tables in the code."""
    before = after or migrate.newest()
    with TemporaryDirectory(prefix="relight-draft-") as folder:
        Path(folder).chmod(0o755)  # the server's system user has to enter
        with cluster.cluster(Path(folder)) as url:
            engine = _engine(url)
            migrate.upgrade(engine, before)
            with engine.connect() as connection:
                content = migrate.draft(connection, what, revision, before)
    name = re.sub(r"\W+", "_", what.lower()).strip("_")
    file = migrate.FOLDER / "versions" / f"m{revision}_{name}.py"
    file.write_text(content, "utf-8")
    out.print(f"{file}: read it before anybody runs it", soft_wrap=True)


@db.command()
def status() -> None:
    """Say where the data are and who keeps them; changes nothing."""
    settings = DatabaseSettings()
    if settings.database_url is not None:
        with _engine(settings.database_url).connect() as connection:
            at = migrate.current(connection)
        out.print(f"the server of RELIGHT_DATABASE_URL answers; step {at or 'none'}")
        return
    found = cluster.status(settings.home)
    keeper = f"kept by {found.owner.program} (pid {found.owner.pid})" if found.owner else "unkept"
    state = "running" if found.running else "stopped" if found.initialised else "not made yet"
    out.print(f"{found.home}: {state}, {keeper}", soft_wrap=True)
    if found.running:
        out.print(found.url, soft_wrap=True)
