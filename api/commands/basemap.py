"""`relight basemap`: what lies under the network on the map, made once, served from one file."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("basemap")(basemap)


def basemap(
    extracts: Annotated[
        list[Path] | None,
        typer.Argument(help="OpenStreetMap files to take water, woods, houses and rails from"),
    ] = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="write it here instead of into the data folder")
    ] = None,
) -> None:
    """Make the base map of the loaded roads, in the place of the one before. See docs/maps.md."""
    from sqlalchemy import NullPool, create_engine  # noqa: PLC0415 (readers take a second)

    from api.basemap import FILE, BasemapFailed, make_basemap  # noqa: PLC0415
    from api.database import reached_database  # noqa: PLC0415
    from api.settings import BasemapSettings, DatabaseSettings  # noqa: PLC0415
    from gis.errors import GisError  # noqa: PLC0415

    target = out or BasemapSettings().home / FILE
    with reached_database(DatabaseSettings(), "relight basemap") as url:
        engine = create_engine(url, poolclass=NullPool)
        try:
            with engine.connect() as connection:
                count = make_basemap(connection, extracts or (), target)
        except (BasemapFailed, GisError) as failed:
            typer.echo(f"relight: {failed}", err=True)
            raise typer.Exit(1) from None
    megabytes = target.stat().st_size / 1e6
    typer.echo(f"{target}: {count:,} things, {megabytes:.1f} MB")
