"""`relight load`: a utility's own data, from its files into the database."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dispatch.store.loading.how import DEFAULT_ZONE, How
from gis.crs import Datum

load = typer.Typer(
    help=(
        "Load your own data. Each input is taken whole or not at all; the same input again changes"
        " nothing. Ends with 0 when everything is taken, 3 when some rows are refused, 1 when a"
        " file is refused. See docs/loading.md."
    )
)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(load, name="load", no_args_is_help=True)


Files = Annotated[list[Path], typer.Argument(help="what to load", show_default=False)]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", help="COLUMN=FIELD: the file keeps our FIELD under COLUMN; repeatable"),
]
DatumOption = Annotated[Datum, typer.Option(help="the datum of positions in degrees")]
LayerOption = Annotated[str | None, typer.Option(help="layer of a file with several")]
CrsOption = Annotated[
    str | None, typer.Option(help="reference system of a file that names none, as EPSG:4490")
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="refuse the whole file when any row is refused")
]
RefusedOption = Annotated[
    Path | None, typer.Option("--refused", help="write every refused row into this CSV file")
]


@load.command()
def roads(
    files: Files,
    *,
    name: Annotated[str | None, typer.Option(help="name of the road graph")] = None,
) -> None:
    """Load roads: one OpenStreetMap file, or two CSV files, nodes and edges."""
    _run("roads", files, How(name=name), None)


@load.command()
def network(
    files: Files,
    *,
    crs: CrsOption = None,
    strict: StrictOption = False,
    refused: RefusedOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="take the place of a quite different network")
    ] = False,
) -> None:
    """Load the electrical network: all files of it at once; it replaces the one before."""
    _run("network", files, How(crs=crs, strict=strict, replace=replace), refused)


@load.command()
def customers(
    files: Files,
    *,
    maps: Maps = None,
    datum: DatumOption = Datum.WGS84,
    strict: StrictOption = False,
    refused: RefusedOption = None,
) -> None:
    """Load customers by account, from any vector or CSV file."""
    how = How(mapping=_mapping(maps), datum=datum, strict=strict)
    _run("customers", files, how, refused)


@load.command()
def areas(
    files: Files,
    *,
    maps: Maps = None,
    datum: DatumOption = Datum.WGS84,
    layer: LayerOption = None,
    crs: CrsOption = None,
    strict: StrictOption = False,
    refused: RefusedOption = None,
) -> None:
    """Load polygons of urban, rural and remote areas: a new version of the area map."""
    how = How(mapping=_mapping(maps), datum=datum, layer=layer, crs=crs, strict=strict)
    _run("areas", files, how, refused)


@load.command()
def districts(
    files: Files,
    *,
    maps: Maps = None,
    datum: DatumOption = Datum.WGS84,
    layer: LayerOption = None,
    crs: CrsOption = None,
    strict: StrictOption = False,
    refused: RefusedOption = None,
) -> None:
    """Load supply districts, polygons with an id and a name."""
    how = How(mapping=_mapping(maps), datum=datum, layer=layer, crs=crs, strict=strict)
    _run("districts", files, how, refused)


@load.command()
def crews(
    files: Files,
    *,
    maps: Maps = None,
    datum: DatumOption = Datum.WGS84,
    layer: LayerOption = None,
    crs: CrsOption = None,
    zone: Annotated[str, typer.Option(help="time zone of rows that name none")] = DEFAULT_ZONE,
    shifts: Annotated[
        bool, typer.Option("--shifts", help="the file holds shifts by date of known crews")
    ] = False,
    strict: StrictOption = False,
    refused: RefusedOption = None,
) -> None:
    """Load crews with their base and every-day shift, or with --shifts their shifts by date."""
    from dispatch.store.loading.crews import zone_name  # noqa: PLC0415 (see `_run`)

    try:
        zone = zone_name(zone)
    except ValueError as error:
        raise typer.BadParameter(f"--zone {error}") from None
    how = How(
        mapping=_mapping(maps),
        datum=datum,
        layer=layer,
        crs=crs,
        zone=zone,
        shifts=shifts,
        strict=strict,
    )
    _run("crews", files, how, refused)


@load.command()
def depots(
    files: Files,
    *,
    maps: Maps = None,
    datum: DatumOption = Datum.WGS84,
    layer: LayerOption = None,
    crs: CrsOption = None,
    strict: StrictOption = False,
    refused: RefusedOption = None,
) -> None:
    """Load depots, points with an id and what they stock, where crews fetch parts."""
    how = How(mapping=_mapping(maps), datum=datum, layer=layer, crs=crs, strict=strict)
    _run("depots", files, how, refused)


@load.command()
def places(
    files: Files,
    *,
    maps: Maps = None,
    datum: DatumOption = Datum.WGS84,
    layer: LayerOption = None,
    crs: CrsOption = None,
    name: Annotated[str | None, typer.Option(help="name of the source; the file's name")] = None,
    strict: StrictOption = False,
    refused: RefusedOption = None,
) -> None:
    """Load places to search by name: poles, landmarks, villages, addresses."""
    how = How(mapping=_mapping(maps), datum=datum, layer=layer, crs=crs, name=name, strict=strict)
    _run("places", files, how, refused)


def _mapping(maps: Sequence[str] | None) -> dict[str, str]:
    """Turn COLUMN=FIELD into field to column."""
    mapping: dict[str, str] = {}
    for each in maps or ():
        column, equals, field = each.rpartition("=")
        if not (column and equals and field):
            raise typer.BadParameter(f"--map {each!r}: expected COLUMN=FIELD, as KONTO=account")
        if field in mapping:
            raise typer.BadParameter(f"--map: {field} is mapped twice")
        mapping[field] = column
    return mapping


def _run(what: str, files: Sequence[Path], how: How, refused_file: Path | None) -> None:
    """Load the files; the readers take seconds to import, and only loading needs them."""
    from api.loading import load_files  # noqa: PLC0415

    worst = load_files(what, files, how, refused_file)
    if worst:
        raise typer.Exit(worst)
