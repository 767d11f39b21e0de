"""`relight token`: secrets for programs and devices."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import Engine, NullPool, create_engine

from api.callers import Role, issue
from api.database import reached_database
from api.settings import DatabaseSettings
from dispatch.domain.words import CrewId
from dispatch.errors import InvalidInput, NotFound
from dispatch.ports import Store
from dispatch.store import access, migrate
from dispatch.store.crews import PgCrews
from dispatch.store.directory import PgDirectory
from dispatch.store.transaction import transactions

token = typer.Typer(help="Make, list and revoke bearer tokens.")
out = Console(highlight=False)

Districts = Annotated[
    list[str] | None, typer.Option("--district", help="repeat for several; none means all")
]
CrewOption = Annotated[str | None, typer.Option("--crew", help="for the role crew: which one")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(token, name="token", no_args_is_help=True)


@contextmanager
def reached_engine(program: str) -> Iterator[Engine]:
    """The database with the tables of this version, for a command that ends."""
    with reached_database(DatabaseSettings(), program) as url:
        engine = create_engine(url, poolclass=NullPool)
        migrate.upgrade(engine)
        yield engine
        engine.dispose()


@contextmanager
def reached_store(program: str) -> Iterator[Store]:
    """One transaction on it, kept where nothing is raised."""
    with reached_engine(program) as engine, transactions(engine)() as store:
        yield store


def checked(engine: Engine, role: Role, districts: list[str] | None, crew: str | None) -> list[str]:
    """The districts to grant; `InvalidInput` for one that is not there, or a crew that is wrong."""
    if role is Role.CREW and crew is None:
        raise InvalidInput("--crew", "", "the id of the crew, since the role is crew")
    if role is not Role.CREW and crew is not None:
        raise InvalidInput("--crew", crew, f"none, since the role is {role}")
    with engine.connect() as connection:
        known = set(PgDirectory(connection).list_districts())
        for district in districts or ():
            if district not in known:
                raise InvalidInput("--district", district, f"one of {', '.join(sorted(known))}")
        if crew is not None:
            PgCrews(connection).get(CrewId(crew))
    return districts or []


@token.command()
def create(
    role: Role,
    label: Annotated[str, typer.Option(help="what it is for; revoking goes by it")],
    district: Districts = None,
    crew: CrewOption = None,
    days: Annotated[int | None, typer.Option(min=1, help="how long; for ever if absent")] = None,
) -> None:
    """Make a token and print it, this once: the database keeps only its digest."""
    with reached_engine("relight token create") as engine:
        districts = checked(engine, role, district, crew)
        secret = issue(
            engine,
            label=label,
            role=role,
            districts=districts,
            crew_id=crew,
            now=datetime.now(UTC),
            lasts=None if days is None else timedelta(days=days),
        )
    typer.echo(secret)


@token.command("list")
def list_() -> None:
    """List tokens by label, without their secrets."""
    with reached_engine("relight token list") as engine, engine.connect() as connection:
        found = access.list_tokens(connection)
    for each in found:
        ended = f" revoked {each.revoked_at:%Y-%m-%d %H:%M}" if each.revoked_at else ""
        until = f" until {each.expires_at:%Y-%m-%d}" if each.expires_at else ""
        where = ",".join(sorted(each.districts)) or "every district"
        crew = f" crew {each.crew_id}" if each.crew_id else ""
        out.print(f"{each.label}: {each.role}, {where}{crew}{until}{ended}", soft_wrap=True)


@token.command()
def revoke(label: str) -> None:
    """Revoke every token of that label; processes notice within seconds."""
    with reached_engine("relight token revoke") as engine, engine.begin() as connection:
        count = access.revoke_token(connection, label, datetime.now(UTC))
    if not count:
        raise NotFound("live token", label=label)
    out.print(f"revoked {count}")
