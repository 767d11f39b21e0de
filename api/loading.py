"""Loading files at a terminal: what is shown on the way, and what became of it."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine, NullPool, create_engine

from api.database import reached_database
from api.settings import DatabaseSettings
from dispatch.store import migrate
from dispatch.store.loading.files import KINDS
from dispatch.store.loading.files import load as load_input
from dispatch.store.loading.how import How
from dispatch.store.loading.report import (
    Change,
    LoadRefused,
    LoadReport,
    Refused,
    RowsRefused,
)
from gis.counting import counted
from gis.errors import GisError

REFUSED_FILE, SOME_REFUSED = 1, 3
"""How the command ends: nothing of a file was stored; or it was, but not every row of it."""

SHOWN_ROWS = 20
SHOWN_IDS = 10

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)


def load_files(what: str, files: Sequence[Path], how: How, refused_file: Path | None) -> int:
    """Load the files, one input after the other; the worst of their outcomes.

    What is refused is written to `refused_file` where there is one.
    """
    inputs = [list(files)] if KINDS[what].together else [[file] for file in files]
    refused: list[tuple[str, Refused]] = []
    with reached_database(DatabaseSettings(), f"relight load {what}") as url:
        engine = create_engine(url, poolclass=NullPool)
        migrate.upgrade(engine)
        ends = [_load_one(engine, what, paths, how, refused) for paths in inputs]
    if refused_file is not None:
        _write_refused(refused_file, refused)
    return max(ends, key=(0, SOME_REFUSED, REFUSED_FILE).index)


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
            rows = f", {counted(done, 'row')}" if done else ""
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
    out.print(f"  [red]refused[/red] {counted(len(refused), 'row')}")
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
    err.print(
        f"{counted(len(refused), 'refused row is', 'refused rows are')} in {escape(str(path))}"
    )
