"""`relight user`: people who log in."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from api.callers import Role
from api.commands.token import CrewOption, Districts, checked, reached_engine
from api.passwords import hashed
from dispatch.errors import InvalidInput
from dispatch.store import access

user = typer.Typer(help="Add people who log in, change their passwords, let nobody in any more.")
out = Console(highlight=False)

LOGIN_LENGTH = 100


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(user, name="user", no_args_is_help=True)


def _password() -> str:
    """Ask twice at a terminal; read one line where there is none."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


@user.command()
def add(
    login: str,
    role: Role,
    name: Annotated[str, typer.Option(help="as colleagues know them")] = "",
    district: Districts = None,
    crew: CrewOption = None,
) -> None:
    """Add somebody; the password is asked for, or read from standard input."""
    if not login.isprintable() or not login.strip() or len(login) > LOGIN_LENGTH:
        raise InvalidInput("login", login, f"1 to {LOGIN_LENGTH} printable characters")
    with reached_engine("relight user add") as engine:
        districts = checked(engine, role, district, crew)
        someone = access.User(
            login=login,
            name=name or login,
            password_hash=hashed(_password()),
            role=role.value,
            districts=frozenset(districts),
            crew_id=crew,
        )
        with engine.begin() as connection:
            access.add_user(connection, someone)
    out.print(f"added {login} as {role}")


@user.command()
def passwd(login: str) -> None:
    """Change a password; the sessions open under it end."""
    with reached_engine("relight user passwd") as engine, engine.begin() as connection:
        access.set_password(connection, login, hashed(_password()), datetime.now(UTC))
    out.print(f"changed the password of {login}")


@user.command()
def disable(login: str) -> None:
    """Let nobody in under this login any more."""
    with reached_engine("relight user disable") as engine, engine.begin() as connection:
        access.disable_user(connection, login, datetime.now(UTC))
    out.print(f"disabled {login}")


@user.command("list")
def list_() -> None:
    """List who can log in."""
    with reached_engine("relight user list") as engine, engine.connect() as connection:
        found = access.list_users(connection)
    for each in found:
        where = ",".join(sorted(each.districts)) or "every district"
        crew = f" crew {each.crew_id}" if each.crew_id else ""
        gone = " disabled" if each.disabled_at else ""
        out.print(f"{each.login} ({each.name}): {each.role}, {where}{crew}{gone}", soft_wrap=True)
