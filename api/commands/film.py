"""`relight film`: a stretch of time as one file that plays anywhere, without a network."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from api.commands.token import reached_engine
from api.filming import Take, film_page
from api.settings import FieldSettings
from dispatch.errors import InvalidInput
from dispatch.store.directory import PgDirectory
from dispatch.store.transaction import reading
from maps.languages import Language
from maps.pages import Pages

FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(film)


def film(
    since: Annotated[
        datetime, typer.Option("--from", formats=FORMATS, help="in the company's time zone")
    ],
    until: Annotated[datetime, typer.Option("--until", formats=FORMATS)],
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="the file, .html")],
    district: Annotated[
        list[str] | None, typer.Option(help="only this one; again for more")
    ] = None,
    crews: Annotated[bool, typer.Option(help="show crews on shift")] = True,
    language: Annotated[Language, typer.Option(help="of the words")] = Language.ZH,
) -> None:
    """Film what happened: outages by state, customers out, crews on shift; seven days at most."""
    zone = ZoneInfo(FieldSettings().zone)
    take = Take(
        districts=frozenset(district) if district else None,
        since=since.replace(tzinfo=zone),
        until=until.replace(tzinfo=zone),
        crews=crews,
    )
    with reached_engine("relight film") as engine, reading(engine) as connection:
        known = set(PgDirectory(connection).list_districts())
        for each in district or ():
            if each not in known:
                raise InvalidInput("--district", each, f"one of {', '.join(sorted(known))}")
        made = film_page(connection, Pages(), language, zone, take, now=datetime.now(UTC))
    out.write_text(made, "utf-8")
    Console(highlight=False).print(f"{out}: {out.stat().st_size:,} bytes", soft_wrap=True)
