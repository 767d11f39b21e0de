"""`relight load`: a utility's own data, from its files into the database."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine, NullPool, create_engine

from api.database import reached_database
from api.settings import DatabaseSettings
from dispatch.store import migrate
from dispatch.store.loading.crews import zone_name
from dispatch.store.loading.files import DEFAULT_ZONE, KINDS, How
from dispatch.store.loading.files import load as load_input
from dispatch.store.loading.report import (
    Change,
    LoadRefused,
    LoadReport,
    Refused,
    RowsRefused,
)
from gis.crs import Datum
from gis.errors import GisError

REFUSED_FILE, SOME_REFUSED = 1, 3
"""How the command ends: nothing of a file was stored; or it was, but not every row of it."""

SHOWN_ROWS = 20
SHOWN_IDS = 10

load = typer.Typer(
    help=(
        "Load your own data. Each input is taken whole or not at all; the same input again changes"
        " nothing. Ends with 0 when everything is taken, 3 when some rows are refused, 1 when a"
        " file is refused. See docs/loading.md."
    )
)
out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)


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
    strict: StrictOption = False,
    refused: RefusedOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="take the place of a quite different network")
    ] = False,
) -> None:
    """Load the electrical network: all files of it at once; it replaces the one before."""
    _run("network", files, How(strict=strict, replace=replace), refused)


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
    """Load the files, one input after the other, and end with the worst of their outcomes."""
    inputs = [list(files)] if KINDS[what].together else [[file] for file in files]
    refused: list[tuple[str, Refused]] = []
    with reached_database(DatabaseSettings(), f"relight load {what}") as url:
        engine = create_engine(url, poolclass=NullPool)
        migrate.upgrade(engine)
        ends = [_load_one(engine, what, paths, how, refused) for paths in inputs]
    if refused_file is not None:
        _write_refused(refused_file, refused)
    worst = max(ends, key=(0, SOME_REFUSED, REFUSED_FILE).index)
    if worst:
        raise typer.Exit(worst)


def _load_one(
    engine: Engine,
    what: str,
    paths: Sequence[Path],
    how: How,
    refused: list[tuple[str, Refused]],
) -> int:
    """Load one input in one transaction, print what became of it; how the command ends for it."""
    source = ", ".join(path.name for path in paths)
    try:
        with _watched(source) as progress, engine.begin() as connection:
            report = load_input(
                connection, what, paths, how, now=datetime.now(UTC), progress=progress
            )
    except RowsRefused as whole:
        _show_refused(whole.report.refused)
        refused += [(source, row) for row in whole.report.refused]
        err.print(f"[red]refused[/red] {escape(str(whole))}; nothing of it is stored")
        return REFUSED_FILE
    except (GisError, LoadRefused) as whole:
        err.print(f"[red]refused[/red] {escape(str(whole))}; nothing of it is stored")
        return REFUSED_FILE
    _show(report)
    refused += [(source, row) for row in report.refused]
    return SOME_REFUSED if report.refused else 0


@contextmanager
def _watched(source: str) -> Iterator[Callable[..., None]]:
    """Show the steps of a load as they come, on a terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as shown:
        task = shown.add_task(escape(source), total=None)

        def tell(step: str, done: int = 0) -> None:
            rows = f", {done:,} rows" if done else ""
            shown.update(task, description=escape(f"{source}: {step}{rows}"))

        yield tell


def _show(report: LoadReport) -> None:
    if report.already is not None:
        out.print(f"{escape(report.source)}: {report.already}")
        return
    out.print(f"[bold]{escape(report.source)}[/bold]")
    for kind, change in report.changes.items():
        out.print(f"  {kind}: {escape(_told(change))}")
        for word, ids in (("removed", change.removed), ("retired", change.retired)):
            if ids:
                out.print(f"    {word}: {escape(_some(ids))}")
    for note in report.notes:
        out.print(f"  [cyan]note[/cyan] {escape(note)}")
    for problem in report.problems:
        named = "" if len(problem.ids) == 1 else f": {_some(problem.ids)}"
        out.print(f"  [yellow]problem[/yellow] {problem.kind}: {escape(problem.message + named)}")
    _show_refused(report.refused)


def _told(change: Change) -> str:
    parts = [f"{change.taken:,} taken"]
    for word, count in (
        ("new", change.new),
        ("changed", change.changed),
        ("as before", change.same),
        ("removed", len(change.removed)),
        ("retired", len(change.retired)),
    ):
        if count:
            parts.append(f"{count:,} {word}")
    return ", ".join(parts)


def _some(ids: Sequence[str]) -> str:
    more = f", and {len(ids) - SHOWN_IDS:,} more" if len(ids) > SHOWN_IDS else ""
    return ", ".join(ids[:SHOWN_IDS]) + more


def _show_refused(refused: Sequence[Refused]) -> None:
    if not refused:
        return
    out.print(f"  [red]refused[/red] {len(refused):,} rows")
    for each in refused[:SHOWN_ROWS]:
        where = each.layer if each.row is None else f"{each.layer} row {each.row}"
        named = f" ({each.id})" if each.id else ""
        out.print(f"    {escape(f'{where}{named}: {each.reason}')}")
    if len(refused) > SHOWN_ROWS:
        out.print(f"    and {len(refused) - SHOWN_ROWS:,} more; --refused FILE.csv keeps them all")


def _write_refused(path: Path, refused: Sequence[tuple[str, Refused]]) -> None:
    """Write the refused rows as CSV that spreadsheets open as UTF-8."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "layer", "row", "id", "reason"])
        for source, each in refused:
            table.writerow([source, each.layer, each.row, each.id, each.reason])
    err.print(f"{len(refused):,} refused rows are in {escape(str(path))}")
