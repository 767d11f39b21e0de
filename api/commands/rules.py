"""`relight rules`: the commitments as data; show them, check a draft, put one into force."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, Engine

from api.commands.token import reached_engine
from api.database import ensure_rules
from api.rule_files import as_json, as_toml, read_draft_file
from dispatch.domain.rule_faults import Difference, differences, faults_of_draft
from dispatch.domain.rule_form import Draft
from dispatch.errors import InvalidInput, written
from dispatch.sayings import say_reason
from dispatch.store.directory import PgDirectory
from dispatch.store.rules import PgRules
from dispatch.store.transaction import reading, transactions
from dispatch.usecases.adopt_rules import AdoptRules, WithdrawRules, adopt_rules, withdraw_rules

rules_app = typer.Typer(help="Show the commitments, check a draft, put one into force.")
out = Console(highlight=False)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML, or JSON by .json")]
Reason = Annotated[str, typer.Option(prompt=True, help="why, for the record")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(rules_app, name="rules", no_args_is_help=True)


@contextmanager
def _ruled_engine(program: str) -> Iterator[Engine]:
    """The database; one in which nobody has served yet has the published rules from here on."""
    with reached_engine(program) as engine:
        ensure_rules(engine, datetime.now(UTC))
        yield engine


@rules_app.command("list")
def list_() -> None:
    """List the versions: from when each holds, who put it into force and why."""
    now = datetime.now(UTC)
    with _ruled_engine("relight rules list") as engine, reading(engine) as connection:
        kept = PgRules(connection)
        in_force, versions = kept.at(now).version, kept.list_versions()
    table = Table("version", "valid from", "", "by", "why")
    for each in versions:
        state = "in force" if each.rules.version == in_force else ""
        state = "withdrawn" if each.withdrawn_at is not None else state
        number, since = str(each.rules.version), f"{each.rules.valid_from:%Y-%m-%d %H:%M %Z}"
        table.add_row(number, since, state, each.adopted_by, say_reason(each.note).en)
    out.print(table)


@rules_app.command()
def show(
    version: Annotated[int | None, typer.Option(help="this one; else the one in force")] = None,
    as_: Annotated[str, typer.Option("--as", help="toml or json")] = "toml",
) -> None:
    """Print a set in the form in which it can be edited, checked and adopted."""
    if as_ not in {"toml", "json"}:
        raise typer.BadParameter("--as takes toml or json")
    with _ruled_engine("relight rules show") as engine, reading(engine) as connection:
        kept = PgRules(connection)
        chosen = kept.get(version or kept.at(datetime.now(UTC)).version)
    heading = f"version {chosen.rules.version}, valid from {chosen.rules.valid_from.isoformat()}"
    print(as_json(chosen.rules) if as_ == "json" else as_toml(chosen.rules, heading), end="")  # noqa: T201


@rules_app.command()
def check(file: File) -> None:
    """Say all that is wrong with a draft, and what it would change; keeps nothing."""
    now = datetime.now(UTC)
    draft = read_draft_file(file, valid_from=now)
    with _ruled_engine("relight rules check") as engine, reading(engine) as connection:
        faulty = _print_faults(file, draft, connection)
        changes = differences(PgRules(connection).at(now), draft.rules)
    if draft.wrong:
        out.print("what it would change is told once all of it can be read")
    else:
        _print_changes(changes)
    if faulty:
        raise typer.Exit(1)


@rules_app.command()
def adopt(
    file: File,
    reason: Reason,
    from_: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%dT%H:%M:%S%z"], help="with its zone; now, if not"),
    ] = None,
) -> None:
    """Put a draft into force, from now or later; clocks keep the rules they began with."""
    now = datetime.now(UTC)
    if from_ is not None and from_.tzinfo is None:
        raise InvalidInput("from", from_.isoformat(), "a time with its zone")
    draft = read_draft_file(file, valid_from=now)
    command = AdoptRules(
        rules=draft.rules,
        by=getpass.getuser(),
        reason=reason,
        valid_from=from_,
    )
    with _ruled_engine("relight rules adopt") as engine:
        with reading(engine) as connection:
            if _print_faults(file, draft, connection):
                raise typer.Exit(1)
            changes = differences(PgRules(connection).at(now), command.rules)
        with transactions(engine)() as store:
            made = adopt_rules(store, command, now=now)
    _print_changes(changes)
    since = made.rules.valid_from.isoformat()
    out.print(f"version {made.rules.version} holds from {since}", soft_wrap=True)


@rules_app.command()
def withdraw(version: int, reason: Reason) -> None:
    """Take back a version that does not hold yet."""
    command = WithdrawRules(version=version, by=getpass.getuser(), reason=reason)
    with _ruled_engine("relight rules withdraw") as engine, transactions(engine)() as store:
        withdraw_rules(store, command, now=datetime.now(UTC))
    out.print(f"version {version} will not come into force")


def _print_faults(file: Path, draft: Draft, connection: Connection) -> bool:
    """Say each fault in a line: file, field, value and what was expected; whether there are any."""
    faults = faults_of_draft(draft, districts=PgDirectory(connection).list_districts())
    for fault in faults:
        said = f"{file.name}: {fault.where} is {fault.what}"
        out.print(said, soft_wrap=True, style="red", markup=False)
    return bool(faults)


def _print_changes(changes: tuple[Difference, ...]) -> None:
    if not changes:
        out.print("it changes nothing against the rules in force")
        return
    for each in changes:
        said = f"{each.where}: {written(each.before)} -> {written(each.after)}"
        out.print(said, soft_wrap=True, markup=False)
