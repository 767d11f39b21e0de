"""`relight crew`: crews on record, out of service and back."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from api.commands.token import reached_engine, reached_store
from dispatch.domain.words import CrewId
from dispatch.store.reads.fleet import CrewOnRecord, crews_on_record
from dispatch.store.transaction import reading
from dispatch.usecases.retire_crew import ReinstateCrew, RetireCrew, reinstate_crew, retire_crew

crew = typer.Typer(help="List crews, take one out of service, and bring it back.")
out = Console(highlight=False)

BY = "the command line"
WhichCrew = Annotated[str, typer.Argument(help="its id, as `list` shows it")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(crew, name="crew", no_args_is_help=True)


@crew.command()
def retire(
    crew_id: WhichCrew,
    reason: Annotated[str, typer.Option(help="why, such as: the van is sold")],
) -> None:
    """Take a crew out of service: what it did stays; refused while it holds an order."""
    command = RetireCrew(crew_id=CrewId(crew_id), by=BY, reason=reason)
    with reached_store("relight crew retire") as store:
        retire_crew(store, command, now=datetime.now(UTC))
    out.print(f"{crew_id} is retired")


@crew.command()
def reinstate(
    crew_id: WhichCrew, reason: Annotated[str, typer.Option(help="why it comes back")] = ""
) -> None:
    """Put a retired crew back into service; its devices have to be bound anew."""
    command = ReinstateCrew(crew_id=CrewId(crew_id), by=BY, reason=reason)
    with reached_store("relight crew reinstate") as store:
        reinstate_crew(store, command, now=datetime.now(UTC))
    out.print(f"{crew_id} is back in service")


@crew.command("list")
def list_(
    *, retired: Annotated[bool, typer.Option("--retired", help="only those retired")] = False
) -> None:
    """List the crews in service, or those that are retired."""
    with reached_engine("relight crew list") as engine, reading(engine) as connection:
        found = crews_on_record(connection, None, retired=retired)
    for each in found:
        out.print(_line(each), soft_wrap=True, markup=False)


def _line(each: CrewOnRecord) -> str:
    skills = f", {' '.join(each.skills)}" if each.skills else ""
    who = f": {each.members}" if each.members else ""
    gone = "" if each.retired_at is None else f", retired {each.retired_at:%Y-%m-%d %H:%M %Z}"
    return f"{each.id} ({each.name}), {each.district_id}{skills}{gone}{who}"
